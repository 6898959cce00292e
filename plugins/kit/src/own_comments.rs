//! Deletes what the bot once said and no longer means.

use std::marker::PhantomData;

use crate::words::reason;
use crate::{ClientAgent, Conversation, IssueRef, Text, warn};

/// The bot's own comments on one issue or pull request, listed once, on first use.
///
/// A failure is logged and no more: an old comment that stays is no reason to leave new work undone. Behaviour: Prow
/// pkg/commentpruner.
pub struct Pruner<'a, C> {
    agent: &'a ClientAgent,
    number: IssueRef,
    own: Option<Vec<Text>>,
    place: PhantomData<C>,
}

impl<'a, C: Conversation> Pruner<'a, C> {
    /// For one conversation; reads nothing yet.
    pub fn new(agent: &'a ClientAgent, number: IssueRef) -> Self {
        Self { agent, number, own: None, place: PhantomData }
    }

    /// Deletes the bot's comments whose body satisfies `outdated`; those that could not be deleted are tried again with
    /// the next call.
    pub fn prune(&mut self, outdated: impl Fn(&str) -> bool) {
        let own = match self.own.take() {
            Some(own) => own,
            None => self.list(),
        };
        let (old, mut kept): (Vec<_>, Vec<_>) = own.into_iter().partition(|comment| outdated(&comment.body));
        for comment in old {
            if let Err(error) = C::delete_comment(self.agent, self.number, comment.id) {
                warn(format_args!("cannot delete comment {}: {}", comment.id, reason(&error)));
                kept.push(comment);
            }
        }
        self.own = Some(kept);
    }

    fn list(&self) -> Vec<Text> {
        let found = self.agent.bot_login().and_then(|bot| Ok((bot, C::comments(self.agent, self.number)?)));
        match found {
            Ok((bot, comments)) => own(comments, &bot),
            Err(error) => {
                warn(format_args!("cannot list comments to prune: {}", reason(&error)));
                Vec::new()
            }
        }
    }
}

fn own(comments: Vec<Text>, bot: &str) -> Vec<Text> {
    comments.into_iter().filter(|comment| comment.author.login == bot).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comment(id: u64, login: &str) -> Text {
        crate::sample::text(id, login, "x")
    }

    #[test]
    fn only_the_bots_own_comments_may_be_pruned() {
        let comments = vec![comment(1, "carol"), comment(2, "ci"), comment(3, "ci[bot]"), comment(4, "ci-two")];
        let ids: Vec<_> = own(comments, "ci").iter().map(|comment| comment.id).collect();
        assert_eq!(ids, [2]);
    }
}
