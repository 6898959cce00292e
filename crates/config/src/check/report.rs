//! All that was found.

use std::collections::BTreeMap;

use super::finding::{Finding, Level};
use crate::fault::Fault;
use crate::source::SourceFile;

/// All that was found.
#[derive(Debug, Default)]
pub struct Report {
    /// By file and place.
    pub findings: Vec<Finding>,
    /// Warnings that were asked for and not looked for, or not for all of what they are, and why.
    pub not_checked: Vec<(&'static str, String)>,
    /// Texts of files that are not among the sources, by name.
    others: BTreeMap<String, String>,
}

impl Report {
    pub(super) fn faults(&mut self, level: Level, rule: &'static str, faults: impl IntoIterator<Item = Fault>) {
        let finding = |fault| Finding { level, rule, fault, line: None };
        self.findings.extend(faults.into_iter().map(finding));
    }

    pub(super) fn not_checked(&mut self, rule: &'static str, why: impl Into<String>) {
        self.not_checked.push((rule, why.into()));
    }

    /// Notes what stands in a file that is not among the sources.
    pub(super) fn text(&mut self, file: String, text: String) {
        self.others.insert(file, text);
    }

    /// In order, with the lines that are meant.
    pub(super) fn finished(mut self, files: &[SourceFile]) -> Self {
        let mut texts = std::mem::take(&mut self.others);
        for finding in &mut self.findings {
            let name = &finding.fault.file;
            if !texts.contains_key(name) {
                let file = files.iter().find(|file| file.name() == *name);
                texts.insert(name.clone(), file.and_then(|file| file.text().ok()).unwrap_or_default());
            }
            let lines = texts.get(name).map(|text| text.strip_prefix('\u{feff}').unwrap_or(text));
            finding.line =
                lines.and_then(|text| text.lines().nth(finding.fault.at.line.saturating_sub(1))).map(str::to_owned);
        }
        self.findings.sort_by(|a, b| {
            let key = |it: &Finding| (it.fault.file.clone(), it.fault.at, it.level, it.rule);
            key(a).cmp(&key(b))
        });
        self
    }

    /// How many findings there are of a level.
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }
}
