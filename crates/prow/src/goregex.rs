//! Regular expressions in Go's syntax (RE2), compiled by the `regex` crate.
//!
//! The two engines agree on what a pattern means once it is written out; they differ in how it is written: Go's `\d`,
//! `\w`, `\s` and `\b` are ASCII, Rust's are Unicode; Go has `\Q…\E` and octal escapes, Rust has nested classes, the
//! operators `&&`, `--` and `~~` in them, `\<` and `(?x)`. So a pattern is read by Go's grammar and written anew.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

use regex::Regex;

/// The repetition that Go allows at most.
const MAX_REPEAT: u32 = 1000;

/// Compiles `pattern`, written in Go's syntax.
///
/// # Errors
/// Says what in the pattern Go would refuse or this program cannot do.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    let translated = translate(pattern)?;
    Regex::new(&translated).map_err(|error| match error {
        regex::Error::CompiledTooBig(limit) => {
            format!("the expression `{pattern}` is too large (over {limit} bytes compiled): simplify it")
        }
        // The last line is the reason; those before it show the translated pattern, which nobody wrote.
        other => {
            let text = other.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("the expression `{pattern}` is not valid: {reason}")
        }
    })
}

/// Writes a pattern in Go's syntax in that of the `regex` crate.
///
/// # Errors
/// Says what in the pattern Go would refuse.
pub fn translate(pattern: &str) -> Result<String, String> {
    let mut translator =
        Translator { rest: pattern.chars().peekable(), out: String::with_capacity(pattern.len()), last: Last::Start };
    translator.run().map_err(|reason| format!("the expression `{pattern}` is not valid: {reason}"))?;
    Ok(translator.out)
}

/// What a repetition would apply to.
#[derive(Clone, Copy, PartialEq)]
enum Last {
    /// Nothing: the start, an opening parenthesis or `|`.
    Start,
    /// Something that can be repeated.
    Item,
    /// A repetition.
    Repetition,
}

struct Translator<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
    last: Last,
}

impl Translator<'_> {
    fn run(&mut self) -> Result<(), String> {
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

    fn item(&mut self, text: &str) {
        self.out.push_str(text);
        self.last = Last::Item;
    }

    fn literal(&mut self, c: char) {
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

    /// What follows a backslash outside a class.
    fn escape(&mut self) -> Result<(), String> {
        match self.rest.peek().copied() {
            Some('Q') => {
                self.rest.next();
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
    fn escaped(&mut self) -> Result<Escaped, String> {
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
        let digits: String = if self.rest.next_if_eq(&'{').is_some() {
            self.rest.by_ref().take_while(|c| *c != '}').collect()
        } else {
            self.rest.by_ref().take(2).collect()
        };
        if digits.len() < 2 && digits.is_empty() || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32).ok_or_else(wrong)
    }

    fn unicode_class(&mut self, letter: char) -> Result<String, String> {
        let wrong = || format!("`\\{letter}` takes a category or script of Unicode, like `\\{letter}{{L}}`");
        let name: String = match self.rest.next() {
            Some('{') => self.rest.by_ref().take_while(|c| *c != '}').collect(),
            Some(c) => c.to_string(),
            None => return Err(wrong()),
        };
        let (bare, negated) = name.strip_prefix('^').map_or((name.as_str(), false), |bare| (bare, true));
        if bare.is_empty() || !bare.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(wrong());
        }
        // Rust has no caret here, but the other letter.
        let letter = if negated == (letter == 'p') { 'P' } else { 'p' };
        Ok(format!("\\{letter}{{{bare}}}"))
    }

    fn class(&mut self) -> Result<(), String> {
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

/// `\B` by ASCII's words. With Unicode off it could match within a character, which a search in text must not.
const NOT_WORD_BOUNDARY: &str = "(?-u:\\B)";

enum Escaped {
    Char(char),
    Class(String),
}

fn push_literal(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() || c == '_' || c == ' ' || !c.is_ascii() {
        out.push(c);
    } else {
        let _ = write!(out, "\\x{{{:X}}}", c as u32);
    }
}

/// `take_while` that keeps the item that ended it.
trait TakeWhileInclusive: Iterator<Item = char> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let regex = compile(pattern).unwrap();
        for text in matching {
            assert!(regex.is_match(text), "{pattern:?} should match {text:?}: {regex}");
        }
        for text in others {
            assert!(!regex.is_match(text), "{pattern:?} should not match {text:?}: {regex}");
        }
    }

    #[test]
    fn perl_classes_are_ascii() {
        check(r"^\d+$", &["09"], &["٣", "a"]);
        check(r"^\w+$", &["aZ_9"], &["é", "-"]);
        check(r"^\s$", &[" ", "\t", "\n", "\u{c}", "\r"], &["\u{b}", "\u{a0}", "\u{2003}"]);
        check(r"^\D\W\S$", &["é-é"], &["1-a", "aba"]);
        check(r"^[\d\s-]+$", &["1 -"], &["a"]);
        check(r"^[^\w]$", &["é", "-"], &["a", "_"]);
        check(r"\bfoo\b", &["foo", "éfoo", "-foo,"], &["_foo", "food"]);
        check(r"a\Bb", &["ab"], &["a b"]);
    }

    #[test]
    fn anchors_and_flags() {
        check("^a$", &["a"], &["a\n", "b\na"]);
        check("(?m)^a$", &["a\n", "b\na", "b\na\nc"], &["a\r\n", "ba"]);
        check(r"(?m)\Aa\z", &["a"], &["b\na", "a\n"]);
        check("a.b", &["a b", "a\rb"], &["a\nb"]);
        check("(?s)a.b", &["a\nb"], &["ab"]);
        check("(?i)STRASSE", &["strasse", "Stra\u{17f}\u{17f}e"], &["straße"]);
        check("(?i:a)b", &["Ab"], &["aB"]);
        check("(?i)a(?-i)b", &["Ab"], &["AB"]);
        check("(?msU)^```.*(\n```\n|\n```$)", &["```\nx\n```\n"], &["```\nx"]);
        assert_eq!(compile("(?U)a+").unwrap().find("aaa").unwrap().as_str(), "a");
        assert_eq!(compile("(?U)a+?").unwrap().find("aaa").unwrap().as_str(), "aaa");
    }

    #[test]
    fn literals_that_rust_would_read_otherwise() {
        check(r"^\Qa.b*\E+$", &["a.b*", "a.b**"], &["aXb*"]);
        check(r"\Qa.b", &["a.b"], &["aXb"]);
        check(r"^\<x\>$", &["<x>"], &["x"]);
        check("^a{$", &["a{"], &["a"]);
        check("^a{,2}$", &["a{,2}"], &["aa", ""]);
        check("^a{x}$", &["a{x}"], &["a"]);
        check("^a}]$", &["a}]"], &["a"]);
        check("^[[]$", &["["], &["]"]);
        check("^[]a]+$", &["]a"], &["b"]);
        check("^[a&&b]+$", &["a&b"], &["c"]);
        check("^[a~~b]+$", &["a~b"], &["c"]);
        check("^[+--]+$", &["+,-"], &["."]);
        check("^[a-]+$", &["a-"], &["b"]);
        check("^[-a]+$", &["a-"], &["b"]);
        check("^[a-c-e]+$", &["b-e"], &["d"]);
        check("^#x y$", &["#x y"], &["#xy"]);
        check(r"^\_\-\/\.$", &["_-/."], &["_-/x"]);
    }

    #[test]
    fn escapes_for_single_characters() {
        check(r"^\x41\x{1F600}$", &["A😀"], &["a😀"]);
        check(r"^\101\07\0$", &["A\u{7}\0"], &["A"]);
        check(r"^\a\f\t\n\r\v$", &["\u{7}\u{c}\t\n\r\u{b}"], &[""]);
        check(r"^\pL\p{Greek}\P{Lu}\p{^Lu}\P{^Lu}$", &["éαaaA"], &["éαAaA", "éαaaa"]);
        check("^[[:alpha:][:^space:]]$", &["a", "é"], &[" "]);
        check("^[[:word:]]+$", &["a_1"], &["é"]);
    }

    #[test]
    fn groups() {
        check("^(?P<n>a)(?<m>b)(?:c)(d)$", &["abcd"], &["abc"]);
        check("^(?P<1n>a)$", &["a"], &["b"]);
        check("^(|a)$", &["", "a"], &["b"]);
        check("^()$", &[""], &["b"]);
        let caps = compile("(?P<year>[0-9]+)").unwrap();
        assert_eq!(&caps.captures("x1999").unwrap()["year"], "1999");
    }

    #[test]
    fn repetitions() {
        check("^a{2,3}?$", &["aa", "aaa"], &["a", "aaaa"]);
        check("^a{2,}$", &["aaaa"], &["a"]);
        check("^(?:a*)*$", &["aaa"], &["b"]);
        check("^(a{3}){2}$", &["aaaaaa"], &["aaa"]);
    }

    #[test]
    fn patterns_as_configs_have_them() {
        check("^(?:release-0\\.(?:1|2)|main)$", &["release-0.1", "main"], &["release-0x1"]);
        check("master|release-.*", &["master-2", "release-1"], &["main"]);
        check(r"^(cmd|pkg)/.+\.go$|^go\.(mod|sum)$", &["cmd/a.go", "go.mod"], &["docs/a.md"]);
        check(r"^[^/]+\.md$", &["README.md"], &["docs/README.md"]);
    }

    #[track_caller]
    fn check_refused(pattern: &str, because: &str) {
        let error = compile(pattern).unwrap_err();
        assert!(error.contains(because), "{pattern:?}: {error}");
        assert!(error.contains(pattern), "{error} does not show the pattern");
    }

    #[test]
    fn what_go_refuses_is_refused_with_the_reason() {
        check_refused("a(?=b)", "look-ahead");
        check_refused("a(?!b)", "look-ahead");
        check_refused("(?<=a)b", "look-behind");
        check_refused("(?<!a)b", "look-behind");
        check_refused(r"(a)\1", "back-reference");
        check_refused("(?P=n)", "back-reference");
        check_refused("(?x)a", "(?x)");
        check_refused("(?#c)a", "not a group");
        check_refused("(?", "not a group");
        check_refused("a**", "repeats a repetition");
        check_refused("a{2}{3}", "repeats a repetition");
        check_refused("a++", "repeats a repetition");
        check_refused("*a", "nothing to repeat");
        check_refused("(|*)", "nothing to repeat");
        check_refused("a{1001}", "more than 1000");
        check_refused("a{3,2}", "wrong way round");
        check_refused("[a", "not closed");
        check_refused("[b-a]", "wrong way round");
        check_refused(r"[a-\d]", "ends in a class");
        check_refused("[[:what:]]", "[:what:]");
        check_refused("(a", "unclosed group");
        check_refused("a)", "unopened group");
        check_refused(r"\Z", "no escape");
        check_refused(r"\q", "no escape");
        check_refused(r"\E", "no escape");
        check_refused(r"\C", "one byte");
        check_refused(r"a\", "backslash");
        check_refused(r"\xZ1", "hexadecimal");
        check_refused(r"\pX", "");
        check_refused("(?P<a-b>x)", "cannot name");
    }
}
