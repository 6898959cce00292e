//! What is said when `ok-to-test` ends with a push.

use kit::reply;

use crate::plan::{NEEDS_OK_TO_TEST, OK_TO_TEST};

/// A push of somebody who is not trusted.
pub(crate) struct Push<'a> {
    /// Who pushed.
    pub(crate) by: &'a str,
    /// The head that was pushed.
    pub(crate) head: &'a str,
    /// The head that somebody had vouched for, if that is known.
    pub(crate) vouched: Option<&'a str>,
}

/// In every such comment.
pub(crate) const ENDED: &str = "no longer ok to test";

/// `ok_to_test_ignored`: the command is not in use.
pub(crate) fn text(push: &Push<'_>, ok_to_test_ignored: bool) -> String {
    let Push { by, head, vouched } = push;
    let by = if by.is_empty() { "Somebody" } else { by };
    let was = vouched.map(|head| format!(", which was for {head}")).unwrap_or_default();
    let next = if ok_to_test_ignored {
        "Until a trusted person has reviewed it, only trusted people can start tests, with `/test all`.".to_owned()
    } else {
        format!(
            "A trusted person has to review it and comment `/ok-to-test {head}`; until then the label \
             `{NEEDS_OK_TO_TEST}` stays on."
        )
    };
    reply::note(&format!(
        "This pull request is {ENDED}: {by}, who is not trusted here, has pushed {head}. The label `{OK_TO_TEST}`{was}, is \
         off.\n\n{next}"
    ))
}
