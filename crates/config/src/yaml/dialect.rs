//! What is YAML today, and none or another text to Prow's reader, which reads YAML 1.1: refused, each with its place.

use granit_parser::{Event, ScalarStyle};

use super::Wrong;
use crate::fault::Position;

/// What shows in the text alone.
pub(super) fn check(text: &str) -> Result<(), Wrong> {
    if let Some(byte) = text.find(['\u{85}', '\u{2028}', '\u{2029}']) {
        let message = "this character ends a line in YAML 1.1, which Prow reads: write an ordinary line break, or its \
                       escape in double quotes";
        return Err(Wrong { at: position_at(text, byte), message: message.to_owned() });
    }
    for (index, line) in text.lines().enumerate() {
        let at = Position { line: index + 1, column: 1 };
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            [] => {}
            [word, ..] if word.starts_with('#') || word == "%TAG" => {}
            ["%YAML", "1.1", ..] => {}
            [word, ..] if line.starts_with('%') => {
                let message = format!("Prow's reader does not know the directive `{word}` with this value: remove it");
                return Err(Wrong { at, message });
            }
            _ => break,
        }
    }
    Ok(())
}

/// Whether a document is ended in so many words before `next`.
pub(super) fn ends(text: &str, next: Position) -> bool {
    text.lines().take(next.line).any(|line| line.starts_with("..."))
}

/// Outside brackets, tabs indent nothing: a line's first value stands behind spaces.
pub(super) fn check_tabs(lines: &[&str], at: Position) -> Result<(), Wrong> {
    let Some(line) = lines.get(at.line - 1) else { return Ok(()) };
    let before: String = line.chars().take(at.column - 1).collect();
    if before.contains('\t') && before.chars().all(|c| matches!(c, ' ' | '\t' | '-' | '?' | ':')) {
        return Err(Wrong { at, message: "a tab stands before this: indent with spaces".to_owned() });
    }
    Ok(())
}

/// Within brackets, `?` and `:` are no beginning of a plain text.
pub(super) fn check_flow(event: &Event<'_>, at: Position) -> Result<(), Wrong> {
    match event {
        Event::Scalar(text, ScalarStyle::Plain, ..) if text.starts_with(['?', ':']) => {
            Err(Wrong { at, message: format!("`{text}` is no text in brackets: quote it") })
        }
        _ => Ok(()),
    }
}

fn position_at(text: &str, byte: usize) -> Position {
    let before = &text[..byte];
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
}
