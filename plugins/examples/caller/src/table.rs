//! Every function of the contract, one row each, with what its arguments are taken as.

use kit::ClientAgent;
use kit::bindings::bowsprit::plugin::*;

use crate::words::Words;

/// What a function of the bindings takes for one argument.
macro_rules! argument {
    ($words:ident text) => {
        &*$words.text()?
    };
    ($words:ident list) => {
        &*$words.list()?
    };
    ($words:ident numbers) => {
        &*$words.numbers()?
    };
    ($words:ident pairs) => {
        &*$words.pairs()?
    };
    ($words:ident line_comments) => {
        &*$words.line_comments()?
    };
    ($words:ident maybe) => {
        $words.maybe()?.as_deref()
    };
    ($words:ident repo) => {
        &$words.repo()?
    };
    ($words:ident pull) => {
        &$words.pull()?
    };
    ($words:ident status) => {
        &$words.status()?
    };
    ($words:ident check_run) => {
        &$words.check_run()?
    };
    ($words:ident config_map) => {
        &$words.config_map()?
    };
    ($words:ident bug_update) => {
        &$words.bug_update()?
    };
    ($words:ident $plain:ident) => {
        $words.$plain()?
    };
}

/// How an answer is shown: bytes as the text that they are, all else as Rust prints it.
macro_rules! shown {
    ([bytes] $answer:expr) => {
        format!("{:?}", $answer.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    };
    ($answer:expr) => {
        format!("{:?}", $answer)
    };
}

/// A function that makes the call of a row. `[bytes]` before a row shows its answer as text.
macro_rules! table {
    ($($([$bytes:ident])? $interface:ident.$function:ident($($argument:ident),*);)*) => {
        fn by_row(name: &str, agent: &ClientAgent, words: &mut Words) -> Result<Option<String>, String> {
            $(
                if is(name, stringify!($interface), stringify!($function)) {
                    let answer = $interface::$function(agent $(, argument!(words $argument))*);
                    words.end()?;
                    return Ok(Some(shown!($([$bytes])? answer)));
                }
            )*
            Ok(None)
        }
    };
}

table! {
    github_metadata_read.get_repository();
    github_metadata_read.list_repositories();
    github_metadata_read.is_collaborator(text);
    github_metadata_read.list_collaborators();
    github_metadata_read.permission_of(text);
    github_metadata_read.is_busy(text);
    github_metadata_read.find_by_email(text);
    github_members_read.is_member(text, text);
    github_members_read.list_members();
    github_members_read.list_teams();
    github_members_read.list_team_members(text);
    github_members_read.is_team_member(text, text);
    github_contents_read.get_ref(text);
    github_contents_read.get_commit(text);
    [bytes] github_contents_read.get_file(text, text);
    github_contents_read.merge_base(text, text);
    github_contents_write.delete_ref(text);
    github_statuses_read.combined_status(text);
    github_statuses_read.list_statuses(text);
    github_statuses_write.create_status(text, status);
    github_checks_read.list_check_runs(text);
    github_checks_write.create_check_run(check_run);
    github_actions_read.list_failed_runs(text, text);
    github_actions_read.list_runs_awaiting_approval(text, text);
    github_actions_write.rerun_failed_jobs(id);
    github_actions_write.approve_run(id);
    github_administration_read.required_contexts(text);
    github_issues_read.get_issue(number);
    github_issues_read.list_labels(number);
    github_issues_read.list_comments(number);
    github_issues_read.list_history(number);
    github_issues_read.list_repository_labels();
    github_issues_read.list_milestones();
    github_issues_read.search(text);
    github_issues_write.create_issue(text, text, list);
    github_issues_write.create_comment(number, text);
    github_issues_write.edit_comment(number, id, text);
    github_issues_write.delete_comment(number, id);
    github_issues_write.add_label(number, text);
    github_issues_write.remove_label(number, text);
    github_issues_write.assign(number, list);
    github_issues_write.unassign(number, list);
    github_issues_write.edit(number, maybe, maybe);
    github_issues_write.close(number, flag);
    github_issues_write.reopen(number);
    github_issues_write.set_milestone(number, maybe_number);
    github_issues_write.react(number, reaction);
    github_issues_write.react_to_comment(number, id, reaction);
    github_issues_write.transfer(number, repo);
    github_issues_write.pin(number);
    github_issues_write.unpin(number);
    github_pull_requests_read.get_pull_request(number);
    github_pull_requests_read.list_open(maybe);
    github_pull_requests_read.list_for_commit(text);
    github_pull_requests_read.list_merge_states();
    github_pull_requests_read.list_changed_files(number);
    github_pull_requests_read.list_changes(number);
    github_pull_requests_read.list_commits(number);
    github_pull_requests_read.list_reviews(number);
    github_pull_requests_read.list_review_comments(number);
    github_pull_requests_read.list_labels(number);
    github_pull_requests_read.list_comments(number);
    github_pull_requests_read.list_history(number);
    github_pull_requests_read.count_merged(text);
    github_pull_requests_read.search(text);
    github_pull_requests_write.create_pull_request(text, text, text, text);
    github_pull_requests_write.create_comment(number, text);
    github_pull_requests_write.edit_comment(number, id, text);
    github_pull_requests_write.delete_comment(number, id);
    github_pull_requests_write.add_label(number, text);
    github_pull_requests_write.remove_label(number, text);
    github_pull_requests_write.assign(number, list);
    github_pull_requests_write.unassign(number, list);
    github_pull_requests_write.request_review(number, list);
    github_pull_requests_write.unrequest_review(number, list);
    github_pull_requests_write.create_review(number, verdict, text, line_comments);
    github_pull_requests_write.edit(number, maybe, maybe);
    github_pull_requests_write.close(number);
    github_pull_requests_write.reopen(number);
    github_pull_requests_write.set_milestone(number, maybe_number);
    github_pull_requests_write.react(number, reaction);
    github_pull_requests_write.react_to_comment(number, id, reaction);
    job_config.presubmits(maybe, maybe);
    job_config.matching_changes(numbers, list);
    job_config.postsubmits(text, list);
    job_config.in_repo_enabled();
    job_config.in_repo_presubmits(maybe, maybe, text, list);
    job_config.in_repo_postsubmits(text, list);
    prowjobs_read.list_for_pull_request(number);
    prowjobs_write.create_presubmit(number, pull, text, pairs);
    prowjobs_write.create_postsubmit(number, pairs);
    prowjobs_write.create_overridden(number, pull, text, text, text);
    prowjobs_write.abort(text, text);
    git_read.fetch(text);
    git_read.diff(text, text, list);
    git_read.diff_paths(text, text);
    git_read.check_merge(text, text);
    git_read.has_merge_commits(text, text);
    [bytes] git_read.read_file(text, text);
    git_read.list_files(text, text);
    git_read.blame(text, text);
    git_read.cherry_pick(text, list, text);
    git_write.push_branch(text, text, flag);
    owners.for_files(text, list);
    owners.group_files(text, list);
    owners.top_level_approvers(text);
    owners.all_owners(text);
    owners.aliases(text);
    owners.filenames();
    owners.parse(text);
    kubernetes_read.get_config_map(text, text);
    kubernetes_write.create_config_map(config_map);
    kubernetes_write.update_config_map(config_map);
    build_cluster_read.list_clusters();
    build_cluster_read.get_config_map(text, text, text);
    build_cluster_read.get_pod(text, text, text);
    build_cluster_read.list_pods(text, text, text);
    build_cluster_write.create_config_map(text, config_map);
    build_cluster_write.update_config_map(text, config_map);
    build_cluster_write.delete_pod(text, text, text);
    slack.write_message(text, text);
    jira_read.base_url();
    jira_read.list_project_keys();
    jira_read.get_issue(text);
    jira_read.list_remote_links(text);
    jira_write.add_remote_link(text, text, text);
    jira_write.update_remote_link(text, id, text, text);
    bugzilla_read.base_url();
    bugzilla_read.get_bug(id);
    bugzilla_read.list_clones(id);
    bugzilla_read.list_pull_requests(id);
    bugzilla_write.create_comment(id, text, flag);
    bugzilla_write.clone_bug(id, bug_update);
    bugzilla_write.update_bug(id, bug_update);
    bugzilla_write.add_pull_request(id, number);
    bugzilla_write.remove_pull_request(id, number);
}

/// Makes the call of that name, and shows the answer.
///
/// # Errors
/// Words that do not fit, and a name that the contract does not have.
pub(crate) fn call(name: &str, agent: &ClientAgent, words: &mut Words) -> Result<String, String> {
    if let Some(shown) = by_row(name, agent, words)? {
        return Ok(shown);
    }
    // The functions that are about the agent itself.
    let shown = match name {
        "agent.repo" => format!("{:?}", agent.repo()),
        "agent.settings" => agent.settings(),
        "agent.payload" => agent.payload(),
        "agent.bot-login" => format!("{:?}", agent.bot_login()),
        "agent.is-bot" => format!("{:?}", agent.is_bot(&words.text()?)),
        "agent.uses-app-auth" => format!("{:?}", agent.uses_app_auth()),
        "agent.now" => agent.now().to_string(),
        "agent.read-only" => format!("{:?}", agent.read_only().repo()),
        "agent.for-repo" => format!("{:?}", agent.for_repo(&words.repo()?).map(|other| other.repo())),
        "log.write" => format!("{:?}", log::write(words.level()?, &words.text()?)),
        _ => return Err(format!("the contract has no `{name}`")),
    };
    words.end()?;
    Ok(shown)
}

/// Whether `name` is this function's, as the contract spells it.
fn is(name: &str, interface: &str, function: &str) -> bool {
    name.split_once('.').is_some_and(|(of, is)| of == interface.replace('_', "-") && is == function.replace('_', "-"))
}
