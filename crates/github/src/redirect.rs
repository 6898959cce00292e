//! Where a redirect leads, and whether whoever asked may be answered from there.
//!
//! GitHub redirects what was moved: a repository that was renamed or given away, an issue that was transferred. It looks only
//! at the token, which may see more than whoever makes the call.

use std::sync::Arc;

use http::HeaderValue;
use percent_encoding::percent_decode_str;

use crate::call::{Answer, Call};
use crate::error::{ApiError, ApiErrorKind};
use crate::repos::{REPO, Repo, RepoName};
use crate::token::Credential;
use crate::transport::Transport;

const MOST_REDIRECTS: usize = 3;

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

impl Transport {
    /// Makes the call, following redirects that stay on the configured hosts, and `within` these repositories.
    pub(crate) async fn call(
        &self,
        mut call: Call,
        credential: &Credential,
        user_agent: &HeaderValue,
        within: Option<&Within>,
    ) -> Result<Answer, ApiError> {
        for _ in 0..=MOST_REDIRECTS {
            let answer = self.ask(&call, credential, user_agent).await?;
            let Some(path_and_query) = self.redirected(&call, &answer)? else { return Ok(answer) };
            if let Some(within) = within {
                self.check_redirect(&call, &path_and_query, within, (credential, user_agent)).await?;
            }
            call = moved(call, &path_and_query);
        }
        Err(ApiError::other(call.method_name(), &call.path, "redirected too often"))
    }

    /// Refuses a redirect that leads to a repository that the call is not for.
    async fn check_redirect(
        &self,
        call: &Call,
        to: &str,
        within: &Within,
        who: (&Credential, &HeaderValue),
    ) -> Result<(), ApiError> {
        let (from, to) = (Place::of(&call.path), Place::of(to));
        if from.is_same(&to) {
            return Ok(());
        }
        let Some(there) = self.repository(&to, who).await? else {
            let message = "redirected to what is in no repository";
            return Err(ApiError::other(call.method_name(), &call.path, message));
        };
        let name = there.full_name.parse().map_err(|why| ApiError::other(call.method_name(), &call.path, why))?;
        // What the call names is asked for only where that matters.
        if may_follow((&from, None), (&name, there.id), within) {
            return Ok(());
        }
        let own = self.repository(&from, who).await?.map(|repo| repo.id);
        if may_follow((&from, own), (&name, there.id), within) {
            return Ok(());
        }
        Err(refused(call, name))
    }

    /// The repository of a place, by whatever name it has now.
    async fn repository(
        &self,
        place: &Place,
        (credential, user_agent): (&Credential, &HeaderValue),
    ) -> Result<Option<Repo>, ApiError> {
        let Some(path) = place.repository() else { return Ok(None) };
        let mut call = moved(Call::get(REPO, &["owner", "repo"])?, &path);
        for _ in 0..=MOST_REDIRECTS {
            let answer = self.ask(&call, credential, user_agent).await?;
            let Some(path_and_query) = self.redirected(&call, &answer)? else {
                return self.read(&call, &answer).map(Some);
            };
            call = moved(call, &path_and_query);
        }
        Err(ApiError::other(call.method_name(), &call.path, "redirected too often"))
    }

    /// Where to go on, if `answer` is a redirect to be followed. 307 and 308 repeat the request as it was; the older two
    /// do so only for reads.
    fn redirected(&self, call: &Call, answer: &Answer) -> Result<Option<String>, ApiError> {
        let repeats = match answer.status.as_u16() {
            301 | 302 => call.is_read(),
            307 | 308 => true,
            _ => return Ok(None),
        };
        if !call.follow_redirects {
            return Ok(None);
        }
        let location = answer.location.as_deref().filter(|_| repeats).ok_or_else(|| ApiError {
            status: Some(answer.status.as_u16()),
            ..ApiError::other(call.method_name(), &call.path, "redirected, and it is not safe to follow")
        })?;
        self.stay(call, location, "a redirect").map(Some)
    }
}

/// The same call at another place, which the server named.
pub(crate) fn moved(call: Call, path_and_query: &str) -> Call {
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    Call { path: path.to_owned(), query: query.to_owned(), ..call }
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
