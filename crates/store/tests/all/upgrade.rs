//! What an inbox of an older release becomes, in a file and on a server.

use std::path::Path;

use store::{EffectKind, EntryState, Inbox, StoreError, TaskKind, TaskState};

use crate::hosts::{at, server};
use crate::inbox::{delivery, dispatch};

const SCHEMAS: [&str; 2] = [include_str!("../../src/inbox_schema.sql"), include_str!("../../src/inbox_schema_2.sql")];
/// A delivery with a task in the middle of an effect, one that is not dispatched, and a task's number that is given away.
const LEFT: &str = r#"
    INSERT INTO deliveries (id, guid, event, scope_kind, scope, key_level, received_at, state, config_revision)
      VALUES (1, 'a', 'issue_comment', 'repo', 'org/repo', 'org', 0, 'open', 'r1'),
             (2, 'b', 'push', 'repo', 'org/repo', 'org', 0, 'new', NULL),
             (3, 'gone', 'push', 'repo', 'org/repo', 'org', 0, 'done', 'r1');
    INSERT INTO payloads (delivery, body) VALUES (1, CAST('{"a":1}' AS BLOB)), (2, CAST('{"b":2}' AS BLOB));
    INSERT INTO tasks (id, delivery, seq, plugin, kind, lane, state, attempts, round, component_digest, config_revision, clock,
        seed, dispatched_digest)
      VALUES (7, 1, 0, 'hold', 'comment', 'hold org/repo 7', 'parked', 2, 1, 'd1', 'r1', '2026-01-02T03:04:05Z', 9, 'd0');
    INSERT INTO tasks (id, delivery, seq, plugin, kind, lane, state) VALUES (40, 3, 0, 'hold', 'typed', 'l', 'done');
    DELETE FROM tasks WHERE id = 40;
    INSERT INTO journal VALUES (7, 1, 0, 'issues-read.labels', '[7]', 'read', '[]'),
                               (7, 1, 1, 'issues-write.create-comment', '[7]', 'findable', NULL);
"#;

fn older(path: &Path) {
    let db = rusqlite::Connection::open(path).unwrap();
    for schema in SCHEMAS {
        db.execute_batch(schema).unwrap();
    }
    db.execute_batch(LEFT).unwrap();
    db.pragma_update(None, "application_id", 0x626f_7769).unwrap();
    db.pragma_update(None, "user_version", 2).unwrap();
}

#[tokio::test]
async fn an_inbox_of_an_older_release_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("inbox.db");
    older(&path);
    let inbox = Inbox::open(&path).await.unwrap();
    let [task] = &inbox.open_tasks().await.unwrap()[..] else { panic!("one is open") };
    assert_eq!(
        (task.id.0, task.kind, task.state, task.attempts, task.round),
        (7, TaskKind::Comment, TaskState::Parked, 2, 1)
    );
    assert_eq!(task.pins.as_ref().map(|pins| (pins.component_digest.as_str(), pins.seed)), Some(("d1", 9)));
    let journal = inbox.journal(task.id, 1).await.unwrap();
    let seen: Vec<_> = journal.iter().map(|entry| (entry.kind, entry.state == EntryState::Intent)).collect();
    assert_eq!(seen, [(EffectKind::Read, false), (EffectKind::Findable, true)]);
    inbox.resolve(task.id, 1, 1, "9".to_owned()).await.unwrap();

    let waiting = inbox.undispatched(9).await.unwrap();
    assert_eq!(
        (waiting[0].guid(), &waiting[0].payload()[..], waiting[0].headers()),
        ("b", &br#"{"b":2}"#[..], &b""[..])
    );
    let mut to = dispatch(&["cherrypicker"]);
    to.tasks[0].kind = TaskKind::Forward;
    let forwarded = inbox.dispatch("b", to).await.unwrap();
    assert_eq!((forwarded[0].id.0, forwarded[0].kind), (41, TaskKind::Forward), "no number is given out twice");
    inbox.accept(delivery("c")).await.unwrap();
    assert_eq!(inbox.load("c").await.unwrap().unwrap().headers(), b"x-github-event: issue_comment\n");
    let begun = inbox.mark("begun").await.unwrap();
    assert_eq!(begun, Some(jiff::Timestamp::UNIX_EPOCH), "it has what came first");
    drop(inbox);

    // What refers to what is as in a new file.
    let db = rusqlite::Connection::open(&path).unwrap();
    let broken: i64 = db.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).unwrap();
    db.execute_batch("PRAGMA foreign_keys = ON; DELETE FROM deliveries").unwrap();
    let left: i64 = db.query_row("SELECT count(*) FROM journal", [], |row| row.get(0)).unwrap();
    assert_eq!((broken, left), (0, 0));
}

/// The same on a server, as far as its schema had come.
const LEFT_ON_A_SERVER: &str = r#"
    INSERT INTO deliveries (id, guid, event, scope_kind, scope, key_level, received_at, state, lease_key, config_revision)
      OVERRIDING SYSTEM VALUE
      VALUES (1, 'a', 'issue_comment', 'repo', 'org/repo', 'org', 'epoch', 'open', 'repo org/repo 7', 'r1'),
             (2, 'b', 'push', 'repo', 'org/repo', 'org', 'epoch', 'new', 'repo org/repo -', NULL);
    INSERT INTO payloads (delivery, body, headers) VALUES (1, '{"a":1}', ''), (2, '{"b":2}', '');
    INSERT INTO tasks (id, delivery, seq, plugin, kind, lane, state, attempts, round, component_digest, config_revision,
        clock, seed, dispatched_digest)
      OVERRIDING SYSTEM VALUE
      VALUES (7, 1, 0, 'hold', 'comment', 'hold org/repo 7', 'parked', 2, 1, 'd1', 'r1', '2026-01-02T03:04:05Z', 9, 'd0');
    INSERT INTO journal VALUES (7, 1, 0, 'issues-read.labels', '[7]', 'read', '[]'),
                               (7, 1, 1, 'issues-write.create-comment', '[7]', 'findable', NULL);
    CREATE TABLE bowsprit_inbox (schema bigint NOT NULL);
    INSERT INTO bowsprit_inbox VALUES (1);
"#;

#[tokio::test]
async fn a_servers_inbox_of_an_older_release_goes_on_where_it_was() {
    let Some(server) = server() else { return };
    let url = server.database();
    server.sql(&url, include_str!("../../src/postgres/schema_1.sql"));
    server.sql(&url, LEFT_ON_A_SERVER);
    let early = Inbox::connect_read_only(&at(&url)).await.map(drop);
    assert!(matches!(early, Err(StoreError::NotThere { .. })), "a reader waits for a host: {early:?}");
    let inbox = Inbox::join(&at(&url)).await.unwrap();
    let [task] = &inbox.claim().await.unwrap()[..] else { panic!("one is open") };
    assert_eq!((task.id.0, task.state, task.round, task.woken), (7, TaskState::Parked, 1, 1));
    let journal = inbox.journal(task.id, 1).await.unwrap();
    let seen: Vec<_> = journal.iter().map(|entry| (entry.kind, entry.state == EntryState::Intent)).collect();
    assert_eq!(seen, [(EffectKind::Read, false), (EffectKind::Findable, true)]);
    inbox.resolve(task.id, 1, 1, "9".to_owned()).await.unwrap();
    assert_eq!(inbox.undispatched(9).await.unwrap()[0].guid(), "b");
    assert_eq!(inbox.mark("begun").await.unwrap(), Some(jiff::Timestamp::UNIX_EPOCH), "it has what came first");
}
