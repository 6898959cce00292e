//! What was asked of the stand-in, for tests to look at.

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::client::Request;

/// How many requests are remembered.
const REMEMBERED: usize = 50_000;

/// The last requests, oldest first.
#[derive(Debug, Default)]
pub(crate) struct RequestLog(Mutex<(u64, VecDeque<Request>)>);

impl RequestLog {
    /// Adds a request and numbers it.
    pub(crate) fn add(&self, request: Request) {
        let mut log = self.0.lock().expect("nothing panics while it holds the log");
        log.0 += 1;
        let seq = log.0;
        log.1.push_back(Request { seq, ..request });
        if log.1.len() > REMEMBERED {
            log.1.pop_front();
        }
    }

    /// Requests with a number above `since`.
    pub(crate) fn since(&self, since: u64) -> Vec<Request> {
        let log = self.0.lock().expect("nothing panics while it holds the log");
        log.1.iter().filter(|request| request.seq > since).cloned().collect()
    }
}
