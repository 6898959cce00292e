//! The one WebAssembly engine and the threads that guests run on.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

/// How often a running guest is interrupted to let others run and to look at its deadline.
pub const EPOCH: Duration = Duration::from_millis(2);

/// The most memory that a plugin may be given: one linear memory has no room for more.
pub const MAX_MEMORY: usize = 128 << 20;

/// How many tasks run at once.
pub const SLOTS: u32 = 32;

/// How many of them one plugin may have.
pub const SLOTS_OF_ONE: u32 = 8;

/// How many plugins may besides be asked what they are, or for their help.
pub const ASIDE: u32 = 4;

/// The pool has room for so many components at their most.
const ROOM: u32 = SLOTS + ASIDE;

/// The most linear memories of one component. What C, Go and Python are made into has one; JavaScript's has three, two of them
/// to hold what stands in for WASI.
pub const MAX_MEMORIES: u32 = 4;

/// The most tables of one component: a module's own, those of its adapters, and the one that ties them together.
pub const MAX_TABLES: u32 = 8;

/// The most core instances of one component. Python's, of one module a shared library and one for each part of WASI that is
/// stubbed, has some forty.
pub const MAX_CORE_INSTANCES: u32 = 64;

/// The stack of a guest's call.
pub const MAX_STACK: usize = 512 << 10;

/// The most elements of one table.
pub const MAX_TABLE_ELEMENTS: usize = 100_000;

/// The settings that decide what machine code looks like. The child that compiles and the host that runs have to agree.
fn code_config() -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true);
    config.max_wasm_stack(MAX_STACK);
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
    // Whatever the others hold, each has its due: one that takes much is no reason to refuse another.
    pool.total_component_instances(ROOM)
        .total_core_instances(ROOM * MAX_CORE_INSTANCES)
        .total_memories(ROOM * MAX_MEMORIES)
        .total_tables(ROOM * MAX_TABLES)
        .total_stacks(ROOM * 2)
        .max_memory_size(MAX_MEMORY)
        .max_memories_per_component(MAX_MEMORIES)
        .max_tables_per_component(MAX_TABLES)
        .max_core_instances_per_component(MAX_CORE_INSTANCES)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(4 << 20)
        .table_elements(MAX_TABLE_ELEMENTS)
        .max_unused_warm_slots(ROOM)
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(256 << 10)
        .async_stack_keep_resident(64 << 10)
        // Where Linux can tell (6.7), only what was written is cleared.
        .pagemap_scan(Enabled::Auto);
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
    aside: Arc<Semaphore>,
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
        let aside = Arc::new(Semaphore::new(ASIDE as usize));
        Ok(Guests { engine, runtime: Some(runtime), aside, ticker: Some((stop, ticker)) })
    }

    /// Waits for room beside the tasks; it is taken until the permit is dropped.
    pub async fn aside(&self) -> OwnedSemaphorePermit {
        self.aside.clone().acquire_owned().await.expect("the semaphore is never closed")
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

#[cfg(test)]
mod tests {
    use wasmtime::component::{Component, Instance, Linker};
    use wasmtime::{PoolConcurrencyLimitError, Store};

    use super::*;

    /// A component that holds so many of each; a module has one memory and one table at most.
    fn component(engine: &Engine, memories: u32, tables: u32, all: u32) -> wasmtime::Result<Component> {
        let instances = |module: &str, n: u32| format!("(core instance (instantiate ${module}))").repeat(n as usize);
        let others = all.saturating_sub(memories + tables);
        let (memories, tables, others) =
            (instances("memory", memories), instances("table", tables), instances("empty", others));
        let text = format!(
            "(component (core module $memory (memory 1)) (core module $table (table 10 funcref)) (core module $empty)
               {memories} {tables} {others})"
        );
        Component::new(engine, wat::parse_str(text).unwrap())
    }

    async fn instance(component: &Component, engine: &Engine) -> wasmtime::Result<(Store<()>, Instance)> {
        let mut store = Store::new(engine, ());
        store.set_epoch_deadline(1);
        let instance = Linker::new(engine).instantiate_async(&mut store, component).await?;
        Ok((store, instance))
    }

    #[tokio::test]
    async fn whatever_components_hold_there_is_room_for_every_slot_and_those_aside() {
        let engine = running().unwrap();
        let greedy = component(&engine, MAX_MEMORIES, MAX_TABLES, MAX_CORE_INSTANCES).unwrap();
        let mut held = Vec::new();
        for n in 0..ROOM {
            let ready = instance(&greedy, &engine).await;
            held.push(ready.unwrap_or_else(|error| panic!("after {n}: {error:#}")));
        }
        let full = instance(&greedy, &engine).await.err().unwrap();
        assert!(full.is::<PoolConcurrencyLimitError>(), "{full:#}");
        held.pop();
        instance(&greedy, &engine).await.unwrap();
    }

    #[test]
    fn a_component_of_many_libraries_fits_and_one_that_asks_for_more_than_its_due_does_not() {
        let engine = running().unwrap();
        component(&engine, 3, 3, 40).unwrap();
        for (memories, tables, instances) in
            [(MAX_MEMORIES + 1, 1, 1), (1, MAX_TABLES + 1, 1), (1, 1, MAX_CORE_INSTANCES + 1)]
        {
            assert!(component(&engine, memories, tables, instances).is_err(), "{memories} {tables} {instances}");
        }
    }
}
