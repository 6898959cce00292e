//! The body of a request, in pieces, so that it can be told how far it has come.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

const PIECE: usize = 256 << 10;

/// Called with the bytes that were handed to the connection since the last call.
pub(crate) type Sent = Arc<dyn Fn(usize) + Send + Sync>;

/// Bytes on their way out. Cheap to clone; a clone begins where the original is.
#[derive(Clone, Default)]
pub(crate) struct Upload {
    left: Bytes,
    sent: Option<Sent>,
}

impl Upload {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Upload { left: bytes, sent: None }
    }

    pub(crate) fn telling(self, sent: Option<Sent>) -> Self {
        Upload { sent, ..self }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.left.len().min(PIECE);
        let piece = self.left.split_to(length);
        if let Some(sent) = &self.sent {
            sent(length);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}
