//! What Go's parser refuses and ours takes as read: how blocks are nested, and some spellings.

use super::actions::{Piece, comment, pieces};

/// A block that has no `end` yet.
struct Open<'a> {
    word: &'a str,
    has_else: bool,
}

/// Looks at every action of a template.
pub(super) fn check(template: &str) -> Result<(), String> {
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut rest = template;
    while let Some((_, after)) = rest.split_once("{{") {
        if let Some(comment) = comment(after) {
            rest = comment.split_once("*/").map_or("", |(_, rest)| rest);
            continue;
        }
        let (pieces, length) = pieces(after);
        check_pieces(&pieces)?;
        let inner = after[..length].strip_prefix("-").filter(|rest| rest.starts_with(char::is_whitespace));
        block(inner.unwrap_or(&after[..length]).trim_start(), &mut open)?;
        rest = &after[length..];
    }
    match open.pop() {
        None => Ok(()),
        Some(Open { word, .. }) => Err(format!("an `{{{{{word}}}}}` has no `{{{{end}}}}`")),
    }
}

fn check_pieces(pieces: &[Piece<'_>]) -> Result<(), String> {
    for piece in pieces {
        match piece {
            Piece::Code(code) if code.contains("..") => return Err("`..` names no field".to_owned()),
            Piece::Code(code) if has_nil(code) => {
                return Err("`nil` has no meaning here: ask by `if` or `not` whether something is there".to_owned());
            }
            Piece::Quoted(text) if text.contains('\n') && !text.starts_with('`') => {
                return Err(format!(
                    "the text {text} has a line break in it: write `\\n`, or quote it with backquotes"
                ));
            }
            Piece::Quoted(text) if text.contains("%T") => return Err("`%T` has no meaning here".to_owned()),
            Piece::Code(_) | Piece::Quoted(_) => {}
        }
    }
    Ok(())
}

fn block<'a>(inner: &'a str, open: &mut Vec<Open<'a>>) -> Result<(), String> {
    let word = first_word(inner);
    let rest = inner[word.len()..].trim();
    match word {
        "" if inner.starts_with("/*") => {
            return Err("a comment begins right after `{{`, or `{{- `: nothing stands before its `/*`".to_owned());
        }
        "define" if !open.is_empty() => return Err("a `{{define}}` stands within a block".to_owned()),
        "block" if is_name_alone(rest) => return Err("a `{{block}}` has no value: give it `.`".to_owned()),
        "else" => {
            let Some(block) = open.last_mut().filter(|block| is_choice(block.word) && !block.has_else) else {
                return Err("an `{{else}}` belongs to nothing".to_owned());
            };
            match first_word(rest) {
                again @ ("if" | "with") if again != block.word => {
                    return Err(format!("an `{{{{else {again}}}}}` follows no `{{{{{again}}}}}`"));
                }
                "if" | "with" => {}
                _ => block.has_else = true,
            }
        }
        "end" if open.pop().is_none() => return Err("an `{{end}}` closes nothing".to_owned()),
        _ => {}
    }
    if is_choice(word) || matches!(word, "block" | "define") {
        open.push(Open { word, has_else: false });
    }
    Ok(())
}

fn has_nil(code: &str) -> bool {
    code.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '$'))).any(|word| word == "nil")
}

fn is_choice(word: &str) -> bool {
    matches!(word, "if" | "range" | "with")
}

/// Whether there is a quoted name and nothing after it.
fn is_name_alone(rest: &str) -> bool {
    let after = rest.strip_prefix(['"', '`']).and_then(|name| name.split_once(['"', '`']));
    after.is_some_and(|(_, after)| matches!(after.trim(), "" | "-"))
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default()
}
