//! What an event of a pull request leads to. Behaviour: Prow pkg/plugins/trigger/pull-request.go.

use kit::job_config::Presubmit;
use kit::prow::filter::Filters;
use kit::prow::settings::TriggerSettings;
use kit::prowjobs_read::{ProwjobState, ProwjobType};
use kit::{PullRequestEvent, Repository, has_label, reply};

use crate::known::{Known, Question};
use crate::plan::{Effect, LGTM, NEEDS_OK_TO_TEST, OK_TO_TEST, Plan};
use crate::trust::{self, Rules};
use crate::{select, welcome};

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
    let presubmits = known.presubmits(None, Some(&happening.event.pull_request.base.name))?;
    if presubmits.is_empty() {
        return Ok(Plan::nothing("the repository has no presubmits"));
    }
    let turn = Turn { happening: *happening, presubmits, known };
    match reaction {
        Reaction::Nothing => unreachable!("handled above"),
        Reaction::Greet => turn.greet(),
        Reaction::Test => turn.test(Plan::default()),
        Reaction::TestNewHead => turn.test(turn.abort()?),
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
        &self.happening.event.pull_request.author.login
    }

    fn greet(&self) -> Result<Plan<'a>, Question> {
        let pr = &self.happening.event.pull_request;
        let Err(why) = trust::user(self.author(), self.rules(), self.known)? else {
            if pr.draft {
                return Ok(Plan::comment(reply::note(welcome::DRAFT), "a draft: waits for `/test all`"));
            }
            return self.build(Plan::default());
        };
        let mut plan = Plan::nothing(trust::why_not(self.author(), self.rules(), why));
        if !self.happening.settings.ignore_ok_to_test && !has_label(self.known.labels()?, OK_TO_TEST) {
            plan.add(Effect::AddLabel(NEEDS_OK_TO_TEST));
        }
        plan.add(Effect::Comment(welcome::text(&pr.author, self.rules(), self.happening.repo, self.known)?));
        plan.say("waits for `/ok-to-test`");
        Ok(plan)
    }

    fn test(&self, mut plan: Plan<'a>) -> Result<Plan<'a>, Question> {
        if let Err(why) = trust::user(self.author(), self.rules(), self.known)? {
            let labels = self.known.labels()?;
            if !has_label(labels, OK_TO_TEST) {
                plan.say(format!(
                    "{}, and there is no {OK_TO_TEST} label",
                    trust::why_not(self.author(), self.rules(), why)
                ));
                return Ok(plan);
            }
            if has_label(labels, NEEDS_OK_TO_TEST) {
                plan.add(Effect::RemoveLabel(NEEDS_OK_TO_TEST));
            }
        }
        self.build(plan)
    }

    /// Whoever may put `lgtm` on has read the change: it runs once, and stays untrusted.
    fn test_once_if_untrusted(&self) -> Result<Plan<'a>, Question> {
        let trusted = trust::user(self.author(), self.rules(), self.known)?.is_ok()
            || has_label(self.known.labels()?, OK_TO_TEST);
        if trusted { Ok(Plan::nothing("trusted: was tested before it got lgtm")) } else { self.build(Plan::default()) }
    }

    /// GitHub lets only who may triage put a label on, and that is trusted here. Our own label comes with the command,
    /// which starts the jobs itself.
    fn test_as_labelled(&self) -> Result<Plan<'a>, Question> {
        if self.happening.sender == self.known.bot_login()? {
            return Ok(Plan::nothing("our own label; the command has started what is due"));
        }
        self.build(Plan::default())
    }

    /// Starts what runs without being asked for; on a draft nothing does.
    fn build(&self, mut plan: Plan<'a>) -> Result<Plan<'a>, Question> {
        let pr = &self.happening.event.pull_request;
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
