//! Where problems stand in their files.

use prow::problem::Problem;

use crate::fault::{Fault, Position};
use crate::node::Node;
use crate::source::SourceFile;
use crate::yaml;

/// Where problems stand. Documents are large, and hardly ever needed: those of job files are read again for it.
pub(crate) struct Places<'a> {
    pub(crate) files: &'a [SourceFile],
    pub(crate) documents: Vec<(String, Node)>,
}

impl Places<'_> {
    /// The problem with its line and column.
    pub(crate) fn fault(&mut self, problem: Problem) -> Fault {
        let at = self.document(&problem.file).map_or(Position::START, |document| document.position_of(&problem.path));
        let path = if problem.path.0.is_empty() { String::new() } else { format!("`{}`: ", problem.path) };
        Fault { file: problem.file, at, message: format!("{path}{}", problem.message) }
    }

    pub(crate) fn document(&mut self, name: &str) -> Option<&Node> {
        let known = self.documents.iter().position(|(file, _)| file == name);
        let index = match known {
            Some(index) => index,
            None => {
                let file = self.files.iter().find(|file| file.name() == name)?;
                let document = yaml::parse(name, &file.text().ok()?).ok()?;
                self.documents.push((name.to_owned(), document));
                self.documents.len() - 1
            }
        };
        self.documents.get(index).map(|(_, document)| document)
    }
}
