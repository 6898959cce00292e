//! A host's session: begun, renewed while the host lives, and begun anew when it was lost. Renewing has a connection of its own,
//! which tells the other hosts of new work too.

use std::future::Future;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_postgres::Client;

use super::{Fault, Server};
use crate::error::StoreError;

/// How long a session lasts that is not renewed. With a look each second, a dead host's keys have another owner well within
/// 10 s.
const LEASE: Duration = Duration::from_secs(5);
/// How much sooner the host itself takes it for over: clocks do not run alike.
const MARGIN: Duration = Duration::from_millis(500);
const RENEW: Duration = Duration::from_millis(1500);
/// How long a renewal may take before another connection is tried.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How long a lost connection, and a host that waits for a session, pause.
const PAUSE: Duration = Duration::from_millis(250);
/// Where hosts tell each other of new work.
pub(super) const CHANNEL: &str = "bowsprit_inbox";
/// How often others are told, at the most: a notification is one commit at a time for the whole server.
const TELL: Duration = Duration::from_millis(20);

/// The number of none.
pub(super) const NO_SESSION: i64 = -1;

/// This host's part in the inbox. Its drop ends the renewing; [`Session::end`] ends the session itself.
pub(super) struct Session {
    /// The session that has claimed keys before.
    pub(super) claimed: AtomicI64,
    state: Arc<State>,
    keeper: JoinHandle<()>,
}

struct State {
    host: String,
    held: Mutex<Held>,
    /// Work may have come.
    arrivals: Arc<Notify>,
    /// Others are to be told of work.
    tell: Notify,
    /// The keeper is to look at `held` now.
    look: Notify,
    /// The keeper has ended.
    ended: Notify,
}

/// What is held just now.
#[derive(Clone, Copy)]
enum Held {
    /// Nothing: one is being begun.
    Nothing,
    /// This session, until then by this machine's clock.
    Session(i64, Instant),
    /// Nothing, and never again.
    Ended,
}

impl Session {
    pub(super) async fn begin(server: &Server) -> Result<Self, Fault> {
        let state = Arc::new(State {
            host: host(),
            held: Mutex::new(Held::Nothing),
            arrivals: Arc::default(),
            tell: Notify::new(),
            look: Notify::new(),
            ended: Notify::new(),
        });
        let (client, driving) = listen(server, &state).await?;
        begin(&client, &state, None).await?;
        let (server, kept, line) = (server.clone(), Arc::clone(&state), Line { client, driving });
        let keeper = tokio::spawn(async move {
            keep(server, &kept, line).await;
            kept.ended.notify_one();
        });
        Ok(Self { claimed: AtomicI64::new(NO_SESSION), state, keeper })
    }

    /// The session that stands just now.
    pub(super) fn epoch(&self) -> Option<i64> {
        match self.state.held() {
            Held::Session(epoch, until) if Instant::now() < until => Some(epoch),
            Held::Session(..) | Held::Nothing | Held::Ended => None,
        }
    }

    /// This host, for people: its machine and its session.
    pub(super) fn host(&self) -> &str {
        &self.state.host
    }

    /// Waits until there may be work, for a second at the most.
    pub(super) async fn arrived(&self) {
        let _ = timeout(Duration::from_secs(1), self.state.arrivals.notified()).await;
    }

    /// Tells this host, and soon the others, that there is work.
    pub(super) fn tell(&self) {
        self.state.arrivals.notify_one();
        self.state.tell.notify_one();
    }

    /// Gives the session up: what it holds is not known any more.
    pub(super) fn renounce(&self, epoch: i64) {
        self.state.change(|held| match held {
            Held::Session(now, _) if now == epoch => Held::Nothing,
            other => other,
        });
        self.state.look.notify_one();
    }

    /// Gives the session up for good, and has the others know.
    pub(super) async fn end(&self) {
        self.state.change(|_| Held::Ended);
        self.state.look.notify_one();
        self.state.ended.notified().await;
    }

    /// Runs `work` as long as the session stands: it is asked before each step, so that a host that was stopped for longer
    /// than its lease does not go on where it was.
    pub(super) async fn run<T>(&self, epoch: i64, work: impl Future<Output = T>) -> Result<T, StoreError> {
        let mut work = std::pin::pin!(work);
        let mut looks = interval(PAUSE);
        std::future::poll_fn(|turn| {
            if self.epoch() != Some(epoch) {
                return std::task::Poll::Ready(Err(StoreError::Lost { what: "what is being done".to_owned() }));
            }
            if let std::task::Poll::Ready(done) = work.as_mut().poll(turn) {
                return std::task::Poll::Ready(Ok(done));
            }
            while looks.poll_tick(turn).is_ready() {}
            std::task::Poll::Pending
        })
        .await
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl State {
    fn held(&self) -> Held {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(Held) -> Held) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held = change(*held);
    }
}

/// The keeper's connection.
struct Line {
    client: Client,
    driving: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.driving.abort();
    }
}

async fn listen(server: &Server, state: &State) -> Result<(Client, JoinHandle<()>), Fault> {
    let arrivals = Arc::clone(&state.arrivals);
    let (client, driving) = server.listen(move || arrivals.notify_one()).await?;
    client.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
    Ok((client, driving))
}

/// Keeps the session until it is ended.
async fn keep(server: Server, state: &State, line: Line) {
    let mut line = Some(line);
    // The session that the server may still take for ours.
    let mut last = match state.held() {
        Held::Session(epoch, _) => Some(epoch),
        Held::Nothing | Held::Ended => None,
    };
    loop {
        let kept = match &line {
            Some(line) => hold(&line.client, state, &mut last).await,
            None => Ok(()),
        };
        match kept {
            Ok(()) if line.is_some() => return,
            Ok(()) => {}
            Err(fault) => {
                let error = fault.at(&server.to_string());
                tracing::warn!(%error, "the inbox's session cannot be renewed just now");
            }
        }
        if matches!(state.held(), Held::Ended) {
            return;
        }
        tokio::time::sleep(PAUSE).await;
        line = match timeout(2 * PATIENCE, listen(&server, state)).await {
            Ok(Ok((client, driving))) => Some(Line { client, driving }),
            Ok(Err(_)) | Err(_) => None,
        };
    }
}

/// Renews on one connection, until that fails or the session is ended for good.
async fn hold(client: &Client, state: &State, last: &mut Option<i64>) -> Result<(), Fault> {
    let mut renewals = interval(RENEW);
    renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = Instant::now();
    loop {
        tokio::select! {
            _ = renewals.tick() => {}
            () = state.look.notified() => {}
            () = state.tell.notified() => {
                tokio::time::sleep_until((told + TELL).into()).await;
                in_time(client.batch_execute(&format!("NOTIFY {CHANNEL}"))).await?;
                told = Instant::now();
                continue;
            }
        }
        match state.held() {
            Held::Session(epoch, _) if renewed(client, state, epoch).await? => {}
            Held::Session(..) | Held::Nothing => {
                let epoch = begin(client, state, *last).await?;
                *last = Some(epoch);
                // What was this host's, and what may be now, is to be claimed.
                state.arrivals.notify_one();
            }
            Held::Ended => {
                if let Some(last) = last {
                    in_time(client.execute("DELETE FROM sessions WHERE id = $1", &[last])).await?;
                    in_time(client.batch_execute(&format!("NOTIFY {CHANNEL}"))).await?;
                }
                return Ok(());
            }
        }
    }
}

/// Renews `epoch`; false if it is over.
async fn renewed(client: &Client, state: &State, epoch: i64) -> Result<bool, Fault> {
    let asked = Instant::now();
    let sql = "UPDATE sessions SET expires_at = clock_timestamp() + $2 * interval '1 millisecond'
        WHERE id = $1 AND expires_at > clock_timestamp()";
    let renews = in_time(client.execute(sql, &[&epoch, &lease()])).await? == 1;
    state.change(|held| match held {
        Held::Session(now, _) if now == epoch && renews => Held::Session(epoch, asked + LEASE - MARGIN),
        Held::Session(now, _) if now == epoch => Held::Nothing,
        other => other,
    });
    if !renews {
        tracing::warn!(session = epoch, "the inbox's session was not renewed in time: its keys may be another host's");
    }
    Ok(renews)
}

/// Begins a session, and ends the one before it.
async fn begin(client: &Client, state: &State, before: Option<i64>) -> Result<i64, Fault> {
    if let Some(before) = before {
        in_time(client.execute("DELETE FROM sessions WHERE id = $1", &[&before])).await?;
    }
    // For `/status`, those that ended without a word are seen for a while.
    in_time(client.execute("DELETE FROM sessions WHERE expires_at < clock_timestamp() - interval '1 hour'", &[]))
        .await?;
    let asked = Instant::now();
    let sql = "INSERT INTO sessions (host, expires_at) VALUES ($1, clock_timestamp() + $2 * interval '1 millisecond')
        RETURNING id";
    let epoch: i64 = in_time(client.query_one(sql, &[&state.host, &lease()])).await?.try_get(0)?;
    state.change(|held| match held {
        Held::Ended => Held::Ended,
        Held::Nothing | Held::Session(..) => Held::Session(epoch, asked + LEASE - MARGIN),
    });
    tracing::info!(host = state.host, session = epoch, "takes part in the inbox");
    Ok(epoch)
}

fn lease() -> f64 {
    LEASE.as_secs_f64() * 1000.0
}

async fn in_time<T>(asked: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Fault> {
    match timeout(PATIENCE, asked).await {
        Ok(answer) => Ok(answer?),
        Err(late) => Err(Fault::Pool(late.to_string())),
    }
}

/// This machine's name and this process's number.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = if name.trim().is_empty() { "host" } else { name.trim() };
    format!("{name}/{}", std::process::id())
}
