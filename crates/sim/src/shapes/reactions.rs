//! Emoji under texts.

use serde_json::{Value, json};

use super::{View, node_id};
use crate::world::{Reaction, ReactionContent};

impl View<'_> {
    /// One of them.
    pub(crate) fn reaction(&self, reaction: &Reaction) -> Value {
        json!({
            "id": reaction.id,
            "node_id": node_id("REA", reaction.id),
            "user": self.account(&reaction.author),
            "content": reaction.content,
            "created_at": reaction.created_at,
        })
    }
}

/// How many of each stand under the text at `api`.
pub(super) fn reactions(api: &str, reactions: &[Reaction]) -> Value {
    let mut value = json!({ "url": format!("{api}/reactions"), "total_count": reactions.len() });
    for content in ReactionContent::ALL {
        let name = json!(content);
        let count = reactions.iter().filter(|reaction| reaction.content == content).count();
        value[name.as_str().unwrap_or_default()] = json!(count);
    }
    value
}
