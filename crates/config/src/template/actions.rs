//! What stands between `{{` and `}}`.

/// A stretch of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Code.
    Code(&'a str),
    /// A text or character with its quotes.
    Quoted(&'a str),
}

/// The pieces of the action that begins after its `{{`, and how long it is without the `}}`: texts within it may hold
/// braces.
pub(super) fn pieces(inner: &str) -> (Vec<Piece<'_>>, usize) {
    let mut pieces = Vec::new();
    let (mut begin, mut quote, mut escaped) = (0, None, false);
    for (at, c) in inner.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some('"' | '\'') if c == '\\' => escaped = true,
            Some(open) if c == open => {
                let end = at + c.len_utf8();
                pieces.push(Piece::Quoted(&inner[begin..end]));
                (begin, quote) = (end, None);
            }
            Some(_) => {}
            None if matches!(c, '"' | '\'' | '`') => {
                pieces.push(Piece::Code(&inner[begin..at]));
                (begin, quote) = (at, Some(c));
            }
            None if inner[at..].starts_with("}}") => {
                pieces.push(Piece::Code(&inner[begin..at]));
                return (pieces, at);
            }
            None => {}
        }
    }
    pieces.push(if quote.is_some() { Piece::Quoted(&inner[begin..]) } else { Piece::Code(&inner[begin..]) });
    (pieces, inner.len())
}

/// The comment that an action is, up to the end of its text; nothing may stand before it but the mark that trims.
pub(super) fn comment(inner: &str) -> Option<&str> {
    let trimmed = inner.strip_prefix('-').and_then(|rest| rest.strip_prefix([' ', '\t', '\r', '\n']));
    trimmed.unwrap_or(inner).strip_prefix("/*")
}

/// The function that stands for `.Labels.team`: no value where there is none.
pub(super) const FIELD: &str = "__field";
/// The function that stands for `index .Labels "team"`: an empty text where there is none.
pub(super) const INDEX: &str = "__index";

/// Names of labels by those functions, and so of annotations: unlike structs, these need not have what is asked for.
pub(super) fn name_labels(template: &str) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        out.push_str("{{");
        if let Some(comment) = comment(after) {
            let (_, after_comment) = comment.split_once("*/").unwrap_or((comment, ""));
            let length = after.len() - after_comment.len();
            out.push_str(&after[..length]);
            rest = after_comment;
            continue;
        }
        let (pieces, length) = pieces(after);
        for piece in pieces {
            match piece {
                Piece::Quoted(text) => out.push_str(text),
                Piece::Code(code) => name_words(code, &mut out),
            }
        }
        rest = &after[length..];
    }
    out.push_str(rest);
    out
}

fn name_words(code: &str, out: &mut String) {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
    let (mut rest, mut last) = (code, "");
    while let Some(begin) = rest.find(is_word) {
        let (before, word_on) = rest.split_at(begin);
        let (word, after) = word_on.split_at(word_on.find(|c| !is_word(c)).unwrap_or(word_on.len()));
        let follows_index = last == "index" && before.trim().is_empty();
        out.push_str(before);
        match word.rsplit_once('.') {
            // A field of a parenthesis would lose it.
            Some((map, name)) if is_map(map) && !name.is_empty() && !before.ends_with(')') => {
                out.push_str(&format!("({FIELD} {map} \"{name}\")"));
            }
            _ if follows_index && is_map(word) => {
                out.truncate(out.trim_end().len() - last.len());
                out.push_str(&format!("{INDEX} {word}"));
            }
            _ => out.push_str(word),
        }
        (rest, last) = (after, word);
    }
    out.push_str(rest);
}

fn is_map(field: &str) -> bool {
    field.ends_with(".Labels") || field.ends_with(".Annotations")
}
