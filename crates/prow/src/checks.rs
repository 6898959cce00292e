//! What a configuration says that takes effect and is most likely not meant: Prow's `checkconfig`, by its names.
//!
//! Each named warning is one function of the checked configuration. Behaviour: Prow cmd/checkconfig/main.go, for each name
//! the function that it calls.

mod branches;
mod contexts;
pub mod hierarchy;
mod jobs;
mod plugins;
mod scopes;
mod sections;
mod selection;
mod strict;
mod tide;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use self::jobs::{rerun_commands, unreachable_clusters};
pub(crate) use self::scopes::Scopes;
pub use self::selection::{Selection, Set};
use crate::job_config::Config;
use crate::plugins::Plugins;
use crate::problem::{KeyPath, Problem};

/// What is looked through.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// config.yaml and the job files.
    pub config: &'a Config,
    /// What config.yaml is called in problems. What stood in a supplemental file is told of under its place in the whole.
    pub config_file: &'a str,
    /// plugins.yaml, if there is one.
    pub plugins: Option<&'a Plugins>,
    /// Annotations that every job must have.
    pub required_annotations: &'a [String],
    /// The state of each build cluster as it was published, if that is known.
    pub clusters: Option<&'a BTreeMap<String, String>>,
}

impl Subject<'_> {
    fn in_config(&self, path: KeyPath, message: impl Into<String>) -> Problem {
        Problem { file: self.config_file.to_owned(), path, message: message.into() }
    }
}

/// How a warning is looked for.
#[derive(Debug, Clone, Copy)]
pub enum How {
    /// In the checked configuration.
    Config(fn(&Subject<'_>) -> Vec<Problem>),
    /// In the checked configuration, where there is a plugins.yaml.
    Plugins(fn(&Subject<'_>, &Plugins) -> Vec<Problem>),
    /// In the files, by whoever reads them.
    Files,
    /// Not here; the text says why.
    Nowhere(&'static str),
}

/// A warning that can be asked for.
#[derive(Debug, Clone, Copy)]
pub struct Warning {
    /// Prow's name of it.
    pub name: &'static str,
    /// When it is looked for.
    pub set: Set,
    /// What it is about, in a line.
    pub about: &'static str,
    /// How it is looked for.
    pub how: How,
}

/// All of them, in Prow's order.
pub const WARNINGS: [Warning; 24] = [
    Warning {
        name: "mismatched-tide",
        set: Set::Default,
        about: "tide and the plugins that set a label it asks for, or forbids, are for different repositories",
        how: How::Plugins(tide::mismatched),
    },
    Warning {
        name: "tide-strict-branch",
        set: Set::Default,
        about: "branches that tide merges to must be up to date with their base",
        how: How::Config(strict::branches),
    },
    Warning {
        name: "tide-context-policy",
        set: Set::Default,
        about: "a context is required and optional at once for tide",
        how: How::Config(contexts::policies),
    },
    Warning {
        name: "mismatched-tide-lenient",
        set: Set::Default,
        about: "the same as mismatched-tide, for required labels only",
        how: How::Plugins(tide::mismatched_lenient),
    },
    Warning {
        name: "non-decorated-jobs",
        set: Set::Default,
        about: "a job with a pod is not decorated",
        how: How::Config(jobs::non_decorated),
    },
    Warning {
        name: "long-job-names",
        set: Set::Default,
        about: "a job's name does not fit into a label",
        how: How::Config(jobs::long_names),
    },
    Warning {
        name: "duplicate-job-refs",
        set: Set::Default,
        about: "a presubmit clones a repository twice",
        how: How::Config(jobs::duplicate_refs),
    },
    Warning {
        name: "needs-ok-to-test",
        set: Set::Default,
        about: "a tide query forbids needs-ok-to-test where it requires lgtm",
        how: How::Config(tide::needs_ok_to_test),
    },
    Warning {
        name: "managed-webhooks",
        set: Set::Default,
        about: "an org and one of its repositories both have a managed webhook",
        how: How::Config(sections::managed_webhooks),
    },
    Warning {
        name: "validate-owners",
        set: Set::Default,
        about: "a plugin that uses OWNERS files is enabled without verify-owners",
        how: How::Plugins(plugins::owners),
    },
    Warning {
        name: "missing-trigger",
        set: Set::Default,
        about: "a repository has jobs and nothing that starts them",
        how: How::Plugins(plugins::triggers),
    },
    Warning {
        name: "validate-urls",
        set: Set::Default,
        about: "status_error_link is no URL",
        how: How::Config(sections::urls),
    },
    Warning {
        name: "unknown-fields",
        set: Set::Default,
        about: "a key of config.yaml or plugins.yaml is not known",
        how: How::Files,
    },
    Warning {
        name: "validate-cluster-field",
        set: Set::Default,
        about: "a job names a build cluster that there is not, or that its agent has no use for",
        how: How::Config(jobs::clusters),
    },
    Warning {
        name: "validate-supplemental-prow-config-hierarchy",
        set: Set::Default,
        about: "a supplemental file is about another org or repository than its directories say",
        how: How::Files,
    },
    Warning {
        name: "validate-unmanaged-branchconfig-has-no-subconfig",
        set: Set::Default,
        about: "branch protection that is unmanaged says something all the same",
        how: How::Config(branches::unmanaged),
    },
    Warning {
        name: "validate-label",
        set: Set::Default,
        about: "a label is restricted and free at once, or has no name",
        how: How::Plugins(plugins::labels),
    },
    Warning {
        name: "required-job-annotations",
        set: Set::Default,
        about: "a job lacks an annotation that --required-job-annotations names",
        how: How::Config(jobs::annotations),
    },
    Warning {
        name: "periodic-default-clone-config",
        set: Set::Default,
        about: "a periodic says how its repository is cloned, and has none",
        how: How::Config(jobs::periodic_clones),
    },
    Warning {
        name: "validate-config-updater-acls",
        set: Set::Default,
        about: "config_updater allows or denies what is no repository",
        how: How::Plugins(plugins::config_updater),
    },
    Warning {
        name: "verify-owners-presence",
        set: Set::Expensive,
        about: "a repository whose plugins use OWNERS files has none in its root",
        how: How::Nowhere("it would ask GitHub for each repository's OWNERS, which this command does not"),
    },
    Warning {
        name: "valid-decoration-config",
        set: Set::OptIn,
        about: "a decorated job lacks what Prow's pod utilities need",
        how: How::Config(jobs::decoration),
    },
    Warning {
        name: "unknown-fields-all",
        set: Set::OptIn,
        about: "the same as unknown-fields, and in job files",
        how: How::Files,
    },
    Warning {
        name: "validate-github-app-installation",
        set: Set::OptIn,
        about: "there is configuration for an org that the GitHub App is not installed in",
        how: How::Nowhere("it would ask GitHub where the App is installed, which this command does not"),
    },
];

/// Of two that tell the same, the first is left out where the second is looked for.
const COVERED: [(&str, &str); 2] =
    [("mismatched-tide-lenient", "mismatched-tide"), ("unknown-fields", "unknown-fields-all")];

impl Warning {
    /// What it finds in the checked configuration.
    pub fn find(&self, subject: &Subject<'_>) -> Vec<Problem> {
        match (self.how, subject.plugins) {
            (How::Config(find), _) => find(subject),
            (How::Plugins(find), Some(plugins)) => find(subject, plugins),
            (How::Plugins(_), None) | (How::Files | How::Nowhere(_), _) => Vec::new(),
        }
    }
}
