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
    /// One of both, with something in between that matches nothing: flags, or empty quotes after a repetition. In Go a
    /// repetition reaches over it.
    Apart,
}

/// How often the innermost item of what has been read is repeated, since Go limits the product.
#[derive(Clone, Copy, Default)]
struct Times {
    /// The most among the items of this group that are over.
    most: u32,
    /// Of the last item.
    last: u32,
}

pub(super) struct Translator<'a> {
    pub(super) rest: Peekable<Chars<'a>>,
    pub(super) out: String,
    pub(super) last: Last,
    times: Times,
    /// Of the groups that are open, the outermost first.
    open: Vec<Times>,
    names: Vec<String>,
    /// No `:]` comes any more: what begins like a class of POSIX is none.
    pub(super) has_no_posix_end: bool,
}

impl<'a> Translator<'a> {
    pub(super) fn new(pattern: &'a str) -> Self {
        Self {
            rest: pattern.chars().peekable(),
            out: String::with_capacity(pattern.len()),
            last: Last::Start,
            times: Times::default(),
            open: Vec::new(),
            names: Vec::new(),
            has_no_posix_end: false,
        }
    }

    pub(super) fn run(&mut self) -> Result<(), String> {
        while let Some(c) = self.rest.next() {
            match c {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                ')' => self.close()?,
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
        if self.open.is_empty() { Ok(()) } else { Err("unclosed group: add a `)`".to_owned()) }
    }

    pub(super) fn item(&mut self, text: &str) {
        self.out.push_str(text);
        self.begun(1);
    }

    pub(super) fn literal(&mut self, c: char) {
        push_literal(&mut self.out, c);
        self.begun(1);
    }

    fn begun(&mut self, times: u32) {
        self.last = Last::Item;
        self.times = Times { most: self.times.most.max(self.times.last), last: times };
    }

    fn open(&mut self, text: &str) {
        self.out.push_str(text);
        self.last = Last::Start;
        self.open.push(std::mem::take(&mut self.times));
    }

    fn close(&mut self) -> Result<(), String> {
        let Some(outer) = self.open.pop() else {
            return Err("unopened group: write `\\)` for the character".to_owned());
        };
        let inner = self.times.most.max(self.times.last);
        self.times = outer;
        self.out.push(')');
        self.begun(inner);
        Ok(())
    }

    fn repetition(&mut self, operator: &str) -> Result<(), String> {
        match self.last {
            Last::Start => return Err(format!("`{operator}` has nothing to repeat")),
            Last::Repetition => {
                return Err(format!("`{operator}` repeats a repetition: put the inner one in parentheses"));
            }
            Last::Apart => {
                return Err(format!("`{operator}` does not stand beside what it repeats: put that in parentheses"));
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
        // No further than bounds may go, so that a row of braces is looked through once.
        let ahead: String = self.rest.clone().take_while(|c| c.is_ascii_digit() || *c == ',').collect();
        let closed = self.rest.clone().nth(ahead.len()) == Some('}');
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
        let high = match high {
            None => Some(low),
            Some("") => None,
            Some(high) => Some(bound(high).ok_or_else(too_many)?),
        };
        if high.is_some_and(|high| high < low) {
            return Err(format!("`{{{ahead}}}` has its bounds the wrong way round"));
        }
        // An open end counts as its beginning, and nothing at all ends the count.
        self.times.last = self.times.last.saturating_mul(high.unwrap_or(low.max(1)));
        if (low >= 2 || high.is_some_and(|high| high >= 2)) && self.times.last > MAX_REPEAT {
            return Err(format!("`{{{ahead}}}` and those within it repeat more than {MAX_REPEAT} times together"));
        }
        for _ in 0..=ahead.len() {
            self.rest.next();
        }
        Ok(Some(format!("{{{ahead}}}")))
    }

    fn group(&mut self) -> Result<(), String> {
        if self.rest.next_if_eq(&'?').is_none() {
            self.open("(");
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
            // A name that starts with a digit, or stands a second time, is good in Go only.
            let named = !name.starts_with(|c: char| c.is_ascii_digit()) && !self.names.contains(&name);
            self.open(&if named { format!("(?P<{name}>") } else { "(".to_owned() });
            self.names.push(name);
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
        let off = off.unwrap_or_default();
        let (on, off): (String, String) = (
            "imsU".chars().filter(|flag| on.contains(*flag) && !off.contains(*flag)).collect(),
            "imsU".chars().filter(|flag| off.contains(*flag)).collect(),
        );
        let minus = if off.is_empty() { "" } else { "-" };
        if end == ":" {
            self.open(&format!("(?{on}{minus}{off}:"));
            return Ok(());
        }
        if !(on.is_empty() && off.is_empty()) {
            let _ = write!(self.out, "(?{on}{minus}{off})");
        }
        if self.last != Last::Start {
            self.last = Last::Apart;
        }
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
