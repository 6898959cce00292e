//! Keeps the history that an issue's page shows.

use crate::world::{Happening, HistoryEvent, World, now};

/// Adds a line to the history of an issue or pull request, if it is there.
pub(crate) fn record(world: &mut World, (repo, number): (&str, u64), actor: &str, what: Happening) {
    let id = world.next_id();
    if let Some(issue) = world.issue_mut(repo, number) {
        issue.history.push(HistoryEvent { id, actor: actor.to_owned(), what, created_at: now() });
    }
}
