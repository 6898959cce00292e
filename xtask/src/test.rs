//! `cargo xtask test`: both workspaces' tests, one count.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::Context as _;

use crate::skips::{self, Skips, Verdict};
use crate::tally::Tally;
use crate::workspace::Workspace;
use crate::{children, plugins};

/// Builds plugins and programs, runs all tests, prints what was skipped and why; the last line is the [`Verdict`].
pub(crate) fn run(workspace: &Workspace, long: bool) -> anyhow::Result<ExitCode> {
    plugins::build(workspace)?;
    children::build(workspace)?;
    children::build_smith(workspace)?;

    let skips_file = workspace.target.join(format!("skipped-tests.{}", std::process::id()));
    fs::write(&skips_file, "").with_context(|| format!("cannot write {}", skips_file.display()))?;
    let mut tally = Tally::default();
    for (what, mut command) in suites(workspace) {
        command.env("BOWSPRIT_SKIPS", &skips_file).envs(workspace.environment());
        if long {
            command.env("BOWSPRIT_LONG", "1");
        }
        count(what, &mut command, &mut tally)?;
    }
    let skips = take(&skips_file)?;
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let verdict = skips::verdict(&tally, &skips, ci);
    report(&tally, &skips, &verdict, ci);
    Ok(ExitCode::from(u8::from(verdict.failed > 0)))
}

fn suites(workspace: &Workspace) -> [(&'static str, Command); 2] {
    let mut root = children::cargo();
    root.args(["test", "--workspace", "--no-fail-fast"]).current_dir(&workspace.root);
    let mut guests = children::cargo();
    guests.args(["test", "--workspace", "--no-fail-fast", "--target-dir"]).arg(workspace.plugins_target());
    guests.current_dir(workspace.root.join("plugins"));
    [("tests", root), ("tests of the plugins", guests)]
}

/// Runs one `cargo test`, passing on what it prints line by line.
fn count(what: &str, command: &mut Command, tally: &mut Tally) -> anyhow::Result<()> {
    eprintln!("xtask: {what} …");
    let started = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot run cargo")?;
    let output = child.stdout.take().expect("the child's stdout is piped");
    let failed_before = tally.failed;
    for line in BufReader::new(output).split(b'\n') {
        // Bytes, since a test may print anything.
        let line = line.context("cannot read the tests' output")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        tally.read(line.trim_end());
    }
    let status = child.wait().context("cannot wait for cargo")?;
    tally.ended(what, status.success(), failed_before);
    eprintln!("xtask: {what}: {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

fn take(path: &Path) -> anyhow::Result<Skips> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    // Only tidiness: the name has our process id in it and is never read again.
    let _ = fs::remove_file(path);
    Ok(skips::parse(&text))
}

fn report(tally: &Tally, skips: &Skips, verdict: &Verdict, ci: bool) {
    println!();
    for name in &tally.failures {
        println!("failed: {name}");
    }
    for (name, reason) in skips {
        let counted = if ci && !skips::excused(reason) { "skipped, which on CI is a failure" } else { "skipped" };
        println!("{counted}: {name}: {reason}");
    }
    for ignored in &tally.ignored {
        println!("skipped: {ignored}");
    }
    println!("{verdict}");
}
