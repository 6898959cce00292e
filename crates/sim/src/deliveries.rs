//! The log of webhook deliveries: kept in memory, and line by line in a file, where the last line of a delivery counts.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many deliveries are remembered; older ones can no longer be looked at or sent again.
const REMEMBERED: usize = 5_000;

/// One delivery to one hook.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Its id.
    pub(crate) id: u64,
    /// The GUID that all hooks of one event share.
    pub(crate) guid: String,
    /// Where it goes.
    pub(crate) hook_id: u64,
    /// The event's name.
    pub(crate) event: String,
    /// The payload's action.
    pub(crate) action: Option<String>,
    /// The repository it is about.
    pub(crate) repository_id: Option<u64>,
    /// The installation, for an app's hook.
    pub(crate) installation_id: Option<u64>,
    /// What `X-GitHub-Hook-Installation-Target-Type` and `-ID` say.
    pub(crate) target: (String, u64),
    /// The body, byte for byte.
    pub(crate) payload: String,
    /// Whether it repeats an earlier one.
    pub(crate) redelivery: bool,
    /// When the event happened.
    pub(crate) queued_at: Timestamp,
    /// When it was sent; none while it waits.
    pub(crate) delivered_at: Option<Timestamp>,
    /// Seconds from sending to the answer.
    pub(crate) duration: f64,
    /// What was answered; 0 if nothing was; none while it waits.
    pub(crate) status_code: Option<u16>,
    /// GitHub's words for the outcome.
    pub(crate) status: String,
    /// The headers as sent.
    pub(crate) request_headers: BTreeMap<String, String>,
    /// The headers that came back.
    pub(crate) response_headers: BTreeMap<String, String>,
    /// The first part of the body that came back.
    pub(crate) response_body: String,
}

/// All deliveries, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Deliveries(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    records: BTreeMap<u64, Record>,
    file: Option<File>,
}

impl Deliveries {
    /// Reads the file, drops what is too old from it, and goes on appending to it.
    pub(crate) fn open(path: &Path) -> std::io::Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        // A line that was cut off by a kill is the last one and is dropped.
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Record>(line).ok());
        let mut records: BTreeMap<u64, Record> = lines.map(|record| (record.id, record)).collect();
        forget(&mut records);
        let rewritten = path.with_extension("tmp");
        let mut file = File::create(&rewritten)?;
        for record in records.values() {
            write_line(&mut file, record)?;
        }
        std::fs::rename(&rewritten, path)?;
        Ok(Self(Mutex::new(Inner { records, file: Some(file) })))
    }

    /// Adds or replaces a record.
    pub(crate) fn put(&self, record: Record) {
        let mut inner = self.lock();
        if let Some(file) = &mut inner.file
            && let Err(error) = write_line(file, &record)
        {
            tracing::error!(%error, "the log of deliveries cannot be written");
        }
        inner.records.insert(record.id, record);
        forget(&mut inner.records);
    }

    /// The record of that id.
    pub(crate) fn get(&self, id: u64) -> Option<Record> {
        self.lock().records.get(&id).cloned()
    }

    /// Records that `keep` picks, oldest first.
    pub(crate) fn list(&self, keep: impl Fn(&Record) -> bool) -> Vec<Record> {
        self.lock().records.values().filter(|record| keep(record)).cloned().collect()
    }

    /// The highest id.
    pub(crate) fn last_id(&self) -> u64 {
        self.lock().records.keys().next_back().copied().unwrap_or(0)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().expect("nothing panics while it holds the deliveries")
    }
}

fn forget(records: &mut BTreeMap<u64, Record>) {
    while records.len() > REMEMBERED {
        records.pop_first();
    }
}

fn write_line(file: &mut File, record: &Record) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(record)?;
    line.push(b'\n');
    file.write_all(&line)
}
