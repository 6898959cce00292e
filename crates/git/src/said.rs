//! What a git command that failed means, by what it said. (In English: it runs with `LC_ALL=C`.)

use std::time::Duration;

use crate::error::Error;

/// How long to stay away from a far side that is in trouble.
const PAUSE: Duration = Duration::from_secs(30);

/// Signs of a mirror that cannot be read.
const DAMAGE: [&str; 17] = [
    "not a git repository",
    "bad config line",
    "loose object",
    "corrupt",
    "bad object",
    "packfile",
    "inflate:",
    "unable to read ",
    "unable to parse",
    "unable to unpack",
    "could not parse",
    "bad tree object",
    "missing object",
    "failed to read object",
    "index file ",
    "did not send all necessary objects",
    "bad signature",
];

/// Signs of a far side that has no such thing.
const ABSENT: [&str; 5] = [
    "couldn't find remote ref",
    "not our ref",
    "does not allow request for unadvertised object",
    "repository not found",
    "does not appear to be a git repository",
];

/// Signs of credentials that do not do.
const REFUSED: [&str; 5] = [
    "authentication failed",
    "could not read username",
    "could not read password",
    "terminal prompts disabled",
    "returned error: 403",
];

/// Signs of a far side, or a way there, that may be better soon.
const TROUBLE: [&str; 17] = [
    "expected 'packfile'",
    "could not resolve host",
    "failed to connect",
    "couldn't connect",
    "connection refused",
    "connection reset",
    "timed out",
    "timeout was reached",
    "operation too slow",
    "returned error: 5",
    "returned error: 429",
    "rpc failed",
    "early eof",
    "unexpected disconnect",
    "hung up unexpectedly",
    "empty reply from server",
    "internal server error",
];

/// What a local command's failure means.
pub(crate) fn local(what: &str, said: &str) -> Error {
    let text = own_words(said);
    if has(&text.to_lowercase(), &DAMAGE) { Error::Damaged(text) } else { Error::Other(format!("git {what}: {text}")) }
}

/// What the failure of a command that talked to the far side means.
pub(crate) fn remote(what: &str, said: &str) -> Error {
    let all = said.to_lowercase();
    let text = short(said);
    if has(&all, &ABSENT) || (all.contains("fatal: repository '") && all.contains("not found")) {
        Error::NotFound(text)
    } else if has(&all, &REFUSED) {
        Error::Denied(text)
    } else if has(&all, &TROUBLE) {
        unavailable(text)
    } else {
        local(what, said)
    }
}

/// What came too late.
pub(crate) fn unavailable(message: String) -> Error {
    Error::Unavailable { message, retry_after: PAUSE }
}

fn has(text: &str, signs: &[&str]) -> bool {
    signs.iter().any(|sign| text.contains(sign))
}

/// Without what the far side made git print: its words say nothing about the mirror.
fn own_words(said: &str) -> String {
    let own: Vec<&str> = said.lines().filter(|line| !line.starts_with("remote:")).collect();
    short(&own.join("\n"))
}

fn short(said: &str) -> String {
    let text = said.trim();
    match text.char_indices().nth(2000) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(said: &str, want: fn(&Error) -> bool) {
        let error = remote("fetch", said);
        assert!(want(&error), "{said}: {error:?}");
    }

    #[test]
    fn what_git_says_is_told_apart() {
        let absent = |error: &Error| matches!(error, Error::NotFound(_));
        check("fatal: couldn't find remote ref refs/heads/x", absent);
        check("fatal: remote error: upload-pack: not our ref 0123", absent);
        check("remote: Repository not found.\nfatal: repository 'https://h/o/r.git/' not found", absent);
        let refused = |error: &Error| matches!(error, Error::Denied(_));
        check("fatal: could not read Username for 'https://h': terminal prompts disabled", refused);
        check("fatal: Authentication failed for 'https://h/o/r.git/'", refused);
        check("fatal: unable to access 'https://h/': The requested URL returned error: 403", refused);
        let trouble = |error: &Error| matches!(error, Error::Unavailable { .. });
        check("fatal: unable to access 'https://h/': Could not resolve host: h", trouble);
        check("fatal: unable to access 'https://h/': The requested URL returned error: 502", trouble);
        check("error: RPC failed; curl 18 transfer closed\nfatal: early EOF", trouble);
        let damage = |error: &Error| matches!(error, Error::Damaged(_));
        check("fatal: not a git repository: '/x'", damage);
        check("error: object file objects/a/b is empty\nfatal: loose object ab is corrupt", damage);
        let other = |error: &Error| matches!(error, Error::Other(_));
        check("remote: your pack is corrupt\nerror: something else", other);
    }
}
