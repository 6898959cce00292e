//! Which refs may be given to git, and where they are checked out.

use std::path::{Component, Path, PathBuf};

use prow::refs::Refs;

use crate::userinfo;

/// Checks everything of these refs that becomes an argument of git or a path.
///
/// # Errors
/// The value that is refused, and why.
pub fn check(refs: &Refs) -> Result<(), String> {
    let all = "org, repo and base_ref are needed";
    for (what, value) in [("org", &refs.org), ("repo", &refs.repo), ("base_ref", &refs.base_ref)] {
        if value.is_empty() {
            return Err(format!("{what} is empty: {all}"));
        }
        plain(what, value)?;
    }
    branch("base_ref", &refs.base_ref)?;
    if !refs.base_sha.is_empty() {
        sha("base_sha", &refs.base_sha)?;
    }
    address(&refs.clone_address())?;
    path(&refs.checkout_path())?;
    for pull in &refs.pulls {
        if !pull.sha.is_empty() {
            sha("the pull request's sha", &pull.sha)?;
        }
        if !pull.git_ref.is_empty() {
            branch("the pull request's ref", &pull.git_ref)?;
        }
    }
    refs.sparse_checkout_files.iter().try_for_each(|file| plain("sparse_checkout_files", file))
}

/// Checks all refs of one job, and that no two of them share a folder or lie in one another: what a pull request brings
/// along could hold a symbolic link where the inner one is to be.
///
/// # Errors
/// The value that is refused, and why.
pub fn check_all(all: &[Refs]) -> Result<(), String> {
    for (i, refs) in all.iter().enumerate() {
        check(refs).map_err(|why| format!("{}: {why}", refs.full_name()))?;
        for other in &all[..i] {
            apart(refs, other)?;
        }
    }
    Ok(())
}

/// Paths are compared part by part, as the file system does.
fn apart(refs: &Refs, other: &Refs) -> Result<(), String> {
    let (path, other_path) = (refs.checkout_path(), other.checkout_path());
    let parts = |path| Path::new(path).components().collect::<Vec<_>>();
    let (mine, theirs) = (parts(&path), parts(&other_path));
    if !mine.starts_with(&theirs) && !theirs.starts_with(&mine) {
        return Ok(());
    }
    let (name, other_name) = (refs.full_name(), other.full_name());
    Err(format!(
        "{other_name} at {other_path} and {name} at {path} would be checked out in one folder: give one of them another `path_alias`"
    ))
}

/// Where these refs are checked out below `root`.
pub fn folder(root: &Path, refs: &Refs) -> PathBuf {
    root.join("src").join(refs.checkout_path())
}

/// Where a job with these refs starts: the first of them with `workdir`, else the first, else the root.
pub fn start_folder(root: &Path, all: &[Refs]) -> PathBuf {
    let refs = all.iter().find(|refs| refs.workdir).or_else(|| all.first());
    refs.map_or_else(|| root.to_owned(), |refs| folder(root, refs))
}

/// git would take a leading `-` for an option; a control character is no part of any name.
fn plain(what: &str, value: &str) -> Result<(), String> {
    if value.starts_with('-') {
        return Err(format!("{what} `{}` starts with `-`, which git would take for an option", userinfo::cut(value)));
    }
    if value.chars().any(char::is_control) {
        return Err(format!("{what} {:?} has a control character in it", userinfo::cut(value)));
    }
    Ok(())
}

/// What git itself allows in the name of a ref.
fn branch(what: &str, value: &str) -> Result<(), String> {
    plain(what, value)?;
    let odd = value.contains("..")
        || value.contains("@{")
        || value.contains("//")
        || value.chars().any(|c| " ~^:?*[\\".contains(c))
        || value.split('/').any(|part| part.is_empty() || part.starts_with('.') || part.ends_with(".lock"))
        || value.ends_with('.');
    if odd { Err(format!("{what} `{value}` is not a name that git allows")) } else { Ok(()) }
}

fn sha(what: &str, value: &str) -> Result<(), String> {
    let is_sha = (7..=64).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_hexdigit());
    if is_sha { Ok(()) } else { Err(format!("{what} `{value}` is not a commit's hexadecimal name")) }
}

fn address(value: &str) -> Result<(), String> {
    plain("the clone address", value)?;
    if ["https://", "http://", "ssh://", "file:///"].iter().any(|scheme| value.starts_with(scheme)) {
        // A host that starts with `-` becomes an option of ssh.
        let host = value.split_once("://").map_or("", |(_, rest)| rest);
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        return plain("the clone address's host", host);
    }
    // user@host:path, which is ssh. `::` would name a remote helper.
    let is_scp = value.split_once(':').is_some_and(|(host, path)| {
        host.contains('@') && !host.contains('/') && !host.contains("@-") && !path.starts_with([':', '-'])
    });
    if is_scp {
        return Ok(());
    }
    Err(format!("the clone address `{}` is none of https, http, ssh and file", userinfo::cut(value)))
}

fn path(value: &str) -> Result<(), String> {
    plain("the checkout path", value)?;
    let below = !value.is_empty()
        && Path::new(value).components().all(|part| matches!(part, Component::Normal(name) if name != ".git"));
    if below { Ok(()) } else { Err(format!("the checkout path `{value}` leads out of the job's folder")) }
}

#[cfg(test)]
mod tests {
    use prow::refs::Pull;

    use super::*;

    fn refs() -> Refs {
        Refs { org: "o".into(), repo: "r".into(), base_ref: "main".into(), ..Refs::default() }
    }

    #[track_caller]
    fn check_one(change: impl Fn(&mut Refs), want: bool) {
        let mut refs = refs();
        change(&mut refs);
        let got = check(&refs);
        assert_eq!(got.is_ok(), want, "{got:?} {refs:?}");
    }

    #[test]
    fn usual_refs_pass() {
        check_one(|_| (), true);
        check_one(|r| r.base_ref = "release/v1.2".into(), true);
        check_one(|r| r.base_sha = "a".repeat(40), true);
        check_one(|r| r.path_alias = "k8s.io/test-infra".into(), true);
        for uri in ["https://h/o/r.git", "http://127.0.0.1:1/r", "ssh://git@h/r", "git@github.com:o/r.git", "file:///r"]
        {
            check_one(|r| r.clone_uri = uri.into(), true);
        }
    }

    #[test]
    fn what_git_would_take_for_an_option_is_refused() {
        check_one(|r| r.base_ref = "--upload-pack=touch x".into(), false);
        check_one(|r| r.base_ref = "-x".into(), false);
        check_one(|r| r.base_sha = "--exec=x".into(), false);
        check_one(|r| r.clone_uri = "--upload-pack=x".into(), false);
        check_one(|r| r.clone_uri = "ssh://-oProxyCommand=x/r".into(), false);
        check_one(|r| r.clone_uri = "ssh://git@-oProxyCommand=x/r".into(), false);
        check_one(|r| r.clone_uri = "git@-oProxyCommand=x:r".into(), false);
        check_one(|r| r.org = "-o".into(), false);
        check_one(|r| r.sparse_checkout_files = vec!["--stdin".into()], false);
        check_one(|r| r.pulls = vec![Pull { sha: "-s".into(), ..Pull::default() }], false);
        check_one(|r| r.pulls = vec![Pull { git_ref: "-s".into(), ..Pull::default() }], false);
    }

    #[test]
    fn other_transports_are_refused() {
        for uri in ["ext::sh -c x", "git://h/r", "fd::3", "/srv/r", "h:x", "ftp://h/r", "file://host/r"] {
            check_one(|r| r.clone_uri = uri.into(), false);
        }
    }

    #[test]
    fn names_that_are_no_names_are_refused() {
        for name in ["", "a b", "a..b", "a:b", "a//b", ".hidden", "a/.b", "a.lock", "a\nb", "a^", "@{u}", "a."] {
            check_one(|r| r.base_ref = name.into(), false);
        }
        check_one(|r| r.base_sha = "main".into(), false);
        check_one(|r| r.repo.clear(), false);
    }

    #[test]
    fn no_checkout_leaves_the_job_s_folder() {
        for alias in ["../x", "/etc", "a/../../b", "a/.git/b"] {
            check_one(|r| r.path_alias = alias.into(), false);
        }
    }

    #[track_caller]
    fn check_apart(one: &str, other: &str, want: bool) {
        let at = |alias: &str| Refs { path_alias: alias.into(), ..refs() };
        for (one, other) in [(at(one), at(other)), (at(other), at(one))] {
            let got = check_all(&[one, other]);
            assert_eq!(got.is_ok(), want, "{got:?}");
        }
    }

    #[test]
    fn d40_two_refs_at_one_path_are_refused() {
        check_apart("", "", false);
        check_apart("", "elsewhere", true);
        check_apart("a/b", "a//b/", false);
    }

    #[test]
    fn no_checkout_lies_in_another_whose_pull_request_may_bring_a_link() {
        check_apart("a", "a/b", false);
        check_apart("", "github.com/o/r/tools", false);
        check_apart("a/b", "a/bc", true);
        check_apart("a/b", "a/c", true);
    }

    #[test]
    fn the_job_starts_in_its_own_checkout_unless_another_says_otherwise() {
        let root = Path::new("/w");
        assert_eq!(start_folder(root, &[]), Path::new("/w"));
        let mut other = Refs { path_alias: "x/y".into(), ..refs() };
        assert_eq!(start_folder(root, &[refs(), other.clone()]), Path::new("/w/src/github.com/o/r"));
        other.workdir = true;
        assert_eq!(start_folder(root, &[refs(), other]), Path::new("/w/src/x/y"));
    }
}
