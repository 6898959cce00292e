//! Texts that have to fit.

const ELISION: &str = " ... ";

/// At most `max` bytes of `text`: its beginning and its end where it is longer.
pub(crate) fn shortened(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let half = max.saturating_sub(ELISION.len()) / 2;
    let head = text.floor_char_boundary(half);
    let tail = text.ceil_char_boundary(text.len() - half);
    format!("{}{ELISION}{}", &text[..head], &text[tail..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_and_the_end_stay() {
        assert_eq!(shortened("short", 5), "short");
        assert_eq!(shortened("0123456789abcdef", 11), "012 ... def");
        for max in 5..40 {
            let text = shortened(&"äöü".repeat(10), max);
            assert!(text.len() <= max, "{text}, {max}");
        }
    }
}
