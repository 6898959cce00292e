//! The block `owners`: how OWNERS files are found, read and used.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The block as it is written. Behaviour: Prow pkg/plugins/config.go, `Owners`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnersBlock {
    /// Orgs and org/repos where Markdown files may name their owners in their front matter.
    pub mdyamlrepos: Vec<String>,
    /// Orgs and org/repos where people in OWNERS files need not be collaborators.
    pub skip_collaborators: Vec<String>,
    /// Labels that no OWNERS file may give; `approved` and `lgtm` if nothing is said, none if an empty list is given.
    pub labels_denylist: Option<Vec<String>>,
    /// By org/repo or org: what the files are called.
    pub filenames: BTreeMap<String, Filenames>,
}

/// What OWNERS files are called.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Filenames {
    /// `OWNERS`
    pub owners: String,
    /// `OWNERS_ALIASES`
    pub owners_aliases: String,
}

/// What the block says about one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnersSettings {
    /// Markdown files may name their owners.
    pub mdyaml: bool,
    /// People in OWNERS files need not be collaborators.
    pub skip_collaborators: bool,
    /// Labels that no OWNERS file may give.
    pub labels_denylist: Vec<String>,
    /// What the files are called.
    pub filenames: Filenames,
}

impl OwnersBlock {
    /// Fills in what was left out. A name that an entry of `filenames` leaves out is the usual one.
    #[must_use]
    pub fn completed(mut self) -> Self {
        self.labels_denylist.get_or_insert_with(|| ["approved", "lgtm"].map(str::to_owned).into());
        self.filenames.values_mut().for_each(Filenames::complete);
        self
    }

    /// What it says about a repository. Of `filenames`, the repository's entry replaces its org's.
    #[must_use]
    pub fn of(&self, org: &str, repo: &str) -> OwnersSettings {
        let full_name = format!("{org}/{repo}");
        let lists = |listed: &[String]| listed.iter().any(|scope| scope == org || *scope == full_name);
        let mut filenames =
            self.filenames.get(&full_name).or_else(|| self.filenames.get(org)).cloned().unwrap_or_default();
        filenames.complete();
        OwnersSettings {
            mdyaml: lists(&self.mdyamlrepos),
            skip_collaborators: lists(&self.skip_collaborators),
            labels_denylist: self.labels_denylist.clone().unwrap_or_default(),
            filenames,
        }
    }
}

impl Filenames {
    fn complete(&mut self) {
        super::usual(&mut self.owners, "OWNERS");
        super::usual(&mut self.owners_aliases, "OWNERS_ALIASES");
    }
}
