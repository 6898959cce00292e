//! The contract that this program was built with, and the world that a plugin's own `plugin.wit` makes of it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use wit_parser::{Resolve, WorldId};

/// The file in a plugin's folder that says what it may call.
pub(crate) const WORLD_FILE: &str = "plugin.wit";

/// Every document of the contract.
const DOCUMENTS: [(&str, &str); 8] = [
    ("agent.wit", include_str!("../../../wit/agent.wit")),
    ("clusters.wit", include_str!("../../../wit/clusters.wit")),
    ("github.wit", include_str!("../../../wit/github.wit")),
    ("jobs.wit", include_str!("../../../wit/jobs.wit")),
    ("repository.wit", include_str!("../../../wit/repository.wit")),
    ("services.wit", include_str!("../../../wit/services.wit")),
    ("types.wit", include_str!("../../../wit/types.wit")),
    ("world.wit", include_str!("../../../wit/world.wit")),
];

/// A plugin's world with the contract beside it, as the tools of all languages take it.
pub(crate) struct World {
    /// The directory that holds both.
    pub(crate) dir: PathBuf,
    /// The world's name, for example `greeter`.
    pub(crate) name: String,
    /// Both, parsed.
    pub(crate) resolve: Resolve,
    /// The world in it.
    pub(crate) id: WorldId,
}

/// Writes the contract's documents into `dir`, which is made.
pub(crate) fn write(dir: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    for (name, text) in DOCUMENTS {
        fs::write(dir.join(name), text).with_context(|| format!("cannot write to {}", dir.display()))?;
    }
    Ok(())
}

/// Lays the `plugin.wit` of `project` and the contract out in `work`, and reads them.
///
/// # Errors
/// If there is no such file, it does not fit the contract, or it has no world, or several.
pub(crate) fn lay(project: &Path, work: &Path) -> anyhow::Result<World> {
    let own = project.join(WORLD_FILE);
    let text = fs::read_to_string(&own).with_context(|| {
        format!("cannot read {}, which says what the plugin may call (`bowsprit plugin build --help`)", own.display())
    })?;
    if let Some(other) = other_version(&text) {
        let own_version = version();
        bail!(
            "{} is written for version {other} of the contract, and this program builds for {own_version}: write \
             `bowsprit:plugin/…@{own_version}` in each line that names the contract",
            own.display()
        );
    }
    let dir = work.join("wit");
    write(&dir.join("deps/bowsprit"))?;
    fs::write(dir.join(WORLD_FILE), text).with_context(|| format!("cannot write to {}", dir.display()))?;
    let mut resolve = Resolve::default();
    let (package, _) =
        resolve.push_dir(&dir).with_context(|| format!("{} does not fit the contract", own.display()))?;
    let worlds = &resolve.packages[package].worlds;
    let mut found = worlds.iter().map(|(name, id)| (name.clone(), *id));
    match (found.next(), found.next()) {
        (Some((name, id)), None) => Ok(World { dir, name, resolve, id }),
        (None, _) => bail!("{} has no world", own.display()),
        (Some(_), Some(_)) => bail!("{} has several worlds; a plugin is built from one", own.display()),
    }
}

/// What the contract's package is called, with its version behind it.
const PACKAGE: &str = "package bowsprit:plugin@";

/// The version of the contract that this program has.
fn version() -> &'static str {
    let versions = DOCUMENTS.iter().find_map(|(_, text)| text.lines().find_map(|line| line.strip_prefix(PACKAGE)));
    versions.map(|rest| rest.trim_end_matches(';')).expect("a document of the contract names its package")
}

/// The version that a `plugin.wit` names, if it is another: WIT's parser would say that there is no such package.
fn other_version(text: &str) -> Option<&str> {
    let named = text.lines().filter_map(|line| {
        let code = line.split("//").next().unwrap_or_default();
        let (_, version) = code.split_once("bowsprit:plugin/")?.1.split_once('@')?;
        Some(version.split(|c: char| !(c.is_ascii_alphanumeric() || ".+-".contains(c))).next().unwrap_or_default())
    });
    named.map(|version| version.trim_end_matches('.')).find(|found| *found != version())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_of_the_contract_is_here() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("wit");
        let files = fs::read_dir(dir).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut files: Vec<_> = files.filter(|name| name.ends_with(".wit")).collect();
        files.sort_unstable();
        assert_eq!(files, DOCUMENTS.map(|(name, _)| name));
    }

    #[track_caller]
    fn check(text: Option<&str>, want: Result<&str, &str>) {
        let (project, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        if let Some(text) = text {
            fs::write(project.path().join(WORLD_FILE), text).unwrap();
        }
        match (lay(project.path(), work.path()), want) {
            (Ok(world), Ok(name)) => assert_eq!(world.name, name),
            (Err(error), Err(part)) => {
                let error = format!("{error:#}");
                assert!(error.contains(part), "{part:?} is not in {error}");
            }
            (got, want) => panic!("got {:?}, want {want:?}", got.map(|world| world.name)),
        }
    }

    #[test]
    fn a_plugins_world_is_read_with_the_contract() {
        let plain = "package a:b;\nworld hello { include bowsprit:plugin/plugin@0.2.0; }";
        check(Some(plain), Ok("hello"));
        check(
            Some(&plain.replace("0.2.0", "0.1.0")),
            Err("for version 0.1.0 of the contract, and this program builds"),
        );
        check(Some(&plain.replace("0.2.0", "0.1.0")), Err("write `bowsprit:plugin/…@0.2.0`"));
        let mixed = "package a:b;\nworld hello {\n  include bowsprit:plugin/plugin@0.2.0;\n  \
                     use bowsprit:plugin/types@0.3.0.{actor};\n}";
        check(Some(mixed), Err("version 0.3.0"));
        check(Some(&mixed.replace("0.3", "0.2")), Ok("hello"));
        check(Some(&format!("// not bowsprit:plugin/plugin@0.1.0\n{plain}")), Ok("hello"));
        check(None, Err("says what the plugin may call"));
        check(Some("package a:b;"), Err("no world"));
        check(Some("package a:b;\nworld one {}\nworld two {}"), Err("several worlds"));
        check(Some("package a:b;\nworld hello { import bowsprit:plugin/root-shell@0.2.0; }"), Err("root-shell"));
    }
}
