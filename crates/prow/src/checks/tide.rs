//! Tide's queries, and the plugins that set the labels which they speak of.

use super::Subject;
use super::scopes::{Scope, Scopes};
use crate::plugins::Plugins;
use crate::problem::{KeyPath, Problem};
use crate::sections::tide_query::TideQuery;

/// A plugin, and the label by which tide heeds it.
struct Pair {
    plugin: &'static str,
    label: &'static str,
    heeds: Heeds,
}

/// How a query heeds a label.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Heeds {
    Requires,
    Forbids,
}

impl Heeds {
    /// The key of such labels.
    fn key(self) -> &'static str {
        match self {
            Self::Requires => "labels",
            Self::Forbids => "missingLabels",
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Self::Requires => "requires",
            Self::Forbids => "forbids",
        }
    }
}

const REQUIRED: [Pair; 2] = [
    Pair { plugin: "lgtm", label: "lgtm", heeds: Heeds::Requires },
    Pair { plugin: "approve", label: "approved", heeds: Heeds::Requires },
];
const FORBIDDEN: [Pair; 7] = [
    Pair { plugin: "hold", label: "do-not-merge/hold", heeds: Heeds::Forbids },
    Pair { plugin: "wip", label: "do-not-merge/work-in-progress", heeds: Heeds::Forbids },
    Pair { plugin: "bugzilla", label: "bugzilla/invalid-bug", heeds: Heeds::Forbids },
    Pair { plugin: "verify-owners", label: "do-not-merge/invalid-owners-file", heeds: Heeds::Forbids },
    Pair { plugin: "release-note", label: "do-not-merge/release-note-label-needed", heeds: Heeds::Forbids },
    Pair { plugin: "cherry-pick-unapproved", label: "do-not-merge/cherry-pick-not-approved", heeds: Heeds::Forbids },
    Pair { plugin: "blockade", label: "do-not-merge/blocked-paths", heeds: Heeds::Forbids },
];
/// A service of its own. Tide merges no pull request that has a conflict, so nothing is amiss where it is enabled and its
/// label is not forbidden.
const NEEDS_REBASE: Pair = Pair { plugin: "needs-rebase", label: "needs-rebase", heeds: Heeds::Forbids };

/// Behaviour: Prow cmd/checkconfig, `validateTideRequirements`.
pub(super) fn mismatched(subject: &Subject<'_>, plugins: &Plugins) -> Vec<Problem> {
    let queries = &subject.config.core.sections.tide.queries;
    let pairs = REQUIRED.iter().chain(&FORBIDDEN);
    let mut found: Vec<_> = pairs.flat_map(|pair| pair.check(subject, queries, plugins)).collect();
    let covered = plugins.covered_by_external(NEEDS_REBASE.plugin);
    found.extend(NEEDS_REBASE.not_enabled(subject, queries, &covered));
    found
}

/// The same for the labels that are required alone.
pub(super) fn mismatched_lenient(subject: &Subject<'_>, plugins: &Plugins) -> Vec<Problem> {
    let queries = &subject.config.core.sections.tide.queries;
    REQUIRED.iter().flat_map(|pair| pair.check(subject, queries, plugins)).collect()
}

impl Pair {
    fn is_in(&self, query: &TideQuery) -> bool {
        let labels = match self.heeds {
            Heeds::Requires => &query.labels,
            Heeds::Forbids => &query.missing_labels,
        };
        labels.iter().any(|label| label == self.label)
    }

    fn heeding(&self, queries: &[TideQuery]) -> Scopes {
        Scopes::of_queries(queries.iter().filter(|query| self.is_in(query)))
    }

    fn check(&self, subject: &Subject<'_>, queries: &[TideQuery], plugins: &Plugins) -> Vec<Problem> {
        let covered = plugins.covered_by(self.plugin);
        let mut found = self.not_enabled(subject, queries, &covered);
        found.extend(self.not_heeded(queries, &covered, plugins));
        found
    }

    /// Where tide heeds the label, and nothing sets it.
    fn not_enabled(&self, subject: &Subject<'_>, queries: &[TideQuery], covered: &Scopes) -> Vec<Problem> {
        let Self { plugin, label, heeds } = self;
        let amiss = self.heeding(queries).without(covered).parts().into_iter().map(|scope| {
            let path = self.query_for(queries, &scope);
            let why = format!(
                "tide {} the label `{label}` in {scope}, where the plugin `{plugin}` is not enabled: enable it in \
                 plugins.yaml, or take the label out of `{}`",
                heeds.verb(),
                heeds.key()
            );
            subject.in_config(path, why)
        });
        amiss.collect()
    }

    /// Where something sets the label, and tide merges and does not heed it.
    fn not_heeded(&self, queries: &[TideQuery], covered: &Scopes, plugins: &Plugins) -> Vec<Problem> {
        let Self { plugin, label, heeds } = self;
        let amiss = covered.and(&Scopes::of_queries(queries)).without(&self.heeding(queries)).parts();
        let amiss = amiss.into_iter().flat_map(|scope| {
            let place = |scope: &str| plugins.place_of(scope, &[plugin]);
            let path = scope.repo().and_then(place).or_else(|| place(scope.org()));
            let why = format!(
                "the plugin `{plugin}` is enabled in {scope}, where tide merges and no query {} its label `{label}`: \
                 add the label to `{}` of the query, or disable the plugin",
                heeds.verb(),
                heeds.key()
            );
            plugins.problem(path.unwrap_or_default(), why)
        });
        amiss.collect()
    }

    /// Where the first query that heeds the label names what it covers.
    fn query_for(&self, queries: &[TideQuery], scope: &Scope) -> KeyPath {
        let at = KeyPath::root().key("tide").key("queries");
        let heeding = || queries.iter().enumerate().filter(|(_, query)| self.is_in(query));
        let named = |key: &str, list: fn(&TideQuery) -> &Vec<String>, name: &str| {
            heeding().find_map(|(index, query)| {
                let item = list(query).iter().position(|own| own == name)?;
                Some(at.index(index).key(key).index(item))
            })
        };
        let as_repo = scope.repo().and_then(|repo| named("repos", |query| &query.repos, repo));
        as_repo.or_else(|| named("orgs", |query| &query.orgs, scope.org())).unwrap_or(at)
    }
}

/// Who may not test needs no review yet, and who was reviewed may test.
///
/// Behaviour: Prow cmd/checkconfig, `validateNeedsOkToTestLabel`.
pub(super) fn needs_ok_to_test(subject: &Subject<'_>) -> Vec<Problem> {
    let queries = subject.config.core.sections.tide.queries.iter().enumerate();
    let amiss = queries.filter(|(_, query)| query.labels.iter().any(|label| label == "lgtm"));
    let amiss = amiss.filter_map(|(index, query)| {
        let item = query.missing_labels.iter().position(|label| label == "needs-ok-to-test")?;
        let path = KeyPath::root().key("tide").key("queries").index(index).key("missingLabels").index(item);
        let why = "this query requires `lgtm` and forbids `needs-ok-to-test`, which one who may say the former can \
                   take off: remove it here";
        Some(subject.in_config(path, why))
    });
    amiss.collect()
}
