//! What a user may do in a repository, gathered from everything that can give a role.

use std::collections::BTreeSet;

use crate::auth::Who;
use crate::world::{Org, OrgRole, Repo, Role, World, key};

/// The highest of: owner, organisation owner, the organisation's default, a team's, a collaborator's, and reading for
/// all if the repository is public.
pub(crate) fn role_of(world: &World, repo: &Repo, login: Option<&str>) -> Role {
    let public = if repo.private { Role::None } else { Role::Read };
    let Some(login) = login.map(key) else { return public };
    let name = key(&repo.full_name());
    let mut role = repo.collaborators.get(&login).copied().unwrap_or(Role::None).max(public);
    if key(&repo.owner) == login {
        role = Role::Admin;
    }
    if let Some(org) = world.org(&repo.owner) {
        role = role.max(match org.members.get(&login) {
            Some(OrgRole::Admin) => Role::Admin,
            Some(OrgRole::Member) => org.default_role,
            None => Role::None,
        });
        let teams = org.teams.keys().filter(|slug| members_of(org, slug).contains(&login));
        role = teams.filter_map(|slug| org.teams[slug].repos.get(&name)).copied().fold(role, Role::max);
    }
    role
}

/// The lower-case logins of a team and of the teams below it.
pub(crate) fn members_of(org: &Org, slug: &str) -> BTreeSet<String> {
    let (mut members, mut seen, mut left) = (BTreeSet::new(), BTreeSet::new(), vec![slug]);
    while let Some(slug) = left.pop() {
        // A document may make a ring of teams.
        if !seen.insert(slug) {
            continue;
        }
        members.extend(org.teams.get(slug).into_iter().flat_map(|team| team.members.iter().cloned()));
        let below = org.teams.iter().filter(|(_, team)| team.parent.as_deref() == Some(slug));
        left.extend(below.map(|(slug, _)| slug.as_str()));
    }
    members
}

/// Whether the login is a member of the organisation.
pub(crate) fn is_member(world: &World, org: &str, login: &str) -> bool {
    world.org(org).is_some_and(|org| org.members.contains_key(&key(login)))
}

/// Whether GitHub calls the login a collaborator: given a role here, in a team that has one, or a member whom the
/// organisation's default or ownership gives one. That anyone can read a public repository does not count.
pub(crate) fn is_collaborator(world: &World, repo: &Repo, login: &str) -> bool {
    let hidden = Repo { private: true, ..repo.clone() };
    world.user(login).is_some() && role_of(world, &hidden, Some(login)) > Role::None
}

/// Whether the caller may set labels, assignees and milestones; of an app's token the endpoint's rule has decided that.
pub(crate) fn may_triage(world: &World, repo: &Repo, who: &Who) -> bool {
    matches!(who, Who::Installation { .. }) || role_of(world, repo, who.login(world).as_deref()) >= Role::Triage
}

/// The word of `GET …/collaborators/{username}/permission`, which folds the finer roles.
pub(crate) fn legacy_permission(role: Role) -> &'static str {
    match role {
        Role::None => "none",
        Role::Read | Role::Triage => "read",
        Role::Write | Role::Maintain => "write",
        Role::Admin => "admin",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::world::{Team, now};

    fn world(private: bool) -> (World, Repo) {
        let team = Team {
            id: 2,
            name: "writers".into(),
            parent: None,
            members: BTreeSet::from(["tina".into()]),
            repos: BTreeMap::from([("org/repo".into(), Role::Write)]),
        };
        let below = Team {
            id: 4,
            name: "juniors".into(),
            parent: Some("writers".into()),
            members: BTreeSet::from(["june".into()]),
            repos: BTreeMap::new(),
        };
        let org = Org {
            id: 1,
            login: "Org".into(),
            members: BTreeMap::from([("owner".into(), OrgRole::Admin), ("member".into(), OrgRole::Member)]),
            default_role: Role::Read,
            teams: BTreeMap::from([("writers".into(), team), ("juniors".into(), below)]),
            hooks: vec![],
            created_at: now(),
        };
        let repo = Repo {
            id: 3,
            owner: "Org".into(),
            name: "Repo".into(),
            private,
            default_branch: "main".into(),
            parent: None,
            collaborators: BTreeMap::from([("carol".into(), Role::Triage)]),
            labels: vec![],
            issues: BTreeMap::new(),
            milestones: vec![],
            pinned: vec![],
            moved: BTreeMap::new(),
            statuses: BTreeMap::new(),
            check_runs: BTreeMap::new(),
            workflow_runs: BTreeMap::new(),
            protected: BTreeMap::new(),
            hooks: vec![],
            created_at: now(),
            pushed_at: now(),
        };
        let world = World { orgs: BTreeMap::from([("org".into(), org)]), ..World::default() };
        (world, repo)
    }

    #[track_caller]
    fn check(private: bool, login: Option<&str>, want: Role) {
        let (world, repo) = world(private);
        assert_eq!(role_of(&world, &repo, login), want, "private: {private}, {login:?}");
    }

    #[test]
    fn a_team_holds_the_teams_below_it() {
        let (world, _) = world(false);
        let org = world.org("org").unwrap();
        let check = |slug: &str, want: &[&str]| assert_eq!(members_of(org, slug).into_iter().collect::<Vec<_>>(), want);
        check("writers", &["june", "tina"]);
        check("juniors", &["june"]);
        check("absent", &[]);
        let mut ring = org.clone();
        ring.teams.get_mut("writers").unwrap().parent = Some("juniors".into());
        assert_eq!(members_of(&ring, "juniors").len(), 2);
    }

    #[test]
    fn the_highest_role_counts() {
        check(false, None, Role::Read);
        check(true, None, Role::None);
        check(false, Some("mallory"), Role::Read);
        check(true, Some("mallory"), Role::None);
        check(true, Some("Owner"), Role::Admin);
        check(true, Some("member"), Role::Read);
        check(true, Some("tina"), Role::Write);
        check(true, Some("june"), Role::Write);
        check(true, Some("CAROL"), Role::Triage);
    }
}
