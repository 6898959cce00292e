//! How much a document unfolds to, told before it is unfolded.

use std::collections::HashMap;

use granit_parser::{Event, Parser};

/// This many bytes of text count as one value.
const TEXT: usize = 64;

/// How many values the first document of `text` unfolds to, aliases followed; `None` if it is more than `most`. A text that
/// is no YAML is measured as far as it is.
pub(super) fn unfolded(text: &str, most: usize) -> Option<usize> {
    let options = granit_parser::options! { emit_comments: false };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut anchors = HashMap::new();
    // What is open, the innermost last; the first is the document.
    let mut open: Vec<(Option<usize>, usize)> = vec![(None, 0)];
    for event in Parser::new_from_str_with_options(text, options) {
        let Ok((event, _)) = event else { break };
        let (anchor, size) = match &event {
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                open.push((event.anchor_id(), 1));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop()?,
            Event::Scalar(text, ..) => (event.anchor_id(), 1 + text.len() / TEXT),
            Event::Alias(id) => (None, anchors.get(id).copied().unwrap_or_default()),
            Event::DocumentEnd => break,
            _ => continue,
        };
        if let Some(anchor) = anchor {
            anchors.insert(anchor, size);
        }
        let around = open.last_mut()?;
        around.1 = around.1.saturating_add(size);
        if around.1 > most {
            return None;
        }
    }
    Some(open.iter().map(|(_, size)| size).sum()).filter(|total| *total <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Option<usize>) {
        assert_eq!(unfolded(text, 100), want, "{text:?}");
    }

    #[test]
    fn values_are_counted_with_what_aliases_stand_for() {
        check("", Some(0));
        check("a", Some(1));
        check("[a, b]", Some(3));
        check("{a: b}", Some(3));
        check("a: &x [1, 2]\nb: *x\n", Some(9));
        check("a: &x [1, 2]\nb: {<<: *x}\n", Some(11));
        check(&format!("a: {}\n", "x".repeat(640)), Some(13));
        check(&format!("a: &x {}\nb: [*x, *x, *x]\n", "x".repeat(1600)), None);
        check(&"- a\n".repeat(99), Some(100));
        check(&"- a\n".repeat(100), None);
        assert!(unfolded("a: [b,\n", 100).is_some());
        check("a\n---\nb\n", Some(1));
    }

    #[test]
    fn what_would_blow_up_is_not_unfolded() {
        let mut text = String::from("a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n");
        for level in 1..50 {
            let below = format!("*a{}", level - 1);
            text.push_str(&format!("a{level}: &a{level} [{}]\n", vec![below; 10].join(", ")));
        }
        assert_eq!(unfolded(&text, usize::MAX - 1), None);
        assert_eq!(unfolded(&text, 1_000_000), None);
    }
}
