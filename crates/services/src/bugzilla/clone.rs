//! Clones of a bug. Behaviour: Prow pkg/bugzilla/client.go, `clone`, but in one write and not two: what the clone depends
//! on and blocks is in it from the start, so that a clone is never half of one. And it has an alias of its own where
//! Prow copies the original's, which Bugzilla refuses, since aliases are unique.

use std::fmt::Write as _;

use http::Method;
use serde::Serialize;

use super::bug::{Flag, OneOrMany, WireBug};
use super::comments::Comment;
use super::{BugUpdate, Bugzilla, Made, json};
use crate::error::{ServiceError, ServiceErrorKind};
use crate::session::Ask;

/// A bug to be.
#[derive(Debug, Serialize)]
struct NewBug<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    alias: &'a str,
    product: &'a str,
    component: &'a OneOrMany,
    version: &'a OneOrMany,
    summary: &'a str,
    description: String,
    comment_is_private: bool,
    depends_on: [u64; 1],
    #[serde(flatten)]
    changes: &'a BugUpdate,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    blocks: &'a [u64],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    cc: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    groups: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    keywords: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    flags: &'a [Flag],
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    sub_components: &'a std::collections::BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    severity: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    priority: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    platform: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    op_sys: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    whiteboard: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    assigned_to: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    qa_contact: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    target_milestone: &'a str,
}

impl Bugzilla {
    /// Makes a copy that depends on the original and blocks what that blocks, with these changes, and gives its number;
    /// 0 in a dry run. `alias`, up to 40 letters, digits and hyphens, is what [`Bugzilla::find_clone`] finds it by. Three
    /// calls.
    ///
    /// # Errors
    /// As [`Bugzilla::get_bug`]; conflict for an alias that is taken.
    pub async fn clone_bug(&self, id: u64, changes: &BugUpdate, alias: &str) -> Result<u64, ServiceError> {
        const FUNCTION: &str = "CreateBug";
        self.check_alias(alias)?;
        let fields = "include_fields=_default&include_fields=flags&include_fields=sub_components";
        let original = self.bug(id, fields).await?;
        let comments = self.comments(id, "").await?;
        if self.session.is_dry_run(FUNCTION) {
            return Ok(0);
        }
        let copy = copy(&original, &comments, changes, alias);
        let ask = Ask::send(FUNCTION, Method::POST, "/rest/bug".to_owned(), json(&copy));
        Ok(self.session.json::<Made>(&ask).await?.id)
    }

    /// The bug with this alias: whether a [`Bugzilla::clone_bug`] that is in doubt took effect.
    ///
    /// # Errors
    /// As [`Bugzilla::get_bug`]; that there is none is no error.
    pub async fn find_clone(&self, alias: &str) -> Result<Option<u64>, ServiceError> {
        self.check_alias(alias)?;
        let ask = Ask::get("GetBug", format!("/rest/bug/{alias}")).query("include_fields=id");
        match self.only_bug(&ask).await {
            Ok(bug) => Ok(Some(bug.id)),
            Err(error) if error.kind == ServiceErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A number would be taken for a bug's, and anything else could lead to another path.
    fn check_alias(&self, alias: &str) -> Result<(), ServiceError> {
        let plain = alias.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if plain && alias.len() <= 40 && alias.chars().any(|c| c.is_ascii_alphabetic()) {
            return Ok(());
        }
        let why = format!("`{alias}` cannot be an alias: up to 40 letters, digits and hyphens, not a number");
        Err(self.session.error(ServiceErrorKind::Invalid, why))
    }
}

fn copy<'a>(original: &'a WireBug, comments: &[Comment], changes: &'a BugUpdate, alias: &'a str) -> NewBug<'a> {
    NewBug {
        alias,
        product: &original.product,
        component: &original.component,
        version: &original.version,
        summary: &original.summary,
        description: description(original.id, comments),
        comment_is_private: comments.iter().any(|comment| comment.is_private),
        depends_on: [original.id],
        changes,
        blocks: &original.blocks,
        cc: &original.cc,
        groups: &original.groups,
        keywords: &original.keywords,
        flags: &original.flags,
        sub_components: &original.sub_components,
        severity: &original.severity,
        priority: &original.priority,
        platform: &original.platform,
        op_sys: &original.op_sys,
        whiteboard: &original.whiteboard,
        assigned_to: &original.assigned_to,
        qa_contact: &original.qa_contact,
        target_milestone: &original.target_milestone,
    }
}

/// Bugzilla's limit for a comment.
const MOST_BYTES: usize = 65_535;

/// All comments in one, as Bugzilla's own page for clones writes them.
fn description(original: u64, comments: &[Comment]) -> String {
    let mut text = format!("+++ This bug was initially created as a clone of Bug #{original} +++\n\n");
    for (index, comment) in comments.iter().enumerate() {
        if index > 0 {
            let at = comment.time.strftime("%Y-%m-%d %H:%M:%S UTC");
            let _ = write!(text, "\n\n--- Additional comment from {} on {at} ---\n\n", comment.creator);
        }
        text.push_str(&comment.text);
    }
    if text.len() > MOST_BYTES {
        let end = (0..=MOST_BYTES - 3).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default();
        text.truncate(end);
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn comments(texts: &[(&str, bool)]) -> Vec<Comment> {
        let comment = |(index, (text, is_private)): (usize, &(&str, bool))| {
            json!({
                "id": index, "text": text, "creator": "dev@x", "time": "2020-03-16T22:19:41Z", "is_private": is_private,
            })
        };
        serde_json::from_value(texts.iter().enumerate().map(comment).collect()).unwrap()
    }

    #[test]
    fn a_clone_takes_over_the_bug_and_all_that_was_said() {
        let original: WireBug = serde_json::from_value(json!({
            "id": 5, "alias": ["mine"], "product": "P", "component": ["api"], "version": ["4.1"], "summary": "It fails",
            "status": "ON_QA", "resolution": "", "severity": "high", "target_release": ["4.1.0"], "blocks": [7],
            "groups": ["private"], "whiteboard": "w", "sub_components": { "api": ["auth"] },
            "flags": [{ "id": 3, "name": "blocker", "type_id": 9, "status": "?", "setter": "dev@x" }],
        }))
        .unwrap();
        let changes = BugUpdate { target_release: Some(vec!["4.0.z".to_owned()]), ..BugUpdate::default() };
        let said = comments(&[("It does not work.", false), ("Here neither.", true)]);
        let clone = serde_json::to_string_pretty(&copy(&original, &said, &changes, "a-1")).unwrap();
        insta::assert_snapshot!(clone);
    }

    #[test]
    fn a_server_that_sends_one_component_is_sent_one() {
        let original = r#"{"id":5,"component":"api","version":"4.1"}"#;
        let original: WireBug = serde_json::from_str(original).unwrap();
        let clone = serde_json::to_value(copy(&original, &[], &BugUpdate::default(), "a-1")).unwrap();
        assert_eq!((&clone["component"], &clone["version"]), (&json!("api"), &json!("4.1")));
    }

    #[test]
    fn a_description_ends_where_bugzilla_s_limit_is() {
        let long = "é".repeat(40_000);
        let text = description(5, &comments(&[(&long, false)]));
        assert!(text.len() <= MOST_BYTES && text.len() > MOST_BYTES - 5, "{}", text.len());
        assert!(text.ends_with("é..."));
        assert_eq!(description(5, &[]), "+++ This bug was initially created as a clone of Bug #5 +++\n\n");
    }
}
