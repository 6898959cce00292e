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
                Some('[') if self.rest.peek() == Some(&':') => Escaped::Class(self.posix_class()?),
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

    /// `[:alpha:]` within a class, after its opening bracket.
    fn posix_class(&mut self) -> Result<String, String> {
        const NAMES: [&str; 14] = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper",
            "word", "xdigit",
        ];
        self.rest.next();
        let name: String = self.rest.by_ref().take_while(|c| *c != ':').collect();
        let bare = name.strip_prefix('^').unwrap_or(&name);
        if self.rest.next() != Some(']') || !NAMES.contains(&bare) {
            return Err(format!("`[:{name}:]` is not a class that Go knows"));
        }
        Ok(format!("[:{name}:]"))
    }
}
