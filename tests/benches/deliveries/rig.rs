//! A host as a process, with plugins that find nothing to do, and what is measured of it.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use store::{Counts, Inbox};
use tests::measure::Sample;
use tests::world::{self, Options, World};

use crate::body::{REPO, SECRET};

/// Jobs of the repository: what trigger has to look through.
const JOBS: usize = 20;
/// Ticks a second in which Linux tells processes of processor time.
const USER_HZ: u64 = 100;
/// How long anything may take.
const LONG: Duration = Duration::from_secs(600);

pub(crate) struct Rig(World);

impl Rig {
    pub(crate) async fn start(plugins: &[&str]) -> Self {
        let jobs: String = (0..JOBS)
            .map(|number| {
                format!(
                    "  - name: job-{number}\n    always_run: {}\n    spec: {{ containers: [{{ image: x }}] }}\n",
                    number % 2 == 0
                )
            })
            .collect();
        let config = format!("presubmits:\n  {REPO}:\n{jobs}");
        let plugins = format!("plugins:\n  {REPO}:\n    plugins: [{}]\n", plugins.join(", "));
        let options = Options { started: false, ..Options::new(config, plugins) };
        let mut world = World::start(options).await.unwrap();
        world::write(world.dir(), "hmac", SECRET.as_bytes()).unwrap();
        world.start_host().unwrap();
        world.ready().await.unwrap();
        Rig(world)
    }

    pub(crate) fn dir(&self) -> &Path {
        self.0.dir()
    }

    pub(crate) fn hook(&self) -> String {
        self.0.hook_url()
    }

    pub(crate) fn inbox_file(&self) -> PathBuf {
        self.0.inbox_file()
    }

    pub(crate) async fn inbox(&self) -> Inbox {
        self.0.inbox().await.unwrap()
    }

    pub(crate) fn pid(&mut self) -> u32 {
        self.0.host().unwrap().pid()
    }

    pub(crate) async fn stop(&mut self) {
        self.settled().await;
        self.0.release_host().unwrap().stop();
    }

    pub(crate) fn start_only(&mut self) {
        self.0.start_host().unwrap();
    }

    pub(crate) async fn restart(&mut self) {
        self.start_only();
        self.0.ready().await.unwrap();
    }

    /// Waits until every delivery is done with.
    pub(crate) async fn settled(&mut self) {
        let inbox = self.inbox().await;
        let left = |counts: &Counts| counts.undispatched + counts.queued + counts.parked;
        self.0
            .wait("all deliveries to be done", LONG, async |_| match inbox.counts().await {
                Ok(counts) if left(&counts) == 0 => Ok(()),
                Ok(counts) => Err(format!("{counts:?}")),
                Err(error) => Err(error.to_string()),
            })
            .await
            .unwrap();
    }

    /// Tasks whose plugin found nothing to do.
    pub(crate) async fn ignored(&self) -> usize {
        let text = self.0.metrics().await.unwrap();
        let handled = "prow_plugin_handle_duration_seconds_count{";
        let lines = text.lines().filter(|line| line.starts_with(handled) && line.contains("took_action=\"false\""));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok()).sum()
    }

    /// What the host's process has taken of the processors so far.
    pub(crate) fn processor_time(&mut self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        // The name, in brackets, may hold anything; after it come the fields from the third on.
        let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(1000 / USER_HZ) * u32::try_from(ticks).unwrap()
    }
}

/// Syncs the same disk now and then, to know what that takes.
pub(crate) struct Fdatasync {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Duration>>,
}

impl Fdatasync {
    pub(crate) fn start(dir: &Path, bytes: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (seen, mut file) = (stop.clone(), File::create(dir.join("probe")).unwrap());
        let thread = std::thread::spawn(move || {
            let (mut took, block) = (Vec::new(), vec![b'x'; bytes]);
            while !seen.load(Ordering::Relaxed) {
                let begun = Instant::now();
                file.write_all(&block).unwrap();
                file.sync_data().unwrap();
                took.push(begun.elapsed());
                std::thread::sleep(Duration::from_millis(20));
            }
            took
        });
        Fdatasync { stop, thread }
    }

    pub(crate) fn stop(self) -> Sample {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap().into_iter().collect()
    }
}
