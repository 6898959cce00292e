//! WASI for plugins that were built with it: there, and empty. No files, no arguments, no environment, no sockets; clocks
//! and random numbers are the task's own, the same in every run; what is written to stdout and stderr goes to the log. With
//! it, `wasi:http`, behind its gate.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use wasmtime::component::Linker;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::clocks::{HostMonotonicClock, HostWallClock};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::guest::GuestState;
use crate::http::{Gate, Hooks};

/// What a guest's clocks go on by each time that it looks.
const TICK: Duration = Duration::from_micros(1);
/// The most bytes of stdout and stderr together that are kept.
const MAX_OUTPUT: usize = 64 << 10;
/// The most bytes of headers of one request or answer.
const MAX_HEADERS: usize = 64 << 10;

/// The interfaces that carry no authority here: importing them requests nothing.
pub(crate) fn is_free(instance: &str) -> bool {
    const PACKAGES: [&str; 6] =
        ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", "wasi:sockets/"];
    PACKAGES.iter().any(|package| instance.starts_with(package))
}

/// The interfaces through which a plugin makes requests of its own.
pub(crate) fn is_http(instance: &str) -> bool {
    instance.starts_with("wasi:http/")
}

/// Adds all that [`is_free`], and `wasi:http` where some host is granted.
pub(crate) fn add(linker: &mut Linker<GuestState>, with_http: bool) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    if with_http { wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker) } else { Ok(()) }
}

/// What WASI needs beside one guest.
pub(crate) struct Wasi {
    ctx: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    output: Output,
}

impl Wasi {
    /// For one call. `begun` and `seed` are the task's; without a gate nothing can be requested.
    pub(crate) fn new(begun: Timestamp, seed: u64, gate: Option<Gate>) -> Self {
        let output = Output::default();
        let clock = Clock { begun, looks: Arc::default() };
        let mut builder = WasiCtx::builder();
        builder
            .stdout(output.clone())
            .stderr(output.clone())
            .wall_clock(clock.clone())
            .monotonic_clock(clock)
            .secure_random(StdRng::seed_from_u64(seed))
            .insecure_random(StdRng::seed_from_u64(seed.wrapping_add(1)))
            .insecure_random_seed(u128::from(seed))
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(MAX_HEADERS);
        Wasi { ctx: builder.build(), http, hooks: Hooks(gate), output }
    }

    /// What was written, by lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        let written = self.output.0.lock().expect("nothing panics while it writes");
        let (front, back) = written.as_slices();
        let text = String::from_utf8_lossy(&[front, back].concat()).into_owned();
        text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
    }
}

const LINKED: &str = "a component with WASI is linked only with a state that has it";

impl WasiView for GuestState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi.as_mut().expect(LINKED);
        WasiCtxView { ctx: &mut wasi.ctx, table: &mut self.table }
    }
}

impl WasiHttpView for GuestState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let wasi = self.wasi.as_mut().expect(LINKED);
        WasiHttpCtxView { hooks: &mut wasi.hooks, table: &mut self.table, ctx: &mut wasi.http }
    }
}

/// Both clocks: the task's moment, and a little later at each look, since guests wait for a clock to move.
#[derive(Clone)]
struct Clock {
    begun: Timestamp,
    looks: Arc<AtomicU64>,
}

impl Clock {
    fn since(&self) -> Duration {
        TICK * u32::try_from(self.looks.fetch_add(1, Ordering::Relaxed)).unwrap_or(u32::MAX)
    }
}

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        TICK
    }

    fn now(&self) -> Duration {
        Duration::try_from(self.begun.as_duration()).unwrap_or_default() + self.since()
    }
}

impl HostMonotonicClock for Clock {
    fn resolution(&self) -> u64 {
        1000
    }

    fn now(&self) -> u64 {
        u64::try_from(self.since().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// What a guest writes; the newest bytes stay.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<VecDeque<u8>>>);

impl Output {
    fn push(&self, bytes: &[u8]) {
        let mut written = self.0.lock().expect("nothing panics while it writes");
        written.extend(bytes);
        let over = written.len().saturating_sub(MAX_OUTPUT);
        written.drain(..over);
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        // The other version of WASI's, which is not linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MAX_OUTPUT)
    }
}

#[async_trait::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_begin_at_the_tasks_moment_and_move_when_they_are_looked_at() {
        let begun: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let clock = Clock { begun, looks: Arc::default() };
        let seconds = u64::try_from(begun.as_second()).unwrap();
        assert_eq!(HostWallClock::now(&clock), Duration::from_secs(seconds));
        assert_eq!(HostMonotonicClock::now(&clock), 1000);
        assert_eq!(HostMonotonicClock::now(&clock), 2000);
    }

    #[test]
    fn what_is_written_is_bounded_and_told_by_lines() {
        let wasi = Wasi::new(Timestamp::UNIX_EPOCH, 7, None);
        wasi.output.push(&vec![b'x'; 2 * MAX_OUTPUT]);
        wasi.output.push(b"\nfirst\n\n  \nsecond");
        let lines = wasi.lines();
        assert_eq!(lines[1..], ["first", "second"]);
        assert!(lines[0].len() < MAX_OUTPUT);
    }

    #[test]
    fn what_requests_nothing_is_known() {
        for (instance, free, http) in [
            ("wasi:cli/environment@0.2.6", true, false),
            ("wasi:sockets/tcp@0.2.0", true, false),
            ("wasi:http/outgoing-handler@0.2.0", false, true),
            ("wasi:keyvalue/store@0.2.0", false, false),
            ("bowsprit:plugin/agent@0.2.0", false, false),
        ] {
            assert_eq!((is_free(instance), is_http(instance)), (free, http), "{instance}");
        }
    }
}
