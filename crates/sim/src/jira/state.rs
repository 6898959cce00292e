//! What the stand-in Jira knows; gone with the process.

use serde::Serialize;
use serde_json::{Value, json};

use crate::seed_services::{SeedJira, SeedJiraAccount as Account};

/// Everything, in the order in which it came to be.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Jira {
    pub(crate) accounts: Vec<Account>,
    pub(crate) projects: Vec<String>,
    pub(crate) issues: Vec<Issue>,
    last_id: u64,
}

/// An issue.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Issue {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) summary: String,
    pub(crate) status: String,
    pub(crate) links: Vec<RemoteLink>,
}

/// A link to a page elsewhere.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RemoteLink {
    pub(crate) id: u64,
    pub(crate) global_id: Option<String>,
    pub(crate) url: String,
    pub(crate) title: String,
    /// All that was sent of it.
    pub(crate) object: Value,
    pub(crate) relationship: Option<String>,
}

impl Jira {
    /// Adds what the document names; what is there already stays.
    pub(crate) fn seed(&mut self, seed: &SeedJira) {
        for account in &seed.accounts {
            self.accounts.retain(|known| known.name != account.name);
            self.accounts.push(account.clone());
        }
        for key in &seed.projects {
            self.ensure_project(key);
        }
        for issue in &seed.issues {
            self.ensure_project(issue.key.split('-').next().unwrap_or_default());
            if self.issue(&issue.key).is_none() {
                self.last_id += 1;
                self.issues.push(Issue {
                    id: (10_000 + self.last_id).to_string(),
                    key: issue.key.clone(),
                    summary: issue.summary.clone(),
                    status: issue.status.clone().unwrap_or_else(|| "To Do".to_owned()),
                    links: Vec::new(),
                });
            }
        }
    }

    fn ensure_project(&mut self, key: &str) {
        if !self.projects.iter().any(|known| known == key) {
            self.projects.push(key.to_owned());
        }
    }

    /// By key, in any case as Jira has it, or by id.
    pub(crate) fn issue(&self, key: &str) -> Option<&Issue> {
        self.issues.iter().find(|issue| issue.key.eq_ignore_ascii_case(key) || issue.id == key)
    }

    /// A new issue's key; none where there is no such project.
    pub(crate) fn create(&mut self, project: &str, summary: &str) -> Option<String> {
        self.projects.iter().find(|known| *known == project)?;
        let prefix = format!("{project}-");
        let numbers = self.issues.iter().filter_map(|issue| issue.key.strip_prefix(&prefix)?.parse::<u64>().ok());
        let key = format!("{prefix}{}", numbers.max().unwrap_or(0) + 1);
        self.last_id += 1;
        let (id, status) = ((10_000 + self.last_id).to_string(), "To Do".to_owned());
        self.issues.push(Issue { id, key: key.clone(), summary: summary.to_owned(), status, links: Vec::new() });
        Some(key)
    }

    /// Puts a link in place of the one with this id, else of the one with its global id, else beside the others; gives
    /// its id and whether it is new. None where the id is of no link.
    pub(crate) fn put_link(&mut self, key: &str, id: Option<u64>, mut link: RemoteLink) -> Option<(u64, bool)> {
        let next = 20_000 + self.last_id;
        let issue = self.issues.iter_mut().find(|issue| issue.key == key)?;
        let same_global_id = |known: &RemoteLink| known.global_id.is_some() && known.global_id == link.global_id;
        let place = match id {
            Some(id) => Some(issue.links.iter().position(|known| known.id == id)?),
            None => issue.links.iter().position(same_global_id),
        };
        match place {
            Some(place) => {
                link.id = issue.links[place].id;
                issue.links[place] = link;
                Some((issue.links[place].id, false))
            }
            None => {
                link.id = next;
                issue.links.push(link);
                self.last_id += 1;
                Some((next, true))
            }
        }
    }

    /// Whether there was one.
    pub(crate) fn remove_link(&mut self, key: &str, id: u64) -> bool {
        let Some(issue) = self.issues.iter_mut().find(|issue| issue.key == key) else { return false };
        let before = issue.links.len();
        issue.links.retain(|link| link.id != id);
        issue.links.len() < before
    }
}

impl Issue {
    /// As the API shows it.
    pub(crate) fn shown(&self, base: &str) -> Value {
        let project = self.key.split('-').next().unwrap_or_default();
        json!({
            "id": self.id, "key": self.key, "self": format!("{base}/rest/api/2/issue/{}", self.id),
            "fields": {
                "summary": self.summary, "status": { "name": self.status }, "project": { "key": project },
                "issuetype": { "name": "Bug" },
            },
        })
    }
}

impl RemoteLink {
    /// As the API shows it.
    pub(crate) fn shown(&self, url: &str) -> Value {
        let mut shown = json!({ "id": self.id, "self": url, "object": self.object });
        if let Some(id) = &self.global_id {
            shown["globalId"] = json!(id);
        }
        if let Some(relationship) = &self.relationship {
            shown["relationship"] = json!(relationship);
        }
        shown
    }
}
