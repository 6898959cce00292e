//! Emoji under texts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An emoji that somebody put under a text.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reaction {
    /// The reaction's id.
    pub id: u64,
    /// The login of who put it there, as it is spelled.
    pub author: String,
    /// Which one.
    pub content: ReactionContent,
    /// When it was put there.
    pub created_at: Timestamp,
}

/// The emoji that GitHub has for this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "GitHub's names say it")]
pub enum ReactionContent {
    #[serde(rename = "+1")]
    PlusOne,
    #[serde(rename = "-1")]
    MinusOne,
    Laugh,
    Confused,
    Heart,
    Hooray,
    Rocket,
    Eyes,
}

impl ReactionContent {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::PlusOne,
        Self::MinusOne,
        Self::Laugh,
        Self::Confused,
        Self::Heart,
        Self::Hooray,
        Self::Rocket,
        Self::Eyes,
    ];
}
