//! What the stand-in Bugzilla knows; gone with the process.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::seed_services::{KeyPlace, SeedBugzilla, SeedBugzillaAccount as Account};
use crate::world::now;

/// Everything.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Bugzilla {
    pub(crate) accounts: Vec<Account>,
    pub(crate) key_in: Vec<KeyPlace>,
    pub(crate) bugs: BTreeMap<u64, Bug>,
    last_comment: u64,
}

/// A bug.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Bug {
    pub(crate) id: u64,
    pub(crate) alias: Vec<String>,
    /// The fields that have no rules of their own, as they were sent.
    pub(crate) fields: BTreeMap<String, Value>,
    pub(crate) summary: String,
    pub(crate) status: String,
    pub(crate) resolution: String,
    pub(crate) groups: Vec<String>,
    pub(crate) depends_on: BTreeSet<u64>,
    pub(crate) blocks: BTreeSet<u64>,
    pub(crate) external: Vec<External>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) changed: Option<Timestamp>,
}

/// A link into another tracker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct External {
    pub(crate) url: String,
    pub(crate) id: String,
}

/// A comment; the first is the description.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) text: String,
    pub(crate) creator: String,
    pub(crate) time: Timestamp,
    pub(crate) is_private: bool,
}

/// The statuses there are; all but the last are open ones.
pub(crate) const STATUSES: [&str; 9] =
    ["NEW", "ASSIGNED", "POST", "MODIFIED", "ON_DEV", "ON_QA", "VERIFIED", "RELEASE_PENDING", "CLOSED"];

/// Fields that are kept as they are sent, and what they are if left out.
pub(crate) fn plain_fields() -> [(&'static str, Value); 15] {
    [
        ("product", json!("Product")),
        ("component", json!(["component"])),
        ("version", json!(["unspecified"])),
        ("target_release", json!(["---"])),
        ("target_milestone", json!("---")),
        ("severity", json!("unspecified")),
        ("priority", json!("unspecified")),
        ("platform", json!("All")),
        ("op_sys", json!("All")),
        ("whiteboard", json!("")),
        ("assigned_to", json!("nobody@example.com")),
        ("qa_contact", json!("")),
        ("cc", json!([])),
        ("keywords", json!([])),
        ("sub_components", json!({})),
    ]
}

/// Of the plain fields, those that are lists; one text counts as a list of one.
const LISTS: [&str; 5] = ["component", "version", "target_release", "cc", "keywords"];

impl Bugzilla {
    /// Adds what the document names; a bug that is there already stays as it is.
    pub(crate) fn seed(&mut self, seed: &SeedBugzilla) {
        for account in &seed.accounts {
            self.accounts.retain(|known| known.login != account.login);
            self.accounts.push(account.clone());
        }
        if !seed.key_in.is_empty() {
            self.key_in.clone_from(&seed.key_in);
        }
        for (id, bug) in &seed.bugs {
            if self.bugs.contains_key(id) {
                continue;
            }
            let mut made = Bug {
                id: *id,
                summary: bug.summary.clone(),
                status: bug.status.clone().unwrap_or_else(|| STATUSES[0].to_owned()),
                groups: bug.groups.clone(),
                ..Bug::default()
            };
            made.set("qa_contact", json!(bug.qa_contact));
            made.set("sub_components", json!(bug.sub_components));
            if let Some(severity) = &bug.severity {
                made.set("severity", json!(severity));
            }
            if !bug.target_release.is_empty() {
                made.set("target_release", json!(bug.target_release));
            }
            self.bugs.insert(*id, made);
            self.comment(*id, "reporter@example.com", &bug.description, false);
        }
        for (id, bug) in &seed.bugs {
            bug.depends_on.iter().for_each(|on| self.depend(*id, *on));
        }
    }

    /// By number or alias.
    pub(crate) fn find(&self, name: &str) -> Option<&Bug> {
        match name.parse::<u64>() {
            Ok(id) => self.bugs.get(&id),
            Err(_) => self.bugs.values().find(|bug| bug.alias.iter().any(|alias| alias == name)),
        }
    }

    /// The number of the next bug.
    pub(crate) fn next_id(&self) -> u64 {
        self.bugs.keys().next_back().map_or(1, |last| last + 1)
    }

    /// `id` waits for `on`.
    pub(crate) fn depend(&mut self, id: u64, on: u64) {
        self.bugs.entry(id).and_modify(|bug| _ = bug.depends_on.insert(on));
        self.bugs.entry(on).and_modify(|bug| _ = bug.blocks.insert(id));
    }

    /// `id` waits for `on` no longer.
    pub(crate) fn no_longer_depend(&mut self, id: u64, on: u64) {
        self.bugs.entry(id).and_modify(|bug| _ = bug.depends_on.remove(&on));
        self.bugs.entry(on).and_modify(|bug| _ = bug.blocks.remove(&id));
    }

    /// The comment's number. Kept as Bugzilla keeps it: plain line ends, no white space at the end.
    pub(crate) fn comment(&mut self, bug: u64, creator: &str, text: &str, is_private: bool) -> u64 {
        self.last_comment += 1;
        let id = self.last_comment;
        let text = text.replace("\r\n", "\n").trim_end().to_owned();
        let comment = Comment { id, text, creator: creator.to_owned(), time: now(), is_private };
        self.bugs.entry(bug).and_modify(|bug| bug.comments.push(comment));
        id
    }
}

impl Bug {
    /// Sets a plain field.
    pub(crate) fn set(&mut self, name: &str, value: Value) {
        let value = if LISTS.contains(&name) && value.is_string() { json!([value]) } else { value };
        self.fields.insert(name.to_owned(), value);
    }

    /// Whether it may be seen.
    pub(crate) fn is_seen_by(&self, who: Option<&Account>) -> bool {
        self.groups.iter().all(|group| who.is_some_and(|who| who.groups.contains(group)))
    }

    /// As the API shows it, with every field that there is.
    pub(crate) fn shown(&self) -> Value {
        let mut shown = json!({
            "id": self.id, "alias": self.alias, "summary": self.summary, "status": self.status,
            "resolution": self.resolution, "groups": self.groups, "depends_on": self.depends_on, "blocks": self.blocks,
            "is_open": self.status != "CLOSED", "flags": [],
            "creator": self.comments.first().map_or("", |comment| &comment.creator),
            "creation_time": self.comments.first().map(|comment| comment.time),
            "last_change_time": self.changed,
        });
        for (name, default) in plain_fields() {
            shown[name] = default;
        }
        for (name, value) in &self.fields {
            shown[name] = value.clone();
        }
        let qa = shown["qa_contact"].as_str().unwrap_or_default().to_owned();
        if !qa.is_empty() {
            shown["qa_contact_detail"] = json!({ "id": 1, "name": qa, "email": qa, "real_name": "" });
        }
        let link = |link: &External| json!({ "bug_id": self.id, "ext_bz_bug_id": link.id, "ext_status": "open", "type": { "url": link.url } });
        shown["external_bugs"] = self.external.iter().map(link).collect();
        shown
    }
}
