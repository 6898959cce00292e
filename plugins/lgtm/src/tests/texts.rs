//! What the plugin writes, and finds again.

use kit::reply;

use super::world::TREE;
use crate::messages::{self, NOTICE, VOID, is_notice, record, recorded};

#[track_caller]
fn check_recorded(body: &str, want: Option<&str>) {
    assert_eq!(recorded(body), want, "{body:?}");
}

#[test]
fn a_record_is_read_as_it_was_written() {
    check_recorded(&record(TREE), Some(TREE));
    check_recorded(&format!("{}\n\n<!-- bowsprit:0123456789abcdef -->", record(TREE)), Some(TREE));
    check_recorded(&format!("{}\r\nmore </details>", record(TREE)), Some(TREE));
}

#[test]
fn prow_s_form_is_ours() {
    let prow = format!("LGTM label has been added.  <details>Git tree hash: {TREE}</details>");
    assert_eq!(record(TREE), prow);
}

#[test]
fn what_is_no_record() {
    for body in ["", NOTICE, VOID, "LGTM label has been added.", &record(""), &record("not a hash"), &record("é")] {
        check_recorded(body, None);
    }
    check_recorded(&format!("x {}", record(TREE)), None);
    check_recorded(&format!("x\n{}", record(TREE)), None);
    check_recorded(&record(TREE).replace("  ", " "), None);
    check_recorded(&record(TREE).replace("</details>", ""), None);
}

/// An outsider's command is answered, and the answer quotes whatever came with it.
#[test]
fn a_quoted_record_or_notice_is_none() {
    let asked = format!("{}\n{NOTICE}\n/lgtm", record(TREE));
    let answer = reply::reply("outsider", messages::NOT_COLLABORATOR, &asked, "https://github.example/1");
    assert!(answer.contains(&record(TREE)) && answer.contains(NOTICE));
    check_recorded(&answer, None);
    assert!(!is_notice(&answer));
}

#[test]
fn notices_are_found_ours_and_prow_s() {
    assert!(is_notice(NOTICE));
    assert!(is_notice(&format!("{NOTICE}\n\n<!-- bowsprit:0123456789abcdef -->")));
    assert!(is_notice("New changes are detected. LGTM label has been removed."));
    for body in ["", VOID, &record(TREE), messages::OWN, messages::NOT_OWNER, "see below\nLGTM label has been removed."]
    {
        assert!(!is_notice(body), "{body:?}");
    }
}
