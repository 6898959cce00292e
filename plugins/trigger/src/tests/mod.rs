//! The plugin's rows of the reference table of cases, by their numbers there, and what we decided besides.

mod comments;
mod expiry;
mod filters;
mod help_comments;
mod jobs;
mod pull_requests;
mod pushes;
mod seen;
mod welcomes;
mod workflows;
mod world;
