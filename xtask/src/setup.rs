//! What the tier needs and cargo does not bring. Decides on facts, then installs with `apt-get` or says what to do.

use std::fmt;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use componentize::toolchain::{DEBIAN_PACKAGES, TARGET};

use crate::children;
use crate::tools::{self, Facts};

/// Something is missing that we may not or cannot install. Nothing has been compiled yet; exit code 2.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    what: Vec<String>,
    packages: Vec<&'static str>,
    apt: bool,
}

/// What is to be done about the facts.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    /// Everything needed is there; the notes say what would be nice to have.
    Ready { notes: Vec<String> },
    /// Install these packages, then look again.
    Install { packages: Vec<&'static str> },
    /// The user has to do it.
    Ask(Missing),
}

/// Who is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chore {
    /// `cargo xtask setup`: it is here to install.
    Setup,
    /// Any other, that needs what it needs and would rather begin.
    Other,
}

/// Installs what is missing, quickly (no network, no `apt-get`) when nothing is.
///
/// # Errors
/// [`Missing`] without root, without `apt-get`, or when the packages did not help.
pub(crate) fn ensure(chore: Chore) -> anyhow::Result<()> {
    let facts = tools::look();
    let packages = match decide(&facts, chore) {
        Plan::Ready { notes } => {
            say(&notes);
            return Ok(());
        }
        Plan::Ask(missing) => return Err(missing.into()),
        Plan::Install { packages } => packages,
    };
    // A failure is not yet the end: what may be done without may be what cannot be had.
    if let Err(error) = install(&packages) {
        eprintln!("xtask: {error:#}");
    }
    match decide(&Facts { root: false, ..tools::look() }, chore) {
        Plan::Ready { notes } => {
            say(&notes);
            Ok(())
        }
        Plan::Ask(missing) => Err(missing.into()),
        Plan::Install { .. } => unreachable!("without root nothing is installed"),
    }
}

/// Says what is missing and installs nothing; exit code 2 if something needed is.
pub(crate) fn check() -> anyhow::Result<ExitCode> {
    match decide(&Facts { root: false, ..tools::look() }, Chore::Setup) {
        Plan::Ready { notes } => {
            say(&notes);
            eprintln!("xtask: everything that is needed is here");
            Ok(ExitCode::SUCCESS)
        }
        Plan::Ask(missing) => Err(missing.into()),
        Plan::Install { .. } => unreachable!("without root nothing is installed"),
    }
}

fn decide(facts: &Facts, chore: Chore) -> Plan {
    let mut what = Vec::new();
    let mut packages = Vec::new();
    if let Err(why) = &facts.guest {
        what.push(format!("a toolchain for plugins: {why}"));
        packages.extend(DEBIAN_PACKAGES);
    }
    if !facts.git {
        what.push("git with its http-backend".to_owned());
        packages.push("git");
    }
    if !facts.openssl {
        what.push("openssl".to_owned());
        packages.push("openssl");
    }
    let can_install = facts.root && facts.apt;
    // By themselves they are worth no failure, and no other chore's time: where they cannot be had, each of them would
    // fetch package lists in vain. But who is at it anyway gets them with the rest.
    if (can_install && chore == Chore::Setup) || !packages.is_empty() {
        packages.extend(facts.lacks.iter().map(|extra| extra.package));
    }
    match (packages.is_empty(), can_install) {
        (false, true) => Plan::Install { packages },
        (false, false) => Plan::Ask(Missing { what, packages, apt: facts.apt }),
        (true, _) => Plan::Ready { notes: notes(facts) },
    }
}

fn notes(facts: &Facts) -> Vec<String> {
    let how = |package| if facts.apt { format!(": `apt-get install {package}`") } else { String::new() };
    facts.lacks.iter().map(|extra| format!("{}{}", extra.without, how(extra.package))).collect()
}

fn say(notes: &[String]) {
    for note in notes {
        eprintln!("xtask: note: {note}");
    }
}

/// Package lists are fetched only where they do not know the packages yet, since that takes longest.
fn install(packages: &[&str]) -> anyhow::Result<()> {
    if install_known(packages).is_ok() {
        return Ok(());
    }
    children::run("apt-get update", apt().arg("update")).context("cannot fetch package lists")?;
    if install_known(packages).is_ok() {
        return Ok(());
    }
    // One package that this release does not have must not keep the others away.
    for package in packages {
        if let Err(error) = install_known(&[package]) {
            eprintln!("xtask: {error:#}");
        }
    }
    Ok(())
}

fn install_known(packages: &[&str]) -> anyhow::Result<()> {
    let what = format!("apt-get install {}", packages.join(" "));
    children::run(&what, apt().args(["install", "-y", "--no-install-recommends"]).args(packages))
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.arg("-q").env("DEBIAN_FRONTEND", "noninteractive");
    command
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "missing:")?;
        for what in &self.what {
            writeln!(f, "  - {what}")?;
        }
        let packages = self.packages.join(" ");
        if self.apt {
            let sudo = if Path::new("/usr/bin/sudo").exists() { "sudo " } else { "" };
            writeln!(f, "as root run:\n  {sudo}apt-get update && {sudo}apt-get install -y {packages}")?;
        } else {
            writeln!(f, "only Debian and Ubuntu are set up for you; there, these packages bring it: {packages}")?;
        }
        if self.packages.contains(&DEBIAN_PACKAGES[0]) {
            writeln!(f, "or, where rustup manages your toolchain:\n  rustup target add {TARGET}")?;
        }
        write!(f, "then run the same `cargo xtask` command again")
    }
}

impl std::error::Error for Missing {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::EXTRAS;
    use componentize::toolchain::Guest;

    const WHOLE: Facts =
        Facts { guest: Ok(Guest::Debian), git: true, openssl: true, lacks: Vec::new(), apt: true, root: true };

    fn no_guest() -> Result<Guest, String> {
        Err("there is no /usr/bin/rustc".to_owned())
    }

    #[track_caller]
    fn ask(facts: Facts, lines: &[&str], absent: &[&str]) {
        let Plan::Ask(missing) = decide(&facts, Chore::Other) else { panic!("must ask the user") };
        let text = missing.to_string();
        for line in lines {
            assert!(text.contains(line), "no {line:?} in {text}");
        }
        for line in absent {
            assert!(!text.contains(line), "{line:?} in {text}");
        }
    }

    #[test]
    fn a_whole_machine_needs_nothing() {
        for chore in [Chore::Setup, Chore::Other] {
            assert_eq!(decide(&WHOLE, chore), Plan::Ready { notes: vec![] });
            assert_eq!(decide(&Facts { root: false, apt: false, ..WHOLE }, chore), Plan::Ready { notes: vec![] });
        }
    }

    #[test]
    fn root_on_debian_installs_what_is_missing_and_no_more() {
        let packages = |facts: Facts| match decide(&facts, Chore::Other) {
            Plan::Install { packages } => packages,
            other => panic!("{other:?}"),
        };
        assert_eq!(packages(Facts { guest: no_guest(), ..WHOLE }), DEBIAN_PACKAGES);
        assert_eq!(packages(Facts { git: false, lacks: vec![&EXTRAS[0]], ..WHOLE }), ["git", "bubblewrap"]);
    }

    #[test]
    fn without_root_one_apt_get_line_names_all_packages() {
        let line = "apt-get install -y rustc-web cargo-web rust-web-src lld-19 git\n";
        let facts = Facts { guest: no_guest(), git: false, root: false, ..WHOLE };
        ask(facts, &[line, "rustup target add wasm32-unknown-unknown", "there is no /usr/bin/rustc"], &[]);
        ask(Facts { git: false, root: false, ..WHOLE }, &["apt-get install -y git\n"], &["rustup", "rustc-web"]);
        ask(Facts { git: false, lacks: vec![&EXTRAS[0]], root: false, ..WHOLE }, &["install -y git bubblewrap\n"], &[]);
    }

    #[test]
    fn elsewhere_it_names_what_is_missing() {
        let facts = Facts { guest: no_guest(), apt: false, ..WHOLE };
        ask(facts, &["only Debian and Ubuntu", "rustup target add"], &["apt-get"]);
    }

    #[test]
    fn what_may_be_missing_is_only_a_note_and_setup_installs_it() {
        for extra in &EXTRAS {
            let lacks = || Facts { lacks: vec![extra], ..WHOLE };
            assert_eq!(decide(&lacks(), Chore::Setup), Plan::Install { packages: vec![extra.package] });
            let Plan::Ready { notes } = decide(&lacks(), Chore::Other) else { panic!("{} is required", extra.package) };
            assert!(notes.len() == 1 && notes[0].contains(extra.package), "{notes:?}");
            assert_eq!(decide(&Facts { root: false, ..lacks() }, Chore::Setup), Plan::Ready { notes });
        }
    }
}
