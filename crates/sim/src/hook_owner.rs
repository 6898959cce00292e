//! Whose a webhook is.

use crate::world::{Hook, World, key};

/// Whose a webhook is, which is also where its deliveries are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HookOwner {
    /// A repository, by its key.
    Repo(String),
    /// An organisation, by its login.
    Org(String),
    /// An app, by its id.
    App(u64),
}

impl HookOwner {
    /// Its hooks.
    pub(crate) fn hooks<'a>(&self, world: &'a World) -> &'a [Hook] {
        match self {
            Self::Repo(name) => world.repo(name).map_or(&[], |repo| &repo.hooks),
            Self::Org(login) => world.org(login).map_or(&[], |org| &org.hooks),
            Self::App(id) => world.apps.get(id).and_then(|app| app.hook.as_ref()).map_or(&[], std::slice::from_ref),
        }
    }

    /// Where a repository's or an organisation's hooks are kept; an app has one hook, which is never added to.
    pub(crate) fn hooks_mut<'a>(&self, world: &'a mut World) -> Option<&'a mut Vec<Hook>> {
        match self {
            Self::Repo(name) => world.repos.get_mut(&key(name)).map(|repo| &mut repo.hooks),
            Self::Org(login) => world.orgs.get_mut(&key(login)).map(|org| &mut org.hooks),
            Self::App(_) => None,
        }
    }
}
