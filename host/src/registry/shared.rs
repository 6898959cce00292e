//! What several hosts share of what tasks begin with: whichever runs a task again needs the very component and configuration.

use std::sync::{Arc, Weak};

use anyhow::Context as _;
use store::{Folder, Inbox, StoreError};

use super::{Registry, Set, component_file, config_file, terms_file};
use crate::kept::{Kept, KeptError};

impl Registry {
    /// Has every host be able to run what begins with `set`; nothing to do where there is one, or it was done before.
    ///
    /// # Errors
    /// If the inbox cannot keep it, or it is not in the state directory any more.
    pub async fn share(&self, inbox: &Inbox, set: &Arc<Set>) -> Result<(), StoreError> {
        if !inbox.is_shared() {
            return Ok(());
        }
        let mut shared = self.shared.lock().await;
        if Weak::ptr_eq(&shared, &Arc::downgrade(set)) {
            return Ok(());
        }
        for (folder, name) in names(set) {
            let bytes = match self.kept(folder).get(&name) {
                Ok(bytes) => bytes,
                // A plugin that has no terms under this configuration yet: no task begins with it.
                Err(KeptError::Gone { .. }) => continue,
                Err(error) => return Err(StoreError::Invalid { what: error.to_string() }),
            };
            inbox.keep_file(folder, &name, bytes).await?;
        }
        *shared = Arc::downgrade(set);
        Ok(())
    }

    /// Fetches what another host may have dispatched a task with, as far as the state directory lacks it.
    ///
    /// # Errors
    /// If the inbox cannot be read, or the state directory not be written.
    pub(super) async fn bring(&self, inbox: &Inbox, digest: &str, revision: &str) -> anyhow::Result<()> {
        if !inbox.is_shared() {
            return Ok(());
        }
        let wanted = [
            (Folder::Components, component_file(digest)),
            (Folder::Components, terms_file(digest, revision)),
            (Folder::Configs, config_file(revision)),
        ];
        for (folder, name) in wanted {
            if !matches!(self.kept(folder).get(&name), Err(KeptError::Gone { .. })) {
                continue;
            }
            if let Some(bytes) = inbox.kept_file(folder, &name).await? {
                self.kept(folder).put(&name, &bytes).with_context(|| format!("keeping {name}"))?;
            }
        }
        Ok(())
    }

    fn kept(&self, folder: Folder) -> &Kept {
        match folder {
            Folder::Components => &self.components,
            Folder::Configs => &self.configs,
        }
    }
}

fn names(set: &Set) -> Vec<(Folder, String)> {
    let revision = &set.loaded.revision;
    let mut names = vec![(Folder::Configs, config_file(revision))];
    for plugin in set.plugins.values() {
        names.push((Folder::Components, component_file(&plugin.digest)));
        names.push((Folder::Components, terms_file(&plugin.digest, revision)));
    }
    names
}
