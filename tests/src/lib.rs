//! Whole systems under test: a stand-in GitHub, a host and a controller as processes of their own, on free loopback ports
//! and with their state in a fresh directory, told apart from the real thing by nothing. Everything is observed from outside: what
//! GitHub shows, what the store holds, what HTTP answers.

pub mod conversation;
pub mod demo_config;
pub mod examples;
pub mod hook;
pub mod lines;
pub mod measure;
pub mod patch;
pub mod process;
pub mod programs;
pub mod registry;
pub mod report;
pub mod service;
pub mod stage;
pub mod timeline;
pub mod torture;
pub mod world;
