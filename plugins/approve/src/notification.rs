//! The comment that says how things stand. Behaviour: Prow pkg/plugins/approve/approvers/owners.go, `GetMessage`: the
//! parts and their order; the words are our own, but for the first line and the last, which programs read.
//!
//! Decided otherwise than there: people are linked on the server that the pull request is on, where Prow links to
//! github.com; addresses are escaped; lists that would go beyond what a comment may hold are cut, and say how much is
//! missing.

use kit::{PullRequest, Text};

use crate::approvals::{Approval, Approvals, Means};
use crate::suggest::Suggestions;

/// How far a pull request is, and whom it is told to.
#[derive(Debug)]
pub struct Standing<'a> {
    /// All that has to be approved is, and the issue that it takes is there.
    pub met: bool,
    /// All that has to be approved is.
    pub files_approved: bool,
    /// Somebody put the label on by hand, and requirements are not met.
    pub by_hand: bool,
    /// Who has approved.
    pub approvals: &'a Approvals,
    /// Whom to ask.
    pub suggestions: Suggestions,
    /// About the issue.
    pub issue: Issue<'a>,
    /// What has to be approved, sorted.
    pub folders: Vec<Folder<'a>>,
}

/// Whether the pull request belongs to an issue.
#[derive(Debug)]
pub enum Issue<'a> {
    /// It need not.
    NotRequired,
    /// It does.
    Named(u64),
    /// These say that it need not.
    Waived(Vec<&'a Approval>),
    /// The label was put on by hand.
    ByHand,
    /// It should, and does not.
    Missing,
}

/// A folder with an OWNERS file, or a Markdown file with a header.
#[derive(Debug)]
pub struct Folder<'a> {
    /// From the root, which is empty.
    pub path: &'a str,
    /// Whether all that is to be approved there is.
    pub approved: bool,
    /// Those who may approve there and have.
    pub by: Vec<&'a str>,
}

/// Where the comment's links lead.
#[derive(Debug)]
pub struct Links<'a> {
    /// `org/repo`.
    pub repo: (&'a str, &'a str),
    /// The list of commands.
    pub commands: &'a str,
    /// The way of a review.
    pub process: &'a str,
    /// What OWNERS files are called there.
    pub owners_file: &'a str,
    /// The pull request.
    pub pr: &'a PullRequest,
}

/// What all of them begin with, in any case.
const TITLE: &str = "[APPROVALNOTIFIER]";

/// GitHub takes 65,536 characters for a comment. So many bytes of them has each list at the most: the folders, those who
/// have approved, those who waive the issue, and those who are asked, assigned, not assigned, and both for programs.
const MAX_FOLDERS: usize = 32_000;
const MAX_APPROVED: usize = 10_000;
const MAX_WAIVED: usize = 3_000;
const MAX_ASKED: usize = 4_000;
/// And those who have approved for one folder.
const MAX_OF_FOLDER: usize = 2_000;

/// Whether a comment's text is a notification; whether it is ours, its author says.
pub fn is_one(body: &str) -> bool {
    body.get(..TITLE.len()).is_some_and(|start| start.eq_ignore_ascii_case(TITLE))
}

/// The bot's notifications, oldest first.
pub fn earlier<'a>(comments: &'a [Text], bot: &str) -> Vec<&'a Text> {
    kit::written_by(comments, bot).filter(|comment| is_one(&comment.body)).collect()
}

/// The text. It begins no line with a slash, so that nobody takes it for commands.
pub fn text(standing: &Standing<'_>, links: &Links<'_>) -> String {
    let approved = standing.met || standing.by_hand;
    let settled = standing.files_approved || standing.by_hand;
    let mut parts = vec![format!("{TITLE} This PR is **{}APPROVED**", if approved { "" } else { "NOT " })];
    if standing.by_hand {
        parts.push("The label was put on by hand, so the rules below are not applied.".to_owned());
    }
    parts.push(approved_by(standing.approvals));
    if !settled {
        parts.extend(request(&standing.suggestions, links));
    }
    parts.extend(issue(&standing.issue));
    let (org, repo) = links.repo;
    parts.push(format!("[All commands]({}?repo={org}%2F{repo}) of this bot.", links.commands));
    if settled {
        parts.push(format!("[How pull requests are reviewed]({}).", links.process));
    }
    parts.push(format!("<details{}>", if settled { "" } else { " open" }));
    parts.push("Somebody who may approve has to do so for each of:".to_owned());
    parts.extend(folders(&standing.folders, links));
    parts.push(
        "Approve with a comment `/approve`.\nTake an approval back with a comment `/approve cancel`.\n</details>"
            .to_owned(),
    );
    let all = standing.suggestions.all();
    let asked = &all[..fitting(all.iter().map(|login| login.len() + 3), MAX_ASKED)];
    let meta = serde_json::json!({ "approvers": asked });
    format!("{}\n<!-- META={meta} -->", parts.join("\n\n"))
}

fn approved_by(approvals: &Approvals) -> String {
    match approvals.is_empty() {
        true => "Nobody has approved this pull request.".to_owned(),
        false => format!("Approved by: {}", people(approvals.values(), MAX_APPROVED)),
    }
}

fn people<'a>(approvals: impl IntoIterator<Item = &'a Approval>, max: usize) -> String {
    let person = |approval: &Approval| {
        let how = match approval.means {
            Means::Approve => "Approved",
            Means::Lgtm => "LGTM",
            Means::Author => "Author self-approved",
        };
        format!(r#"*<a href="{}" title="{how}">{}</a>*"#, approval.reference, approval.login)
    };
    listed(approvals.into_iter().map(person).collect(), max)
}

/// With commas, as many as there is room for, and how many more there are.
fn listed(mut items: Vec<String>, max: usize) -> String {
    let all = items.len();
    items.truncate(fitting(items.iter().map(|item| item.len() + 2), max));
    if items.len() < all {
        items.push(format!("… and {} more", all - items.len()));
    }
    items.join(", ")
}

/// How many of these lengths, from the first on, come to no more than `max`.
fn fitting(lengths: impl IntoIterator<Item = usize>, max: usize) -> usize {
    let sums = lengths.into_iter().scan(0, |sum, length| {
        *sum += length;
        Some(*sum)
    });
    sums.take_while(|sum| *sum <= max).count()
}

fn request(suggestions: &Suggestions, links: &Links<'_>) -> Option<String> {
    let site = site(links);
    let profile = |login: &String| format!("[{login}]({site}/{})", escaped(login));
    let names = |logins: &[String]| listed(logins.iter().map(profile).collect(), MAX_ASKED);
    let Suggestions { assigned, others } = suggestions;
    let ask = match (assigned.is_empty(), others.is_empty()) {
        (true, true) => return None,
        (true, false) => format!("please assign {} for approval", names(others)),
        (false, true) => format!("please ask {} for approval", names(assigned)),
        (false, false) => {
            format!("please ask {} for approval, and assign {} for it too", names(assigned), names(others))
        }
    };
    Some(format!("**As soon as it is reviewed** and labelled `lgtm`, {ask}. [How reviews go]({}).", links.process))
}

fn issue(issue: &Issue<'_>) -> Option<String> {
    Some(match issue {
        Issue::NotRequired => return None,
        Issue::Named(number) => format!("Issue: *#{number}*"),
        Issue::Waived(by) => format!("Needs no issue, say: {}", people(by.iter().copied(), MAX_WAIVED)),
        Issue::ByHand => "*No issue*; none is needed, as the label was put on by hand.".to_owned(),
        Issue::Missing => "*No issue*. Name one in the description, like `#123`, or let somebody who may approve say \
                           `/approve no-issue`."
            .to_owned(),
    })
}

/// One line for each, as many as there is room for.
fn folders(folders: &[Folder<'_>], links: &Links<'_>) -> Option<String> {
    let mut lines: Vec<String> = folders.iter().map(|folder| line(folder, links)).collect();
    lines.truncate(fitting(lines.iter().map(|line| line.len() + 1), MAX_FOLDERS));
    if lines.len() < folders.len() {
        lines.push(format!("- … and {} more", folders.len() - lines.len()));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn line(folder: &Folder<'_>, links: &Links<'_>) -> String {
    let file = match folder.path {
        "" => links.owners_file.to_owned(),
        header if header.ends_with(".md") => header.to_owned(),
        path => format!("{path}/{}", links.owners_file),
    };
    let (repository, branch) = (repository(links), escaped(&links.pr.base.name));
    let link = format!("[{file}]({repository}/blob/{branch}/{})", escaped(&file));
    let by = listed(folder.by.iter().map(|&login| login.to_owned()).collect(), MAX_OF_FOLDER);
    match (folder.approved, by.is_empty()) {
        (true, _) => format!("- ~~{link}~~ [{by}]"),
        (false, true) => format!("- **{link}**"),
        (false, false) => format!("- **{link}** [{by}]; not yet for all of it"),
    }
}

/// The repository's page, by the pull request's.
fn repository<'a>(links: &Links<'a>) -> &'a str {
    let url = links.pr.html_url.as_str();
    url.rfind("/pull/").map_or(url, |end| &url[..end])
}

/// Where the pages of people are.
fn site<'a>(links: &Links<'a>) -> &'a str {
    let mut parts = repository(links).rsplitn(3, '/');
    parts.nth(2).unwrap_or("https://github.com")
}

/// For the path of an address.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                escaped.push(char::from(byte))
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}
