//! Reads bodies within bounds: so many bytes each, so many all together, and so long. While others wait for memory, a body
//! that hardly moves is given up before its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::Limits;
use super::refusal::Refusal;

/// Memory is handed out in pieces of this size.
const PIECE: usize = 4096;
/// What a body has from the budget of small ones; most deliveries need no more.
const SMALL: usize = 256 << 10;

/// What a body may hold however slow it is.
const FREE: usize = 32 << 10;
/// What has to arrive of a body in each second while others wait for the memory that it holds.
const LEAST_A_SECOND: usize = 64 << 10;
/// How often a body that does not move is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Memory for all bodies under way, in two parts, so that a few large bodies do not keep the small ones waiting.
pub(crate) struct Budget {
    small: Arc<Semaphore>,
    pub(super) large: Arc<Semaphore>,
    /// How many bodies wait for memory.
    waiting: AtomicUsize,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        let pieces = bytes / PIECE;
        let (small, large) = (Arc::new(Semaphore::new(pieces)), Arc::new(Semaphore::new(4 * pieces)));
        Self { small, large, waiting: AtomicUsize::new(0) }
    }

    fn is_short(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Waits until there is room for a body of this length, beyond what it holds.
    async fn grow(&self, held: &mut Held, length: usize) {
        self.take(&self.small, &mut held.small, length.min(SMALL).div_ceil(PIECE)).await;
        self.take(&self.large, &mut held.large, length.saturating_sub(SMALL).div_ceil(PIECE)).await;
    }

    async fn take(&self, from: &Arc<Semaphore>, held: &mut Option<OwnedSemaphorePermit>, pieces: usize) {
        let missing = pieces.saturating_sub(held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits));
        if missing == 0 {
            return;
        }
        let missing = u32::try_from(missing).expect("a body is far below 16 TiB");
        let more = match from.clone().try_acquire_many_owned(missing) {
            Ok(more) => more,
            Err(_) => {
                let _waits = Waits::new(&self.waiting);
                from.clone().acquire_many_owned(missing).await.expect("the semaphore is never closed")
            }
        };
        match held {
            Some(held) => held.merge(more),
            None => *held = Some(more),
        }
    }
}

/// Counts one that waits, until it is dropped.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How fast a body arrives.
struct Pace {
    since: Instant,
    length: usize,
}

impl Pace {
    fn new() -> Self {
        Self { since: Instant::now(), length: 0 }
    }

    /// So much is there now.
    fn reached(&mut self, length: usize) {
        if length >= self.length + LEAST_A_SECOND || length <= FREE {
            *self = Self { since: Instant::now(), length };
        }
    }

    /// Whether a second went by in which too little came.
    fn is_slow(&self) -> bool {
        self.since.elapsed() >= Duration::from_secs(1)
    }
}

/// One body's share of the memory, given back when dropped.
#[derive(Default)]
pub(crate) struct Held {
    small: Option<OwnedSemaphorePermit>,
    large: Option<OwnedSemaphorePermit>,
}

/// A body that is all there.
pub(crate) struct Received {
    pub(crate) body: Bytes,
    /// To be kept for as long as the body is.
    pub(crate) held: Held,
}

/// Reads a whole body.
///
/// # Errors
/// 413 for a byte too many, 408 for one that is late, 503 if there was no memory for it in time, 400 for a body that was cut
/// off; each with what has not been read.
pub(crate) async fn read(mut body: Body, limits: &Limits, budget: &Budget) -> Result<Received, (Refusal, Body)> {
    let starved = AtomicBool::new(false);
    let refusal = match timeout(limits.body, collect(&mut body, limits.body_bytes, budget, &starved)).await {
        Ok(Ok(received)) => return Ok(received),
        Ok(Err(refusal)) => refusal,
        Err(_) if starved.into_inner() => {
            Refusal::unavailable("too many bodies are under way; send the delivery again")
        }
        Err(_) => {
            let why = format!("the body did not arrive within {:?}", limits.body);
            Refusal::new(StatusCode::REQUEST_TIMEOUT, why)
        }
    };
    Err((refusal, body))
}

async fn collect(body: &mut Body, limit: usize, budget: &Budget, starved: &AtomicBool) -> Result<Received, Refusal> {
    let mut held = Held::default();
    let mut bytes = BytesMut::new();
    let mut pace = Pace::new();
    while let Some(frame) = next_frame(body, bytes.len(), &pace, budget).await? {
        let frame = frame.map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the body was cut off"))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            return Err(Refusal::too_large(limit));
        }
        starved.store(true, Ordering::Relaxed);
        let asked = Instant::now();
        budget.grow(&mut held, bytes.len() + data.len()).await;
        // Time that it waited for memory itself is not its sender's.
        pace.since += asked.elapsed();
        starved.store(false, Ordering::Relaxed);
        // Copied, since a frame of few bytes would keep the connection's whole read buffer alive.
        bytes.extend_from_slice(&data);
        pace.reached(bytes.len());
    }
    Ok(Received { body: bytes.freeze(), held })
}

/// The next frame, unless the body holds memory that others need and hardly moves.
async fn next_frame(
    body: &mut Body,
    length: usize,
    pace: &Pace,
    budget: &Budget,
) -> Result<Option<Result<hyper::body::Frame<Bytes>, axum::Error>>, Refusal> {
    loop {
        if length > FREE && pace.is_slow() && budget.is_short() {
            let why = format!("the body came slower than {} KiB a second while others waited", LEAST_A_SECOND >> 10);
            return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, why));
        }
        if let Ok(frame) = timeout(LOOK, body.frame()).await {
            return Ok(frame);
        }
    }
}

/// Reads and forgets, until the end, the deadline, or too much.
pub(crate) async fn discard(mut body: Body, most: usize, deadline: Duration) {
    let rest = async {
        let mut seen = 0;
        while seen <= most
            && let Some(Ok(frame)) = body.frame().await
        {
            seen += frame.data_ref().map_or(0, Bytes::len);
        }
    };
    // Late or not: the connection is closed by dropping what is left.
    let _ = timeout(deadline, rest).await;
}
