//! Between GitHub and the hosts: takes every webhook at once, and posts it until it is answered with 200, under its GUID, as
//! GitHub's redelivery would. Events about one issue or pull request go in order, others beside them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// How soon an event without a 200 is posted again.
const AGAIN: Duration = Duration::from_millis(20);
/// How long an answer may take, as at GitHub.
const ANSWER: Duration = Duration::from_secs(10);
/// Every so many events of a lane, one is posted once more although it was answered with 200.
const REPEATED: usize = 11;

/// It listens on loopback until it is dropped.
#[derive(Debug)]
pub struct Relay {
    /// Where webhooks are to be sent.
    pub url: String,
    shared: Arc<Shared>,
    _serves: JoinSet<()>,
}

/// What was carried so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Carried {
    /// Events that came.
    pub events: usize,
    /// Attempts that were not answered with 200.
    pub refused: usize,
    /// Events that were answered with 200 and posted once more all the same.
    pub repeated: usize,
}

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    hosts: watch::Sender<Vec<String>>,
    repeats: bool,
    refused: AtomicUsize,
    repeated: AtomicUsize,
    lanes: Mutex<HashMap<u64, Lane>>,
    /// One for each lane.
    carriers: Mutex<JoinSet<()>>,
    /// Counts acknowledgements.
    moved: watch::Sender<usize>,
}

#[derive(Debug)]
struct Lane {
    queue: mpsc::UnboundedSender<Event>,
    came: usize,
    acknowledged: Vec<String>,
}

#[derive(Debug)]
struct Event {
    guid: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Relay {
    /// Takes webhooks from now on, and carries them once there are hosts. With `repeats`, some are posted more often than need
    /// be.
    ///
    /// # Errors
    /// If there is no port to be had.
    pub async fn start(repeats: bool) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("a port for the relay")?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let http = reqwest::Client::builder().no_proxy().timeout(ANSWER).build().context("making an HTTP client")?;
        let shared = Arc::new(Shared {
            http,
            hosts: watch::Sender::new(Vec::new()),
            repeats,
            refused: AtomicUsize::new(0),
            repeated: AtomicUsize::new(0),
            lanes: Mutex::default(),
            carriers: Mutex::default(),
            moved: watch::Sender::new(0),
        });
        let router = Router::new().route("/hook", post(take)).with_state(shared.clone());
        let router = router.layer(axum::extract::DefaultBodyLimit::disable());
        let mut serves = JoinSet::new();
        serves.spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("the relay ended: {error}");
            }
        });
        Ok(Self { url, shared, _serves: serves })
    }

    /// Says where the hosts' webhooks are; they take turns.
    pub fn carry_to(&self, hosts: Vec<String>) {
        self.shared.hosts.send_replace(hosts);
    }

    /// Waits until every event about `number` was answered with 200, and gives their GUIDs. 0 is what is about none.
    pub async fn acknowledged(&self, number: u64) -> Vec<String> {
        let mut moved = self.shared.moved.subscribe();
        loop {
            moved.mark_unchanged();
            match self.shared.lanes().get(&number) {
                Some(lane) if lane.acknowledged.len() < lane.came => {}
                Some(lane) => return lane.acknowledged.clone(),
                None => return Vec::new(),
            }
            // The relay that is asked has the other end.
            let _ = moved.changed().await;
        }
    }

    /// How many events about `number` came so far.
    #[must_use]
    pub fn came(&self, number: u64) -> usize {
        self.shared.lanes().get(&number).map_or(0, |lane| lane.came)
    }

    /// GUIDs of all that was answered with 200.
    #[must_use]
    pub fn all_acknowledged(&self) -> Vec<String> {
        self.shared.lanes().values().flat_map(|lane| lane.acknowledged.iter().cloned()).collect()
    }

    /// What was carried so far.
    #[must_use]
    pub fn carried(&self) -> Carried {
        Carried {
            events: self.shared.lanes().values().map(|lane| lane.came).sum(),
            refused: self.shared.refused.load(Ordering::Relaxed),
            repeated: self.shared.repeated.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.carriers().abort_all();
    }
}

impl Shared {
    fn carriers(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.carriers.lock().expect("nothing panics while it holds the carriers")
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<u64, Lane>> {
        self.lanes.lock().expect("nothing panics while it holds the lanes")
    }

    /// Posts until the answer is 200.
    async fn deliver(&self, event: &Event, turn: usize) {
        let mut hosts = self.hosts.subscribe();
        for attempt in turn.. {
            let Ok(url) = hosts.wait_for(|hosts| !hosts.is_empty()).await.map(|all| all[attempt % all.len()].clone())
            else {
                return;
            };
            let sent = self.http.post(url).headers(event.headers.clone()).body(event.body.clone()).send().await;
            if sent.is_ok_and(|answer| answer.status() == reqwest::StatusCode::OK) {
                return;
            }
            self.refused.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(AGAIN).await;
        }
    }
}

async fn take(State(shared): State<Arc<Shared>>, mut headers: HeaderMap, body: Bytes) -> StatusCode {
    for own in [header::HOST, header::CONTENT_LENGTH] {
        headers.remove(own);
    }
    let guid = headers.get("x-github-delivery").and_then(|guid| guid.to_str().ok()).unwrap_or_default().to_owned();
    let number = number_of(&body);
    let mut lanes = shared.lanes();
    let lane = lanes.entry(number).or_insert_with(|| {
        let (queue, events) = mpsc::unbounded_channel();
        shared.carriers().spawn(carry(shared.clone(), number, events));
        Lane { queue, came: 0, acknowledged: Vec::new() }
    });
    lane.came += 1;
    let sent = lane.queue.send(Event { guid, headers, body });
    if sent.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

async fn carry(shared: Arc<Shared>, number: u64, mut events: mpsc::UnboundedReceiver<Event>) {
    let mut count = 0;
    while let Some(event) = events.recv().await {
        count += 1;
        shared.deliver(&event, count).await;
        if shared.repeats && count % REPEATED == 0 {
            shared.deliver(&event, count + 1).await;
            shared.repeated.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(lane) = shared.lanes().get_mut(&number) {
            lane.acknowledged.push(event.guid);
        }
        shared.moved.send_modify(|count| *count += 1);
    }
}

/// The issue or pull request that an event is about; 0 if it is about none.
fn number_of(body: &[u8]) -> u64 {
    let payload: Value = serde_json::from_slice(body).unwrap_or_default();
    let number = |of: &str| payload[of]["number"].as_u64();
    number("issue").or(number("pull_request")).unwrap_or(0)
}
