//! Sections of config.yaml, one file each: their keys, defaults, and what may not stand in them. Most are of components that
//! do not exist here: an installation that has them is told what is wrong with them all the same.

pub mod branch_protection;
pub mod deck;
pub mod gangway;
pub mod gerrit;
pub mod jenkins;
pub mod pubsub;
mod selector;
pub mod slack;
pub mod small;
pub mod supplement;
pub mod tide;
pub mod tide_method;
pub mod tide_query;

#[cfg(test)]
mod tests;

use crate::problem::{KeyPath, Problems};
use crate::raw_config::RawConfig;

use branch_protection::BranchProtection;
use deck::Deck;
use gangway::Gangway;
use gerrit::Gerrit;
use jenkins::JenkinsOperator;
use pubsub::PubsubTrigger;
use slack::SlackReporters;
use small::{Horologium, ManagedWebhooks, Moonraker, Pipeline, PushGateway};
use tide::Tide;

/// The words that Prow's logger knows.
const LOG_LEVELS: [&str; 8] = ["panic", "fatal", "error", "warn", "warning", "info", "debug", "trace"];

/// What config.yaml says to components that have no part of their own in [`crate::core_config`].
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(missing_docs, reason = "each type says what it is")]
pub struct Sections {
    pub tide: Tide,
    pub branch_protection: BranchProtection,
    pub deck: Deck,
    pub gerrit: Gerrit,
    pub gangway: Gangway,
    pub horologium: Horologium,
    pub moonraker: Moonraker,
    pub pipeline: Pipeline,
    pub push_gateway: PushGateway,
    pub jenkins_operators: Vec<JenkinsOperator>,
    pub slack_reporter_configs: SlackReporters,
    pub pubsub_triggers: Vec<PubsubTrigger>,
    pub managed_webhooks: ManagedWebhooks,
    /// `info` unless said otherwise.
    pub log_level: String,
    /// Where the status of a job that cannot be found links to.
    pub status_error_link: String,
    /// Build clusters that are as if they did not exist.
    pub disabled_clusters: Vec<String>,
    /// What stands in the file `VERSION` beside config.yaml, or under `config_version_sha`; empty for neither.
    pub config_version_sha: String,
}

impl Sections {
    /// Takes the sections out of `raw` and checks them; good only if no problem was added.
    pub(crate) fn check(raw: &mut RawConfig, file: &str, problems: &mut Problems) -> Self {
        let root = KeyPath::root();
        let mut all = Self {
            tide: raw.tide.take().unwrap_or_default(),
            branch_protection: raw.branch_protection.take().unwrap_or_default(),
            deck: raw.deck.take().unwrap_or_default(),
            gerrit: raw.gerrit.take().unwrap_or_default(),
            gangway: raw.gangway.take().unwrap_or_default(),
            horologium: raw.horologium.take().unwrap_or_default(),
            moonraker: raw.moonraker.take().unwrap_or_default(),
            pipeline: raw.pipeline.take().unwrap_or_default(),
            push_gateway: raw.push_gateway.take().unwrap_or_default(),
            jenkins_operators: raw.jenkins_operators.take().unwrap_or_default(),
            slack_reporter_configs: raw.slack_reporter_configs.take().unwrap_or_default(),
            pubsub_triggers: pubsub::check(raw.pubsub_subscriptions.take(), raw.pubsub_triggers.take(), file, problems),
            managed_webhooks: raw.managed_webhooks.take().unwrap_or_default(),
            log_level: text(raw.log_level.take(), "info"),
            status_error_link: text(raw.status_error_link.take(), "https://github.com/kubernetes/test-infra/issues"),
            disabled_clusters: raw.disabled_clusters.take().unwrap_or_default(),
            config_version_sha: raw.config_version_sha.take().unwrap_or_default(),
        };
        all.tide.check(file, &root.key("tide"), problems);
        all.branch_protection.check(file, &root.key("branch-protection"), problems);
        all.deck.check(file, &root.key("deck"), problems);
        all.gerrit.check(file, &root.key("gerrit"), problems);
        all.gangway.check(file, &root.key("gangway"), problems);
        jenkins::check(&mut all.jenkins_operators, file, &root.key("jenkins_operators"), problems);
        slack::check(&mut all.slack_reporter_configs, file, &root.key("slack_reporter_configs"), problems);
        if !LOG_LEVELS.contains(&all.log_level.to_ascii_lowercase().as_str()) {
            let why = format!("`{}` is no level: use one of {}", all.log_level, LOG_LEVELS.join(", "));
            problems.add(file, root.key("log_level"), why);
        }
        all
    }

    /// Every Go template of these sections, and where it stands in config.yaml.
    pub fn templates(&self) -> Vec<(KeyPath, &str)> {
        let root = KeyPath::root();
        let mut all = Vec::new();
        for (name, template) in &self.tide.merge_commit_template {
            let at = root.key("tide").key("merge_commit_template").key(name);
            all.push((at.key("title"), template.title.as_str()));
            all.push((at.key("body"), template.body.as_str()));
        }
        let deck = root.key("deck");
        for (index, log) in self.deck.external_agent_logs.iter().enumerate() {
            let at = deck.key("external_agent_logs").index(index).key("url_template");
            all.push((at, log.url_template.as_str()));
        }
        let link = deck.key("spyglass").key("pr_history_link_template");
        all.push((link, self.deck.spyglass.pr_history_link_template.as_str()));
        for (index, operator) in self.jenkins_operators.iter().enumerate() {
            let at = root.key("jenkins_operators").index(index);
            all.push((at.key("job_url_template"), operator.job_url_template.as_str()));
            for (name, template) in &operator.report_templates {
                all.push((at.key("report_templates").key(name), template.as_str()));
            }
        }
        for (name, reporter) in &self.slack_reporter_configs {
            let at = root.key("slack_reporter_configs").key(name).key("report_template");
            all.push((at, reporter.report.report_template.as_str()));
        }
        all
    }
}

/// What is given, or where that is empty, `default`.
pub(crate) fn text(given: Option<String>, default: &str) -> String {
    given.filter(|text| !text.is_empty()).unwrap_or_else(|| default.to_owned())
}

/// 0 becomes `default`; less is wrong.
pub(crate) fn at_least_one(number: &mut i64, default: i64, file: &str, at: &KeyPath, problems: &mut Problems) {
    match *number {
        0 => *number = default,
        number if number < 0 => {
            problems.add(file, at.clone(), format!("{number} is negative: write 1 or more, or leave it out"));
        }
        _ => {}
    }
}

/// What keeps `text` from being a URL as Go reads it, which is lenient: a path alone is one, and so is the empty text.
///
/// Behaviour: Go net/url, `Parse`.
pub(crate) fn url_fault(text: &str) -> Option<String> {
    let why = if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        "it has a control character"
    } else if text.starts_with(':') {
        "nothing stands before its `:`"
    } else if text.split('%').skip(1).any(|rest| !rest.get(..2).is_some_and(is_hex)) {
        "a `%` in it is not followed by two hexadecimal digits"
    } else if host_of(text).is_some_and(|host| host.contains([' ', '<', '>', '"'])) {
        "its host has a character that no host has"
    } else {
        return None;
    };
    Some(format!("`{text}` is no URL, {why}: write it like `https://example.com/path`"))
}

fn is_hex(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn host_of(text: &str) -> Option<&str> {
    let rest = text.split_once("://")?.1;
    rest.split(['/', '?', '#']).next()
}
