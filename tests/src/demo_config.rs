//! The configuration that the demo runs: the examples at the repository's root, and a plugin of one's own beside them.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};

use crate::programs::Programs;
use crate::world::Options;

/// The greeter's component, beside plugins.yaml.
pub const GREETER: &str = "greeter.wasm";
/// What it says.
pub const GREETING: &str = "Hello! This is the first greeter speaking.";
/// What a newer one says.
pub const NEW_GREETING: &str = "Hello! This is the newer greeter at work..";

/// How an operator adds a plugin: a line where it is enabled, and an entry with its grants.
const MODULES: &str = "
modules:
  greeter:
    component: ./greeter.wasm
    grants: { issues: write, pull_requests: write }
";

/// The examples, with the greeter added.
///
/// # Errors
/// If an example is not there or not of the expected shape, or the greeter has not been built.
pub fn options(programs: &Programs) -> anyhow::Result<Options> {
    let greeter = programs.plugins.join("examples").join(GREETER);
    let component =
        fs::read(&greeter).with_context(|| format!("reading {} (`cargo xtask plugins`)", greeter.display()))?;
    let mut options = Options::new(example("config.yaml")?, with_greeter(&example("plugins.yaml")?)?);
    options.beside.push((GREETER.to_owned(), component));
    Ok(options)
}

/// A file at the repository's root.
///
/// # Errors
/// If it is not there.
pub fn example(name: &str) -> anyhow::Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name(name);
    fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
}

/// As text, so that the demo runs the example to the letter, comments and all.
fn with_greeter(plugins: &str) -> anyhow::Result<String> {
    ensure!(!plugins.contains("\nmodules:"), "plugins.yaml has `modules` of its own");
    let (before, after) = plugins.split_once("\nplugins:\n").context("plugins.yaml has no `plugins:`")?;
    ensure!(!after.contains("\n  my-org/hello:"), "plugins.yaml has an entry for my-org/hello alone");
    Ok(format!("{before}\nplugins:\n  my-org/hello:\n    plugins: [greeter]\n{after}{MODULES}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greeter_comes_beside_what_the_example_enables() {
        let got = with_greeter("# An example.\nplugins:\n  my-org:\n    plugins: [hold]\n").unwrap();
        let want = "# An example.\nplugins:\n  my-org/hello:\n    plugins: [greeter]\n  my-org:\n    plugins: [hold]\n";
        assert_eq!(got, format!("{want}{MODULES}"));
        assert!(with_greeter("plugin: {}\n").is_err());
    }

    #[test]
    fn the_two_greetings_can_be_told_apart_and_are_of_one_length() {
        assert_eq!(GREETING.len(), NEW_GREETING.len());
        assert_ne!(GREETING, NEW_GREETING);
    }
}
