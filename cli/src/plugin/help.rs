//! `bowsprit plugin help`: what a plugin does, its commands, and what it is told in a repository.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use config::{Loaded, PluginShardFlags};
use host::catalogue::Catalogue;
use host::inspect;
use host::source::{self, Component};
use serde_json::{Value, json};

use super::inspect::loader;
use crate::output::{self, ShowOutput, tame};
use crate::program;
use crate::table::Table;

/// Tell what a plugin does: its commands, who may use them, examples, and its settings in a repository.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit plugin help trigger
  bowsprit plugin help lgtm --repo my-org/hello
  bowsprit plugin help lgtm --plugin-config /etc/plugins/plugins.yaml
  bowsprit plugin help approve --output json

The same for all plugins of a host that runs: its page /plugin-help.")]
pub(super) struct HelpArgs {
    /// The plugin's name.
    name: String,
    /// plugins.yaml.
    #[arg(long, default_value = "plugins.yaml", value_name = "FILE")]
    plugin_config: PathBuf,
    #[command(flatten)]
    plugin_shards: PluginShardFlags,
    /// The directory of the bundled plugins; beside the program unless said otherwise.
    #[arg(long, env = "BOWSPRIT_PLUGINS_DIR", value_name = "DIR")]
    plugins_dir: Option<PathBuf>,
    /// The repository whose settings are told.
    #[arg(long, value_name = "ORG/REPO", value_parser = repository)]
    repo: Option<(String, String)>,
    /// What to print: text for people, or a JSON object with the field names of /plugin-help.
    #[arg(long, short, value_enum, default_value_t = ShowOutput::Text)]
    output: ShowOutput,
}

fn repository(text: &str) -> Result<(String, String), String> {
    match text.split_once('/') {
        Some((org, name)) if !org.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok((org.to_owned(), name.to_owned()))
        }
        _ => Err("a repository is written ORG/REPO".to_owned()),
    }
}

pub(super) async fn run(args: HelpArgs) -> anyhow::Result<()> {
    let loaded = Arc::new(Loaded::plugins_alone(args.plugin_config.clone(), args.plugin_shards.shards())?);
    let plugins_dir =
        args.plugins_dir.clone().unwrap_or_else(|| program::plugins_dir(&program::current().unwrap_or_default()));
    let file = component(&args.name, &loaded, &plugins_dir)?;
    let bytes = host::compile::read_component(&file)?;
    let dir = tempfile::tempdir().context("making a directory for the compiler")?;
    let help = inspect::help(&loader(dir.path())?, &bytes, loaded.clone()).await;
    let help = help.with_context(|| format!("asking {}", file.display()))?;
    let (org, name) = args.repo.clone().unwrap_or_default();
    let settings: Value = serde_json::from_str(&source::settings(&loaded, &args.name, &org, &name))
        .context("the settings are no JSON")?;
    let enabled =
        args.repo.as_ref().map(|(org, name)| loaded.plugins.effective(org, name).contains(&args.name.as_str()));
    let about = About { name: &args.name, help: &help, settings: &settings, repo: args.repo.as_ref(), enabled };
    match args.output {
        ShowOutput::Text => output::print(&text(&about)),
        ShowOutput::Json => output::print_json(&json!({ "Help": help, "Settings": settings, "Enabled": enabled })),
    }
}

/// The file of a plugin's component: of its module, else the bundled one.
fn component(name: &str, loaded: &Loaded, plugins_dir: &Path) -> anyhow::Result<PathBuf> {
    let catalogue = Catalogue::read(plugins_dir)?;
    let bundled = catalogue.plugins.iter().find(|entry| entry.name == name).map(|entry| plugins_dir.join(&entry.file));
    let wanted = source::sources(loaded, &catalogue, Some(plugins_dir))?.found.remove(name);
    match (wanted.map(|want| want.component), bundled) {
        (Some(Component::File(file) | Component::Bundled(file, _)), _) | (None, Some(file)) => Ok(file),
        (Some(Component::Registry(reference, _)), _) => bail!(
            "the component of `{name}` is in a registry ({reference}): ask a host that runs it, at its page /plugin-help"
        ),
        (None, None) => {
            let known: Vec<&str> = catalogue.plugins.iter().map(|entry| entry.name.as_str()).collect();
            bail!("no plugin `{name}`: it is no module of plugins.yaml, and bundled are {}", known.join(", "))
        }
    }
}

struct About<'a> {
    name: &'a str,
    help: &'a Value,
    settings: &'a Value,
    repo: Option<&'a (String, String)>,
    enabled: Option<bool>,
}

fn text(about: &About<'_>) -> String {
    let told = |value: &Value| tame(&plain(value.as_str().unwrap_or_default()));
    let mut text = format!("{}: {}\n", about.name, told(&about.help["Description"]));
    let commands = about.help["Commands"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !commands.is_empty() {
        text.push_str("\ncommands\n");
        let mut table = Table::new(&["USAGE", "WHO", "WHAT"]);
        for command in commands {
            table.row([told(&command["Usage"]), told(&command["WhoCanUse"]), told(&command["Description"])]);
        }
        text.push_str(&table.render(2));
        let examples: Vec<String> =
            commands.iter().filter_map(|command| command["Examples"].as_array()).flatten().map(told).collect();
        let _ = writeln!(text, "\nexamples\n  {}", examples.join("\n  "));
    }
    let scopes = about.repo.map(|(org, name)| [format!("{org}/{name}"), org.clone()]).unwrap_or_default();
    let config = scopes.iter().map(String::as_str).chain([""]).find_map(|scope| about.help["Config"].get(scope));
    let place = match (about.repo, about.enabled) {
        (Some((org, name)), Some(true)) => format!("in {org}/{name}"),
        (Some((org, name)), _) => format!("in {org}/{name}, where it is not enabled"),
        (None, _) => "where no entry says otherwise".to_owned(),
    };
    let _ = writeln!(text, "\nsettings {place}");
    if let Some(config) = config {
        let _ = writeln!(text, "  {}", told(config));
    }
    for line in serde_json::to_string_pretty(about.settings).unwrap_or_default().lines() {
        let _ = writeln!(text, "  {}", tame(line));
    }
    text
}

/// Without the tags that `/plugin-help` has in its texts for web pages.
fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        let is_tag = tag.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
        match tag.split_once('>').filter(|_| is_tag) {
            Some((name, after)) => {
                let quoted = matches!(name, "code" | "/code");
                text.push_str(if quoted { "`" } else { "" });
                rest = after;
            }
            None => {
                text.push('<');
                rest = tag;
            }
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_for_web_pages_are_read_on_a_terminal() {
        let check = |html: &str, want: &str| assert_eq!(plain(html), want, "{html}");
        check("Labels <code>lgtm</code>.<br>Once.", "Labels `lgtm`.Once.");
        check("a < b and <b", "a < b and <b");
        check("", "");
    }

    #[test]
    fn commands_examples_and_settings_are_told() {
        let help = json!({
            "Description": "Holds <code>merges</code>.",
            "Config": { "": "As usual.", "my-org": "Strictly." },
            "Commands": [{ "Usage": "/hold [cancel]", "WhoCanUse": "Anyone", "Description": "Holds.", "Examples": ["/hold"] }],
        });
        let settings = json!({ "strict": true });
        let repo = ("my-org".to_owned(), "hello".to_owned());
        let about = About { name: "hold", help: &help, settings: &settings, repo: Some(&repo), enabled: Some(true) };
        insta::assert_snapshot!(text(&about), @r#"
        hold: Holds `merges`.

        commands
          USAGE           WHO     WHAT
          /hold [cancel]  Anyone  Holds.

        examples
          /hold

        settings in my-org/hello
          Strictly.
          {
            "strict": true
          }
        "#);
        let about = About { repo: None, enabled: None, ..about };
        assert!(
            text(&about)
                .ends_with("settings where no entry says otherwise\n  As usual.\n  {\n    \"strict\": true\n  }\n")
        );
    }

    #[test]
    fn a_repository_has_two_parts() {
        assert_eq!(repository("a/b"), Ok(("a".to_owned(), "b".to_owned())));
        for wrong in ["a", "a/", "/b", "a/b/c"] {
            assert!(repository(wrong).is_err(), "{wrong}");
        }
    }
}
