//! Which language a plugin is written in, told by the files in its folder.

use std::fmt;
use std::path::Path;

use clap::ValueEnum;

/// A language that plugins can be built from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Rust, by cargo.
    Rust,
    /// Go, by the ordinary Go toolchain.
    Go,
    /// Python, by componentize-py.
    Python,
    /// JavaScript, by componentize-qjs.
    #[value(name = "js")]
    JavaScript,
    /// C, by clang with wasi-libc.
    C,
}

/// The file that tells each language; the first that is there counts, so that a crate with a script in it is a crate.
const SIGNS: [(&str, Language); 5] = [
    ("Cargo.toml", Language::Rust),
    ("go.mod", Language::Go),
    ("plugin.py", Language::Python),
    ("plugin.js", Language::JavaScript),
    ("plugin.c", Language::C),
];

impl Language {
    /// The language of the plugin in `dir`.
    ///
    /// # Errors
    /// If none of the files that tell it is there; the text names them.
    pub(crate) fn of(dir: &Path) -> anyhow::Result<Self> {
        let sign = SIGNS.iter().find(|(file, _)| dir.join(file).is_file());
        sign.map(|(_, language)| *language).ok_or_else(|| {
            let files = SIGNS.map(|(file, language)| format!("{file} ({language})")).join(", ");
            anyhow::anyhow!("{} holds no plugin: it has none of {files}", dir.display())
        })
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "Rust",
            Self::Go => "Go",
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::C => "C",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(files: &[&str], want: Result<Language, &str>) {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            std::fs::write(dir.path().join(file), "").unwrap();
        }
        match (Language::of(dir.path()).map_err(|error| error.to_string()), want) {
            (Ok(got), Ok(want)) => assert_eq!(got, want, "{files:?}"),
            (Err(error), Err(part)) => assert!(error.contains(part), "{files:?}: {error}"),
            (got, want) => panic!("{files:?}: got {got:?}, want {want:?}"),
        }
    }

    #[test]
    fn the_files_of_a_folder_tell_its_language() {
        check(&["Cargo.toml", "plugin.js"], Ok(Language::Rust));
        check(&["go.mod", "plugin.wit"], Ok(Language::Go));
        check(&["plugin.py"], Ok(Language::Python));
        check(&["package.json", "plugin.js"], Ok(Language::JavaScript));
        check(&["helper.c", "plugin.c"], Ok(Language::C));
        check(&["main.zig"], Err("Cargo.toml (Rust), go.mod (Go), plugin.py (Python)"));
    }
}
