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

/// Anyone who opens a pull request writes expressions: what they cost must not grow with the square of their length.
#[test]
fn a_row_of_beginnings_is_looked_through_once() {
    let begun = std::time::Instant::now();
    for beginning in ["{", "[[:", "{1", "(?:{9,", "[[:a"] {
        let pattern = beginning.repeat(super::MAX_LENGTH / beginning.len());
        let _ = super::translate(&pattern);
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(2), "{:?}", begun.elapsed());
    let long = "a".repeat(super::MAX_LENGTH + 1);
    assert!(super::translate(&long).unwrap_err().contains("too long"));
}
