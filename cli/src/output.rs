//! What a command prints: tables for people, JSON for programs.

use std::io::{self, Write as _};

use anyhow::Context as _;
use clap::ValueEnum;
use serde::Serialize;

/// The shape of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListOutput {
    /// Aligned columns.
    Table,
    /// An array of objects.
    Json,
}

/// The shape of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowOutput {
    /// For people.
    Text,
    /// An object.
    Json,
}

/// Writes to standard output. Unlike `print!` it does not panic when the reader is gone.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    print_bytes(text.as_bytes())
}

/// Writes to standard output what need not be text.
pub(crate) fn print_bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).context("writing to standard output")
}

/// Writes a value as indented JSON.
pub(crate) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(value).context("cannot write as JSON")?;
    text.push('\n');
    print(&text)
}

/// Text that others wrote, fit for one line on a terminal: without control characters, which could move the cursor or
/// set colours.
pub(crate) fn tame(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The same for a text whose lines are its own.
pub(crate) fn tame_lines(text: &str) -> String {
    text.lines().map(tame).collect::<Vec<_>>().join("\n")
}
