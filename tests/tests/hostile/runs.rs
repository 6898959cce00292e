//! Plugins that load well, and then misbehave when they handle an event.

use std::fmt::Write as _;
use std::time::Duration;

use host::quarantine::Patience;
use store::TaskState;

use crate::bench::Bench;
use crate::beside::{self, GOOD, Measured};
use crate::contract::Contract;
use crate::guests::{DONE, Guest};
use crate::{ALONE, memory, times};

/// The deadline of all of them, and what they may take over it.
const DEADLINE: Duration = Duration::from_millis(50);
const OVER: Duration = Duration::from_millis(50);

/// A way to misbehave, and how it ends.
struct Way {
    guest: Guest<'static>,
    grants: &'static str,
    /// Limits of its own besides its deadline.
    limits: &'static str,
    state: TaskState,
    reason: &'static str,
}

impl Way {
    fn fails(guest: Guest<'static>, reason: &'static str) -> Self {
        Way { guest, grants: "{}", limits: "", state: TaskState::Failed, reason }
    }
}

fn ways(contract: &Contract) -> Vec<Way> {
    let log = contract.import("log", "write", "log", "(param i32 i32 i32)");
    let read_only = contract.import("agent", "[method]client-agent.read-only", "read_only", "(param i32) (result i32)");
    let get_repository = contract.import("github-metadata-read", "get-repository", "get", "(param i32 i32)");
    let matching = contract.import("job-config", "matching-changes", "matching", "(param i32 i32 i32 i32 i32 i32)");
    let presubmits =
        contract.import("job-config", "presubmits", "presubmits", "(param i32 i32 i32 i32 i32 i32 i32 i32)");
    let search = contract.import("github-issues-read", "search", "search", "(param i32 i32 i32 i32)");
    let for_repo =
        contract.import("agent", "[method]client-agent.for-repo", "for_repo", "(param i32 i32 i32 i32 i32 i32)");
    let drop_agent = contract.import("agent", "[resource-drop]client-agent", "drop_agent", "(param i32)");
    let agent = contract.agent();
    let guest = |name: &'static str, handle: &str| Guest::new(name, handle);
    vec![
        Way::fails(guest("spin", "(loop (br 0)) unreachable"), "over its deadline (`limits.deadline`)"),
        Way::fails(
            guest("eat", "(loop (drop (memory.grow (i32.const 16))) (br 0)) unreachable"),
            "over its limits: its memory",
        ),
        Way::fails(
            Guest {
                module: "(table $t 1 funcref)".into(),
                ..guest("seat", "(loop (drop (table.grow $t (ref.null func) (i32.const 9999))) (br 0)) unreachable")
            },
            "over its limits: a table",
        ),
        Way::fails(
            Guest {
                module: "(func $deep (param i64) (result i64)
                           (i64.add (call $deep (i64.add (local.get 0) (i64.const 1))) (local.get 0)))"
                    .into(),
                ..guest("recurse", "(drop (call $deep (i64.const 0))) unreachable")
            },
            "over its limits: its stack",
        ),
        Way::fails(
            Guest {
                module: log.clone(),
                pages: 512,
                ..guest("string", "(call $log (i32.const 1) (i32.const 0) (i32.const 20000000)) unreachable")
            },
            "over its limits: more than 8192 KiB at once",
        ),
        Way {
            grants: "{ job_config: read }",
            // Ten million empty strings: each takes eight bytes here, and three times as many in the host.
            ..Way::fails(
                Guest {
                    module: matching,
                    pages: 512,
                    ..guest(
                        "list",
                        &format!(
                            "(call $matching {agent} (i32.const 0) (i32.const 0)
                               (i32.const 65536) (i32.const 3000000) (i32.const 3072)) unreachable"
                        ),
                    )
                },
                "over its limits: more than 8192 KiB at once",
            )
        },
        Way {
            grants: "{ job_config: read }",
            // A text of twenty million bytes for the triggers of jobs, and no branch.
            ..Way::fails(
                Guest {
                    module: presubmits,
                    pages: 512,
                    ..guest(
                        "match",
                        &format!(
                            "(call $presubmits {agent} (i32.const 1) (i32.const 65536) (i32.const 20000000)
                               (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 3072)) unreachable"
                        ),
                    )
                },
                "over its limits: more than 8192 KiB at once",
            )
        },
        Way {
            grants: "{ issues: read }",
            limits: ", exchanged: 64Ki",
            // Forty thousand parentheses, and behind them what no query may say: refused each time, for ever.
            ..Way::fails(
                Guest {
                    module: format!("{search} (data (i32.const 105536) \" repo:x\")"),
                    pages: 16,
                    ..guest(
                        "search",
                        &format!(
                            "(memory.fill (i32.const 65536) (i32.const 0x28) (i32.const 40000))
                             (loop (call $search {agent} (i32.const 65536) (i32.const 40007) (i32.const 3072)) (br 0))
                             unreachable"
                        ),
                    )
                },
                "over its limits: over 64 KiB of arguments and answers",
            )
        },
        Way::fails(
            Guest { module: Contract::sleep().into(), ..guest("sleep", "(call $sleep) unreachable") },
            "over its deadline (`limits.deadline`)",
        ),
        Way::fails(
            Guest {
                pages: 512,
                // `done`, with a long text.
                ..guest(
                    "answer",
                    &format!(
                        "(i32.store offset=16 {DONE} (i32.const 65536)) (i32.store offset=20 {DONE} (i32.const 20000000)) {DONE}"
                    ),
                )
            },
            "over its limits: more than 8192 KiB at once",
        ),
        Way::fails(
            Guest {
                module: read_only,
                ..guest("hoard", &format!("(loop (drop (call $read_only {agent})) (br 0)) unreachable"))
            },
            "over its limits: it holds 1000 handles",
        ),
        Way {
            // So few that it meets them before its deadline on a machine that has other things to do, too.
            limits: ", host_calls: 1000",
            ..Way::fails(
                Guest {
                    module: log,
                    ..guest(
                        "flood",
                        "(loop (call $log (i32.const 1) (i32.const 1024) (i32.const 5)) (br 0)) unreachable",
                    )
                },
                "over its limits: over 1000 lines of log",
            )
        },
        Way {
            limits: ", host_calls: 1000",
            ..Way::fails(
                Guest {
                    module: for_repo,
                    pages: 8,
                    ..guest(
                        "denied",
                        // The repository `denie/denie`, for ever.
                        &format!(
                            "(loop (call $for_repo {agent} (i32.const 1024) (i32.const 5) (i32.const 1024) (i32.const 5)
                               (i32.const 3072)) (br 0)) unreachable"
                        ),
                    )
                },
                "over its limits: over 1000 host calls in one task",
            )
        },
        Way {
            grants: "{ metadata: read }",
            ..Way::fails(
                Guest {
                    module: get_repository.clone(),
                    ..guest("forge", "(call $get (i32.const 7777) (i32.const 3072)) unreachable")
                },
                "unknown handle index 7777",
            )
        },
        Way {
            grants: "{ metadata: read }",
            ..Way::fails(
                Guest {
                    module: format!("{get_repository} {drop_agent}"),
                    ..guest(
                        "stale",
                        &format!("(call $drop_agent {agent}) (call $get {agent} (i32.const 3072)) unreachable"),
                    )
                },
                "unknown handle index",
            )
        },
        Way::fails(guest("trap", "unreachable"), "trapped"),
        Way { guest: secret(), grants: "{}", limits: "", state: TaskState::Done, reason: "" },
        // The last, since its events come again.
        Way {
            guest: Guest {
                module: get_repository,
                ..guest("wait", &format!("(call $get {agent} (i32.const 3072)) unreachable"))
            },
            grants: "{ metadata: read }",
            limits: "",
            // Nobody answers, and that is not the plugin's fault: its event is tried again.
            state: TaskState::Parked,
            reason: "over its deadline while an upstream kept it waiting",
        },
    ]
}

/// Looks through the memory that it was given, fails if there is anything in it, and leaves a secret everywhere.
fn secret() -> Guest<'static> {
    let handle = format!(
        "(local $at i32)
         (local.set $at (i32.const 65536))
         (loop $look
           (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then unreachable))
           (local.set $at (i32.add (local.get $at) (i32.const 8)))
           (br_if $look (i32.lt_u (local.get $at) (i32.const 2097152))))
         (memory.fill (i32.const 65536) (i32.const 0x5e) (i32.const 2031616))
         {DONE}"
    );
    Guest { pages: 32, ..Guest::new("secret", handle) }
}

fn plugins_yaml(ways: &[Way]) -> String {
    let mut yaml = format!("plugins:\n  {GOOD}: {{ plugins: [hold] }}\n");
    for Way { guest, .. } in ways {
        writeln!(yaml, "  {0}: {{ plugins: [{0}] }}", guest.name).unwrap();
    }
    yaml.push_str("modules:\n");
    for Way { guest, grants, limits, .. } in ways {
        let ms = DEADLINE.as_millis();
        writeln!(
            yaml,
            "  {0}: {{ component: ./{0}.wasm, grants: {grants}, limits: {{ deadline: {ms}ms{limits} }} }}",
            guest.name
        )
        .unwrap();
    }
    yaml
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_ends_in_its_named_error_and_in_time_and_a_good_plugin_hardly_notices() {
    let _alone = ALONE.lock().await;
    let contract = Contract::read();
    let ways = ways(&contract);
    let components: Vec<_> =
        ways.iter().map(|way| (way.guest.name.to_owned(), way.guest.component(&contract))).collect();
    // They would be held back, and that is not what is looked at here.
    let patience = Patience { failures: u32::MAX / 2, ..Patience::default() };
    let bench = Bench::start(&plugins_yaml(&ways), &components, patience).await;
    for way in &ways {
        run(&bench, way).await;
    }
    let before = memory::resident();
    for way in &ways {
        let name = way.guest.name;
        beside::good_enough(name, DEADLINE + OVER, async || {
            let mut measured = Measured::default();
            for _ in 0..times(20, 1000) {
                measured.turn(&bench, run(&bench, way)).await;
            }
            measured
        })
        .await;
        memory::is_back(name, before).await;
    }
    bench.stop().await;
}

/// One event for the hostile plugin; how long its call took.
async fn run(bench: &Bench, way: &Way) -> Duration {
    let guid = bench.comment(way.guest.name).await;
    let (task, latency) = bench.ended(&guid).await;
    let reason = task.reason.unwrap_or_default();
    assert!(task.state == way.state && reason.contains(way.reason), "{guid}: {} {reason}", task.state);
    // One that was put aside has no end yet: it took as long as until it was put aside, but for the first pause.
    task.duration.unwrap_or_else(|| latency.saturating_sub(Duration::from_secs(1)))
}
