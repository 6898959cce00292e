//! Where a redirect leads, and whether whoever asked may be answered from there.
//!
//! GitHub redirects what was moved: a repository that was renamed or given away, an issue that was transferred. It looks only
//! at the token, which may see more than whoever makes the call.

use std::sync::Arc;

use percent_encoding::percent_decode_str;

use crate::call::Call;
use crate::error::{ApiError, ApiErrorKind};
use crate::repos::RepoName;

/// Which repositories calls may be answered from by a redirect.
pub(crate) type Within = Arc<dyn Fn(&RepoName) -> bool + Send + Sync>;

/// The repository that a path is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// By its name, or one that it bore before.
    Named(RepoName),
    /// By its id, as GitHub's redirects name it.
    Numbered(u64),
    /// In none.
    Elsewhere,
}

impl Place {
    /// The place of a path relative to the endpoint, percent-encoded.
    pub(crate) fn of(path: &str) -> Self {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        let decoded = |segment: &str| percent_decode_str(segment).decode_utf8().ok().map(String::from);
        let Some(segments) = path.split('/').skip(1).map(decoded).collect::<Option<Vec<_>>>() else {
            return Place::Elsewhere;
        };
        // A server may take these for another path.
        if segments.iter().any(|segment| matches!(segment.as_str(), "." | "..") || segment.contains(['/', '\\'])) {
            return Place::Elsewhere;
        }
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match &*segments {
            ["repos", owner, name, ..] if !owner.is_empty() && !name.is_empty() => {
                Place::Named(RepoName::new(*owner, *name))
            }
            ["repositories", id, ..] => id.parse().map_or(Place::Elsewhere, Place::Numbered),
            _ => Place::Elsewhere,
        }
    }

    /// The path of the repository itself; none of what is in none.
    pub(crate) fn repository(&self) -> Option<String> {
        match self {
            Place::Named(name) => Some(format!("/repos/{}/{}", encoded(&name.org), encoded(&name.repo))),
            Place::Numbered(id) => Some(format!("/repositories/{id}")),
            Place::Elsewhere => None,
        }
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Place::Named(one), Place::Named(other)) => {
                one.org.eq_ignore_ascii_case(&other.org) && one.repo.eq_ignore_ascii_case(&other.repo)
            }
            (one, other) => one == other,
        }
    }
}

/// Whether `to` may be the answer to what was asked of `from`, as the two are named now: because it is the same repository under
/// a new name of the same owner, or because `within` has it.
pub(crate) fn may_follow(from: (&Place, Option<u64>), to: (&RepoName, u64), within: &Within) -> bool {
    let (place, own) = from;
    let same_owner = match place {
        Place::Named(name) => name.org.eq_ignore_ascii_case(&to.0.org),
        Place::Numbered(_) => true,
        Place::Elsewhere => false,
    };
    (own == Some(to.1) && same_owner) || within(to.0)
}

/// The refusal of a redirect.
pub(crate) fn refused(call: &Call, to: RepoName) -> ApiError {
    let message = format!("it was moved to {to}, which this call is not for");
    ApiError { kind: ApiErrorKind::Moved { to }, ..ApiError::other(call.method_name(), &call.path, message) }
}

fn encoded(segment: &str) -> String {
    percent_encoding::utf8_percent_encode(segment, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_in_one_repository_or_in_none() {
        let named = |org, repo| Place::Named(RepoName::new(org, repo));
        for (path, want) in [
            ("/repos/o/r", named("o", "r")),
            ("/repos/o/r/issues/7?page=2", named("o", "r")),
            ("/repos/o/a%2Db/issues", named("o", "a-b")),
            ("/repositories/5/issues/7", Place::Numbered(5)),
            ("/repositories/5", Place::Numbered(5)),
            ("/repositories/five", Place::Elsewhere),
            ("/repositories", Place::Elsewhere),
            ("/repos/o", Place::Elsewhere),
            ("/repos/o/r/../../p/q", Place::Elsewhere),
            ("/repos/o/r/%2e%2e/x", Place::Elsewhere),
            ("/repos/o/r%2F..%2Fx", Place::Elsewhere),
            ("/organizations/5/members", Place::Elsewhere),
            ("/user", Place::Elsewhere),
        ] {
            assert_eq!(Place::of(path), want, "{path}");
        }
        assert!(Place::of("/repos/O/R").is_same(&named("o", "r")) && !Place::Numbered(5).is_same(&Place::Numbered(6)));
        assert_eq!(named("o", "a-b").repository().map(|path| Place::of(&path)), Some(named("o", "a-b")));
    }

    #[test]
    fn the_same_repository_of_the_same_owner_or_one_that_is_allowed() {
        let within: Within = Arc::new(|repo| repo.repo == "open");
        let named = Place::Named(RepoName::new("o", "r"));
        let check = |from: &Place, own: Option<u64>, to: (&str, &str, u64), want: bool| {
            let name = RepoName::new(to.0, to.1);
            assert_eq!(may_follow((from, own), (&name, to.2), &within), want, "{from:?} {own:?} {to:?}");
        };
        check(&named, Some(5), ("O", "renamed", 5), true);
        check(&named, Some(5), ("p", "r", 5), false);
        check(&named, Some(5), ("o", "other", 9), false);
        check(&named, None, ("o", "other", 9), false);
        check(&named, Some(5), ("p", "open", 9), true);
        check(&Place::Numbered(5), Some(5), ("o", "renamed", 5), true);
        check(&Place::Elsewhere, None, ("o", "r", 5), false);
        check(&Place::Elsewhere, None, ("o", "open", 5), true);
    }
}
