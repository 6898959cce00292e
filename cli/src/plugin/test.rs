//! `bowsprit plugin test`: plays scenarios with a component, and says where it does otherwise.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use config::{Loaded, Sources};
use host::replay::{Recording, replay};
use serde_json::{Value, json};

use super::inspect::COMPILED;
use super::scenario::{self, Scenario, Step};
use super::stage::{Came, Stage, Subject, configure, granted};
use super::{build, inspect};
use crate::output;

/// Play a plugin's scenarios.
///
/// A stand-in GitHub and a host run in this process while a scenario is played, and go with it: nothing has to be
/// served, and nothing else is reached but hosts that the scenario grants. The plugin is granted what it asks for.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit plugin test plugins/examples/greeter-js
  bowsprit plugin test greeter.wasm --scenario greets.yaml

A scenario, which is scenario.yaml beside the plugin's source, or one of
scenarios/*.yaml there:
  settings: { greeting: \"Hi!\" }
  steps:
  - open_pr: { as: mallory, title: A change }
  - comment: { as: bob, on: 1, text: /greet }
    effects:
    - github-pull-requests-write.create-comment: [1, \"@bob: Hi!\"]
    outcomes: [done greeted]
GitHub is the demo's, with my-org/hello and alice, bob and mallory, unless
`github:` is a seed as `bowsprit sim seed` takes it. Effects are all that a
step has, in order: the call with its arguments behind the agent, and before
them the repository if that is not the event's own. Outcomes are among those
that it has; a failure is not forgiven unless it stands there.

`grants:` adds to what the component asks for: repositories besides the
event's own, namespaces, and the hosts of requests of its own, which a
component does not say:
  grants: { repos: [\"my-org/*\"], http: [api.example.com] }

Exits 1 if a plugin does otherwise.")]
pub(crate) struct TestArgs {
    /// A scenario to play, instead of those beside the plugin. May be given more than once.
    #[arg(long, value_name = "FILE")]
    scenario: Vec<PathBuf>,
    /// For a folder: where what is made on the way is kept, as with `build`.
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
    /// The plugin's folder, which is built first, or a component.
    #[arg(value_name = "DIR|FILE")]
    plugin: PathBuf,
}

pub(crate) async fn run(args: TestArgs) -> anyhow::Result<()> {
    let kept = tempfile::tempdir().context("making a directory")?;
    let (component, beside) = if args.plugin.is_dir() {
        let built = build::build(&args.plugin, args.work.as_deref())?;
        let file = kept.path().join("plugin.wasm");
        std::fs::write(&file, &built.component).context("keeping the component")?;
        (file, args.plugin.clone())
    } else {
        ensure!(args.plugin.exists(), "there is neither a folder nor a component {}", args.plugin.display());
        (args.plugin.clone(), folder_of(&args.plugin).to_owned())
    };
    let scenarios = if args.scenario.is_empty() { scenario::of(&beside)? } else { args.scenario };
    let loader = inspect::loader(kept.path())?;
    let subject = Subject {
        about: inspect::look(&component, &loader).await?,
        component,
        loader,
        compiled: kept.path().join(COMPILED),
    };
    let mut wrong = 0;
    for file in &scenarios {
        let started = Instant::now();
        let mut scenario = Scenario::read(file)?;
        let granted = granted(&subject.about, &scenario.grants);
        scenario.grants = granted.with_context(|| format!("{}: grants", file.display()))?;
        let faults = match &scenario.recorded {
            None => play(&subject, &scenario).await,
            Some(recording) => again(&subject, &scenario, recording).await,
        };
        let faults = faults.with_context(|| file.display().to_string())?;
        let verdict = if faults.is_empty() { "ok" } else { "FAILED" };
        let took = started.elapsed().as_secs_f64();
        let what = match scenario.steps.len() {
            0 => "recorded".to_owned(),
            steps => format!("{steps} steps"),
        };
        output::print(&format!("{}: {verdict} ({what}, {took:.1} s)\n", file.display()))?;
        output::print(&faults)?;
        wrong += usize::from(!faults.is_empty());
    }
    if wrong > 0 {
        bail!("{wrong} of {} scenarios failed", scenarios.len());
    }
    Ok(())
}

/// Where a file lies.
fn folder_of(file: &Path) -> &Path {
    // The parent of a bare name is empty, which is no path to show anyone.
    file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Plays it whole; what differs, as text, is empty if nothing does.
async fn play(subject: &Subject, scenario: &Scenario) -> anyhow::Result<String> {
    let mut stage = Stage::start(subject, scenario).await?;
    let mut faults = String::new();
    for (n, step) in scenario.steps.iter().enumerate() {
        let came = stage.play(&step.action()?).await.with_context(|| format!("step {}", n + 1))?;
        if let Some(fault) = judge(step, &came) {
            faults.push_str(&format!("  step {}\n{fault}", n + 1));
        }
    }
    stage.end().await?;
    Ok(faults)
}

/// Plays what was recorded; what differs, as text, is empty if nothing does.
async fn again(subject: &Subject, scenario: &Scenario, recording: &Recording) -> anyhow::Result<String> {
    let dir = tempfile::tempdir().context("making a directory")?;
    configure(dir.path(), subject, scenario, std::iter::empty())?;
    let sources = Sources {
        config_path: dir.path().join("config.yaml"),
        job_config_path: None,
        plugin_config: Some(dir.path().join("plugins.yaml")),
        ..Sources::default()
    };
    let loaded = Loaded::from_sources(&sources).map_err(|error| anyhow::anyhow!("{error}"))?;
    let replayed = replay(&subject.loader, loaded, recording, dir.path()).await?;
    let mut fault = String::new();
    let calls: Vec<&str> = replayed.calls.iter().map(|call| call.op).collect();
    let before: Vec<&str> = recording.calls.iter().map(|call| call.op.as_str()).collect();
    if calls != before {
        let before = output::tame(&before.join(", "));
        fault.push_str(&format!("    it asked {}\n    and then  {before}\n", calls.join(", ")));
    }
    if !scenario.outcomes.contains(&replayed.outcome) {
        fault.push_str(&format!("    outcome seen: {}\n", output::tame(&replayed.outcome)));
        let wanted = |outcome: &String| format!("    outcome wanted: {}\n", output::tame(outcome));
        fault.extend(scenario.outcomes.iter().map(wanted));
        fault.extend(replayed.log.iter().map(|line| format!("    {}\n", output::tame(&line.message))));
    }
    Ok(fault)
}

/// How what came differs from what the step wants; none if it does not.
fn judge(step: &Step, came: &Came) -> Option<String> {
    let wanted: Vec<(String, Value)> =
        step.effects.iter().flatten().map(|(name, arguments)| (name.clone(), arguments.clone())).collect();
    let mut fault = String::new();
    if wanted != came.effects {
        let lines = |effects: &[(String, Value)]| match effects {
            [] => "      none\n".to_owned(),
            effects => effects.iter().map(|(name, value)| shown(name, value)).collect(),
        };
        fault.push_str(&format!("    effects wanted\n{}    effects seen\n{}", lines(&wanted), lines(&came.effects)));
    }
    for outcome in step.outcomes.iter().filter(|outcome| !came.outcomes.contains(outcome)) {
        fault.push_str(&format!("    outcome wanted: {}\n", output::tame(outcome)));
    }
    let failed = came.outcomes.iter().filter(|it| it.starts_with("failed ") && !step.outcomes.contains(it));
    for outcome in failed {
        fault.push_str(&format!("    not wanted: {}\n", output::tame(outcome)));
    }
    if fault.is_empty() {
        return None;
    }
    for line in came.outcomes.iter().map(|it| format!("outcome seen: {it}")).chain(came.log.iter().cloned()) {
        fault.push_str(&format!("    {}\n", output::tame(&line)));
    }
    Some(fault)
}

/// JSON leaves some control characters as they are.
fn shown(name: &str, value: &Value) -> String {
    format!("      - {}\n", output::tame(&json!({ name: value }).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_lies_somewhere_if_its_path_does_not_say() {
        for (file, dir) in [("a.wasm", "."), ("./a.wasm", "."), ("b/a.wasm", "b"), ("/a.wasm", "/")] {
            assert_eq!(folder_of(Path::new(file)), Path::new(dir), "{file}");
        }
    }

    #[tokio::test]
    async fn a_component_that_is_not_there_is_named() {
        let args = |scenario: Vec<PathBuf>| TestArgs { scenario, work: None, plugin: "no-such.wasm".into() };
        for scenario in [vec![], vec!["greets.yaml".into()]] {
            let error = run(args(scenario)).await.unwrap_err().to_string();
            assert_eq!(error, "there is neither a folder nor a component no-such.wasm");
        }
    }

    #[test]
    fn what_a_plugin_says_is_a_line_of_its_own_and_no_more() {
        let said = came(&[("a.say", json!("\u{9b}31m\x7f"))], &["failed trapped: \x1b[31m\nscenario.yaml: ok"]);
        let fault = judge(&Step::default(), &said).unwrap();
        assert!(!fault.replace('\n', "").contains(char::is_control), "{fault:?}");
        assert!(fault.lines().all(|line| line.starts_with("    ")), "{fault}");
        assert!(fault.contains("not wanted: failed trapped:  [31m scenario.yaml: ok"), "{fault}");
    }

    fn came(effects: &[(&str, Value)], outcomes: &[&str]) -> Came {
        let effects = effects.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Came { effects, outcomes: outcomes.iter().map(|&it| it.to_owned()).collect(), log: vec!["a line".to_owned()] }
    }

    #[track_caller]
    fn check(step: &str, came: &Came, want: &[&str]) {
        let step: Step = serde_saphyr::from_str(step).unwrap();
        let fault = judge(&step, came).unwrap_or_default();
        assert_eq!(fault.is_empty(), want.is_empty(), "{fault}");
        for part in want {
            assert!(fault.contains(part), "{part:?} is not in {fault}");
        }
    }

    #[test]
    fn effects_are_all_there_are_and_outcomes_are_among_them() {
        let said = came(&[("a.say", json!([1, "hi"]))], &["ignored no", "done said"]);
        check("effects: [{ a.say: [1, hi] }]", &said, &[]);
        check("effects: [{ a.say: [1, hi] }]\noutcomes: [done said]", &said, &[]);
        check("effects: []", &said, &["effects wanted\n      none", "- {\"a.say\":[1,\"hi\"]}", "a line"]);
        check("effects: [{ a.say: [2, hi] }]", &said, &["{\"a.say\":[2,\"hi\"]}", "outcome seen: done said"]);
        check("effects: [{ a.say: [1, hi] }]\noutcomes: [done other]", &said, &["outcome wanted: done other"]);
        let failed = came(&[], &["failed it broke"]);
        check("{}", &failed, &["not wanted: failed it broke"]);
        check("outcomes: [failed it broke]", &failed, &[]);
    }
}
