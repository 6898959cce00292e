//! Classes in brackets.

use super::escape::Escaped;
use super::translator::{Translator, push_literal};

impl Translator<'_> {
    pub(super) fn class(&mut self) -> Result<(), String> {
        let mut class = String::from("[");
        if self.rest.next_if_eq(&'^').is_some() {
            class.push('^');
        }
        let mut first = true;
        loop {
            let item = match self.rest.next() {
                None => return Err("a `[` is not closed".to_owned()),
                Some(']') if !first => break,
                Some('[') if self.rest.peek() == Some(&':') => self.posix_class()?,
                Some('\\') => self.escaped()?,
                Some(c) => Escaped::Char(c),
            };
            first = false;
            let low = match item {
                Escaped::Class(text) => {
                    class.push_str(&text);
                    continue;
                }
                Escaped::Char(low) => low,
            };
            push_literal(&mut class, low);
            let mut ahead = self.rest.clone();
            if ahead.next() != Some('-') || matches!(ahead.peek(), None | Some(']')) {
                continue;
            }
            self.rest.next();
            let high = match self.rest.next() {
                Some('\\') => self.escaped()?,
                Some(c) => Escaped::Char(c),
                None => return Err("a `[` is not closed".to_owned()),
            };
            match high {
                Escaped::Char(high) if high >= low => {
                    class.push('-');
                    push_literal(&mut class, high);
                }
                Escaped::Char(high) => {
                    return Err(format!("the range `{low}-{high}` has its ends the wrong way round"));
                }
                Escaped::Class(_) => return Err(format!("the range that begins with `{low}-` ends in a class")),
            }
        }
        class.push(']');
        self.item(&class);
        Ok(())
    }

    /// `[:alpha:]` within a class, after its opening bracket; that bracket itself where no `:]` follows.
    fn posix_class(&mut self) -> Result<Escaped, String> {
        const NAMES: [&str; 14] = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper",
            "word", "xdigit",
        ];
        if self.has_no_posix_end {
            return Ok(Escaped::Char('['));
        }
        let mut name = String::new();
        let mut ahead = self.rest.clone().skip(1).peekable();
        loop {
            match ahead.next() {
                Some(':') if ahead.peek() == Some(&']') => break,
                Some(c) => name.push(c),
                None => {
                    // So that a row of such beginnings is looked through once.
                    self.has_no_posix_end = true;
                    return Ok(Escaped::Char('['));
                }
            }
        }
        if !NAMES.contains(&name.strip_prefix('^').unwrap_or(&name)) {
            return Err(format!("`[:{name}:]` is not a class that Go knows"));
        }
        for _ in 0..name.len() + 3 {
            self.rest.next();
        }
        Ok(Escaped::Class(format!("[:{name}:]")))
    }
}
