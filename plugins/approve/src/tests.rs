//! The decisions, on pull requests of a small repository. Names like `case_07` are the rows of the plugin's table of
//! behaviours.

mod events;
mod owners;
mod people;
mod reviews;
mod suggestions;
mod texts;
mod threads;
mod world;
