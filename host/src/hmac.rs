//! Which key a webhook must be signed with, and whether it is.
//!
//! Behaviour: Prow pkg/github/hmac.go. The file is one token for everything, or a map from `org/repo`, `org` or `*` to a list
//! of tokens. The most specific level that is there decides alone: its tokens are the only ones tried.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use store::Scope;

/// How often the file is looked at while signatures hold. When one does not, it is looked at again in any case.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const PREFIX: &str = "sha256=";
/// The level of a file that is one token.
const PLAIN: &str = "plain";

/// Why the file with the keys cannot be used. At the start that ends the host; later the keys read before stay in force.
#[derive(Debug, thiserror::Error)]
pub enum HmacFileError {
    /// It cannot be read.
    #[error("cannot read the webhook secret from {path} (give the right file by --hmac-secret-file)")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Nothing stands in it.
    #[error("{path} is empty: write the webhook's secret there, as it is set on GitHub")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// It looks like a map of keys and is not one.
    #[error(
        "{path}: {why}; write one token and nothing else, or a map from `org/repo`, `org` or `*` to lists of \
         `{{value: \"TOKEN\", created_at: 2026-01-02T03:04:05Z}}`"
    )]
    Shape {
        /// The file.
        path: PathBuf,
        /// What is wrong, without any of its values.
        why: String,
    },
}

/// Why a signature is refused: 403.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The header is not `sha256=` and 64 hex digits.
    #[error("the X-Hub-Signature-256 header is not `sha256=` and 64 hex digits")]
    NotASignature,
    /// No level of the file is about the sender.
    #[error("no webhook secret is known for {0}")]
    NoKey(String),
    /// No token of the level made this signature.
    #[error("the X-Hub-Signature-256 header does not fit the body and the webhook secret for {0}")]
    Wrong(String),
}

/// The SHA-256 HMAC that a sender claims.
#[derive(Clone, Copy)]
pub struct Signature([u8; 32]);

impl Signature {
    /// Reads `sha256=` and 64 hex digits; the digits may be upper case, the word not.
    ///
    /// # Errors
    /// `NotASignature` for everything else.
    pub fn parse(header: &str) -> Result<Self, Refused> {
        let digits = header.strip_prefix(PREFIX).ok_or(Refused::NotASignature)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| Refused::NotASignature)?;
        Ok(Self(bytes))
    }
}

/// The webhook secrets in force, read again when their file changes. Cheap to clone.
#[derive(Clone)]
pub struct Hmacs(Arc<Inner>);

struct Inner {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    keys: Arc<Keys>,
    /// What the file looked like when it was last read, well or badly.
    stamp: Stamp,
    looked: Instant,
}

/// What changes when a file's content does: its SHA-256. The file is small, and its times can be set to anything.
type Stamp = Option<[u8; 32]>;

impl Hmacs {
    /// Reads the file.
    ///
    /// # Errors
    /// If it cannot be read, is empty, or is a map of the wrong shape. An empty map (`{}`) is taken: it refuses everyone.
    pub fn open(path: &Path) -> Result<Self, HmacFileError> {
        let stamp = stamp(path);
        let keys = Arc::new(Keys::read(path)?);
        let state = Mutex::new(State { keys, stamp, looked: Instant::now() });
        Ok(Self(Arc::new(Inner { path: path.to_path_buf(), state })))
    }

    /// Checks that whoever holds the secret for `scope` signed these bytes. Returns the level of the file that decided:
    /// `org/repo`, `org`, `*`, or `plain` for a file of one token. Reads the file if that may help, so it may block.
    ///
    /// # Errors
    /// `NoKey` and `Wrong`, for 403.
    pub fn verify(&self, scope: &Scope, body: &[u8], signature: Signature) -> Result<String, Refused> {
        let keys = self.keys_in_force();
        let refused = match keys.verify(scope, body, signature) {
            Ok(level) => return Ok(level.to_owned()),
            Err(refused) => refused,
        };
        // The secret may have been changed on both sides within the last second.
        match self.read_again() {
            Some(newer) if *newer != *keys => newer.verify(scope, body, signature).map(str::to_owned),
            Some(_) | None => Err(refused),
        }
    }

    /// Makes the signature header that a holder of the secret for `scope` would send, with the first token of the level;
    /// for tools that play GitHub.
    ///
    /// # Errors
    /// `NoKey` if there is no token.
    pub fn sign(&self, scope: &Scope, body: &[u8]) -> Result<String, Refused> {
        let keys = self.keys_in_force();
        let (_, tokens) = keys.level(scope).ok_or_else(|| Refused::NoKey(spoken(scope)))?;
        let token = tokens.first().ok_or_else(|| Refused::NoKey(spoken(scope)))?;
        Ok(format!("{PREFIX}{}", hex::encode(token.mac(body).finalize().into_bytes())))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keys_in_force(&self) -> Arc<Keys> {
        let mut state = self.state();
        if state.looked.elapsed() >= LOOK_EVERY {
            state.looked = Instant::now();
            let now = stamp(&self.0.path);
            if now != state.stamp {
                self.reload(&mut state, now);
            }
        }
        state.keys.clone()
    }

    fn read_again(&self) -> Option<Arc<Keys>> {
        let mut state = self.state();
        let now = stamp(&self.0.path);
        self.reload(&mut state, now).then(|| state.keys.clone())
    }

    /// Puts what the file says in force; false, and one line in the log for each fault, if it cannot be used.
    fn reload(&self, state: &mut State, stamp: Stamp) -> bool {
        let seen_before = stamp == state.stamp;
        state.stamp = stamp;
        match Keys::read(&self.0.path) {
            Ok(keys) => {
                if keys != *state.keys {
                    tracing::info!(path = %self.0.path.display(), "the webhook secrets have changed");
                    state.keys = Arc::new(keys);
                }
                true
            }
            Err(error) => {
                if !seen_before {
                    tracing::error!(%error, "the webhook secrets read before stay in force");
                }
                false
            }
        }
    }
}

impl std::fmt::Debug for Hmacs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hmacs").field("path", &self.0.path).finish_non_exhaustive()
    }
}

/// How a scope is named to people.
fn spoken(scope: &Scope) -> String {
    match scope {
        Scope::Repo(name) => format!("repository `{name}`"),
        Scope::Org(name) => format!("organization `{name}`"),
        Scope::Any => "payloads that name neither a repository nor an organization".to_owned(),
    }
}

fn stamp(path: &Path) -> Stamp {
    std::fs::read(path).ok().map(|bytes| Sha256::digest(bytes).into())
}

/// A secret that two parties share.
#[derive(Clone, PartialEq, Eq)]
struct Token(Vec<u8>);

impl Token {
    fn mac(&self, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(body);
        mac
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

/// What the file says.
#[derive(Debug, PartialEq, Eq)]
enum Keys {
    Plain([Token; 1]),
    Levels(BTreeMap<String, Vec<Token>>),
}

/// One token of the file. Other keys are not looked at, as Prow does not.
#[derive(Deserialize)]
struct Entry {
    value: String,
    /// For the tool that rotates tokens; here it must only be a time.
    #[serde(default, rename = "created_at")]
    _created_at: Option<jiff::Timestamp>,
}

impl Keys {
    fn read(path: &Path) -> Result<Self, HmacFileError> {
        let owned = || path.to_path_buf();
        let text = std::fs::read_to_string(path).map_err(|source| HmacFileError::Read { path: owned(), source })?;
        match Self::parse(text.trim()) {
            Ok(Some(keys)) => Ok(keys),
            Ok(None) => Err(HmacFileError::Empty { path: owned() }),
            Err(why) => Err(HmacFileError::Shape { path: owned(), why }),
        }
    }

    /// `None` for an empty text. Prow takes whatever is not a good map for a plain token; here a text that is meant as a
    /// map (one with a list in it, or of several lines that no YAML reader takes) is refused with the reason instead, for as
    /// a token it could only shut everyone out.
    fn parse(text: &str) -> Result<Option<Self>, String> {
        if text.is_empty() {
            return Ok(None);
        }
        let plain = || Ok(Some(Self::Plain([Token(text.as_bytes().to_vec())])));
        let value = match config::yaml::to_json("hmac", text) {
            Ok(value) => value,
            Err(_) if !text.contains('\n') => return plain(),
            // The reader's own message would quote the line, and a secret with it.
            Err(_) => return Err("it has several lines and is not YAML".to_owned()),
        };
        // `'*':` with nothing behind it is a level without tokens, which shuts everyone out; for Prow too.
        let is_map = |map: &&serde_json::Map<_, _>| {
            map.values().any(serde_json::Value::is_array) || map.values().all(serde_json::Value::is_null)
        };
        let Some(map) = value.as_object().filter(is_map) else { return plain() };
        let mut levels = BTreeMap::new();
        for (level, entries) in map {
            let entries = Option::<Vec<Entry>>::deserialize(entries).map_err(|_| {
                format!("what stands under `{level}` is not a list of `value` (a string) with `created_at` (a time)")
            })?;
            let entries = entries.unwrap_or_default();
            if entries.iter().any(|entry| entry.value.trim().is_empty()) {
                return Err(format!("a `value` under `{level}` is empty, with which anyone could sign"));
            }
            let tokens = entries.into_iter().map(|entry| Token(entry.value.into_bytes())).collect();
            levels.insert(level.clone(), tokens);
        }
        Ok(Some(Self::Levels(levels)))
    }

    /// The most specific level that is there.
    fn level(&self, scope: &Scope) -> Option<(&str, &[Token])> {
        let levels = match self {
            Self::Plain(token) => return Some((PLAIN, token)),
            Self::Levels(levels) => levels,
        };
        let from_the_narrowest = [Some(scope.name()).filter(|name| !name.is_empty()), scope.org(), Some("*")];
        let (level, tokens) = from_the_narrowest.into_iter().flatten().find_map(|level| levels.get_key_value(level))?;
        Some((level, tokens))
    }

    fn verify(&self, scope: &Scope, body: &[u8], signature: Signature) -> Result<&str, Refused> {
        let (level, tokens) = self.level(scope).ok_or_else(|| Refused::NoKey(spoken(scope)))?;
        // The comparison itself takes the same time wherever the difference is.
        let made_by = |token: &Token| token.mac(body).verify_slice(&signature.0).is_ok();
        if tokens.iter().any(made_by) { Ok(level) } else { Err(Refused::Wrong(spoken(scope))) }
    }
}

#[cfg(test)]
mod tests;
