//! Looking at a world: each function waits until something can be seen, writes it on the timeline, and fails with what was
//! there instead.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use prow::labels;
use prow::prowjob::{ProwJob, ProwJobState};
use serde_json::Value;
use sim::client::{Actor, Comment, Delivery, Pr};
use sim::world::StatusState;
use store::{Counts, Selector, TaskReport, TaskState};

use crate::timeline::{Place, Timeline};
use crate::world::{BOT, World, seen};

/// The repository of the demo's world.
pub const REPO: &str = "my-org/hello";
/// How long anything but a job may take to be seen.
const SOON: Duration = Duration::from_secs(120);
/// How soon something replaced is in force.
const IN_FORCE: Duration = Duration::from_secs(2);
/// How long a job may take.
const JOB: Duration = Duration::from_secs(180);

/// A world, its people, and the timeline of what they see.
#[derive(Debug)]
pub struct Stage {
    /// The system.
    pub world: World,
    /// What was seen.
    pub timeline: Timeline,
    /// A member who owns the organisation.
    pub alice: Actor,
    /// A member.
    pub bob: Actor,
    /// From outside.
    pub mallory: Actor,
    /// How soon something replaced has to be in force.
    pub in_force: Duration,
}

/// Where the log of webhook deliveries stood.
#[derive(Debug, Clone, Copy)]
pub struct Mark(u64);

/// A comment that somebody has just made, to be followed through the system.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    before: Mark,
    comment: u64,
}

/// Whether a state on a commit has been reached, and what was shown on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The job passed.
    Success,
    /// The job said no, or was stopped.
    Failure,
}

impl Stage {
    /// The demo's people in this world; the clock started at `started`.
    ///
    /// # Errors
    /// If one of them is not there.
    pub async fn new(world: World, started: Instant) -> anyhow::Result<Self> {
        let (alice, bob) = (world.sim.user("alice").await?, world.sim.user("bob").await?);
        let mallory = world.sim.user("mallory").await?;
        Ok(Self { world, timeline: Timeline::since(started), alice, bob, mallory, in_force: IN_FORCE })
    }

    /// The machine has other things to do, so that what is to be soon may take its time.
    #[must_use]
    pub fn beside_others(self) -> Self {
        Self { in_force: SOON, ..self }
    }

    /// Waits until `/status` is as wanted, and gives it.
    ///
    /// # Errors
    /// With what it shows instead.
    pub async fn shows(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let what = format!("/status to show {what}");
        let look = self.world.wait(&what, SOON, async |world| {
            let status = seen(world.status().await)?;
            if wanted(&status) { Ok(status) } else { Err(status.to_string()) }
        });
        look.await
    }

    /// Where the log of webhook deliveries stands now.
    ///
    /// # Errors
    /// If the stand-in GitHub does not answer.
    pub async fn mark(&self) -> anyhow::Result<Mark> {
        Ok(Mark(self.world.sim.deliveries().await?.iter().map(|d| d.id).max().unwrap_or(0)))
    }

    /// Waits until the first delivery of this kind after `mark` was answered with 200, and gives its log entry.
    ///
    /// # Errors
    /// None was sent, or none was answered so.
    pub async fn delivered(&mut self, mark: Mark, event: &str, action: Option<&str>) -> anyhow::Result<Delivery> {
        let what = format!("a delivery of `{event}` {} to be answered with 200", action.unwrap_or("-"));
        let fits = |d: &&Delivery| d.id > mark.0 && d.event == event && d.action.as_deref() == action;
        let delivery = self.world.wait(&what, SOON, async |world| {
            let log = seen(world.sim.deliveries().await)?;
            match log.iter().find(fits) {
                Some(delivery) if delivery.status_code == Some(200) => Ok(delivery.clone()),
                Some(delivery) => Err(format!("answer {:?} ({})", delivery.status_code, delivery.status)),
                None => Err("no such delivery".to_owned()),
            }
        });
        let delivery = delivery.await?;
        self.saw_delivery(&delivery);
        Ok(delivery)
    }

    /// Waits until the delivery of this comment was answered with 200, and gives its log entry. The bot may have commented
    /// at the same time; the payload in the inbox tells which is which.
    ///
    /// # Errors
    /// None was sent, or none was answered so.
    pub async fn heard(&mut self, said: Said) -> anyhow::Result<Delivery> {
        let what = format!("the delivery of comment {} to be answered with 200", said.comment);
        let inbox = self.world.inbox().await?;
        let delivery = self.world.wait(&what, SOON, async |world| {
            let log = seen(world.sim.deliveries().await)?;
            let later = log.iter().filter(|d| d.id > said.before.0 && d.event == "issue_comment");
            for delivery in later.clone().filter(|delivery| delivery.status_code == Some(200)) {
                let kept = seen(inbox.load(&delivery.guid).await)?.ok_or("answered with 200 and not in the inbox")?;
                let payload: Value = seen(serde_json::from_slice(kept.payload()))?;
                if payload["comment"]["id"] == said.comment {
                    return Ok(delivery.clone());
                }
            }
            Err(format!("answers {:?}", later.map(|delivery| delivery.status_code).collect::<Vec<_>>()))
        });
        let delivery = delivery.await?;
        self.saw_delivery(&delivery);
        Ok(delivery)
    }

    fn saw_delivery(&self, delivery: &Delivery) {
        let action = delivery.action.as_ref().map(|action| format!(".{action}")).unwrap_or_default();
        let (event, ms) = (&delivery.event, delivery.duration * 1000.0);
        self.timeline.saw(Place::Hook, format_args!("{event}{action} answered with 200 in {ms:.1} ms, kept"));
    }

    /// Waits until the plugin's tasks for the delivery have ended well. An event that comes in two forms makes two tasks; the
    /// one that was of any use is given.
    ///
    /// # Errors
    /// The plugin was not asked, or did not end well.
    pub async fn handled(&mut self, guid: &str, plugin: &str) -> anyhow::Result<TaskReport> {
        let what = format!("plugin `{plugin}` to handle delivery {guid}");
        let inbox = self.world.inbox().await?;
        let task = self.world.wait(&what, SOON, async |_| {
            let report = seen(inbox.show(guid).await)?.ok_or("no such delivery in the inbox")?;
            let considered = format!("{:?}", report.considered);
            let mut own: Vec<_> = report.reports.into_iter().filter(|task| task.plugin == plugin).collect();
            let unfinished = own.iter().find(|task| !matches!(task.state, TaskState::Done | TaskState::Ignored));
            if let Some(task) = unfinished {
                return Err(format!("its task is {}, reason {:?}", task.state, task.reason));
            }
            let done = own.iter().position(|task| task.state == TaskState::Done).unwrap_or(0);
            if own.is_empty() {
                Err(format!("no task of it; considered: {considered}"))
            } else {
                Ok(own.swap_remove(done))
            }
        });
        let task = task.await?;
        let said = task.reason.as_deref().unwrap_or_default();
        let ms = task.duration.unwrap_or_default().as_secs_f64() * 1000.0;
        self.timeline.saw(Place::Store, format_args!("plugin {plugin}: {}, {said} ({ms:.1} ms)", task.state));
        Ok(task)
    }

    /// The ProwJobs of a pull request, oldest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn prowjobs_of(&self, number: u64) -> anyhow::Result<Vec<ProwJob>> {
        self.prowjobs_with(&[(labels::PULL, &number.to_string())]).await
    }

    /// The ProwJobs with these labels, oldest first.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn prowjobs_with(&self, wanted: &[(&str, &str)]) -> anyhow::Result<Vec<ProwJob>> {
        prowjobs_with(&self.world, wanted).await
    }

    /// Waits until the delivery has made ProwJobs of exactly these jobs (in any order), and gives them.
    ///
    /// # Errors
    /// It made others.
    pub async fn started(&mut self, guid: &str, jobs: &[&str]) -> anyhow::Result<Vec<ProwJob>> {
        let mut wanted: Vec<_> = jobs.iter().map(ToString::to_string).collect();
        wanted.sort_unstable();
        let what = format!("delivery {guid} to make ProwJobs of {wanted:?}");
        let made = self.world.wait(&what, SOON, async |world| {
            let mut made = seen(prowjobs_with(world, &[(labels::EVENT_GUID, guid)]).await)?;
            made.sort_by(|a, b| a.spec.job.cmp(&b.spec.job));
            let found: Vec<_> = made.iter().map(|job| job.spec.job.clone()).collect();
            if found == wanted { Ok(made) } else { Err(format!("{found:?}")) }
        });
        let made = made.await?;
        for job in &made {
            self.timeline.saw(Place::Store, format_args!("ProwJob {} is there: {}", short(job.name()), job.spec.job));
        }
        Ok(made)
    }

    /// Waits until the ProwJob is in this state, and gives it; for a state in which jobs end, until it is complete too.
    ///
    /// # Errors
    /// It stays in another one.
    pub async fn reaches(&mut self, name: &str, wanted: ProwJobState) -> anyhow::Result<ProwJob> {
        let what = format!("ProwJob {name} to be {wanted}");
        let ends = matches!(
            wanted,
            ProwJobState::Success | ProwJobState::Failure | ProwJobState::Aborted | ProwJobState::Error
        );
        let store = self.world.prowjobs().await?;
        let job = self.world.wait(&what, JOB, async |_| {
            let job = seen(store.get(name).await)?.ok_or("no such ProwJob")?;
            let (state, description) = (job.status.state, job.status.description.clone());
            if state == wanted && (!ends || job.is_complete()) {
                return Ok(job);
            }
            Err(format!("{state}, {description:?}, {}", if job.is_complete() { "complete" } else { "not complete" }))
        });
        let job = job.await?;
        let said = &job.status.description;
        self.timeline.saw(Place::Controller, format_args!("{} {}: {wanted}, {said}", job.spec.job, short(name)));
        Ok(job)
    }

    /// Waits until the job's context on the commit has gone from pending to this end, with this very ProwJob's page as its
    /// target, and gives that. An earlier run of the same job leaves statuses of the same context: they do not count.
    ///
    /// # Errors
    /// It has not.
    pub async fn status(&mut self, sha: &str, job: &ProwJob, end: End) -> anyhow::Result<String> {
        let wanted = match end {
            End::Success => StatusState::Success,
            End::Failure => StatusState::Failure,
        };
        let context = &job.spec.context;
        let what = format!("status `{context}` of {} on {sha} to go from pending to {wanted:?}", job.name());
        let store = self.world.prowjobs().await?;
        let target = self.world.wait(&what, JOB, async |world| {
            let page = seen(store.get(job.name()).await)?.ok_or("no such ProwJob")?.status.url;
            if page.is_empty() {
                return Err("it has no page yet".to_owned());
            }
            let all = seen(world.sim.status_history(REPO, sha).await)?;
            let all = all.into_iter().filter(|status| status.context == *context);
            // Before its first run has a page, its status has none; and if the store was away then, no other pending was told.
            let is_own = |target: Option<&str>| target.is_none_or(|target| target.is_empty() || target == page);
            let own: Vec<_> = all.filter(|status| is_own(status.target_url.as_deref())).collect();
            let pending = own.iter().any(|status| status.state == StatusState::Pending);
            match own.last() {
                Some(last) if pending && last.state == wanted && last.target_url.as_deref() == Some(&*page) => Ok(page),
                _ => Err(format!("{:?} with {page}", own.iter().map(|status| status.state).collect::<Vec<_>>())),
            }
        });
        let target = target.await?;
        let shown = format!("{wanted:?}").to_lowercase();
        self.timeline.saw(Place::Status, format_args!("{context} on {}: pending, then {shown}", short(sha)));
        Ok(target)
    }

    /// What a job has written so far, as its page shows it.
    ///
    /// # Errors
    /// If there is no such page.
    pub async fn job_log(&self, page: &str) -> anyhow::Result<String> {
        let answer = self.world.http.get(page).send().await?;
        ensure!(answer.status().is_success(), "{page} answers {}", answer.status());
        Ok(answer.text().await?)
    }

    /// How many deliveries of this kind there were after `mark`.
    ///
    /// # Errors
    /// If the stand-in GitHub does not answer.
    pub async fn count_delivered(&self, mark: Mark, event: &str, action: &str) -> anyhow::Result<usize> {
        let log = self.world.sim.deliveries().await?;
        let fits = |d: &&Delivery| d.id > mark.0 && d.event == event && d.action.as_deref() == Some(action);
        Ok(log.iter().filter(fits).count())
    }

    /// How many deliveries of this kind after `mark` have no answer.
    ///
    /// # Errors
    /// If the stand-in GitHub does not answer.
    pub async fn count_unanswered(&self, mark: Mark, event: &str) -> anyhow::Result<usize> {
        let log = self.world.sim.deliveries().await?;
        let fits = |d: &&Delivery| d.id > mark.0 && d.event == event && d.status_code == Some(0);
        Ok(log.iter().filter(fits).count())
    }

    /// Waits until the bot has said something on the pull request of which all these texts are a part, and gives it.
    ///
    /// # Errors
    /// With all that it has said.
    pub async fn bot_says(&mut self, number: u64, texts: &[&str]) -> anyhow::Result<Comment> {
        let what = format!("a comment of the bot on #{number} with {texts:?}");
        let comment = self.world.wait(&what, SOON, async |world| {
            let own = bot_comments(world, number).await?;
            let fits = |comment: &&Comment| texts.iter().all(|text| comment.body.contains(text));
            own.iter().find(fits).cloned().ok_or_else(|| bodies(&own))
        });
        let comment = comment.await?;
        let line = comment.body.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let cut: String = line.chars().take(90).collect();
        self.timeline.saw(Place::Github, format_args!("the bot says on #{number}: {cut}"));
        Ok(comment)
    }

    /// Waits until no comment of the bot on the pull request has this text any more.
    ///
    /// # Errors
    /// With all that it has said.
    pub async fn bot_takes_back(&mut self, number: u64, text: &str) -> anyhow::Result<()> {
        let what = format!("the bot's comment with {text:?} on #{number} to be gone");
        self.world
            .wait(&what, SOON, async |world| {
                let own = bot_comments(world, number).await?;
                if own.iter().any(|comment| comment.body.contains(text)) { Err(bodies(&own)) } else { Ok(()) }
            })
            .await?;
        self.timeline.saw(Place::Github, format_args!("the bot's comment with \"{text}\" on #{number} is gone"));
        Ok(())
    }

    /// How many comments of the bot on the pull request have this text.
    ///
    /// # Errors
    /// If the stand-in GitHub does not answer.
    pub async fn bot_said(&self, number: u64, text: &str) -> anyhow::Result<usize> {
        let comments = self.world.sim.comments(REPO, number).await?;
        Ok(comments.iter().filter(|c| c.author == BOT && c.body.contains(text)).count())
    }

    /// Waits until the pull request has these labels and not those.
    ///
    /// # Errors
    /// With the labels that it has.
    pub async fn labels(&mut self, number: u64, on: &[&str], off: &[&str]) -> anyhow::Result<()> {
        let what = format!("#{number} to have the labels {on:?} and not {off:?}");
        let has = |all: &[String], label: &&str| all.iter().any(|l| l == *label);
        let all = self.world.wait(&what, SOON, async |world| {
            let all = seen(world.sim.labels(REPO, number).await)?;
            let good = on.iter().all(|label| has(&all, label)) && !off.iter().any(|label| has(&all, label));
            if good { Ok(all) } else { Err(format!("{all:?}")) }
        });
        let all = all.await?;
        let shown = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
        self.timeline.saw(Place::Github, format_args!("labels of #{number}: {shown}"));
        Ok(())
    }

    /// Waits until the inbox has nothing left to do, and gives what it counts.
    ///
    /// # Errors
    /// With what is left.
    pub async fn idle(&mut self) -> anyhow::Result<Counts> {
        let inbox = self.world.inbox().await?;
        self.world
            .wait("the inbox to have nothing left to do", SOON, async |_| {
                let counts = seen(inbox.counts().await)?;
                let left = counts.undispatched + counts.queued + counts.parked;
                if left == 0 { Ok(counts) } else { Err(format!("{counts:?}")) }
            })
            .await
    }

    /// Comments, and says so on the timeline.
    ///
    /// # Errors
    /// As GitHub refuses.
    pub async fn comment(&mut self, who: &Actor, number: u64, text: &str) -> anyhow::Result<Said> {
        let before = self.mark().await?;
        self.timeline.saw(Place::Github, format_args!("{} comments on #{number}: {text}", who.login()));
        let comment = who.comment(REPO, number, text).await.with_context(|| format!("commenting `{text}`"))?;
        Ok(Said { before, comment })
    }

    /// Comments, and waits until `plugin` has handled it. Gives the delivery.
    ///
    /// # Errors
    /// As GitHub refuses, or if it is not handled.
    pub async fn says(&mut self, who: &Actor, number: u64, text: &str, plugin: &str) -> anyhow::Result<Delivery> {
        let said = self.comment(who, number, text).await?;
        let delivery = self.heard(said).await?;
        self.handled(&delivery.guid, plugin).await?;
        Ok(delivery)
    }

    /// The pull request as it is now.
    ///
    /// # Errors
    /// If there is none.
    pub async fn pr(&self, number: u64) -> anyhow::Result<Pr> {
        Ok(self.world.sim.pr(REPO, number).await?)
    }
}

/// One file with this content, or none.
#[must_use]
pub fn file(path: &str, content: Option<&str>) -> BTreeMap<String, Option<String>> {
    [(path.to_owned(), content.map(str::to_owned))].into()
}

/// The first digits of a commit or of a name, for people.
#[must_use]
pub fn short(name: &str) -> &str {
    name.get(..8).unwrap_or(name)
}

async fn prowjobs_with(world: &World, wanted: &[(&str, &str)]) -> anyhow::Result<Vec<ProwJob>> {
    let labels = wanted.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let mut jobs = world.prowjobs().await?.list(&Selector { labels, incomplete_only: false }).await?;
    jobs.sort_by_key(|job| job.metadata.creation_timestamp);
    Ok(jobs)
}

async fn bot_comments(world: &World, number: u64) -> Result<Vec<Comment>, String> {
    let all = seen(world.sim.comments(REPO, number).await)?;
    Ok(all.into_iter().filter(|comment| comment.author == BOT).collect())
}

fn bodies(comments: &[Comment]) -> String {
    if comments.is_empty() {
        return "no comment of the bot".to_owned();
    }
    comments.iter().map(|comment| comment.body.as_str()).collect::<Vec<_>>().join("\n----\n")
}
