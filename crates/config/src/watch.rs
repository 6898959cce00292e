//! The configuration that is in force, and its replacement when the files change.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecursiveMode, Watcher as _};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::fault::LoadError;
use crate::load::Loaded;
use crate::source::{SourceFile, Sources, revision};

/// How changes are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchOptions {
    /// How often the contents are compared whatever the file system tells; 2 s unless said otherwise.
    pub poll: Duration,
    /// How long the files must stay as they are before a change counts; 200 ms unless said otherwise.
    pub quiet: Duration,
    /// Whether the file system is asked to tell of changes; network file systems cannot.
    pub listen: bool,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self { poll: Duration::from_secs(2), quiet: Duration::from_millis(200), listen: true }
    }
}

/// What is in force and what went wrong since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The revision in force.
    pub revision: String,
    /// Since when.
    pub loaded_at: Timestamp,
    /// Why the files as they are now do not take effect, with file, line and column; `None` if they did.
    pub last_error: Option<String>,
}

/// The configuration in force. Whoever handles an event takes [`Self::current`] once and keeps it to the end, so that
/// no event sees two. Dropping the handle ends the watching.
#[derive(Debug)]
pub struct ConfigHandle {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    sources: Sources,
    options: WatchOptions,
    loaded: watch::Sender<Arc<Loaded>>,
    loaded_at: Mutex<Timestamp>,
    last_error: Mutex<Option<String>>,
    looks: AtomicU64,
    reloads: AtomicU64,
    failures: AtomicU64,
}

impl ConfigHandle {
    /// Loads the files and watches them from then on. Needs a tokio runtime.
    ///
    /// # Errors
    /// The files cannot take effect: at the start that is fatal.
    pub fn start(sources: Sources, options: WatchOptions) -> Result<Self, LoadError> {
        let loaded = Loaded::from_sources(&sources)?;
        log_warnings(&loaded, &[]);
        let shared = Arc::new(Shared {
            sources,
            options,
            loaded: watch::Sender::new(Arc::new(loaded)),
            loaded_at: Mutex::new(Timestamp::now()),
            last_error: Mutex::new(None),
            looks: AtomicU64::new(0),
            reloads: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        });
        let task = tokio::spawn(follow(Arc::clone(&shared)));
        Ok(Self { shared, task })
    }

    /// The configuration in force.
    pub fn current(&self) -> Arc<Loaded> {
        Arc::clone(&self.shared.loaded.borrow())
    }

    /// Tells of each new configuration. The receiver starts with the one in force, as seen.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Loaded>> {
        self.shared.loaded.subscribe()
    }

    /// What is in force, and why the files as they are now are not.
    pub fn status(&self) -> Status {
        Status {
            revision: self.current().revision.clone(),
            loaded_at: *self.shared.loaded_at.lock().unwrap_or_else(PoisonError::into_inner),
            last_error: self.shared.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// How often the files were read since the start.
    #[cfg(test)]
    pub(crate) fn looks(&self) -> u64 {
        self.shared.looks.load(Ordering::Relaxed)
    }

    /// How many changes took effect since the start.
    pub fn reloads(&self) -> u64 {
        self.shared.reloads.load(Ordering::Relaxed)
    }

    /// How many changes did not.
    pub fn failures(&self) -> u64 {
        self.shared.failures.load(Ordering::Relaxed)
    }
}

impl Drop for ConfigHandle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The files at one moment: their bytes, or why there are none. Two of them are compared, never a time: config maps
/// and checkouts set times as they like.
#[derive(Clone)]
struct Snapshot {
    identity: String,
    files: Result<Vec<SourceFile>, LoadError>,
}

async fn follow(shared: Arc<Shared>) {
    let (changed, mut changes) = mpsc::channel(1);
    let _listener = shared.options.listen.then(|| listen(&shared.sources, changed)).flatten();
    let mut tried = shared.loaded.borrow().revision.clone();
    // What changed between the first reading and the listening nobody has told of.
    let mut is_due = true;
    loop {
        if !std::mem::take(&mut is_due) {
            // A listener that is gone, or never was, leaves the poll.
            let told = async {
                if changes.recv().await.is_none() {
                    std::future::pending::<()>().await;
                }
            };
            let _ = timeout(shared.options.poll, told).await;
        }
        let Some(mut seen) = snapshot(&shared).await else { continue };
        if seen.identity == tried {
            // Something else beside the files may change all the time, a log for example.
            sleep(shared.options.quiet).await;
            continue;
        }
        loop {
            sleep(shared.options.quiet).await;
            while changes.try_recv().is_ok() {}
            let Some(again) = snapshot(&shared).await else { continue };
            if again.identity == seen.identity {
                break;
            }
            seen = again;
        }
        tried = seen.identity.clone();
        take_effect(&shared, seen).await;
    }
}

/// Reads the files off the async threads; `None` only if the runtime is going down.
async fn snapshot(shared: &Shared) -> Option<Snapshot> {
    shared.looks.fetch_add(1, Ordering::Relaxed);
    let sources = shared.sources.clone();
    let read = tokio::task::spawn_blocking(move || match sources.read() {
        Ok(files) => Snapshot { identity: revision(&files), files: Ok(files) },
        Err(faults) => {
            let error = LoadError { faults };
            Snapshot { identity: error.to_string(), files: Err(error) }
        }
    });
    read.await.ok()
}

async fn take_effect(shared: &Shared, seen: Snapshot) {
    let current = Arc::clone(&shared.loaded.borrow());
    let before = Arc::clone(&current);
    let loaded = match seen.files {
        // The files went back to what is in force already.
        Ok(_) if seen.identity == current.revision => {
            *shared.last_error.lock().unwrap_or_else(PoisonError::into_inner) = None;
            tracing::info!(revision = %current.revision, "the configuration is as it was again");
            return;
        }
        Ok(files) => match tokio::task::spawn_blocking(move || Loaded::from_files_after(files, Some(&before))).await {
            Ok(loaded) => loaded,
            Err(_) => return,
        },
        Err(error) => Err(error),
    };
    match loaded {
        Ok(loaded) => {
            log_warnings(&loaded, &current.warnings);
            tracing::info!(revision = %loaded.revision, "a new configuration was read");
            *shared.loaded_at.lock().unwrap_or_else(PoisonError::into_inner) = Timestamp::now();
            *shared.last_error.lock().unwrap_or_else(PoisonError::into_inner) = None;
            shared.reloads.fetch_add(1, Ordering::Relaxed);
            shared.loaded.send_replace(Arc::new(loaded));
        }
        Err(error) => {
            tracing::error!(revision = %current.revision, %error, "the changed configuration does not take effect; the one before stands");
            *shared.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
            shared.failures.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Says what was not said `before`: of a file that nobody mends, a change of another one brings nothing new.
fn log_warnings(loaded: &Loaded, before: &[String]) {
    for warning in loaded.warnings.iter().filter(|warning| !before.contains(warning)) {
        tracing::warn!("{warning}");
    }
}

/// Has the file system tell of changes in the files' directories; directories and not files, since a file that is
/// replaced by rename, or a link that is turned, is another file afterwards.
fn listen(sources: &Sources, changed: mpsc::Sender<()>) -> Option<notify::RecommendedWatcher> {
    let watcher = notify::recommended_watcher(move |told: notify::Result<notify::Event>| {
        if told.is_ok_and(|event| !tells_of_a_change(event.kind)) {
            return;
        }
        // Full means that a look is due already.
        let _ = changed.try_send(());
    });
    let mut watcher = match watcher {
        Ok(watcher) => watcher,
        Err(error) => {
            tracing::warn!(%error, "the file system cannot tell of changes; they are found by polling");
            return None;
        }
    };
    for (folder, mode) in folders(sources) {
        if let Err(error) = watcher.watch(&folder, mode) {
            tracing::warn!(%error, folder = %folder.display(), "changes here are found by polling only");
        }
    }
    Some(watcher)
}

/// Reading is told of as well: each look would be the reason for the next one, ours and that of every other process
/// that watches the same files.
fn tells_of_a_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => true,
    }
}

fn folders(sources: &Sources) -> Vec<(PathBuf, RecursiveMode)> {
    let parent = |path: &Path| {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        (parent.unwrap_or(Path::new(".")).to_owned(), RecursiveMode::NonRecursive)
    };
    let mut all = vec![parent(&sources.config_path)];
    all.extend(sources.plugin_config.as_deref().map(parent));
    all.extend(
        sources
            .job_config_path
            .as_deref()
            .map(|path| if path.is_dir() { (path.to_owned(), RecursiveMode::Recursive) } else { parent(path) }),
    );
    let shards = sources.config_shards.folders.iter().chain(&sources.plugin_shards.folders);
    all.extend(shards.map(|folder| (folder.clone(), RecursiveMode::Recursive)));
    all
}
