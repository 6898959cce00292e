//! Emoji under issues and under comments.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;

use crate::answer::{Answer, Refusal, Reply};
use crate::call::Call;
use crate::hub::Hub;
use crate::page::list as page_of;
use crate::shapes::View;
use crate::world::{Reaction, ReactionContent, World, now};

#[derive(Deserialize)]
struct NewReaction {
    content: ReactionContent,
}

/// Of the issue or comment in the path.
pub(crate) fn list(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        let (issue, comment) = call.target(world).ok_or_else(Refusal::not_found)?;
        let reactions = comment.map_or(&issue.reactions, |comment| &comment.reactions);
        let asked = |reaction: &&Reaction| {
            call.query("content").is_none_or(|content| serde_json::json!(reaction.content) == content)
        };
        let view = View { world, base: hub.base() };
        Ok(page_of(call, hub.base(), reactions.iter().filter(asked).collect(), |reaction| view.reaction(reaction)))
    })
}

/// 201, or 200 where the caller put the same one there before.
pub(crate) fn create(hub: &Arc<Hub>, call: &Call) -> Reply {
    let new: NewReaction = call.json()?;
    hub.change(|world| {
        let (author, id) = (call.login(world)?, world.next_id());
        let reactions = reactions_at(world, call)?;
        let same = |known: &&Reaction| known.content == new.content && known.author.eq_ignore_ascii_case(&author);
        let (status, reaction) = match reactions.iter().find(same) {
            Some(known) => (StatusCode::OK, known.clone()),
            None => {
                let made = Reaction { id, author, content: new.content, created_at: now() };
                reactions.push(made.clone());
                (StatusCode::CREATED, made)
            }
        };
        Ok(Answer::json(status, &View { world, base: hub.base() }.reaction(&reaction)))
    })
}

fn reactions_at<'a>(world: &'a mut World, call: &Call) -> Result<&'a mut Vec<Reaction>, Refusal> {
    let (issue, comment) = call.target(world).ok_or_else(Refusal::not_found)?;
    let (number, comment) = (issue.number, comment.map(|comment| comment.id));
    let issue = world.issue_mut(&call.repo_key(), number).ok_or_else(Refusal::not_found)?;
    match comment {
        None => Ok(&mut issue.reactions),
        Some(id) => {
            let comment = issue.comments.iter_mut().find(|comment| comment.id == id);
            Ok(&mut comment.ok_or_else(Refusal::not_found)?.reactions)
        }
    }
}
