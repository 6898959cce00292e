//! What GitHub delivered while nobody took it. Hosts write it; each statement is a commit.

use std::collections::BTreeSet;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio_postgres::Row;

use super::rows::count;
use super::{Fault, LIMIT, LONG, Postgres, execute, one, query, text};
use crate::error::StoreError;
use crate::missed::{ABSENT, MISSED, Missed, MissedCounts, NewMissed};

impl Postgres {
    pub(crate) async fn mark(&self, name: String) -> Result<Option<Timestamp>, StoreError> {
        self.run(LONG, move |db| {
            async move {
                let row = one(db, "SELECT at FROM marks WHERE name = $1", &[&name]).await?;
                Ok(row.map(|row| row.try_get(0)).transpose()?)
            }
            .boxed()
        })
        .await
    }

    pub(crate) async fn advance(&self, name: String, to: Timestamp) -> Result<(), StoreError> {
        self.session()?;
        self.run(LIMIT, move |db| {
            async move {
                let sql = "INSERT INTO marks (name, at) VALUES ($1, $2)
                    ON CONFLICT (name) DO UPDATE SET at = greatest(marks.at, excluded.at)";
                execute(db, sql, &[&name, &to]).await.map(drop)
            }
            .boxed()
        })
        .await
    }

    pub(crate) async fn which_are_kept(&self, guids: Vec<String>) -> Result<BTreeSet<String>, StoreError> {
        self.run(LONG, move |db| {
            async move {
                let guids: Vec<_> = guids.iter().map(|guid| text(guid)).collect();
                let kept = query(db, "SELECT guid FROM deliveries WHERE guid = ANY ($1)", &[&guids]).await?;
                kept.iter().map(|row| Ok(row.try_get(0)?)).collect()
            }
            .boxed()
        })
        .await
    }

    pub(crate) async fn add_missed(&self, log: String, missed: Vec<NewMissed>) -> Result<usize, StoreError> {
        self.session()?;
        self.run(LIMIT, move |db| {
            async move {
                let guids: Vec<_> = missed.iter().map(|one| text(&one.guid)).collect();
                let deliveries: Vec<_> = missed.iter().map(|one| one.delivery.cast_signed()).collect();
                let events: Vec<_> = missed.iter().map(|one| text(&one.event)).collect();
                let times: Vec<_> = missed.iter().map(|one| one.delivered_at).collect();
                let answers: Vec<_> = missed.iter().map(|one| i64::from(one.status_code)).collect();
                let sql = "INSERT INTO missed (log, guid, delivery, event, delivered_at, status_code)
                    SELECT $1, m.* FROM unnest($2::text[], $3::bigint[], $4::text[], $5::timestamptz[], $6::bigint[]) AS m
                    ON CONFLICT (log, guid) DO NOTHING";
                let new = execute(db, sql, &[&log, &guids, &deliveries, &events, &times, &answers]).await?;
                Ok(usize::try_from(new).unwrap_or(usize::MAX))
            }
            .boxed()
        })
        .await
    }

    pub(crate) async fn missed_due(
        &self,
        log: String,
        now: Timestamp,
        most: u32,
        limit: usize,
    ) -> Result<Vec<Missed>, StoreError> {
        let sql = format!(
            "{MISSED} WHERE m.log = $1 AND m.asked < $2 AND m.not_before <= $3 AND {ABSENT}
             ORDER BY m.delivered_at, m.delivery LIMIT $4"
        );
        let (most, limit) = (i64::from(most), as_limit(limit));
        self.run(LONG, move |db| {
            async move { query(db, &sql, &[&log, &most, &now, &limit]).await?.iter().map(missed).collect() }.boxed()
        })
        .await
    }

    pub(crate) async fn asked_again(
        &self,
        log: String,
        guid: String,
        not_before: Timestamp,
        why: Option<String>,
    ) -> Result<(), StoreError> {
        self.session()?;
        self.run(LIMIT, move |db| {
            async move {
                let sql = "UPDATE missed SET asked = asked + 1, not_before = $3, why = $4 WHERE log = $1 AND guid = $2";
                execute(db, sql, &[&log, &guid, &not_before, &why.as_deref().map(text)]).await.map(drop)
            }
            .boxed()
        })
        .await
    }

    pub(crate) async fn missed_counts(
        &self,
        (from, to): (Timestamp, Timestamp),
        now: Timestamp,
        most: u32,
    ) -> Result<MissedCounts, StoreError> {
        let sql = format!(
            "SELECT count(*), count(*) FILTER (WHERE asked > 0), count(*) FILTER (WHERE NOT absent),
                    count(*) FILTER (WHERE absent AND given_up)
             FROM (SELECT max(m.asked) AS asked, {ABSENT} AS absent,
                          bool_and(m.asked >= $3 AND m.not_before <= $4) AS given_up
                   FROM missed m WHERE m.delivered_at BETWEEN $1 AND $2 GROUP BY m.guid) AS of_each"
        );
        // PostgreSQL's time begins later than ours, and GitHub's later still.
        let (from, most) = (from.max(Timestamp::UNIX_EPOCH), i64::from(most));
        self.run(LONG, move |db| {
            async move {
                let row = one(db, &sql, &[&from, &to, &most, &now]).await?.expect("counts are one row");
                Ok(MissedCounts {
                    missed: count(&row, 0)?,
                    asked: count(&row, 1)?,
                    came: count(&row, 2)?,
                    given_up: count(&row, 3)?,
                })
            }
            .boxed()
        })
        .await
    }

    pub(crate) async fn missed_given_up(
        &self,
        now: Timestamp,
        most: u32,
        limit: usize,
    ) -> Result<Vec<Missed>, StoreError> {
        let sql = format!(
            "{MISSED} WHERE m.asked >= $1 AND m.not_before <= $2 AND {ABSENT}
             ORDER BY m.delivered_at DESC, m.delivery DESC LIMIT $3"
        );
        let (most, limit) = (i64::from(most), as_limit(limit));
        self.run(LONG, move |db| {
            async move { query(db, &sql, &[&most, &now, &limit]).await?.iter().map(missed).collect() }.boxed()
        })
        .await
    }

    pub(crate) async fn forget_missed(&self, before: Timestamp) -> Result<(), StoreError> {
        self.session()?;
        self.run(LONG, move |db| {
            async move { execute(db, "DELETE FROM missed WHERE delivered_at < $1", &[&before]).await.map(drop) }.boxed()
        })
        .await
    }
}

fn as_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Reads what [`MISSED`] asks for.
fn missed(row: &Row) -> Result<Missed, Fault> {
    Ok(Missed {
        log: row.try_get(0)?,
        guid: row.try_get(1)?,
        delivery: row.try_get::<_, i64>(2)?.cast_unsigned(),
        event: row.try_get(3)?,
        delivered_at: row.try_get(4)?,
        status_code: count(row, 5)?,
        asked: count(row, 6)?,
        why: row.try_get(7)?,
    })
}
