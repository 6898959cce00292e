//! What two runs have come to, as lines of text: made comparable, and compared.

/// The lines that only one of the two has: `-` before those of `want`, `+` before those of `got`. None if they are equal; one
/// that says so if only their order differs.
#[must_use]
pub fn difference(want: &[String], got: &[String]) -> Vec<String> {
    if want == got {
        return Vec::new();
    }
    let lines = [only("-", want, got), only("+", got, want)].concat();
    if lines.is_empty() { vec!["the order of the lines".to_owned()] } else { lines }
}

fn only(sign: &str, these: &[String], others: &[String]) -> Vec<String> {
    let mut others = others.to_vec();
    let mut lines = Vec::new();
    for line in these {
        match others.iter().position(|other| other == line) {
            // Each line of the other side is matched once: twice is not once.
            Some(at) => drop(others.swap_remove(at)),
            None => lines.push(format!("{sign} {line}")),
        }
    }
    lines
}

/// The text with every word that has a digit in it, or that could be a part of a hash, replaced by `#`.
#[must_use]
pub fn without_ids(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric();
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_word(c) != is_word(first)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        let hash = part.len() >= 4 && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let id = is_word(first) && (hash || part.bytes().any(|b| b.is_ascii_digit()));
        out.push_str(if id { "#" } else { part });
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_shown() {
        let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(difference(&lines("a b c"), &lines("a b c")).is_empty());
        assert_eq!(difference(&lines("a b b"), &lines("a b c")), ["- b", "+ c"]);
        assert_eq!(difference(&lines("a b"), &lines("a b b")), ["+ b"]);
        assert_eq!(difference(&lines("a b"), &lines("b a")), ["the order of the lines"]);
    }

    #[test]
    fn ids_are_left_out_and_words_are_not() {
        let text = "flaky | 0123456789abcdef | [link](http://127.0.0.1:4711/log/0a1b-dead) | true | `/test flaky`";
        assert_eq!(without_ids(text), "flaky | # | [link](http://#.#.#.#:#/log/#-#) | true | `/test flaky`");
    }
}
