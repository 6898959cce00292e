//! Answers a decision's questions through the client-agent.

use kit::job_config::Presubmit;
use kit::prow::filter::Contexts;
use kit::{
    ApiError, ClientAgent, Conversation as _, IssueRef, PullRequests, github_contents_read, github_members_read,
    github_metadata_read, github_pull_requests_read, github_statuses_read, job_config, prowjobs_read,
};

use crate::in_repo;
use crate::known::{Commits, Known, Matching, Question};

impl Known {
    /// Finds out what was asked about pull request `number`.
    ///
    /// # Errors
    /// When a call fails for good; but for the search for merged pull requests, whose failure is an answer.
    pub(crate) fn learn(&mut self, question: Question, agent: &ClientAgent, number: IssueRef) -> Result<(), ApiError> {
        match question {
            Question::BotLogin => self.bot_login = Some(agent.bot_login()?),
            Question::Member { org, login } => {
                let member = github_members_read::is_member(agent, &org, &login)?;
                self.members.insert((org, login), member);
            }
            Question::Collaborator(login) => {
                let collaborator = github_metadata_read::is_collaborator(agent, &login)?;
                self.collaborators.insert(login, collaborator);
            }
            Question::PullRequest => {
                self.pull_request = Some(github_pull_requests_read::get_pull_request(agent, number)?);
            }
            Question::Comments => self.comments = Some(PullRequests::comments(agent, number)?),
            Question::Presubmits(matching) => {
                let jobs = presubmits(agent, &matching)?;
                self.presubmits.insert(matching, jobs);
            }
            Question::InRepoEnabled => self.in_repo_enabled = Some(job_config::in_repo_enabled(agent)?),
            Question::Tip(branch) => {
                let sha = github_contents_read::get_ref(agent, &format!("heads/{branch}"))?;
                self.tips.insert(branch, sha);
            }
            Question::Contexts(sha) => {
                let statuses = github_statuses_read::combined_status(agent, &sha)?;
                let states = statuses.iter().map(|status| (status.context.as_str(), status.state.as_str()));
                self.contexts = Some(Contexts::of(states));
            }
            Question::Changes(jobs) => {
                let files = github_pull_requests_read::list_changed_files(agent, number)?;
                let matching = kit::jobs_concerned(agent, &jobs, &files)?;
                self.changes.extend(jobs.into_iter().map(|job| (job, matching.contains(&job))));
            }
            Question::ProwJobs => self.prowjobs = Some(prowjobs_read::list_for_pull_request(agent, number)?),
            Question::Merged(author) => {
                self.merged = Some(match github_pull_requests_read::count_merged(agent, &author) {
                    Ok(count) => Some(count),
                    Err(error) => {
                        kit::warn(format_args!("cannot count what {author} has merged: {}", error.message));
                        None
                    }
                });
            }
        }
        Ok(())
    }
}

/// Those of config.yaml, and those that the repository defines itself.
fn presubmits(agent: &ClientAgent, matching: &Matching) -> Result<Vec<Presubmit>, ApiError> {
    let (text, branch) = (matching.text.as_deref(), matching.branch.as_deref());
    let central = job_config::presubmits(agent, text, branch)?;
    let Some(Commits { base, head }) = &matching.at else { return Ok(central) };
    let own = job_config::in_repo_presubmits(agent, text, branch, base, std::slice::from_ref(head));
    Ok(in_repo::beside(central, own))
}
