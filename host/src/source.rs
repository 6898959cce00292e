//! Where each plugin's component is and on what terms it runs: its `modules` entry, else the catalogue of bundled plugins.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use config::Loaded;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use prow::component::ComponentRef;
use prow::limits::RawLimits;
use prow::module::{Module, Secret};
use prow::problem::KeyPath;
use secrets::SecretFile;

use crate::agent::Grants;
use crate::catalogue::{self, Catalogue, CatalogueEntry};
use crate::http::{Granted, Injected, Reach};
use crate::limits::{Limits, TooMuch};
use crate::origins::Fetches;

/// One plugin's component file and terms.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The component.
    pub path: PathBuf,
    /// The SHA-256 that a bundled component must have, since the catalogue's terms are for that one alone, and one from a
    /// registry. None for a file that the operator named.
    pub digest: Option<String>,
    /// Whether it was fetched from a registry, so that its file is in the cache and can be fetched again.
    pub fetched: bool,
    /// What it may do and use.
    pub terms: Terms,
    /// Where its terms stand, for messages: `plugins.yaml:12`, or the catalogue.
    pub place: String,
}

/// A file is not the component that it has to be.
#[derive(Debug, thiserror::Error)]
pub enum OtherComponent {
    /// A bundled plugin's terms were written for another.
    #[error(
        "{path} is not the component that the catalogue beside it has for `{plugin}`: build the plugins again (`cargo xtask plugins`)"
    )]
    Bundled {
        /// Its name.
        plugin: String,
        /// Its file.
        path: PathBuf,
    },
    /// Someone changed the cache.
    #[error("{path} is not the component that was fetched for `{plugin}`: delete it, and it is fetched again")]
    Fetched {
        /// Its name.
        plugin: String,
        /// Its file.
        path: PathBuf,
    },
}

impl Source {
    /// Whether a component of this digest may have these terms.
    ///
    /// # Errors
    /// If they are another's.
    pub fn check(&self, plugin: &str, digest: &str) -> Result<(), OtherComponent> {
        match &self.digest {
            Some(own) if own != digest => {
                let (plugin, path) = (plugin.to_owned(), self.path.clone());
                Err(match self.fetched {
                    true => OtherComponent::Fetched { plugin, path },
                    false => OtherComponent::Bundled { plugin, path },
                })
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// On what terms a plugin runs. Kept with the component, for tasks that outlive the files.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Terms {
    granted: prow::grants::Grants,
    /// What the host puts into the plugin's own requests.
    #[serde(default)]
    secrets: Vec<Secret>,
    /// What one call may use.
    pub limits: Limits,
}

impl Terms {
    /// The catalogue's terms.
    fn bundled(entry: &CatalogueEntry) -> anyhow::Result<Self> {
        let damaged = || format!("the catalogue's terms of `{}` cannot be read: build the plugins again", entry.name);
        let granted = serde_json::from_value(entry.grants.clone()).with_context(damaged)?;
        let limits: RawLimits = serde_json::from_value(entry.limits.clone()).with_context(damaged)?;
        Ok(Terms { granted, secrets: Vec::new(), limits: Limits::default().with(&(&limits).into()) })
    }

    /// What a `modules` entry says, over what stood before.
    fn with(self, module: &Module, folder: &Path) -> Self {
        let granted = module.grants.clone().unwrap_or(self.granted);
        let beside =
            |secret: &Secret| Secret { file: folder.join(&secret.file).display().to_string(), ..secret.clone() };
        let secrets = module.secrets.values().map(beside).collect();
        Terms { granted, secrets, limits: self.limits.with(&module.limits) }
    }

    /// The grants, ready to be asked.
    ///
    /// # Errors
    /// If one of `repos` or `namespaces` is no glob, one of `http` no host, or a secret cannot be read.
    pub fn grants(&self) -> anyhow::Result<Grants> {
        let granted = self.granted.clone();
        let repos = globs(&granted.repos, "grants.repos")?;
        let namespaces = match &*granted.namespaces {
            [] => None,
            listed => Some(globs(listed, "grants.namespaces")?),
        };
        let reach = Arc::new(self.reach()?);
        Ok(Grants { granted, reach, repos, namespaces })
    }

    fn reach(&self) -> anyhow::Result<Reach> {
        let granted = self.granted.http.iter().map(|host| host.parse()).collect::<Result<Vec<Granted>, _>>()?;
        let injected = |secret: &Secret| {
            let header = secret.header.parse();
            let header = header.with_context(|| format!("`{}` under `secrets` is no header", secret.header))?;
            let file = SecretFile::open(Path::new(&secret.file), Ok)?;
            let host: Granted = secret.host.parse().context("`host` under `secrets`")?;
            if !granted.contains(&host) {
                bail!("a secret is for `{host}`, which is not among `grants.http`: add it there, or mend `host`");
            }
            anyhow::Ok(Injected { host, header, file })
        };
        let secrets = self.secrets.iter().map(injected).collect::<anyhow::Result<_>>()?;
        Ok(Reach { granted, secrets })
    }
}

/// A plugin's settings for a repository as JSON; `{}` where it has none.
pub fn settings(loaded: &Loaded, plugin: &str, org: &str, repo: &str) -> String {
    match loaded.plugins.settings(plugin, org, repo) {
        serde_json::Value::Null => "{}".to_owned(),
        settings => settings.to_string(),
    }
}

/// Globs over `org/name` or over names, as the grant `key` lists them: `my-org/*` is the repositories of my-org and nothing
/// deeper.
fn globs(listed: &[String], key: &str) -> anyhow::Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for glob in listed {
        let compiled = GlobBuilder::new(glob).literal_separator(true).build();
        set.add(compiled.with_context(|| format!("`{glob}` under `{key}` is no glob"))?);
    }
    set.build().with_context(|| format!("`{key}`"))
}

/// Where this key of a module's entry stands, as `file:line`; the entry itself for no key.
pub(crate) fn place_of_module(loaded: &Loaded, name: &str, keys: &[&str]) -> String {
    place_of(loaded, &keys.iter().fold(KeyPath::root().key("modules").key(name), |path, key| path.key(*key)))
}

/// Where this stands in plugins.yaml, as `file:line`.
pub(crate) fn place_of(loaded: &Loaded, path: &KeyPath) -> String {
    let file = loaded.files.iter().find(|file| file.role == config::Role::Plugins);
    let line = file.and_then(|file| {
        let text = String::from_utf8_lossy(&file.bytes);
        let document = config::yaml::parse(&file.name(), &text).ok()?;
        Some(document.position_of(path).line)
    });
    match (file, line) {
        (Some(file), Some(line)) => format!("{}:{line}", file.name()),
        (Some(file), None) => file.name(),
        (None, _) => "plugins.yaml".to_owned(),
    }
}

/// Every plugin that is enabled somewhere or is a module.
#[derive(Debug, Default)]
pub struct Sources {
    /// Where each is.
    pub found: BTreeMap<String, Source>,
    /// Those that are not to be had on these terms, and why not.
    pub refused: BTreeMap<String, anyhow::Error>,
    /// Those that nobody has a component of.
    pub unknown: BTreeSet<String>,
}

/// The sources of a configuration's plugins. One whose component is in a registry, and not in `fetches`, is left out.
///
/// # Errors
/// If the catalogue's terms cannot be read.
pub fn sources(
    loaded: &Loaded,
    catalogue: &Catalogue,
    catalogue_dir: Option<&Path>,
    fetches: &Fetches,
) -> anyhow::Result<Sources> {
    let names: BTreeSet<&str> =
        loaded.plugins.names().into_iter().chain(loaded.plugins.modules().keys().map(String::as_str)).collect();
    let mut sources = Sources::default();
    for name in names {
        let bundled = catalogue.plugins.iter().find(|entry| entry.name == name).zip(catalogue_dir);
        let module = loaded.plugins.module(name);
        let base = match bundled {
            Some((entry, _)) => Terms::bundled(entry)?,
            None => Terms::default(),
        };
        let own = module.and_then(|module| module.component.as_ref());
        let (path, digest, fetched) = match (own, bundled) {
            (Some(ComponentRef::File(file)), _) => (loaded.plugins_dir().unwrap_or_default().join(file), None, false),
            (Some(ComponentRef::Registry(reference)), _) => {
                let Some(fetched) = fetches.get(reference) else { continue };
                (fetched.path.clone(), Some(fetched.component.hex().to_owned()), true)
            }
            (None, Some((entry, dir))) => (dir.join(&entry.file), Some(entry.digest.clone()), false),
            (None, None) => {
                sources.unknown.insert(name.to_owned());
                continue;
            }
        };
        let place = match (module, bundled) {
            (Some(_), _) => place_of_module(loaded, name, &[]),
            (None, Some((_, dir))) => dir.join(catalogue::FILE).display().to_string(),
            (None, None) => unreachable!("without either there is no path"),
        };
        let terms = module.map_or(base.clone(), |module| base.with(module, &loaded.plugins_dir().unwrap_or_default()));
        if let Err(TooMuch { key, most }) = terms.limits.check() {
            let place = place_of_module(loaded, name, &["limits", key]);
            let why =
                format!("{place}: `limits.{key}` of plugin `{name}` is more than there is for one: {most} at most");
            sources.refused.insert(name.to_owned(), anyhow::Error::msg(why));
            continue;
        }
        sources.found.insert(name.to_owned(), Source { path, digest, fetched, terms, place });
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use config::{Role, SourceFile};
    use serde_json::json;

    use super::*;

    /// The sources under this plugins.yaml, with `trigger` and `hold` bundled.
    fn of(plugins: &str) -> Sources {
        let file = |role, path: &str, text: &str| SourceFile { role, path: path.into(), bytes: text.into() };
        let files = vec![file(Role::Core, "/etc/config.yaml", "{}"), file(Role::Plugins, "/etc/plugins.yaml", plugins)];
        let catalogue = json!({ "version": 1, "plugins": [
            { "name": "trigger", "file": "trigger.wasm", "digest": "t1", "grants": { "statuses": "read" } },
            { "name": "hold", "file": "hold.wasm", "digest": "h1", "grants": { "issues": "write" }, "limits": { "memory": "8Mi", "deadline": "2s" } },
        ] });
        let catalogue: Catalogue = serde_json::from_value(catalogue).unwrap();
        let fetched = oci::Fetched {
            manifest: oci::digest_of(b"manifest"),
            component: oci::digest_of(b"component"),
            path: "/state/oci/component.wasm".into(),
            from: oci::From::Cache,
            signed_for: None,
        };
        let fetches = Fetches::from([("oci://h/greeter:1".parse().unwrap(), fetched)]);
        sources(&Loaded::from_files(files).unwrap(), &catalogue, Some(Path::new("/dist")), &fetches).unwrap()
    }

    #[track_caller]
    fn refused(plugins: &str, parts: &[&str]) {
        let Sources { found, refused, .. } = of(plugins);
        assert!(found.is_empty(), "{found:?}");
        let error = format!("{:#}", refused["hold"]);
        for part in parts {
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    #[test]
    fn a_bundled_plugin_has_the_catalogues_file_and_terms() {
        let Sources { found, unknown, .. } = of("plugins:\n  o:\n    plugins: [hold, nope]\n");
        assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), ["hold"]);
        assert_eq!(unknown.iter().map(String::as_str).collect::<Vec<_>>(), ["nope"]);
        let hold = &found["hold"];
        assert_eq!((hold.path.as_path(), hold.place.as_str()), (Path::new("/dist/hold.wasm"), "/dist/catalogue.json"));
        hold.check("hold", "h1").unwrap();
        let other = hold.check("hold", "h2").unwrap_err().to_string();
        assert!(other.contains("/dist/hold.wasm") && other.contains("build the plugins again"), "{other}");
        let limits = hold.terms.limits;
        assert_eq!((limits.memory, limits.deadline.as_secs(), limits.effects), (8 << 20, 2, Limits::default().effects));
        assert_eq!(hold.terms.grants().unwrap().granted, serde_json::from_value(json!({ "issues": "write" })).unwrap());
    }

    #[test]
    fn a_module_overrides_what_it_names_and_nothing_else() {
        let Sources { found, .. } = of("modules:\n  hold:\n    limits: { memory: 16Mi }\n");
        let hold = &found["hold"];
        assert_eq!((hold.path.as_path(), hold.place.as_str()), (Path::new("/dist/hold.wasm"), "/etc/plugins.yaml:2"));
        assert_eq!((hold.terms.limits.memory, hold.terms.limits.deadline.as_secs()), (16 << 20, 2));
        assert!(!hold.terms.granted.access.is_empty());
        let Sources { found, .. } = of("modules:\n  hold:\n    component: ./own.wasm\n    grants: {}\n");
        assert_eq!(found["hold"].path, Path::new("/etc/./own.wasm"));
        found["hold"].check("hold", "any").unwrap();
        assert!(found["hold"].terms.granted.access.is_empty());
    }

    #[test]
    fn a_component_from_a_registry_is_in_the_cache_with_its_digest() {
        let Sources { found, .. } = of("modules:\n  greeter:\n    component: oci://h/greeter:1\n");
        let greeter = &found["greeter"];
        assert_eq!(greeter.path, Path::new("/state/oci/component.wasm"));
        greeter.check("greeter", oci::digest_of(b"component").hex()).unwrap();
        let changed = greeter.check("greeter", oci::digest_of(b"changed").hex()).unwrap_err().to_string();
        assert!(changed.contains("delete it, and it is fetched again"), "{changed}");
        // One of another name or tag was never fetched.
        let Sources { found, unknown, .. } = of("modules:\n  greeter:\n    component: oci://h/greeter:2\n");
        assert!(found.is_empty() && unknown.is_empty());
    }

    #[test]
    fn more_memory_than_there_is_is_refused_with_its_place() {
        refused(
            "modules:\n  hold:\n    limits:\n      deadline: 1s\n      memory: 129Mi\n",
            &["/etc/plugins.yaml:5", "`hold`", "128Mi"],
        );
        assert!(of("modules:\n  hold:\n    limits: { memory: 128Mi }\n").refused.is_empty());
    }
}
