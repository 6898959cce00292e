//! Apps: themselves, where they are installed, and tokens for there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal, Reply};
use crate::auth::Who;
use crate::call::Call;
use crate::hub::Hub;
use crate::page::{Page, list};
use crate::shapes::{View, extend};
use crate::world::{App, Installation, InstallationToken, Level, World, key, now};

/// How long an installation token is good for.
const TOKEN_LIFE: Duration = Duration::from_secs(3600);

/// What a new token is narrowed to; what is left out stays as wide as the installation.
#[derive(Deserialize)]
struct Narrow {
    repositories: Option<Vec<String>>,
    repository_ids: Option<Vec<u64>>,
    permissions: Option<BTreeMap<String, Level>>,
}

pub(crate) fn app(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| Ok(Answer::ok(&View { world, base: hub.base() }.app(own_app(world, call)?))))
}

pub(crate) fn installations(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        let app = own_app(world, call)?;
        let own: Vec<_> = world.installations.values().filter(|installation| installation.app_id == app.id).collect();
        let view = View { world, base: hub.base() };
        let show = |installation: &Installation| {
            let mut shown = view.installation(app, installation);
            // In the list, and only there, GitHub's description wants an account to have what an enterprise has too.
            let (at, login) = (installation.created_at, &installation.account);
            let enterprise = json!({ "name": login, "slug": login, "created_at": at, "updated_at": at });
            extend(&mut shown["account"], enterprise);
            shown
        };
        Ok(list(call, hub.base(), own, show))
    })
}

pub(crate) fn installation(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        let app = own_app(world, call)?;
        let found = own_installation(world, call, app)?;
        Ok(Answer::ok(&View { world, base: hub.base() }.installation(app, found)))
    })
}

pub(crate) fn installation_of_account(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        let app = own_app(world, call)?;
        let account = call.find("org").or(call.find("owner")).or(call.find("username")).unwrap_or_default();
        let found = world.installation_at(app.id, account).ok_or_else(Refusal::not_found)?;
        if let Some(name) = call.repo_name() {
            let covered = found.repos.as_ref().is_none_or(|repos| repos.contains(&key(&name)));
            if !covered || world.repo(&name).is_none() {
                return Err(Refusal::not_found());
            }
        }
        Ok(Answer::ok(&View { world, base: hub.base() }.installation(app, found)))
    })
}

pub(crate) fn create_token(hub: &Arc<Hub>, call: &Call) -> Reply {
    let narrow: Narrow = call.json()?;
    hub.change(|world| {
        let app = own_app(world, call)?;
        let installation = own_installation(world, call, app)?;
        let made = InstallationToken {
            installation: installation.id,
            permissions: match narrow.permissions {
                None => installation.permissions.clone(),
                Some(asked) => narrowed_permissions(installation, asked)?,
            },
            repos: match (narrow.repositories, narrow.repository_ids) {
                (None, None) => installation.repos.clone(),
                (names, ids) => Some(narrowed_repos(world, installation, names, ids)?),
            },
            expires_at: now() + TOKEN_LIFE,
        };
        let narrowed = made.repos.is_some();
        let token = format!("ghs_{}", uuid::Uuid::new_v4().simple());
        world.tokens.retain(|_, token| token.expires_at > now());
        world.tokens.insert(token.clone(), made.clone());
        let shown = View { world, base: hub.base() }.installation_token(&token, &made, narrowed);
        Ok(Answer::created(&shown))
    })
}

pub(crate) fn repositories(hub: &Arc<Hub>, call: &Call) -> Reply {
    let Who::Installation { token, .. } = &call.who else {
        return Err(Refusal::forbidden(
            "You must authenticate with an installation access token in order to list repositories for an installation.",
        ));
    };
    hub.read(|world| {
        let view = View { world, base: hub.base() };
        let covered: Vec<_> = world.repos.values().filter(|repo| call.who.reaches(world, repo)).collect();
        let total = covered.len();
        let selection = if token.repos.is_some() { "selected" } else { "all" };
        let page = Page::of(call);
        let (part, pages) = page.cut(covered);
        let repos: Vec<Value> = part.into_iter().map(|repo| view.repo(repo)).collect();
        let body = json!({ "total_count": total, "repository_selection": selection, "repositories": repos });
        let answer = Answer::ok(&body);
        Ok(match page.link(call, hub.base(), pages) {
            Some(link) => answer.with("link", &link),
            None => answer,
        })
    })
}

fn own_app<'a>(world: &'a World, call: &Call) -> Result<&'a App, Refusal> {
    let Who::App(id) = call.who else { return Err(Refusal::not_found()) };
    world.apps.get(&id).ok_or_else(Refusal::not_found)
}

fn own_installation<'a>(world: &'a World, call: &Call, app: &App) -> Result<&'a Installation, Refusal> {
    let found = world.installations.get(&call.number("installation_id")?);
    found.filter(|installation| installation.app_id == app.id).ok_or_else(Refusal::not_found)
}

fn narrowed_permissions(
    installation: &Installation,
    mut asked: BTreeMap<String, Level>,
) -> Result<BTreeMap<String, Level>, Refusal> {
    for (name, level) in &asked {
        let implied = name == "metadata" && *level == Level::Read;
        if !implied && installation.permissions.get(name).is_none_or(|granted| granted < level) {
            return Err(Refusal::unprocessable("The permissions requested are not granted to this installation."));
        }
    }
    asked.insert("metadata".to_owned(), Level::Read);
    Ok(asked)
}

fn narrowed_repos(
    world: &World,
    installation: &Installation,
    names: Option<Vec<String>>,
    ids: Option<Vec<u64>>,
) -> Result<BTreeSet<String>, Refusal> {
    let absent = || {
        Refusal::unprocessable(
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        )
    };
    let by_name = names.unwrap_or_default().into_iter().map(|name| key(&format!("{}/{name}", installation.account)));
    let mut repos: BTreeSet<String> = by_name.collect();
    for id in ids.unwrap_or_default() {
        let repo = world.repos.values().find(|repo| repo.id == id).ok_or_else(absent)?;
        repos.insert(key(&repo.full_name()));
    }
    let own = |name: &str| name.split('/').next() == Some(key(&installation.account).as_str());
    let covered = |name: &String| {
        own(name)
            && world.repos.contains_key(name)
            && installation.repos.as_ref().is_none_or(|covered| covered.contains(name))
    };
    if repos.is_empty() || !repos.iter().all(covered) {
        return Err(absent());
    }
    Ok(repos)
}
