//! A pattern, item by item: groups, repetitions and literals.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

/// The repetition that Go allows at most.
const MAX_REPEAT: u32 = 1000;

/// What a repetition would apply to.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Last {
    /// Nothing: the start, an opening parenthesis or `|`.
    Start,
    /// Something that can be repeated.
    Item,
    /// A repetition.
    Repetition,
}

pub(super) struct Translator<'a> {
    pub(super) rest: Peekable<Chars<'a>>,
    pub(super) out: String,
    pub(super) last: Last,
}

impl Translator<'_> {
    pub(super) fn run(&mut self) -> Result<(), String> {
        while let Some(c) = self.rest.next() {
            match c {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                ')' => self.item(")"),
                '|' => {
                    self.out.push('|');
                    self.last = Last::Start;
                }
                '*' | '+' | '?' => self.repetition(&c.to_string())?,
                '{' => match self.counted()? {
                    Some(count) => self.repetition(&count)?,
                    None => self.literal('{'),
                },
                '^' | '$' | '.' => self.item(&c.to_string()),
                c => self.literal(c),
            }
        }
        Ok(())
    }

    pub(super) fn item(&mut self, text: &str) {
        self.out.push_str(text);
        self.last = Last::Item;
    }

    pub(super) fn literal(&mut self, c: char) {
        push_literal(&mut self.out, c);
        self.last = Last::Item;
    }

    fn repetition(&mut self, operator: &str) -> Result<(), String> {
        match self.last {
            Last::Start => return Err(format!("`{operator}` has nothing to repeat")),
            Last::Repetition => {
                return Err(format!("`{operator}` repeats a repetition: put the inner one in parentheses"));
            }
            Last::Item => {}
        }
        self.out.push_str(operator);
        if self.rest.next_if_eq(&'?').is_some() {
            self.out.push('?');
        }
        self.last = Last::Repetition;
        Ok(())
    }

    /// `{n}`, `{n,}` or `{n,m}` after the brace; anything else is a literal brace in Go.
    fn counted(&mut self) -> Result<Option<String>, String> {
        let ahead: String = self.rest.clone().take_while(|c| *c != '}').collect();
        let closed = self.rest.clone().nth(ahead.chars().count()) == Some('}');
        let (low, high) = ahead.split_once(',').map_or((ahead.as_str(), None), |(low, high)| (low, Some(high)));
        let is_number = |text: &str| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'))
        };
        if !closed || !is_number(low) || !high.is_none_or(|high| high.is_empty() || is_number(high)) {
            return Ok(None);
        }
        let bound = |text: &str| text.parse::<u32>().ok().filter(|count| *count <= MAX_REPEAT);
        let too_many = || format!("`{{{ahead}}}` repeats more than {MAX_REPEAT} times");
        let low = bound(low).ok_or_else(too_many)?;
        if let Some(high) = high.filter(|high| !high.is_empty()) {
            let high = bound(high).ok_or_else(too_many)?;
            if high < low {
                return Err(format!("`{{{ahead}}}` has its bounds the wrong way round"));
            }
        }
        for _ in 0..=ahead.len() {
            self.rest.next();
        }
        Ok(Some(format!("{{{ahead}}}")))
    }

    fn group(&mut self) -> Result<(), String> {
        self.last = Last::Start;
        if self.rest.next_if_eq(&'?').is_none() {
            self.out.push('(');
            return Ok(());
        }
        let mut head = String::new();
        let mut ahead = self.rest.clone();
        if ahead.next_if_eq(&'P').is_some() {
            head.push('P');
        }
        if ahead.next_if_eq(&'<').is_some() {
            if matches!(ahead.peek(), Some('=' | '!')) {
                return Err("Go's expressions have no look-behind".to_owned());
            }
            let name: String = ahead.by_ref().take_while(|c| *c != '>').collect();
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err(format!("`{name}` cannot name a group"));
            }
            self.rest = ahead;
            // A name that starts with a digit is good in Go only.
            let named = !name.starts_with(|c: char| c.is_ascii_digit());
            self.out.push_str(&if named { format!("(?P<{name}>") } else { "(".to_owned() });
            return Ok(());
        }
        if !head.is_empty() {
            return Err("Go's expressions have no back-references".to_owned());
        }
        let flags: String = self.rest.by_ref().take_while_inclusive(|c| !matches!(c, ':' | ')'));
        let (letters, end) = flags.split_at(flags.len().saturating_sub(1));
        if matches!(letters.chars().next().or(end.chars().next()), Some('=' | '!')) {
            return Err("Go's expressions have no look-ahead".to_owned());
        }
        let (on, off) = letters.split_once('-').map_or((letters, None), |(on, off)| (on, Some(off)));
        let known = |text: &str| text.chars().all(|c| "imsU".contains(c));
        if !matches!(end, ":" | ")") || !known(on) || !off.is_none_or(|off| !off.is_empty() && known(off)) {
            return Err(format!("`(?{flags}` is not a group that Go knows"));
        }
        if end == ")" && letters.is_empty() {
            return Err("`(?)` is not a group that Go knows".to_owned());
        }
        let _ = write!(self.out, "(?{flags}");
        Ok(())
    }
}

pub(super) fn push_literal(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() || c == '_' || c == ' ' || !c.is_ascii() {
        out.push(c);
    } else {
        let _ = write!(out, "\\x{{{:X}}}", c as u32);
    }
}

/// `take_while` that keeps the item that ended it.
pub(super) trait TakeWhileInclusive: Iterator<Item = char> {
    fn take_while_inclusive(&mut self, mut keep_on: impl FnMut(&char) -> bool) -> String {
        let mut taken = String::new();
        for c in self {
            taken.push(c);
            if !keep_on(&c) {
                break;
            }
        }
        taken
    }
}

impl<I: Iterator<Item = char> + ?Sized> TakeWhileInclusive for I {}
