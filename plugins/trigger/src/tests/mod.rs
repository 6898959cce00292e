//! The plugin's rows of the reference table of cases, by their numbers there, and what we decided besides.

mod comments;
mod help_comments;
mod pull_requests;
mod welcomes;
mod world;
