//! What an event of a pull request leads to. Behaviour: Prow pkg/plugins/trigger/pull-request.go.

use kit::job_config::Presubmit;
use kit::prow::filter::Filters;
use kit::prow::settings::TriggerSettings;
use kit::prow::trust::Untrusted;
use kit::prowjobs_read::{ProwjobState, ProwjobType};
use kit::{PullRequest, PullRequestEvent, Repository, has_label, reply};

use crate::known::{Known, Question};
use crate::plan::{Effect, LGTM, NEEDS_OK_TO_TEST, OK_TO_TEST, Plan};
use crate::trust::{self, Label, Rules};
use crate::{expired, select, welcome};

/// An event of a pull request.
#[derive(Debug, Clone, Copy)]
pub struct Happening<'a> {
    /// GitHub's action.
    pub action: &'a str,
    /// Who caused it; not who wrote the pull request.
    pub sender: &'a str,
    /// What happened.
    pub event: &'a PullRequestEvent,
    /// Where.
    pub repo: &'a Repository,
    /// For this repository.
    pub settings: &'a TriggerSettings,
}

/// What an action asks for, before anything has been read.
enum Reaction {
    Nothing,
    Greet,
    /// Run the tests if the pull request is trusted.
    Test,
    /// A new head: the same, and end what runs on the old one.
    TestNewHead,
    /// `lgtm` was put on.
    TestOnceIfUntrusted,
    /// `ok-to-test` was put on by hand.
    TestAsLabelled,
    Abort,
}

fn reaction(happening: &Happening<'_>) -> Reaction {
    let label = |wanted: &str| happening.event.label.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(wanted));
    match happening.action {
        "opened" => Reaction::Greet,
        "reopened" | "ready_for_review" => Reaction::Test,
        "edited" if happening.event.base_changed => Reaction::Test,
        "synchronize" => Reaction::TestNewHead,
        "labeled" if label(LGTM) => Reaction::TestOnceIfUntrusted,
        "labeled" if label(OK_TO_TEST) => Reaction::TestAsLabelled,
        "closed" | "converted_to_draft" => Reaction::Abort,
        _ => Reaction::Nothing,
    }
}

/// Decides; an error is the question that the decision still hangs on.
///
/// A repository without presubmits is left alone altogether: no greeting, no label, no abort.
pub fn decide<'a>(happening: &Happening<'a>, known: &'a Known) -> Result<Plan<'a>, Question> {
    let reaction = reaction(happening);
    if matches!(reaction, Reaction::Nothing) {
        return Ok(Plan::nothing(format!("the action `{}` starts nothing", happening.action)));
    }
    let presubmits = known.presubmits(None, &happening.event.pull_request)?;
    if presubmits.is_empty() {
        return Ok(Plan::nothing("the repository has no presubmits"));
    }
    let turn = Turn { happening: *happening, presubmits, known };
    match reaction {
        Reaction::Nothing => unreachable!("handled above"),
        Reaction::Greet => turn.greet(),
        Reaction::Test => turn.test(Plan::default()),
        Reaction::TestNewHead => turn.test_new_head(),
        Reaction::TestOnceIfUntrusted => turn.test_once_if_untrusted(),
        Reaction::TestAsLabelled => turn.test_as_labelled(),
        Reaction::Abort => turn.abort(),
    }
}

/// One run of the decision, with what all its branches need.
struct Turn<'a> {
    happening: Happening<'a>,
    presubmits: &'a [Presubmit],
    known: &'a Known,
}

impl<'a> Turn<'a> {
    fn rules(&self) -> Rules<'a> {
        Rules { org: &self.happening.repo.ref_.org, settings: self.happening.settings }
    }

    fn author(&self) -> &'a str {
        &self.pr().author.login
    }

    fn pr(&self) -> &'a PullRequest {
        &self.happening.event.pull_request
    }

    fn trusts_author(&self) -> Result<Result<(), Untrusted>, Question> {
        trust::user(self.author(), self.rules(), self.known)
    }

    /// Whoever pushed, which need not be the author.
    fn trusts_sender(&self) -> Result<bool, Question> {
        let sender = self.happening.sender;
        Ok(!sender.is_empty() && trust::user(sender, self.rules(), self.known)?.is_ok())
    }

    fn greet(&self) -> Result<Plan<'a>, Question> {
        let pr = self.pr();
        let Err(why) = self.trusts_author()? else {
            if pr.draft {
                return Ok(Plan::comment(reply::note(welcome::DRAFT), "a draft: waits for `/test all`"));
            }
            return self.build(Plan::default());
        };
        let mut plan = Plan::nothing(trust::why_not(self.author(), self.rules(), why));
        if !self.happening.settings.ignore_ok_to_test && !has_label(&self.known.pull_request()?.labels, OK_TO_TEST) {
            plan.add(Effect::AddLabel(NEEDS_OK_TO_TEST));
        }
        plan.add(Effect::Comment(welcome::text(&pr.author, self.rules(), self.happening.repo, self.known)?));
        plan.say("waits for `/ok-to-test`");
        Ok(plan)
    }

    /// Tests what is trusted, by its author or its label.
    fn test(&self, mut plan: Plan<'a>) -> Result<Plan<'a>, Question> {
        let Err(why) = self.trusts_author()? else {
            return self.build(plan);
        };
        let now = self.known.pull_request()?;
        match trust::label(now, self.rules(), self.known)? {
            Label::Counts => self.test_labelled(plan, now),
            Label::Missing => {
                let why = trust::why_not(self.author(), self.rules(), why);
                plan.say(format!("{why}, and there is no {OK_TO_TEST} label"));
                Ok(plan)
            }
            Label::For(head) => {
                plan.say(format!("{OK_TO_TEST} is for {head}, and not for {}", now.head.sha));
                Ok(plan)
            }
        }
    }

    /// The label is on. It was put there for the head that the pull request has now, `now`; an event that comes late, of a
    /// head that has been replaced since, must not have that one tested by it.
    fn test_labelled(&self, mut plan: Plan<'a>, now: &PullRequest) -> Result<Plan<'a>, Question> {
        if now.head.sha != self.pr().head.sha {
            plan.say(format!("the head is {} by now, and has an event of its own", now.head.sha));
            return Ok(plan);
        }
        if has_label(&now.labels, NEEDS_OK_TO_TEST) {
            plan.add(Effect::RemoveLabel(NEEDS_OK_TO_TEST));
        }
        self.build(plan)
    }

    /// Ends what runs on the old head, and tests the new one if it is trusted.
    fn test_new_head(&self) -> Result<Plan<'a>, Question> {
        let mut plan = self.abort()?;
        if !self.happening.settings.ok_to_test_expires_on_push || self.trusts_author()?.is_ok() {
            return self.test(plan);
        }
        let now = self.known.pull_request()?;
        let vouched = self.known.vouched()?;
        if !has_label(&now.labels, OK_TO_TEST) || vouched == Some(now.head.sha.as_str()) {
            return self.test(plan);
        }
        // A trusted push carries the label on from the head that it was for; from another there was a push in between.
        let follows = vouched.is_none_or(|head| self.happening.event.before.as_deref() == Some(head));
        if follows && self.trusts_sender()? {
            plan.add(Effect::Vouch(&self.pr().head.sha));
            return self.test_labelled(plan, now);
        }
        Ok(self.expire(plan, now, vouched))
    }

    fn expire(&self, mut plan: Plan<'a>, now: &PullRequest, vouched: Option<&str>) -> Plan<'a> {
        let ignored = self.happening.settings.ignore_ok_to_test;
        plan.add(Effect::RemoveLabel(OK_TO_TEST));
        if !ignored && !has_label(&now.labels, NEEDS_OK_TO_TEST) {
            plan.add(Effect::AddLabel(NEEDS_OK_TO_TEST));
        }
        let push = expired::Push { by: self.happening.sender, head: &self.pr().head.sha, vouched };
        plan.add(Effect::Comment(expired::text(&push, ignored)));
        plan.say("no longer ok to test: somebody who is not trusted has pushed");
        plan
    }

    /// Whoever may put `lgtm` on has read the change: it runs once, and stays untrusted. Which head was read, the label does not
    /// say: where trust ends with a push, that is for `/ok-to-test` to say.
    fn test_once_if_untrusted(&self) -> Result<Plan<'a>, Question> {
        if self.happening.settings.ok_to_test_expires_on_push {
            return Ok(Plan::nothing("lgtm does not say which commit was reviewed: /ok-to-test does"));
        }
        let trusted = self.trusts_author()?.is_ok()
            || trust::label(self.known.pull_request()?, self.rules(), self.known)? == Label::Counts;
        if trusted { Ok(Plan::nothing("trusted: was tested before it got lgtm")) } else { self.build(Plan::default()) }
    }

    /// GitHub lets only who may triage put a label on, and that is trusted here. Our own label comes with the command,
    /// which starts the jobs itself.
    fn test_as_labelled(&self) -> Result<Plan<'a>, Question> {
        if self.happening.sender == self.known.bot_login()? {
            return Ok(Plan::nothing("our own label; the command has started what is due"));
        }
        let mut plan = Plan::default();
        if self.happening.settings.ok_to_test_expires_on_push && self.trusts_author()?.is_err() {
            plan.add(Effect::Vouch(&self.pr().head.sha));
        }
        self.build(plan)
    }

    /// Starts what runs without being asked for; on a draft nothing does.
    fn build(&self, mut plan: Plan<'a>) -> Result<Plan<'a>, Question> {
        let pr = self.pr();
        if pr.draft {
            plan.say("a draft: nothing starts by itself");
            return Ok(plan);
        }
        let jobs = select::jobs(self.presubmits, Filters::test_all(), &pr.head.sha, self.known)?;
        select::start(&mut plan, jobs, pr, false, self.known)?;
        Ok(plan)
    }

    /// Asks for the end of every presubmit that still runs. A batch that the pull request is part of goes on.
    fn abort(&self) -> Result<Plan<'a>, Question> {
        let running = self.known.prowjobs()?.iter().filter(|run| {
            run.job_type == ProwjobType::Presubmit && !run.complete && run.state != ProwjobState::Aborted
        });
        let effects: Vec<Effect<'a>> = running.map(Effect::Abort).collect();
        let said = if effects.is_empty() {
            "nothing was running".to_owned()
        } else {
            format!("aborts {} runs", effects.len())
        };
        Ok(Plan { effects, said })
    }
}
