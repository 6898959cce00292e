//! `bowsprit plugin pins`: what the tags in plugins.yaml stand for here.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use config::{Loaded, Role, SourceFile};
use jiff::Timestamp;
use oci::{ComponentRef, Credentials, Digest, Lock, Reference, Registries, Version};
use serde_json::{Value, json};

use crate::output::{self, ListOutput};
use crate::table::Table;

/// Show what components come from registries and what their tags are pinned to, or pin them anew.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit plugin pins
  bowsprit plugin pins --plugin-config /etc/plugins/plugins.yaml
  bowsprit plugin pins --update
  bowsprit plugin pins --update greeter
  bowsprit plugin pins --plugin-config /etc/plugins/plugins.yaml \\
    --state-dir /var/lib/bowsprit

A tag is pinned when it is first used, in plugins.lock beside plugins.yaml; it
may move in its registry, and nothing changes here. A host that runs follows
the lock file as it follows plugins.yaml. Where plugins.yaml lies on something
that the host cannot write (a ConfigMap), its pins are in its state directory.")]
pub(super) struct PinsArgs {
    /// plugins.yaml; its lock file is beside it.
    #[arg(long, default_value = "plugins.yaml", value_name = "FILE")]
    plugin_config: PathBuf,
    /// The host's state directory: for pins that cannot stand beside plugins.yaml.
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Ask the registries what the tags stand for now, and pin that.
    #[arg(long)]
    update: bool,
    /// Only these plugins.
    #[arg(value_name = "PLUGIN")]
    plugins: Vec<String>,
    /// What to print: a table, or JSON.
    #[arg(long, short, value_enum, default_value_t = ListOutput::Table)]
    output: ListOutput,
}

/// One line of what is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    plugin: String,
    reference: Reference,
    digest: Option<String>,
    note: String,
}

pub(super) async fn run(args: PinsArgs) -> anyhow::Result<()> {
    let wanted = wanted(&args.plugin_config, &args.plugins)?;
    let file = Lock::beside(&args.plugin_config);
    let own = args.state_dir.as_deref().map(Lock::in_state);
    let lock = read(&file, own.as_deref())?;
    let rows = match args.update {
        false => shown(&wanted, &lock),
        true => {
            let (rows, pins) = updated(&wanted, &lock).await?;
            // As it is by now: a host that runs may have pinned others while the registries were asked.
            let mut lock = read(&file, own.as_deref())?;
            for (reference, digest) in pins {
                lock.set(&reference, digest, Timestamp::now());
            }
            write(&lock, &file, own.as_deref())?;
            rows
        }
    };
    match args.output {
        ListOutput::Table => output::print(&render(&rows)),
        ListOutput::Json => output::print_json(&rows.iter().map(as_json).collect::<Vec<_>>()),
    }
}

/// What is pinned beside plugins.yaml, and what else is pinned in the state directory.
fn read(file: &Path, own: Option<&Path>) -> anyhow::Result<Lock> {
    let mut lock = Lock::read(file)?;
    if let Some(own) = own {
        lock.fill(&Lock::read(own)?);
    }
    Ok(lock)
}

/// Beside plugins.yaml; in the state directory where that cannot be. A file that is there counts before that one.
fn write(lock: &Lock, file: &Path, own: Option<&Path>) -> anyhow::Result<()> {
    match (lock.write(file), own) {
        (Err(_), Some(own)) if !file.exists() => Ok(lock.write(own)?),
        (Err(error), None) if !file.exists() => {
            Err(error).context("give the host's --state-dir, if that is where its pins are")
        }
        (written, _) => Ok(written?),
    }
}

/// The plugins whose components are in registries.
fn wanted(plugins_yaml: &Path, only: &[String]) -> anyhow::Result<Vec<(String, Reference)>> {
    let bytes = std::fs::read(plugins_yaml)
        .with_context(|| format!("cannot read {} (give another by --plugin-config)", plugins_yaml.display()))?;
    // Pins are a matter of plugins.yaml alone; the empty file is what a configuration cannot be without.
    let files = vec![
        SourceFile { role: Role::Core, path: "config.yaml".into(), bytes: b"{}".to_vec() },
        SourceFile { role: Role::Plugins, path: plugins_yaml.to_owned(), bytes },
    ];
    let loaded = Loaded::from_files(files)?;
    let found = loaded.plugins.modules().iter().filter_map(|(name, module)| match &module.component {
        Some(ComponentRef::Registry(reference)) => Some((name.clone(), reference.clone())),
        Some(ComponentRef::File(_)) | None => None,
    });
    let found: Vec<_> = found.filter(|(name, _)| only.is_empty() || only.contains(name)).collect();
    if let Some(name) = only.iter().find(|name| !found.iter().any(|(found, _)| found == *name)) {
        bail!("{} has no component from a registry for `{name}`", plugins_yaml.display());
    }
    Ok(found)
}

fn shown(wanted: &[(String, Reference)], lock: &Lock) -> Vec<Row> {
    let row = |(plugin, reference): &(String, Reference)| {
        let (digest, note) = match (&reference.version, lock.pin(reference)) {
            (Version::Digest(digest), _) => (Some(digest.to_string()), "by its digest".to_owned()),
            (Version::Tag(_), Some(pin)) => (Some(pin.digest.to_string()), format!("pinned {}", pin.since)),
            (Version::Tag(_), None) => (None, "not pinned yet: at its first use, or by --update".to_owned()),
        };
        Row { plugin: plugin.clone(), reference: reference.clone(), digest, note }
    };
    wanted.iter().map(row).collect()
}

/// The rows, and what to pin.
async fn updated(wanted: &[(String, Reference)], lock: &Lock) -> anyhow::Result<(Vec<Row>, Vec<(Reference, Digest)>)> {
    let registries = Registries::new(Credentials::of_docker());
    let (mut rows, mut pins) = (Vec::new(), Vec::new());
    for (plugin, reference) in wanted {
        let (digest, note) = match &reference.version {
            Version::Digest(digest) => (digest.clone(), "by its digest".to_owned()),
            Version::Tag(_) => {
                let digest = registries.manifest(reference).await.with_context(|| format!("plugin `{plugin}`"))?.digest;
                let before = lock.pin(reference).map(|pin| pin.digest.clone());
                let note = match before {
                    None => "pinned".to_owned(),
                    Some(before) if before == digest => "as before".to_owned(),
                    Some(before) => format!("was {before}"),
                };
                pins.push((reference.clone(), digest.clone()));
                (digest, note)
            }
        };
        rows.push(Row { plugin: plugin.clone(), reference: reference.clone(), digest: Some(digest.to_string()), note });
    }
    Ok((rows, pins))
}

fn render(rows: &[Row]) -> String {
    let mut table = Table::new(&["PLUGIN", "COMPONENT", "MANIFEST", "NOTE"]);
    for row in rows {
        let reference = match &row.reference.version {
            // Its digest has a column of its own.
            Version::Digest(_) => format!("oci://{}", row.reference.repository()),
            Version::Tag(_) => row.reference.to_string(),
        };
        table.row([row.plugin.clone(), reference, row.digest.clone().unwrap_or_default(), row.note.clone()]);
    }
    table.render(0)
}

fn as_json(row: &Row) -> Value {
    json!({ "plugin": row.plugin, "component": row.reference.to_string(), "manifest": row.digest, "note": row.note })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZEROES: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

    fn plugins_yaml() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("plugins.yaml");
        let text = format!(
            "modules:\n  a: {{ component: 'oci://h/a:1' }}\n  b: {{ component: 'oci://h/b@{ZEROES}' }}\n  c: {{ component: ./c.wasm }}\n  d: {{ component: 'oci://h/d:x' }}\n"
        );
        std::fs::write(&file, text).unwrap();
        (dir, file)
    }

    #[test]
    fn a_table_of_what_tags_stand_for() {
        let (_dir, file) = plugins_yaml();
        let wanted = wanted(&file, &[]).unwrap();
        let mut lock = Lock::default();
        lock.set(&wanted[0].1, ZEROES.parse().unwrap(), Timestamp::UNIX_EPOCH);
        insta::assert_snapshot!(render(&shown(&wanted, &lock)), @r"
        PLUGIN  COMPONENT    MANIFEST                                                                 NOTE
        a       oci://h/a:1  sha256:0000000000000000000000000000000000000000000000000000000000000000  pinned 1970-01-01T00:00:00Z
        b       oci://h/b    sha256:0000000000000000000000000000000000000000000000000000000000000000  by its digest
        d       oci://h/d:x  -                                                                        not pinned yet: at its first use, or by --update
        ");
    }

    #[test]
    fn a_plugin_that_is_no_ones_is_named() {
        let (_dir, file) = plugins_yaml();
        assert_eq!(wanted(&file, &["d".to_owned()]).unwrap().len(), 1);
        for name in ["c", "nobody"] {
            let error = wanted(&file, &[name.to_owned()]).unwrap_err().to_string();
            assert!(error.contains(&format!("`{name}`")), "{error}");
        }
    }

    #[test]
    fn pins_are_written_where_they_can_be() {
        let (dir, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut lock = Lock::default();
        lock.set(&"oci://h/a:1".parse().unwrap(), ZEROES.parse().unwrap(), Timestamp::UNIX_EPOCH);
        let (beside, own) = (dir.path().join("plugins.lock"), Lock::in_state(state.path()));
        write(&lock, &beside, Some(&own)).unwrap();
        assert!(Lock::read(&beside).unwrap() == lock && !own.exists());
        // There is no such directory, which stops root as well.
        let nowhere = dir.path().join("config/plugins.lock");
        let said = format!("{:#}", write(&lock, &nowhere, None).unwrap_err());
        assert!(said.contains("--state-dir"), "{said}");
        write(&lock, &nowhere, Some(&own)).unwrap();
        assert_eq!(Lock::read(&own).unwrap(), lock);
    }
}
