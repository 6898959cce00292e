//! The plugin's rows of the reference table of cases, by their numbers there, and what we decided besides.

mod comments;
mod new_commits;
mod records;
mod reviews;
mod texts;
mod world;
