//! What each plugin is told for a repository, with its defaults.

use serde_json::{Value, json};

use super::load;

#[track_caller]
fn check(raw: Value, plugin: &str, full_name: &str, want: Value) {
    let (org, repo) = full_name.split_once('/').unwrap();
    assert_eq!(load(raw).unwrap().settings(plugin, org, repo), want, "{plugin} on {full_name}");
}

const LACKS_REVIEWS: &str = "Not mergeable. (PullRequest is missing sufficient approving GitHub review\\(s\\)|Needs (lgtm|approved|approved, lgtm) labels?)\\.?";

#[test]
fn reviewers() {
    for plugin in ["blunderbuss", "rifle"] {
        let mut told = json!({
            "request_count": 2, "max_request_count": 0, "exclude_approvers": false, "use_status_availability": false,
            "ignore_drafts": false, "ignore_authors": [], "wait_for_status": null,
        });
        check(json!({}), plugin, "o/r", told.clone());
        told["wait_for_status"] = json!({"context": "tide", "state": "pending", "description": LACKS_REVIEWS});
        check(json!({plugin: {"wait_for_status": {}}}), plugin, "o/r", told);
    }
}

#[test]
fn defaults_of_single_keys() {
    check(json!({}), "golint", "o/r", json!({"minimum_confidence": 0.8}));
    check(json!({"golint": {"minimum_confidence": 0.0}}), "golint", "o/r", json!({"minimum_confidence": 0.0}));
    let guide = "https://git.k8s.io/community/contributors/guide/";
    check(json!({}), "release-note", "o/r", json!({"guidelines_url": format!("{guide}release-notes.md")}));
    check(
        json!({"help": {"help_guidelines_url": ""}}),
        "help",
        "o/r",
        json!({"help_guidelines_url": format!("{guide}help-wanted.md"), "help_guidelines_summary": ""}),
    );
    check(json!({}), "cat", "o/r", json!({"key_path": ""}));
    check(json!({"goose": {"key_path": "k"}}), "goose", "o/r", json!({"key_path": "k"}));
    check(json!({}), "heart", "o/r", json!({"adorees": [], "commentregexp": ""}));
    check(json!({}), "jira", "o/r", json!({"disabled_jira_projects": []}));
    check(json!({}), "retitle", "o/r", json!({"allow_closed_issues": false}));
    check(json!({}), "override", "o/r", json!({"allow_top_level_owners": false, "allowed_github_teams": {}}));
    check(json!({}), "branchcleaner", "o/r", json!({"preserved_branches": {}}));
    check(json!({}), "slackevents", "o/r", json!({"mentionchannels": [], "mergewarnings": []}));
    let teams =
        "(?m)@kubernetes/sig-([\\w-]*)-(misc|test-failures|bugs|feature-requests|proposals|pr-reviews|api-reviews)";
    check(json!({}), "sigmention", "o/r", json!({ "regexp": teams }));
    check(json!({}), "hold", "o/r", Value::Null);
}

#[test]
fn sizes_are_completed_each_by_itself() {
    check(json!({}), "size", "o/r", json!({"s": 10, "m": 30, "l": 100, "xl": 500, "xxl": 1000}));
    check(json!({"size": {"xxl": 5000}}), "size", "o/r", json!({"s": 10, "m": 30, "l": 100, "xl": 500, "xxl": 5000}));
}

#[test]
fn lists_of_entries_for_repositories() {
    let entries = json!([{"repos": ["o"], "always_post": true}, {"repos": ["o/r"], "message_template": "hi"}]);
    let told = |repo: &str, message: &str, always: bool| json!({"repos": [repo], "message_template": message, "always_post": always});
    check(json!({ "welcome": entries }), "welcome", "o/r", told("o/r", "hi", false));
    check(json!({ "welcome": entries }), "welcome", "o/s", told("o", "", true));
    check(json!({}), "welcome", "o/s", json!({"repos": [], "message_template": "", "always_post": false}));
    let entries = json!([{"repos": ["o"], "checks": [{"name": "fixupPrefix", "disabled": true}]}]);
    let told = json!({"repos": ["o"], "checks": [{"name": "fixupPrefix", "disabled": true}]});
    check(json!({ "invalid_commit_msg": entries }), "invalidcommitmsg", "o/r", told);
    check(json!({}), "invalidcommitmsg", "o/r", json!({"repos": [], "checks": []}));
}

#[test]
fn dco_goes_by_repository_then_org_then_star() {
    let org_of = |raw: Value, full_name: &str| {
        let (org, repo) = full_name.split_once('/').unwrap();
        load(json!({ "dco": raw })).unwrap().dco(org, repo).trusted_org
    };
    let own = |name: &str| json!({"trusted_org": name});
    let raw = json!({"*": own("any"), "o": own("org"), "o/r": own("repo"), "o/null": null, "p": null});
    assert_eq!(org_of(raw.clone(), "o/r"), "repo");
    assert_eq!(org_of(raw.clone(), "o/s"), "org");
    assert_eq!(org_of(raw.clone(), "o/null"), "org");
    assert_eq!(org_of(raw.clone(), "p/s"), "any");
    assert_eq!(org_of(json!({}), "o/r"), "");
}

#[test]
fn cherry_picks_and_matching_labels() {
    let raw = json!({"cherry_pick_approved": [{"org": "o", "approvers": ["a"]}]});
    let told = json!([{
        "org": "o", "repo": "", "branchregexp": "^release-.*$", "approvers": ["a"],
        "allow_missing_approved_label": false, "allow_missing_lgtm_label": false,
    }]);
    check(raw, "cherry-pick-approved", "o/r", told);
    let told = load(json!({})).unwrap().settings("cherry-pick-unapproved", "o", "r");
    assert_eq!(told["branchregexp"], "^release-.*$");
    assert!(told["comment"].as_str().unwrap().contains("`do-not-merge/cherry-pick-not-approved`"), "{told}");
    let entry = json!({"org": "o", "issues": true, "regexp": "a", "missing_label": "b"});
    let told = load(json!({ "require_matching_label": [entry] })).unwrap().settings("require-matching-label", "o", "r");
    assert_eq!(
        (&told[0]["grace_period"], &told[0]["issues"], &told[0]["prs"]),
        (&json!("5s"), &json!(true), &json!(false))
    );
}

#[test]
fn config_updater_has_its_clusters_written_out() {
    let spec = |name: &str| {
        json!({
            "name": name, "partitioned_names": [], "key": "", "gzip": null, "clusters": {"default": [""]},
            "cluster_groups": [], "use_full_path_as_key": false, "allowed_repos": [], "denied_repos": [],
        })
    };
    let maps = json!({"config/prow/config.yaml": spec("config"), "config/prow/plugins.yaml": spec("plugins")});
    check(json!({}), "config-updater", "o/r", json!({"maps": maps, "cluster_groups": {}, "gzip": false}));
    let raw = json!({"config_updater": {
        "cluster_groups": {"g": {"clusters": ["k", "l"], "namespaces": ["n", "m"]}, "h": {"clusters": ["k"], "namespaces": ["o"]}},
        "maps": {"a/*": {"name": "c", "cluster_groups": ["g", "h"], "denied_repos": ["o/r"], "use_full_path_as_key": true}},
    }});
    let told = load(raw).unwrap().settings("config-updater", "o", "r");
    assert_eq!(told["maps"]["a/*"]["clusters"], json!({"k": ["n", "m", "o"], "l": ["n", "m"]}));
    // Prow loses these two where groups are used.
    assert_eq!(told["maps"]["a/*"]["denied_repos"], json!(["o/r"]));
    assert_eq!(told["maps"]["a/*"]["use_full_path_as_key"], true);
}

#[test]
fn milestones() {
    let raw = json!({
        "repo_milestone": {"": {"maintainers_team": "all"}, "o/r": {"maintainers_team": "t", "maintainers_friendly_name": "F"}},
        "milestone_applier": {"o/r": {"main": "v1"}},
    });
    let told = |team: &str, name: &str| json!({"maintainers_id": 0, "maintainers_team": team, "maintainers_friendly_name": name});
    check(raw.clone(), "milestone", "o/r", told("t", "F"));
    check(raw.clone(), "milestonestatus", "o/s", told("all", "SIG Chairs/TLs"));
    check(json!({}), "milestone", "o/s", told("", "SIG Chairs/TLs"));
    check(raw.clone(), "milestoneapplier", "o/r", json!({"main": "v1"}));
    check(raw, "milestoneapplier", "o/s", json!({}));
}

#[test]
fn the_block_about_owners() {
    let raw = json!({"owners": {
        "mdyamlrepos": ["o"], "skip_collaborators": ["o/r"],
        "filenames": {"o": {"owners": "OF_ORG"}, "o/r": {"owners_aliases": "ALIASES"}},
    }});
    let told = |owners: &str, aliases: &str, skips: bool| {
        json!({
            "mdyaml": true, "skip_collaborators": skips, "labels_denylist": ["approved", "lgtm"],
            "filenames": {"owners": owners, "owners_aliases": aliases},
        })
    };
    check(raw.clone(), "verify-owners", "o/r", told("OWNERS", "ALIASES", true));
    check(raw, "verify-owners", "o/s", told("OF_ORG", "OWNERS_ALIASES", false));
    let denied = |raw: Value| load(raw).unwrap().owners("o", "r").labels_denylist;
    assert_eq!(denied(json!({"owners": {"labels_denylist": []}})), [""; 0]);
    assert_eq!(denied(json!({"owners": {"labels_denylist": ["x"]}})), ["x"]);
}

#[test]
fn labels_are_restricted_by_all_three_levels() {
    let label = |name: &str, team: &str, user: &str, on: &str| json!({"label": name, "allowed_teams": [team], "allowed_users": [user], "assign_on": [{"label": on}]});
    let raw = json!({"label": {
        "additional_labels": ["a"],
        "restricted_labels": {
            "*": [label("Stop", "t1", "u1", "x")], "o": [label("stop", "t0", "u1", "y")],
            "o/r": [label("STOP", "t1", "u0", "x"), label("go", "t", "u", "z")], "p": [label("no", "", "", "")],
        },
    }});
    let stop = json!({
        "label": "Stop", "allowed_teams": ["t0", "t1"], "allowed_users": ["u0", "u1"],
        "assign_on": [{"label": "x"}, {"label": "y"}],
    });
    let told = json!({"additional_labels": ["a"], "restricted_labels": [label("go", "t", "u", "z"), stop]});
    check(raw.clone(), "label", "o/r", told);
    let told = json!({"additional_labels": ["a"], "restricted_labels": [label("Stop", "t1", "u1", "x")]});
    check(raw, "label", "q/r", told);
}

#[test]
fn a_plugin_is_loaded_anew_when_its_block_changes() {
    let everywhere = |raw: Value, plugin: &str| load(raw).unwrap().settings_everywhere(plugin);
    for (plugin, raw) in [
        ("bugzilla", json!({"bugzilla": {"default": {"*": {"is_open": true}}}})),
        ("dco", json!({"dco": {"o": {"trusted_org": "x"}}})),
        ("invalidcommitmsg", json!({"invalid_commit_msg": [{"repos": ["o"]}]})),
        ("label", json!({"label": {"additional_labels": ["a"]}})),
        ("milestone", json!({"repo_milestone": {"o/r": {}}})),
        ("milestoneapplier", json!({"milestone_applier": {"o/r": {"a": "b"}}})),
        ("verify-owners", json!({"owners": {"mdyamlrepos": ["o"]}})),
        ("welcome", json!({"welcome": [{"repos": ["o"]}]})),
        ("blockade", json!({"blockades": [{"repos": ["o"]}]})),
        ("project", json!({"project_config": {"project_org_configs": {"o": {}}}})),
    ] {
        assert_ne!(everywhere(raw.clone(), plugin), everywhere(json!({}), plugin), "{plugin}");
        assert_eq!(everywhere(raw, "retitle"), everywhere(json!({}), "retitle"), "{plugin}");
    }
}
