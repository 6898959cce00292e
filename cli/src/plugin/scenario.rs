//! A scenario: GitHub before anything happens, what happens then, and what the plugin is to do about it. In YAML, and ours
//! alone: a misspelt key is an error.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use host::replay::Recording;
use serde::Deserialize;
use serde_json::{Map, Value};
use sim::seed::Seed;

/// The repository of the demo's world, which is GitHub where a scenario names none.
const REPO: &str = "my-org/hello";

/// What a file says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// `modules.NAME.config`.
    #[serde(default)]
    pub(crate) settings: Map<String, Value>,
    /// More grants than those that the component asks for, such as `repos`; once it is to be played, all grants.
    #[serde(default)]
    pub(crate) grants: Map<String, Value>,
    /// GitHub before anything happens: a seed of `bowsprit sim`. The demo's world if left out.
    pub(crate) github: Option<Seed>,
    /// What happens, in order.
    #[serde(default)]
    pub(crate) steps: Vec<Step>,
    /// Instead of `github` and `steps`: what happened somewhere, as `bowsprit plugin record` wrote it.
    pub(crate) recorded: Option<Recording>,
    /// How that ended.
    #[serde(default)]
    pub(crate) outcomes: Vec<String>,
}

/// One thing that happens, and what is to come of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Step {
    open_pr: Option<OpenPr>,
    open_issue: Option<OpenIssue>,
    comment: Option<Say>,
    label: Option<Labelled>,
    unlabel: Option<Labelled>,
    merge: Option<On>,
    close: Option<On>,
    reopen: Option<On>,
    event: Option<Raw>,
    /// The effects that follow, in order and no others: `interface.function` with its arguments behind the agent.
    pub(crate) effects: Vec<BTreeMap<String, Value>>,
    /// Outcomes that are among those that follow: `done TEXT`, `ignored TEXT` or `failed TEXT`. Failure is one only here.
    pub(crate) outcomes: Vec<String>,
}

/// What happens at a step. Without `repo` it happens in my-org/hello.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// A pull request is opened.
    OpenPr(OpenPr),
    /// An issue is opened.
    OpenIssue(OpenIssue),
    /// Somebody comments.
    Comment(Say),
    /// A label is put on.
    Label(Labelled),
    /// A label is taken off.
    Unlabel(Labelled),
    /// A pull request is merged.
    Merge(On),
    /// A pull request is closed.
    Close(On),
    /// A pull request is opened again.
    Reopen(On),
    /// A webhook as it came.
    Event(Raw),
}

/// A new pull request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenPr {
    #[serde(default = "repo")]
    pub(crate) repo: String,
    #[serde(rename = "as")]
    pub(crate) login: String,
    #[serde(default)]
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) body: String,
    /// A path with its new content, or with none to delete it; a file of its own if left out.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, Option<String>>,
    #[serde(default)]
    pub(crate) draft: bool,
}

/// A new issue.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenIssue {
    #[serde(default = "repo")]
    pub(crate) repo: String,
    #[serde(rename = "as")]
    pub(crate) login: String,
    #[serde(default)]
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) body: String,
}

/// A comment.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Say {
    #[serde(default = "repo")]
    pub(crate) repo: String,
    #[serde(rename = "as")]
    pub(crate) login: String,
    /// The number of the issue or pull request.
    pub(crate) on: u64,
    pub(crate) text: String,
}

/// A label that comes or goes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Labelled {
    #[serde(default = "repo")]
    pub(crate) repo: String,
    #[serde(rename = "as")]
    pub(crate) login: String,
    pub(crate) on: u64,
    pub(crate) name: String,
}

/// Somebody does something to a pull request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct On {
    #[serde(default = "repo")]
    pub(crate) repo: String,
    #[serde(rename = "as")]
    pub(crate) login: String,
    pub(crate) on: u64,
}

/// A webhook.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Raw {
    /// As `X-GitHub-Event` has it.
    pub(crate) name: String,
    pub(crate) payload: Value,
}

fn repo() -> String {
    REPO.to_owned()
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// With the line and column of what is wrong.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is no scenario", path.display()))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let scenario: Self = serde_saphyr::from_str(text).map_err(|error| anyhow::anyhow!("{error}"))?;
        if let Some(seed) = &scenario.github {
            seed.check().map_err(anyhow::Error::msg).context("`github`")?;
        }
        let played = scenario.recorded.is_none();
        ensure!(
            played != scenario.steps.is_empty(),
            "nothing happens in it: it has neither `steps` nor `recorded`, or both"
        );
        ensure!(played == scenario.outcomes.is_empty(), "`outcomes` goes with `recorded`, or with a step");
        for (n, step) in scenario.steps.iter().enumerate() {
            step.action().with_context(|| format!("step {}", n + 1))?;
            ensure!(step.effects.iter().all(|effect| effect.len() == 1), "step {}: an effect has one name", n + 1);
        }
        Ok(scenario)
    }
}

impl Step {
    /// What happens.
    ///
    /// # Errors
    /// If the step names nothing that happens, or several things.
    pub(crate) fn action(&self) -> anyhow::Result<Action> {
        let step = self.clone();
        let all = [
            step.open_pr.map(Action::OpenPr),
            step.open_issue.map(Action::OpenIssue),
            step.comment.map(Action::Comment),
            step.label.map(Action::Label),
            step.unlabel.map(Action::Unlabel),
            step.merge.map(Action::Merge),
            step.close.map(Action::Close),
            step.reopen.map(Action::Reopen),
            step.event.map(Action::Event),
        ];
        let mut found = all.into_iter().flatten();
        match (found.next(), found.next()) {
            (Some(action), None) => Ok(action),
            (None, _) => bail!(
                "says nothing that happens: open_pr, open_issue, comment, label, unlabel, merge, close, reopen or event"
            ),
            (Some(_), Some(_)) => bail!("says two things that happen; make it two steps"),
        }
    }
}

/// The scenarios of a plugin's folder: `scenario.yaml`, and all files in `scenarios`.
///
/// # Errors
/// If there is none.
pub(crate) fn of(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let one = dir.join("scenario.yaml");
    let mut found: Vec<PathBuf> = one.is_file().then_some(one).into_iter().collect();
    let folder = dir.join("scenarios");
    for file in std::fs::read_dir(&folder).into_iter().flatten() {
        let path = file.with_context(|| format!("cannot read {}", folder.display()))?.path();
        if path.extension().is_some_and(|it| it == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    ensure!(!found.is_empty(), "{} has no scenario.yaml, and no scenarios/*.yaml", dir.display());
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Result<usize, &str>) {
        match (Scenario::parse(text), want) {
            (Ok(scenario), Ok(steps)) => assert_eq!(scenario.steps.len(), steps, "{text}"),
            (Err(error), Err(part)) => {
                let error = format!("{error:#}");
                assert!(error.contains(part), "{text}: {error}");
            }
            (got, want) => panic!("{text}: got {got:?}, want {want:?}"),
        }
    }

    #[test]
    fn a_scenario_is_read_and_what_is_wrong_has_its_place() {
        let comment = "steps:\n- comment: { as: bob, on: 1, text: /greet }\n";
        check(comment, Ok(1));
        check(&format!("settings: {{ a: 1 }}\n{comment}  effects:\n  - x.y: [1, two]\n  outcomes: [done]\n"), Ok(1));
        check("steps: []", Err("nothing happens"));
        check("steps:\n- effects: []\n", Err("step 1: says nothing that happens"));
        check(&format!("{comment}  merge: {{ as: bob, on: 1 }}\n"), Err("two things"));
        check(&format!("{comment}  effect: []\n"), Err("unknown field `effect`"));
        check(&format!("{comment}  effects: [{{ a: [], b: [] }}]\n"), Err("one name"));
        check("steps:\n- comment: { as: bob, text: hi }\n", Err("missing field `on`"));
        check("github: { repo: {} }\nsteps: []", Err("unknown field `repo`"));
        let orphan = format!("github: {{ repos: {{ my-org/hello: {{}} }} }}\n{comment}");
        check(&orphan, Err("there is no `my-org`: add it under `orgs` or `users`"));
        check(&orphan.replace("repos", "orgs: { my-org: {} }, repos"), Ok(1));
    }

    /// The blocks of the author's page that are in this language.
    fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
        let begins = format!("```{language}\n");
        page.split(&begins).skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect()
    }

    #[test]
    fn every_scenario_on_the_authors_page_is_one() {
        let page = include_str!("../../../doc/plugins.md");
        let all = blocks(page, "yaml");
        let is_scenario = |text: &&str| text.lines().any(|line| line.starts_with("steps:"));
        let scenarios: Vec<&str> = all.into_iter().filter(is_scenario).collect();
        assert_eq!(scenarios.len(), 2, "{scenarios:?}");
        for text in scenarios {
            Scenario::parse(text).unwrap_or_else(|error| panic!("{text}{error:#}"));
        }
    }

    /// What a step can say is listed on the page, which is the only place that an author looks.
    #[test]
    fn every_step_and_its_keys_are_on_the_authors_page() {
        let page = include_str!("../../../doc/plugins.md");
        let on = "as, on";
        for (step, keys) in [
            ("open_pr", "as, title, body, draft, files"),
            ("open_issue", "as, title, body"),
            ("comment", "as, on, text"),
            ("unlabel", "as, on, name"),
            ("merge", on),
            ("event", "name, payload"),
        ] {
            let row = page.lines().find(|line| line.starts_with('|') && line.contains(&format!("`{step}`")));
            let row = row.unwrap_or_else(|| panic!("{step} has no row"));
            for key in keys.split(", ") {
                assert!(row.contains(&format!("`{key}`")), "{step}: {key}");
            }
        }
    }
}
