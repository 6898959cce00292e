//! What a comment leads to. Behaviour: Prow pkg/plugins/trigger/generic-comment.go.
//!
//! Decided otherwise than there: what stands in a code block is never a command (Prow strips the blocks only to see
//! whether a comment concerns it), and `/ok-to-test cancel` beside `/ok-to-test` wins, where Prow goes by labels that it
//! has just changed. Kept: commands run jobs on drafts, and a help reply stops every other command of the comment.
//!
//! Beyond Prow, `/ok-to-test SHA` says which head was reviewed, and means nothing for another.

use kit::job_config::Presubmit;
use kit::prow::commands::{Command, Commands, names_commit, reviewed_commits, strip_code_blocks};
use kit::prow::filter::Filters;
use kit::prow::settings::TriggerSettings;
use kit::{CommentAction, CommentEvent, IssueState, PullRequest, Repository, has_label, reply};

use crate::known::{Known, Question};
use crate::plan::{Effect, NEEDS_OK_TO_TEST, OK_TO_TEST, Plan};
use crate::trust::{self, Label, Rules};
use crate::{help_comment, select};

/// A comment.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// What was said.
    pub comment: &'a CommentEvent,
    /// Where.
    pub repo: &'a Repository,
    /// For this repository.
    pub settings: &'a TriggerSettings,
}

/// Decides; an error is the question that the decision still hangs on.
pub fn decide<'a>(said: &Said<'a>, known: &'a Known) -> Result<Plan<'a>, Question> {
    let comment = said.comment;
    if comment.action != CommentAction::Created || !comment.is_pr || comment.issue_state != IssueState::Open {
        return Ok(Plan::nothing("not a new comment on an open pull request"));
    }
    let text = strip_code_blocks(&comment.body);
    let commands = Commands::of(&text);
    if !commands.any() && !starts_a_job(&text, known)? {
        return Ok(Plan::nothing("no command about tests"));
    }
    // Only now: most comments have no command, and what the bot is called may have to be asked of GitHub.
    if comment.author.login == known.bot_login()? {
        return Ok(Plan::nothing("our own comment"));
    }
    // Read once, before trust is decided: jobs run on the head that the decision was about, and not on what is pushed
    // a moment later.
    let pr = known.pull_request()?;
    let turn = Turn { said: *said, commands, pr, known };
    turn.decide(&text)
}

/// Whether a job has a trigger of its own that matches.
///
/// Prow merges base and head for every comment to see that. Here jobs that the repository defines itself are only asked
/// where a line begins as commands do.
fn starts_a_job(text: &str, known: &Known) -> Result<bool, Question> {
    if known.central_presubmits(text)?.iter().any(|job| job.triggered) {
        return Ok(true);
    }
    if !text.lines().any(|line| line.starts_with('/')) || !known.in_repo_enabled()? {
        return Ok(false);
    }
    Ok(known.presubmits(Some(text), known.pull_request()?)?.iter().any(|job| job.triggered))
}

/// One run of the decision, with what all its steps need.
struct Turn<'a> {
    said: Said<'a>,
    commands: Commands,
    pr: &'a PullRequest,
    known: &'a Known,
}

impl<'a> Turn<'a> {
    fn decide(&self, text: &str) -> Result<Plan<'a>, Question> {
        let personally = trust::user(self.commenter(), self.rules(), self.known)?;
        if personally.is_err() {
            let label = trust::label(self.pr, self.rules(), self.known)?;
            if label != Label::Counts && !self.trusts_author()? {
                return Ok(self.refuse(label));
            }
        }
        if self.honours(Command::OkToTestCancel) {
            return Ok(if personally.is_ok() { self.revoke() } else { self.refuse_to_revoke() });
        }
        let is_other = |commit: &&str| !names_commit(commit, &self.pr.head.sha);
        if self.honours(Command::OkToTestCommit)
            && let Some(other) = reviewed_commits(text).find(is_other)
        {
            return Ok(self.refuse_commit(other));
        }
        let mut plan = Plan::default();
        let vouches = self.honours(Command::OkToTest) || self.honours(Command::OkToTestCommit);
        if vouches && self.said.settings.ok_to_test_expires_on_push && personally.is_ok() && !self.trusts_author()? {
            plan.add(Effect::Vouch(&self.pr.head.sha));
        }
        self.label(vouches, &mut plan);
        let workflows = self.said.settings.trigger_github_workflows;
        if workflows && vouches {
            plan.add(Effect::ApproveWorkflows(self.pr));
        }

        let presubmits = self.known.presubmits(Some(text), self.pr)?;
        let filters = Filters::of_comment(self.commands, !self.said.settings.ignore_ok_to_test);
        let jobs = select::jobs(presubmits, filters, &self.pr.head.sha, self.known)?;
        if let Some(case) = help_comment::case(self.commands, jobs.is_empty()) {
            plan.add(Effect::Comment(self.help(case, presubmits)?));
            plan.say("answers with what can be run");
            return Ok(plan);
        }
        if workflows && (self.commands.has(Command::Retest) || self.commands.has(Command::TestAll)) {
            plan.add(Effect::RerunWorkflows(self.pr));
        }
        if self.commands.has(Command::PruneHelp) {
            plan.add(Effect::PruneHelp);
        }
        let retest = self.commands.has(Command::Retest) || self.commands.has(Command::RetestRequired);
        select::start(&mut plan, jobs, self.pr, retest, self.known)?;
        Ok(plan)
    }

    fn rules(&self) -> Rules<'a> {
        Rules { org: &self.said.repo.ref_.org, settings: self.said.settings }
    }

    fn commenter(&self) -> &'a str {
        &self.said.comment.author.login
    }

    fn honours(&self, command: Command) -> bool {
        !self.said.settings.ignore_ok_to_test && self.commands.has(command)
    }

    fn has(&self, label: &str) -> bool {
        has_label(&self.pr.labels, label)
    }

    fn trusts_author(&self) -> Result<bool, Question> {
        Ok(trust::user(&self.pr.author.login, self.rules(), self.known)?.is_ok())
    }

    fn answer(&self, message: &str, said: &str) -> Plan<'a> {
        let comment = self.said.comment;
        Plan::comment(reply::reply(self.commenter(), message, &comment.body, &comment.html_url), said)
    }

    fn refuse(&self, label: Label<'_>) -> Plan<'a> {
        let message = match label {
            _ if self.said.settings.ignore_ok_to_test => {
                "tests of this pull request can only be started by a trusted person, and `/ok-to-test` is not in use here."
                    .to_owned()
            }
            Label::For(head) => format!(
                "tests cannot start: this pull request is ok to test at {head}, and {} was pushed after that. A trusted \
                 person has to review it and comment `/ok-to-test` again.",
                self.pr.head.sha
            ),
            Label::Missing | Label::Counts => {
                "tests cannot start before a trusted person has reviewed this pull request and commented `/ok-to-test`."
                    .to_owned()
            }
        };
        self.answer(&message, &format!("refused: neither {} nor the pull request is trusted", self.commenter()))
    }

    /// What was reviewed is not what would run.
    fn refuse_commit(&self, other: &str) -> Plan<'a> {
        let head = &self.pr.head.sha;
        let message = format!(
            "{other} is not the head of this pull request, which is {head}. Nothing was started: review what was pushed, \
             then comment `/ok-to-test {head}`."
        );
        self.answer(&message, &format!("refused: {other} is not the head"))
    }

    fn refuse_to_revoke(&self) -> Plan<'a> {
        let message = "only a trusted person can take `/ok-to-test` back.";
        self.answer(message, &format!("refused: {} is not trusted", self.commenter()))
    }

    /// Starts nothing, and lets go on what runs.
    fn revoke(&self) -> Plan<'a> {
        let mut plan = Plan::nothing("no longer ok to test");
        if self.has(OK_TO_TEST) {
            plan.add(Effect::RemoveLabel(OK_TO_TEST));
        }
        if !self.has(NEEDS_OK_TO_TEST) {
            plan.add(Effect::AddLabel(NEEDS_OK_TO_TEST));
        }
        plan
    }

    fn label(&self, asked: bool, plan: &mut Plan<'a>) {
        if asked && !self.has(OK_TO_TEST) {
            plan.add(Effect::AddLabel(OK_TO_TEST));
        }
        if (asked || self.has(OK_TO_TEST)) && self.has(NEEDS_OK_TO_TEST) {
            plan.add(Effect::RemoveLabel(NEEDS_OK_TO_TEST));
        }
    }

    fn help(&self, case: help_comment::Case, presubmits: &[Presubmit]) -> Result<String, Question> {
        let by_test_all = select::jobs(presubmits, Filters::test_all(), &self.pr.head.sha, self.known)?;
        let repo = &self.said.repo.ref_;
        let place = format!("{}/{}@{}", repo.org, repo.name, self.pr.base.name);
        let message = help_comment::text(case, presubmits, &by_test_all, &place);
        let comment = self.said.comment;
        Ok(reply::reply(self.commenter(), &message, &comment.body, &comment.html_url))
    }
}
