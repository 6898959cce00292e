//! What GitHub could not deliver is asked for again: its logs of deliveries are read at the start and every few minutes, and
//! what nobody took comes in through the webhook, as any other, under the GUID that it had.
//!
//! What was missed is written down before the mark moves past it, and what was asked for after it was asked for: a kill in
//! between asks once more at the worst, and a delivery that is there already is not handled again.

mod decide;
mod gap;
mod shown;
mod sources;
mod wants;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use github::{ApiError, ApiErrorKind, Client, HookLog};
use jiff::{SignedDuration, Timestamp};
use store::{Inbox, Missed, MissedCounts, StoreError};
use tokio_util::sync::CancellationToken;

use self::decide::{KEPT, MOST_ASKED, Reading};
pub use self::gap::{Gap, beat};
pub use self::shown::Shown;
use self::sources::Sources;
use self::wants::Wanted;
use crate::registry::{Registry, Set};

/// How many logs are read at a time.
const AT_ONCE: usize = 4;
/// How many deliveries are asked for in one round, and how many of them without a pause: GitHub minds bursts, and would then
/// answer the plugins' calls with a limit, too.
const ASKED_IN_A_ROUND: usize = 240;
const ASKED_AT_ONCE: usize = 30;
const PAUSE: Duration = Duration::from_secs(1);

/// Of several hosts on one inbox one catches up, and saves the others' calls; if it ends, another does at its next round.
const DUTY: &str = "catch up";

/// What catches up.
pub struct CatchUp {
    /// Where deliveries are kept.
    pub inbox: Inbox,
    /// Who wants what.
    pub registry: Arc<Registry>,
    /// Who asks.
    pub github: Client,
    /// The addresses by which GitHub knows this host's webhook. Without one, nothing is asked for.
    pub webhook_urls: Vec<String>,
    /// How often.
    pub every: Duration,
    /// Where it is told.
    pub shown: Shown,
}

/// Why a log cannot be caught up with now.
enum Failed {
    Inbox(StoreError),
    Github(ApiError),
}

/// What is left of a round.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    /// There may be more to ask for at once.
    More,
    Nothing,
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Inbox(error)
    }
}

impl From<ApiError> for Failed {
    fn from(error: ApiError) -> Self {
        Self::Github(error)
    }
}

impl CatchUp {
    /// Catches up until `stop`, beginning with what came while nobody was there.
    pub async fn run(self, gap: Option<Gap>, stop: CancellationToken) {
        if let Some(gap) = gap {
            tracing::info!(from = %gap.from, to = %gap.to, "no host was there");
        }
        self.shown.set_gap(gap);
        if self.webhook_urls.is_empty() {
            tracing::warn!("{}", shown::OFF);
            return;
        }
        let mut sources = Sources::default();
        let mut known = (MissedCounts::default(), MissedCounts::default());
        loop {
            let round = async {
                let is_ours = self.inbox.take_duty(DUTY).await?;
                self.shown.set_elsewhere(!is_ours);
                if !is_ours {
                    return Ok(Left::Nothing);
                }
                let left = self.round(&mut sources).await?;
                known = self.tell(gap, known).await?;
                Ok::<_, StoreError>(left)
            };
            let pause = match stop.run_until_cancelled(round).await {
                None => return,
                Some(Ok(Left::More)) => Duration::ZERO,
                Some(Ok(Left::Nothing)) => self.every,
                Some(Err(error)) => {
                    tracing::error!(%error, "catching up waits for the inbox");
                    self.every
                }
            };
            if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
        }
    }

    /// Reads all logs, then asks for what is due.
    async fn round(&self, sources: &mut Sources) -> Result<Left, StoreError> {
        let set = self.registry.current();
        let owners = sources::owners(self.github.uses_app_auth(), &set.loaded.plugins);
        sources.look(&self.github, owners, &self.webhook_urls, Instant::now()).await;
        for (owner, why) in self.shown.set_sources(sources) {
            tracing::warn!(owner, why, "what these webhooks failed to deliver cannot be seen");
        }
        let logs = sources.logs();
        let set = &set;
        let reading = logs.clone().into_iter().map(|log| async move {
            let read = self.read(&log, set).await;
            (log, read)
        });
        let read: BTreeMap<HookLog, _> = futures_util::stream::iter(reading).buffer_unordered(AT_ONCE).collect().await;
        let mut room = ASKED_IN_A_ROUND;
        for log in &logs {
            let asked = match &read[log] {
                Ok(()) => self.ask(log, &mut room).await,
                Err(_) => Ok(()),
            };
            let mark = self.inbox.mark(&mark_of(log)).await?;
            let fault = match (&read[log], asked) {
                (Err(Failed::Inbox(error)), _) => return Err(error.clone()),
                (_, Err(Failed::Inbox(error))) => return Err(error),
                (Err(Failed::Github(error)), _) => Some(sources::fault(&log.owner(), error, "read")),
                (_, Err(Failed::Github(error))) => Some(sources::fault(&log.owner(), &error, "write")),
                (Ok(()), Ok(())) => None,
            };
            if self.shown.set_log(log, mark, fault.clone()) {
                let why = fault.unwrap_or_default();
                tracing::warn!(%log, why, "what this webhook failed to deliver is not asked for now");
            }
        }
        let now = Timestamp::now();
        self.inbox.forget_missed(decide::earlier(now, KEPT.saturating_mul(2))).await?;
        Ok(if room == 0 { Left::More } else { Left::Nothing })
    }

    /// Reads a log from its newest entry back to the mark, and writes down what was missed.
    async fn read(&self, log: &HookLog, set: &Set) -> Result<(), Failed> {
        let now = Timestamp::now();
        let begun = self.inbox.mark("begun").await?.unwrap_or(now);
        let mut reading = Reading::new(self.inbox.mark(&mark_of(log)).await?, begun, now);
        let kinds = |plugin: &str| match set.plugins.get(plugin) {
            Some(plugin) => Some(&plugin.description.events[..]),
            None if self.registry.is_coming(plugin) => None,
            None => Some(&[][..]),
        };
        let wanted = Wanted::of(&set.loaded.plugins, &log.owner(), kinds);
        let mut older = None;
        loop {
            let page = self.github.list_hook_deliveries(log, older).await?;
            let guids = page.deliveries.iter().map(|entry| entry.guid.clone()).collect();
            let kept = self.inbox.which_are_kept(guids).await?;
            let found = reading.page(&page.deliveries, &kept, |event| wanted.wants(event));
            let missed = found.missed.len();
            if missed > 0 {
                let new = self.inbox.add_missed(&log.to_string(), found.missed).await?;
                tracing::debug!(%log, missed, new, "deliveries were missed");
            }
            older = page.older;
            if !found.go_on || older.is_none() {
                break;
            }
        }
        // Only now: what is behind the mark is not read again.
        if let Some(mark) = reading.mark() {
            self.inbox.advance(&mark_of(log), mark).await?;
        }
        Ok(())
    }

    /// Asks for what is due, as far as there is room.
    async fn ask(&self, log: &HookLog, room: &mut usize) -> Result<(), Failed> {
        let due = self.inbox.missed_due(&log.to_string(), Timestamp::now(), MOST_ASKED, *room).await?;
        if self.github.is_dry_run() {
            if !due.is_empty() {
                tracing::info!(%log, missed = due.len(), "dry run: would ask GitHub to deliver these again");
            }
            return Ok(());
        }
        for missed in due {
            if ASKED_IN_A_ROUND - *room >= ASKED_AT_ONCE {
                tokio::time::sleep(PAUSE).await;
            }
            *room -= 1;
            let refused = match self.github.redeliver(log, missed.delivery).await {
                Ok(()) => None,
                Err(error) if is_of_this_one(&error) => Some(error.to_string()),
                Err(error) => return Err(error.into()),
            };
            self.asked(log, &missed, refused).await?;
        }
        Ok(())
    }

    async fn asked(&self, log: &HookLog, missed: &Missed, refused: Option<String>) -> Result<(), StoreError> {
        let (guid, event, times) = (&missed.guid, &missed.event, missed.asked + 1);
        match &refused {
            None => tracing::info!(delivery = %guid, event, %log, times, "asked GitHub to deliver it again"),
            Some(why) => tracing::warn!(delivery = %guid, event, %log, times, why, "GitHub does not deliver it again"),
        }
        self.shown.asked();
        let pause = SignedDuration::try_from(decide::pause(self.every, times)).unwrap_or(KEPT).min(KEPT);
        let not_before = Timestamp::now().checked_add(pause).unwrap_or(Timestamp::MAX);
        self.inbox.asked_again(&log.to_string(), guid, not_before, refused).await
    }

    /// Writes to the log what has changed of what was missed, during the gap and at all.
    async fn tell(
        &self,
        gap: Option<Gap>,
        (known, known_of_gap): (MissedCounts, MissedCounts),
    ) -> Result<(MissedCounts, MissedCounts), StoreError> {
        let now = Timestamp::now();
        let all = self.inbox.missed_counts((Timestamp::MIN, Timestamp::MAX), now, MOST_ASKED).await?;
        self.shown.ended(all);
        if all != known {
            let MissedCounts { missed, asked, came, given_up } = all;
            tracing::info!(missed, asked, came, given_up, "deliveries of the last days that nobody took at first");
        }
        let Some(Gap { from, to }) = gap else { return Ok((all, known_of_gap)) };
        let of_gap = self.inbox.missed_counts((from, to), now, MOST_ASKED).await?;
        if of_gap != known_of_gap {
            let MissedCounts { missed, asked, came, given_up } = of_gap;
            tracing::info!(%from, %to, missed, asked, came, given_up, "deliveries while no host was there");
        }
        Ok((all, of_gap))
    }
}

fn mark_of(log: &HookLog) -> String {
    format!("log {log}")
}

/// Whether GitHub's refusal is about this delivery alone: it may be too old, or be under way.
fn is_of_this_one(error: &ApiError) -> bool {
    match error.kind {
        ApiErrorKind::NotFound
        | ApiErrorKind::Unprocessable
        | ApiErrorKind::Conflict
        | ApiErrorKind::Moved { .. }
        | ApiErrorKind::Other => true,
        ApiErrorKind::Forbidden { .. }
        | ApiErrorKind::Unauthorized
        | ApiErrorKind::RateLimited { .. }
        | ApiErrorKind::Unavailable { .. } => false,
    }
}
