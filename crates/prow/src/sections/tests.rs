//! Sections as an operator writes them: defaults, and what is refused with which place.

use std::time::Duration;

use serde_json::{Value, json};

use crate::core_config::CoreConfig;
use crate::job_config::{Config, Named};
use crate::problem::Problems;
use crate::raw_config::RawConfig;
use crate::sections::supplement::{self, RawSupplement};
use crate::sections::tide::{MergeMethod, MethodOr};

fn raw(core: &Value) -> Named<RawConfig> {
    Named { file: "config.yaml".to_owned(), raw: serde_json::from_value(core.clone()).unwrap() }
}

fn load(core: Value) -> CoreConfig {
    Config::check(raw(&core), Vec::new()).unwrap_or_else(|found| panic!("{found:?}")).core
}

/// Each problem as `path … part of its message`.
#[track_caller]
fn check_refused(core: Value, want: &[&str]) {
    let found = Config::check(raw(&core), Vec::new()).map(|_| "it loads").unwrap_err();
    check_problems(&found.iter().map(ToString::to_string).collect::<Vec<_>>(), "config.yaml", want);
}

#[track_caller]
fn check_problems(found: &[String], file: &str, want: &[&str]) {
    assert_eq!(found.len(), want.len(), "{found:#?}");
    for (found, want) in found.iter().zip(want) {
        let (path, part) = want.split_once(" … ").unwrap();
        assert!(found.starts_with(&format!("{file}: {path}: ")) && found.contains(part), "{found:?} is not {want:?}");
    }
}

#[test]
fn what_is_not_said_has_prow_s_defaults() {
    let core = load(json!({}));
    let sections = core.sections;
    let seconds = Duration::from_secs;
    assert_eq!((sections.tide.sync_period.0, sections.tide.status_update_period()), (seconds(60), seconds(60)));
    assert_eq!((sections.tide.max_goroutines, sections.gerrit.ratelimit), (20, 5));
    assert_eq!((sections.gerrit.tick_interval.0, sections.horologium.tick_interval.0), (seconds(60), seconds(60)));
    assert_eq!((sections.deck.tide_update_period.0, sections.deck.spyglass.size_limit), (seconds(10), 100_000_000));
    assert_eq!((sections.moonraker.client_timeout.0, sections.push_gateway.interval.0), (seconds(600), seconds(60)));
    assert_eq!((sections.log_level.as_str(), sections.push_gateway.serve_metrics), ("info", false));
    assert_eq!(sections.status_error_link, "https://github.com/kubernetes/test-infra/issues");
    assert_eq!((core.scheduler.enabled, core.plank.max_goroutines), (false, 20));
    assert!(sections.gangway.allowed_api_clients.is_empty() && sections.pubsub_triggers.is_empty());
}

#[test]
fn what_is_said_counts() {
    let sections = load(json!({
        "tide": {
            "sync_period": "5m", "gerrit": {"queries": [{"org": "https://g", "repos": ["r"]}]},
            "merge_method": {"o": "squash", "p/q": "", "x": {"y": "rebase", "z": {"main": "merge"}}},
            "target_url": "https://t", "context_options": {"skip-unknown-contexts": true, "orgs": {"o": {"repos": {"r": {
                "required-contexts": ["c"], "branches": {"main": {"optional-contexts": ["d"]}}}}}}},
        },
        "branch-protection": {"protect": true, "protect-tested-repos": true, "orgs": {"o": {"enforce_admins": true,
            "repos": {"r": {"branches": {"main": {"required_status_checks": {"contexts": ["c"], "strict": true}}}}}}}},
        "jenkins_operators": [{"report_template": "t"}],
        "pubsub_subscriptions": {"p": ["s"]},
        "deck": {"rerun_auth_configs": {"o/r": {}, "*": {"allow_anyone": true}, "o": {"github_users": ["u"]}},
            "spyglass": {"viewers": {"log.txt": ["buildlog"]}, "gcs_browser_prefix": "https://b/"}},
        "slack_reporter_configs": {"*": {"channel": "c", "job_types_to_report": ["periodic"]}},
    }))
    .sections;
    let tide = &sections.tide;
    assert_eq!((tide.status_update_period(), tide.gerrit.as_ref().unwrap().ratelimit), (Duration::from_secs(300), 5));
    assert_eq!(tide.merge_method["o"], MethodOr::All(Some(MergeMethod::Squash)));
    assert_eq!(tide.merge_method["p/q"], MethodOr::All(None));
    let MethodOr::By(repos) = &tide.merge_method["x"] else { panic!("{:?}", tide.merge_method) };
    assert_eq!(repos["z"], MethodOr::By([("main".to_owned(), MergeMethod::Merge)].into()));
    assert_eq!(tide.target_urls["*"], "https://t");
    let contexts = &tide.context_options;
    assert_eq!(contexts.policy.skip_unknown_contexts, Some(true));
    assert_eq!(contexts.orgs["o"].repos["r"].branches["main"].optional_contexts, ["d"]);
    let protection = &sections.branch_protection;
    assert_eq!((protection.policy.protect, protection.protect_tested_repos), (Some(true), Some(true)));
    let branch = &protection.orgs["o"].repos["r"].branches["main"].policy;
    assert_eq!(branch.required_status_checks.as_ref().unwrap().strict, Some(true));
    assert_eq!(sections.jenkins_operators[0].report_templates["*"], "t");
    let trigger = &sections.pubsub_triggers[0];
    assert_eq!((trigger.allowed_clusters.as_slice(), trigger.max_outstanding_messages), (&["*".to_owned()][..], 10));
    let rerun: Vec<_> = sections.deck.default_rerun_auth_configs.iter().map(|entry| entry.repo.as_str()).collect();
    assert_eq!(rerun, ["*", "o", "o/r"]);
    assert_eq!(sections.deck.spyglass.lenses[0].lens.name, "buildlog");
    assert_eq!(sections.deck.spyglass.gcs_browser_prefixes["*"], "https://b/");
    assert!(sections.slack_reporter_configs["*"].report.report_template.starts_with("Job {{.Spec.Job}}"));
}

#[test]
fn tide_refusals() {
    let tide = |tide: Value| json!({"tide": tide});
    check_refused(tide(json!({"max_goroutines": -1})), &["tide.max_goroutines … negative"]);
    check_refused(
        tide(json!({"target_url": "a", "target_urls": {"*": "b"}})),
        &["tide.target_url … exclude each other"],
    );
    check_refused(
        tide(json!({"pr_status_base_url": "a", "pr_status_base_urls": {"*": "b"}})),
        &["tide.pr_status_base_url … exclude each other"],
    );
    check_refused(tide(json!({"pr_status_base_urls": {"o": "b"}})), &["tide.pr_status_base_urls … no `*`"]);
    let branches = json!({"merge_method": {"o": {"r": {"(": "merge"}}}});
    check_refused(tide(branches), &["tide.merge_method.o.r.( … `(` is not valid"]);
    assert!(serde_json::from_value::<RawConfig>(tide(json!({"merge_method": {"o": "octopus"}}))).is_err());
    assert!(serde_json::from_value::<RawConfig>(tide(json!({"github_merge_blocks_policy": {"*": "maybe"}}))).is_err());
}

#[test]
fn queries_that_cannot_be_meant() {
    let query = |query: Value| json!({"tide": {"queries": [query]}});
    let at = |rest: &str| format!("tide.queries[0]{rest}");
    let check = |keys: Value, want: &[&str]| {
        let want: Vec<String> = want.iter().map(|want| at(want)).collect();
        check_refused(query(keys), &want.iter().map(String::as_str).collect::<Vec<_>>());
    };
    assert_eq!(
        load(query(json!({"orgs": ["o"], "repos": ["p/q"], "excludedRepos": ["o/r"]}))).sections.tide.queries.len(),
        1
    );
    check(json!({}), &[" … needs `orgs` or `repos`"]);
    check(json!({"orgs": ["o/r"]}), &[".orgs[0] … no org"]);
    check(json!({"repos": ["o"]}), &[".repos[0] … no repository"]);
    check(json!({"repos": ["o/r/s"]}), &[".repos[0] … no repository"]);
    check(json!({"orgs": ["o"], "repos": ["o/r"]}), &[".repos[0] … covered by the org `o`"]);
    check(json!({"orgs": ["o"], "excludedRepos": ["p/r"]}), &[".excludedRepos[0] … left out of nothing"]);
    check(json!({"orgs": ["o", "o"]}), &[".orgs[1] … twice"]);
    check(json!({"orgs": ["o"], "labels": ["l", "l"]}), &[".labels[1] … twice"]);
    check(
        json!({"orgs": ["o"], "labels": ["l"], "missingLabels": ["m", "l"]}),
        &[".missingLabels[1] … nothing could match"],
    );
    check(
        json!({"orgs": ["o"], "includedBranches": ["a"], "excludedBranches": ["b"]}),
        &[".excludedBranches … exclude each other"],
    );
}

#[test]
fn deck_refusals() {
    let deck = |deck: Value| json!({"deck": deck});
    check_refused(deck(json!({"spyglass": {"size_limit": -1}})), &["deck.spyglass.size_limit … negative"]);
    let lens = json!({"spyglass": {"lenses": [{"required_files": ["a", "("], "lens": {"name": "l"}}]}});
    check_refused(deck(lens), &["deck.spyglass.lenses[0].required_files[1] … not valid"]);
    let twice = json!({"spyglass": {"gcs_browser_prefix": "a", "gcs_browser_prefixes": {"*": "b"}}});
    check_refused(deck(twice), &["deck.spyglass.gcs_browser_prefix … say the same"]);
    let both = json!({"rerun_auth_configs": {"*": {}}, "default_rerun_auth_configs": [{"rerun_auth_configs": {}}]});
    check_refused(deck(both), &["deck.rerun_auth_configs … exclude each other"]);
    let anyone =
        json!({"default_rerun_auth_configs": [{"rerun_auth_configs": {"allow_anyone": true, "github_orgs": ["o"]}}]});
    check_refused(deck(anyone), &["deck.default_rerun_auth_configs[0].rerun_auth_configs … keep one"]);
    check_refused(
        deck(json!({"additional_allowed_buckets": ["b"]})),
        &["deck.additional_allowed_buckets … have an effect only with"],
    );
    check_refused(
        deck(json!({"external_agent_logs": [{"agent": "a", "selector": "a in b"}]})),
        &["deck.external_agent_logs[0].selector … no part of a label selector"],
    );
}

#[test]
fn refusals_of_the_other_sections() {
    check_refused(json!({"log_level": "loud"}), &["log_level … `loud` is no level"]);
    let both = json!({"branch-protection": {"include": ["a"], "exclude": ["b"]}});
    check_refused(both, &["branch-protection.exclude … exclude each other"]);
    check_refused(
        json!({"gerrit": {"allowed_presubmit_trigger_re": "(", "deck_url": "https://a b/"}}),
        &["gerrit.deck_url … no URL", "gerrit.allowed_presubmit_trigger_re … not valid"],
    );
    check_refused(
        json!({"pubsub_subscriptions": {"p": ["s"]}, "pubsub_triggers": []}),
        &["pubsub_subscriptions … exclude each other"],
    );
    check_refused(json!({"slack_reporter_configs": {"o": {}}}), &["slack_reporter_configs.o … needs a `channel`"]);
    let operators = |list: Value| json!({"jenkins_operators": list});
    check_refused(
        operators(json!([{"label_selector": "a=b"}])),
        &["jenkins_operators[0].label_selector … only operator"],
    );
    check_refused(
        operators(json!([{}, {"label_selector": "a b"}])),
        &["jenkins_operators[0] … needs a `label_selector`", "jenkins_operators[1].label_selector … no part"],
    );
    check_refused(
        operators(json!([{"report_template": "a", "report_templates": {"o": "b"}, "max_concurrency": -1}])),
        &[
            "jenkins_operators[0].max_concurrency … negative",
            "jenkins_operators[0].report_template … exclude each other",
        ],
    );
}

#[test]
fn clients_of_the_api() {
    let client = |kind: &str, number: &str, tenant: &str| {
        json!({"gcp": {"endpoint_api_consumer_type": kind, "endpoint_api_consumer_number": number},
            "allowed_jobs_filters": [{"tenant_id": tenant}]})
    };
    let gangway = |clients: &[Value]| json!({"gangway": {"allowed_api_clients": clients}});
    assert_eq!(load(gangway(&[client("PROJECT", "12", "t")])).sections.gangway.allowed_api_clients.len(), 1);
    let at = "gangway.allowed_api_clients[0]";
    check_refused(
        gangway(&[client("USER", "12", "t")]),
        &[&format!("{at}.gcp.endpoint_api_consumer_type … `PROJECT`")],
    );
    check_refused(
        gangway(&[client("PROJECT", "x1", "t")]),
        &[&format!("{at}.gcp.endpoint_api_consumer_number … digits")],
    );
    check_refused(gangway(&[client("PROJECT", "1", "")]), &[&format!("{at}.allowed_jobs_filters[0] … `tenant_id`")]);
    check_refused(gangway(&[json!({})]), &[&format!("{at} … needs `gcp`"), &format!("{at} … `allowed_jobs_filters`")]);
    check_refused(
        gangway(&[client("PROJECT", "1", "t"), client("PROJECT", "1", "u")]),
        &["gangway.allowed_api_clients[1].gcp … twice"],
    );
}

fn merged(core: Value, more: &[Value]) -> (RawConfig, Vec<String>) {
    let mut core = raw(&core).raw;
    let mut problems = Problems::new();
    for more in more {
        let raw: RawSupplement = serde_json::from_value(more.clone()).unwrap();
        supplement::merge(&mut core, Named { file: "more.yaml".to_owned(), raw }, &mut problems);
    }
    (core, problems.into_vec().iter().map(ToString::to_string).collect())
}

#[test]
fn supplemental_files_add() {
    let protection = |orgs: Value| json!({"branch-protection": {"orgs": orgs}});
    let core = json!({
        "branch-protection": {"protect": true, "orgs": {"o": {"repos": {"a": {"protect": false}}}}},
        "tide": {"queries": [{"orgs": ["o"]}], "merge_method": {"o": "merge"}},
    });
    let more = [
        protection(
            json!({"o": {"enforce_admins": true, "repos": {"b": {"protect": true}, "a": {"branches": {"m": {"protect": true}}}}}}),
        ),
        json!({"tide": {"queries": [{"orgs": ["p"]}], "merge_method": {"p": "squash"}}}),
        json!({"slack_reporter_configs": {"o": {"channel": "c"}}, "branch-protection": {"allow_disabled_policies": true}}),
    ];
    let (core, problems) = merged(core, &more);
    assert!(problems.is_empty(), "{problems:?}");
    let protection = core.branch_protection.unwrap();
    let org = &protection.orgs["o"];
    assert_eq!((org.policy.enforce_admins, protection.allow_disabled_policies), (Some(true), Some(true)));
    assert_eq!((org.repos["a"].policy.protect, org.repos["b"].policy.protect), (Some(false), Some(true)));
    assert_eq!(org.repos["a"].branches["m"].policy.protect, Some(true));
    let tide = core.tide.unwrap();
    assert_eq!((tide.queries.len(), tide.merge_method.len()), (2, 2));
    assert!(core.slack_reporter_configs.unwrap().contains_key("o"));
}

#[test]
fn no_two_files_say_the_same() {
    let core = json!({
        "branch-protection": {"protect": true, "allow_disabled_policies": false, "orgs": {"o": {"protect": true,
            "repos": {"r": {"protect": true, "branches": {"m": {"protect": true}}}}}}},
        "tide": {"merge_method": {"o": "merge"}},
        "slack_reporter_configs": {"o": {"channel": "c"}},
    });
    let (_, problems) = merged(core.clone(), &[core]);
    check_problems(
        &problems,
        "more.yaml",
        &[
            "branch-protection … policy for all orgs",
            "branch-protection.allow_disabled_policies … another file sets",
            "branch-protection.orgs.o … policy for o,",
            "branch-protection.orgs.o.repos.r … policy for o/r,",
            "branch-protection.orgs.o.repos.r.branches.m … the branch `m` of o/r",
            "tide.merge_method.o … another file",
            "slack_reporter_configs.o … another file",
        ],
    );
    let (_, problems) = merged(json!({}), &[json!({"tide": {"queries": [{}]}, "slack_reporter_configs": {"o": {}}})]);
    check_problems(
        &problems,
        "more.yaml",
        &["tide.queries[0] … `orgs` or `repos`", "slack_reporter_configs.o … `channel`"],
    );
}
