//! Where each plugin's component is and on what terms it runs: its `modules` entry, else the catalogue of bundled plugins.

mod left;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use config::Loaded;
use config::node::Node;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use oci::Fetched;
use prow::component::{ComponentRef, Reference};
use prow::limits::RawLimits;
use prow::module::{Module, Secret};
use prow::problem::KeyPath;
use prow::signatures::Key;
use secrets::SecretFile;

use crate::agent::Grants;
use crate::catalogue::{self, Catalogue, CatalogueEntry};
use crate::http::{Granted, Injected, Reach};
use crate::limits::{Limits, TooMuch};

/// What the configuration says of one plugin.
#[derive(Clone, Debug)]
pub struct Want {
    /// Where its component is.
    pub component: Component,
    /// What it may do and use.
    pub terms: Terms,
    /// Where its terms stand, for messages: `plugins.yaml:12:3`, or the catalogue.
    pub place: String,
}

/// Where a component is.
#[derive(Clone, Debug, PartialEq)]
pub enum Component {
    /// In a file that the operator named.
    File(PathBuf),
    /// Beside the catalogue, whose terms are for this SHA-256 alone.
    Bundled(PathBuf, String),
    /// In a registry, signed as plugins.yaml demands: by one of these keys of a prefix.
    Registry(Reference, Option<(String, Vec<Key>)>),
}

impl Want {
    /// Whether another configuration says the same, be it elsewhere in its file.
    pub fn is_same(&self, other: &Want) -> bool {
        self.component == other.component && self.terms == other.terms
    }

    /// The same as a file; none while one from a registry was not fetched.
    pub fn source(&self, fetched: Option<&Fetched>) -> Option<Source> {
        let (path, digest, fetched) = match &self.component {
            Component::File(path) => (path.clone(), None, false),
            Component::Bundled(path, digest) => (path.clone(), Some(digest.clone()), false),
            Component::Registry(..) => {
                let fetched = fetched?;
                (fetched.path.clone(), Some(fetched.component.hex().to_owned()), true)
            }
        };
        Some(Source { path, digest, fetched, terms: self.terms.clone() })
    }
}

impl fmt::Display for Component {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Component::File(path) | Component::Bundled(path, _) => write!(out, "{}", path.display()),
            Component::Registry(reference, _) => write!(out, "{reference}"),
        }
    }
}

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
    /// What the bundled component can do without.
    #[serde(default)]
    optional: prow::grants::Grants,
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
        let optional = serde_json::from_value(entry.optional.clone()).with_context(damaged)?;
        let limits: RawLimits = serde_json::from_value(entry.limits.clone()).with_context(damaged)?;
        Ok(Terms { granted, optional, secrets: Vec::new(), limits: Limits::default().with(&(&limits).into()) })
    }

    /// What a `modules` entry says, over what stood before.
    fn with(self, module: &Module, folder: &Path) -> Self {
        let granted = module.grants.clone().unwrap_or(self.granted);
        let beside =
            |secret: &Secret| Secret { file: folder.join(&secret.file).display().to_string(), ..secret.clone() };
        let secrets = module.secrets.values().map(beside).collect();
        // What the bundled component can do without, another may rely on.
        let optional = if module.component.is_none() { self.optional } else { prow::grants::Grants::default() };
        Terms { granted, optional, secrets, limits: self.limits.with(&module.limits) }
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
        Ok(Grants { granted, optional: self.optional.clone(), reach, repos, namespaces })
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

/// Whether these can be granted at all.
///
/// # Errors
/// As [`Terms::grants`].
pub fn check_grants(granted: &prow::grants::Grants) -> anyhow::Result<()> {
    Terms { granted: granted.clone(), ..Terms::default() }.grants().map(drop)
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

/// Where things stand in a plugins.yaml.
pub(crate) struct Places {
    file: String,
    document: Option<Node>,
}

impl Places {
    /// Reads it once more, for its places.
    pub(crate) fn of(loaded: &Loaded) -> Self {
        match loaded.files.iter().find(|file| file.role == config::Role::Plugins) {
            Some(file) => {
                let document = config::yaml::parse(&file.name(), &String::from_utf8_lossy(&file.bytes)).ok();
                Places { file: file.name(), document }
            }
            None => Places { file: "plugins.yaml".to_owned(), document: None },
        }
    }

    /// Where this stands, as `file:line:column`.
    pub(crate) fn at(&self, path: &KeyPath) -> String {
        match self.document.as_ref().map(|document| document.position_of(path)) {
            Some(at) => format!("{}:{}:{}", self.file, at.line, at.column),
            None => self.file.clone(),
        }
    }

    /// Where this key of a module's entry stands; the entry itself for no key.
    pub(crate) fn of_module(&self, name: &str, keys: &[&str]) -> String {
        self.at(&keys.iter().fold(KeyPath::root().key("modules").key(name), |path, key| path.key(*key)))
    }
}

/// Every plugin that is enabled somewhere or is a module.
#[derive(Debug, Default)]
pub struct Sources {
    /// What is wanted of each.
    pub found: BTreeMap<String, Want>,
    /// Those that are not to be had on these terms, and why not.
    pub refused: BTreeMap<String, (Terms, anyhow::Error)>,
    /// Those that nobody has a component of.
    pub unknown: BTreeSet<String>,
}

/// The sources of a configuration's plugins.
///
/// # Errors
/// If the catalogue's terms cannot be read.
pub fn sources(loaded: &Loaded, catalogue: &Catalogue, catalogue_dir: Option<&Path>) -> anyhow::Result<Sources> {
    let names: BTreeSet<&str> =
        loaded.plugins.names().into_iter().chain(loaded.plugins.modules().keys().map(String::as_str)).collect();
    let mut sources = Sources::default();
    let places = Places::of(loaded);
    for name in names {
        let bundled = catalogue.plugins.iter().find(|entry| entry.name == name).zip(catalogue_dir);
        let module = loaded.plugins.module(name);
        let base = match bundled {
            Some((entry, _)) => Terms::bundled(entry)?,
            None => Terms::default(),
        };
        let own = module.and_then(|module| module.component.as_ref());
        let component = match (own, bundled) {
            (Some(ComponentRef::File(file)), _) => Component::File(loaded.plugins_dir().unwrap_or_default().join(file)),
            (Some(ComponentRef::Registry(reference)), _) => {
                let demand = loaded.plugins.signatures().demand(reference);
                let demand = demand.map(|demand| (demand.prefix.to_owned(), demand.keys.to_vec()));
                Component::Registry(reference.clone(), demand)
            }
            (None, Some((entry, dir))) => Component::Bundled(dir.join(&entry.file), entry.digest.clone()),
            (None, None) => {
                sources.unknown.insert(name.to_owned());
                continue;
            }
        };
        let place = match (module, bundled) {
            (Some(_), _) => places.of_module(name, &[]),
            (None, Some((_, dir))) => dir.join(catalogue::FILE).display().to_string(),
            (None, None) => unreachable!("without either there is no path"),
        };
        let terms = module.map_or(base.clone(), |module| base.with(module, &loaded.plugins_dir().unwrap_or_default()));
        if let Err(TooMuch { key, most }) = terms.limits.check() {
            let place = places.of_module(name, &["limits", key]);
            let why =
                format!("{place}: `limits.{key}` of plugin `{name}` is more than there is for one: {most} at most");
            sources.refused.insert(name.to_owned(), (terms, anyhow::Error::msg(why)));
            continue;
        }
        sources.found.insert(name.to_owned(), Want { component, terms, place });
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use config::{Role, SourceFile};
    use prow::grants::{Access, Permission};
    use serde_json::json;

    use super::*;

    /// The sources under this plugins.yaml, with `trigger` and `hold` bundled.
    fn of(plugins: &str) -> Sources {
        let file = |role, path: &str, text: &str| SourceFile { role, path: path.into(), bytes: text.into() };
        let files = vec![file(Role::Core, "/etc/config.yaml", "{}"), file(Role::Plugins, "/etc/plugins.yaml", plugins)];
        let catalogue = json!({ "version": 1, "plugins": [
            { "name": "trigger", "file": "trigger.wasm", "digest": "t1", "grants": { "statuses": "read" } },
            { "name": "hold", "file": "hold.wasm", "digest": "h1", "grants": { "issues": "write" }, "optional": { "actions": "write" }, "limits": { "memory": "8Mi", "deadline": "2s" } },
        ] });
        let catalogue: Catalogue = serde_json::from_value(catalogue).unwrap();
        sources(&Loaded::from_files(files).unwrap(), &catalogue, Some(Path::new("/dist"))).unwrap()
    }

    #[track_caller]
    fn refused(plugins: &str, parts: &[&str]) {
        let Sources { found, refused, .. } = of(plugins);
        assert!(found.is_empty(), "{found:?}");
        let error = format!("{:#}", refused["hold"].1);
        for part in parts {
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    #[test]
    fn a_bundled_plugin_has_the_catalogues_file_and_terms() {
        let Sources { found, unknown, .. } = of("plugins:\n  o:\n    plugins: [hold, nope]\n");
        assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), ["hold"]);
        assert_eq!(unknown.iter().map(String::as_str).collect::<Vec<_>>(), ["nope"]);
        assert_eq!(found["hold"].place, "/dist/catalogue.json");
        let hold = found["hold"].source(None).unwrap();
        assert_eq!(hold.path, Path::new("/dist/hold.wasm"));
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
        assert_eq!(found["hold"].place, "/etc/plugins.yaml:2:3");
        let hold = found["hold"].source(None).unwrap();
        assert_eq!(hold.path, Path::new("/dist/hold.wasm"));
        assert_eq!((hold.terms.limits.memory, hold.terms.limits.deadline.as_secs()), (16 << 20, 2));
        assert!(!hold.terms.granted.access.is_empty());
        let may_lack =
            |source: &Source| source.terms.grants().unwrap().optional.allow(Permission::Actions, Access::Write);
        assert!(may_lack(&hold));
        let Sources { found, .. } = of("modules:\n  hold:\n    grants: { issues: read }\n");
        assert!(may_lack(&found["hold"].source(None).unwrap()));
        let Sources { found, .. } = of("modules:\n  hold:\n    component: ./own.wasm\n    grants: {}\n");
        let own = found["hold"].source(None).unwrap();
        assert_eq!(own.path, Path::new("/etc/./own.wasm"));
        assert!(!may_lack(&own), "that is the bundled component's");
        own.check("hold", "any").unwrap();
        assert!(found["hold"].terms.granted.access.is_empty());
    }

    #[test]
    fn a_component_from_a_registry_is_in_the_cache_with_its_digest() {
        let Sources { found, .. } = of("modules:\n  greeter:\n    component: oci://h/greeter:1\n");
        let fetched = oci::Fetched {
            manifest: oci::digest_of(b"manifest"),
            component: oci::digest_of(b"component"),
            path: "/state/oci/component.wasm".into(),
            from: oci::From::Cache,
            signed_for: None,
        };
        assert_eq!(found["greeter"].source(None), None);
        let greeter = found["greeter"].source(Some(&fetched)).unwrap();
        assert_eq!(greeter.path, Path::new("/state/oci/component.wasm"));
        greeter.check("greeter", oci::digest_of(b"component").hex()).unwrap();
        let changed = greeter.check("greeter", oci::digest_of(b"changed").hex()).unwrap_err().to_string();
        assert!(changed.contains("delete it, and it is fetched again"), "{changed}");
    }

    #[test]
    fn more_memory_than_there_is_is_refused_with_its_place() {
        refused(
            "modules:\n  hold:\n    limits:\n      deadline: 1s\n      memory: 129Mi\n",
            &["/etc/plugins.yaml:5:15: ", "`hold`", "128Mi"],
        );
        assert!(of("modules:\n  hold:\n    limits: { memory: 128Mi }\n").refused.is_empty());
    }

    #[test]
    fn what_is_wanted_is_the_same_wherever_it_stands_and_another_with_other_terms_or_keys() {
        let of = |plugins: &str| of(plugins).found.remove("a").unwrap();
        let one = "modules:\n  a: { component: 'oci://h/a:1', grants: { issues: read } }\n";
        let key = "signatures: { h: { keys: [./k.pub] } }\n";
        for (other, want) in [
            (format!("# a comment\n{one}"), true),
            (one.replace("a:1", "a:2"), false),
            (one.replace("read", "write"), false),
            (format!("{one}{key}"), false),
            (one.replace("'oci://h/a:1'", "./a.wasm"), false),
        ] {
            assert_eq!(of(one).is_same(&of(&other)), want, "{other}");
        }
    }
}
