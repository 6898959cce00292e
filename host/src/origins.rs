//! Components from registries: which manifest each reference stands for, where its component is, and how its registry
//! fares. What is in the cache needs no registry; whether there still is one is looked at aside, and told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use config::Loaded;
use jiff::Timestamp;
use oci::{
    Cache, ComponentRef, Credentials, Digest, Fetched, Lock, LockError, PublicKey, Reference, Registries, Version,
    Wanted,
};
use prow::problem::KeyPath;
use prow::signatures::Key;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::plugin::Plugin;
use crate::source;

/// How often it is looked whether registries still have what runs here.
const LOOK: Duration = Duration::from_secs(600);

/// What has been fetched, by the reference in plugins.yaml.
pub type Fetches = BTreeMap<Reference, Fetched>;

/// Fetches components and knows where they came from.
pub struct Origins {
    cache: Cache,
    registries: Registries,
    /// Where pins go that cannot stand beside plugins.yaml.
    own_lock: PathBuf,
    fetched: Mutex<Fetches>,
    seen: Mutex<BTreeMap<Reference, Seen>>,
}

/// How a registry fared when it was last looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    /// It has what runs here.
    There,
    /// Its tag stands for another manifest by now.
    Moved(Digest),
    /// It cannot be asked, or has it no more.
    Trouble(String),
}

impl Origins {
    /// Keeps what is fetched below `state`, the state directory.
    ///
    /// # Errors
    /// If a directory for it cannot be made.
    pub fn open(state: &Path, credentials: Credentials) -> anyhow::Result<Self> {
        Ok(Origins {
            cache: Cache::open(state.join("oci"))?,
            registries: Registries::new(credentials),
            own_lock: Lock::in_state(state),
            fetched: Mutex::default(),
            seen: Mutex::default(),
        })
    }

    /// Sees to it that every component of a configuration that is in a registry is here: from the cache where it can be. A
    /// tag that has no pin gets one. Gives the plugins whose component cannot be had, is not what its digest says, or not
    /// signed as demanded; the message begins with its place in plugins.yaml.
    ///
    /// # Errors
    /// If pins cannot be read or written.
    pub async fn fetch(&self, loaded: &Loaded) -> anyhow::Result<BTreeMap<String, anyhow::Error>> {
        let wanted = of_registries(loaded);
        let mut failures = BTreeMap::new();
        if wanted.is_empty() {
            return Ok(failures);
        }
        let mut pins = Pins::read(loaded, &self.own_lock, &wanted)?;
        for (plugin, reference) in &wanted {
            if let Err(error) = self.fetch_one(loaded, plugin, reference, &mut pins).await {
                failures.insert((*plugin).to_owned(), error);
            }
        }
        pins.write(&self.own_lock)?;
        Ok(failures)
    }

    async fn fetch_one(
        &self,
        loaded: &Loaded,
        plugin: &str,
        reference: &Reference,
        pins: &mut Pins,
    ) -> anyhow::Result<()> {
        let place = || {
            let place = source::place_of_module(loaded, plugin, &["component"]);
            format!("{place}: the component of plugin `{plugin}` cannot be taken")
        };
        let manifest = self.resolve(reference, pins).await.with_context(place)?;
        let keys = keys(loaded, reference)?;
        let demand = keys.as_ref().map(|(prefix, keys)| Wanted { prefix, keys });
        let fetched = oci::fetch(&self.registries, &self.cache, reference, &manifest, demand).await;
        let fetched = fetched.with_context(place)?;
        if fetched.from == oci::From::Registry {
            tracing::info!(plugin, %reference, manifest = %fetched.manifest, "fetched");
            self.note(reference, Seen::There);
        }
        self.fetched.lock().expect("no one panics with it").insert(reference.clone(), fetched);
        Ok(())
    }

    /// Everything that was fetched.
    pub fn fetches(&self) -> Fetches {
        self.fetched.lock().expect("no one panics with it").clone()
    }

    /// The files that decide what is taken: what pins tags, and public keys.
    pub fn files(&self, loaded: &Loaded) -> Vec<PathBuf> {
        let wanted = of_registries(loaded);
        let has_tag = wanted.iter().any(|(_, reference)| matches!(reference.version, Version::Tag(_)));
        let locks = [lock_file(loaded), Some(self.own_lock.clone())];
        let mut files: Vec<_> = locks.into_iter().flatten().filter(|_| has_tag).collect();
        for (_, reference) in &wanted {
            let keys = loaded.plugins.signatures().demand(reference).map_or(&[][..], |demand| demand.keys);
            files.extend(keys.iter().filter_map(|key| match key {
                Key::File(file) => Some(loaded.plugins_dir().unwrap_or_default().join(file)),
                Key::Pem(_) => None,
            }));
        }
        files
    }

    /// Forgets, and deletes from the cache, what none of these configurations names.
    pub fn retain<'a>(&self, needed: impl Iterator<Item = &'a Loaded>) {
        let needed: BTreeSet<_> = needed.flat_map(of_registries).map(|(_, reference)| reference.clone()).collect();
        let mut fetched = self.fetched.lock().expect("no one panics with it");
        fetched.retain(|reference, _| needed.contains(reference));
        self.cache.retain(&fetched.values().map(|fetched| fetched.manifest.clone()).collect());
        self.seen.lock().expect("no one panics with it").retain(|reference, _| needed.contains(reference));
    }

    /// Where the component of a plugin in force came from, for `/status`; null for one that is a file.
    pub fn shown(&self, loaded: &Loaded, plugin: &Plugin) -> Value {
        let Some((_, reference)) = of_registries(loaded).into_iter().find(|(name, _)| *name == plugin.name) else {
            return Value::Null;
        };
        let fetched = self.fetched.lock().expect("no one panics with it").get(reference).cloned();
        let seen = self.seen.lock().expect("no one panics with it").get(reference).cloned();
        // What has just been fetched may not be what runs yet.
        let Some(fetched) = fetched.filter(|fetched| fetched.component.hex() == plugin.digest) else {
            return json!({ "reference": reference.to_string() });
        };
        let registry = match &seen {
            None => "not looked at yet".to_owned(),
            Some(Seen::There | Seen::Moved(_)) => "has it".to_owned(),
            Some(Seen::Trouble(why)) => format!("the cache serves: {why}"),
        };
        let moved = match seen {
            Some(Seen::Moved(digest)) => Some(digest.to_string()),
            Some(Seen::There | Seen::Trouble(_)) | None => None,
        };
        json!({
            "reference": reference.to_string(),
            "manifest": fetched.manifest.as_str(),
            "from": match fetched.from { oci::From::Cache => "cache", oci::From::Registry => "registry" },
            "signed_for": fetched.signed_for,
            "registry": registry,
            "tag_moved_to": moved,
        })
    }

    /// Looks, now and from time to time until `stop`, whether registries still have what runs here.
    pub async fn watch(self: Arc<Self>, stop: CancellationToken) {
        let mut looks = tokio::time::interval(LOOK);
        let look = async {
            loop {
                looks.tick().await;
                for (reference, fetched) in self.fetches() {
                    let seen = self.look(&reference, &fetched).await;
                    self.note(&reference, seen);
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = look => {}
        }
    }

    async fn look(&self, reference: &Reference, fetched: &Fetched) -> Seen {
        match self.registries.manifest(reference).await {
            Ok(raw) if raw.digest == fetched.manifest => Seen::There,
            Ok(raw) => Seen::Moved(raw.digest),
            Err(error) => Seen::Trouble(error.to_string()),
        }
    }

    /// Said once, when it changes.
    fn note(&self, reference: &Reference, seen: Seen) {
        let before = self.seen.lock().expect("no one panics with it").insert(reference.clone(), seen.clone());
        if before.as_ref() == Some(&seen) {
            return;
        }
        match seen {
            Seen::Trouble(why) => tracing::warn!(%reference, why, "its registry fails; the cache serves"),
            Seen::Moved(to) => {
                tracing::info!(%reference, %to, "the tag has moved; `bowsprit plugin pins --update` takes what it stands for");
            }
            Seen::There if matches!(before, Some(Seen::Trouble(_))) => {
                tracing::info!(%reference, "its registry is back");
            }
            Seen::There => {}
        }
    }

    async fn resolve(&self, reference: &Reference, pins: &mut Pins) -> Result<Digest, oci::OciError> {
        match &reference.version {
            Version::Digest(digest) => Ok(digest.clone()),
            Version::Tag(_) => match pins.lock.pin(reference) {
                Some(pin) => Ok(pin.digest.clone()),
                None => {
                    let digest = self.registries.manifest(reference).await?.digest;
                    tracing::info!(%reference, %digest, "pinned");
                    pins.changed |= pins.lock.set(reference, digest.clone(), Timestamp::now());
                    Ok(digest)
                }
            },
        }
    }
}

fn lock_file(loaded: &Loaded) -> Option<PathBuf> {
    let file = loaded.files.iter().find(|file| file.role == config::Role::Plugins)?;
    Some(Lock::beside(&file.path))
}

fn of_registries(loaded: &Loaded) -> Vec<(&str, &Reference)> {
    let modules = loaded.plugins.modules().iter();
    modules
        .filter_map(|(name, module)| match &module.component {
            Some(ComponentRef::Registry(reference)) => Some((name.as_str(), reference)),
            Some(ComponentRef::File(_)) | None => None,
        })
        .collect()
}

/// The lock file, and whether it has to be written again.
struct Pins {
    lock: Lock,
    file: Option<PathBuf>,
    changed: bool,
}

impl Pins {
    /// Reads the lock beside plugins.yaml; what it has not, our own may have.
    fn read(loaded: &Loaded, own: &Path, wanted: &[(&str, &Reference)]) -> Result<Self, LockError> {
        let tags: Vec<_> = wanted
            .iter()
            .filter(|(_, reference)| matches!(reference.version, Version::Tag(_)))
            .map(|(_, reference)| *reference)
            .collect();
        let Some(file) = lock_file(loaded).filter(|_| !tags.is_empty()) else {
            return Ok(Pins { lock: Lock::default(), file: None, changed: false });
        };
        let mut lock = Lock::read(&file)?;
        lock.fill(&Lock::read(own)?);
        let changed = lock.retain(tags);
        Ok(Pins { lock, file: Some(file), changed })
    }

    /// Where plugins.yaml lies on something that cannot be written, such as a ConfigMap, the pins stand in the state
    /// directory.
    fn write(&self, own: &Path) -> anyhow::Result<()> {
        let Some(file) = self.file.as_ref().filter(|_| self.changed) else { return Ok(()) };
        if let Err(error) = self.lock.write(file) {
            tracing::warn!(
                error = format!("{:#}", anyhow::Error::from(error)),
                instead = %own.display(),
                "tags are not pinned beside plugins.yaml"
            );
            self.lock.write(own).context("pinning tags in the state directory")?;
        }
        Ok(())
    }
}

/// The keys that a component must be signed by one of; `None` where nobody asks.
fn keys<'a>(loaded: &'a Loaded, reference: &Reference) -> anyhow::Result<Option<(&'a str, Vec<PublicKey>)>> {
    let Some(demand) = loaded.plugins.signatures().demand(reference) else { return Ok(None) };
    let read = |(index, key): (usize, &Key)| {
        let place = || {
            let at = KeyPath::root().key("signatures").key(demand.prefix).key("keys").index(index);
            source::place_of(loaded, &at)
        };
        let (pem, what) = match key {
            Key::Pem(pem) => (pem.clone(), "this key".to_owned()),
            Key::File(file) => {
                let path = loaded.plugins_dir().unwrap_or_default().join(file);
                let text = std::fs::read_to_string(&path);
                let what = path.display().to_string();
                (text.with_context(|| format!("{}: the public key {what} cannot be read", place()))?, what)
            }
        };
        PublicKey::from_pem(&pem).map_err(|why| anyhow::anyhow!("{}: {what}: {why}", place()))
    };
    let keys: anyhow::Result<Vec<_>> = demand.keys.iter().enumerate().map(read).collect();
    Ok(Some((demand.prefix, keys?)))
}
