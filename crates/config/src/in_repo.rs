//! Jobs that a repository defines itself: which of its files count, and what they say.
//!
//! Behaviour: Prow pkg/config/inrepoconfig.go, `ReadProwYAML`.

mod size;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use prow::in_repo::{OwnJobs, RawProwYaml};
use prow::job_config::{Config, Named};

use crate::fault::{Fault, LoadError, Position};
use crate::parsed;
use crate::places::Places;
use crate::pods;
use crate::yaml;

/// The folder. Where it is, [`FILE`] does not count.
pub const FOLDER: &str = ".prow";
/// The file.
pub const FILE: &str = ".prow.yaml";
/// How many values all files may unfold to: who opens a pull request writes them.
const MAX_VALUES: usize = 150_000;
/// Lines of all `.prowignore`s: each is compiled to an expression.
const MAX_PATTERNS: usize = 1000;
/// What names files that do not count, as a `.gitignore` would; in the root, in [`FOLDER`] or below.
pub const IGNORE: &str = ".prowignore";

/// One file of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFile {
    /// From the root on.
    pub path: String,
    /// What stands in it.
    pub bytes: Vec<u8>,
}

/// What a repository's files say.
#[derive(Debug)]
pub struct Own {
    /// The jobs.
    pub jobs: OwnJobs,
    /// What is read over, each `file:line:column: what`.
    pub warnings: Vec<String>,
}

/// Whether a file has a part in it, as far as its path tells.
pub fn has_part(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    path == FILE || path == IGNORE || (is_below(path) && (name == IGNORE || is_yaml(name)))
}

/// Whether a path is in [`FOLDER`].
pub fn is_below(path: &str) -> bool {
    path.strip_prefix(FOLDER).is_some_and(|rest| rest.starts_with('/'))
}

fn is_yaml(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}

/// Reads and checks those of these files that count. `has_folder`: there is a [`FOLDER`], whatever is in it.
///
/// # Errors
/// Everything that is wrong, as far as it can be told at once, as for config.yaml. Then none of the files counts.
pub fn read(config: &Config, (org, repo): (&str, &str), has_folder: bool, files: &[OwnFile]) -> Result<Own, LoadError> {
    let (mut documents, mut raws) = (Vec::new(), Vec::new());
    let (mut faults, mut warnings) = (Vec::new(), Vec::new());
    if has_folder && files.iter().any(|file| file.path == FILE) {
        warnings.push(format!("{FILE}:1:1: there is a folder {FOLDER}, beside which this file has no effect"));
    }
    let mut room = MAX_VALUES;
    for file in counting(has_folder, files)? {
        let read = text(file).and_then(|text| {
            let values = size::unfolded(text, room).ok_or_else(|| too_much(&file.path))?;
            room -= values;
            let mut read = yaml::read::<RawProwYaml>(&file.path, text)?;
            let of_pods = pods::unknown_keys_of_own(&read.document);
            read.unread.extend(of_pods.map_err(|error| error.into_fault(&file.path, read.document.at))?);
            Ok(read)
        });
        match read {
            Err(fault) => faults.push(fault),
            Ok(read) => {
                warnings.extend(parsed::warnings(&file.path, read.unread));
                documents.push((file.path.clone(), read.document));
                raws.push(Named { file: file.path.clone(), raw: read.value });
            }
        }
    }
    // Without all of the files, jobs that need what they hold would be found wrong too.
    if !faults.is_empty() {
        return Err(LoadError { faults });
    }
    let mut places = Places { files: &[], documents };
    let checked = config.check_own_jobs(org, repo, raws);
    let mut jobs = checked.map_err(|problems| LoadError {
        faults: problems.into_iter().map(|problem| places.fault(problem)).collect(),
    })?;
    let odd = std::mem::take(&mut jobs.warnings).into_iter();
    warnings.extend(odd.map(|warning| places.fault(warning).to_string()));
    Ok(Own { jobs, warnings })
}

fn too_much(file: &str) -> Fault {
    Fault {
        file: file.to_owned(),
        at: Position::START,
        message: format!(
            "up to this file there are over {MAX_VALUES} values: that is more than a repository may define itself"
        ),
    }
}

/// The files that count, in the order in which a walk through the folder comes to them.
fn counting(has_folder: bool, files: &[OwnFile]) -> Result<Vec<&OwnFile>, LoadError> {
    if !has_folder {
        return Ok(files.iter().filter(|file| file.path == FILE).collect());
    }
    let ignores = Ignores::of(files).map_err(|fault| LoadError { faults: vec![fault] })?;
    let counts = |file: &&OwnFile| is_below(&file.path) && is_yaml(&file.path) && !ignores.has(&file.path);
    let mut counting: Vec<_> = files.iter().filter(counts).collect();
    counting.sort_by(|a, b| a.path.split('/').cmp(b.path.split('/')));
    Ok(counting)
}

fn text(file: &OwnFile) -> Result<&str, Fault> {
    std::str::from_utf8(&file.bytes).map_err(|error| Fault {
        file: file.path.clone(),
        at: Position::START,
        message: format!("this is not UTF-8 text ({error}): save it as UTF-8"),
    })
}

/// All `.prowignore`s, by the folders that they stand in (with a slash at the end; the root is empty).
struct Ignores(BTreeMap<String, Gitignore>);

impl Ignores {
    fn of(files: &[OwnFile]) -> Result<Self, Fault> {
        let (mut all, mut patterns) = (BTreeMap::new(), 0);
        for file in files {
            let Some(folder) = file.path.strip_suffix(IGNORE).filter(|it| it.is_empty() || it.ends_with('/')) else {
                continue;
            };
            let mut builder = GitignoreBuilder::new("");
            let wrong = |line: usize, error: ignore::Error| Fault {
                file: file.path.clone(),
                at: Position { line, column: 1 },
                message: format!("this is no pattern of files to ignore ({error}): correct it"),
            };
            for (at, line) in text(file)?.lines().enumerate() {
                patterns += 1;
                if patterns > MAX_PATTERNS {
                    return Err(Fault {
                        file: file.path.clone(),
                        at: Position { line: at + 1, column: 1 },
                        message: format!(
                            "up to here there are over {MAX_PATTERNS} lines in {IGNORE} files: that is more than a \
                             repository may have"
                        ),
                    });
                }
                builder.add_line(None, line).map_err(|error| wrong(at + 1, error))?;
            }
            all.insert(folder.to_owned(), builder.build().map_err(|error| wrong(1, error))?);
        }
        Ok(Self(all))
    }

    /// The list that is nearest to the file and says something about it decides.
    fn has(&self, path: &str) -> bool {
        let mut folder = path;
        while let Some((parent, _)) = folder.rsplit_once('/') {
            folder = parent;
            if let Some(said) = self.says(&format!("{folder}/"), path) {
                return said;
            }
        }
        self.says("", path).unwrap_or_default()
    }

    fn says(&self, folder: &str, path: &str) -> Option<bool> {
        let below = path.strip_prefix(folder)?;
        match self.0.get(folder)?.matched_path_or_any_parents(below, false) {
            Match::None => None,
            Match::Ignore(_) => Some(true),
            Match::Whitelist(_) => Some(false),
        }
    }
}
