//! Symbolic links of a commit, followed as far as they stay in it.
//!
//! What a link leads to on the machine that happens to hold a checkout is nobody's to read, and a mirror has none.

use std::collections::{BTreeSet, HashMap};

use crate::error::Result;
use crate::files::{Entry, contents};
use crate::mirror::Mirror;
use crate::names::Sha;

/// How many links one path may go through, as on Linux.
const MAX_LINKS: usize = 40;

/// How long a path may be, as on Linux.
const MAX_PATH: usize = 4096;

/// How large all links that are read may be together.
const MAX_BYTES: usize = 4 << 20;

/// The file that a link leads to, or why it leads to none.
pub(crate) type Target = std::result::Result<Sha, &'static str>;

/// Where each of these links leads, in their order. `all` are the entries of the commit.
pub(crate) async fn targets(mirror: &Mirror, all: &[Entry], links: &[&str]) -> Result<Vec<Target>> {
    if links.is_empty() {
        return Ok(Vec::new());
    }
    let entries: HashMap<&str, &Entry> = all.iter().map(|entry| (entry.path.as_str(), entry)).collect();
    let mut texts = HashMap::new();
    loop {
        let steps: Vec<Step> = links.iter().map(|link| follow(link, &entries, &texts)).collect();
        let unread = |step: &Step| if let Step::Read(link) = step { Some(link.clone()) } else { None };
        let unread: Vec<Sha> = steps.iter().filter_map(unread).collect::<BTreeSet<_>>().into_iter().collect();
        if unread.is_empty() {
            return Ok(steps.into_iter().filter_map(Step::ended).collect());
        }
        let read = contents(mirror, &unread, MAX_BYTES).await?;
        let read = read.iter().map(|text| String::from_utf8_lossy(text).into_owned());
        texts.extend(unread.into_iter().zip(read));
    }
}

/// How far a path can be followed with the links that were read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// To its end.
    Ended(Target),
    /// To this link, which was not read yet.
    Read(Sha),
}

impl Step {
    fn ended(self) -> Option<Target> {
        if let Self::Ended(target) = self { Some(target) } else { None }
    }
}

fn follow(path: &str, entries: &HashMap<&str, &Entry>, texts: &HashMap<Sha, String>) -> Step {
    let no = |why| Step::Ended(Err(why));
    // What is still to be gone, the next part last.
    let mut ahead: Vec<&str> = path.rsplit('/').collect();
    let mut at = String::new();
    let mut links = 0;
    while let Some(part) = ahead.pop() {
        match part {
            "" | "." => continue,
            ".." if at.is_empty() => return no("it leads out of the repository"),
            ".." => {
                at.truncate(at.rfind('/').unwrap_or_default());
                continue;
            }
            _ => {}
        }
        let above = at.len();
        if above > 0 {
            at.push('/');
        }
        at.push_str(part);
        let Some(entry) = entries.get(at.as_str()).filter(|entry| !entry.is_regular) else { continue };
        let Some(text) = texts.get(&entry.blob) else { return Step::Read(entry.blob.clone()) };
        links += 1;
        match text.as_str() {
            _ if links > MAX_LINKS => return no("it leads through too many links, or in a circle"),
            text if text.len() > MAX_PATH => return no("it is too long for a path"),
            text if text.starts_with('/') => return no("it leads out of the repository"),
            _ => {}
        }
        at.truncate(above);
        ahead.extend(text.rsplit('/'));
    }
    match entries.get(at.as_str()) {
        Some(file) => Step::Ended(Ok(file.blob.clone())),
        None => no("it leads to no file of the repository"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha(of: usize) -> Sha {
        Sha::new(&format!("{of:040x}")).unwrap()
    }

    /// Files by name, links by name and text; where `link` leads.
    #[track_caller]
    fn check(files: &[&str], links: &[(&str, &str)], want: std::result::Result<&str, &str>) {
        let entry = |at: usize, path: &str, is_regular| Entry { path: path.to_owned(), blob: sha(at), is_regular };
        let regular = files.iter().enumerate().map(|(at, path)| entry(at, path, true));
        let linked = links.iter().enumerate().map(|(at, (path, _))| entry(files.len() + at, path, false));
        let all: Vec<Entry> = regular.chain(linked).collect();
        let entries = all.iter().map(|entry| (entry.path.as_str(), entry)).collect();
        let texts = links.iter().enumerate().map(|(at, (_, text))| (sha(files.len() + at), (*text).to_owned()));
        let want = want.map(|path| sha(files.iter().position(|file| *file == path).unwrap()));
        match follow("a/link", &entries, &texts.collect()).ended().expect("all links are read") {
            Ok(found) => assert_eq!(Ok(found), want, "{links:?}"),
            Err(why) => assert!(want.as_ref().is_err_and(|part| why.contains(part)), "{links:?}: {why}, not {want:?}"),
        }
    }

    #[test]
    fn links_are_followed_from_where_they_stand() {
        check(&["a/x"], &[("a/link", "x")], Ok("a/x"));
        check(&["x"], &[("a/link", "../x")], Ok("x"));
        check(&["a/b/c/x"], &[("a/link", "./b//c/../c/x")], Ok("a/b/c/x"));
        check(&["x", "a/x"], &[("a/link", "two"), ("a/two", "../x")], Ok("x"));
    }

    #[test]
    fn folders_may_be_links_too() {
        check(&["c/d/x"], &[("a/link", "b/x"), ("a/b", "../c/d")], Ok("c/d/x"));
        // The parent of what the link leads to, and not of the link.
        check(&["c/x", "a/x"], &[("a/link", "b/../x"), ("a/b", "../c/d")], Ok("c/x"));
        check(&["c/x"], &[("a", "c"), ("c/link", "x")], Ok("c/x"));
    }

    #[test]
    fn nothing_outside_is_reached() {
        for text in ["/etc/passwd", "../../x", "../a/../../x", "b/../../../x"] {
            check(&["x", "a/b/y"], &[("a/link", text)], Err("out of the repository"));
        }
        check(&["x"], &[("a/link", "b"), ("a/b", "/x")], Err("out of the repository"));
    }

    #[test]
    fn what_leads_nowhere() {
        check(&["a/x/y"], &[("a/link", "gone")], Err("to no file"));
        check(&["a/x/y"], &[("a/link", "x")], Err("to no file"));
        check(&["a/x"], &[("a/link", "x/y")], Err("to no file"));
        check(&["a/x"], &[("a/link", "")], Err("to no file"));
        check(&["a/x"], &[("a/link", "link")], Err("in a circle"));
        check(&["a/x"], &[("a/link", "two"), ("a/two", "link")], Err("in a circle"));
        check(&["a/x"], &[("a/link", &"x".repeat(5000))], Err("too long"));
    }

    #[test]
    fn a_link_that_was_not_read_is_asked_for() {
        let link = Entry { path: "a".to_owned(), blob: sha(7), is_regular: false };
        let entries = HashMap::from([("a", &link)]);
        assert_eq!(follow("a", &entries, &HashMap::new()), Step::Read(sha(7)));
    }
}
