//! Components that are not taken: each is refused with its named error, by the loader that every plugin comes through.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use host::agent::Grants;
use host::compile::{self, CompileError, CompileLimits};
use host::limits::Limits;
use host::loader::{Loader, Wanted};
use host::plugin::{LoadError, Plugin};
use host::quarantine::Patience;

use crate::bench::{Bench, compiler};
use crate::beside::{self, GOOD, Measured};
use crate::contract::Contract;
use crate::guests::{DONE, Guest};
use crate::{ALONE, memory, times};

const DEADLINE: Duration = Duration::from_millis(50);
const OVER: Duration = Duration::from_millis(50);
/// What has no deadline of its own is not quick on a machine that others use.
const IN_THE_END: Duration = Duration::from_secs(60);

/// A file, and why it is refused.
struct Refused {
    name: &'static str,
    bytes: Vec<u8>,
    longest: Duration,
    error: &'static str,
    text: &'static str,
}

fn refused(contract: &Contract) -> Vec<Refused> {
    let whole = Guest::new("half", DONE).component(contract);
    let get_repository = contract.import("github-metadata-read", "get-repository", "get", "(param i32 i32)");
    let text = |text: &str| wat::parse_str(text).unwrap();
    let started = "(func $start unreachable) (start $start)";
    let in_the_end = |name, bytes, error, text| Refused { name, bytes, longest: IN_THE_END, error, text };
    let asked = |guest: Guest<'static>, text| Refused {
        name: guest.name,
        bytes: guest.component(contract),
        longest: DEADLINE + OVER,
        error: "Describe",
        text,
    };
    vec![
        asked(Guest { module: started.into(), ..Guest::new("start", DONE) }, "trapped"),
        asked(
            Guest { module: format!("{} (start $sleep)", Contract::sleep()), ..Guest::new("doze", DONE) },
            "over its deadline",
        ),
        asked(Guest { describe: Some("unreachable".into()), ..Guest::new("mute", DONE) }, "trapped"),
        asked(
            Guest { describe: Some("(loop (br 0)) unreachable".into()), ..Guest::new("dither", DONE) },
            "over its deadline",
        ),
        asked(
            Guest {
                describe: Some("(loop (drop (memory.grow (i32.const 16))) (br 0)) unreachable".into()),
                ..Guest::new("swell", DONE)
            },
            "over its limits: its memory",
        ),
        asked(
            Guest {
                pages: 64,
                // Its name has two hundred thousand letters.
                describe: Some("(memory.fill (i32.const 65536) (i32.const 97) (i32.const 200000))
                    (i32.store (i32.const 2048) (i32.const 65536)) (i32.store offset=4 (i32.const 2048) (i32.const 200000))
                    (i32.const 2048)".into()),
                ..Guest::new("boast", DONE)
            },
            "its description has",
        ),
        in_the_end("no plugin", text("(component)"), "Broken", "is it a plugin at all?"),
        in_the_end(
            "no exports",
            text(r#"(component (import "bowsprit:plugin/log@0.2.0" (instance)))"#),
            "Exports",
            "describe",
        ),
        in_the_end(
            "other exports",
            text(
                r#"(component (import "bowsprit:plugin/log@0.2.0" (instance))
                     (core module $m (func (export "f"))) (core instance $i (instantiate $m))
                     (func (export "describe") (canon lift (core func $i "f"))))"#,
            ),
            "Exports",
            "describe",
        ),
        in_the_end(
            "other imports",
            text(
                r#"(component (import "bowsprit:plugin/log@0.2.0" (instance))
                     (import "evil:corp/root-shell@1.0.0" (instance (export "exec" (func)))))"#,
            ),
            "Unknown",
            "evil:corp/root-shell@1.0.0",
        ),
        in_the_end(
            "not granted",
            Guest { module: get_repository, ..Guest::new("not granted", DONE) }.component(contract),
            "NotGranted",
            "`metadata: read`",
        ),
        in_the_end("no wasm", b"#!/bin/sh\nexit 1\n".to_vec(), "Refused", "does not compile"),
        in_the_end("nothing", Vec::new(), "Refused", "does not compile"),
        in_the_end("a module", text("(module)"), "Refused", "does not compile"),
        in_the_end("half", whole[..whole.len() / 2].to_vec(), "Refused", "does not compile"),
        in_the_end("shared memory", text("(component (core module (memory 1 1 shared)))"), "Refused", "does not compile"),
        in_the_end(
            "much memory",
            text("(component (core module $m (memory 60000)) (core instance (instantiate $m)))"),
            "Unfit",
            "does not fit",
        ),
        in_the_end("compiler bomb", bomb(), "Refused", "1 s of processor time"),
    ]
}

/// Little text and much work: every loop's head has a parameter for every variable.
fn bomb() -> Vec<u8> {
    const VARIABLES: usize = 8000;
    const LOOPS: usize = 1200;
    let sum = (0..VARIABLES)
        .fold(String::new(), |text, n| text + &format!("(local.set {n} (i64.add (local.get {n}) (i64.const {n})))"));
    let text = format!(
        "(component (core module (func (local {}) {} {sum} {})))",
        "i64 ".repeat(VARIABLES),
        "loop ".repeat(LOOPS),
        "i32.const 0 br_if 0 end ".repeat(LOOPS)
    );
    wat::parse_str(text).unwrap()
}

/// As the registry takes a component in: the file is read, compiled, linked and asked what it is.
pub(crate) async fn load(loader: &Loader, file: &Path, name: &str) -> anyhow::Result<Arc<Plugin>> {
    let bytes = compile::read_component(file)?;
    let wanted = Wanted {
        name: name.to_owned(),
        digest: compile::digest(&bytes),
        grants: Grants::default(),
        limits: Limits { deadline: DEADLINE, ..Limits::default() },
    };
    loader.load(&bytes, wanted).await
}

/// The error by its name, and its text.
pub(crate) fn named(error: &anyhow::Error) -> (&'static str, String) {
    let name = match (error.downcast_ref::<LoadError>(), error.downcast_ref::<CompileError>()) {
        (Some(LoadError::NotGranted { .. }), _) => "NotGranted",
        (Some(LoadError::Unknown { .. }), _) => "Unknown",
        (Some(LoadError::Name { .. }), _) => "Name",
        (Some(LoadError::NoRoom { .. }), _) => "NoRoom",
        (Some(LoadError::Exports { .. }), _) => "Exports",
        (Some(LoadError::Describe { .. }), _) => "Describe",
        (Some(LoadError::Broken { .. }), _) => "Broken",
        (None, Some(CompileError::TooLarge { .. })) => "TooLarge",
        (None, Some(CompileError::Refused(_))) => "Refused",
        (None, Some(CompileError::Unfit(_))) => "Unfit",
        (None, Some(CompileError::Stopped(_))) => "Stopped",
        (None, None) => "no name",
    };
    (name, format!("{error:#}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_is_refused_in_time_by_its_name_and_a_good_plugin_hardly_notices() {
    let _alone = ALONE.lock().await;
    let plugins = format!("plugins:\n  {GOOD}: {{ plugins: [hold] }}\n");
    let bench = Bench::start(&plugins, &[], Patience::default()).await;
    let limits = CompileLimits { cpu_seconds: 1, ..CompileLimits::default() };
    let loader = Loader::new(bench.guests.clone(), compiler(&bench.path("others"), limits));
    let mut files = Vec::new();
    for case in refused(&Contract::read()) {
        let file = bench.path(case.name);
        fs::write(&file, &case.bytes).unwrap();
        files.push((file, case));
    }
    let oversized = bench.path("oversized");
    fs::File::create(&oversized).unwrap().set_len(compile::MAX_COMPONENT_BYTES + 1).unwrap();
    let (bytes, error, text) = (Vec::new(), "TooLarge", "67108865 bytes");
    files.push((oversized, Refused { name: "oversized", bytes, longest: DEADLINE + OVER, error, text }));

    // Once before, so that what compiles is in the cache and the deadline is for the plugin alone.
    for (file, case) in &files {
        refuse(&loader, file, case).await;
    }
    let before = memory::resident();
    for (file, case) in &files {
        beside::good_enough(case.name, case.longest, async || {
            let mut measured = Measured::default();
            for _ in 0..times(20, 1000) {
                measured.turn(&bench, refuse(&loader, file, case)).await;
            }
            measured
        })
        .await;
    }
    memory::is_back("all refused", before).await;
    bench.stop().await;
}

/// Tries to load it; how long it took until it was refused.
async fn refuse(loader: &Loader, file: &Path, case: &Refused) -> Duration {
    let begun = Instant::now();
    let error = load(loader, file, case.name).await.err().unwrap_or_else(|| panic!("{} was taken", case.name));
    let took = begun.elapsed();
    let (name, text) = named(&error);
    assert!(name == case.error && text.contains(case.text), "{}: {name}: {text}", case.name);
    took
}

/// `help` that is no help, and how it ends.
fn unhelpful() -> Vec<(Guest<'static>, &'static str)> {
    let guest = |name, module: &str, help: &str| Guest {
        module: module.into(),
        help: format!("{help} unreachable"),
        ..Guest::new(name, DONE)
    };
    vec![
        (guest("sleeps", Contract::sleep(), "(call $sleep)"), "over its deadline"),
        (guest("spins", "", "(loop (br 0))"), "over its deadline"),
        (guest("eats", "", "(loop (drop (memory.grow (i32.const 16))) (br 0))"), "its memory"),
        (guest("traps", "", ""), "unreachable"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_no_help_is_cut_off_in_time_and_a_good_plugin_hardly_notices() {
    let _alone = ALONE.lock().await;
    let plugins = format!("plugins:\n  {GOOD}: {{ plugins: [hold] }}\n");
    let bench = Bench::start(&plugins, &[], Patience::default()).await;
    let loader = Loader::new(bench.guests.clone(), compiler(&bench.path("others"), CompileLimits::default()));
    let contract = Contract::read();
    for (guest, text) in unhelpful() {
        let file = bench.path(guest.name);
        fs::write(&file, guest.component(&contract)).unwrap();
        let plugin = load(&loader, &file, guest.name).await.unwrap();
        let ask = async || {
            let (begun, plugin) = (Instant::now(), plugin.clone());
            let asked =
                bench.guests.handle().spawn(async move { plugin.help("{}", &[]).await.map(drop) }).await.unwrap();
            let took = begun.elapsed();
            let error = format!("{:#}", asked.unwrap_err());
            assert!(error.contains(text), "{}: {error}", guest.name);
            took
        };
        let before = memory::resident();
        beside::good_enough(guest.name, DEADLINE + OVER, async || {
            let mut measured = Measured::default();
            for _ in 0..times(20, 1000) {
                measured.turn(&bench, ask()).await;
            }
            measured
        })
        .await;
        memory::is_back(guest.name, before).await;
    }
    bench.stop().await;
}
