//! What keeps plugins.yaml from taking effect: ten points, each with what is just about good.

use serde_json::{Value, json};

use super::{check_refused, load, load_all};

#[track_caller]
fn check_good(raw: Value) {
    assert!(load(raw.clone()).is_ok(), "{raw}: {:#?}", load(raw.clone()).map(|_| ()));
}

#[test]
fn case_01_expressions_and_durations_are_compiled_once_defaults_are_filled_in() {
    check_good(json!({"sigmention": {"regexp": ""}, "heart": {}, "blunderbuss": {"wait_for_status": {}}}));
    check_refused(json!({"sigmention": {"regexp": "("}}), &["sigmention.regexp"]);
    check_refused(json!({"heart": {"commentregexp": "("}}), &["heart.commentregexp"]);
    check_refused(
        json!({"cherry_pick_approved": [{"branchregexp": "a"}, {"branchregexp": "("}]}),
        &["cherry_pick_approved[1].branchregexp"],
    );
    check_refused(json!({"cherry_pick_unapproved": {"branchregexp": "("}}), &["cherry_pick_unapproved.branchregexp"]);
    check_refused(
        json!({"blockades": [{"branchregexp": "(", "blockregexps": ["a", "("], "exceptionregexps": ["("]}]}),
        &["blockades[0].branchregexp", "blockades[0].blockregexps[1]", "blockades[0].exceptionregexps[0]"],
    );
    for block in ["blunderbuss", "rifle"] {
        let want = format!("{block}.wait_for_status.description");
        check_refused(json!({block: {"wait_for_status": {"description": "("}}}), &[&want]);
    }
    check_refused(matching(json!({"regexp": "("})), &["require_matching_label[0].regexp"]);
    check_refused(matching(json!({"grace_period": "soon"})), &["[0].grace_period: `soon` is not a duration"]);
}

#[test]
fn case_02_a_plugin_is_not_enabled_for_an_org_and_its_repository() {
    check_refused(
        json!({"plugins": {"o": ["a"], "o/r": ["a"]}}),
        &["plugins.yaml: plugins.o/r: the plugin `a` is enabled for `o` and"],
    );
    check_good(json!({"plugins": {"o": {"plugins": ["a"], "excluded_repos": ["r"]}, "o/r": ["a"]}}));
    check_refused(
        json!({"plugins": {"o": {"plugins": ["a"], "excluded_repos": ["o/r"]}, "o/r": ["a"]}}),
        &["plugins.o/r: the plugin `a`"],
    );
    let service = |name: &str| json!([{"name": name}]);
    check_refused(
        json!({
            "plugins": {"o": {"plugins": [], "excluded_repos": ["r"]}},
            "external_plugins": {"o": service("a"), "o/r": service("a")},
        }),
        &["external_plugins.o/r: the external plugin `a`"],
    );
    check_good(json!({"external_plugins": {"o": service("a"), "o/r": service("b")}}));
}

#[test]
fn case_03_reviews_are_asked_for_by_one_plugin_and_one_at_least() {
    for block in ["blunderbuss", "rifle"] {
        check_good(json!({block: {"request_count": 1}}));
        check_good(json!({block: {}}));
        let want = format!("{block}.request_count: 0 is not positive");
        check_refused(json!({block: {"request_count": 0}}), &[&want]);
        check_refused(json!({block: {"request_count": -1}}), &["-1 is not positive"]);
    }
    check_refused(json!({"plugins": {"o": ["blunderbuss", "rifle"]}}), &["plugins.o: both `blunderbuss` and `rifle`"]);
    check_refused(json!({"plugins": {"o/r": ["rifle", "blunderbuss"]}}), &["plugins.o/r: both"]);
    check_refused(json!({"plugins": {"o": ["blunderbuss"], "o/r": ["rifle"]}}), &["plugins.o/r: of `blunderbuss`"]);
    check_refused(json!({"plugins": {"o": ["rifle"], "o/r": ["blunderbuss"]}}), &["plugins.o/r: of `blunderbuss`"]);
    check_good(json!({"plugins": {"o": ["blunderbuss"], "p/r": ["rifle"], "o/r": ["hold"]}}));
    check_good(json!({"plugins": {"o": {"plugins": ["blunderbuss"], "excluded_repos": ["r"]}, "o/r": ["rifle"]}}));
}

#[track_caller]
fn check_maps(updater: Value, want: &[&str]) {
    match want {
        [] => check_good(json!({ "config_updater": updater })),
        want => check_refused(json!({ "config_updater": updater }), want),
    }
}

#[test]
fn case_04_config_updater_puts_each_file_in_one_place() {
    let names = |count: usize| -> Vec<String> { (0..count).map(|at| format!("c{at}")).collect() };
    check_maps(json!({"maps": {"a.yaml": {"name": "c", "partitioned_names": ["d"]}}}), &["maps.a.yaml: both `name`"]);
    check_maps(json!({"maps": {"a.yaml": {"partitioned_names": names(256)}}}), &[]);
    check_maps(json!({"maps": {"a.yaml": {"partitioned_names": names(257)}}}), &["partitioned_names: 257 names"]);
    let two = |first: Value, second: Value| json!({"maps": {"a/x.yaml": first, "b/x.yaml": second}});
    check_maps(
        two(json!({"name": "c"}), json!({"name": "c"})),
        &["maps.b/x.yaml: the key `x.yaml` of the config map `c`"],
    );
    check_maps(two(json!({"name": "c"}), json!({"name": "d"})), &[]);
    check_maps(two(json!({"name": "c"}), json!({"name": "c", "key": "y"})), &[]);
    check_maps(two(json!({"name": "c", "key": "y"}), json!({"name": "c", "key": "y"})), &["the key `y`"]);
    let at = |cluster: &str, namespace: &str| json!({"name": "c", "clusters": {cluster: [namespace]}});
    check_maps(two(at("k", "n"), at("k", "n")), &["in cluster `k`, namespace `n`"]);
    check_maps(two(at("k", "n"), at("k", "m")), &[]);
    check_maps(two(at("k", "n"), at("j", "n")), &[]);
    check_maps(two(at("default", ""), json!({"name": "c"})), &["in cluster `default`, namespace ``"]);
    let spec = json!({"name": "c", "clusters": {"k": ["n"]}, "cluster_groups": ["g"]});
    let groups = json!({"g": {"clusters": ["k"], "namespaces": ["n"]}});
    check_maps(json!({"maps": {"a": spec}, "cluster_groups": groups}), &["maps.a: both `clusters` and"]);
    let spec = json!({"name": "c", "cluster_groups": ["g", "h"]});
    check_maps(
        json!({"maps": {"a": spec}, "cluster_groups": groups}),
        &["maps.a.cluster_groups[1]: there is no group `h`"],
    );
}

#[test]
fn case_05_sizes_do_not_decrease_as_they_are_written() {
    check_good(json!({"size": {"s": 10, "m": 30, "l": 100, "xl": 500, "xxl": 1000}}));
    check_good(json!({"size": {"s": 1, "m": 1, "l": 1, "xl": 1, "xxl": 1}}));
    check_good(json!({"size": {"xxl": 5000}}));
    check_refused(json!({"size": {"s": 10}}), &["size: the size `s` (10) is above `m` (0)"]);
    check_refused(
        json!({"size": {"s": 1, "m": 2, "l": 3, "xl": 2, "xxl": 5}}),
        &["the size `l` (3) is above `xl` (2)"],
    );
}

/// One entry of `require_matching_label` that is good but for these keys.
fn matching(keys: Value) -> Value {
    let mut entry = json!({"org": "o", "repo": "r", "prs": true, "regexp": "^kind/", "missing_label": "needs-kind"});
    let Value::Object(keys) = keys else { panic!("an object") };
    keys.into_iter().for_each(|(key, value)| entry[key] = value);
    json!({"require_matching_label": [entry]})
}

#[test]
fn case_06_what_must_have_a_label_is_said_whole() {
    check_good(matching(json!({})));
    check_good(matching(json!({"repo": "", "branch": "main", "issues": true, "grace_period": "1m"})));
    for key in ["org", "regexp", "missing_label"] {
        let want = format!("require_matching_label[0]: the key `{key}` is missing");
        check_refused(matching(json!({ key: "" })), &[&want]);
    }
    check_refused(matching(json!({"repo": "o/r"})), &["require_matching_label[0].repo: `o/r` has a `/`"]);
    check_refused(matching(json!({"prs": false})), &["it is for nothing"]);
    check_refused(
        matching(json!({"prs": false, "issues": true, "branch": "main"})),
        &["[0].branch: issues have no branch"],
    );
    check_refused(
        matching(json!({"missing_label": "kind/none"})),
        &["[0].missing_label: `kind/none` matches `regexp`"],
    );
}

#[track_caller]
fn check_columns(columns: Value, want: &[&str]) {
    let raw = json!({"project_manager": {"orgsRepos": {"o": {"projects": {"p": {"columns": columns}}}}}});
    match want {
        [] => check_good(raw),
        want => check_refused(raw, want),
    }
}

#[test]
fn case_07_issues_go_to_one_column_of_a_board() {
    check_good(json!({"project_manager": {}}));
    check_refused(json!({"project_manager": {"orgsRepos": {"o": {}}}}), &["project_manager.orgsRepos.o: this has no"]);
    check_columns(json!([]), &["orgsRepos.o.projects.p: this project has no `columns`"]);
    let column = |labels: Value| json!({"name": "todo", "labels": labels, "org": "o"});
    check_columns(json!([column(json!(["a"])), column(json!(["a", "b"]))]), &[]);
    check_columns(json!([{"id": 0, "labels": ["a"], "org": "o"}]), &[]);
    check_columns(json!([{"labels": ["a"], "org": "o"}]), &["columns[0]: this column has neither"]);
    check_columns(json!([column(json!([]))]), &["columns[0]: this column has no `labels`"]);
    check_columns(json!([{"name": "todo", "labels": ["a"]}]), &["columns[0]: this column has no `org`"]);
    check_columns(
        json!([column(json!(["a", "b"])), column(json!(["b", "a", "b"]))]),
        &["columns[1].labels: another column of the project has the same labels"],
    );
}

#[test]
fn case_08_an_org_or_repository_has_one_entry_in_some_lists() {
    for block in ["approve", "welcome", "invalid_commit_msg"] {
        let entries = json!([{"repos": ["o", "o/r"]}, {"repos": ["p", "o/r"]}, {"repos": ["q", "q"]}]);
        let want = [
            format!("plugins.yaml: {block}[1].repos[1]: `o/r` is listed before"),
            format!("plugins.yaml: {block}[2].repos[1]: `q` is listed before"),
        ];
        check_refused(json!({ block: entries }), &[&want[0], &want[1]]);
        check_good(json!({ block: [{"repos": ["o"]}, {"repos": ["o/r"]}] }));
    }
    for block in ["lgtm", "triggers"] {
        check_good(json!({ block: [{"repos": ["o"]}, {"repos": ["o"]}] }));
    }
}

#[test]
fn case_09_checks_of_commit_messages_have_names() {
    let entry =
        |repos: Value, name: &str| json!({"invalid_commit_msg": [{"repos": repos, "checks": [{"name": name}]}]});
    check_good(entry(json!(["o"]), "fixupPrefix"));
    check_good(entry(json!(["o"]), "issueClosingKeywords"));
    check_refused(
        entry(json!(["o", " "]), "fixupPrefix"),
        &["invalid_commit_msg[0].repos[1]: this names no repository"],
    );
    check_refused(entry(json!(["o"]), ""), &["invalid_commit_msg[0].checks[0].name: there is no check ``"]);
    check_refused(
        entry(json!(["o"]), "FixupPrefix"),
        &["there is no check `FixupPrefix`: use one of fixupPrefix, issue"],
    );
}

#[test]
fn case_10_no_plugins_are_a_warning_and_unknown_ones_are_told_to_whom_asks() {
    let warned = |raw: Value| load_all(vec![("f", raw)]).unwrap().1.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(warned(json!({})), ["f: : no plugins are enabled: list some under `plugins`"]);
    assert_eq!(warned(json!({"plugins": {"o": {"plugins": ["holt", "hold"]}}})), [""; 0]);
    let plugins = load(json!({
        "plugins": {"o": {"plugins": ["hold", "holt"]}, "p": ["reward-owners"], "q": ["mine"]},
        "modules": {"mine": {"component": "a.wasm"}},
    }));
    let unknown: Vec<_> = plugins.unwrap().unknown_plugins().iter().map(ToString::to_string).collect();
    assert_eq!(unknown.len(), 2, "{unknown:?}");
    assert!(unknown[0].starts_with("plugins.yaml: plugins.o.plugins[1]: there is no plugin `holt`"), "{unknown:?}");
    assert!(unknown[1].starts_with("plugins.yaml: plugins.p[0]: there is no plugin `reward-owners`"), "{unknown:?}");
}

#[test]
fn all_problems_are_told_at_once() {
    check_refused(
        json!({"size": {"s": 1}, "rifle": {"request_count": 0}, "plugins": {"o": ["a"], "o/r": ["a"]}}),
        &["the plugin `a`", "rifle.request_count", "size"],
    );
}
