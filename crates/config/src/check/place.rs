//! Which file and line a problem stands in, also where several files are one.

use prow::problem::{KeyPath, Problem, Segment};

use crate::fault::Fault;
use crate::node::{Kind, Node};
use crate::places::Places;
use crate::source::{Role, SourceFile};

/// Finds places. A problem of config.yaml may be one of a supplemental file: the whole is checked as one.
pub(super) struct Locator<'a> {
    places: Places<'a>,
    core: String,
    shards: Vec<String>,
}

impl<'a> Locator<'a> {
    pub(super) fn new(files: &'a [SourceFile]) -> Self {
        let named = |role: Role| files.iter().filter(move |file| file.role == role).map(SourceFile::name);
        let core = named(Role::Core).next().unwrap_or_default();
        Self { places: Places { files, documents: Vec::new() }, core, shards: named(Role::ConfigShard).collect() }
    }

    pub(super) fn all(&mut self, problems: Vec<Problem>) -> Vec<Fault> {
        let placed = problems.into_iter().map(|problem| {
            let problem = if problem.file == self.core { self.written(problem) } else { problem };
            self.places.fault(problem)
        });
        placed.collect()
    }

    /// The same problem with the file in which it was written, and the place there.
    fn written(&mut self, problem: Problem) -> Problem {
        if self.shards.is_empty() {
            return problem;
        }
        if let Some((index, rest)) = of_query(&problem.path) {
            return self.in_queries(index, rest, &problem).unwrap_or(problem);
        }
        let names = std::iter::once(&self.core).chain(&self.shards);
        let depth = |places: &mut Places<'_>, name: &str| {
            places.document(name).map_or(0, |document| document.depth_of(&problem.path))
        };
        let mut best = (0, self.core.clone());
        for name in names {
            let depth = depth(&mut self.places, name);
            if depth > best.0 {
                best = (depth, name.clone());
            }
        }
        Problem { file: best.1, ..problem }
    }

    /// The queries of supplemental files are put behind those before them.
    fn in_queries(&mut self, index: usize, rest: Vec<Segment>, problem: &Problem) -> Option<Problem> {
        let at = KeyPath::root().key("tide").key("queries");
        let mut left = index;
        for name in std::iter::once(&self.core).chain(&self.shards) {
            let count = self.places.document(name).map_or(0, queries);
            if left < count {
                let mut path = at.index(left);
                path.0.extend(rest);
                return Some(Problem { file: name.clone(), path, message: problem.message.clone() });
            }
            left -= count;
        }
        None
    }
}

/// `tide.queries[3].labels`: 3, and the rest.
fn of_query(path: &KeyPath) -> Option<(usize, Vec<Segment>)> {
    match path.0.as_slice() {
        [Segment::Key(tide), Segment::Key(queries), Segment::Index(index), rest @ ..]
            if tide == "tide" && queries == "queries" =>
        {
            Some((*index, rest.to_vec()))
        }
        _ => None,
    }
}

/// How many queries a document has.
fn queries(document: &Node) -> usize {
    fn entry<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
        let Kind::Map(entries) = &node.kind else { return None };
        entries.iter().find(|(own, _)| own.text == key).map(|(_, value)| value)
    }
    let list = entry(document, "tide").and_then(|tide| entry(tide, "queries"));
    list.map_or(0, |list| if let Kind::List(items) = &list.kind { items.len() } else { 0 })
}
