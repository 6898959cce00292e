//! One file of jobs, or config.yaml, read into its types.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use prow::problem::{KeyPath, Segment};
use prow::raw_config::{RawConfig, UNREAD_KEYS};

use crate::de::Unread;
use crate::fault::{Fault, Position};
use crate::pods;
use crate::source::SourceFile;
use crate::yaml::{self, Read};

/// Fewer are not worth a thread.
const FILES_A_THREAD: usize = 16;

/// What a file says.
#[derive(Debug)]
pub(crate) struct Parsed<T> {
    pub(crate) value: T,
    /// Keys without effect, each `file:line:column: what`, in the file's order.
    pub(crate) warnings: Vec<String>,
}

/// Reads config.yaml or a file of jobs.
pub(crate) fn config(file: &SourceFile) -> Result<Parsed<RawConfig>, Fault> {
    let name = file.name();
    let text = file.text()?;
    let Read { value, document, mut unread } = yaml::read::<RawConfig>(&name, &text)?;
    unread.extend(pods::unknown_keys(&document).map_err(|error| error.into_fault(&name, document.at))?);
    unread.retain(|unread| !may_hold_anything(&unread.path));
    Ok(Parsed { value, warnings: warnings(&name, unread) })
}

/// Reads files of jobs in their order, on as many threads as there are processors: a large installation has hundreds of files,
/// and most of what a configuration takes to load is this.
pub(crate) fn configs(files: &[&SourceFile]) -> Vec<Result<Parsed<RawConfig>, Fault>> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(files.len() / FILES_A_THREAD);
    if threads < 2 {
        return files.iter().map(|file| config(file)).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mine = std::iter::from_fn(|| {
            let index = next.fetch_add(1, Ordering::Relaxed);
            files.get(index).map(|file| (index, config(file)))
        });
        mine.collect::<Vec<_>>()
    };
    let mut read: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut read = work();
        for worker in workers {
            read.extend(worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        read
    });
    read.sort_by_key(|(index, _)| *index);
    read.into_iter().map(|(_, read)| read).collect()
}

/// The keys that nobody reads as warnings; those within one that is not read are not told of one by one, and what an anchor
/// names is told of where it stands, however often it is read.
pub(crate) fn warnings(file: &str, mut unread: Vec<Unread>) -> Vec<String> {
    unread.sort_by_key(|unread| unread.at);
    unread.dedup_by_key(|unread| unread.at);
    unread.iter().map(|unread| unread_warning(file, &unread.path, unread.at)).collect()
}

fn may_hold_anything(path: &KeyPath) -> bool {
    matches!(path.0.first(), Some(Segment::Key(key)) if UNREAD_KEYS.iter().any(|known| known.eq_ignore_ascii_case(key)))
}

/// What is said of such a key, last.
pub(crate) const NO_EFFECT: &str = "is not known here and has no effect";

/// A key without effect, as a line for people.
fn unread_warning(file: &str, path: &KeyPath, at: Position) -> String {
    format!("{file}:{}:{}: the key `{path}` {NO_EFFECT}", at.line, at.column)
}
