//! Comments of a bug, the first of which is its description.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{Bugzilla, Made};
use crate::credential::encode;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::session::{Ask, Body};

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) creator: String,
    pub(crate) time: Timestamp,
    #[serde(default)]
    pub(crate) is_private: bool,
}

#[derive(Deserialize)]
struct OfBugs {
    #[serde(default)]
    bugs: BTreeMap<String, Comments>,
}

#[derive(Deserialize)]
struct Comments {
    #[serde(default)]
    comments: Vec<Comment>,
}

#[derive(Deserialize)]
struct Account {
    #[serde(default)]
    name: String,
}

/// How far Bugzilla's clock may be behind ours.
const CLOCKS: Duration = Duration::from_secs(60);

impl Bugzilla {
    /// Comments on a bug; a private comment is seen by Bugzilla's insiders alone.
    ///
    /// # Errors
    /// As [`Bugzilla::get_bug`]; invalid for an empty or overlong text.
    pub async fn create_comment(&self, id: u64, text: &str, is_private: bool) -> Result<(), ServiceError> {
        const FUNCTION: &str = "CreateComment";
        if self.session.is_dry_run(FUNCTION) {
            return Ok(());
        }
        let body = Body::Json(json!({ "id": id, "comment": text, "is_private": is_private }).to_string());
        let ask = Ask::send(FUNCTION, Method::POST, format!("/rest/bug/{id}/comment"), body);
        self.session.json::<Made>(&ask).await.map(drop)
    }

    /// Whether [`Bugzilla::create_comment`], in doubt since `since`, took effect: the number of a comment with this
    /// text, by the client's own account, that is not older. Where Bugzilla cannot say who the account is, any author
    /// will do.
    ///
    /// # Errors
    /// As [`Bugzilla::get_bug`].
    pub async fn find_comment(
        &self,
        id: u64,
        text: &str,
        is_private: bool,
        since: Timestamp,
    ) -> Result<Option<u64>, ServiceError> {
        let since = since.checked_sub(CLOCKS).unwrap_or(Timestamp::MIN);
        let since = Timestamp::from_second(since.as_second()).unwrap_or(since);
        let mut found = self.comments(id, &format!("new_since={}", encode(&since.to_string()))).await?;
        found.retain(|comment| {
            comment.time >= since && comment.is_private == is_private && stored(&comment.text) == stored(text)
        });
        if found.is_empty() {
            return Ok(None);
        }
        let me = self.whoami().await?;
        let mine = |comment: &&Comment| me.as_ref().is_none_or(|me| *me == comment.creator);
        Ok(found.iter().find(mine).map(|comment| comment.id))
    }

    pub(crate) async fn comments(&self, id: u64, query: &str) -> Result<Vec<Comment>, ServiceError> {
        let ask = Ask::get("GetComments", format!("/rest/bug/{id}/comment")).query(query);
        let OfBugs { mut bugs } = self.session.json(&ask).await?;
        let comments = bugs.remove(&id.to_string()).map(|bug| bug.comments);
        let absent = || self.session.error(ServiceErrorKind::Other, "the comments are not those of the bug");
        comments.ok_or_else(absent)
    }

    /// The login of the client's account; none for a server too old to say.
    async fn whoami(&self) -> Result<Option<String>, ServiceError> {
        match self.session.json::<Account>(&Ask::get("WhoAmI", "/rest/whoami".to_owned())).await {
            Ok(account) => Ok(Some(account.name).filter(|name| !name.is_empty())),
            Err(error) => match error.kind {
                ServiceErrorKind::NotFound | ServiceErrorKind::Invalid | ServiceErrorKind::Other => Ok(None),
                ServiceErrorKind::Denied | ServiceErrorKind::Conflict | ServiceErrorKind::Later { .. } => Err(error),
            },
        }
    }
}

/// As Bugzilla keeps a comment: without white space at its end, and with plain line ends.
fn stored(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").trim_end().to_owned()
}
