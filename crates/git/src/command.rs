//! The git command, hardened: what it reads of this machine, and whom it may talk to, is written here and nowhere else.

use std::path::Path;

use secrecy::ExposeSecret as _;
use tokio::process::Command;

use crate::address::{Base, Protocol};
use crate::credentials::Credentials;

/// The variable that hands the password to git's helper.
const PASSWORD: &str = "BOWSPRIT_GIT_PASSWORD";
/// The one that hands it the name.
const USERNAME: &str = "BOWSPRIT_GIT_USERNAME";

/// Asks the two variables. The text holds no secret, and neither do the arguments of the shell that git runs it in.
const HELPER: &str = r#"!f() { test "$1" = get && printf 'username=%s\npassword=%s\n' "$BOWSPRIT_GIT_USERNAME" "$BOWSPRIT_GIT_PASSWORD"; }; f"#;

/// Settings that hold for every command, before those of the mirror.
const SETTINGS: [(&str, &str); 24] = [
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.attributesFile", "/dev/null"),
    ("core.excludesFile", "/dev/null"),
    // Newer releases read attributes of a bare repository from its HEAD; an empty tree has none.
    ("attr.tree", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"),
    // What is written here is to survive a machine that stops.
    ("core.fsync", "committed"),
    ("gc.auto", "0"),
    ("gc.autoDetach", "false"),
    // Refs are packed by us, when nobody else writes them.
    ("gc.packRefs", "false"),
    ("maintenance.auto", "false"),
    // One pack a fetch, which is there whole or not at all; loose objects could be there in part.
    ("fetch.unpackLimit", "1"),
    ("fetch.recurseSubmodules", "false"),
    ("push.recurseSubmodules", "no"),
    ("submodule.recurse", "false"),
    ("protocol.allow", "never"),
    ("credential.helper", ""),
    ("credential.interactive", "false"),
    ("http.followRedirects", "initial"),
    ("http.lowSpeedLimit", "100"),
    ("http.lowSpeedTime", "60"),
    ("filter.lfs.process", ""),
    ("filter.lfs.smudge", ""),
    ("filter.lfs.required", "false"),
    ("init.defaultBranch", "main"),
];

/// What is passed on of our own environment: where certificates are, and by which way the world is reached.
const PASSED_ON: [&str; 8] =
    ["SSL_CERT_FILE", "SSL_CERT_DIR", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"];

/// A git command in a mirror. It reads no configuration but the mirror's own, asks nobody anything, and talks to no one.
pub(crate) fn local(mirror: &Path, args: &[&str]) -> Command {
    command(mirror, args, &[])
}

/// A git command that may talk to `base`, and shows itself there as `credentials` say.
pub(crate) fn remote(mirror: &Path, args: &[&str], base: &Base, credentials: Option<&Credentials>) -> Command {
    let mut settings = vec![(format!("protocol.{}.allow", base.protocol.name()), "always".to_owned())];
    if credentials.is_some() {
        settings.push((format!("credential.{}.helper", base.origin()), HELPER.to_owned()));
    }
    let mut command = command(mirror, args, &settings);
    // A proxy has no business between this machine and itself.
    if base.protocol == Protocol::Https {
        for variable in PASSED_ON {
            if let Some(value) = std::env::var_os(variable) {
                command.env(variable, value);
            }
        }
    }
    if let Some(credentials) = credentials {
        command.env(USERNAME, &credentials.username).env(PASSWORD, credentials.password.expose_secret());
    }
    command
}

fn command(mirror: &Path, args: &[&str], more: &[(String, String)]) -> Command {
    let mut command = Command::new("git");
    command
        .args(args)
        .current_dir(mirror)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()))
        .env("GIT_DIR", mirror)
        .env("HOME", mirror)
        .env("XDG_CONFIG_HOME", mirror)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_ATTR_NOSYSTEM", "1")
        .env("GIT_LITERAL_PATHSPECS", "1")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_LFS_SKIP_SMUDGE", "1");
    let settings = SETTINGS.iter().map(|(key, value)| (*key, *value));
    let more = more.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let mut count = 0;
    for (key, value) in settings.chain(more) {
        command.env(format!("GIT_CONFIG_KEY_{count}"), key).env(format!("GIT_CONFIG_VALUE_{count}"), value);
        count += 1;
    }
    command.env("GIT_CONFIG_COUNT", count.to_string());
    command
}
