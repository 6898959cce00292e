//! Which version of the contract a component was built for. This host serves two minors.

use std::collections::BTreeSet;
use std::fmt;

/// A minor version of the contract that this host serves. Patch releases only add functions and interfaces, so that a
/// component of any patch up to ours can be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Minor {
    /// 0.1
    Previous,
    /// 0.2
    Today,
}

impl Minor {
    /// Its first release, as imports spell it.
    pub fn release(self) -> &'static str {
        match self {
            Minor::Previous => "0.1.0",
            Minor::Today => "0.2.0",
        }
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.release())
    }
}

/// What a component's imports say of its version.
///
/// # Errors
/// In words for an operator: another version, several, or none.
pub fn of<'a>(instances: impl IntoIterator<Item = &'a str>) -> Result<Minor, String> {
    let versions: BTreeSet<&str> = instances
        .into_iter()
        .filter_map(|name| name.strip_prefix("bowsprit:plugin/")?.split_once('@'))
        .map(|(_, v)| v)
        .collect();
    let served = || format!("this host serves {} and {}", Minor::Previous, Minor::Today);
    let mut found = versions.iter();
    match (found.next(), found.next()) {
        (None, _) => Err("it imports nothing of `bowsprit:plugin`: is it a plugin at all?".to_owned()),
        (Some(_), Some(_)) => {
            let versions: Vec<_> = versions.into_iter().collect();
            Err(format!("it mixes versions of the contract ({}): build it against one", versions.join(", ")))
        }
        (Some(version), None) => match version.rsplit_once('.').map(|(minor, _)| minor) {
            Some("0.1") => Ok(Minor::Previous),
            Some("0.2") => Ok(Minor::Today),
            _ => Err(format!("it was built for version {version} of the contract, and {}", served())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(imports: &[&str], want: Result<Minor, &str>) {
        match (of(imports.iter().copied()), want) {
            (Ok(got), Ok(want)) => assert_eq!(got, want, "{imports:?}"),
            (Err(got), Err(part)) => assert!(got.contains(part), "{imports:?}: {got}"),
            (got, want) => panic!("{imports:?}: got {got:?}, want {want:?}"),
        }
    }

    #[test]
    fn the_imports_tell_the_version() {
        check(&["bowsprit:plugin/types@0.1.0", "bowsprit:plugin/agent@0.1.0"], Ok(Minor::Previous));
        check(&["bowsprit:plugin/agent@0.2.0", "wasi:cli/environment@0.2.6"], Ok(Minor::Today));
        check(&["bowsprit:plugin/agent@0.2.1"], Ok(Minor::Today));
        check(&["bowsprit:plugin/agent@0.3.0"], Err("serves 0.1.0 and 0.2.0"));
        check(&["bowsprit:plugin/agent@1.0.0"], Err("serves 0.1.0 and 0.2.0"));
        check(&["bowsprit:plugin/agent@0.1.0", "bowsprit:plugin/log@0.2.0"], Err("mixes"));
        check(&["wasi:cli/environment@0.2.6"], Err("is it a plugin at all"));
        check(&[], Err("is it a plugin at all"));
    }
}
