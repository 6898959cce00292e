//! The files that plugins are made of, and which of them have changed. A change counts when two looks agree that lie far
//! enough apart. What a file's times and size do not tell, a hash of its content does, now and then.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::Digest as _;
use tokio::task::JoinHandle;

/// How long a file has to be as it is before it counts.
const QUIET: Duration = Duration::from_millis(200);
/// How often contents are hashed at the most.
const HASH: Duration = Duration::from_secs(3);
/// And how much longer that waits than it takes: components may be large.
const REST: u32 = 50;

/// The hashes of the files that can be read, and how long that took.
type Hashes = (BTreeMap<PathBuf, [u8; 32]>, Duration);

/// Files that are looked at.
pub(super) struct Watched {
    seen: BTreeMap<PathBuf, Seen>,
    hashing: Option<JoinHandle<Hashes>>,
    hash_after: Instant,
}

/// What is told of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sight {
    /// It is there. Whether it has changed since somebody read it is not known.
    First,
    /// It is another than before.
    Changed,
}

struct Seen {
    stamp: Stamp,
    since: Instant,
    told: bool,
    sight: Sight,
    /// Of its content, since it was told of.
    hash: Option<[u8; 32]>,
}

impl Watched {
    pub(super) fn new() -> Self {
        Watched { seen: BTreeMap::new(), hashing: None, hash_after: Instant::now() }
    }

    /// Those of `files` that are not as they were when last told of, and have been quiet for long enough.
    pub(super) async fn changed(&mut self, files: BTreeSet<PathBuf>) -> BTreeMap<PathBuf, Sight> {
        if self.hashing.as_ref().is_some_and(JoinHandle::is_finished)
            && let Some(hashing) = self.hashing.take()
            && let Ok((hashes, took)) = hashing.await
        {
            self.compare(hashes, Instant::now());
            self.hash_after = Instant::now() + HASH.max(took * REST);
        }
        let changed = self.look(&files, Stamp::of, Instant::now());
        // At once for what was just told of, which has nothing to be compared with.
        if self.hashing.is_none() && (!changed.is_empty() || Instant::now() >= self.hash_after) {
            self.hashing = Some(tokio::task::spawn_blocking(|| hashes(files)));
        }
        changed
    }

    fn look(
        &mut self,
        files: &BTreeSet<PathBuf>,
        stamp_of: impl Fn(&Path) -> Option<Stamp>,
        now: Instant,
    ) -> BTreeMap<PathBuf, Sight> {
        self.seen.retain(|path, _| files.contains(path));
        let mut changed = BTreeMap::new();
        for path in files {
            // A file that is gone is being replaced, or was deleted by mistake: what is in force stays.
            let Some(stamp) = stamp_of(path) else { continue };
            match self.seen.get_mut(path) {
                Some(seen) if seen.stamp == stamp => {
                    if !seen.told && now.duration_since(seen.since) >= QUIET {
                        seen.told = true;
                        changed.insert(path.clone(), seen.sight);
                    }
                }
                seen => {
                    // What was never told of is as new as it was.
                    let sight = if seen.is_some_and(|seen| seen.told || seen.sight == Sight::Changed) {
                        Sight::Changed
                    } else {
                        Sight::First
                    };
                    self.seen.insert(path.clone(), Seen { stamp, since: now, told: false, sight, hash: None });
                }
            }
        }
        changed
    }

    /// A content that is another, behind the same stamp, is a change like any other.
    fn compare(&mut self, hashes: BTreeMap<PathBuf, [u8; 32]>, now: Instant) {
        for (path, hash) in hashes {
            let Some(seen) = self.seen.get_mut(&path) else { continue };
            if seen.hash.is_some_and(|before| before != hash) {
                (seen.since, seen.told, seen.sight) = (now, false, Sight::Changed);
            }
            seen.hash = Some(hash);
        }
    }
}

fn hashes(files: BTreeSet<PathBuf>) -> Hashes {
    let begun = Instant::now();
    let hash = |path: PathBuf| {
        let mut hasher = sha2::Sha256::new();
        std::io::copy(&mut File::open(&path).ok()?, &mut Hashing(&mut hasher)).ok()?;
        Some((path, hasher.finalize().into()))
    };
    (files.into_iter().filter_map(hash).collect(), begun.elapsed())
}

struct Hashing<'a>(&'a mut sha2::Sha256);

impl std::io::Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What tells one content of a file from another without reading it. Whoever sets a file's times back cannot set this one:
/// the time of its last change, in seconds and nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp((i64, i64), u64, u64);

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let file = std::fs::metadata(path).ok()?;
        Some(Stamp((file.ctime(), file.ctime_nsec()), file.len(), file.ino()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What one look after another tells of a file that has these stamps (none: it is gone), so many milliseconds later.
    #[track_caller]
    fn check(looks: &[(u64, Option<u64>, Option<Sight>)]) {
        let (begun, mut watched) = (Instant::now(), Watched::new());
        let files = BTreeSet::from([PathBuf::from("a.wasm")]);
        for (ms, stamp, want) in looks {
            let stamp_of = |_: &Path| stamp.map(|length| Stamp((0, 0), length, 0));
            let changed = watched.look(&files, stamp_of, begun + Duration::from_millis(*ms));
            assert_eq!(changed.values().next(), want.as_ref(), "{looks:?}: after {ms} ms");
        }
    }

    #[test]
    fn a_change_counts_once_when_it_has_been_quiet() {
        let (first, changed) = (Some(Sight::First), Some(Sight::Changed));
        check(&[(0, Some(1), None), (100, Some(1), None), (199, Some(1), None), (200, Some(1), first)]);
        check(&[(0, Some(1), None), (200, Some(1), first), (400, Some(1), None)]);
        check(&[(0, Some(1), None), (100, Some(2), None), (200, Some(2), None), (300, Some(2), first)]);
        check(&[(0, Some(1), None), (100, None, None), (200, Some(1), first)]);
        check(&[(0, None, None), (200, Some(1), None), (400, Some(1), first)]);
        check(&[(0, Some(1), None), (200, Some(1), first), (300, Some(2), None), (500, Some(2), changed)]);
        let written_in_steps =
            [(300, Some(2), None), (400, Some(3), None), (500, Some(3), None), (600, Some(3), changed)];
        check(&[&[(0, Some(1), None), (200, Some(1), first)], &written_in_steps[..]].concat());
    }

    #[test]
    fn a_content_that_changes_behind_a_stamp_is_a_change() {
        let (begun, mut watched) = (Instant::now(), Watched::new());
        let path = PathBuf::from("a.wasm");
        let files = BTreeSet::from([path.clone()]);
        let mut look = |ms, hash: Option<u8>| {
            let now = begun + Duration::from_millis(ms);
            if let Some(hash) = hash {
                watched.compare(BTreeMap::from([(path.clone(), [hash; 32])]), now);
            }
            watched.look(&files, |_| Some(Stamp((0, 0), 1, 0)), now).into_values().next()
        };
        for (ms, hash, want) in [
            (0, None, None),
            (200, None, Some(Sight::First)),
            (300, Some(1), None),
            (3300, Some(1), None),
            (3600, None, None),
            (6300, Some(2), None),
            (6400, None, None),
            (6500, None, Some(Sight::Changed)),
            (6600, None, None),
            (9300, Some(2), None),
            (9600, None, None),
        ] {
            assert_eq!(look(ms, hash), want, "after {ms} ms");
        }
    }

    #[tokio::test]
    async fn contents_are_hashed_while_files_are_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wasm");
        std::fs::write(&path, "one").unwrap();
        let (mut watched, files) = (Watched::new(), BTreeSet::from([path.clone()]));
        let begun = Instant::now();
        while watched.seen.get(&path).is_none_or(|seen| seen.hash.is_none()) {
            watched.changed(files.clone()).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
            assert!(begun.elapsed() < Duration::from_secs(30), "it is never hashed");
        }
        assert_eq!(watched.seen[&path].hash, Some(sha2::Sha256::digest(b"one").into()));
    }
}
