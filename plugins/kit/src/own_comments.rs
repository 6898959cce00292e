//! The bot's own comments: what is outdated goes, and what is to stand there once stands there once.

use std::marker::PhantomData;

use crate::words::reason;
use crate::{ApiError, ClientAgent, CommentId, Conversation, IssueRef, Text, warn};

/// The bot's own comments on one issue or pull request, listed once, on first use.
///
/// Where they cannot be listed that is logged, and there are none: an old comment that stays, or one said twice, is no
/// reason to leave new work undone. Behaviour: Prow pkg/commentpruner.
pub struct OwnComments<'a, C> {
    agent: &'a ClientAgent,
    number: IssueRef,
    listed: Option<Vec<Text>>,
    place: PhantomData<C>,
}

/// How a comment of which there is one at the most comes to say something new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// Edited; nobody is told of it.
    InPlace,
    /// Written anew, so that GitHub tells whoever watches, and then the earlier ones are deleted.
    Anew,
}

/// One step towards the comments that are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Delete this one.
    Delete(CommentId),
    /// Replace the text of this one.
    Edit(CommentId, String),
    /// Post this.
    Create(String),
}

impl<'a, C: Conversation> OwnComments<'a, C> {
    /// Of one conversation; reads nothing yet.
    pub fn new(agent: &'a ClientAgent, number: IssueRef) -> Self {
        Self { agent, number, listed: None, place: PhantomData }
    }

    /// Deletes the comments whose body satisfies `outdated`; those that could not be deleted are tried again with the next
    /// call, and a failure is logged and no more.
    pub fn prune(&mut self, outdated: impl Fn(&str) -> bool) {
        let listed = self.take();
        let (kept, failures) = without(listed, outdated, |comment| C::delete_comment(self.agent, self.number, comment));
        for (comment, error) in failures {
            warn(format_args!("cannot delete comment {comment}: {}", reason(&error)));
        }
        self.listed = Some(kept);
    }

    /// Posts `text` unless it stands there: what is handled twice, as by two hooks or an operator's replay, is answered
    /// once.
    ///
    /// # Errors
    /// As the contract's `create-comment`.
    pub fn say_once(&mut self, text: &str) -> Result<(), ApiError> {
        let listed = self.take();
        let is_said = listed.iter().any(|comment| says(comment, text));
        self.listed = Some(listed);
        if !is_said {
            C::comment(self.agent, self.number, text)?;
        }
        Ok(())
    }

    /// Sees to it that of the comments that satisfy `is_it` there is one, and that it says `text`.
    ///
    /// # Errors
    /// When it cannot be written. An older one that cannot be deleted is logged and no more.
    pub fn upsert(&mut self, is_it: impl Fn(&str) -> bool, text: &str, renewal: Renewal) -> Result<(), ApiError> {
        let (earlier, others): (Vec<_>, Vec<_>) = self.take().into_iter().partition(|comment| is_it(&comment.body));
        // What becomes of those found is not followed: a later call leaves them alone.
        self.listed = Some(others);
        for change in upserted(&earlier.iter().collect::<Vec<_>>(), text, renewal) {
            match change {
                Change::Delete(comment) => {
                    if let Err(error) = C::delete_comment(self.agent, self.number, comment) {
                        warn(format_args!("cannot delete comment {comment}: {}", reason(&error)));
                    }
                }
                Change::Edit(comment, text) => C::edit_comment(self.agent, self.number, comment, &text)?,
                Change::Create(text) => drop(C::comment(self.agent, self.number, &text)?),
            }
        }
        Ok(())
    }

    fn take(&mut self) -> Vec<Text> {
        if let Some(listed) = self.listed.take() {
            return listed;
        }
        let found = self.agent.bot_login().and_then(|bot| Ok((bot, C::comments(self.agent, self.number)?)));
        match found {
            Ok((bot, comments)) => written_by(&comments, &bot).cloned().collect(),
            Err(error) => {
                warn(format_args!("cannot list our own comments: {}", reason(&error)));
                Vec::new()
            }
        }
    }
}

/// Those of `comments` that `bot` wrote, in their order.
pub fn written_by<'a>(comments: &'a [Text], bot: &str) -> impl DoubleEndedIterator<Item = &'a Text> {
    comments.iter().filter(move |comment| comment.author.login == bot)
}

/// From the `earlier` ones of its kind, oldest first, to one comment that says `text`. Nothing where the newest says it
/// already and is the only one, so that a second time changes nothing.
pub fn upserted(earlier: &[&Text], text: &str, renewal: Renewal) -> Vec<Change> {
    let delete = |comments: &[&Text]| comments.iter().map(|comment| Change::Delete(comment.id)).collect::<Vec<_>>();
    let Some((newest, older)) = earlier.split_last() else {
        return vec![Change::Create(text.to_owned())];
    };
    match renewal {
        _ if says(newest, text) => delete(older),
        Renewal::InPlace => [delete(older), vec![Change::Edit(newest.id, text.to_owned())]].concat(),
        // In this order nothing is lost if the new one cannot be written.
        Renewal::Anew => [vec![Change::Create(text.to_owned())], delete(earlier)].concat(),
    }
}

/// Whether a comment is this text. The host puts a marker behind it, by which it finds the comment again.
fn says(comment: &Text, text: &str) -> bool {
    comment.body.strip_prefix(text).is_some_and(|rest| rest.trim().is_empty() || rest.trim().starts_with("<!--"))
}

/// What is left once the outdated ones are deleted, and what could not be.
fn without(
    comments: Vec<Text>,
    outdated: impl Fn(&str) -> bool,
    mut delete: impl FnMut(CommentId) -> Result<(), ApiError>,
) -> (Vec<Text>, Vec<(CommentId, ApiError)>) {
    let (old, mut kept): (Vec<_>, Vec<_>) = comments.into_iter().partition(|comment| outdated(&comment.body));
    let mut failures = Vec::new();
    for comment in old {
        if let Err(error) = delete(comment.id) {
            failures.push((comment.id, error));
            kept.push(comment);
        }
    }
    (kept, failures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::sample::text;

    fn ids<'a>(comments: impl IntoIterator<Item = &'a Text>) -> Vec<CommentId> {
        comments.into_iter().map(|comment| comment.id).collect()
    }

    #[test]
    fn only_the_bots_own_comments_may_be_pruned() {
        let comments = [text(1, "carol", "x"), text(2, "ci", "x"), text(3, "ci[bot]", "x"), text(4, "ci-two", "x")];
        assert_eq!(ids(written_by(&comments, "ci")), [2]);
    }

    #[test]
    fn what_could_not_be_deleted_is_tried_again() {
        let comments = vec![text(1, "ci", "old"), text(2, "ci", "new"), text(3, "ci", "old")];
        let mut asked = Vec::new();
        let mut delete = |is_refused: bool, comments| {
            without(
                comments,
                |body| body == "old",
                |comment| {
                    asked.push(comment);
                    let error = ApiError { kind: ErrorKind::Other, message: "down".to_owned() };
                    if is_refused && comment == 1 { Err(error) } else { Ok(()) }
                },
            )
        };
        let (kept, failures) = delete(true, comments);
        assert_eq!((ids(&kept), failures.len()), (vec![2, 1], 1));
        let (kept, failures) = delete(false, kept);
        assert_eq!((ids(&kept), failures.len()), (vec![2], 0));
        assert_eq!(asked, [1, 3, 1]);
    }

    #[track_caller]
    fn check(earlier: &[&str], renewal: Renewal, want: &[Change]) {
        let earlier: Vec<_> = (1..).zip(earlier).map(|(id, body)| text(id, "ci", body)).collect();
        assert_eq!(upserted(&earlier.iter().collect::<Vec<_>>(), "new", renewal), want, "{renewal:?}");
    }

    #[test]
    fn one_comment_is_left_that_says_the_new_text() {
        use Change::{Create, Delete, Edit};
        use Renewal::{Anew, InPlace};
        let new = || "new".to_owned();
        for renewal in [InPlace, Anew] {
            check(&[], renewal, &[Create(new())]);
            check(&["new"], renewal, &[]);
            check(&["new\n\n<!-- bowsprit:00ff -->"], renewal, &[]);
            check(&["old", "new"], renewal, &[Delete(1)]);
        }
        check(&["old"], InPlace, &[Edit(1, new())]);
        check(&["old", "older"], InPlace, &[Delete(1), Edit(2, new())]);
        check(&["new", "old"], InPlace, &[Delete(1), Edit(2, new())]);
        check(&["old"], Anew, &[Create(new()), Delete(1)]);
        check(&["old", "older"], Anew, &[Create(new()), Delete(1), Delete(2)]);
        check(&["newer"], InPlace, &[Edit(1, new())]);
    }
}
