//! The people of the conversation, and how a step is taken at the stand-in GitHub.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::json;
use sim::client::{Actor, NewPr, Sim};
use sim::seed::{Seed, SeedUser};
use sim::world::OrgRole;

use super::talk::{Person, Step, Thread};
use crate::stage::{REPO, file};

/// Who may approve what: a folder's OWNERS.
pub const OWNERS: [(&str, &str); 2] =
    [("docs/OWNERS", "approvers:\n- bob\n"), ("lib/OWNERS", "approvers:\n- carol\nreviewers:\n- bob\n")];

/// Everyone who acts.
#[derive(Debug, Clone)]
pub struct Cast {
    sim: Sim,
    alice: Actor,
    bob: Actor,
    carol: Actor,
    mallory: Actor,
}

/// A thread that was opened: its number, and each head that its pull request has had, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Of the issue or pull request.
    pub number: u64,
    /// Commits; none of an issue.
    pub heads: Vec<String>,
}

impl Cast {
    /// The people of the demo's world, one member more, and folders with owners of their own.
    ///
    /// # Errors
    /// As the stand-in refuses.
    pub async fn assemble(sim: &Sim) -> anyhow::Result<Self> {
        let carol = SeedUser { login: "carol".to_owned(), ..SeedUser::default() };
        sim.seed(&Seed { users: vec![carol], ..Seed::default() }).await?;
        sim.add_member("my-org", "carol", OrgRole::Member).await?;
        // Every request of thousands of tasks is one account's.
        sim.set_rate_limit(u64::from(u32::MAX)).await?;
        let (alice, bob) = (sim.user("alice").await?, sim.user("bob").await?);
        let (carol, mallory) = (sim.user("carol").await?, sim.user("mallory").await?);
        let owners: BTreeMap<_, _> =
            OWNERS.iter().map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()))).collect();
        alice.push(REPO, "main", None, "Who owns what", &owners).await?;
        Ok(Self { sim: sim.clone(), alice, bob, carol, mallory })
    }

    /// Where they act.
    #[must_use]
    pub fn sim(&self) -> &Sim {
        &self.sim
    }

    /// Opens the `at`th thread.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub async fn open(&self, at: usize, thread: &Thread) -> anyhow::Result<Opened> {
        let author = self.one(thread.author);
        let Some(path) = &thread.path else {
            let number = author.open_issue(REPO, &format!("Issue {at}"), "Somebody should do this.").await?;
            return Ok(Opened { number, heads: Vec::new() });
        };
        let new = NewPr::of_file(&format!("thread-{at}"), path, "echo first\n");
        let pr = author.open_pr(REPO, &new).await?;
        Ok(Opened { number: pr.number, heads: vec![pr.head_sha] })
    }

    /// Takes one step of the thread.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub async fn take(&self, step: &Step, thread: &Thread, opened: &mut Opened) -> anyhow::Result<()> {
        let number = opened.number;
        match step {
            Step::Says(who, text) => drop(self.one(*who).comment(REPO, number, text).await?),
            Step::Pushes => {
                let path = thread.path.as_deref().unwrap_or("README.md");
                let content = format!("echo commit {}\n", opened.heads.len());
                let author = self.one(thread.author);
                let head = author.push_to_pr(REPO, number, "More of it", &file(path, Some(&content))).await?;
                opened.heads.push(head);
            }
            Step::Reviews(who, verdict, text) => {
                let path = format!("/repos/{REPO}/pulls/{number}/reviews");
                let body = json!({ "event": verdict, "body": text });
                self.one(*who).call(Method::POST, &path, Some(body)).await?;
            }
            Step::Labels(label) => self.alice.label(REPO, number, label).await?,
            Step::Unlabels(label) => self.alice.unlabel(REPO, number, label).await?,
            Step::Status(context, state) => {
                let head = self.sim.pr(REPO, number).await?.head_sha;
                let body = json!({ "context": context, "state": state, "description": "by hand" });
                self.alice.call(Method::POST, &format!("/repos/{REPO}/statuses/{head}"), Some(body)).await?;
            }
            Step::Closes => self.one(thread.author).set_pr_state(REPO, number, "closed").await?,
            Step::Reopens => self.one(thread.author).set_pr_state(REPO, number, "open").await?,
        }
        Ok(())
    }

    fn one(&self, who: Person) -> &Actor {
        match who {
            Person::Alice => &self.alice,
            Person::Bob => &self.bob,
            Person::Carol => &self.carol,
            Person::Mallory => &self.mallory,
        }
    }
}
