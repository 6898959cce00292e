//! plugins.yaml in several files: a main one, and those of supplemental directories, each with a part.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::RawPlugins;
use crate::job_config::Named;
use crate::problem::{KeyPath, Problem, Problems};
use crate::settings::{BugzillaBlock, LabelBlock};

/// Blocks that files beside the main one may have too.
const MERGED: [&str; 6] = ["approve", "bugzilla", "label", "lgtm", "triggers", "welcome"];

/// Where the parts of the whole were written.
#[derive(Debug, Clone, Default)]
pub(super) struct Origins {
    main: String,
    /// By their place in the whole: the file and the place in it.
    moved: BTreeMap<KeyPath, (String, KeyPath)>,
}

impl Origins {
    fn note(&mut self, path: KeyPath, file: &str, own: KeyPath) {
        self.moved.insert(path, (file.to_owned(), own));
    }

    /// The file in which this place of the whole was written, and the place in that file.
    fn of(&self, path: &KeyPath) -> (&str, KeyPath) {
        for end in (1..=path.0.len()).rev() {
            let (outer, inner) = path.0.split_at(end);
            if let Some((file, own)) = self.moved.get(&KeyPath(outer.to_vec())) {
                return (file, KeyPath([own.0.as_slice(), inner].concat()));
            }
        }
        (&self.main, path.clone())
    }

    /// What was found in the whole, with the places where it was written.
    pub(super) fn placed(&self, found: Problems) -> Vec<Problem> {
        let placed = |problem: Problem| {
            let (file, path) = self.of(&problem.path);
            Problem { file: file.to_owned(), path, message: problem.message }
        };
        found.into_vec().into_iter().map(placed).collect()
    }
}

/// The whole. Maps must not share a key, lists are put behind one another in the order of the files.
///
/// Behaviour: Prow pkg/plugins/config.go, `mergeFrom`. What is wrong goes to `problems`, with its own file.
pub(super) fn merge(
    main: Named<RawPlugins>,
    shards: Vec<Named<RawPlugins>>,
    problems: &mut Problems,
) -> (RawPlugins, Origins) {
    let mut whole = main.raw;
    let mut origins = Origins { main: main.file, moved: BTreeMap::new() };
    for Named { file, raw } in shards {
        refuse_others(&raw, &file, problems);
        let RawPlugins { plugins, external_plugins, blocks, .. } = raw;
        let mut merge = Merge { file: &file, origins: &mut origins, problems };
        let at = |key: &str| KeyPath::root().key(key);
        merge.join(&mut whole.plugins, plugins, &at("plugins"));
        merge.join(&mut whole.external_plugins, external_plugins, &at("external_plugins"));
        let all = &mut whole.blocks;
        merge.append(&mut all.approve, blocks.approve, &at("approve"));
        merge.append(&mut all.lgtm, blocks.lgtm, &at("lgtm"));
        merge.append(&mut all.triggers, blocks.triggers, &at("triggers"));
        merge.append(&mut all.welcome, blocks.welcome, &at("welcome"));
        merge.bugzilla(&mut all.bugzilla, blocks.bugzilla);
        merge.labels(&mut all.label, blocks.label);
    }
    (whole, origins)
}

/// What stands for everyone, or grants anything, has one place.
fn refuse_others(raw: &RawPlugins, file: &str, problems: &mut Problems) {
    let mut refuse = |path: KeyPath| {
        let why = "this cannot be said in a supplemental file: move it to the main plugins.yaml";
        problems.add(file, path, why);
    };
    let ours = [("modules", raw.modules.is_empty()), ("signatures", raw.signatures.is_empty())];
    let ours = ours.into_iter().filter(|(_, is_empty)| !is_empty).map(|(key, _)| key);
    let others = raw.blocks.filled().into_iter().filter(|key| !MERGED.contains(key));
    others.chain(ours).for_each(|key| refuse(KeyPath::root().key(key)));
    if !raw.blocks.label.additional_labels.is_empty() {
        refuse(KeyPath::root().key("label").key("additional_labels"));
    }
}

/// One file on its way into the whole.
struct Merge<'a> {
    file: &'a str,
    origins: &'a mut Origins,
    problems: &'a mut Problems,
}

impl Merge<'_> {
    fn twice(&mut self, path: KeyPath) {
        let (other, _) = self.origins.of(&path);
        let why = format!("{other} has this too: keep it in one of the two files");
        self.problems.add(self.file, path, why);
    }

    fn join<T>(&mut self, whole: &mut BTreeMap<String, T>, part: BTreeMap<String, T>, at: &KeyPath) {
        for (key, value) in part {
            let path = at.key(&key);
            match whole.entry(key) {
                Entry::Occupied(_) => self.twice(path),
                Entry::Vacant(place) => {
                    self.origins.note(path.clone(), self.file, path);
                    place.insert(value);
                }
            }
        }
    }

    fn append<T>(&mut self, whole: &mut Vec<T>, part: Vec<T>, at: &KeyPath) {
        for (index, value) in part.into_iter().enumerate() {
            self.origins.note(at.index(whole.len()), self.file, at.index(index));
            whole.push(value);
        }
    }

    fn bugzilla(&mut self, whole: &mut BugzillaBlock, part: BugzillaBlock) {
        let root = KeyPath::root().key("bugzilla");
        self.defaults(&mut whole.default, part.default, root.key("default"));
        for (name, org) in part.orgs {
            let at = root.key("orgs").key(&name);
            let own = whole.orgs.entry(name).or_default();
            self.defaults(&mut own.default, org.default, at.key("default"));
            self.join(&mut own.repos, org.repos, &at.key("repos"));
        }
    }

    fn defaults<T>(&mut self, whole: &mut Option<T>, part: Option<T>, at: KeyPath) {
        match part {
            Some(_) if whole.is_some() => self.twice(at),
            Some(part) => {
                self.origins.note(at.clone(), self.file, at);
                *whole = Some(part);
            }
            None => {}
        }
    }

    fn labels(&mut self, whole: &mut LabelBlock, part: LabelBlock) {
        let root = KeyPath::root().key("label").key("restricted_labels");
        for (scope, labels) in part.restricted_labels {
            let at = root.key(&scope);
            let all = whole.restricted_labels.entry(scope).or_default();
            for (index, label) in labels.iter().enumerate() {
                if let Some(other) = all.iter().position(|other| other.label == label.label) {
                    let (other, _) = self.origins.of(&at.index(other));
                    let why = format!("{other} restricts `{}` too: keep it in one of the two files", label.label);
                    self.problems.add(self.file, at.index(index), why);
                }
            }
            self.append(all, labels, &at);
        }
    }
}
