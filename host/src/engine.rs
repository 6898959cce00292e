//! The one WebAssembly engine and the threads that guests run on.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// How often a running guest is interrupted to let others run and to look at its deadline.
pub const EPOCH: Duration = Duration::from_millis(2);

/// The most memory that one linear memory may have, whatever plugins.yaml says.
pub const MAX_MEMORY: usize = 128 << 20;

/// How many tasks run at once; the pool has room for that many instances.
pub const SLOTS: u32 = 32;

/// How many of them one plugin may have.
pub const SLOTS_OF_ONE: u32 = 8;

/// The settings that decide what machine code looks like. The child that compiles and the host that runs have to agree.
fn code_config() -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true);
    config.max_wasm_stack(512 << 10);
    config.async_stack_size(1 << 20);
    config.memory_reservation(MAX_MEMORY as u64);
    config.memory_guard_size(64 << 10);
    config
}

/// An engine that only compiles.
///
/// # Errors
/// If this machine's processor is not supported.
pub fn compiling() -> anyhow::Result<Engine> {
    let mut config = code_config();
    config.parallel_compilation(true);
    Engine::new(&config).map_err(whole).context("starting the WebAssembly compiler")
}

/// An engine with a pool of instances. Fresh instances from the pool cost some 20 µs, so that none is ever used twice.
///
/// # Errors
/// If the pool's address space cannot be reserved (`ulimit -v`).
pub fn running() -> anyhow::Result<Engine> {
    let mut config = code_config();
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(SLOTS)
        .total_core_instances(SLOTS * 8)
        .total_memories(SLOTS * 2)
        .total_tables(SLOTS * 8)
        .total_stacks(SLOTS * 2)
        .max_memory_size(MAX_MEMORY)
        .max_memories_per_component(4)
        .max_tables_per_component(16)
        .max_core_instances_per_component(64)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(4 << 20)
        .table_elements(100_000)
        .max_unused_warm_slots(SLOTS)
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(256 << 10)
        .async_stack_keep_resident(64 << 10);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config).map_err(whole).context(
        "reserving address space for the plugins' instances (is `ulimit -v` or a container's limit in the way?)",
    )
}

/// The whole chain of a WebAssembly error's reasons, as one of ours.
pub(crate) fn whole(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}

/// Where guests run: a runtime of their own, so that a guest that loops holds up neither `/hook` nor a timer.
pub struct Guests {
    /// The engine whose epoch is driven here.
    pub engine: Engine,
    runtime: Option<tokio::runtime::Runtime>,
    ticker: Option<(Arc<std::sync::atomic::AtomicBool>, JoinHandle<()>)>,
}

impl Guests {
    /// Starts the guests' threads and the epoch ticker.
    ///
    /// # Errors
    /// If threads or address space are not to be had.
    pub fn start() -> anyhow::Result<Self> {
        let engine = running()?;
        // With tokio's default of 61, one looping guest stalls timers and sockets for 61 epochs.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("guest")
            .event_interval(1)
            .enable_all()
            .build()
            .context("starting the guests' threads")?;
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (seen, weak) = (stop.clone(), engine.weak());
        let ticker = std::thread::Builder::new()
            .name("epoch".into())
            .spawn(move || {
                while !seen.load(std::sync::atomic::Ordering::Relaxed) {
                    std::thread::sleep(EPOCH);
                    match weak.upgrade() {
                        Some(engine) => engine.increment_epoch(),
                        None => break,
                    }
                }
            })
            .context("starting the epoch ticker")?;
        Ok(Guests { engine, runtime: Some(runtime), ticker: Some((stop, ticker)) })
    }

    /// Where to spawn a task that calls a guest.
    pub fn handle(&self) -> &tokio::runtime::Handle {
        self.runtime.as_ref().expect("the runtime is there until drop").handle()
    }
}

impl Drop for Guests {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A drop within an asynchronous context may not block; what still runs is cut off, which the journal allows.
            runtime.shutdown_background();
        }
        if let Some((stop, ticker)) = self.ticker.take() {
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            let _ = ticker.join();
        }
    }
}
