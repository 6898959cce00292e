//! For which head a pull request is ok to test, where a push can end that (`ok_to_test_expires_on_push`).
//!
//! The label cannot say it. Between a push and the event that tells of it, a comment finds the new head under the old
//! label, and whoever pushed could have it tested by a quick `/test all`. So a comment of ours keeps the head that somebody
//! vouched for, and the label counts for that head alone. Where there is no such comment, as on pull requests that were
//! labelled before the option was turned on, the label counts until the next push.

use kit::Text;

const START: &str = "<!-- bowsprit:ok-to-test -->\nOk to test at ";
const END: &str = ".\n";

/// The comment that keeps `head`.
pub fn text(head: &str) -> String {
    format!(
        "{START}{head}{END}\nWhat is pushed after that by somebody who is not trusted here has to be looked at first, and \
         waits for another `/ok-to-test`."
    )
}

/// Whether a comment of the bot's keeps a head.
pub fn is_one(body: &str) -> bool {
    kept(body).is_some()
}

/// The head that the newest such comment of the bot's keeps.
pub(crate) fn head<'a>(comments: &'a [Text], bot: &str) -> Option<&'a str> {
    kit::written_by(comments, bot).rev().find_map(|comment| kept(&comment.body))
}

/// It begins its comment: what the bot quotes stands further below, and may be anybody's. Whoever edits it on GitHub's page
/// may send other line ends.
fn kept(body: &str) -> Option<&str> {
    let (mark, sentence) = START.split_once('\n')?;
    let (first, rest) = body.split_once('\n')?;
    let line = rest.lines().next()?;
    let head = line.strip_prefix(sentence)?.strip_suffix('.')?;
    (first.trim_end() == mark && !head.is_empty()).then_some(head)
}

#[cfg(test)]
mod tests {
    use kit::sample;

    use super::*;

    #[test]
    fn the_newest_record_of_the_bots_own_counts() {
        let comments = [
            sample::text(1, "ci", &text("a1")),
            sample::text(2, "ci", &format!("{}\n\n<!-- bowsprit:00ff -->", text("b2").replace('\n', "\r\n"))),
            sample::text(3, "mallory", &text("c3")),
            sample::text(4, "ci", &format!("@mallory: no.\n\n>{}", text("d4"))),
        ];
        assert_eq!(head(&comments, "ci"), Some("b2"));
        assert_eq!(head(&comments[..1], "ci"), Some("a1"));
        assert_eq!(head(&comments[2..], "ci"), None);
    }

    #[test]
    fn no_line_of_it_is_a_command() {
        assert!(text("a1").lines().all(|line| !line.starts_with('/')));
    }
}
