//! What the plugin says of itself.

use kit::prow::settings::TriggerSettings;
use kit::{Command, Description, EventKind, PluginHelp, command};

use crate::plan::{NEEDS_OK_TO_TEST, OK_TO_TEST};

pub(crate) fn description() -> Description {
    let settings = [
        "trusted_apps",
        "trusted_org",
        "join_org_url",
        "only_org_members",
        "ignore_ok_to_test",
        "ok_to_test_expires_on_push",
        "trigger_github_workflows",
        "org_invite",
    ];
    Description {
        name: "trigger".to_owned(),
        summary: "Starts presubmits for trusted pull requests and for comments, and postsubmits for pushes.".to_owned(),
        events: vec![EventKind::PullRequest, EventKind::Comment, EventKind::Push],
        commands: commands(),
        settings: settings.map(str::to_owned).to_vec(),
    }
}

pub(crate) fn help(settings: &str) -> PluginHelp {
    let settings: TriggerSettings = kit::parsed_or_default(settings);
    let mut config = vec![if settings.only_org_members {
        "Trusted are members of the organisation, not collaborators of the repository.".to_owned()
    } else {
        "Trusted are members of the organisation and collaborators of the repository.".to_owned()
    }];
    if !settings.trusted_org.is_empty() {
        config.push(format!("So are members of {}.", settings.trusted_org));
    }
    if !settings.trusted_apps.is_empty() {
        config.push(format!("So are these apps: {}.", settings.trusted_apps.join(", ")));
    }
    if settings.ignore_ok_to_test {
        config.push("<code>/ok-to-test</code> is not in use.".to_owned());
    }
    if settings.ok_to_test_expires_on_push {
        config.push(format!("A push by anybody else ends <code>{OK_TO_TEST}</code>."));
    }
    if settings.trigger_github_workflows {
        config.push("Runs of GitHub Actions are approved and run again, too.".to_owned());
    }
    PluginHelp {
        description: format!(
            "Starts jobs for pull requests and pushes. A pull request whose author is not trusted waits for \
             <code>/ok-to-test</code>, with the label <code>{NEEDS_OK_TO_TEST}</code> until then and \
             <code>{OK_TO_TEST}</code> afterwards."
        ),
        config: vec![(String::new(), config.join(" "))],
        snippet: "triggers:\n- repos:\n  - org/repo\n  only_org_members: true\n  trusted_apps:\n  - dependabot\n"
            .to_owned(),
        commands: commands(),
    }
}

fn commands() -> Vec<Command> {
    const ALL: &str = "Anyone on a trusted pull request; trusted people on any.";
    const TRUSTED: &str = "Trusted people.";
    let mut commands = vec![
        command(
            "/ok-to-test [SHA|cancel]",
            "Marks a pull request as safe to test, or takes that back. With the commit that was reviewed, it counts only if \
             that is still the head; all forty digits are proof against one that was made to begin alike.",
            TRUSTED,
            &["/ok-to-test", "/ok-to-test 1a2b3c4"],
        ),
        command(
            "/test (NAME|all|?)",
            "Starts a job, or all that are due; `?` lists them.",
            ALL,
            &["/test all", "/test unit"],
        ),
        command("/retest", "Starts again what failed, and what never ran.", ALL, &["/retest"]),
        command("/retest-required", "The same, without optional jobs.", ALL, &["/retest-required"]),
        command(
            "/test-manual-required",
            "Starts required jobs that only a comment starts.",
            ALL,
            &["/test-manual-required"],
        ),
    ];
    for command in &mut commands[..3] {
        command.featured = true;
    }
    commands
}
