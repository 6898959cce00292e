//! Asks Go what it makes of a piece of config: the program that is built from the Go sources beside this crate.
//!
//! `cargo xtask setup` builds it and tells where it is by `BOWSPRIT_ORACLE`. A test that needs it asks [`find`] first, and is
//! skipped where it is not.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;

/// What Go makes of one input, or its error.
pub type Answer = Result<Value, String>;

/// Where the program is; `None` where it is not, with the skip of `test` noted.
#[must_use]
pub fn find(test: &str) -> Option<PathBuf> {
    let told = std::env::var_os("BOWSPRIT_ORACLE").map(PathBuf::from).filter(|path| path.is_file());
    if told.is_none() {
        counterparts::skip(test, "the oracle is not built: `cargo xtask setup` says why, or builds it");
    }
    told
}

/// The answer to each question, in their order; `tests/oracle/main.go` says what can be asked.
///
/// # Errors
/// The program does not run, or does not take a question.
pub fn ask(program: &Path, questions: &[Value]) -> anyhow::Result<Vec<Answer>> {
    let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().context("its input is a pipe")?;
    let output = child.stdout.take().context("its output is a pipe")?;
    let answers = std::thread::scope(|scope| {
        // Beside the reading, since neither pipe holds everything.
        scope.spawn(move || questions.iter().try_for_each(|question| writeln!(input, "{question}")));
        BufReader::new(output).lines().map(|line| answer(&line?)).collect::<anyhow::Result<Vec<_>>>()
    })?;
    ensure!(child.wait()?.success(), "the oracle did not take a question");
    ensure!(answers.len() == questions.len(), "{} answers to {} questions", answers.len(), questions.len());
    Ok(answers)
}

fn answer(line: &str) -> anyhow::Result<Answer> {
    let mut answer: Value = serde_json::from_str(line).context("an answer is JSON")?;
    Ok(match answer["error"].take() {
        Value::String(error) => Err(error),
        _ => Ok(answer["value"].take()),
    })
}
