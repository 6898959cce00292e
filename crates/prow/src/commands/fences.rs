//! Code blocks between fences, which hold examples and not commands.

use std::borrow::Cow;

/// The text without its fenced code blocks.
///
/// A block begins with a line that starts with three backticks or tildes (a language may follow) and ends with a line
/// of just the same three, the end of the text included. What is not closed so is not a block. Prow's expression
/// misses blocks with CRLF line ends, which GitHub's own page sends; here they are blocks.
pub fn strip_code_blocks(text: &str) -> Cow<'_, str> {
    // An opening behind the last closing line cannot be closed. Known beforehand, so that a text full of openings is not
    // searched to its end for each.
    let last = FENCES.map(|fence| last_closing(text, fence));
    let mut kept = String::new();
    let mut rest = text;
    let mut stripped = false;
    while let Some((start, end)) = first_block(rest, last.map(|last| last.checked_sub(text.len() - rest.len()))) {
        kept.push_str(&rest[..start]);
        rest = &rest[end..];
        stripped = true;
    }
    if !stripped {
        return Cow::Borrowed(text);
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}

const FENCES: [&str; 2] = ["```", "~~~"];

/// Where the last line of just `fence` starts; 0 if there is none, since a block opens before it closes.
fn last_closing(text: &str, fence: &str) -> usize {
    // The start first: a long line of fences has only one, and the look for its end goes through all of the line.
    let is_closing = |at: &usize| {
        (*at == 0 || text.as_bytes()[*at - 1] == b'\n') && {
            let line = text[*at + fence.len()..].split('\n').next().unwrap_or_default();
            line.strip_suffix('\r').unwrap_or(line).is_empty()
        }
    };
    text.rmatch_indices(fence).map(|(at, _)| at).find(is_closing).unwrap_or(0)
}

/// Where the first code block of `text` starts and ends. What precedes `text` must end a line. `last` is where each
/// fence closes for the last time, if it does behind the start of `text`.
fn first_block(text: &str, last: [Option<usize>; 2]) -> Option<(usize, usize)> {
    let mut start = 0;
    loop {
        let line = &text[start..];
        for (fence, last) in FENCES.into_iter().zip(last) {
            if last.is_none_or(|last| last <= start) {
                continue;
            }
            if let Some(end) = line.strip_prefix(fence).and_then(|body| block_end(body, fence)) {
                return Some((start, start + fence.len() + end));
            }
        }
        start += line.find('\n')? + 1;
    }
}

/// The length of a block's body with its closing fence and the line break after it.
fn block_end(body: &str, fence: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(line_end) = body[at..].find('\n') {
        at += line_end + 1;
        if let Some(rest) = body[at..].strip_prefix(fence) {
            let rest = rest.strip_prefix('\r').unwrap_or(rest);
            if rest.is_empty() {
                return Some(body.len());
            }
            if let Some(rest) = rest.strip_prefix('\n') {
                return Some(body.len() - rest.len());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_blocks(text: &str, want: &str) {
        assert_eq!(strip_code_blocks(text), want, "{text:?}");
    }

    #[test]
    fn closed_fences_are_stripped() {
        check_blocks("a\n```\n/test x\n```\nb", "a\nb");
        check_blocks("```\n/test x\n```", "");
        check_blocks("~~~\n/test x\n~~~\n", "");
        check_blocks("```go\n/test x\n```\n/test y", "/test y");
        check_blocks("```\n```\nx", "x");
        check_blocks("```\na\n```\nb\n```\nc\n```\nd", "b\nd");
    }

    #[test]
    fn fences_with_crlf_are_stripped() {
        check_blocks("a\r\n```\r\n/test x\r\n```\r\nb", "a\r\nb");
        check_blocks("```\r\n/test x\r\n```\r", "");
    }

    #[test]
    fn a_text_full_of_openings_is_read_once() {
        let openings = "```x\n".repeat(1 << 20);
        assert_eq!(strip_code_blocks(&openings), openings);
        let closed = format!("{openings}~~~\n~~~\nend");
        assert_eq!(strip_code_blocks(&closed), format!("{openings}end"));
    }

    #[test]
    fn what_is_not_closed_by_a_bare_fence_stays() {
        for text in [
            "```\n/test x",
            "```\n/test x\n``` that was it",
            "```\n/test x\n~~~",
            " ```\n/test x\n ```",
            "text ```\n/test x\n```",
            "plain",
            "",
        ] {
            check_blocks(text, text);
        }
        check_blocks("```\n/test x\n``` no\n/test y\n```\nz", "z");
    }

    #[test]
    fn case_52_a_fenced_command_beside_a_bare_one_leaves_the_bare_one() {
        check_blocks("```\n/test FOO\n```\n/test BAR", "/test BAR");
    }
}
