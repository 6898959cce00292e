//! What plugins.yaml lets a plugin do: `modules.X.grants`.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

/// What can be granted; GitHub's permissions as GitHub spells them, then our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// `metadata`
    Metadata,
    /// `members`
    Members,
    /// `issues`
    Issues,
    /// `pull_requests`
    PullRequests,
    /// `contents`
    Contents,
    /// `statuses`
    Statuses,
    /// `checks`
    Checks,
    /// `actions`
    Actions,
    /// `administration`
    Administration,
    /// `prowjobs`
    Prowjobs,
    /// `job_config`
    JobConfig,
    /// `owners`
    Owners,
    /// `git`
    Git,
    /// `kubernetes`
    Kubernetes,
    /// `build_cluster`
    BuildCluster,
    /// `slack`
    Slack,
    /// `jira`
    Jira,
    /// `bugzilla`
    Bugzilla,
}

/// How far a permission goes; writing includes reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// `read`
    Read,
    /// `write`
    Write,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::Metadata,
        Self::Members,
        Self::Issues,
        Self::PullRequests,
        Self::Contents,
        Self::Statuses,
        Self::Checks,
        Self::Actions,
        Self::Administration,
        Self::Prowjobs,
        Self::JobConfig,
        Self::Owners,
        Self::Git,
        Self::Kubernetes,
        Self::BuildCluster,
        Self::Slack,
        Self::Jira,
        Self::Bugzilla,
    ];

    /// The key in plugins.yaml.
    pub fn key(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Members => "members",
            Self::Issues => "issues",
            Self::PullRequests => "pull_requests",
            Self::Contents => "contents",
            Self::Statuses => "statuses",
            Self::Checks => "checks",
            Self::Actions => "actions",
            Self::Administration => "administration",
            Self::Prowjobs => "prowjobs",
            Self::JobConfig => "job_config",
            Self::Owners => "owners",
            Self::Git => "git",
            Self::Kubernetes => "kubernetes",
            Self::BuildCluster => "build_cluster",
            Self::Slack => "slack",
            Self::Jira => "jira",
            Self::Bugzilla => "bugzilla",
        }
    }

    /// Whether it is one of GitHub's own, by GitHub's name: the others are ours.
    pub fn is_github(self) -> bool {
        matches!(
            self,
            Self::Metadata
                | Self::Members
                | Self::Issues
                | Self::PullRequests
                | Self::Contents
                | Self::Statuses
                | Self::Checks
                | Self::Actions
                | Self::Administration
        )
    }

    /// Whether there is nothing in it to write.
    pub fn is_read_only(self) -> bool {
        matches!(self, Self::Metadata | Self::Members | Self::Administration | Self::JobConfig | Self::Owners)
    }

    fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.key() == key)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.key())
    }
}

/// What one plugin may do. Empty: it can only read the event that it is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// How far each permission goes; one that is missing is denied.
    pub access: BTreeMap<Permission, Access>,
    /// Globs over `org/repo` of the repositories beyond the event's own that the agent may be widened to.
    pub repos: Vec<String>,
    /// Hosts that `wasi:http` may reach.
    pub http: Vec<String>,
    /// Globs of the namespaces that the clusters' functions may name; none: those of the configuration.
    pub namespaces: Vec<String>,
}

impl Grants {
    /// Whether `permission` goes as far as `access`.
    pub fn allow(&self, permission: Permission, access: Access) -> bool {
        self.access.get(&permission).is_some_and(|granted| *granted >= access)
    }
}

impl<'de> Deserialize<'de> for Grants {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(GrantsReader)
    }
}

struct GrantsReader;

/// A key of `grants`, refused where it stands if it is none.
enum Key {
    Permission(Permission),
    Repos,
    Http,
    Namespaces,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let key = String::deserialize(from)?;
        match (key.as_str(), Permission::of_key(&key)) {
            ("repos", _) => Ok(Self::Repos),
            ("http", _) => Ok(Self::Http),
            ("namespaces", _) => Ok(Self::Namespaces),
            (_, Some(permission)) => Ok(Self::Permission(permission)),
            (_, None) => {
                let lists = ["repos", "http", "namespaces"];
                let known: Vec<_> = Permission::ALL.into_iter().map(Permission::key).chain(lists).collect();
                Err(de::Error::custom(format!("`{key}` is no grant: use one of {}", known.join(", "))))
            }
        }
    }
}

/// An access that knows its permission, so that the error stands where the word does.
struct AccessOf(Permission);

impl<'de> de::DeserializeSeed<'de> for AccessOf {
    type Value = Access;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Access, D::Error> {
        let word = String::deserialize(from)?;
        match word.as_str() {
            "read" => Ok(Access::Read),
            "write" if self.0.is_read_only() => {
                Err(de::Error::custom(format!("`{}` can only be read: write `{}: read`", self.0, self.0)))
            }
            "write" => Ok(Access::Write),
            other => Err(de::Error::custom(format!("`{other}` is no access: write `read` or `write`"))),
        }
    }
}

impl<'de> Visitor<'de> for GrantsReader {
    type Value = Grants;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a mapping of permissions to `read` or `write`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Grants, A::Error> {
        let mut grants = Grants::default();
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Repos => grants.repos = map.next_value()?,
                Key::Http => grants.http = map.next_value()?,
                Key::Namespaces => grants.namespaces = map.next_value()?,
                Key::Permission(permission) => {
                    let access = map.next_value_seed(AccessOf(permission))?;
                    grants.access.insert(permission, access);
                }
            }
        }
        Ok(grants)
    }
}

/// As it is written in plugins.yaml.
impl Serialize for Grants {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        for (permission, access) in &self.access {
            map.serialize_entry(permission.key(), access)?;
        }
        if !self.repos.is_empty() {
            map.serialize_entry("repos", &self.repos)?;
        }
        if !self.http.is_empty() {
            map.serialize_entry("http", &self.http)?;
        }
        if !self.namespaces.is_empty() {
            map.serialize_entry("namespaces", &self.namespaces)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, permission: Permission, access: Access, want: bool) {
        let grants: Grants = serde_json::from_str(json).unwrap();
        assert_eq!(grants.allow(permission, access), want, "{json}: {permission} {access:?}");
    }

    #[test]
    fn writing_includes_reading_and_the_rest_is_denied() {
        check(r#"{"issues":"write"}"#, Permission::Issues, Access::Write, true);
        check(r#"{"issues":"write"}"#, Permission::Issues, Access::Read, true);
        check(r#"{"issues":"read"}"#, Permission::Issues, Access::Write, false);
        check(r#"{"issues":"write"}"#, Permission::PullRequests, Access::Read, false);
        check("{}", Permission::Metadata, Access::Read, false);
    }

    #[test]
    fn every_permission_is_read_by_its_key_and_written_again() {
        for permission in Permission::ALL {
            let json =
                format!(r#"{{"{permission}":"read","repos":["o/*"],"http":["example.com"],"namespaces":["prow"]}}"#);
            check(&json, permission, Access::Read, true);
            let grants: Grants = serde_json::from_str(&json).unwrap();
            assert_eq!(serde_json::to_string(&grants).unwrap(), json);
        }
    }

    #[track_caller]
    fn check_refused(json: &str, because: &str) {
        let error = serde_json::from_str::<Grants>(json).unwrap_err().to_string();
        assert!(error.contains(because), "{json}: {error}");
    }

    #[test]
    fn what_is_no_grant_is_refused() {
        check_refused(r#"{"pull-requests":"read"}"#, "`pull-requests` is no grant: use one of metadata");
        check_refused(r#"{"issues":"admin"}"#, "`admin` is no access");
        check_refused(r#"{"job_config":"write"}"#, "`job_config` can only be read");
    }
}
