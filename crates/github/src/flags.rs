//! The flags by which every program of the system is told who it is to GitHub: Prow's names and defaults.

use std::path::PathBuf;

use crate::{Auth, SetupError};

/// Who a program is to GitHub, and where GitHub is.
#[derive(Debug, Clone, clap::Args)]
pub struct GithubFlags {
    /// Base URL of GitHub's API; given several times, each is tried when those before it cannot be reached.
    #[arg(long, default_value = "https://api.github.com", value_name = "URL")]
    pub github_endpoint: Vec<String>,
    /// URL of GitHub's GraphQL API; what belongs to --github-endpoint if left out.
    #[arg(long, value_name = "URL")]
    pub github_graphql_endpoint: Option<String>,
    /// File with a personal access token.
    #[arg(long, value_name = "FILE")]
    pub github_token_path: Option<PathBuf>,
    /// A GitHub App's numeric id; needs --github-app-private-key-path.
    #[arg(long, value_name = "ID")]
    pub github_app_id: Option<u64>,
    /// File with the GitHub App's private key, PEM.
    #[arg(long, value_name = "FILE")]
    pub github_app_private_key_path: Option<PathBuf>,
}

/// Flags that contradict each other.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlagError {
    /// Who is the program to GitHub?
    #[error("--github-token-path and --github-app-id exclude each other: give one of them")]
    TokenAndApp,
    /// Half of an App.
    #[error("--github-app-id and --github-app-private-key-path go together: give both or none")]
    HalfAnApp,
}

impl GithubFlags {
    /// Behaviour: Prow's validation of these flags.
    ///
    /// # Errors
    /// The first contradiction; each says which flags it is about.
    pub fn check(&self) -> Result<(), FlagError> {
        let app = (self.github_app_id.is_some(), self.github_app_private_key_path.is_some());
        if self.github_token_path.is_some() && app != (false, false) {
            return Err(FlagError::TokenAndApp);
        }
        if app.0 != app.1 {
            return Err(FlagError::HalfAnApp);
        }
        Ok(())
    }

    /// Who the program is. With [`GithubFlags::check`] done, at most one of the two is given.
    #[must_use]
    pub fn auth(&self) -> Auth {
        if let Some(path) = &self.github_token_path {
            return Auth::TokenFile(path.clone());
        }
        match (self.github_app_id, &self.github_app_private_key_path) {
            (Some(id), Some(path)) => Auth::App { id, private_key_path: path.clone() },
            _ => Auth::None,
        }
    }

    /// Which flag a client cannot be made because of; none: it is because of the machine.
    #[must_use]
    pub fn at_fault(&self, error: &SetupError) -> Option<&'static str> {
        match error {
            SetupError::Secret { .. } if self.github_token_path.is_some() => Some("--github-token-path"),
            SetupError::Secret { .. } => Some("--github-app-private-key-path"),
            SetupError::Endpoint { .. } => Some("--github-endpoint"),
            SetupError::UserAgent(_) | SetupError::Roots(_) | SetupError::Metrics(_) => None,
        }
    }

    /// The files that hold who the program is.
    #[must_use]
    pub fn secrets(&self) -> Vec<PathBuf> {
        [&self.github_token_path, &self.github_app_private_key_path].into_iter().flatten().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        github: GithubFlags,
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_told_with_its_flag() {
        let app = "--github-app-id 1 --github-app-private-key-path /no/such/file";
        for (line, flag) in [
            ("--github-token-path /no/such/file", "--github-token-path"),
            (app, "--github-app-private-key-path"),
            ("--github-endpoint ftp://x", "--github-endpoint"),
        ] {
            let flags = parse(line);
            let mut options = crate::Options::new(flags.auth());
            options.endpoints.clone_from(&flags.github_endpoint);
            let error = crate::Client::new(options).unwrap_err();
            assert_eq!(flags.at_fault(&error), Some(flag), "{error}");
        }
    }

    fn parse(line: &str) -> GithubFlags {
        let args = std::iter::once("program").chain(line.split_whitespace());
        Cli::try_parse_from(args).unwrap().github
    }

    #[track_caller]
    fn check(line: &str, want: Result<(), FlagError>) {
        assert_eq!(parse(line).check(), want, "{line}");
    }

    #[test]
    fn a_program_is_one_to_github() {
        let app = "--github-app-id 1 --github-app-private-key-path k";
        check("", Ok(()));
        check(app, Ok(()));
        check("--github-token-path t", Ok(()));
        check(&format!("--github-token-path t {app}"), Err(FlagError::TokenAndApp));
        check("--github-token-path t --github-app-id 1", Err(FlagError::TokenAndApp));
        check("--github-app-id 1", Err(FlagError::HalfAnApp));
        check("--github-app-private-key-path k", Err(FlagError::HalfAnApp));
    }
}
