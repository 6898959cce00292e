//! Reads bodies within bounds: so many bytes each, so many all together, and so long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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

/// Memory for all bodies under way, in two parts, so that a few large bodies do not keep the small ones waiting.
pub(crate) struct Budget {
    small: Arc<Semaphore>,
    pub(super) large: Arc<Semaphore>,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        let pieces = bytes / PIECE;
        Self { small: Arc::new(Semaphore::new(pieces)), large: Arc::new(Semaphore::new(4 * pieces)) }
    }

    /// Waits until there is room for a body of this length, beyond what it holds.
    async fn grow(&self, held: &mut Held, length: usize) {
        take(&self.small, &mut held.small, length.min(SMALL).div_ceil(PIECE)).await;
        take(&self.large, &mut held.large, length.saturating_sub(SMALL).div_ceil(PIECE)).await;
    }
}

async fn take(from: &Arc<Semaphore>, held: &mut Option<OwnedSemaphorePermit>, pieces: usize) {
    let missing = pieces.saturating_sub(held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits));
    if missing == 0 {
        return;
    }
    let missing = u32::try_from(missing).expect("a body is far below 16 TiB");
    let more = from.clone().acquire_many_owned(missing).await.expect("the semaphore is never closed");
    match held {
        Some(held) => held.merge(more),
        None => *held = Some(more),
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
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the body was cut off"))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            return Err(Refusal::too_large(limit));
        }
        starved.store(true, Ordering::Relaxed);
        budget.grow(&mut held, bytes.len() + data.len()).await;
        starved.store(false, Ordering::Relaxed);
        // Copied, since a frame of few bytes would keep the connection's whole read buffer alive.
        bytes.extend_from_slice(&data);
    }
    Ok(Received { body: bytes.freeze(), held })
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
