//! The link from a Jira issue to the page that names it.

/// A link that an issue has, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known<'a> {
    /// Its number.
    pub id: u64,
    /// Where it leads.
    pub url: &'a str,
    /// What it is called.
    pub title: &'a str,
}

/// What is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The issue has none for the page.
    Add,
    /// It has this one, under another title.
    Rename(u64),
}

/// Nothing where the first link to the page has the title.
pub fn change<'a>(known: impl IntoIterator<Item = Known<'a>>, url: &str, title: &str) -> Option<Change> {
    match known.into_iter().find(|link| link.url == url) {
        None => Some(Change::Add),
        Some(link) if link.title == title => None,
        Some(link) => Some(Change::Rename(link.id)),
    }
}

/// The page's URL: that of the issue or pull request, not of one comment on it.
pub fn page(html_url: &str) -> &str {
    html_url.split('#').next().unwrap_or_default()
}

/// What the link is called.
pub fn title(org: &str, repo: &str, number: u32, of_issue: &str) -> String {
    format!("{org}/{repo}#{number}: {of_issue}")
}
