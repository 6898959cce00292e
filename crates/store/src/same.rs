//! Two deliveries of one event: an organization's hook and a repository's both tell of it, and their GUIDs may differ.

use rusqlite::{Connection, OptionalExtension, params};

use crate::delivery::NewDelivery;
use crate::error::Fault;

/// How far apart two deliveries of one event may arrive, in microseconds. SQLite's index counts in this, too.
pub(crate) const WITHIN: i64 = 600_000_000;

/// The GUID of the first delivery that told of the same event as `new`. A hook is told of an event once, under one GUID: what
/// comes from the same hook with another is another event, however alike.
pub(crate) fn first_like(db: &Connection, new: &NewDelivery) -> Result<Option<String>, Fault> {
    let Some(likeness) = &new.likeness else { return Ok(None) };
    let at = new.received_at.as_microsecond();
    let slice = at / WITHIN;
    let found = db
        .prepare_cached(
            // Left to itself SQLite would go through all deliveries of the repository.
            "SELECT guid FROM deliveries INDEXED BY deliveries_by_fingerprint
             WHERE received_at / 600000000 IN (?1, ?2, ?3) AND fingerprint = ?4 AND duplicate_of IS NULL
               AND abs(received_at - ?5) <= ?6 AND scope_kind = ?7 AND scope = ?8
               AND (hook IS NULL OR ?9 IS NULL OR hook <> ?9)
             ORDER BY id LIMIT 1",
        )?
        .query_row(
            params![
                slice - 1,
                slice,
                slice + 1,
                &likeness.fingerprint[..],
                at,
                WITHIN,
                new.scope.kind(),
                new.scope.name(),
                likeness.hook
            ],
            |row| row.get(0),
        )
        .optional()?;
    Ok(found)
}
