//! The clients against far sides over loopback: the stand-ins where a conversation is the point, a scripted server where
//! moods are, and for Slack a stand-in that others wrote. The stand-ins themselves are tried with other people's clients.

#![expect(clippy::unwrap_used, reason = "the helpers of tests, too, may fail by panicking")]

mod bugzilla;
mod far_side;
mod independent;
mod jira;
mod secrets;
mod slack;
mod world;
