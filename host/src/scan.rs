//! The key scan: whose webhook this claims to be, read from the raw bytes before anything is trusted or parsed.
//!
//! One pass, linear in the body's length, in fixed memory and without recursion. It does not judge whether the body is
//! JSON: on bytes that are not, it stops and answers with what it had found. The signature comes next, and then a real
//! parser, whose answer must agree with this one.

use store::Scope;

/// Longest name that is looked at. GitHub's are at most 39 + 1 + 100 bytes.
const MAX_NAME: usize = 256;
/// Longer than every key that is looked for.
const MAX_KEY: usize = 16;

/// Why no key can be chosen for a body. The sender's fault: 403.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// Two readers could take different ones of the two.
    #[error("the payload has `{0}` twice")]
    Duplicate(&'static str),
    /// Not the name of anything on GitHub.
    #[error("the payload's `{0}` is not a name that GitHub gives")]
    BadName(&'static str),
}

/// Finds the name that selects the key: top-level `repository.full_name`, else `organization.login`, else none.
/// An empty name counts as absent.
///
/// # Errors
/// If one of these keys stands there twice, or the name cannot be one.
pub fn scan(body: &[u8]) -> Result<Scope, ScanError> {
    let mut found = Found::default();
    Scanner { body, at: 0 }.top_level(&mut found)?;
    if let Some(name) = found.full_name {
        return name
            .text()
            .filter(|name| is_full_name(name))
            .map(Scope::Repo)
            .ok_or(ScanError::BadName(REPOSITORY.path));
    }
    if let Some(name) = found.login {
        return name.text().filter(|name| is_login(name)).map(Scope::Org).ok_or(ScanError::BadName(ORGANIZATION.path));
    }
    Ok(Scope::Any)
}

/// Whether this is `owner/name`, and safe in a path, a URL and a log line.
#[must_use]
pub fn is_full_name(name: &str) -> bool {
    name.split_once('/').is_some_and(|(owner, repo)| is_part(owner) && is_part(repo))
}

/// Whether this can be an organization's login.
#[must_use]
pub fn is_login(name: &str) -> bool {
    is_part(name)
}

fn is_part(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !name.is_empty() && name.bytes().all(plain) && name != "." && name != ".."
}

/// A key of the payload with the one key inside it that is looked for.
struct Wanted {
    outer: &'static str,
    inner: &'static str,
    path: &'static str,
}

const REPOSITORY: Wanted = Wanted { outer: "repository", inner: "full_name", path: "repository.full_name" };
const ORGANIZATION: Wanted = Wanted { outer: "organization", inner: "login", path: "organization.login" };

#[derive(Default)]
struct Found {
    repository_seen: bool,
    organization_seen: bool,
    full_name: Option<Fixed<MAX_NAME>>,
    login: Option<Fixed<MAX_NAME>>,
}

/// The scan cannot go on: these bytes are not JSON, or end here. Not an error of its own; the parser will say so.
struct Stopped;

type Step<T> = Result<T, Stop>;

enum Stop {
    NotJson,
    Refused(ScanError),
}

impl From<Stopped> for Stop {
    fn from(Stopped: Stopped) -> Self {
        Self::NotJson
    }
}

struct Scanner<'a> {
    body: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn top_level(&mut self, found: &mut Found) -> Result<(), ScanError> {
        match self.members(found) {
            Ok(()) | Err(Stop::NotJson) => Ok(()),
            Err(Stop::Refused(error)) => Err(error),
        }
    }

    /// The members of the payload itself.
    fn members(&mut self, found: &mut Found) -> Step<()> {
        let mut more = self.enter_object()?;
        while more {
            let key = self.key()?;
            if key.is(REPOSITORY.outer) {
                first_time(&mut found.repository_seen, REPOSITORY.outer)?;
                self.named(&REPOSITORY, &mut found.full_name)?;
            } else if key.is(ORGANIZATION.outer) {
                first_time(&mut found.organization_seen, ORGANIZATION.outer)?;
                self.named(&ORGANIZATION, &mut found.login)?;
            } else {
                self.skip_value()?;
            }
            more = self.next_member()?;
        }
        Ok(())
    }

    /// The members of `repository` or `organization`; `name` is set as soon as it is read, even if the rest is cut off.
    fn named(&mut self, wanted: &Wanted, name: &mut Option<Fixed<MAX_NAME>>) -> Step<()> {
        if self.peek()? != b'{' {
            return Ok(self.skip_value()?);
        }
        let mut seen = false;
        let mut more = self.enter_object()?;
        while more {
            if self.key()?.is(wanted.inner) {
                first_time(&mut seen, wanted.path)?;
                if self.peek()? == b'"' {
                    *name = Some(self.string()?).filter(|name| !name.is(""));
                } else {
                    self.skip_value()?;
                }
            } else {
                self.skip_value()?;
            }
            more = self.next_member()?;
        }
        Ok(())
    }

    /// Steps into an object; false if it is empty, and then it is stepped over.
    fn enter_object(&mut self) -> Result<bool, Stopped> {
        self.expect(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(false);
        }
        Ok(true)
    }

    /// Steps over the comma before another member, or over the object's end.
    fn next_member(&mut self) -> Result<bool, Stopped> {
        match self.peek()? {
            b',' => {
                self.at += 1;
                Ok(true)
            }
            b'}' => {
                self.at += 1;
                Ok(false)
            }
            _ => Err(Stopped),
        }
    }

    fn key(&mut self) -> Result<Fixed<MAX_KEY>, Stopped> {
        let key = self.string()?;
        self.expect(b':')?;
        Ok(key)
    }

    /// Steps over one value of any kind, counting brackets: which closes which is for the parser to judge.
    fn skip_value(&mut self) -> Result<(), Stopped> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string::<0>()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1).ok_or(Stopped)?;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => self.at += 1,
                b',' | b':' => return Err(Stopped),
                _ => self.skip_word(),
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// A number, `true`, `false` or `null`.
    fn skip_word(&mut self) {
        let ends = |byte: &u8| matches!(byte, b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"') || is_space(*byte);
        let rest = &self.body[self.at..];
        self.at += rest.iter().position(ends).unwrap_or(rest.len());
    }

    /// Reads a string, its escapes undone, into at most `N` bytes.
    fn string<const N: usize>(&mut self) -> Result<Fixed<N>, Stopped> {
        self.expect(b'"')?;
        let mut text = Fixed::new();
        loop {
            let rest = &self.body[self.at..];
            let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).ok_or(Stopped)?;
            text.push(&rest[..plain]);
            self.at += plain + 1;
            if rest[plain] == b'"' {
                return Ok(text);
            }
            let escaped = self.escape()?;
            text.push(escaped.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    /// What stands behind a backslash. A surrogate without its other half becomes U+FFFD; the parser will refuse it.
    fn escape(&mut self) -> Result<char, Stopped> {
        let letter = *self.body.get(self.at).ok_or(Stopped)?;
        self.at += 1;
        Ok(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.hex()?;
                let low = if (0xD800..0xDC00).contains(&unit) { self.low_surrogate() } else { None };
                let units = [Some(unit), low];
                let decoded = char::decode_utf16(units.into_iter().flatten()).next();
                decoded.and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return Err(Stopped),
        })
    }

    fn low_surrogate(&mut self) -> Option<u16> {
        if !self.body[self.at..].starts_with(b"\\u") {
            return None;
        }
        let before = self.at;
        self.at += 2;
        let unit = self.hex().ok().filter(|unit| (0xDC00..0xE000).contains(unit));
        if unit.is_none() {
            self.at = before;
        }
        unit
    }

    fn hex(&mut self) -> Result<u16, Stopped> {
        let digits = self.body.get(self.at..self.at + 4).ok_or(Stopped)?;
        let mut unit = 0;
        for digit in digits {
            let value = char::from(*digit).to_digit(16).ok_or(Stopped)?;
            unit = unit << 4 | u16::try_from(value).expect("a hex digit is under 16");
        }
        self.at += 4;
        Ok(unit)
    }

    fn expect(&mut self, byte: u8) -> Result<(), Stopped> {
        if self.peek()? != byte {
            return Err(Stopped);
        }
        self.at += 1;
        Ok(())
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Result<u8, Stopped> {
        let rest = &self.body[self.at..];
        self.at += rest.iter().position(|byte| !is_space(*byte)).unwrap_or(rest.len());
        self.body.get(self.at).copied().ok_or(Stopped)
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn first_time(seen: &mut bool, what: &'static str) -> Step<()> {
    if std::mem::replace(seen, true) {
        return Err(Stop::Refused(ScanError::Duplicate(what)));
    }
    Ok(())
}

/// Up to `N` bytes of text; what is longer is remembered only as too long.
struct Fixed<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Fixed<N> {
    fn new() -> Self {
        Self { bytes: [0; N], length: 0 }
    }

    fn push(&mut self, more: &[u8]) {
        let end = self.length.saturating_add(more.len());
        if let Some(room) = self.bytes.get_mut(self.length..end) {
            room.copy_from_slice(more);
        }
        self.length = end;
    }

    fn is(&self, text: &str) -> bool {
        self.bytes.get(..self.length) == Some(text.as_bytes())
    }

    fn text(&self) -> Option<String> {
        let bytes = self.bytes.get(..self.length)?;
        std::str::from_utf8(bytes).ok().map(str::to_owned)
    }
}

#[cfg(test)]
mod tests;
