//! Who git is to the servers that a job's source is cloned from.

use std::path::PathBuf;

use github::GithubFlags;
use podutils::git::Credentials;
use prow::refs::Refs;

/// What the controller has to show when it clones.
#[derive(Debug)]
pub(crate) struct GitAccess {
    endpoints: Vec<String>,
    token_file: Option<PathBuf>,
}

impl GitAccess {
    /// With what these flags say.
    pub(crate) fn new(flags: &GithubFlags) -> Self {
        // Supervisors work in other folders, so the path has to stand by itself.
        let token_file = flags.github_token_path.as_ref();
        let token_file = token_file.map(|file| std::path::absolute(file).unwrap_or_else(|_| file.clone()));
        Self { endpoints: flags.github_endpoint.clone(), token_file }
    }

    /// What is shown for these refs: to GitHub the token, at just the addresses that are cloned; to others nothing.
    /// `link_url` is the config's word for where GitHub is.
    pub(crate) fn credentials(&self, refs: &[Refs], link_url: Option<&str>) -> Vec<Credentials> {
        let Some(token_file) = &self.token_file else { return Vec::new() };
        let github = github::web_base(&self.endpoints, link_url);
        let refs = refs.iter().filter(|refs| is_at(refs, &github));
        refs.map(|refs| Credentials { address: refs.clone_address(), token_file: token_file.clone() }).collect()
    }
}

/// Whether these refs are cloned from the server that `server`, without a slash at its end, is the address of.
fn is_at(refs: &Refs, server: &str) -> bool {
    refs.clone_address().strip_prefix(server).is_some_and(|path| path.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(clone_uri: &str, want: &[&str]) {
        let refs = Refs { org: "o".into(), repo: "r".into(), clone_uri: clone_uri.into(), ..Refs::default() };
        let access =
            GitAccess { endpoints: vec!["https://api.github.com".into()], token_file: Some("/etc/token".into()) };
        let credentials = access.credentials(&[refs], None);
        let got: Vec<&str> = credentials.iter().map(|credentials| credentials.address.as_str()).collect();
        assert_eq!(got, want, "{clone_uri}");
    }

    #[test]
    fn the_token_is_shown_for_what_is_cloned_from_github_and_for_nothing_else() {
        check("", &["https://github.com/o/r.git"]);
        check("https://github.com/o/other.git", &["https://github.com/o/other.git"]);
        check("https://github.com.example.com/o/r.git", &[]);
        check("https://elsewhere.com/o/r.git", &[]);
        check("https://user@github.com/o/r.git", &[]);
        check("git@github.com:o/r.git", &[]);
        check("file:///o/r", &[]);
    }
}
