//! How a plugin's comments look. Behaviour: Prow pkg/plugins/respond.go.
//!
//! What was asked and where to learn more is folded away below the answer.

/// Where a person can learn what the commands are.
pub const ABOUT: &str = "I act on commands in comments, such as `/test ?`. \
    What they do is described in the [command help](https://go.k8s.io/bot-commands).";

/// The longest quotation, in bytes: with an answer beside it, GitHub's limit of 65,536 characters stays far away.
const MAX_QUOTE: usize = 16 * 1024;

/// An answer to `login`, who wrote `asked` at `url`, which is quoted below it.
pub fn reply(login: &str, message: &str, asked: &str, url: &str) -> String {
    reasoned(login, message, &format!("In response to [this]({url}):\n\n{}", quote(asked)))
}

/// An answer to `login` with a reason of one's own below it.
pub fn reasoned(login: &str, message: &str, reason: &str) -> String {
    format!("@{login}: {message}\n\n<details>\n\n{reason}\n\n{ABOUT}\n</details>")
}

/// A message to nobody in particular.
pub fn note(message: &str) -> String {
    format!("{message}\n\n<details>\n\n{ABOUT}\n</details>")
}

/// Each line behind `>`. So a command in it starts no line, and is not obeyed a second time.
fn quote(text: &str) -> String {
    let end = text.floor_char_boundary(MAX_QUOTE);
    let mut quoted: Vec<String> = text[..end].lines().map(|line| format!(">{line}")).collect();
    if end < text.len() {
        quoted.push(">…".to_owned());
    }
    quoted.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_mentions_answers_and_quotes() {
        let text = reply("carol", "Done.", "/hold\r\nplease", "https://github.example/1#c2");
        let want = format!(
            "@carol: Done.\n\n<details>\n\nIn response to [this](https://github.example/1#c2):\n\n>/hold\n>please\n\n{ABOUT}\n</details>"
        );
        assert_eq!(text, want);
    }

    #[test]
    fn a_note_mentions_nobody() {
        assert_eq!(note("Hello."), format!("Hello.\n\n<details>\n\n{ABOUT}\n</details>"));
    }

    #[test]
    fn a_reasoned_reply_gives_the_reason() {
        assert_eq!(
            reasoned("u", "No.", "It is late."),
            format!("@u: No.\n\n<details>\n\nIt is late.\n\n{ABOUT}\n</details>")
        );
    }

    #[test]
    fn no_line_of_a_quotation_is_a_command() {
        for asked in ["/hold", "a\n/hold", "/hold\n\n/test all\r\n/x"] {
            let text = reply("u", "m", asked, "url");
            assert!(text.lines().all(|line| !line.starts_with('/')), "{text}");
        }
    }

    #[test]
    fn a_very_long_comment_is_cut_at_a_character() {
        let text = quote(&"é".repeat(40_000));
        assert!(text.len() < MAX_QUOTE + 10, "{}", text.len());
        assert!(text.ends_with("é\n>…"));
    }
}
