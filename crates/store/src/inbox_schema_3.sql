-- What a delivery came with, as lines of `name: value`: for services that it is forwarded to.
ALTER TABLE payloads ADD COLUMN headers BLOB NOT NULL DEFAULT x'';

-- One more kind of task. A check cannot be altered: the tables are made anew, first the one that the other refers to.
DROP INDEX tasks_by_state;
ALTER TABLE tasks RENAME TO tasks_2;
CREATE TABLE tasks (
  id                INTEGER PRIMARY KEY AUTOINCREMENT,
  delivery          INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
  seq               INTEGER NOT NULL,
  plugin            TEXT    NOT NULL,
  kind              TEXT    NOT NULL CHECK (kind IN ('typed', 'comment', 'forward')),
  lane              TEXT    NOT NULL,
  state             TEXT    NOT NULL
                    CHECK (state IN ('queued', 'parked', 'done', 'ignored', 'failed', 'dead', 'unknown')),
  attempts          INTEGER NOT NULL DEFAULT 0,
  not_before        INTEGER,
  round             INTEGER NOT NULL DEFAULT 0,
  component_digest  TEXT,
  config_revision   TEXT,
  clock             TEXT,
  seed              INTEGER,
  reason            TEXT,
  trace             TEXT,
  duration          INTEGER,
  finished_at       INTEGER,
  dispatched_digest TEXT,
  UNIQUE (delivery, seq)
) STRICT;
INSERT INTO tasks SELECT id, delivery, seq, plugin, kind, lane, state, attempts, not_before, round, component_digest,
    config_revision, clock, seed, reason, trace, duration, finished_at, dispatched_digest
  FROM tasks_2;
-- A number that was given out is never given out again.
DELETE FROM sqlite_sequence WHERE name = 'tasks';
UPDATE sqlite_sequence SET name = 'tasks' WHERE name = 'tasks_2';
CREATE INDEX tasks_by_state ON tasks (state, id);
CREATE TABLE journal_3 (
  task   INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  round  INTEGER NOT NULL,
  seq    INTEGER NOT NULL,
  op     TEXT    NOT NULL,
  args   TEXT    NOT NULL,
  kind   TEXT    NOT NULL CHECK (kind IN ('read', 'idempotent', 'findable', 'neither')),
  result TEXT,
  PRIMARY KEY (task, round, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO journal_3 SELECT task, round, seq, op, args, kind, result FROM journal;
DROP TABLE journal;
ALTER TABLE journal_3 RENAME TO journal;
DROP TABLE tasks_2;
