//! Mentions of a SIG's teams: `@kubernetes/sig-testing-bugs`. Written out by hand: a guest that compiles a regular
//! expression spends longer on that than on the event.

const BEFORE: &str = "@kubernetes/sig-";
const KINDS: [&str; 7] =
    ["-misc", "-test-failures", "-bugs", "-feature-requests", "-proposals", "-pr-reviews", "-api-reviews"];

/// The channels, `sig-<name>`, of the SIGs that a text mentions: one for each mention, in order.
///
/// Behaviour: Prow's `@kubernetes/sig-([\w-]*)-(misc|…)`, in which the name is as long as it can be.
pub fn channels(text: &str) -> Vec<String> {
    let mut channels = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(BEFORE) {
        rest = &rest[at + BEFORE.len()..];
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
        let kind_at = |start: usize| KINDS.iter().find(|kind| rest[start..end].starts_with(**kind));
        let found = (0..end).rev().find_map(|start| Some((start, kind_at(start)?)));
        if let Some((start, kind)) = found {
            channels.push(format!("sig-{}", &rest[..start]));
            rest = &rest[start + kind.len()..];
        }
    }
    channels
}

/// What a channel is told.
pub fn message(channel: &str, author: &str, url: &str, body: &str) -> String {
    format!("{channel} was mentioned by {author} (<@{author}>) on GitHub. ({url})\n>>>{body}")
}
