//! Prow's flags of these services, and the clients that they ask for.

use std::convert::Infallible;
use std::path::PathBuf;

use clap::Args;

use crate::bugzilla::{AuthMethod, Bugzilla, BugzillaOptions};
use crate::jira::{Jira, JiraAuth, JiraOptions};
use crate::options::{Common, SetupError};
use crate::slack::{Slack, SlackOptions};

/// Services besides GitHub.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Services besides GitHub")]
pub struct ServiceFlags {
    /// A file that holds a Slack bot token.
    #[arg(long, value_name = "FILE", value_parser = path)]
    pub slack_token_file: Option<PathBuf>,
    /// Where Slack's methods are.
    #[arg(long, value_name = "URL", default_value = "https://slack.com/api", hide = true)]
    pub slack_endpoint: Option<String>,
    /// Jira's address.
    #[arg(long, value_name = "URL")]
    pub jira_endpoint: Option<String>,
    /// A file that holds a Jira token; instead of a user and password.
    #[arg(long, value_name = "FILE", value_parser = path)]
    pub jira_bearer_token_file: Option<PathBuf>,
    /// A Jira user.
    #[arg(long, value_name = "NAME")]
    pub jira_username: Option<String>,
    /// A file that holds the Jira user's password.
    #[arg(long, value_name = "FILE", value_parser = path)]
    pub jira_password_file: Option<PathBuf>,
    /// Bugzilla's address.
    #[arg(long, value_name = "URL")]
    pub bugzilla_endpoint: Option<String>,
    /// A file that holds a Bugzilla API key; without it, anonymous.
    #[arg(long, value_name = "FILE", value_parser = path)]
    pub bugzilla_api_key_path: Option<PathBuf>,
    /// How Bugzilla is shown the key: bearer, query or x-bugzilla-api-key; empty: by the last two.
    #[arg(long, value_name = "METHOD", default_value = "")]
    pub bugzilla_auth_method: AuthMethod,
    /// The ext_type_id of GitHub among Bugzilla's external trackers, where its URL does not single it out.
    #[arg(long, value_name = "ID")]
    pub bugzilla_github_external_tracker_id: Option<u64>,
}

/// The clients; `None` for a service that no flag names.
#[derive(Debug, Clone, Default)]
pub struct Services {
    /// Where `--slack-token-file` is given.
    pub slack: Option<Slack>,
    /// Where `--jira-endpoint` is given.
    pub jira: Option<Jira>,
    /// Where `--bugzilla-endpoint` is given.
    pub bugzilla: Option<Bugzilla>,
}

impl ServiceFlags {
    /// Makes the clients. A flag given empty counts as left out, as in Prow.
    ///
    /// # Errors
    /// Flags that contradict each other, and files and endpoints that cannot be used.
    pub fn clients(self, common: &Common) -> Result<Services, SetupError> {
        let slack = file(self.slack_token_file).map(|token| match text(self.slack_endpoint) {
            Some(endpoint) => SlackOptions { endpoint, token_file: token },
            None => SlackOptions::new(token),
        });
        let auth =
            jira_auth(file(self.jira_bearer_token_file), text(self.jira_username), file(self.jira_password_file));
        let jira = match text(self.jira_endpoint) {
            Some(endpoint) => Some(JiraOptions { endpoint, auth: auth? }),
            None => None,
        };
        let bugzilla = text(self.bugzilla_endpoint).map(|endpoint| BugzillaOptions {
            endpoint,
            api_key_file: file(self.bugzilla_api_key_path),
            auth_method: self.bugzilla_auth_method,
            github_external_tracker_id: self.bugzilla_github_external_tracker_id.filter(|id| *id != 0),
        });
        Ok(Services {
            slack: slack.map(|options| Slack::new(options, common)).transpose()?,
            jira: jira.map(|options| Jira::new(options, common)).transpose()?,
            bugzilla: bugzilla.map(|options| Bugzilla::new(options, common)).transpose()?,
        })
    }
}

/// Clap's own refuses an empty path.
fn path(text: &str) -> Result<PathBuf, Infallible> {
    Ok(text.into())
}

fn text(flag: Option<String>) -> Option<String> {
    flag.filter(|text| !text.is_empty())
}

fn file(flag: Option<PathBuf>) -> Option<PathBuf> {
    flag.filter(|path| !path.as_os_str().is_empty())
}

fn jira_auth(
    bearer: Option<PathBuf>,
    user: Option<String>,
    password_file: Option<PathBuf>,
) -> Result<JiraAuth, SetupError> {
    match (bearer, user, password_file) {
        (None, None, None) => Ok(JiraAuth::None),
        (Some(token), None, None) => Ok(JiraAuth::Bearer(token)),
        (None, Some(user), Some(password_file)) => Ok(JiraAuth::Basic { user, password_file }),
        (Some(_), _, _) => Err(SetupError::Flags(
            "--jira-bearer-token-file excludes --jira-username and --jira-password-file: give one or the others",
        )),
        (None, _, _) => Err(SetupError::Flags("--jira-username and --jira-password-file belong together: give both")),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        flags: ServiceFlags,
    }

    /// Which clients come to be, or why none do.
    fn made(args: &str) -> String {
        let args =
            args.split_whitespace().map(|arg| if arg.ends_with("=''") { arg.trim_end_matches("''") } else { arg });
        let flags = match Cli::try_parse_from(["x"].into_iter().chain(args)) {
            Ok(cli) => cli.flags,
            Err(error) => return error.to_string().lines().next().unwrap_or_default().to_owned(),
        };
        match flags.clients(&Common::default()) {
            Ok(made) => [
                made.slack.map(|_| "slack".to_owned()),
                made.jira.map(|jira| format!("jira at {}", jira.base_url())),
                made.bugzilla.map(|bugzilla| format!("bugzilla at {}", bugzilla.base_url())),
            ]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(", "),
            Err(error) => error.to_string(),
        }
    }

    #[track_caller]
    fn check(args: &str, want: &str) {
        assert_eq!(made(args), want, "{args}");
    }

    #[test]
    fn flags_say_which_services_there_are() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secret");
        std::fs::write(&file, "s3cret\n").unwrap();
        let (file, absent) = (file.display(), dir.path().join("absent"));
        check("", "");
        check(&format!("--slack-token-file {file}"), "slack");
        check("--jira-endpoint=https://j.example/", "jira at https://j.example");
        check(&format!("--jira-endpoint=http://j --jira-bearer-token-file {file}"), "jira at http://j");
        check(&format!("--jira-endpoint=http://j --jira-username u --jira-password-file {file}"), "jira at http://j");
        check(&format!("--bugzilla-endpoint=http://b --bugzilla-api-key-path {file}"), "bugzilla at http://b");
        check(
            "--bugzilla-endpoint=http://b --bugzilla-auth-method bearer --bugzilla-api-key-path=''",
            "bugzilla at http://b",
        );
        check(
            "--jira-endpoint=http://j --jira-username u",
            "--jira-username and --jira-password-file belong together: give both",
        );
        check(
            &format!("--jira-endpoint=http://j --jira-username u --jira-bearer-token-file {file}"),
            "--jira-bearer-token-file excludes --jira-username and --jira-password-file: give one or the others",
        );
        check("--jira-endpoint=j.example", "Jira endpoint `j.example`: it needs a scheme, http or https, and a host");
        check(
            "--bugzilla-auth-method basic",
            "error: invalid value 'basic' for '--bugzilla-auth-method <METHOD>': write bearer, query or x-bugzilla-api-key",
        );
        let why = format!("cannot use {}: No such file or directory (os error 2)", absent.display());
        check(&format!("--slack-token-file {}", absent.display()), &why);
    }
}
