//! What one call of a plugin writes into its log: one line at a time, cut to a length, so many lines and bytes. Pure.

/// The most bytes of one line.
const MAX_LINE: usize = 4 << 10;

/// One line that a plugin wrote.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LogLine {
    /// `debug`, `info`, `warn` or `error`.
    pub level: &'static str,
    /// Cut to 4 KiB.
    pub message: String,
}

/// The lines of one call, and what it may still write.
#[derive(Debug)]
pub(crate) struct LogBook {
    lines: Vec<LogLine>,
    lines_left: u32,
    bytes_left: usize,
    /// What may be written before the call ends for it, kept or not.
    writes_left: u32,
    dropped: u32,
}

/// It wrote for ever.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Flooded;

impl LogBook {
    /// Keeps so many lines with so many bytes, of so many that are written.
    pub(crate) fn new(lines: u32, bytes: usize, writes: u32) -> Self {
        LogBook { lines: Vec::new(), lines_left: lines, bytes_left: bytes, writes_left: writes, dropped: 0 }
    }

    /// Takes down one line, and gives it back as it was kept; none if it was dropped.
    pub(crate) fn write(&mut self, level: &'static str, message: String) -> Result<Option<&LogLine>, Flooded> {
        self.writes_left = self.writes_left.checked_sub(1).ok_or(Flooded)?;
        let message = one_line(message);
        let (Some(lines), Some(bytes)) = (self.lines_left.checked_sub(1), self.bytes_left.checked_sub(message.len()))
        else {
            self.dropped += 1;
            return Ok(None);
        };
        (self.lines_left, self.bytes_left) = (lines, bytes);
        self.lines.push(LogLine { level, message });
        Ok(self.lines.last())
    }

    /// All lines, and one that says how many were dropped.
    pub(crate) fn into_lines(mut self) -> Vec<LogLine> {
        if self.dropped > 0 {
            let message = format!("{} more lines were dropped (`limits.log_lines`, `limits.log`)", self.dropped);
            self.lines.push(LogLine { level: "warn", message });
        }
        self.lines
    }
}

/// A text of a guest's as it is kept: one line, since a second one could pass for the host's own, and not too long.
pub(crate) fn one_line(mut text: String) -> String {
    if text.len() > MAX_LINE {
        text.truncate(text.floor_char_boundary(MAX_LINE));
        text.push('…');
    }
    if text.contains(char::is_control) {
        text = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_guest_writes_is_one_line_and_not_too_long() {
        for (message, want) in [
            ("as it is, ü", "as it is, ü".to_owned()),
            ("one\nERROR host: two\r\x1b[31m\u{85}\tthree", "one ERROR host: two  [31m  three".to_owned()),
            (&"x".repeat(5000), "x".repeat(4096) + "…"),
            (&"ü".repeat(3000), "ü".repeat(2048) + "…"),
            (&("x".to_owned() + &"ü".repeat(3000)), "x".to_owned() + &"ü".repeat(2047) + "…"),
        ] {
            assert_eq!(one_line(message.to_owned()), want);
        }
    }

    /// Writes these texts; gives what was kept, by length or text, and how many writes went well.
    #[track_caller]
    fn check(book: LogBook, texts: &[&str], want: &[&str], want_well: usize) {
        let mut book = book;
        let well = texts.iter().take_while(|text| book.write("info", (**text).to_owned()).is_ok()).count();
        let kept: Vec<_> = book.into_lines().into_iter().map(|line| line.message).collect();
        assert_eq!((kept.iter().map(String::as_str).collect::<Vec<_>>(), well), (want.to_vec(), want_well));
    }

    #[test]
    fn what_goes_over_is_dropped_and_counted_and_a_flood_ends() {
        let texts = ["one", "two", "three", "4"];
        check(LogBook::new(9, 99, 9), &texts, &texts, 4);
        let dropped = |n: u32| format!("{n} more lines were dropped (`limits.log_lines`, `limits.log`)");
        check(LogBook::new(2, 99, 9), &texts, &["one", "two", &dropped(2)], 4);
        check(LogBook::new(9, 7, 9), &texts, &["one", "two", "4", &dropped(1)], 4);
        check(LogBook::new(0, 0, 9), &texts, &[&dropped(4)], 4);
        check(LogBook::new(9, 99, 2), &texts, &["one", "two"], 2);
    }
}
