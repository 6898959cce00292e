//! The endpoints, one file a resource. Each looks at the world or changes it, says what happened, and shows the result.

pub(crate) mod actions;
pub(crate) mod apps;
pub(crate) mod branches;
pub(crate) mod checks;
pub(crate) mod comments;
pub(crate) mod commits;
pub(crate) mod compare;
pub(crate) mod contents;
pub(crate) mod hooks;
pub(crate) mod issues;
pub(crate) mod labels;
pub(crate) mod merge;
pub(crate) mod meta;
pub(crate) mod orgs;
pub(crate) mod protection;
pub(crate) mod pulls;
pub(crate) mod refs;
pub(crate) mod repos;
pub(crate) mod reviews;
pub(crate) mod search;
pub(crate) mod statuses;
pub(crate) mod teams;
