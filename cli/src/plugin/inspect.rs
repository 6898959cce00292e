//! `bowsprit plugin inspect`: what a component is, wants and asks for.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use host::capability;
use host::compile::{self, Compiler};
use host::engine::Guests;
use host::inspect::{Inspected, inspect};
use host::loader::Loader;
use serde_json::{Map, Value, json};

use crate::output::{self, ShowOutput, tame};
use crate::table::Table;
use crate::{compile as child, program};

/// Where a host keeps what it compiled, in its state directory.
pub(crate) const COMPILED: &str = "compiled";

/// Tell what a component is, which events it wants and what it asks for.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit plugin inspect greeter.wasm
  bowsprit plugin inspect --output json greeter.wasm

It is compiled and asked what it is as a host would do it: within limits, and
without any authority. What it asks for is the most that it can ever do.")]
pub(crate) struct InspectArgs {
    /// What to print: text for people, with the lines for plugins.yaml, or a JSON object.
    #[arg(long, short, value_enum, default_value_t = ShowOutput::Text)]
    output: ShowOutput,
    /// The component.
    file: PathBuf,
}

pub(crate) async fn run(args: InspectArgs) -> anyhow::Result<()> {
    let dir = tempfile::tempdir().context("making a directory for the compiler")?;
    let found = look(&args.file, &loader(dir.path())?).await?;
    match args.output {
        ShowOutput::Text => output::print(&text(&found, &args.file)),
        ShowOutput::Json => output::print_json(&object(&found)),
    }
}

/// Looks at the component in `file`.
///
/// # Errors
/// If it cannot be read, or no host of this version would load it.
pub(crate) async fn look(file: &Path, loader: &Loader) -> anyhow::Result<Inspected> {
    let bytes = compile::read_component(file)?;
    inspect(loader, &bytes).await.with_context(|| format!("{} is no plugin that can be loaded", file.display()))
}

/// What compiles components in a child process, into [`COMPILED`] in `dir`, and runs guests.
pub(crate) fn loader(dir: &Path) -> anyhow::Result<Loader> {
    let compiler = Compiler::new(dir.join(COMPILED), program::current()?, vec![child::NAME.to_owned()])?;
    Ok(Loader::new(Arc::new(Guests::start()?), compiler))
}

/// The grants that let it load, as they stand in plugins.yaml.
fn grants(found: &Inspected) -> Vec<String> {
    let asked = capability::missing(&found.requests, &[]);
    let mut lines: Vec<String> = asked.iter().map(capability::Capability::line).collect();
    if found.requests.http {
        lines.push("http: [HOST]".to_owned());
    }
    lines
}

/// The events it wants, by the contract's names for their families.
fn events(found: &Inspected) -> Vec<String> {
    let name = |kind| match serde_json::to_value(kind) {
        Ok(Value::String(name)) => kebab(&name),
        _ => String::new(),
    };
    found.description.events.iter().map(name).collect()
}

/// `pull-request` for `PullRequest`.
fn kebab(name: &str) -> String {
    let mut spelled = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !spelled.is_empty() {
            spelled.push('-');
        }
        spelled.extend(c.to_lowercase());
    }
    spelled
}

fn text(found: &Inspected, file: &Path) -> String {
    let about = &found.description;
    let mut text = format!("{}: {}\n\n", tame(&about.name), tame(&about.summary));
    let wasi = if found.requests.wasi { "; brings WASI along, which is empty here" } else { "" };
    let mut facts = Table::new(&["contract", &format!("{}{wasi}", found.contract)]);
    facts.row(["size".to_owned(), format!("{} bytes", found.size)]);
    facts.row(["digest".to_owned(), format!("sha256:{}", found.digest)]);
    facts.row(["events".to_owned(), events(found).join(", ")]);
    facts.row(["settings".to_owned(), about.settings.join(", ")]);
    text.push_str(&facts.render(2));
    if !about.commands.is_empty() {
        text.push_str("\ncommands\n");
        let mut commands = Table::new(&["USAGE", "WHO", "WHAT"]);
        for command in &about.commands {
            commands.row([command.usage.clone(), command.who_can_use.clone(), command.description.clone()]);
        }
        text.push_str(&commands.render(2));
    }
    text.push_str("\nThe most that it can do:\n");
    if found.requests.functions.is_empty() && !found.requests.http {
        text.push_str("  read the events it is given and its settings, and log\n");
    }
    for function in &found.requests.functions {
        let _ = writeln!(text, "  {}", tame(function));
    }
    if found.requests.http {
        text.push_str("  wasi:http, requests of its own to the hosts that are granted\n");
    }
    let component = file.file_name().unwrap_or_default().to_string_lossy();
    let _ = write!(
        text,
        "\nFor plugins.yaml:\nmodules:\n  {}:\n    component: ./{component}\n    grants: {{ {} }}\n",
        tame(&about.name),
        grants(found).join(", ")
    );
    text
}

/// The same as an object, but for the hosts of `http`, which the component does not say.
pub(crate) fn grants_of(found: &Inspected) -> Map<String, Value> {
    let mut granted = Map::new();
    for asked in capability::missing(&found.requests, &[]) {
        let access = serde_json::to_value(asked.access).expect("a word is data");
        granted.insert(asked.permission.to_string(), access);
    }
    granted
}

fn object(found: &Inspected) -> Value {
    let about = &found.description;
    json!({
        "name": about.name,
        "summary": about.summary,
        "contract": found.contract,
        "size": found.size,
        "digest": found.digest,
        "events": events(found),
        "settings": about.settings,
        "commands": about.commands.iter().map(|it| &it.usage).collect::<Vec<_>>(),
        "functions": found.requests.functions,
        "grants": grants_of(found),
        "http": found.requests.http,
        "wasi": found.requests.wasi,
    })
}

#[cfg(test)]
mod tests {
    use host::capability::requests;
    use host::contract::types::{Command, Description, EventKind};

    use super::*;

    fn found(imports: &[(&str, &str)]) -> Inspected {
        let description = Description {
            name: "greeter".to_owned(),
            summary: "Answers `/greet`.".to_owned(),
            events: vec![EventKind::Comment, EventKind::PullRequestReviewComment],
            commands: vec![Command {
                usage: "/greet".to_owned(),
                description: "Asks for a greeting.".to_owned(),
                who_can_use: "Anyone".to_owned(),
                examples: Vec::new(),
                featured: false,
            }],
            settings: vec!["greeting".to_owned()],
        };
        let requests = requests(imports.iter().copied());
        Inspected { digest: "0123".to_owned(), size: 36_000, contract: "0.2.0", requests, description }
    }

    #[test]
    fn people_see_what_it_can_do_and_what_to_write() {
        let found = found(&[
            ("bowsprit:plugin/github-issues-write@0.2.0", "create-comment"),
            ("bowsprit:plugin/github-issues-read@0.2.0", "list-labels"),
            ("bowsprit:plugin/log@0.2.0", "write"),
            ("wasi:http/outgoing-handler@0.2.6", "handle"),
        ]);
        insta::assert_snapshot!(text(&found, Path::new("/tmp/greeter.wasm")), @r"
        greeter: Answers `/greet`.

          contract  0.2.0
          size      36000 bytes
          digest    sha256:0123
          events    comment, pull-request-review-comment
          settings  greeting

        commands
          USAGE   WHO     WHAT
          /greet  Anyone  Asks for a greeting.

        The most that it can do:
          github-issues-read.list-labels
          github-issues-write.create-comment
          wasi:http, requests of its own to the hosts that are granted

        For plugins.yaml:
        modules:
          greeter:
            component: ./greeter.wasm
            grants: { issues: write, http: [HOST] }
        ");
    }

    #[test]
    fn what_asks_for_nothing_gets_nothing() {
        let found = found(&[("bowsprit:plugin/log@0.2.0", "write"), ("wasi:cli/environment@0.2.6", "get-arguments")]);
        let text = text(&found, Path::new("greeter.wasm"));
        for part in ["grants: {  }", "read the events it is given", "brings WASI along"] {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
        assert_eq!(object(&found)["grants"], json!({}));
    }

    #[test]
    fn programs_see_whether_it_wants_to_send_requests() {
        let http = ("wasi:http/outgoing-handler@0.2.6", "handle");
        let issues = ("bowsprit:plugin/github-issues-read@0.2.0", "list-labels");
        for (imports, want) in [(&[http, issues][..], true), (&[issues], false)] {
            let object = object(&found(imports));
            assert_eq!((&object["http"], &object["grants"]), (&json!(want), &json!({ "issues": "read" })));
        }
    }
}
