//! Who we are to a registry: docker's `config.json`, with its credential helpers.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::error::OciError;

/// How long a helper may take; some of them unlock a key ring.
const HELPER_PATIENCE: Duration = Duration::from_secs(30);
/// What docker calls its own registry in that file.
const DOCKER_HUB: [&str; 3] = ["index.docker.io", "docker.io", "registry-1.docker.io"];
/// The user name by which a helper says that its secret is an identity token.
const IS_TOKEN: &str = "<token>";

/// Where credentials are looked up, at each use anew: a login counts at once.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    file: Option<PathBuf>,
}

/// One registry's credential.
#[derive(Debug, Clone)]
pub(crate) enum Credential {
    /// A name and a password.
    Password(String, SecretString),
    /// A refresh token, for which access tokens are had.
    Identity(SecretString),
    /// An access token.
    Bearer(SecretString),
}

/// `config.json`, of which we read only this.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct DockerConfig {
    auths: BTreeMap<String, Auth>,
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Auth {
    auth: Option<SecretString>,
    username: Option<String>,
    password: Option<SecretString>,
    identitytoken: Option<SecretString>,
    registrytoken: Option<SecretString>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperAnswer {
    username: String,
    secret: SecretString,
}

impl Credentials {
    /// As docker finds them: `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`.
    pub fn of_docker() -> Self {
        let set = std::env::var_os("DOCKER_CONFIG").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let dir = set.or_else(|| Some(std::env::home_dir()?.join(".docker")));
        Credentials { file: dir.map(|dir| dir.join("config.json")) }
    }

    /// Of this `config.json`.
    pub fn of_file(file: PathBuf) -> Self {
        Credentials { file: Some(file) }
    }

    /// The credential for a registry; `None` where nobody has logged in.
    pub(crate) async fn of(&self, host: &str) -> Result<Option<Credential>, OciError> {
        let wrong = |why: String| OciError::Credentials { host: host.to_owned(), why };
        let Some(file) = &self.file else { return Ok(None) };
        let text = match tokio::fs::read(file).await {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(wrong(format!("{}: {error}", file.display()))),
        };
        // Its errors name a line and a kind, and quote nothing of a value that is a secret: those are read as strings.
        let config: DockerConfig = serde_json::from_slice(&text).map_err(|error| {
            wrong(format!("{}:{}:{}: it is not docker's JSON", file.display(), error.line(), error.column()))
        })?;
        if let Some((key, helper)) = config.cred_helpers.iter().find(|(key, _)| is_for(key, host)) {
            return from_helper(helper, key).await.map_err(wrong);
        }
        let found = config.auths.iter().find(|(key, _)| is_for(key, host));
        if let Some(credential) = found.map(|(_, auth)| auth.read()).transpose().map_err(wrong)?.flatten() {
            return Ok(Some(credential));
        }
        match (&config.creds_store, found) {
            (Some(store), Some((key, _))) => from_helper(store, key).await.map_err(wrong),
            (Some(store), None) => from_helper(store, host).await.map_err(wrong),
            (None, _) => Ok(None),
        }
    }
}

/// Keys are hosts, or the URLs that docker used to write.
fn is_for(key: &str, host: &str) -> bool {
    let named = key.split_once("://").map_or(key, |(_, rest)| rest);
    let named = named.split('/').next().unwrap_or(named);
    named.eq_ignore_ascii_case(host) || (DOCKER_HUB.contains(&named) && DOCKER_HUB.contains(&host))
}

impl Auth {
    fn read(&self) -> Result<Option<Credential>, String> {
        let filled = |secret: &Option<SecretString>| {
            secret.clone().filter(|it| !secrecy::ExposeSecret::expose_secret(it).is_empty())
        };
        if let Some(token) = filled(&self.identitytoken) {
            return Ok(Some(Credential::Identity(token)));
        }
        if let Some(token) = filled(&self.registrytoken) {
            return Ok(Some(Credential::Bearer(token)));
        }
        if let Some(auth) = filled(&self.auth) {
            return decode(&auth).map(Some).ok_or_else(|| "`auth` is not a name and a password in base64".to_owned());
        }
        let named = self.username.clone().filter(|name| !name.is_empty());
        Ok(named.zip(filled(&self.password)).map(|(name, password)| Credential::Password(name, password)))
    }
}

fn decode(auth: &SecretString) -> Option<Credential> {
    let text = STANDARD.decode(secrecy::ExposeSecret::expose_secret(auth).trim()).ok()?;
    let text = String::from_utf8(text).ok()?;
    let (name, password) = text.split_once(':')?;
    Some(Credential::Password(name.to_owned(), password.trim_end_matches('\0').to_owned().into()))
}

/// Asks `docker-credential-HELPER`. What it prints is a secret, and never repeated.
async fn from_helper(helper: &str, server: &str) -> Result<Option<Credential>, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if helper.is_empty() || !helper.chars().all(is_plain) {
        return Err(format!("`{helper}` is no credential helper's name"));
    }
    let program = format!("docker-credential-{helper}");
    let ask = async {
        let mut child = Command::new(&program)
            .arg("get")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("`{program}` cannot be run: {error}"))?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that has all it needs may not read; its answer tells.
            let _ = stdin.write_all(server.as_bytes()).await;
        }
        child.wait_with_output().await.map_err(|error| format!("`{program}`: {error}"))
    };
    let output = tokio::time::timeout(HELPER_PATIENCE, ask)
        .await
        .map_err(|_| format!("`{program}` had not answered after {HELPER_PATIENCE:?}"))??;
    if !output.status.success() {
        // By the protocol this is how a helper says that it has none.
        let says = String::from_utf8_lossy(&output.stdout);
        if says.contains("credentials not found") {
            return Ok(None);
        }
        return Err(format!("`{program} get` failed ({}): run it by hand for {server}", output.status));
    }
    let answer: HelperAnswer =
        serde_json::from_slice(&output.stdout).map_err(|_| format!("`{program}` did not answer as helpers do"))?;
    Ok(Some(match answer.username.as_str() {
        IS_TOKEN => Credential::Identity(answer.secret),
        _ => Credential::Password(answer.username, answer.secret),
    }))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    async fn read(json: &str, host: &str) -> Result<String, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), json).unwrap();
        let found = Credentials::of_file(file.path().to_owned()).of(host).await.map_err(|error| error.to_string())?;
        Ok(match found {
            None => "none".to_owned(),
            Some(Credential::Password(name, password)) => format!("{name}/{}", password.expose_secret()),
            Some(Credential::Identity(token)) => format!("identity {}", token.expose_secret()),
            Some(Credential::Bearer(token)) => format!("bearer {}", token.expose_secret()),
        })
    }

    #[track_caller]
    fn check(json: &str, host: &str, want: Result<&str, &str>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        match (runtime.block_on(read(json, host)), want) {
            (Ok(got), Ok(want)) => assert_eq!(got, want, "{json} {host}"),
            (Err(got), Err(part)) => assert!(got.contains(part), "{json} {host}: {got}"),
            (got, want) => panic!("{json} {host}: {got:?}, want {want:?}"),
        }
    }

    #[test]
    fn logins_are_read_as_docker_writes_them() {
        // bob:s3:cret
        let auth = r#"{"auths":{"ghcr.io":{"auth":"Ym9iOnMzOmNyZXQ="}}}"#;
        check(auth, "ghcr.io", Ok("bob/s3:cret"));
        check(auth, "quay.io", Ok("none"));
        check(auth, "ghcr.io:444", Ok("none"));
        check(r#"{"auths":{"https://h:5000/v1/":{"username":"u","password":"p"}}}"#, "h:5000", Ok("u/p"));
        check(r#"{"auths":{"https://index.docker.io/v1/":{"auth":"YTpi"}}}"#, "docker.io", Ok("a/b"));
        check(r#"{"auths":{"h":{"auth":"YTpi","identitytoken":"t"}}}"#, "h", Ok("identity t"));
        check(r#"{"auths":{"h":{"registrytoken":"t"}}}"#, "h", Ok("bearer t"));
        check(r#"{"auths":{"h":{}},"HttpHeaders":{"a":"b"}}"#, "h", Ok("none"));
        check("{}", "h", Ok("none"));
    }

    #[test]
    fn what_cannot_be_read_is_said_without_the_secret() {
        check("{", "h", Err("it is not docker's JSON"));
        check(r#"{"auths":{"h":{"auth":"c2VjcmV0"}}}"#, "h", Err("not a name and a password"));
        check(r#"{"credHelpers":{"h":"../evil"}}"#, "h", Err("no credential helper's name"));
        check(r#"{"credHelpers":{"h":"nobody-has-this"}}"#, "h", Err("cannot be run"));
        check(r#"{"credHelpers":{"h":"nobody-has-this"}}"#, "other", Ok("none"));
        check(r#"{"credsStore":"nobody-has-this"}"#, "h", Err("cannot be run"));
    }
}
