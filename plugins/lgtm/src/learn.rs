//! Answers a decision's questions through the client-agent.

use kit::github_members_read::{self, Team};
use kit::{
    ApiError, ClientAgent, Conversation as _, Failure, IssueRef, PullRequests, github_contents_read,
    github_metadata_read, github_pull_requests_read,
};

use crate::known::{Known, Question};

impl Known {
    /// Finds out what was asked about pull request `number`.
    ///
    /// # Errors
    /// When a call fails for good. A team or a commit that cannot be read is an answer: then the label goes.
    pub(crate) fn learn(&mut self, question: Question, agent: &ClientAgent, number: IssueRef) -> Result<(), ApiError> {
        match question {
            Question::BotLogin => self.bot_login = Some(agent.bot_login()?),
            Question::Collaborator(login) => {
                self.collaborator = Some(github_metadata_read::is_collaborator(agent, &login)?);
            }
            Question::PullRequest => {
                self.pull_request = Some(github_pull_requests_read::get_pull_request(agent, number)?);
            }
            Question::Owners(branch) => {
                let files = github_pull_requests_read::list_changed_files(agent, number)?;
                let groups = kit::owners_of(agent, &branch, &files)?.into_iter().map(|group| group.owners);
                self.owners = Some(groups.flat_map(|owners| [owners.approvers, owners.reviewers].concat()).collect());
            }
            Question::Labels => self.labels = Some(PullRequests::labels(agent, number)?),
            Question::Comments => self.comments = Some(PullRequests::comments(agent, number)?),
            Question::Tree(commit) => {
                let read = github_contents_read::get_commit(agent, &commit).map(|it| it.tree);
                self.trees.insert(commit.clone(), or_warn(read, &format!("cannot read commit {commit}")));
            }
            Question::InTeam { team, login } => {
                let found = is_in_team(agent, &team, &login);
                self.in_team = Some(or_warn(found, &format!("cannot read the team {team}")).unwrap_or(false));
            }
        }
        Ok(())
    }
}

fn is_in_team(agent: &ClientAgent, team: &str, login: &str) -> Result<bool, ApiError> {
    let teams = github_members_read::list_teams(agent)?;
    match slug(&teams, team) {
        Some(slug) => github_members_read::is_team_member(agent, slug, login),
        None => {
            kit::warn(format_args!(
                "the organisation has no team of the display name `{team}`: correct `trusted_team_for_sticky_lgtm`"
            ));
            Ok(false)
        }
    }
}

/// Teams are configured by their display names, as in Prow.
fn slug<'a>(teams: &'a [Team], name: &str) -> Option<&'a str> {
    teams.iter().find(|team| team.name == name).map(|team| team.slug.as_str())
}

fn or_warn<T>(answer: Result<T, ApiError>, what: &str) -> Option<T> {
    answer.map_err(|error| kit::warn(format_args!("{what}: {}", Failure::from(error).message))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_team_is_found_by_its_display_name_alone() {
        let team = |name: &str, slug: &str| Team { slug: slug.to_owned(), name: name.to_owned(), id: 1 };
        let teams = [team("Leads", "core-leads"), team("Core Leads", "leads")];
        assert_eq!(slug(&teams, "Leads"), Some("core-leads"));
        assert_eq!(slug(&teams, "Core Leads"), Some("leads"));
        assert_eq!(slug(&teams, "leads"), None);
        assert_eq!(slug(&teams, ""), None);
    }
}
