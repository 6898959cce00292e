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

/// What the examples are called.
const GREETER: &str = "greeter";

/// Headers of C's library, and the example's own.
const HEADERS: [&str; 30] = [
    "alloca",
    "assert",
    "complex",
    "ctype",
    "errno",
    "fcntl",
    "features",
    "fenv",
    "float",
    "inttypes",
    "iso646",
    "limits",
    "locale",
    "math",
    "settings",
    "setjmp",
    "signal",
    "stdalign",
    "stdarg",
    "stdatomic",
    "stdbool",
    "stddef",
    "stdint",
    "stdio",
    "stdlib",
    "strings",
    "threads",
    "time",
    "unistd",
    "wchar",
];

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
    fits(name, language)?;
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

/// The greeter's text with another name: in identifiers as C spells it. In one pass, since the name may have the greeter's in
/// it.
fn named(text: &str, name: &str) -> String {
    let snake = name.replace('-', "_");
    let mut parts = text.split(GREETER);
    let mut renamed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let in_c = part.starts_with('_') || part.starts_with(".h");
        renamed.push_str(if in_c { &snake } else { name });
        renamed.push_str(part);
    }
    renamed
}

/// Whether a project of this name would build. WIT has words of its own that name nothing else; its parser is asked, so that
/// no list of them can fall behind.
fn fits(name: &str, language: Language) -> anyhow::Result<()> {
    let dir = tempfile::tempdir().context("making a directory")?;
    fs::write(dir.path().join(contract::WORLD_FILE), named(WORLD, name)).context("writing plugin.wit")?;
    let laid = contract::lay(dir.path(), &dir.path().join("target"));
    ensure!(
        laid.is_ok_and(|world| world.name == name),
        "`{name}` is a word of WIT's own, and cannot name a plugin's world: take another, such as `my-{name}`"
    );
    // The world's header would stand before the one of that name.
    ensure!(
        language != Language::C || !HEADERS.contains(&name),
        "`{name}.h` is a header that the plugin includes: take another name, such as `my-{name}`"
    );
    Ok(())
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
    fn the_greeters_name_is_replaced_once_wherever_it_stands() {
        for (name, text, want) in [
            ("welcome-bot", "greeter: ./greeter.wasm", "welcome-bot: ./welcome-bot.wasm"),
            (
                "welcome-bot",
                "exports_greeter_handle(greeter_event_t)",
                "exports_welcome_bot_handle(welcome_bot_event_t)",
            ),
            ("my-greeter", "#include \"greeter.h\"", "#include \"my_greeter.h\""),
            ("my-greeter", "world greeter { greeter_string_t }", "world my-greeter { my_greeter_string_t }"),
            ("greeter-greeter", "a greeter", "a greeter-greeter"),
            ("greeter", "greeter, greeter_x, greeter.h", "greeter, greeter_x, greeter.h"),
        ] {
            assert_eq!(named(text, name), want, "{name}");
        }
    }

    /// WIT's, as its specification lists them; those that are names all the same have to make a project that is one.
    const KEYWORDS: &str = "use type func u8 u16 u32 u64 s8 s16 s32 s64 f32 f64 float32 float64 char bool string resource \
         record flags variant enum union list option result tuple future stream error-context map own borrow as from \
         static interface import export package world constructor include with async";

    #[test]
    fn what_is_written_is_a_world_of_that_name_or_nothing_is_written() {
        let mut refused = Vec::new();
        for name in KEYWORDS.split_whitespace().chain(["my-greeter", "my-list", "greeter", "greeters-greeter"]) {
            for language in LANGUAGES {
                let (dir, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
                let project = dir.path().join("project");
                if let Err(error) = write(&project, name, language) {
                    assert!(error.to_string().contains("take another, such as `my-"), "{name}: {error:#}");
                    assert!(!project.exists(), "{name}: something was written");
                    refused.push(name);
                    continue;
                }
                let world = if language == Language::Rust { project.join("wit") } else { project };
                assert_eq!(contract::lay(&world, work.path()).unwrap().name, name, "{language}");
            }
        }
        for name in ["use", "type", "func", "list", "world", "result", "string", "record", "error-context"] {
            assert_eq!(refused.iter().filter(|it| **it == name).count(), LANGUAGES.len(), "{name}");
        }
        assert!(!refused.iter().any(|name| name.contains("greeter") || *name == "my-list"), "{refused:?}");
    }

    #[test]
    fn a_plugin_in_c_is_not_called_as_a_header() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["settings", "stdlib"] {
            let error = write(&dir.path().join(name), name, Language::C).unwrap_err().to_string();
            assert!(error.contains(&format!("`{name}.h` is a header")), "{error}");
            write(&dir.path().join(name), name, Language::Go).unwrap();
        }
    }

    const LANGUAGES: [Language; 5] =
        [Language::Rust, Language::Go, Language::Python, Language::JavaScript, Language::C];

    #[test]
    fn nothing_is_left_of_the_greeters_name() {
        for language in LANGUAGES {
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
