//! What one guest may hold: all of its memories together, so many tables and elements in each, so many instances.

use wasmtime::ResourceLimiter;

use crate::engine;
use crate::limits::Limits;
use crate::trap::OverLimit;

/// What one store holds, and may hold. What goes over it ends the call: a guest that is told "no" by its allocator would only trap with
/// a worse message.
#[derive(Debug)]
pub(crate) struct Memory {
    limits: Limits,
    held: usize,
    /// What was held before the growth that was allowed last.
    before: usize,
}

impl Memory {
    /// Within these limits.
    pub(crate) fn new(limits: Limits) -> Self {
        Memory { limits, held: 0, before: 0 }
    }
}

impl ResourceLimiter for Memory {
    // A memory that is made grows from nothing.
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let asked = self.held.saturating_sub(current).saturating_add(desired);
        let most = self.limits.memory;
        if asked > most {
            let why = format!("its memory: it asked for {asked} bytes in all, and `limits.memory` is {most}");
            return Err(OverLimit(why).into());
        }
        self.before = std::mem::replace(&mut self.held, asked);
        Ok(true)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.held = self.before;
        Err(error)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let most = self.limits.table_elements;
        if desired > most as usize {
            let why = format!("a table of {desired} elements, and `limits.table_elements` is {most}");
            return Err(OverLimit(why).into());
        }
        Ok(true)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(error)
    }

    fn instances(&self) -> usize {
        self.limits.instances as usize
    }

    fn tables(&self) -> usize {
        self.limits.tables as usize
    }

    fn memories(&self) -> usize {
        engine::MAX_MEMORIES as usize
    }
}

#[cfg(test)]
mod tests {
    use wasmtime::component::{Component, Linker};
    use wasmtime::{Engine, Store};

    use super::*;

    const PAGE: usize = 64 << 10;

    /// Whether an instance with these memories, in pages, is to be had within a budget of so many pages.
    async fn check(engine: &Engine, pages: &[usize], budget: usize, want: bool) {
        // A module has one memory at most, a component several modules.
        let modules = pages.iter().enumerate();
        let modules: String = modules
            .map(|(n, pages)| format!("(core module $m{n} (memory {pages})) (core instance (instantiate $m{n}))"))
            .collect();
        let text = format!("(component {modules})");
        let component = Component::new(engine, wat::parse_str(text).unwrap()).unwrap();
        let mut store = Store::new(engine, Memory::new(Limits { memory: budget * PAGE, ..Limits::default() }));
        store.set_epoch_deadline(1);
        store.limiter(|memory| memory);
        let instance = Linker::new(engine).instantiate_async(&mut store, &component).await;
        assert_eq!(instance.is_ok(), want, "{pages:?} of {budget}");
        if let Err(error) = instance {
            assert!(format!("{error:#}").contains("`limits.memory`"), "{error:#}");
        }
    }

    #[tokio::test]
    async fn memories_count_together() {
        let engine = engine::running().unwrap();
        check(&engine, &[16], 16, true).await;
        check(&engine, &[17], 16, false).await;
        check(&engine, &[8, 8], 16, true).await;
        check(&engine, &[10, 10], 16, false).await;
    }

    #[test]
    fn a_growth_that_failed_is_not_held_against_the_guest() {
        let mut memory = Memory::new(Limits { memory: 10, ..Limits::default() });
        assert!(memory.memory_growing(0, 4, None).unwrap());
        assert!(memory.memory_growing(4, 9, None).unwrap());
        assert!(memory.memory_grow_failed(OverLimit(String::new()).into()).is_err());
        assert!(memory.memory_growing(0, 6, None).unwrap());
        assert!(memory.memory_growing(6, 7, None).is_err());
    }
}
