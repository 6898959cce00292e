//! Makes what a seed names: accounts first, then organisations, repositories with their first commit, apps with keys.

use std::collections::BTreeMap;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::api::milestones::new_milestone;
use crate::hub::Hub;
use crate::moved::author;
use crate::seed::{Seed, SeedApp, SeedHook, SeedOrg, SeedRepo, Seeded, SeededApp};
use crate::world::{
    App, Hook, Installation, Label, Level, Org, OrgRole, Repo, Role, Team, User, UserKind, World, key, now,
};

/// The labels that every new repository has on GitHub.
const USUAL_LABELS: [(&str, &str); 9] = [
    ("bug", "d73a4a"),
    ("documentation", "0075ca"),
    ("duplicate", "cfd3d7"),
    ("enhancement", "a2eeef"),
    ("good first issue", "7057ff"),
    ("help wanted", "008672"),
    ("invalid", "e4e669"),
    ("question", "d876e3"),
    ("wontfix", "ffffff"),
];

/// Applies the document. What is there already stays.
///
/// # Errors
/// Names that cannot be, an owner that is not there, a key that is none, or a git or openssl that fails. Names are checked
/// before anything is made.
pub(crate) fn apply(hub: &Arc<Hub>, seed: &Seed) -> Result<Seeded, String> {
    hub.read(|world| check(world, seed))?;
    hub.change(|world| {
        for user in &seed.users {
            let known = ensure_user(world, &user.login);
            if let Some(token) = &user.token {
                known.token = Some(token.clone());
            }
            if user.email.is_some() {
                known.email.clone_from(&user.email);
            }
            known.busy = user.busy;
        }
        for (login, org) in &seed.orgs {
            ensure_org(world, login, org);
        }
    });
    for (name, repo) in &seed.repos {
        ensure_repo(hub, name, repo)?;
    }
    // Teams name repositories, so that these come first.
    hub.change(|world| {
        for (login, org) in &seed.orgs {
            ensure_teams(world, login, org);
        }
    });
    hub.jira.lock().expect("nothing panics while it holds Jira").seed(&seed.jira);
    hub.bugzilla.lock().expect("nothing panics while it holds Bugzilla").seed(&seed.bugzilla);
    let mut seeded = Seeded::default();
    for (slug, app) in &seed.apps {
        seeded.apps.insert(slug.clone(), ensure_app(hub, slug, app)?);
    }
    Ok(seeded)
}

/// Whether this world can take the document.
///
/// # Errors
/// Names that cannot be, or an owner that is not there.
pub(crate) fn check(world: &World, seed: &Seed) -> Result<(), String> {
    let logins = seed.users.iter().map(|user| &user.login).chain(seed.orgs.keys()).chain(seed.apps.keys());
    let members = seed.orgs.values().flat_map(|org| org.members.keys());
    let collaborators = seed.repos.values().flat_map(|repo| repo.collaborators.keys());
    for login in logins.chain(members).chain(collaborators) {
        if !is_name(login) {
            return Err(format!("`{login}` cannot be a login: letters, digits and hyphens only"));
        }
    }
    for (login, org) in &seed.orgs {
        let known =
            |slug: &str| org.teams.contains_key(slug) || world.org(login).is_some_and(|o| o.teams.contains_key(slug));
        let absent = |parent: &&String| !known(parent);
        for (slug, team) in &org.teams {
            if let Some(parent) = team.parent.as_ref().filter(absent) {
                return Err(format!("orgs.`{login}`.teams.`{slug}`.parent: there is no team `{parent}`"));
            }
        }
    }
    for name in seed.repos.keys() {
        let (owner, repo) = name.split_once('/').ok_or_else(|| format!("repos.`{name}`: write `owner/name`"))?;
        if !is_name(repo) || !is_name(owner) {
            return Err(format!("repos.`{name}`: letters, digits, `.`, `_` and `-` only"));
        }
        let named = |login: &str| login.eq_ignore_ascii_case(owner);
        let known = world.org(owner).is_some() || world.user(owner).is_some();
        if !known && !seed.orgs.keys().any(|login| named(login)) && !seed.users.iter().any(|user| named(&user.login)) {
            return Err(format!("repos.`{name}`: there is no `{owner}`: add it under `orgs` or `users`"));
        }
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '[' | ']');
    !name.is_empty() && !name.starts_with(['.', '-']) && !name.ends_with(".git") && name.chars().all(plain)
}

/// The account of that login, made with its usual token if it is new.
pub(crate) fn ensure_user<'a>(world: &'a mut World, login: &str) -> &'a mut User {
    let id = world.next_id();
    world.users.entry(key(login)).or_insert_with(|| User {
        id,
        login: login.to_owned(),
        kind: UserKind::User,
        token: Some(format!("token-{login}")),
        email: None,
        busy: false,
        created_at: now(),
    })
}

fn ensure_org(world: &mut World, login: &str, seed: &SeedOrg) {
    let id = world.next_id();
    for member in seed.members.keys().chain(seed.teams.values().flat_map(|team| &team.members)) {
        ensure_user(world, member);
    }
    let org = world.orgs.entry(key(login)).or_insert_with(|| Org {
        id,
        login: login.to_owned(),
        members: BTreeMap::new(),
        default_role: Role::Read,
        teams: BTreeMap::new(),
        hooks: Vec::new(),
        created_at: now(),
    });
    org.default_role = seed.default_role.unwrap_or(org.default_role);
    for (member, role) in &seed.members {
        org.members.insert(key(member), *role);
    }
    let mut hooks = std::mem::take(&mut org.hooks);
    ensure_hooks(world, &mut hooks, &seed.hooks);
    if let Some(org) = world.orgs.get_mut(&key(login)) {
        org.hooks = hooks;
    }
}

fn ensure_teams(world: &mut World, login: &str, seed: &SeedOrg) {
    for (slug, team) in &seed.teams {
        let id = world.next_id();
        let Some(org) = world.orgs.get_mut(&key(login)) else { return };
        let name = team.name.clone().unwrap_or_else(|| slug.clone());
        let new = Team { id, name, parent: None, members: std::collections::BTreeSet::new(), repos: BTreeMap::new() };
        let known = org.teams.entry(slug.clone()).or_insert(new);
        if team.parent.is_some() {
            known.parent.clone_from(&team.parent);
        }
        known.members.extend(team.members.iter().map(|member| key(member)));
        known.repos.extend(team.repos.iter().map(|(repo, role)| (key(repo), *role)));
        // Whoever is in a team is in the organisation.
        for member in &team.members {
            org.members.entry(key(member)).or_insert(OrgRole::Member);
        }
    }
}

fn ensure_hooks(world: &mut World, hooks: &mut Vec<Hook>, seeds: &[SeedHook]) {
    for seed in seeds {
        let events = seed.events.clone().unwrap_or_else(|| vec!["*".to_owned()]);
        match hooks.iter_mut().find(|hook| hook.url == seed.url) {
            // The receiver's secret may have been made anew since the last start.
            Some(known) => {
                known.secret.clone_from(&seed.secret);
                known.events = events;
            }
            None => hooks.push(new_hook(world, seed, events)),
        }
    }
}

fn new_hook(world: &mut World, seed: &SeedHook, events: Vec<String>) -> Hook {
    Hook {
        id: world.next_id(),
        url: seed.url.clone(),
        secret: seed.secret.clone(),
        events,
        active: true,
        created_at: now(),
        updated_at: now(),
        last_code: None,
    }
}

fn ensure_repo(hub: &Arc<Hub>, name: &str, seed: &SeedRepo) -> Result<(), String> {
    let branch = seed.default_branch.clone().unwrap_or_else(|| "main".to_owned());
    let (owner, short) = name.split_once('/').expect("names are checked before anything is made");
    let new = hub.read(|world| world.repo(name).is_none());
    if new {
        if !hub.git.valid_ref(&format!("refs/heads/{branch}")) {
            return Err(format!("repos.`{name}`.default_branch: `{branch}` cannot be a branch"));
        }
        hub.git.init(&key(name), &branch).map_err(|error| error.to_string())?;
        let readme = || [("README.md".to_owned(), Some(format!("# {short}\n")))].into();
        let files: BTreeMap<String, Option<String>> = match seed.files.is_empty() {
            true => readme(),
            false => seed.files.iter().map(|(path, text)| (path.clone(), Some(text.clone()))).collect(),
        };
        let first = hub.git.commit(&key(name), &branch, None, &author(owner), "First commit", &files);
        first.map_err(|error| format!("repos.`{name}`.files: {error}"))?;
    }
    hub.change(|world| {
        for login in seed.collaborators.keys() {
            ensure_user(world, login);
        }
        if new {
            let repo = new_repo(world, owner, short, &branch, seed.private);
            world.repos.insert(key(name), repo);
        }
        let missing: Vec<&String> = {
            let repo = &world.repos[&key(name)];
            seed.labels.iter().filter(|label| repo.label(label).is_none()).collect()
        };
        for label in missing {
            let id = world.next_id();
            let label = Label { id, name: label.clone(), color: "ededed".to_owned(), description: None };
            if let Some(repo) = world.repos.get_mut(&key(name)) {
                repo.labels.push(label);
            }
        }
        ensure_milestones(world, name, &seed.milestones);
        let mut hooks = world.repos[&key(name)].hooks.clone();
        ensure_hooks(world, &mut hooks, &seed.hooks);
        if let Some(repo) = world.repos.get_mut(&key(name)) {
            repo.hooks = hooks;
            repo.protected.extend(seed.protected.clone());
            repo.collaborators.extend(seed.collaborators.iter().map(|(login, role)| (key(login), *role)));
        }
    });
    Ok(())
}

fn ensure_milestones(world: &mut World, name: &str, titles: &[String]) {
    for title in titles {
        let id = world.next_id();
        let Some(repo) = world.repos.get_mut(&key(name)) else { return };
        if !repo.milestones.iter().any(|milestone| milestone.title == *title) {
            let milestone = new_milestone(id, repo, title.clone(), &repo.owner);
            repo.milestones.push(milestone);
        }
    }
}

/// A repository without commits or hooks, with the usual labels.
fn new_repo(world: &mut World, owner: &str, name: &str, branch: &str, private: bool) -> Repo {
    let spelled = world.org(owner).map(|org| org.login.clone());
    let spelled = spelled.or_else(|| world.user(owner).map(|user| user.login.clone()));
    let labels = USUAL_LABELS.map(|(name, color)| Label {
        id: world.next_id(),
        name: name.to_owned(),
        color: color.to_owned(),
        description: None,
    });
    Repo {
        id: world.next_id(),
        owner: spelled.unwrap_or_else(|| owner.to_owned()),
        name: name.to_owned(),
        private,
        default_branch: branch.to_owned(),
        parent: None,
        collaborators: BTreeMap::new(),
        labels: labels.into(),
        issues: BTreeMap::new(),
        milestones: Vec::new(),
        pinned: Vec::new(),
        moved: BTreeMap::new(),
        statuses: BTreeMap::new(),
        check_runs: BTreeMap::new(),
        workflow_runs: BTreeMap::new(),
        protected: BTreeMap::new(),
        hooks: Vec::new(),
        created_at: now(),
        pushed_at: now(),
    }
}

/// The user's fork of the repository, by its key, made if there is none.
pub(crate) fn ensure_fork(hub: &Arc<Hub>, repo: &str, login: &str) -> Result<String, String> {
    let _moving = hub.moving_refs.lock().expect("nothing panics while it moves refs");
    let (parent, spelled, branch, private, taken) = hub.read(|world| {
        let parent = world.repo(repo).ok_or_else(|| format!("there is no repository `{repo}`"))?;
        let user = world.user(login).ok_or_else(|| format!("there is no user `{login}`"))?;
        let name = format!("{}/{}", user.login, parent.name);
        let taken = world.repo(&name).map(|fork| fork.parent.as_deref() == Some(&key(repo)));
        Ok::<_, String>((key(repo), name, parent.default_branch.clone(), parent.private, taken))
    })?;
    match taken {
        Some(true) => return Ok(key(&spelled)),
        Some(false) => return Err(format!("`{spelled}` is there and is no fork of `{repo}`")),
        None => {}
    }
    hub.git.init(&key(&spelled), &branch).map_err(|error| error.to_string())?;
    hub.git.copy_branches(&parent, &key(&spelled)).map_err(|error| error.to_string())?;
    hub.change(|world| {
        let (owner, name) = spelled.split_once('/').expect("it was put together with a slash");
        let mut fork = new_repo(world, owner, name, &branch, private);
        fork.parent = Some(parent);
        world.repos.insert(key(&spelled), fork);
    });
    Ok(key(&spelled))
}

fn ensure_app(hub: &Arc<Hub>, slug: &str, seed: &SeedApp) -> Result<SeededApp, String> {
    let path = hub.dir().join("apps").join(format!("{slug}.pem"));
    let known = hub.read(|world| world.apps.values().find(|app| app.slug == slug).map(|app| app.id));
    if let (None, Some(id)) = (known, seed.id)
        && hub.read(|world| world.apps.contains_key(&id))
    {
        return Err(format!("apps.`{slug}`.id: {id} is taken"));
    }
    write_key(&path, seed.private_key.as_deref()).map_err(|error| format!("apps.`{slug}`: {error}"))?;
    let public_key = public_half(&path).map_err(|error| format!("apps.`{slug}`: {error}"))?;
    hub.change(|world| {
        let mut permissions = seed.permissions.clone();
        permissions.insert("metadata".to_owned(), Level::Read);
        let owner = seed.owner.clone().or_else(|| seed.installed.keys().next().cloned()).unwrap_or_default();
        let id = known.or(seed.id).unwrap_or_else(|| world.next_id());
        let hook = seed.hook.as_ref().map(|hook| {
            let events = hook.events.clone().unwrap_or_else(|| vec!["*".to_owned()]);
            new_hook(world, hook, events)
        });
        let bot = format!("{slug}[bot]");
        let bot_id = world.next_id();
        world.users.entry(key(&bot)).or_insert_with(|| User {
            id: bot_id,
            login: bot.clone(),
            kind: UserKind::Bot,
            token: None,
            email: None,
            busy: false,
            created_at: now(),
        });
        let app = world.apps.entry(id).or_insert_with(|| App {
            id,
            slug: slug.to_owned(),
            name: slug.to_owned(),
            owner,
            public_key: String::new(),
            permissions: BTreeMap::new(),
            events: Vec::new(),
            hook: None,
            created_at: now(),
        });
        app.public_key = public_key;
        app.permissions.clone_from(&permissions);
        app.events.clone_from(&seed.events);
        match (&mut app.hook, hook) {
            (Some(known), Some(new)) => (known.url, known.secret, known.events) = (new.url, new.secret, new.events),
            (none, new) => *none = new,
        }
        let mut installations = BTreeMap::new();
        for (account, names) in &seed.installed {
            let installation = install(world, id, account, names, &permissions);
            installations.insert(account.clone(), installation);
        }
        let private_key_path = path.to_string_lossy().into_owned();
        Ok(SeededApp { id, private_key_path, installations })
    })
}

fn install(
    world: &mut World,
    app_id: u64,
    account: &str,
    names: &[String],
    permissions: &BTreeMap<String, Level>,
) -> u64 {
    let known = world.installation_at(app_id, account).map(|installation| installation.id);
    let id = known.unwrap_or_else(|| world.next_id());
    let repos = names.iter().map(|name| key(&format!("{account}/{name}"))).collect();
    let installation = Installation {
        id,
        app_id,
        account: account.to_owned(),
        repos: (!names.is_empty()).then_some(repos),
        permissions: permissions.clone(),
        created_at: now(),
    };
    world.installations.insert(id, installation);
    id
}

/// Leaves the app's key at `path`: the given one, the one that is there, or a new one.
fn write_key(path: &Path, given: Option<&str>) -> Result<(), String> {
    let pem = match given {
        None if path.exists() => return Ok(()),
        Some(given) => given.as_bytes().to_vec(),
        None => openssl(&["genrsa", "-traditional", "2048"])?,
    };
    let cannot = |error: std::io::Error| format!("cannot write {}: {error}", path.display());
    std::fs::create_dir_all(path.parent().unwrap_or(path)).map_err(cannot)?;
    let mut open = std::fs::OpenOptions::new();
    let mut file = open.write(true).create(true).truncate(true).mode(0o600).open(path).map_err(cannot)?;
    std::io::Write::write_all(&mut file, &pem).map_err(cannot)
}

fn public_half(path: &Path) -> Result<String, String> {
    let pem = openssl(&["rsa", "-pubout", "-in", &path.to_string_lossy()])?;
    Ok(String::from_utf8_lossy(&pem).into_owned())
}

fn openssl(args: &[&str]) -> Result<Vec<u8>, String> {
    let out = Command::new("openssl").args(args).stdin(Stdio::null()).output();
    let out =
        out.map_err(|error| format!("openssl, which makes and reads keys, cannot be started: {error} (install it)"))?;
    if out.status.success() {
        Ok(out.stdout)
    } else {
        Err(format!("openssl: {}", String::from_utf8_lossy(&out.stderr)))
    }
}
