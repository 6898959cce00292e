use serde_json::json;

use super::*;

#[track_caller]
fn check(text: &str, want: Value) {
    assert_eq!(to_json("f", text).unwrap(), want, "{text:?}");
}

#[test]
fn documents_read_as_prow_reads_them() {
    check("", json!(null));
    check("# only this\n", json!(null));
    check("---\na: 1\n...\n", json!({"a": 1}));
    check("a: yes\nb: off\nc: 'yes'\nd: \"no\"\n", json!({"a": true, "b": false, "c": "yes", "d": "no"}));
    check("a: 0755\nb: 1_000\nc: 1.0\nd: 1.5\ne: -3\n", json!({"a": 493, "b": 1000, "c": 1, "d": 1.5, "e": -3}));
    check("on: 1\n1: a\n1.5: b\n", json!({"true": 1, "1": "a", "1.5": "b"}));
    check("a: ~\nb:\nc: null\n", json!({"a": null, "b": null, "c": null}));
    check("a: |\n  x\n  y\nb: >\n  x\n  y\n", json!({"a": "x\ny\n", "b": "x y\n"}));
    check("a: !!str 1\nb: 2020-01-01\n", json!({"a": "1", "b": "2020-01-01"}));
    check("{a: [1, {b: c}], 'd': }", json!({"a": [1, {"b": "c"}], "d": null}));
    check("\u{feff}a: 1\n", json!({"a": 1}));
    check("a: 1\n---\nb: 2\n", json!({"a": 1}));
    check("{\"a\": \"\\u00e9\"}", json!({"a": "é"}));
}

#[test]
fn aliases_and_merges() {
    check("a: &x {b: 1}\nc: *x\n", json!({"a": {"b": 1}, "c": {"b": 1}}));
    check("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n", json!({"a": {"b": 1, "c": 2}, "d": {"c": 3, "b": 1}}));
    check("- &x {a: 1}\n- &y {a: 2, b: 2}\n- <<: [*x, *y]\n", json!([{"a": 1}, {"a": 2, "b": 2}, {"a": 1, "b": 2}]));
    check("a: {'<<': 1}\n", json!({"a": {"<<": 1}}));
}

#[test]
fn a_mapping_of_many_keys_reads_as_one_of_few() {
    let many: String = (0..1000).map(|n| format!("k{n}: {n}\n")).collect();
    let read = to_json("f", &many).unwrap();
    assert_eq!((read["k0"].as_u64(), read["k999"].as_u64()), (Some(0), Some(999)));
    check_wrong(&format!("{many}k7: 1\n"), "1001:1", "`k7` stands here a second time");
    let rest = many.strip_prefix("k0: 0\n").unwrap().replace('\n', "\n  ");
    let merged = to_json("f", &format!("- &x {{k7: x, new: x}}\n-\n  k0: a\n  {rest}<<: *x\n"));
    assert_eq!(merged.unwrap()[1]["k7"], "x");
}

#[track_caller]
fn check_wrong(text: &str, place: &str, because: &str) {
    let fault = to_json("dir/f.yaml", text).unwrap_err().to_string();
    assert!(fault.starts_with(&format!("dir/f.yaml:{place}: ")), "{text:?}: {fault}");
    assert!(fault.contains(because), "{text:?}: {fault}");
}

#[test]
fn errors_have_their_place() {
    check_wrong("a: 1\nb: [1,\n", "2:4", "not YAML");
    check_wrong("a: 1\n b: 2\n", "2:3", "not YAML");
    check_wrong("a: 'x\n", "2:1", "not YAML");
    check_wrong("a: 1\nb: 2\na: 3\n", "3:1", "`a` stands here a second time");
    check_wrong("x:\n  yes: 1\n  true: 2\n", "3:3", "`true` stands here a second time");
    check_wrong("a: *b\n", "1:4", "not YAML");
    check_wrong("a: &x [*x]\n", "1:8", "");
    check_wrong("? [a]\n: b\n", "1:3", "a key must be a text");
    check_wrong("a: .nan\n", "1:4", "`.nan` is no number");
    check_wrong("a:\n  <<: 7\n", "2:7", "`<<` merges mappings");
    check_wrong("a: !!binary aGk=\n", "1:13", "`!!binary`");
}

#[test]
fn aliases_of_aliases_do_not_blow_up() {
    let mut text = String::from("a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n");
    for level in 1..12 {
        let below = format!("*a{}", level - 1);
        text.push_str(&format!("a{level}: &a{level} [{}]\n", vec![below; 10].join(", ")));
    }
    let fault = to_json("f", &text).unwrap_err();
    assert!(fault.message.contains("2000000 values"), "{fault}");
}

#[test]
fn deep_nesting_is_an_error_and_no_crash() {
    let fault = to_json("f", &"[".repeat(100_000)).unwrap_err();
    assert!(fault.message.contains("not YAML") || fault.message.contains("100 deep"), "{fault}");
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("{? ", ": 1}")] {
        let nested = |levels: usize| format!("{}1{}", open.repeat(levels), close.repeat(levels));
        assert!(to_json("f", &nested(40)).is_ok() || open == "{? ", "{open}");
        let fault = to_json("f", &nested(150)).unwrap_err();
        assert!(fault.message.contains("more than 100 deep"), "{open}: {fault}");
    }
    let blocks: String = (0..150).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert!(to_json("f", &blocks).unwrap_err().message.contains("more than 100 deep"));
}

#[test]
fn aliases_of_long_texts_are_counted_by_their_bytes() {
    let bomb = |aliases: usize| format!("a: &a \"{}\"\nb: [{}]\n", "x".repeat(512 << 10), "*a, ".repeat(aliases));
    assert!(to_json("f", &bomb(10)).is_ok());
    let fault = to_json("f", &bomb(1000)).unwrap_err();
    assert!(fault.message.contains("use fewer aliases"), "{fault}");
}
