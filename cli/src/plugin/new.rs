//! `bowsprit plugin new`: a plugin to start one's own from, which builds and passes its own scenario.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::Args;

use super::contract;
use super::language::Language;
use crate::output;

/// Write a new plugin: a folder that builds and passes its own scenario.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit plugin new --lang js welcome-bot
  bowsprit plugin new --lang rust --dir /srv/plugins/lgtm lgtm

Then, in that folder:
  bowsprit plugin test .     builds it, and plays scenario.yaml
  bowsprit plugin build .    leaves NAME.wasm there")]
pub(crate) struct NewArgs {
    /// The language.
    #[arg(long, value_enum)]
    lang: Language,
    /// Where the folder goes; if left out, here, by the plugin's name.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// The plugin's name, as plugins.yaml will have it: lower-case letters, digits, and single hyphens between words.
    name: String,
}

/// What every folder has, but for the place of plugin.wit in Rust's.
const SCENARIO: (&str, &str) = ("scenario.yaml", include_str!("../../../plugins/examples/scenario.yaml"));
const WORLD: &str = include_str!("../../../plugins/examples/greeter-js/plugin.wit");

macro_rules! example {
    ($folder:literal, $($file:literal),+) => {
        &[$(($file, include_str!(concat!("../../../plugins/examples/", $folder, "/", $file)))),+]
    };
}

/// The files of a language's greeter.
fn files(language: Language) -> &'static [(&'static str, &'static str)] {
    match language {
        Language::Rust => &[
            ("Cargo.toml", include_str!("new/rust/Cargo.toml.in")),
            (".cargo/config.toml", include_str!("new/rust/config.toml.in")),
            ("src/lib.rs", include_str!("new/rust/lib.rs")),
            ("README.md", include_str!("new/rust/README.md")),
        ],
        Language::Go => example!("greeter-go", "plugin.go", "go.mod", "go.sum", "README.md"),
        Language::Python => example!("greeter-python", "plugin.py", "README.md"),
        Language::JavaScript => example!("greeter-js", "plugin.js", "README.md"),
        Language::C => example!("greeter-c", "plugin.c", "settings.c", "settings.h", "README.md"),
    }
}

pub(crate) fn run(args: &NewArgs) -> anyhow::Result<()> {
    let dir = args.dir.clone().unwrap_or_else(|| PathBuf::from(&args.name));
    write(&dir, &args.name, args.lang)?;
    let (dir, language) = (dir.display(), args.lang);
    output::print(&format!(
        "{dir} is a plugin in {language}.\nNext: bowsprit plugin test {dir}\n      bowsprit plugin build {dir}\n"
    ))
}

fn write(dir: &Path, name: &str, language: Language) -> anyhow::Result<()> {
    ensure!(is_name(name), "`{name}` is no name for a plugin: lower-case letters, digits, and hyphens between words");
    let empty = fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_none());
    ensure!(empty, "{} is not empty", dir.display());
    let world = if language == Language::Rust { "wit/plugin.wit" } else { contract::WORLD_FILE };
    let common = [SCENARIO, (world, WORLD), (".gitignore", "/target\n*.wasm\n__pycache__\n")];
    for (file, text) in files(language).iter().chain(&common) {
        let path = dir.join(file);
        let folder = path.parent().expect("a file in a folder has one");
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::write(&path, named(text, name)).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if language == Language::Rust {
        contract::write(&dir.join("wit/deps/bowsprit"))?;
    }
    Ok(())
}

/// The greeter's text with another name: in identifiers as C spells it.
fn named(text: &str, name: &str) -> String {
    let snake = name.replace('-', "_");
    let text = text.replace("greeter_", &format!("{snake}_")).replace("greeter.h", &format!("{snake}.h"));
    text.replace("greeter", name)
}

/// Whether plugins.yaml, WIT and every language take it.
fn is_name(name: &str) -> bool {
    let word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    // componentize-py could not tell it from the program's own module.
    name != "plugin" && name.split('-').all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_every_language_takes() {
        for (name, good) in [
            ("lgtm", true),
            ("welcome-bot-2b", false),
            ("welcome-bot2", true),
            ("Lgtm", false),
            ("a--b", false),
            ("-a", false),
            ("a_b", false),
            ("", false),
            ("plugin", false),
        ] {
            assert_eq!(is_name(name), good, "{name:?}");
        }
    }

    #[test]
    fn nothing_is_left_of_the_greeters_name() {
        for language in [Language::Rust, Language::Go, Language::Python, Language::JavaScript, Language::C] {
            let dir = tempfile::tempdir().unwrap();
            write(dir.path(), "welcome-bot", language).unwrap();
            let again = write(dir.path(), "welcome-bot", language).unwrap_err().to_string();
            assert!(again.contains("is not empty"), "{again}");
            assert_eq!(Language::of(dir.path()).unwrap(), language);
            for (file, _) in files(language) {
                let text = fs::read_to_string(dir.path().join(file)).unwrap();
                assert!(!text.contains("greeter"), "{language}: {file}");
            }
            let world = if language == Language::Rust { dir.path().join("wit") } else { dir.path().to_owned() };
            let work = tempfile::tempdir().unwrap();
            assert_eq!(contract::lay(&world, work.path()).unwrap().name, "welcome-bot");
        }
    }
}
