//! What looks like the key of a Jira issue. Written out by hand: a guest that compiles a regular expression spends
//! longer on that than on the event.

/// Keys in the order in which they stand, as often as they stand. Behaviour: Prow's
/// `\b([a-zA-Z]+-[0-9]+)(\s|:|$|]|\))`: a key that a full stop or a comma follows is none.
pub fn candidates(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let starts_word = at == 0 || !is_word(bytes[at - 1]);
        match key_at(bytes, at).filter(|_| starts_word) {
            Some(end) => {
                found.push(&text[at..end]);
                at = end;
            }
            None => at += 1,
        }
    }
    found
}

/// Where the key that begins at `start` ends.
fn key_at(bytes: &[u8], start: usize) -> Option<usize> {
    let run = |from: usize, holds: fn(&u8) -> bool| from + bytes[from..].iter().take_while(|byte| holds(byte)).count();
    let dash = run(start, u8::is_ascii_alphabetic);
    if dash == start || bytes.get(dash) != Some(&b'-') {
        return None;
    }
    let end = run(dash + 1, u8::is_ascii_digit);
    let closes = matches!(bytes.get(end), None | Some(b' ' | b'\t' | b'\n' | b'\x0c' | b'\r' | b':' | b']' | b')'));
    (end > dash + 1 && closes).then_some(end)
}

/// Go's `\w`.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The keys of a text and a title that are worth asking for, sorted, each once: of a project that Jira has, and of none
/// that is disabled. A disabled project is a beginning of the key, in any case.
pub fn wanted(body: &str, title: &str, disabled: &[String], projects: &[String]) -> Vec<String> {
    let is_disabled = |key: &str| disabled.iter().any(|project| starts_with(key, project));
    let exists = |key: &str| {
        let project = key.split('-').next().unwrap_or_default();
        projects.iter().any(|known| known.eq_ignore_ascii_case(project))
    };
    let mut keys: Vec<String> = candidates(body)
        .into_iter()
        .chain(candidates(title))
        .filter(|key| !is_disabled(key) && exists(key))
        .map(str::to_owned)
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn starts_with(key: &str, beginning: &str) -> bool {
    key.to_lowercase().starts_with(&beginning.to_lowercase())
}
