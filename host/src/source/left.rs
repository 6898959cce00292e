//! What new terms leave of old ones: for a component that goes on, though the configuration in force is not the one that it
//! was loaded by.

use prow::grants::Grants;

use super::{Terms, globs};

impl Terms {
    /// These, without what `now` does not grant; never more than either of them. What was taken away is as what a component can
    /// do without: it loads, and is denied that. Limits are no grants, and stay.
    #[must_use]
    pub fn left_by(&self, now: &Terms) -> Terms {
        if self.granted == now.granted && self.secrets == now.secrets {
            return self.clone();
        }
        let granted = common(&self.granted, &now.granted);
        let is_left = |secret: &&super::Secret| now.secrets.contains(secret) && granted.http.contains(&secret.host);
        let secrets = self.secrets.iter().filter(is_left).cloned().collect();
        Terms { granted, optional: either(&self.optional, &self.granted), secrets, limits: self.limits }
    }
}

/// What both grant.
fn common(one: &Grants, other: &Grants) -> Grants {
    let both = |(permission, access): (&_, &_)| Some((*permission, *other.access.get(permission)?.min(access)));
    Grants {
        access: one.access.iter().filter_map(both).collect(),
        repos: in_both(&one.repos, &other.repos),
        http: one.http.iter().filter(|host| other.http.contains(host)).cloned().collect(),
        // None listed is those of the configuration, which a list need not have: there the latest word counts.
        namespaces: match (&*one.namespaces, &*other.namespaces) {
            ([_, ..], [_, ..]) if one.namespaces.iter().all(|glob| other.namespaces.contains(glob)) => {
                one.namespaces.clone()
            }
            _ => other.namespaces.clone(),
        },
    }
}

/// What one of them grants, or both: permissions and hosts, which is what a component asks for.
fn either(one: &Grants, other: &Grants) -> Grants {
    let mut either = Grants { http: one.http.clone(), access: one.access.clone(), ..Grants::default() };
    for (permission, access) in &other.access {
        let held = either.access.entry(*permission).or_insert(*access);
        *held = (*held).max(*access);
    }
    either.http.extend(other.http.iter().filter(|host| !one.http.contains(host)).cloned());
    either
}

/// The globs of each list that are certainly within the other: those that it has, too, and names that it matches.
fn in_both(one: &[String], other: &[String]) -> Vec<String> {
    let within = |glob: &&String, all: &[String]| {
        let is_name = !glob.contains(['*', '?', '[', '{', '\\']);
        all.contains(glob)
            || all.iter().any(|wide| wide == "**")
            || (is_name && globs(all, "grants.repos").is_ok_and(|set| set.is_match(glob.as_str())))
    };
    let mut common: Vec<String> = one.iter().filter(|glob| within(glob, other)).cloned().collect();
    let more: Vec<_> = other.iter().filter(|glob| within(glob, one) && !common.contains(glob)).cloned().collect();
    common.extend(more);
    common
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(old: Value, now: Value, want: Value) {
        let terms =
            |grants: &Value| Terms { granted: serde_json::from_value(grants.clone()).unwrap(), ..Terms::default() };
        let left = terms(&old).left_by(&terms(&now));
        assert_eq!(serde_json::to_value(&left.granted).unwrap(), want, "{old} under {now}");
    }

    #[test]
    fn what_is_left_is_in_both() {
        check(json!({ "issues": "write" }), json!({ "issues": "write" }), json!({ "issues": "write" }));
        check(json!({ "issues": "write" }), json!({ "issues": "read" }), json!({ "issues": "read" }));
        check(json!({ "issues": "read" }), json!({ "issues": "write" }), json!({ "issues": "read" }));
        check(json!({ "issues": "write", "slack": "write" }), json!({ "slack": "write" }), json!({ "slack": "write" }));
        check(json!({ "issues": "read" }), json!({ "contents": "read" }), json!({}));
        let repos = |globs: &[&str]| if globs.is_empty() { json!({}) } else { json!({ "repos": globs }) };
        let check_repos = |old: &[&str], now: &[&str], want: &[&str]| check(repos(old), repos(now), repos(want));
        check_repos(&["o/*"], &[], &[]);
        check_repos(&[], &["o/*"], &[]);
        check_repos(&["o/*"], &["o/a"], &["o/a"]);
        check_repos(&["o/a", "o/b"], &["o/b", "o/c"], &["o/b"]);
        check_repos(&["**"], &["o/*", "p/x"], &["o/*", "p/x"]);
        check_repos(&["o/a*"], &["o/b*"], &[]);
        check(json!({ "http": ["a.b", "c.d"] }), json!({ "http": ["c.d", "e.f"] }), json!({ "http": ["c.d"] }));
        let spaces = |globs: &[&str]| json!({ "namespaces": globs });
        check(spaces(&["a"]), spaces(&["a", "b"]), spaces(&["a"]));
        check(spaces(&["a", "b"]), spaces(&["a"]), spaces(&["a"]));
        check(spaces(&["a"]), spaces(&["b"]), spaces(&["b"]));
        check(spaces(&["a"]), json!({}), json!({}));
    }

    #[test]
    fn a_secret_that_was_taken_away_is_not_left_nor_one_for_a_host_that_was() {
        let secret = |host: &str, file: &str| super::super::Secret {
            host: host.to_owned(),
            header: "authorization".to_owned(),
            file: file.to_owned(),
        };
        let terms = |http: &[&str], secrets: &[super::super::Secret]| Terms {
            granted: Grants { http: http.iter().map(ToString::to_string).collect(), ..Grants::default() },
            secrets: secrets.to_vec(),
            ..Terms::default()
        };
        let old = terms(&["a", "b"], &[secret("a", "1"), secret("b", "2")]);
        for (now, want) in [
            (old.clone(), vec![secret("a", "1"), secret("b", "2")]),
            (terms(&["a", "b"], &[secret("b", "2")]), vec![secret("b", "2")]),
            (terms(&["a", "b"], &[secret("a", "9")]), Vec::new()),
            (terms(&["b"], &[secret("a", "1"), secret("b", "2")]), vec![secret("b", "2")]),
        ] {
            assert_eq!(old.left_by(&now).secrets, want);
        }
    }
}
