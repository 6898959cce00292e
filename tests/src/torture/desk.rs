//! What the inbox has left to do, looked at again and again by one for all threads.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use store::{DeliveryState, EntryState, Filter, Inbox, StoreError};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::hosts::Place;

/// How often the inbox is looked at.
const LOOK: Duration = Duration::from_millis(25);

/// A look at the inbox.
#[derive(Debug, Clone, Default)]
struct Look {
    /// Looks are counted; one has its number before it begins.
    number: u64,
    /// GUIDs of deliveries that are not done with.
    open: HashSet<String>,
}

/// It looks until it is dropped.
#[derive(Debug)]
pub struct Desk {
    begun: Arc<AtomicU64>,
    looks: watch::Receiver<Look>,
    _looking: JoinSet<()>,
}

impl Desk {
    /// Looks at this inbox, once there is one.
    #[must_use]
    pub fn watch(place: Place) -> Self {
        let begun = Arc::new(AtomicU64::new(0));
        let (sender, looks) = watch::channel(Look::default());
        let mut looking = JoinSet::new();
        let count = begun.clone();
        looking.spawn(async move {
            let mut connected = None;
            loop {
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                // While a host that was killed is away the file may not be readable; that is no news.
                match look(&place, &mut connected).await {
                    Ok(open) => drop(sender.send_replace(Look { number, open })),
                    Err(_) => connected = None,
                }
                tokio::time::sleep(LOOK).await;
            }
        });
        Self { begun, looks, _looking: looking }
    }

    /// Waits until a look that begins from now on finds none of these open.
    pub async fn done_with(&self, guids: &[String]) {
        let now = self.begun.load(Ordering::SeqCst);
        let mut looks = self.looks.clone();
        let done = looks.wait_for(|look| look.number > now && !guids.iter().any(|guid| look.open.contains(guid)));
        // The desk that is asked has the other end.
        let _ = done.await;
    }
}

/// GUIDs of deliveries that are not done with. A file is opened each time: who holds it open while its host is killed would
/// spare the next one the recovery of its log.
async fn look(place: &Place, connected: &mut Option<Inbox>) -> anyhow::Result<HashSet<String>> {
    let inbox = match connected.take() {
        Some(inbox) => inbox,
        None => place.open().await?,
    };
    let mut open = HashSet::new();
    for state in [DeliveryState::New, DeliveryState::Open] {
        let filter = Filter { state: Some(state), ..Filter::default() };
        open.extend(inbox.list(&filter).await?.into_iter().map(|delivery| delivery.guid));
    }
    if let Place::Database(_) = place {
        *connected = Some(inbox);
    }
    Ok(open)
}

/// How many effects have an intent in the inbox and no result: what a host that was killed has left in doubt. None, if it was
/// killed while it made the file.
///
/// # Errors
/// If the inbox cannot be read.
pub async fn in_doubt(inbox: &Path) -> anyhow::Result<usize> {
    let inbox = match Inbox::open_read_only(inbox).await {
        Err(StoreError::NotThere { .. } | StoreError::Open { .. }) => return Ok(0),
        opened => opened?,
    };
    let filter = Filter { state: Some(DeliveryState::Open), ..Filter::default() };
    let mut found = 0;
    for delivery in inbox.list(&filter).await? {
        let report = inbox.show(&delivery.guid).await?.context("a delivery that was listed is gone")?;
        let entries = report.reports.iter().flat_map(|task| &task.journal);
        found += entries.filter(|entry| entry.state == EntryState::Intent).count();
    }
    Ok(found)
}

/// Those of `guids` that the inbox does not have, or that have not come to their end.
///
/// # Errors
/// If the inbox cannot be read.
pub async fn missing(inbox: &Inbox, guids: &[String]) -> anyhow::Result<Vec<String>> {
    let ended = |state| matches!(state, DeliveryState::Done | DeliveryState::Failed);
    let known: HashSet<String> = inbox
        .list(&Filter::default())
        .await?
        .into_iter()
        .filter(|delivery| ended(delivery.state))
        .map(|delivery| delivery.guid)
        .collect();
    Ok(guids.iter().filter(|guid| !known.contains(*guid)).cloned().collect())
}
