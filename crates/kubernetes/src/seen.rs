//! What a watch has told, so that a list tells no more than what is different.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use store::{Change, Revision, StoreError};

use crate::changes::{read, version_of};

/// By name, the identity and the version of each object that was told last.
#[derive(Debug, Default)]
pub(crate) struct Seen(HashMap<String, Told>);

#[derive(Debug, PartialEq, Eq)]
struct Told {
    uid: String,
    version: String,
}

impl Told {
    fn of(object: &Value) -> Self {
        Self { uid: object["metadata"]["uid"].as_str().unwrap_or_default().to_owned(), version: version_of(object) }
    }
}

impl Seen {
    /// What to tell about one object that is there: nothing if it was told already. One that cannot be read is told of once.
    pub(crate) fn put(&mut self, object: Value) -> Option<Result<Change, StoreError>> {
        let told = Told::of(&object);
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        if self.0.get(name) == Some(&told) {
            return None;
        }
        self.0.insert(name.to_owned(), told);
        Some(read(object))
    }

    /// An object is gone, and told to be.
    pub(crate) fn forget(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// What to tell when this is all there is, at `version`: deletions first, then changes by their age. An object that was
    /// replaced by another of its name is told as gone, too.
    pub(crate) fn all(&mut self, mut objects: Vec<Value>, version: &str) -> Vec<Result<Change, StoreError>> {
        let there: HashSet<(&str, &str)> = objects
            .iter()
            .filter_map(|object| Some((object["metadata"]["name"].as_str()?, object["metadata"]["uid"].as_str()?)))
            .collect();
        let mut gone: Vec<String> = self
            .0
            .iter()
            .filter(|(name, told)| !there.contains(&(name.as_str(), told.uid.as_str())))
            .map(|(name, _)| name.clone())
            .collect();
        gone.sort_unstable();
        let mut changes = Vec::new();
        for name in gone {
            self.0.remove(&name);
            changes.push(version.parse().map(|revision| Change::Gone { name, revision }));
        }
        objects.sort_by_key(|object| version_of(object).parse::<Revision>().ok());
        changes.extend(objects.into_iter().filter_map(|object| self.put(object)));
        changes
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(name: &str, uid: &str, version: u64) -> Value {
        json!({ "metadata": { "name": name, "uid": uid, "resourceVersion": version.to_string() },
            "spec": { "type": "periodic", "job": "j" } })
    }

    fn told(changes: Vec<Result<Change, StoreError>>) -> Vec<String> {
        let line = |change: Result<Change, StoreError>| match change {
            Ok(Change::Put(job, revision)) => format!("put {} {revision}", job.name()),
            Ok(Change::Gone { name, revision }) => format!("gone {name} {revision}"),
            Err(error) => format!("error {error}"),
        };
        changes.into_iter().map(line).collect()
    }

    #[test]
    fn a_list_tells_what_is_different_and_no_more() {
        let mut seen = Seen::default();
        let first = vec![object("a", "1", 9), object("b", "2", 5), object("c", "3", 7)];
        assert_eq!(told(seen.all(first.clone(), "9")), ["put b 5", "put c 7", "put a 9"]);
        assert_eq!(told(seen.all(first, "12")), [""; 0], "nothing has happened");
        // One is as it was, one has changed, one was replaced, one is new; and then one is gone.
        let second = vec![object("a", "1", 9), object("b", "2", 11), object("c", "4", 10), object("d", "5", 12)];
        assert_eq!(told(seen.all(second, "13")), ["gone c 13", "put c 10", "put b 11", "put d 12"]);
        let third = vec![object("a", "1", 9), object("b", "2", 11), object("d", "5", 12)];
        assert_eq!(told(seen.all(third, "20")), ["gone c 20"]);
    }

    #[test]
    fn an_event_that_a_list_has_told_is_not_told_again() {
        let mut seen = Seen::default();
        seen.all(vec![object("a", "1", 9)], "9");
        assert!(seen.put(object("a", "1", 9)).is_none());
        assert!(seen.put(object("a", "1", 10)).is_some());
        seen.forget("a");
        assert!(seen.put(object("a", "1", 10)).is_some());
    }

    #[test]
    fn what_cannot_be_read_is_told_once() {
        let mut seen = Seen::default();
        let mut broken = object("a", "1", 9);
        broken["spec"] = json!({});
        let errors = told(seen.all(vec![broken.clone(), object("b", "2", 10)], "10"));
        assert!(errors[0].contains("`a` is no ProwJob") && errors[1] == "put b 10", "{errors:?}");
        assert_eq!(told(seen.all(vec![broken, object("b", "2", 10)], "11")), [""; 0]);
    }
}
