//! Slack notices of manual merges, and of SIGs that are mentioned. Behaviour: Prow
//! pkg/plugins/slackevents/slackevents.go.

pub mod mention;
pub mod push;

use kit::{
    ClientAgent, CommentAction, CommentEvent, Description, Event, EventBody, EventKind, Failure, Outcome, Plugin,
    PluginHelp, PushEvent, RepoRef, slack,
};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::push::Push;
use kit::prow::settings::SlackSettings as Settings;

struct SlackEvents;

impl Plugin for SlackEvents {
    fn describe() -> Description {
        Description {
            name: "slackevents".to_owned(),
            summary: "Tells Slack of manual merges and of SIGs that are mentioned.".to_owned(),
            events: vec![EventKind::Push, EventKind::Comment],
            commands: Vec::new(),
            settings: vec!["mentionchannels".to_owned(), "mergewarnings".to_owned()],
        }
    }

    fn help(settings: String, repos: Vec<RepoRef>) -> PluginHelp {
        PluginHelp {
            description: "Tells Slack channels of pushes by people instead of a merge robot, and of SIGs that are \
                          mentioned like <code>@kubernetes/sig-testing-bugs</code>."
                .to_owned(),
            config: explain(&kit::parsed_or_default(&settings), &repos),
            snippet: "slack:\n  mentionchannels:\n  - sig-testing\n  mergewarnings:\n  - repos: [org/repo]\n    \
                      channels: [sig-testing]\n    exempt_users: [merge-robot]\n    exempt_branches:\n      \
                      dev: [alice]\n"
                .to_owned(),
            commands: Vec::new(),
        }
    }

    fn handle(event: Event, agent: ClientAgent) -> Result<Outcome, Failure> {
        match &event.body {
            EventBody::Push(push) => on_push(&event, push, &agent),
            EventBody::Comment(comment) => on_comment(comment, &agent),
            _ => Ok(kit::ignored("neither a push nor a comment")),
        }
    }
}

fn on_push(event: &Event, push: &PushEvent, agent: &ClientAgent) -> Result<Outcome, Failure> {
    let settings: Settings = kit::settings(agent)?;
    let repo = event.repo.as_ref().map(|repo| &repo.ref_);
    let Some(entry) = repo.and_then(|repo| settings.merge_warning(&repo.org, &repo.name)) else {
        return Ok(kit::ignored("no merge warnings for this repository"));
    };
    let push = Push {
        git_ref: &push.ref_,
        pusher: &push.pusher,
        sender: event.sender.as_ref().map_or("", |sender| &sender.login),
        created: push.created,
        deleted: push.deleted,
        forced: push.forced,
        compare_url: &push.compare_url,
        commits: commits(&agent.payload()),
    };
    let Some(message) = push::warning(&push, entry) else {
        return Ok(kit::ignored("who pushed is exempt"));
    };
    for channel in &entry.channels {
        slack::write_message(agent, channel, &message)?;
    }
    Ok(kit::done(format!("told {} channels of a push", entry.channels.len())))
}

fn on_comment(comment: &CommentEvent, agent: &ClientAgent) -> Result<Outcome, Failure> {
    let mentioned = mentioned(comment);
    if mentioned.is_empty() {
        return Ok(kit::ignored("no SIG is mentioned in a new text"));
    }
    let settings: Settings = kit::settings(agent)?;
    let listed = listed(mentioned, &settings, agent.is_bot(&comment.author.login)?);
    if listed.is_empty() {
        return Ok(kit::ignored("no channel is listed for the SIGs that are mentioned, or the bot wrote it"));
    }
    for channel in &listed {
        let message = mention::message(channel, &comment.author.login, &comment.html_url, &comment.body);
        slack::write_message(agent, channel, &message)?;
    }
    Ok(kit::done(format!("told of {} mentions", listed.len())))
}

/// The channels of the SIGs that a new text mentions.
pub fn mentioned(comment: &CommentEvent) -> Vec<String> {
    if comment.action == CommentAction::Created { mention::channels(&comment.body) } else { Vec::new() }
}

/// Of the channels that a text mentions those that are told; none by the bot's own text.
pub fn listed(mentioned: Vec<String>, settings: &Settings, by_bot: bool) -> Vec<String> {
    mentioned.into_iter().filter(|channel| !by_bot && settings.mentionchannels.contains(channel)).collect()
}

/// How many commits the payload of a push lists.
pub fn commits(payload: &str) -> usize {
    #[derive(Deserialize)]
    struct Payload {
        #[serde(default)]
        commits: Option<Vec<IgnoredAny>>,
    }
    serde_json::from_str(payload).ok().and_then(|payload: Payload| payload.commits).map_or(0, |commits| commits.len())
}

fn explain(settings: &Settings, repos: &[RepoRef]) -> Vec<(String, String)> {
    let mentions = format!("Mentions of a SIG are told to these channels: {}.", settings.mentionchannels.join(", "));
    let of_repo = |repo: &RepoRef| {
        let text = match settings.merge_warning(&repo.org, &repo.name) {
            None => "There are no warnings of manual merges.".to_owned(),
            Some(entry) => {
                let branches = entry.exempt_branches.iter();
                let branches: Vec<String> =
                    branches.map(|(branch, logins)| format!("{branch} ({})", logins.join(", "))).collect();
                format!(
                    "A push is told to these channels: {}; but not one by {}, nor one by those who are exempt for \
                     the branch: {}.",
                    entry.channels.join(", "),
                    entry.exempt_users.join(", "),
                    branches.join(", "),
                )
            }
        };
        (format!("{}/{}", repo.org, repo.name), text)
    };
    std::iter::once((String::new(), mentions)).chain(repos.iter().map(of_repo)).collect()
}

kit::export!(SlackEvents);

#[cfg(test)]
mod tests;
