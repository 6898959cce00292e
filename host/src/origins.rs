//! Components from registries: which manifest each reference stands for, where its component is, and how its registry
//! fares. What is in the cache needs no registry; whether there still is one is looked at aside, and told.

mod pins;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use config::Loaded;
use jiff::Timestamp;
use oci::{Cache, ComponentRef, Credentials, Digest, Fetched, Lock, PublicKey, Reference, Registries, Version, Wanted};
use prow::problem::KeyPath;
use prow::signatures::Key;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use self::pins::Pins;
use crate::plugin::Plugin;
use crate::source::Places;

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
    /// Held while a lock file is read and written.
    pinning: Mutex<()>,
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
            pinning: Mutex::default(),
            seen: Mutex::default(),
        })
    }

    /// Sees to it that the component that `reference` names is here: from the cache where it can be. A tag that has no pin gets
    /// one.
    ///
    /// # Errors
    /// If it cannot be had, is not what its digest says, or not signed as demanded; if its pin cannot be read or written.
    pub async fn fetch(&self, loaded: &Loaded, plugin: &str, reference: &Reference) -> anyhow::Result<Fetched> {
        let manifest = self.resolve(loaded, reference).await?;
        let keys = keys(loaded, reference)?;
        let demand = keys.as_ref().map(|(prefix, keys)| Wanted { prefix, keys });
        let fetched = oci::fetch(&self.registries, &self.cache, reference, &manifest, demand).await?;
        if fetched.from == oci::From::Registry {
            tracing::info!(plugin, %reference, manifest = %fetched.manifest, "fetched");
            self.note(reference, Seen::There);
        }
        self.fetched.lock().expect("no one panics with it").insert(reference.clone(), fetched.clone());
        Ok(fetched)
    }

    /// Drops the pins of tags that `before` names and `loaded` does not; without one before, of all that it does not.
    pub fn forget_pins(&self, loaded: &Loaded, before: Option<&Loaded>) {
        let named = |loaded: &Loaded| -> BTreeSet<Reference> {
            of_registries(loaded).into_iter().map(|(_, reference)| reference.clone()).collect()
        };
        let (now, before) = (named(loaded), before.map(named));
        let is_gone = |reference: &Reference| {
            !now.contains(reference) && before.as_ref().is_none_or(|before| before.contains(reference))
        };
        let _turn = self.pinning.lock().expect("no one panics with it");
        Pins::new(lock_file(loaded), &self.own_lock).forget(is_gone);
    }

    /// Everything that was fetched.
    pub fn fetches(&self) -> Fetches {
        self.fetched.lock().expect("no one panics with it").clone()
    }

    /// Where the component of this reference is, if it was fetched.
    pub fn file(&self, reference: &Reference) -> Option<PathBuf> {
        self.fetched.lock().expect("no one panics with it").get(reference).map(|fetched| fetched.path.clone())
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

    async fn resolve(&self, loaded: &Loaded, reference: &Reference) -> anyhow::Result<Digest> {
        if let Version::Digest(digest) = &reference.version {
            return Ok(digest.clone());
        }
        let pins = Pins::new(lock_file(loaded), &self.own_lock);
        if let Some(digest) = pins.find(reference)? {
            return Ok(digest);
        }
        let digest = self.registries.manifest(reference).await?.digest;
        let _turn = self.pinning.lock().expect("no one panics with it");
        pins.pin(reference, digest, Timestamp::now())
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

/// The keys that a component must be signed by one of; `None` where nobody asks.
fn keys<'a>(loaded: &'a Loaded, reference: &Reference) -> anyhow::Result<Option<(&'a str, Vec<PublicKey>)>> {
    let Some(demand) = loaded.plugins.signatures().demand(reference) else { return Ok(None) };
    let read = |(index, key): (usize, &Key)| {
        let place = || {
            let at = KeyPath::root().key("signatures").key(demand.prefix).key("keys").index(index);
            Places::of(loaded).at(&at)
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
