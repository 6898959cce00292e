use super::*;

/// GitHub's published example: secret, body and signature.
const SECRET: &str = "It's a Secret to Everybody";
const BODY: &[u8] = b"Hello, World!";
const SIGNATURE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hmac");
    std::fs::write(&path, text).unwrap();
    (dir, path)
}

fn repo() -> Scope {
    Scope::Repo("org/repo".to_owned())
}

fn org() -> Scope {
    Scope::Org("org".to_owned())
}

/// A file, and which level verifies a body that is signed with the token `right`; `None`: refused.
#[track_caller]
fn check(file: &str, scope: &Scope, want: Option<&str>) {
    let (_dir, path) = written(file);
    let (_right, right) = written("right");
    let header = Hmacs::open(&right).unwrap().sign(scope, BODY).unwrap();
    let verified = Hmacs::open(&path).unwrap().verify(scope, BODY, Signature::parse(&header).unwrap());
    assert_eq!(verified.as_deref().ok(), want, "{file}: {verified:?}");
}

#[test]
fn githubs_example_holds() {
    let (_dir, path) = written(&format!("{SECRET}\n"));
    let hmacs = Hmacs::open(&path).unwrap();
    assert_eq!(hmacs.verify(&Scope::Any, BODY, Signature::parse(SIGNATURE).unwrap()).as_deref(), Ok("plain"));
    assert_eq!(hmacs.sign(&Scope::Any, BODY).as_deref(), Ok(SIGNATURE));
    let other = hmacs.verify(&Scope::Any, b"Hello, World", Signature::parse(SIGNATURE).unwrap());
    assert!(matches!(other, Err(Refused::Wrong(_))), "{other:?}");
}

#[test]
fn the_first_level_present_decides() {
    let list = |level: &str, token: &str| format!("'{level}':\n- value: {token}\n  created_at: 2020-10-02T15:00:00Z\n");
    check(&list("org/repo", "right"), &repo(), Some("org/repo"));
    check(&list("org", "right"), &repo(), Some("org"));
    check(&list("*", "right"), &repo(), Some("*"));
    check("right", &repo(), Some("plain"));
    check("  right \n", &repo(), Some("plain"));
    check(&(list("*", "right") + &list("org", "wrong")), &repo(), None);
    check(&(list("org", "right") + &list("org/repo", "wrong")), &repo(), None);
    check(&(list("org", "right") + "org/repo: []\n"), &repo(), None);
    check(&(list("org", "right") + "org/repo:\n"), &repo(), None);
    check(&list("org/other", "right"), &repo(), None);
    check(&list("other", "right"), &repo(), None);
    check("{}", &repo(), None);
    check("'*':\n", &repo(), None);
    check("'*': ~\norg:\n", &repo(), None);
    check(&list("org", "right"), &org(), Some("org"));
    check(&list("org/repo", "right"), &org(), None);
    check(&list("*", "right"), &org(), Some("*"));
    check(&list("*", "right"), &Scope::Any, Some("*"));
    check(&(list("org", "right") + &list("''", "right")), &Scope::Any, None);
    check("right", &Scope::Any, Some("plain"));
}

#[test]
fn every_token_of_a_level_is_tried() {
    check("org:\n- value: old\n- value: right\n- value: new\n", &repo(), Some("org"));
    check("org:\n- value: old\n- value: new\n", &repo(), None);
}

#[test]
fn a_signature_has_one_form() {
    let digits = &SIGNATURE[PREFIX.len()..];
    let cases = [
        (SIGNATURE.to_owned(), true),
        (format!("sha256={}", digits.to_uppercase()), true),
        (format!("SHA256={digits}"), false),
        (format!("sha1={}", &digits[..40]), false),
        (digits.to_owned(), false),
        (format!("sha256={}", &digits[..62]), false),
        (format!("sha256={}", &digits[..63]), false),
        (format!("sha256={digits}00"), false),
        (format!("sha256= {}", &digits[1..]), false),
        ("sha256=".to_owned(), false),
        (String::new(), false),
    ];
    for (header, good) in cases {
        assert_eq!(Signature::parse(&header).is_ok(), good, "{header}");
    }
}

/// Whatever stands in a one-line file is its token, YAML or not; a spoilt map is not taken for one.
#[test]
fn a_file_is_a_token_or_a_map() {
    let open = |text: &str| {
        let (_dir, path) = written(text);
        Hmacs::open(&path).map(|hmacs| hmacs.keys_in_force())
    };
    for levels in ["'*':", "org:\norg/repo: null\n"] {
        let keys = open(levels).unwrap();
        assert!(matches!(&*keys, Keys::Levels(levels) if levels.values().all(Vec::is_empty)), "{levels}");
    }
    for token in ["123abc", "{abc", "*abc", "12345", "true", "a: b", "- a", "\"quoted\"", "two\nlines"] {
        let keys = open(token).unwrap();
        assert_eq!(*keys, Keys::Plain([Token(token.as_bytes().to_vec())]), "{token}");
    }
    for text in ["", " \n"] {
        assert!(matches!(open(text), Err(HmacFileError::Empty { .. })), "{text:?}");
    }
    let spoilt = [
        "org:\n- value: 123\n",
        "org:\n- token: abc\n",
        "org:\n- value: a\n  created_at: yesterday\n",
        "org:\n- value: a\nother: secret\n",
        "org:\n- value: a\n value: b\n",
        "org:\n- value: a\norg:\n- value: b\n",
        "org:\n- value: \"\"\n",
        "org:\n- value: a\n- value: \"  \"\n",
    ];
    for text in spoilt {
        let error = open(text).expect_err(text);
        assert!(matches!(error, HmacFileError::Shape { .. }), "{text}: {error}");
        assert!(!format!("{error} {error:?}").contains("abc"), "a secret in {error}");
    }
    assert!(matches!(Hmacs::open(Path::new("/nowhere/hmac")), Err(HmacFileError::Read { .. })));
}

/// Both sides have the new secret: the next delivery holds, however short the time since the file was last looked at. A file
/// that is broken or gone leaves the last good secrets in force.
#[test]
fn the_file_is_read_again() {
    let (dir, path) = written("first");
    let hmacs = Hmacs::open(&path).unwrap();
    let signed = |token: &str| {
        let (_dir, path) = written(token);
        Signature::parse(&Hmacs::open(&path).unwrap().sign(&repo(), BODY).unwrap()).unwrap()
    };
    let holds = |token: &str| hmacs.verify(&repo(), BODY, signed(token)).is_ok();
    assert!(holds("first") && !holds("other"));
    // In place and of the same length: neither size nor inode tell, and the time of the file may not either.
    std::fs::write(&path, "other").unwrap();
    assert!(holds("other") && !holds("first"));
    std::fs::write(dir.path().join("new"), "third").unwrap();
    std::fs::rename(dir.path().join("new"), &path).unwrap();
    assert!(holds("third") && !holds("other"));
    for broken in ["", "org:\n- value: 1\n"] {
        std::fs::write(&path, broken).unwrap();
        assert!(!holds("other") && holds("third"), "{broken:?}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(!holds("other") && holds("third"));
    std::fs::write(&path, "fourth").unwrap();
    assert!(holds("fourth") && !holds("third"));
}

/// A withdrawn secret stops working although nobody sends a wrong signature in between.
#[test]
fn a_withdrawn_token_ends() {
    let (_dir, path) = written("first");
    let hmacs = Hmacs::open(&path).unwrap();
    let signature = Signature::parse(&hmacs.sign(&repo(), BODY).unwrap()).unwrap();
    // In place, of the same length and with the same times.
    let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
    std::fs::write(&path, "other").unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    let since = Instant::now();
    while hmacs.verify(&repo(), BODY, signature).is_ok() {
        assert!(since.elapsed() < Duration::from_secs(30), "still in force");
        std::thread::yield_now();
    }
}

#[test]
fn a_token_is_not_shown() {
    let (_dir, path) = written("org:\n- value: hush\n");
    let hmacs = Hmacs::open(&path).unwrap();
    assert!(!format!("{hmacs:?} {:?}", hmacs.keys_in_force()).contains("hush"));
}
