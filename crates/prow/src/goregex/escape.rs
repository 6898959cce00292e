//! What follows a backslash.

use super::translator::{Last, Translator};

/// `\B` by ASCII's words. With Unicode off it could match within a character, which a search in text must not.
const NOT_WORD_BOUNDARY: &str = "(?-u:\\B)";

pub(super) enum Escaped {
    Char(char),
    Class(String),
}

impl Translator<'_> {
    /// What follows a backslash outside a class.
    pub(super) fn escape(&mut self) -> Result<(), String> {
        match self.rest.peek().copied() {
            Some('Q') => {
                self.rest.next();
                if self.last == Last::Repetition {
                    self.last = Last::Apart;
                }
                while let Some(c) = self.rest.next() {
                    if c == '\\' && self.rest.next_if_eq(&'E').is_some() {
                        return Ok(());
                    }
                    self.literal(c);
                }
                Ok(())
            }
            Some('A') => self.assertion("\\A"),
            Some('z') => self.assertion("\\z"),
            Some('b') => self.assertion("(?-u:\\b)"),
            Some('B') => self.assertion(NOT_WORD_BOUNDARY),
            Some('C') => Err("`\\C` (one byte) cannot be had on text".to_owned()),
            _ => {
                match self.escaped()? {
                    Escaped::Class(class) => self.item(&class),
                    Escaped::Char(c) => self.literal(c),
                }
                Ok(())
            }
        }
    }

    fn assertion(&mut self, text: &str) -> Result<(), String> {
        self.rest.next();
        self.item(text);
        Ok(())
    }

    /// What follows a backslash, in and outside classes alike.
    pub(super) fn escaped(&mut self) -> Result<Escaped, String> {
        let Some(c) = self.rest.next() else {
            return Err("it ends with a backslash: write `\\\\` for one".to_owned());
        };
        Ok(match c {
            'd' => Escaped::Class("[0-9]".to_owned()),
            'D' => Escaped::Class("[^0-9]".to_owned()),
            'w' => Escaped::Class("[0-9A-Za-z_]".to_owned()),
            'W' => Escaped::Class("[^0-9A-Za-z_]".to_owned()),
            's' => Escaped::Class("[\\t\\n\\f\\r ]".to_owned()),
            'S' => Escaped::Class("[^\\t\\n\\f\\r ]".to_owned()),
            'p' | 'P' => Escaped::Class(self.unicode_class(c)?),
            'a' => Escaped::Char('\u{7}'),
            'f' => Escaped::Char('\u{c}'),
            't' => Escaped::Char('\t'),
            'n' => Escaped::Char('\n'),
            'r' => Escaped::Char('\r'),
            'v' => Escaped::Char('\u{b}'),
            'x' => Escaped::Char(self.hexadecimal()?),
            '0'..='7' => Escaped::Char(self.octal(c)?),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Escaped::Char(c),
            c => return Err(format!("Go knows no escape `\\{c}`")),
        })
    }

    fn octal(&mut self, first: char) -> Result<char, String> {
        let is_octal = |c: &char| ('0'..='7').contains(c);
        if first != '0' && !self.rest.peek().is_some_and(is_octal) {
            return Err(format!("`\\{first}` would be a back-reference, which Go's expressions do not have"));
        }
        let mut value = first as u32 - '0' as u32;
        for _ in 0..2 {
            let Some(digit) = self.rest.next_if(is_octal) else { break };
            value = value * 8 + (digit as u32 - '0' as u32);
        }
        char::from_u32(value).ok_or_else(|| "an octal escape is out of range".to_owned())
    }

    fn hexadecimal(&mut self) -> Result<char, String> {
        let wrong = || "`\\x` takes two hexadecimal digits, or more of them in braces".to_owned();
        let (digits, whole) = if self.rest.next_if_eq(&'{').is_some() {
            let digits = self.braced().ok_or_else(wrong)?;
            let whole = !digits.is_empty();
            (digits, whole)
        } else {
            let digits: String = self.rest.by_ref().take(2).collect();
            let whole = digits.len() == 2;
            (digits, whole)
        };
        if !whole || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).ok_or_else(wrong)
    }

    /// What follows an opening brace, up to the closing one, which is taken too.
    pub(super) fn braced(&mut self) -> Option<String> {
        let mut ahead = self.rest.clone();
        let mut text = String::new();
        loop {
            match ahead.next()? {
                '}' => break,
                c => text.push(c),
            }
        }
        self.rest = ahead;
        Some(text)
    }
}
