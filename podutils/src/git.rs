//! The git command, hardened: what it reads of this machine and what it may talk to is written here and nowhere else.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::userinfo;

/// How much of one command's output is kept, in bytes.
const MAX_OUTPUT_BYTES: usize = 256 * 1024;

/// How git shows who it is when the server of `address` asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The one repository that they are for, for example `https://github.com/org/repo.git`. No other server is shown
    /// anything, and the same server not for any other path.
    pub address: String,
    /// The file that holds the token. git reads it when it is asked: the token stands in no argument and no variable.
    pub token_file: PathBuf,
}

/// Settings that hold for every command. None of them can be changed by what is cloned.
const SETTINGS: [(&str, &str); 20] = [
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.attributesFile", "/dev/null"),
    ("core.excludesFile", "/dev/null"),
    ("gc.auto", "0"),
    ("gc.autoDetach", "false"),
    ("maintenance.auto", "false"),
    ("protocol.allow", "never"),
    ("protocol.https.allow", "always"),
    ("protocol.http.allow", "always"),
    ("protocol.ssh.allow", "always"),
    // For what we name ourselves, and not for what a submodule names.
    ("protocol.file.allow", "user"),
    ("credential.helper", ""),
    // Else git compares no more than the host, and who may read one repository would show himself to all of them.
    ("credential.useHttpPath", "true"),
    ("commit.gpgSign", "false"),
    ("init.defaultBranch", "main"),
    ("user.name", "ci-robot"),
    ("user.email", "ci-robot@k8s.io"),
    ("http.lowSpeedLimit", "100"),
    ("http.lowSpeedTime", "120"),
];

/// git in one folder.
#[derive(Debug, Clone)]
pub struct Git<'a> {
    /// Where it works.
    pub folder: &'a Path,
    /// An empty folder that it takes for its home.
    pub home: &'a Path,
    /// How it shows who it is.
    pub credentials: Option<&'a Credentials>,
    /// Variables that every process is to carry.
    pub mark: (&'a str, &'a str),
}

/// What one command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// Both of its streams, as they came but for secrets.
    pub output: String,
    /// Whether it succeeded; else what it ended with.
    pub result: Result<(), String>,
    /// How long it took.
    pub took: Duration,
}

impl Git<'_> {
    /// Runs git with these arguments and variables, and waits for its end.
    pub fn run(&self, args: &[&str], env: &[(&str, &str)]) -> Ran {
        let begun = Instant::now();
        let (output, result) = match self.spawn(args, env) {
            Ok(done) => done,
            Err(e) => (String::new(), Err(format!("git could not be run: {e}"))),
        };
        Ran { output: self.censored(output), result, took: begun.elapsed() }
    }

    fn spawn(&self, args: &[&str], env: &[(&str, &str)]) -> std::io::Result<(String, Result<(), String>)> {
        let (mut reader, writer) = std::io::pipe()?;
        let mut command = self.command(args, env);
        command.stdout(writer.try_clone()?).stderr(writer);
        let mut child = command.spawn()?;
        // The command holds the writing ends; while it lives, reading would not end.
        drop(command);
        let mut output = Vec::new();
        let mut buffer = [0; 8192];
        loop {
            let count = reader.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            if output.len() < MAX_OUTPUT_BYTES {
                output.extend_from_slice(&buffer[..count]);
            }
        }
        let status = child.wait()?;
        let result = if status.success() { Ok(()) } else { Err(status.to_string()) };
        Ok((String::from_utf8_lossy(&output).into_owned(), result))
    }

    fn command(&self, args: &[&str], env: &[(&str, &str)]) -> Command {
        let mut command = Command::new("git");
        command
            .args(args)
            .current_dir(self.folder)
            .stdin(Stdio::null())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()))
            .env("HOME", self.home)
            .env("XDG_CONFIG_HOME", self.home)
            .env("LC_ALL", "C.UTF-8")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
            .env(self.mark.0, self.mark.1)
            .envs(env.iter().copied());
        for variable in ["SSL_CERT_FILE", "SSL_CERT_DIR", "https_proxy", "http_proxy", "no_proxy", "SSH_AUTH_SOCK"] {
            if let Some(value) = std::env::var_os(variable) {
                command.env(variable, value);
            }
        }
        let settings = self.settings();
        command.env("GIT_CONFIG_COUNT", settings.len().to_string());
        for (i, (key, value)) in settings.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{i}"), key).env(format!("GIT_CONFIG_VALUE_{i}"), value);
        }
        command
    }

    fn settings(&self) -> Vec<(String, String)> {
        let mut settings: Vec<(String, String)> =
            SETTINGS.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        if let Some(credentials) = self.credentials {
            let file = quoted(&credentials.token_file.to_string_lossy());
            settings.push((
                format!("credential.{}.helper", credentials.address),
                format!(r#"!f() {{ test "$1" = get && echo username=x-access-token && printf 'password=%s\n' "$(cat {file})"; }}; f"#),
            ));
        }
        settings
    }

    /// The text without passwords in addresses, and without the token, should a server have sent it back.
    fn censored(&self, text: String) -> String {
        let text = userinfo::cut(&text);
        let token = self.credentials.and_then(|credentials| std::fs::read_to_string(&credentials.token_file).ok());
        match token.as_deref().map(str::trim) {
            Some(token) if !token.is_empty() => text.replace(token, "CENSORED"),
            _ => text,
        }
    }
}

/// `text` as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
