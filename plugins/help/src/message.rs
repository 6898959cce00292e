//! What the plugin says, and how it finds that again.

use kit::prow::settings::HelpSettings;

use crate::decide::Kind;

impl Kind {
    /// The sentence that each message of this kind begins with; what finds it again.
    fn opening(self) -> &'static str {
        match self {
            Self::Help => "This issue is open for anyone's help.",
            Self::GoodFirstIssue => "This issue suits a first contribution.",
        }
    }

    /// What Prow's own message of this kind has in its first sentence; comments from before a move to this host are
    /// cleaned away with ours.
    fn opening_in_prow(self) -> &'static str {
        match self {
            Self::Help => "needing help from a contributor",
            Self::GoodFirstIssue => "suitable for new contributors",
        }
    }

    /// Whether a comment of the bot's is a message of this kind.
    pub fn wrote(self, body: &str) -> bool {
        body.contains(self.opening()) || body.contains(self.opening_in_prow())
    }
}

/// The message for a newly marked issue: guideline, its summary if one is configured, and the way back.
pub fn text(kind: Kind, settings: &HelpSettings) -> String {
    let (anchor, undo) = match kind {
        Kind::Help => ("", "remove-help"),
        Kind::GoodFirstIssue => ("#good-first-issue", "remove-good-first-issue"),
    };
    let mut sections = vec![kind.opening().to_owned()];
    if !settings.help_guidelines_summary.is_empty() {
        sections.push(format!("### Guidelines\n{}", settings.help_guidelines_summary));
    }
    sections.push(format!(
        "Please see to it that the issue meets the [guidelines]({}{anchor}). If it does not, comment `/{undo}`.",
        settings.help_guidelines_url
    ));
    sections.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(summary: &str) -> HelpSettings {
        HelpSettings {
            help_guidelines_url: "https://docs.example/help".into(),
            help_guidelines_summary: summary.into(),
        }
    }

    #[test]
    fn each_kind_finds_its_own_messages_and_no_others() {
        for (kind, other) in [(Kind::Help, Kind::GoodFirstIssue), (Kind::GoodFirstIssue, Kind::Help)] {
            let body = text(kind, &settings("Be kind."));
            assert!(kind.wrote(&body), "{body}");
            assert!(!other.wrote(&body), "{body}");
        }
        assert!(Kind::Help.wrote("…needing help from a contributor."));
        assert!(!Kind::Help.wrote("Who helps?"));
    }

    #[test]
    fn a_summary_is_a_section_of_its_own() {
        let body = text(Kind::Help, &settings("Be kind."));
        assert!(body.contains("\n\n### Guidelines\nBe kind.\n\n"), "{body}");
        assert!(body.contains("(https://docs.example/help)"), "{body}");
    }

    #[test]
    fn without_a_summary_there_is_the_link_alone() {
        let body = text(Kind::GoodFirstIssue, &settings(""));
        assert!(!body.contains("###"), "{body}");
        assert!(body.contains("(https://docs.example/help#good-first-issue)"), "{body}");
        assert!(body.contains("`/remove-good-first-issue`"), "{body}");
    }
}
