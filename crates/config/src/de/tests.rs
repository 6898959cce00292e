use std::collections::BTreeMap;

use serde::Deserialize;

use crate::yaml;

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Sample {
    text: String,
    flag: bool,
    count: u32,
    list: Vec<String>,
    labels: BTreeMap<String, String>,
    word: Option<Word>,
    strict: Option<Strict>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Read,
    Write,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Strict {
    needed: u8,
}

#[track_caller]
fn check(text: &str, want: Sample) {
    assert_eq!(yaml::from_str::<Sample>("f", text).unwrap(), want, "{text:?}");
}

#[test]
fn scalars_are_welcome_where_texts_are_wanted() {
    check("text: 1.20\n", Sample { text: "1.2".to_owned(), ..Sample::default() });
    check("text: true\n", Sample { text: "true".to_owned(), ..Sample::default() });
    check("list: [1, yes, a]\n", Sample { list: ["1", "true", "a"].map(str::to_owned).into(), ..Sample::default() });
    let labels = [("a".to_owned(), "true".to_owned()), ("1".to_owned(), "2".to_owned())].into();
    check("labels: {a: true, 1: 2}\n", Sample { labels, ..Sample::default() });
}

#[test]
fn null_leaves_the_default() {
    check("text:\nflag: ~\ncount: null\nlist:\nlabels:\nword:\n", Sample::default());
    check("", Sample::default());
}

#[test]
fn whole_fractions_are_integers() {
    check("count: 3.0\n", Sample { count: 3, ..Sample::default() });
}

#[track_caller]
fn check_wrong(text: &str, want: &str) {
    assert_eq!(yaml::from_str::<Sample>("f", text).unwrap_err().to_string(), want, "{text:?}");
}

#[test]
fn errors_name_the_place_and_the_key() {
    check_wrong(
        "text: a\ncount: many\n",
        "f:2:8: `count`: found the text `many`, where a whole number from 0 on (within its range) belongs",
    );
    check_wrong("list:\n- a\n- {b: c}\n", "f:3:3: `list[1]`: found a mapping, where a text belongs");
    check_wrong("flag: 'yes'\n", "f:1:7: `flag`: found the text `yes`, where a boolean belongs");
    check_wrong("word: admin\n", "f:1:7: `word`: `admin` is not known here: use one of read, write");
    check_wrong("strict: {need: 1}\n", "f:1:10: `strict`: the key `need` is not known here: use one of needed");
    check_wrong("a: 1\nstrict:\n  {}\n", "f:3:3: `strict`: the key `needed` is missing: add it");
    check_wrong(
        "strict: {needed: 300}\n",
        "f:1:18: `strict.needed`: found the number `300`, where a whole number from 0 on (within its range) belongs",
    );
    check_wrong("- a\n", "f:1:1: found a list, where a mapping belongs");
}

#[test]
fn keys_that_nobody_reads_are_remembered() {
    let read = yaml::read::<Sample>("f", "text: a\nlabel:\n  x: 1\nword: read\nmore: 2\n").unwrap();
    let unread: Vec<_> = read.unread.iter().map(|unread| (unread.path.to_string(), unread.at.line)).collect();
    assert_eq!(unread, [("label".to_owned(), 2), ("more".to_owned(), 5)]);
    assert_eq!(read.value.word, Some(Word::Read));
}
