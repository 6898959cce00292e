//! A pull request with what can be known of it. It answers a decision's questions as the client-agent would, and refuses
//! to be asked the same thing twice.

use std::collections::BTreeSet;

use kit::prow::settings::LgtmSettings;
use kit::{ActorKind, CommentEvent, PullRequest, PullRequestEvent, ReviewEvent, ReviewState, Text, sample};

use crate::comment::{self, Said};
use crate::known::{Known, Question};
use crate::messages;
use crate::new_commits::{self, Happening};
use crate::plan::{Effect, LGTM, Plan};
use crate::review::{self, Reviewed};

pub(super) const AUTHOR: &str = "author";
/// A collaborator who is assigned.
pub(super) const ASSIGNED: &str = "carol";
/// A collaborator who is not.
pub(super) const FREE: &str = "dave";
pub(super) const OUTSIDER: &str = "outsider";
pub(super) const BOT: &str = "ci";
/// The tree of the head, and any other.
pub(super) const TREE: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub(super) const OTHER_TREE: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

pub(super) struct World {
    pub(super) settings: LgtmSettings,
    pub(super) collaborators: Vec<&'static str>,
    /// Of the changed files, on the branch `main`.
    pub(super) owners: Vec<&'static str>,
    /// Of the team that is configured; none where it cannot be read.
    pub(super) team: Vec<&'static str>,
    pub(super) comments: Vec<Text>,
    /// By commit.
    pub(super) trees: Vec<(&'static str, &'static str)>,
    pub(super) pr: PullRequest,
}

impl World {
    /// Without the label, and with `store_tree_hash`.
    pub(super) fn new() -> Self {
        let mut pr = sample::pull_request(AUTHOR);
        pr.assignees = vec![ASSIGNED.to_owned()];
        Self {
            settings: LgtmSettings { store_tree_hash: true, ..LgtmSettings::default() },
            collaborators: vec![ASSIGNED, FREE],
            owners: Vec::new(),
            team: Vec::new(),
            comments: Vec::new(),
            trees: vec![("headsha", TREE)],
            pr,
        }
    }

    /// In another case than ours, since GitHub's labels have none.
    pub(super) fn labelled(mut self) -> Self {
        self.pr.labels.push("LGTM".to_owned());
        self
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(super) fn without_tree_hash(self) -> Self {
        self.with(|it| it.settings.store_tree_hash = false)
    }

    pub(super) fn sticky_for(self, members: &[&'static str]) -> Self {
        self.with(|it| {
            it.settings.trusted_team_for_sticky_lgtm = "Leads".to_owned();
            it.team = members.to_vec();
        })
    }

    /// The next comment there.
    pub(super) fn said(mut self, login: &str, body: &str) -> Self {
        let id = self.comments.len() as u64 + 1;
        self.comments.push(sample::text(id, login, body));
        self
    }

    pub(super) fn comment_event(&self, author: &str, body: &str) -> CommentEvent {
        CommentEvent {
            author: sample::actor(author),
            issue_author: self.pr.author.clone(),
            assignees: self.pr.assignees.clone(),
            ..sample::comment(body)
        }
    }

    pub(super) fn comment(&self, author: &str, body: &str) -> Seen {
        self.heard(&self.comment_event(author, body), "issue_comment")
    }

    pub(super) fn heard(&self, comment: &CommentEvent, event: &str) -> Seen {
        let said = Said { comment, event, settings: &self.settings };
        self.settle(&said, |said, known| comment::decide(said, known))
    }

    pub(super) fn review_event(&self, author: &str, state: ReviewState, body: &str) -> ReviewEvent {
        ReviewEvent { pull_request: self.pr.clone(), review: sample::text(1, author, body), state }
    }

    pub(super) fn review(&self, author: &str, state: ReviewState, body: &str) -> Seen {
        self.reviewed("submitted", &self.review_event(author, state, body))
    }

    pub(super) fn reviewed(&self, action: &str, event: &ReviewEvent) -> Seen {
        let reviewed = Reviewed { action, event, settings: &self.settings };
        self.settle(&reviewed, |reviewed, known| review::decide(reviewed, known))
    }

    pub(super) fn review_by(&self, author: &str, kind: ActorKind, state: ReviewState) -> Seen {
        let mut event = self.review_event(author, state, "");
        event.review.author.kind = kind;
        self.reviewed("submitted", &event)
    }

    /// A push over that commit.
    pub(super) fn push(&self, before: Option<&str>) -> Seen {
        self.event("synchronize", before)
    }

    pub(super) fn event(&self, action: &str, before: Option<&str>) -> Seen {
        let event = PullRequestEvent {
            pull_request: self.pr.clone(),
            label: None,
            base_changed: false,
            title_from: None,
            before: before.map(str::to_owned),
        };
        let happening = Happening { action, event: &event, settings: &self.settings };
        self.settle(&happening, |happening, known| new_commits::decide(happening, known))
    }

    fn settle<T>(&self, event: &T, decide: impl for<'k> Fn(&'k T, &'k Known) -> Result<Plan, Question>) -> Seen {
        let mut known = Known::default();
        let mut asked = BTreeSet::new();
        loop {
            let question = match decide(event, &known) {
                Ok(plan) => {
                    let effects = plan.effects.iter().map(short).collect();
                    let left = self.left(&plan);
                    return Seen { effects, comments: posted(&plan), left, said: plan.said, asked };
                }
                Err(question) => question,
            };
            assert!(asked.insert(question.clone()), "asked twice: {question:?}");
            self.answer(question, &mut known);
        }
    }

    /// What is left of the bot's comments that were there.
    fn left(&self, plan: &Plan) -> Vec<String> {
        let own = kit::written_by(&self.comments, BOT).map(|comment| &comment.body);
        own.filter(|body| !plan.effects.iter().any(|effect| effect.prunes(body))).cloned().collect()
    }

    fn answer(&self, question: Question, known: &mut Known) {
        match question {
            Question::BotLogin => known.bot_login = Some(BOT.to_owned()),
            Question::Collaborator(login) => known.collaborator = Some(self.collaborators.contains(&login.as_str())),
            Question::PullRequest => known.pull_request = Some(self.pr.clone()),
            Question::Owners(branch) => {
                assert_eq!(branch, "main");
                known.owners = Some(self.owners.iter().map(|&login| login.to_owned()).collect());
            }
            Question::Labels => known.labels = Some(self.pr.labels.clone()),
            Question::Comments => known.comments = Some(self.comments.clone()),
            Question::Tree(commit) => {
                let tree = self.trees.iter().find(|(sha, _)| *sha == commit).map(|(_, tree)| (*tree).to_owned());
                known.trees.insert(commit, tree);
            }
            Question::InTeam { team, login } => {
                assert_eq!(team, "Leads");
                known.in_team = Some(self.team.contains(&login.as_str()));
            }
        }
    }
}

fn posted(plan: &Plan) -> Vec<String> {
    let comments = plan.effects.iter().filter_map(|effect| match effect {
        Effect::Refuse(text) | Effect::Comment(text) => Some(text.clone()),
        _ => None,
    });
    comments.collect()
}

fn short(effect: &Effect) -> String {
    match effect {
        Effect::AddLabel => format!("+{LGTM}"),
        Effect::RemoveLabel => format!("-{LGTM}"),
        Effect::Assign(login) => format!("assign {login}"),
        Effect::RequestReview(logins) => format!("request {}", logins.join(" ")),
        Effect::Refuse(text) => refusal(text),
        Effect::Comment(text) => short_comment(text),
        Effect::PruneNotices => "prune notices".to_owned(),
        Effect::PruneRecords => "prune records".to_owned(),
        Effect::Void(id) => format!("void {id}"),
    }
}

fn short_comment(text: &str) -> String {
    if let Some(tree) = messages::recorded(text) {
        return format!("record {}", &tree[..1]);
    }
    assert!(messages::is_notice(text), "a comment of no known kind: {text}");
    "notice".to_owned()
}

fn refusal(text: &str) -> String {
    let refusals =
        [(messages::OWN, "own"), (messages::NOT_COLLABORATOR, "no collaborator"), (messages::NOT_OWNER, "no owner")];
    let refusal = refusals.iter().find(|(message, _)| text.contains(message)).expect("a comment of a known kind");
    format!("refusal: {}", refusal.1)
}

/// What came of an event.
pub(super) struct Seen {
    pub(super) effects: Vec<String>,
    pub(super) comments: Vec<String>,
    /// Of the bot's earlier comments.
    pub(super) left: Vec<String>,
    pub(super) said: String,
    pub(super) asked: BTreeSet<Question>,
}

#[track_caller]
pub(super) fn check(seen: &Seen, want: &[&str]) {
    assert_eq!(seen.effects, want, "{}", seen.said);
    assert!(!seen.said.is_empty(), "every decision says what it found");
}
