//! Why a guest's call was ended, read off the error that WebAssembly's runtime gives. Every limit has its name here.

use wasmtime::component::ResourceTableError;
use wasmtime::{PoolConcurrencyLimitError, Trap};

use crate::engine::MAX_STACK;
use crate::journal::Interrupt;
use crate::limits::Limits;
use crate::log_book::one_line;

/// The time of a call was up while the guest computed.
#[derive(Debug, thiserror::Error)]
#[error("over its deadline")]
pub(crate) struct OutOfTime;

/// A limit that the host itself keeps watch over. The text names it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct OverLimit(pub(crate) String);

/// What ended a call.
#[derive(Debug)]
pub(crate) enum Cause {
    /// Its time was up.
    OutOfTime,
    /// It wanted more than it may use; which limit it was.
    Over(String),
    /// The host ended it.
    Interrupted(Interrupt),
    /// There was no room for it; no fault of its own.
    NoRoom(String),
    /// Anything else that a guest can do wrong; one line, for the backtrace in it has names that the component's author chose.
    Trapped(String),
}

/// The cause of `error`, in a call that had these limits.
pub(crate) fn cause(error: wasmtime::Error, limits: &Limits) -> Cause {
    let error = match error.downcast::<Interrupt>() {
        Ok(interrupt) => return Cause::Interrupted(interrupt),
        Err(error) => error,
    };
    if error.is::<OutOfTime>() {
        return Cause::OutOfTime;
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return Cause::NoRoom(format!("{error:#}"));
    }
    match over(&error, limits) {
        Some(which) => Cause::Over(which),
        None => Cause::Trapped(one_line(format!("{error:#}"))),
    }
}

fn over(error: &wasmtime::Error, limits: &Limits) -> Option<String> {
    if let Some(over) = error.downcast_ref::<OverLimit>() {
        return Some(over.0.clone());
    }
    let handles = || format!("it holds {} handles, and that is `limits.handles`", limits.handles);
    if let Some(ResourceTableError::Full) = error.downcast_ref::<ResourceTableError>() {
        return Some(handles());
    }
    if let Some(Trap::StackOverflow) = error.downcast_ref::<Trap>() {
        return Some(format!("its stack has {} KiB, as every plugin's", MAX_STACK >> 10));
    }
    // These two have no type that can be asked for; a test holds their words.
    let said = error.root_cause().to_string();
    if said.contains("store handle limit exceeded") {
        return Some(handles());
    }
    if said.contains("fuel allocated for hostcalls has been exhausted") {
        let (bytes, argument) = (limits.crossing_bytes() >> 10, limits.argument_bytes >> 10);
        return Some(format!("more than {bytes} KiB at once for the host (`limits.argument` is {argument} KiB)"));
    }
    None
}

#[cfg(test)]
mod tests {
    use wasmtime::Store;
    use wasmtime::component::{Component, Linker};

    use super::*;
    use crate::engine;

    /// A component whose `run` is this core function, `(func (export "run") …)`, beside what else it needs.
    fn guest(core: &str) -> String {
        format!(
            r#"(component
                 (import "take" (func $take (param "s" string)))
                 (type $own (resource (rep i32)))
                 (core module $memory (memory (export "memory") 80))
                 (core instance $memory (instantiate $memory))
                 (core func $take (canon lower (func $take) (memory (core memory $memory "memory"))))
                 (core func $new (canon resource.new $own))
                 (core module $guest
                   (import "" "take" (func $take (param i32 i32)))
                   (import "" "new" (func $new (param i32) (result i32)))
                   {core})
                 (core instance $guest (instantiate $guest (with "" (instance
                   (export "take" (func $take)) (export "new" (func $new))))))
                 (func (export "run") (canon lift (core func $guest "run"))))"#
        )
    }

    /// Runs a guest to its end, which is a bad one, and gives the error.
    async fn end(core: &str, limits: &Limits) -> wasmtime::Error {
        let engine = engine::running().unwrap();
        let component = Component::new(&engine, wat::parse_str(guest(core)).unwrap()).unwrap();
        let mut linker = Linker::new(&engine);
        linker.root().func_wrap("take", |_, (_,): (String,)| Ok(())).unwrap();
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(1_000_000);
        store.set_hostcall_fuel(limits.crossing_bytes());
        store.set_max_component_handles(limits.handles as usize);
        let instance = linker.instantiate_async(&mut store, &component).await.unwrap();
        let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
        run.call_async(&mut store, ()).await.unwrap_err()
    }

    #[track_caller]
    fn check(error: wasmtime::Error, limits: &Limits, want: Option<&str>) {
        match (cause(error, limits), want) {
            (Cause::Over(which), Some(part)) => assert!(which.contains(part), "{which}"),
            (Cause::Trapped(_), None) => {}
            (got, want) => panic!("{got:?}, and not {want:?}"),
        }
    }

    #[tokio::test]
    async fn what_a_guest_wants_too_much_of_is_named() {
        let limits = Limits { argument_bytes: 256 << 10, handles: 50, ..Limits::default() };
        for (core, want) in [
            // Its own handles take the host's memory and none of the guest's.
            (r#"(func (export "run") (loop (drop (call $new (i32.const 1))) (br 0)))"#, Some("`limits.handles`")),
            (r#"(func (export "run") (call $take (i32.const 0) (i32.const 2000000)) unreachable)"#, None),
            (
                r#"(func (export "run") (call $take (i32.const 0) (i32.const 2200000)))"#,
                Some("`limits.argument` is 256 KiB"),
            ),
            (r#"(func $deep (export "run") (call $deep) (call $take (i32.const 0) (i32.const 1)))"#, Some("512 KiB")),
            (r#"(func (export "run") unreachable)"#, None),
        ] {
            check(end(core, &limits).await, &limits, want);
        }
    }

    /// A function may have any name, and the backtrace shows it.
    #[tokio::test]
    async fn the_names_of_functions_make_no_lines_of_their_own() {
        let core = r#"(func $"evil\1b[31m\nERROR forged\u{85}" (export "run") unreachable)"#;
        let Cause::Trapped(why) = cause(end(core, &Limits::default()).await, &Limits::default()) else {
            panic!("it traps")
        };
        assert!(why.contains("evil") && why.contains("ERROR forged") && why.contains("unreachable"), "{why}");
        assert!(!why.contains(char::is_control), "{why:?}");
    }

    #[test]
    fn what_the_host_says_itself_is_told_apart() {
        let limits = Limits::default();
        check(OverLimit("its memory".into()).into(), &limits, Some("its memory"));
        check(wasmtime::Error::from(ResourceTableError::Full), &limits, Some("1000 handles"));
        check(wasmtime::Error::from(ResourceTableError::NotPresent), &limits, None);
        assert!(matches!(cause(OutOfTime.into(), &limits), Cause::OutOfTime));
        let interrupt = Interrupt::Exhausted("x".into());
        assert!(matches!(cause(interrupt.into(), &limits), Cause::Interrupted(Interrupt::Exhausted(_))));
    }
}
