//! Carries webhooks to their receivers: for each hook one after the other, without retries, ten seconds each.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use crate::deliveries::{Deliveries, Record};
use crate::hub::Hub;

/// How long GitHub waits for an answer.
const LIMIT: Duration = Duration::from_secs(10);
/// How much of an answer is kept.
const KEPT_BODY: usize = 4096;

/// One queue and one worker for each hook.
#[derive(Debug)]
pub(crate) struct Postman {
    runtime: tokio::runtime::Handle,
    http: reqwest::Client,
    queues: Mutex<HashMap<u64, mpsc::UnboundedSender<u64>>>,
    paused: watch::Sender<bool>,
    under_way: watch::Sender<usize>,
    stop: tokio_util::sync::CancellationToken,
}

impl Postman {
    /// A postman whose workers run on the present runtime until `stop`.
    pub(crate) fn new(stop: tokio_util::sync::CancellationToken) -> Self {
        let http = reqwest::Client::builder().timeout(LIMIT).no_proxy();
        let http = http.redirect(reqwest::redirect::Policy::none()).build();
        Self {
            runtime: tokio::runtime::Handle::current(),
            http: http.expect("a client without TLS options builds"),
            queues: Mutex::default(),
            paused: watch::Sender::new(false),
            under_way: watch::Sender::new(0),
            stop,
        }
    }

    /// Puts a delivery that is in the log into its hook's queue.
    pub(crate) fn send(&self, hub: &Arc<Hub>, hook_id: u64, delivery: u64) {
        self.under_way.send_modify(|count| *count += 1);
        let mut queues = self.queues.lock().expect("nothing panics while it holds the queues");
        let queue = queues.entry(hook_id).or_insert_with(|| {
            let (queue, inbox) = mpsc::unbounded_channel();
            self.runtime.spawn(work(Arc::downgrade(hub), self.stop.clone(), self.paused.subscribe(), inbox));
            queue
        });
        queue.send(delivery).expect("a worker lives as long as its queue");
    }

    /// Holds deliveries back, or lets them go.
    pub(crate) fn pause(&self, paused: bool) {
        self.paused.send_replace(paused);
    }

    /// Comes back with true once nothing is under way, with false when the time is over.
    pub(crate) async fn quiesce(&self, timeout: Duration) -> bool {
        let mut under_way = self.under_way.subscribe();
        tokio::time::timeout(timeout, under_way.wait_for(|count| *count == 0)).await.is_ok_and(|seen| seen.is_ok())
    }
}

async fn work(
    hub: Weak<Hub>,
    stop: tokio_util::sync::CancellationToken,
    mut paused: watch::Receiver<bool>,
    mut inbox: mpsc::UnboundedReceiver<u64>,
) {
    loop {
        let next = async {
            let id = inbox.recv().await?;
            paused.wait_for(|paused| !paused).await.ok()?;
            Some(id)
        };
        let id = tokio::select! {
            () = stop.cancelled() => return,
            id = next => id,
        };
        let (Some(id), Some(hub)) = (id, hub.upgrade()) else { return };
        // What is cut off here waits in the log, and is sent at the next start.
        tokio::select! {
            () = stop.cancelled() => return,
            () = deliver(&hub, id) => {}
        }
        hub.postman.under_way.send_modify(|count| *count -= 1);
    }
}

async fn deliver(hub: &Hub, id: u64) {
    let Some(mut record) = hub.deliveries.get(id) else { return };
    let found = hub.read(|world| {
        let hook = world.hooks().find(|hook| hook.id == record.hook_id);
        hook.map(|hook| (hook.url.clone(), hook.secret.clone()))
    });
    let Some((url, secret)) = found else {
        // The hook was deleted meanwhile: nothing is sent, now or at the next start.
        hub.deliveries.put(Record { status_code: Some(0), status: "hook deleted".to_owned(), ..record });
        return;
    };
    record.request_headers = headers(&record, secret.as_deref());
    let mut request = hub.postman.http.post(&url).body(record.payload.as_bytes().to_vec());
    for (name, value) in &record.request_headers {
        request = request.header(name, value);
    }
    let start = Instant::now();
    record.delivered_at = Some(Timestamp::now());
    match request.send().await {
        Ok(response) => {
            let code = response.status().as_u16();
            record.status_code = Some(code);
            record.status = outcome(code).to_owned();
            let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            record.response_headers = response.headers().iter().map(|(k, v)| (k.to_string(), text(v))).collect();
            record.response_body = response.text().await.unwrap_or_default().chars().take(KEPT_BODY).collect();
        }
        Err(error) => {
            record.status_code = Some(0);
            record.status = if error.is_timeout() { "timed out" } else { "failed to connect to host" }.to_owned();
            tracing::debug!(hook = record.hook_id, %error, "a webhook was not delivered");
        }
    }
    record.duration = start.elapsed().as_secs_f64();
    let code = record.status_code;
    hub.change(|world| {
        if let Some(hook) = world.hook_mut(record.hook_id) {
            hook.last_code = code;
        }
    });
    hub.deliveries.put(record);
}

/// The headers that GitHub sends, but for the length.
fn headers(record: &Record, secret: Option<&str>) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::from(
        [
            ("Accept", "*/*".to_owned()),
            ("Content-Type", "application/json".to_owned()),
            ("User-Agent", format!("GitHub-Hookshot/{:07x}", record.hook_id)),
            ("X-GitHub-Delivery", record.guid.clone()),
            ("X-GitHub-Event", record.event.clone()),
            ("X-GitHub-Hook-ID", record.hook_id.to_string()),
            ("X-GitHub-Hook-Installation-Target-Type", record.target.0.clone()),
            ("X-GitHub-Hook-Installation-Target-ID", record.target.1.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    if let Some(secret) = secret {
        let body = record.payload.as_bytes();
        headers.insert("X-Hub-Signature".to_owned(), sha1(secret, body));
        headers.insert("X-Hub-Signature-256".to_owned(), sha256(secret, body));
    }
    headers
}

fn sha1(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body);
    format!("sha1={}", hex::encode(mac.finalize().into_bytes()))
}

fn sha256(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

fn outcome(code: u16) -> &'static str {
    match code {
        200..=299 => "OK",
        400..=499 => "Invalid HTTP Response: client error",
        _ => "Invalid HTTP Response: not a success",
    }
}

/// Puts deliveries that an earlier run did not get rid of back into their queues.
pub(crate) fn resume(hub: &Arc<Hub>, deliveries: &Deliveries) {
    for record in deliveries.list(|record| record.status_code.is_none()) {
        hub.postman.send(hub, record.hook_id, record.id);
    }
}
