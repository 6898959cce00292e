//! What people do in the conversation that is disturbed. Each step begins when nothing of the one before is left to do.

use sim::client::{Actor, NewPr};
use tests::stage::{REPO, file};
use tests::world::World;

/// The steps' names.
pub(super) const STEPS: [&str; 13] = [
    "a member opens #1",
    "an outsider opens #2",
    "/ok-to-test on #2",
    "/test nonsense on #1",
    "/test all on #1",
    "/hold and /greet on #1",
    "a push breaks #1",
    "a push mends #1",
    "/test slow on #1",
    "a push while `slow` runs",
    "/hold cancel on #1",
    "#1 is merged",
    "a push breaks #2",
];

const SLOW_STARTS: usize = 8;

/// Who plays, and the commits that were made on the way.
pub(super) struct Script {
    alice: Actor,
    bob: Actor,
    mallory: Actor,
    /// A name that is the same in every run, and the commit.
    pub(super) commits: Vec<(String, String)>,
}

impl Script {
    pub(super) async fn new(world: &World) -> anyhow::Result<Self> {
        let sim = &world.sim;
        let (alice, bob, mallory) = (sim.user("alice").await?, sim.user("bob").await?, sim.user("mallory").await?);
        Ok(Self { alice, bob, mallory, commits: Vec::new() })
    }

    /// Jobs that go on when this step is over.
    pub(super) fn running(&self, step: usize) -> &'static [&'static str] {
        if step == SLOW_STARTS { &["slow"] } else { &[] }
    }

    pub(super) async fn act(&mut self, world: &World, step: usize) -> anyhow::Result<()> {
        let (alice, bob, mallory) = (self.alice.clone(), self.bob.clone(), self.mallory.clone());
        match step {
            0 => {
                let new = NewPr::of_file("one", "hello.sh", "#!/bin/sh\necho hello, one\n");
                self.keep(step, alice.open_pr(REPO, &new).await?.head_sha);
            }
            1 => {
                let new = NewPr::of_file("two", "two.txt", "two\n");
                self.keep(step, mallory.open_pr(REPO, &new).await?.head_sha);
            }
            2 => drop(bob.comment(REPO, 2, "/ok-to-test").await?),
            3 => drop(alice.comment(REPO, 1, "/test nonsense").await?),
            4 => drop(alice.comment(REPO, 1, "/test all").await?),
            5 => drop(bob.comment(REPO, 1, "Not yet.\n/hold\n/greet").await?),
            6 => self.keep(step, alice.push_to_pr(REPO, 1, "Break it", &file("FAIL", Some("x\n"))).await?),
            7 => self.keep(step, alice.push_to_pr(REPO, 1, "Mend it", &file("FAIL", None)).await?),
            SLOW_STARTS => drop(alice.comment(REPO, 1, "/test slow").await?),
            9 => self.keep(step, alice.push_to_pr(REPO, 1, "More", &file("more.txt", Some("more\n"))).await?),
            10 => drop(bob.comment(REPO, 1, "/hold cancel").await?),
            11 => self.keep(step, alice.merge(REPO, 1).await?),
            // Two jobs fail of it, so that the comment has to keep the row of one while the other's comes.
            12 => {
                let changes =
                    [file("FAIL", Some("x\n")), file("broken.sh", Some("if\n"))].into_iter().flatten().collect();
                self.keep(step, mallory.push_to_pr(REPO, 2, "Break it", &changes).await?);
            }
            _ => unreachable!("there are thirteen steps, in {}", world.dir().display()),
        }
        Ok(())
    }

    fn keep(&mut self, step: usize, sha: String) {
        self.commits.push((format!("the commit of step {step}"), sha));
    }
}
