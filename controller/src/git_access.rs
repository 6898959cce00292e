//! Who git is to the servers that a job's source is cloned from.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use anyhow::Context;
use github::{Access, ApiError, Client, GithubFlags, RepoName, Scope};
use jiff::Timestamp;
use podutils::file;
use podutils::git::Credentials;
use podutils::job_dir::JobDir;
use prow::refs::Refs;
use secrecy::ExposeSecret as _;

/// What the controller has to show when it clones.
pub(crate) struct GitAccess {
    endpoints: Vec<String>,
    identity: Identity,
}

enum Identity {
    Nobody,
    /// The owner of the personal token in this file.
    Person(PathBuf),
    /// An App, which has a token made for each repository.
    App(Client),
}

/// What is shown for the refs of one job.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// For each of them that is cloned from GitHub.
    pub(crate) credentials: Vec<Credentials>,
    /// For people: which of them are cloned as nobody, and why.
    pub(crate) notes: Vec<String>,
}

impl GitAccess {
    /// With what these flags say; `client` is made of them.
    pub(crate) fn new(flags: &GithubFlags, client: &Client) -> Self {
        let identity = match &flags.github_token_path {
            // Supervisors work in other folders, so the path has to stand by itself.
            Some(file) => Identity::Person(std::path::absolute(file).unwrap_or_else(|_| file.clone())),
            None if client.uses_app_auth() => Identity::App(client.clone()),
            None => Identity::Nobody,
        };
        Self { endpoints: flags.github_endpoint.clone(), identity }
    }

    /// What is shown for these refs: to GitHub the token, at just the addresses that are cloned; to others nothing. An App's
    /// tokens can read one repository and nothing else, and stand in the job's folder until it is cloned. `link_url` is the
    /// config's word for where GitHub is.
    ///
    /// # Errors
    /// If GitHub makes no token for now, or the folder cannot be written.
    pub(crate) async fn of(&self, refs: &[Refs], link_url: Option<&str>, dir: &JobDir) -> anyhow::Result<Shown> {
        let github = github::web_base(&self.endpoints, link_url);
        let mut shown = Shown::default();
        for (index, refs) in refs.iter().filter(|refs| is_at(refs, &github)).enumerate() {
            let address = refs.clone_address();
            let token_file = match &self.identity {
                Identity::Nobody => continue,
                Identity::Person(file) => file.clone(),
                Identity::App(client) => match token(client, refs).await {
                    Ok(Some(token)) => kept(dir, index, &token)?,
                    Ok(None) => continue,
                    Err(error) if error.retry_at(Timestamp::now()).is_some() => {
                        return Err(error).with_context(|| format!("a token to clone {}", refs.full_name()));
                    }
                    Err(error) => {
                        shown.notes.push(format!("{} is cloned as nobody: {error}", refs.full_name()));
                        continue;
                    }
                },
            };
            shown.credentials.push(Credentials { address, token_file });
        }
        Ok(shown)
    }
}

async fn token(client: &Client, refs: &Refs) -> Result<Option<secrecy::SecretString>, ApiError> {
    let repo = RepoName::new(&refs.org, &refs.repo);
    let scope = Scope::repo(&repo).with_permissions([("contents", Access::Read)].into_iter().collect());
    let credentials = client.scoped(scope).git_credentials().await?;
    Ok(credentials.map(|credentials| credentials.password))
}

/// Keeps a token where only the job's supervisor looks, readable by its owner alone.
fn kept(dir: &JobDir, index: usize, token: &secrecy::SecretString) -> anyhow::Result<PathBuf> {
    let folder = dir.credentials();
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
    let path = folder.join(index.to_string());
    // Which makes files of mode 0600.
    let written = made.and_then(|()| file::replace(&path, token.expose_secret().as_bytes()));
    written.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// Whether these refs are cloned from the server that `server`, without a slash at its end, is the address of.
fn is_at(refs: &Refs, server: &str) -> bool {
    refs.clone_address().strip_prefix(server).is_some_and(|path| path.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(clone_uri: &str, want: &[&str]) {
        let refs = Refs { org: "o".into(), repo: "r".into(), clone_uri: clone_uri.into(), ..Refs::default() };
        let identity = Identity::Person("/etc/token".into());
        let access = GitAccess { endpoints: vec!["https://api.github.com".into()], identity };
        let credentials = access.of(&[refs], None, &JobDir::new("/jobs/pj")).await.unwrap().credentials;
        let got: Vec<&str> = credentials.iter().map(|credentials| credentials.address.as_str()).collect();
        assert_eq!(got, want, "{clone_uri}");
    }

    #[tokio::test]
    async fn the_token_is_shown_for_what_is_cloned_from_github_and_for_nothing_else() {
        check("", &["https://github.com/o/r.git"]).await;
        check("https://github.com/o/other.git", &["https://github.com/o/other.git"]).await;
        check("https://github.com.example.com/o/r.git", &[]).await;
        check("https://elsewhere.com/o/r.git", &[]).await;
        check("https://user@github.com/o/r.git", &[]).await;
        check("git@github.com:o/r.git", &[]).await;
        check("file:///o/r", &[]).await;
    }
}
