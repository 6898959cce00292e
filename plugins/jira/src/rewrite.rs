//! Keys in a text become links. Behaviour: Prow pkg/plugins/jira/jira.go, `insertLinksIntoComment`.

/// `body` with each of `keys` linked to its page below `base`, but not in code, not in links, and not inside other words.
/// Applied twice it changes nothing more.
pub fn with_links(body: &str, keys: &[String], base: &str) -> String {
    let mut in_fence = false;
    let lines = body.split('\n').map(|line| {
        if line.starts_with("```") {
            in_fence = !in_fence;
        }
        if in_fence || line.starts_with("    ") {
            return line.to_owned();
        }
        keys.iter().fold(line.to_owned(), |line, key| linked(&line, key, base))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn linked(line: &str, key: &str, base: &str) -> String {
    let link = format!("[{key}]({}/browse/{key})", base.trim_end_matches('/'));
    let mut text = String::with_capacity(line.len());
    let mut done = 0;
    for (at, _) in line.match_indices(key) {
        let end = at + key.len();
        let before = line[..at].bytes().next_back();
        let after = line[end..].bytes().next();
        // `[` is a link already, `/` a part of one, a backtick code, `-` and letters a longer word.
        let free = !before.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"[/`-".contains(&byte));
        let whole = !after.is_some_and(|byte| byte.is_ascii_alphanumeric());
        text.push_str(&line[done..at]);
        text.push_str(if free && whole { &link } else { key });
        done = end;
    }
    text.push_str(&line[done..]);
    text
}
