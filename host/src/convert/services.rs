//! What Jira and Bugzilla say, as the contract has it.

use crate::contract::types::RepoRef;
use crate::contract::{bugzilla_read, bugzilla_write, jira_read};

pub(crate) fn jira_issue(issue: services::JiraIssue) -> jira_read::JiraIssue {
    let services::JiraIssue { id, key, summary, status } = issue;
    jira_read::JiraIssue { id, key, summary, status }
}

pub(crate) fn remote_link(link: services::RemoteLink) -> jira_read::RemoteLink {
    let services::RemoteLink { id, url, title } = link;
    jira_read::RemoteLink { id, url, title }
}

pub(crate) fn bug(bug: services::Bug) -> bugzilla_read::Bug {
    bugzilla_read::Bug {
        id: bug.id,
        summary: bug.summary,
        product: bug.product,
        component: bug.component,
        version: bug.version,
        target_release: bug.target_release,
        status: bug.status,
        resolution: bug.resolution,
        severity: bug.severity,
        is_open: bug.is_open,
        depends_on: bug.depends_on,
        blocks: bug.blocks,
        groups: bug.groups,
        qa_contact: bug.qa_contact,
    }
}

pub(crate) fn linked_pull_request(linked: services::LinkedPullRequest) -> bugzilla_read::LinkedPullRequest {
    bugzilla_read::LinkedPullRequest { repo: RepoRef { org: linked.org, name: linked.repo }, number: linked.number }
}

pub(crate) fn bug_update(changes: bugzilla_write::BugUpdate) -> services::BugUpdate {
    let bugzilla_write::BugUpdate { status, resolution, target_release } = changes;
    services::BugUpdate { status, resolution, target_release }
}
