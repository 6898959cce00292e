//! What the plugin says of itself.

use kit::prow::settings::ApproveSettings;
use kit::{Command, Description, EventKind, PluginHelp, command};

use crate::decide::APPROVED;

pub(crate) fn description() -> Description {
    let settings = [
        "issue_required",
        "require_self_approval",
        "lgtm_acts_as_approve",
        "ignore_review_state",
        "commandHelpLink",
        "pr_process_link",
    ];
    Description {
        name: "approve".to_owned(),
        summary: format!("Puts the label {APPROVED} on what the people in OWNERS files have approved."),
        events: vec![EventKind::Comment, EventKind::PullRequestReview, EventKind::PullRequest],
        commands: commands(),
        settings: settings.map(str::to_owned).to_vec(),
    }
}

pub(crate) fn help(settings: &str) -> PluginHelp {
    let settings: ApproveSettings = kit::parsed_or_default(settings);
    let say = |set: bool, yes: &'static str, no: &'static str| if set { yes } else { no };
    let config = [
        say(settings.issue_required, "A pull request has to name an issue.", "A pull request need not name an issue."),
        say(
            settings.require_self_approval,
            "Authors approve their own by <code>/approve</code> only.",
            "Authors approve their own by opening it.",
        ),
        say(settings.lgtm_acts_as_approve, "<code>/lgtm</code> approves, too.", "<code>/lgtm</code> does not approve."),
        say(
            settings.ignore_review_state,
            "Reviews do not count, only commands.",
            "A review that approves is an approval, and one that requests changes takes it back.",
        ),
    ];
    PluginHelp {
        description: format!(
            "Puts the label <code>{APPROVED}</code> on a pull request once each file that it changes is approved by \
             somebody whom an OWNERS file lists as approver, in the file's folder or above it; and says in a comment \
             whose approval is missing."
        ),
        config: vec![(String::new(), config.join(" "))],
        snippet: "approve:\n- repos:\n  - org\n  - org/repo\n  issue_required: true\n  require_self_approval: true\n  \
                  lgtm_acts_as_approve: true\n  ignore_review_state: true\n  commandHelpLink: \
                  https://prow.example.com/command-help\n  pr_process_link: https://example.com/reviews\n"
            .to_owned(),
        commands: commands(),
    }
}

fn commands() -> Vec<Command> {
    let mut approve = command(
        "/[remove-]approve [no-issue|cancel]",
        "Approves a pull request, or takes that back.",
        "People whom OWNERS files list as approvers.",
        &["/approve", "/approve no-issue", "/approve cancel", "/remove-approve"],
    );
    approve.featured = true;
    vec![approve]
}
