//! What an installation token may do, as GitHub names it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// How far one permission goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// See it.
    Read,
    /// See and change it.
    Write,
    /// Everything; only few of an organisation's permissions know it.
    Admin,
}

/// Permissions by GitHub's names (`issues`, `pull_requests`), `metadata: read` always among them: GitHub takes an empty
/// set for "all that the App has", which is the opposite of what an empty set should mean.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PermissionSet(BTreeMap<String, Access>);

impl PermissionSet {
    /// `metadata: read` and no more.
    #[must_use]
    pub fn minimal() -> Self {
        std::iter::empty::<(String, Access)>().collect()
    }
}

impl<S: Into<String>> FromIterator<(S, Access)> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = (S, Access)>>(permissions: I) -> Self {
        let mut set = BTreeMap::from([("metadata".to_owned(), Access::Read)]);
        for (name, access) in permissions {
            let held = set.entry(name.into()).or_insert(access);
            *held = access.max(*held);
        }
        Self(set)
    }
}

impl fmt::Display for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, access)) in self.0.iter().enumerate() {
            let separator = if i == 0 { "" } else { "," };
            let access = match access {
                Access::Read => "read",
                Access::Write => "write",
                Access::Admin => "admin",
            };
            write!(f, "{separator}{name}={access}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_always_reads_metadata_and_keeps_the_stronger_access() {
        let check = |set: PermissionSet, want: &str| assert_eq!(set.to_string(), want);
        check(PermissionSet::minimal(), "metadata=read");
        check(
            [("issues", Access::Write), ("issues", Access::Read)].into_iter().collect(),
            "issues=write,metadata=read",
        );
        check([("metadata", Access::Write)].into_iter().collect(), "metadata=write");
    }
}
