//! What the plugin says of itself.

use kit::prow::settings::LgtmSettings;
use kit::{Command, Description, EventKind, PluginHelp, command};

use crate::plan::LGTM;

const SNIPPET: &str = "\
lgtm:
- repos:
  - org/repo
  review_acts_as_lgtm: true
  store_tree_hash: true
  trusted_team_for_sticky_lgtm: Release Managers
";

pub(crate) fn description() -> Description {
    let settings = ["review_acts_as_lgtm", "store_tree_hash", "trusted_team_for_sticky_lgtm", "skip_collaborators"];
    Description {
        name: "lgtm".to_owned(),
        summary: format!(
            "Puts the label {LGTM} on a pull request that was reviewed, and takes it off when it changes."
        ),
        events: vec![EventKind::Comment, EventKind::PullRequest, EventKind::PullRequestReview],
        commands: commands(),
        settings: settings.map(str::to_owned).to_vec(),
    }
}

pub(crate) fn help(settings: &str) -> PluginHelp {
    let settings: LgtmSettings = kit::parsed_or_default(settings);
    let mut config = vec![if settings.skip_collaborators {
        "Approvers and reviewers of the changed files may use it, as OWNERS name them.".to_owned()
    } else {
        "Collaborators of the repository may use it, and are assigned.".to_owned()
    }];
    if settings.review_acts_as_lgtm {
        config.push("A review that approves adds the label, one that requests changes removes it.".to_owned());
    }
    if settings.store_tree_hash {
        config.push("New commits that leave all files as they were leave the label, too.".to_owned());
    }
    if !settings.trusted_team_for_sticky_lgtm.is_empty() {
        let team = &settings.trusted_team_for_sticky_lgtm;
        config.push(format!("On pull requests of the team {team} it stays whatever is pushed."));
    }
    PluginHelp {
        description: format!(
            "Puts the label <code>{LGTM}</code> on a pull request that somebody other than its author has reviewed. New \
             commits take it off."
        ),
        config: vec![(String::new(), config.join(" "))],
        snippet: SNIPPET.to_owned(),
        commands: commands(),
    }
}

fn commands() -> Vec<Command> {
    let examples = ["/lgtm", "/lgtm no-issue", "/lgtm cancel", "/remove-lgtm"];
    let who =
        "Collaborators of the repository, or OWNERS of the changed files, as configured; the author can only cancel.";
    let mut lgtm = command("/lgtm [cancel]", &format!("Adds or removes the label {LGTM}."), who, &examples);
    lgtm.featured = true;
    vec![lgtm]
}
