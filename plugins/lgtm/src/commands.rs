//! The commands in a text.

/// What is asked about the label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// `/lgtm`, `/lgtm no-issue`, or a review that approves.
    Add,
    /// `/lgtm cancel`, `/remove-lgtm`, or a review that requests changes.
    Remove,
}

/// The text's command, in any case and with white space behind it; anything else on the line makes it no command, and
/// so does a second space within it. Of a text with both, the label is added. Code blocks count like the rest.
///
/// Behaviour: Prow pkg/plugins/lgtm/lgtm.go, `LGTMRe` and `LGTMCancelRe`.
pub fn parse(text: &str) -> Option<Ask> {
    let asks = |wanted: [&str; 2]| {
        let is = |line: &str| wanted.iter().any(|it| line.eq_ignore_ascii_case(it));
        text.split('\n').map(|line| line.trim_end_matches(is_space)).any(is)
    };
    if asks(["/lgtm", "/lgtm no-issue"]) {
        Some(Ask::Add)
    } else if asks(["/lgtm cancel", "/remove-lgtm"]) {
        Some(Ask::Remove)
    } else {
        None
    }
}

/// Go's `\s`, within a line.
fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\u{c}' | '\r' | ' ')
}
