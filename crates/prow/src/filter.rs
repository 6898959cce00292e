//! Which presubmits a comment or a pull request event asks for: Prow's filter algebra over plain facts.
//!
//! Behaviour: Prow pkg/pjutil/filter.go, and `Presubmit.ShouldRun` of pkg/config. A filter there answers with three
//! booleans (matches, forced, default); [`Ask`] has the answers that differ in outcome. Filters are asked in order and
//! the first that matches decides.

use std::collections::BTreeSet;

use crate::commands::{Command, Commands};

/// What a decision needs to know of one presubmit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFacts {
    /// The job's name.
    pub name: String,
    /// The context of its commit status.
    pub context: String,
    /// Runs on every pull request event that starts jobs.
    pub always_run: bool,
    /// Not required for merging.
    pub optional: bool,
    /// Reports no status, and is then not required either.
    pub skip_report: bool,
    /// Has `run_if_changed` or `skip_if_only_changed`.
    pub conditional: bool,
    /// Its own trigger matches the comment.
    pub triggered: bool,
    /// Its branch selectors hold for the base branch.
    pub on_branch: bool,
}

impl JobFacts {
    /// Runs only when a comment asks for it by name.
    pub fn needs_explicit_trigger(&self) -> bool {
        !self.always_run && !self.conditional
    }

    /// Must pass before a merge.
    pub fn is_required(&self) -> bool {
        !self.optional && !self.skip_report
    }
}

/// The contexts of the head commit's combined status.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contexts {
    /// Those in state `failure` or `error`.
    pub failed: BTreeSet<String>,
    /// All that have any state.
    pub known: BTreeSet<String>,
}

impl Contexts {
    /// Sorts (context, state) pairs, as GitHub's combined status lists them.
    pub fn of<'a>(statuses: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut contexts = Self::default();
        for (context, state) in statuses {
            if matches!(state, "failure" | "error") {
                contexts.failed.insert(context.to_owned());
            }
            contexts.known.insert(context.to_owned());
        }
        contexts
    }
}

/// What is asked of one presubmit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Nothing.
    No,
    /// Run if `always_run` or its change matcher says so.
    IfDue,
    /// Run whatever its conditions say; the branch still counts.
    Force,
}

/// The filters that are in force, in Prow's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filters {
    by_trigger: bool,
    retest: bool,
    retest_required: bool,
    manual_required: bool,
    test_all: bool,
}

impl Filters {
    /// For a comment with these commands. `/ok-to-test` counts as `/test all` where it is honoured, with a commit or
    /// without.
    pub fn of_comment(commands: Commands, ok_to_test_is_honoured: bool) -> Self {
        let ok_to_test =
            ok_to_test_is_honoured && (commands.has(Command::OkToTest) || commands.has(Command::OkToTestCommit));
        Self {
            by_trigger: true,
            retest: commands.has(Command::Retest),
            retest_required: commands.has(Command::RetestRequired),
            manual_required: commands.has(Command::TestManualRequired),
            test_all: commands.has(Command::TestAll) || ok_to_test,
        }
    }

    /// For a pull request event: every job that needs no explicit trigger, if it is due.
    pub fn test_all() -> Self {
        Self { test_all: true, ..Self::default() }
    }

    /// Whether the head commit's contexts must be known first.
    pub fn needs_contexts(self) -> bool {
        self.retest || self.retest_required
    }

    /// What these filters ask of `job`.
    pub fn ask(self, job: &JobFacts, contexts: &Contexts) -> Ask {
        if self.by_trigger && job.triggered {
            return Ask::Force;
        }
        let failed = contexts.failed.contains(&job.context);
        let never_ran = !job.needs_explicit_trigger() && !contexts.known.contains(&job.context);
        if self.retest || (self.retest_required && !job.optional) {
            if failed {
                return Ask::Force;
            }
            if never_ran {
                return Ask::IfDue;
            }
        }
        if self.manual_required && !job.optional && job.needs_explicit_trigger() {
            return Ask::Force;
        }
        if self.test_all && !job.needs_explicit_trigger() {
            return Ask::IfDue;
        }
        Ask::No
    }
}

/// What a selection comes to. Jobs are named by their place in the list that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Fetch the head commit's contexts and select again.
    NeedContexts,
    /// Find out which of these jobs' change matchers hold, and select again.
    NeedChanges(Vec<usize>),
    /// Run these, in the list's order.
    Run(Vec<usize>),
}

/// Selects the jobs to run.
///
/// `contexts` and `changed` (the jobs whose change matcher holds) are dear to fetch: give `None` first, and what the
/// answer asks for then.
pub fn select(
    jobs: &[JobFacts],
    filters: Filters,
    contexts: Option<&Contexts>,
    changed: Option<&BTreeSet<usize>>,
) -> Selection {
    let none = Contexts::default();
    let contexts = match contexts {
        None if filters.needs_contexts() => return Selection::NeedContexts,
        None => &none,
        Some(contexts) => contexts,
    };
    let mut run = Vec::new();
    let mut undecided = Vec::new();
    for (at, job) in jobs.iter().enumerate().filter(|(_, job)| job.on_branch) {
        match filters.ask(job, contexts) {
            Ask::No => {}
            Ask::Force => run.push(at),
            Ask::IfDue if job.always_run => run.push(at),
            Ask::IfDue if job.conditional => match changed {
                None => undecided.push(at),
                Some(changed) if changed.contains(&at) => run.push(at),
                Some(_) => {}
            },
            Ask::IfDue => {}
        }
    }
    if undecided.is_empty() { Selection::Run(run) } else { Selection::NeedChanges(undecided) }
}
