//! Comments and labels of an issue or of a pull request: the same calls, but two permissions of GitHub.

use crate::{
    ApiError, ClientAgent, CommentId, IssueRef, Text, github_issues_read, github_issues_write,
    github_pull_requests_read, github_pull_requests_write,
};

/// Where a plugin talks. A type and not a value: a component imports just the interfaces of the place that it names,
/// and needs no grant for the other.
pub trait Conversation {
    /// All comments, in the order of their creation.
    ///
    /// # Errors
    /// As the contract's `list-comments`.
    fn comments(agent: &ClientAgent, number: IssueRef) -> Result<Vec<Text>, ApiError>;

    /// Posts a comment.
    ///
    /// # Errors
    /// As the contract's `create-comment`.
    fn comment(agent: &ClientAgent, number: IssueRef, body: &str) -> Result<CommentId, ApiError>;

    /// Replaces a comment's text.
    ///
    /// # Errors
    /// As the contract's `edit-comment`.
    fn edit_comment(agent: &ClientAgent, number: IssueRef, comment: CommentId, body: &str) -> Result<(), ApiError>;

    /// Deletes a comment; success if it is gone.
    ///
    /// # Errors
    /// As the contract's `delete-comment`.
    fn delete_comment(agent: &ClientAgent, number: IssueRef, comment: CommentId) -> Result<(), ApiError>;

    /// All labels.
    ///
    /// # Errors
    /// As the contract's `list-labels`.
    fn labels(agent: &ClientAgent, number: IssueRef) -> Result<Vec<String>, ApiError>;

    /// Adds a label; success if it is there.
    ///
    /// # Errors
    /// As the contract's `add-label`.
    fn add_label(agent: &ClientAgent, number: IssueRef, name: &str) -> Result<(), ApiError>;

    /// Removes a label; success if it is not there.
    ///
    /// # Errors
    /// As the contract's `remove-label`.
    fn remove_label(agent: &ClientAgent, number: IssueRef, name: &str) -> Result<(), ApiError>;
}

/// Issues, by `issues: write`.
pub enum Issues {}

/// Pull requests, by `pull_requests: write`.
pub enum PullRequests {}

macro_rules! conversation {
    ($place:ty, $read:ident, $write:ident) => {
        impl Conversation for $place {
            fn comments(agent: &ClientAgent, number: IssueRef) -> Result<Vec<Text>, ApiError> {
                $read::list_comments(agent, number)
            }

            fn comment(agent: &ClientAgent, number: IssueRef, body: &str) -> Result<CommentId, ApiError> {
                $write::create_comment(agent, number, body)
            }

            fn edit_comment(
                agent: &ClientAgent,
                number: IssueRef,
                comment: CommentId,
                body: &str,
            ) -> Result<(), ApiError> {
                $write::edit_comment(agent, number, comment, body)
            }

            fn delete_comment(agent: &ClientAgent, number: IssueRef, comment: CommentId) -> Result<(), ApiError> {
                $write::delete_comment(agent, number, comment)
            }

            fn labels(agent: &ClientAgent, number: IssueRef) -> Result<Vec<String>, ApiError> {
                $read::list_labels(agent, number)
            }

            fn add_label(agent: &ClientAgent, number: IssueRef, name: &str) -> Result<(), ApiError> {
                $write::add_label(agent, number, name)
            }

            fn remove_label(agent: &ClientAgent, number: IssueRef, name: &str) -> Result<(), ApiError> {
                $write::remove_label(agent, number, name)
            }
        }
    };
}

conversation!(Issues, github_issues_read, github_issues_write);
conversation!(PullRequests, github_pull_requests_read, github_pull_requests_write);
