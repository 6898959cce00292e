//! What GitHub delivered while nobody took it: how far its logs were read, what was found there, and what became of it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use crate::error::{Fault, StoreError};
use crate::inbox::{Backend, Inbox, time_of};

/// A delivery that a log has and the inbox has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMissed {
    /// `X-GitHub-Delivery`.
    pub guid: String,
    /// GitHub's number of the attempt, by which it is asked for again.
    pub delivery: u64,
    /// `X-GitHub-Event`.
    pub event: String,
    /// When the attempt was made.
    pub delivered_at: Timestamp,
    /// What was answered; 0 if nothing.
    pub status_code: u16,
}

/// A delivery that was missed, and how often it was asked for again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missed {
    /// Whose log it is in.
    pub log: String,
    /// `X-GitHub-Delivery`.
    pub guid: String,
    /// GitHub's number of the attempt.
    pub delivery: u64,
    /// `X-GitHub-Event`.
    pub event: String,
    /// When the attempt was made.
    pub delivered_at: Timestamp,
    /// What was answered; 0 if nothing.
    pub status_code: u16,
    /// How often it was asked for again.
    pub asked: u32,
    /// Why the last asking came to nothing, if GitHub said so.
    pub why: Option<String>,
}

/// How many deliveries were missed, and what became of them. One that stands in several logs counts once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct MissedCounts {
    /// All of them.
    pub missed: u64,
    /// Asked for again, at least once.
    pub asked: u64,
    /// In the inbox by now.
    pub came: u64,
    /// Asked for as often as may be, in vain.
    pub given_up: u64,
}

impl Inbox {
    /// How far what bears this name has come; none before the first [`Inbox::advance`]. `begun` is there from the start: since
    /// then whatever was answered with 200 is in this inbox; who deletes old deliveries moves it on.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn mark(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        let name = name.to_owned();
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.read(move |db| mark(db, &name)).await,
            Backend::Postgres(postgres) => postgres.mark(name).await,
        }
    }

    /// Moves a mark on; it never goes back.
    ///
    /// # Errors
    /// `Unwritable`: it is where it was.
    pub async fn advance(&self, name: &str, to: Timestamp) -> Result<(), StoreError> {
        let name = name.to_owned();
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.write(move |db| advance(db, &name, to)).await,
            Backend::Postgres(postgres) => postgres.advance(name, to).await,
        }
    }

    /// Which of these GUIDs are in the inbox.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn which_are_kept(&self, guids: Vec<String>) -> Result<BTreeSet<String>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.read(move |db| which_are_kept(db, guids)).await,
            Backend::Postgres(postgres) => postgres.which_are_kept(guids).await,
        }
    }

    /// Writes down what was missed; what stands there already stays as it is. Returns how many are new.
    ///
    /// # Errors
    /// `Unwritable`: nothing was written.
    pub async fn add_missed(&self, log: &str, missed: Vec<NewMissed>) -> Result<usize, StoreError> {
        let log = log.to_owned();
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.write(move |db| add_missed(db, &log, &missed)).await,
            Backend::Postgres(postgres) => postgres.add_missed(log, missed).await,
        }
    }

    /// What is to be asked for again now: missing still, asked for less than `most` times, and its time has come. The oldest
    /// first, at most `limit`.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn missed_due(
        &self,
        log: &str,
        now: Timestamp,
        most: u32,
        limit: usize,
    ) -> Result<Vec<Missed>, StoreError> {
        let log = log.to_owned();
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.read(move |db| missed_due(db, &log, now, most, limit)).await,
            Backend::Postgres(postgres) => postgres.missed_due(log, now, most, limit).await,
        }
    }

    /// One was asked for again; not before `not_before` is it asked for once more. `why` if GitHub would not.
    ///
    /// # Errors
    /// `Unwritable`: nothing was written.
    pub async fn asked_again(
        &self,
        log: &str,
        guid: &str,
        not_before: Timestamp,
        why: Option<String>,
    ) -> Result<(), StoreError> {
        let (log, guid) = (log.to_owned(), guid.to_owned());
        match &self.backend {
            Backend::Sqlite(sqlite) => {
                sqlite.db.write(move |db| asked_again(db, &log, &guid, not_before, why.as_deref())).await
            }
            Backend::Postgres(postgres) => postgres.asked_again(log, guid, not_before, why).await,
        }
    }

    /// What became of the deliveries that were missed between these times, both included. Given up is what was asked for
    /// `most` times and has not come by `now`.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn missed_counts(
        &self,
        between: (Timestamp, Timestamp),
        now: Timestamp,
        most: u32,
    ) -> Result<MissedCounts, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.read(move |db| missed_counts(db, between, now, most)).await,
            Backend::Postgres(postgres) => postgres.missed_counts(between, now, most).await,
        }
    }

    /// What was asked for `most` times and has not come by `now`: the latest first, at most `limit`.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn missed_given_up(&self, now: Timestamp, most: u32, limit: usize) -> Result<Vec<Missed>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.read(move |db| missed_given_up(db, now, most, limit)).await,
            Backend::Postgres(postgres) => postgres.missed_given_up(now, most, limit).await,
        }
    }

    /// Forgets what was missed before `before`.
    ///
    /// # Errors
    /// `Unwritable`: nothing was forgotten.
    pub async fn forget_missed(&self, before: Timestamp) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.write(move |db| forget_missed(db, before)).await,
            Backend::Postgres(postgres) => postgres.forget_missed(before).await,
        }
    }
}

/// Missing still.
pub(crate) const ABSENT: &str = "NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.guid = m.guid)";
pub(crate) const MISSED: &str =
    "SELECT m.log, m.guid, m.delivery, m.event, m.delivered_at, m.status_code, m.asked, m.why
     FROM missed m";

fn mark(db: &Connection, name: &str) -> Result<Option<Timestamp>, Fault> {
    let mut query = db.prepare_cached("SELECT at FROM marks WHERE name = ?1")?;
    Ok(query.query_row([name], |row| time_of(row, 0)).optional()?.flatten())
}

fn advance(db: &Connection, name: &str, to: Timestamp) -> Result<(), Fault> {
    db.prepare_cached(
        "INSERT INTO marks (name, at) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET at = max(at, excluded.at)",
    )?
    .execute(params![name, to.as_microsecond()])?;
    Ok(())
}

fn which_are_kept(db: &Connection, guids: Vec<String>) -> Result<BTreeSet<String>, Fault> {
    let mut query = db.prepare_cached("SELECT 1 FROM deliveries WHERE guid = ?1")?;
    let mut kept = BTreeSet::new();
    for guid in guids {
        if query.exists([&guid])? {
            kept.insert(guid);
        }
    }
    Ok(kept)
}

fn add_missed(db: &Connection, log: &str, missed: &[NewMissed]) -> Result<usize, Fault> {
    let mut insert = db.prepare_cached(
        "INSERT INTO missed (log, guid, delivery, event, delivered_at, status_code) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (log, guid) DO NOTHING",
    )?;
    let mut new = 0;
    for one in missed {
        new += insert.execute(params![
            log,
            one.guid,
            one.delivery,
            one.event,
            one.delivered_at.as_microsecond(),
            one.status_code
        ])?;
    }
    Ok(new)
}

fn missed_due(db: &Connection, log: &str, now: Timestamp, most: u32, limit: usize) -> Result<Vec<Missed>, Fault> {
    let mut query = db.prepare_cached(&format!(
        "{MISSED} WHERE m.log = ?1 AND m.asked < ?2 AND m.not_before <= ?3 AND {ABSENT}
         ORDER BY m.delivered_at, m.delivery LIMIT ?4"
    ))?;
    let due = query.query_map(params![log, most, now.as_microsecond(), limit], read_missed)?;
    Ok(due.collect::<Result<_, _>>()?)
}

fn asked_again(db: &Connection, log: &str, guid: &str, not_before: Timestamp, why: Option<&str>) -> Result<(), Fault> {
    db.prepare_cached("UPDATE missed SET asked = asked + 1, not_before = ?3, why = ?4 WHERE log = ?1 AND guid = ?2")?
        .execute(params![log, guid, not_before.as_microsecond(), why])?;
    Ok(())
}

fn missed_counts(
    db: &Connection,
    (from, to): (Timestamp, Timestamp),
    now: Timestamp,
    most: u32,
) -> Result<MissedCounts, Fault> {
    let mut query = db.prepare_cached(&format!(
        "SELECT count(*), count(*) FILTER (WHERE asked > 0), count(*) FILTER (WHERE NOT absent),
                count(*) FILTER (WHERE absent AND given_up)
         FROM (SELECT max(m.asked) AS asked, {ABSENT} AS absent, min(m.asked >= ?3 AND m.not_before <= ?4) AS given_up
               FROM missed m WHERE m.delivered_at BETWEEN ?1 AND ?2 GROUP BY m.guid)"
    ))?;
    let counts = query
        .query_row(params![from.as_microsecond(), to.as_microsecond(), most, now.as_microsecond()], |row| {
            Ok(MissedCounts { missed: row.get(0)?, asked: row.get(1)?, came: row.get(2)?, given_up: row.get(3)? })
        })?;
    Ok(counts)
}

fn missed_given_up(db: &Connection, now: Timestamp, most: u32, limit: usize) -> Result<Vec<Missed>, Fault> {
    let mut query = db.prepare_cached(&format!(
        "{MISSED} WHERE m.asked >= ?1 AND m.not_before <= ?2 AND {ABSENT}
         ORDER BY m.delivered_at DESC, m.delivery DESC LIMIT ?3"
    ))?;
    let given_up = query.query_map(params![most, now.as_microsecond(), limit], read_missed)?;
    Ok(given_up.collect::<Result<_, _>>()?)
}

fn forget_missed(db: &Connection, before: Timestamp) -> Result<(), Fault> {
    db.prepare_cached("DELETE FROM missed WHERE delivered_at < ?1")?.execute([before.as_microsecond()])?;
    Ok(())
}

fn read_missed(row: &Row<'_>) -> rusqlite::Result<Missed> {
    Ok(Missed {
        log: row.get(0)?,
        guid: row.get(1)?,
        delivery: row.get(2)?,
        event: row.get(3)?,
        delivered_at: time_of(row, 4)?.unwrap_or_default(),
        status_code: row.get(5)?,
        asked: row.get(6)?,
        why: row.get(7)?,
    })
}
