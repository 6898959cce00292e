//! The issue that a description names. Behaviour: Prow pkg/plugins/approve/approve.go, `findAssociatedIssue`.

/// The first `#123` or `org/any-repo/issues/123` of a description. A number that is 0 or too large is none, and then
/// there is none.
pub fn referenced(description: &str, org: &str) -> Option<u64> {
    let digits = description.char_indices().find_map(|(at, _)| reference(&description[at..], org))?;
    digits.parse().ok().filter(|number| *number != 0)
}

/// The digits of a reference that `text` begins with.
fn reference<'a>(text: &'a str, org: &str) -> Option<&'a str> {
    if let Some(rest) = text.strip_prefix('#') {
        return leading_digits(rest);
    }
    let path = text.strip_prefix(org)?.strip_prefix('/')?;
    let (repo, rest) = path.split_once('/')?;
    let rest = rest.strip_prefix("issues/").filter(|_| !repo.is_empty())?;
    leading_digits(rest)
}

fn leading_digits(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then_some(&text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(description: &str, want: Option<u64>) {
        assert_eq!(referenced(description, "org"), want, "{description:?}");
    }

    #[test]
    fn the_first_reference_counts() {
        check("fix #42\nand #43", Some(42));
        check("some changes that fix #42.\n/assign", Some(42));
        check("See https://github.com/org/other/issues/7 and #8", Some(7));
        check("é#1", Some(1));
    }

    #[test]
    fn what_looks_like_one_and_is_none() {
        for description in [
            "",
            "#",
            "# 42",
            "42",
            "other/repo/issues/1",
            "org/repo/pull/1",
            "org//issues/1",
            "org/a/b/issues/1",
            "org/repo/issues/",
            "Org/repo/issues/1",
        ] {
            check(description, None);
        }
    }

    #[test]
    fn a_number_that_is_no_issue_s_ends_the_search() {
        check("#0 and #4", None);
        check("#99999999999999999999 and #4", None);
    }
}
