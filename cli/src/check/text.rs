//! For people: each finding with the line that it is in.

use std::fmt::Write as _;

use config::check::{Finding, Level, Report};

use crate::output::tame;

/// The longest piece of a line that is shown.
const COLUMNS: usize = 100;
/// How much of a longer line stands before the place that is meant.
const BEFORE: usize = 40;

pub(super) fn render(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        text.push_str(&one(finding));
    }
    for (name, why) in &report.not_checked {
        text.push_str(&format!("not checked: {name}: {}\n", tame(why)));
    }
    let counted = |level: Level| match report.count(level) {
        0 => format!("no {level}s"),
        1 => format!("1 {level}"),
        count => format!("{count} {level}s"),
    };
    text.push_str(&format!("{}, {}\n", counted(Level::Error), counted(Level::Warning)));
    text
}

/// `file:line:column: warning[name]: what`, the line, and a caret under the place.
fn one(finding: &Finding) -> String {
    let Finding { level, rule, fault, line } = finding;
    let at = fault.at;
    let place = format!("{}:{}:{}", tame(&fault.file), at.line, at.column);
    let mut text = match (level, *rule) {
        (Level::Error, "invalid") | (Level::Note, "noted") => format!("{place}: {level}: "),
        _ => format!("{place}: {level}[{rule}]: "),
    };
    text.push_str(&tame(&fault.message));
    text.push('\n');
    if let Some(line) = line {
        let (piece, column) = piece(&tame(line), at.column.saturating_sub(1));
        let blank = " ".repeat(column);
        let _ = writeln!(text, "{:>6} | {piece}\n       | {blank}^", at.line);
    }
    text
}

/// The part of a line that shows what stands at `column` (from 0), and where that is in it.
fn piece(line: &str, column: usize) -> (String, usize) {
    let length = line.chars().count();
    if length <= COLUMNS {
        return (line.trim_end().to_owned(), column);
    }
    let from = column.saturating_sub(BEFORE).min(length.saturating_sub(COLUMNS));
    let mut piece: String = line.chars().skip(from).take(COLUMNS).collect();
    let mut column = column.saturating_sub(from);
    if from > 0 {
        piece.insert(0, '…');
        column += 1;
    }
    if from + COLUMNS < length {
        piece.push('…');
    }
    (piece, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_line_the_place_is_shown() {
        assert_eq!(piece("  a: b  ", 5), ("  a: b".to_owned(), 5));
        let line = format!("{}x{}", "a".repeat(200), "b".repeat(200));
        for (at, want) in [(0, 'a'), (200, 'x'), (400, 'b')] {
            let (piece, column) = piece(&line, at);
            assert_eq!(piece.chars().nth(column), Some(want), "{at}: {piece}");
            assert!(piece.chars().count() <= COLUMNS + 2);
        }
        assert!(piece(&line, 200).0.starts_with('…') && piece(&line, 200).0.ends_with('…'));
    }
}
