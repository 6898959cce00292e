-- Deliveries in order of arrival. Times are microseconds since 1970 unless a comment says otherwise.
CREATE TABLE deliveries (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  guid            TEXT    NOT NULL UNIQUE,
  event           TEXT    NOT NULL,
  scope_kind      TEXT    NOT NULL CHECK (scope_kind IN ('repo', 'org', 'any')),
  scope           TEXT    NOT NULL,
  key_level       TEXT    NOT NULL,
  received_at     INTEGER NOT NULL,
  state           TEXT    NOT NULL CHECK (state IN ('new', 'open', 'done', 'failed')),
  config_revision TEXT,
  ordering_key    TEXT,
  considered      TEXT    NOT NULL DEFAULT '[]'
) STRICT;
CREATE INDEX deliveries_by_state ON deliveries (state, id);
CREATE INDEX deliveries_by_scope ON deliveries (scope, id);

-- Apart from their deliveries, so that lists do not read through megabytes.
CREATE TABLE payloads (
  delivery INTEGER PRIMARY KEY REFERENCES deliveries (id) ON DELETE CASCADE,
  body     BLOB NOT NULL
) STRICT;

CREATE TABLE tasks (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  delivery         INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
  seq              INTEGER NOT NULL,
  plugin           TEXT    NOT NULL,
  kind             TEXT    NOT NULL CHECK (kind IN ('typed', 'comment')),
  lane             TEXT    NOT NULL,
  state            TEXT    NOT NULL
                   CHECK (state IN ('queued', 'parked', 'done', 'ignored', 'failed', 'dead', 'unknown')),
  attempts         INTEGER NOT NULL DEFAULT 0,
  not_before       INTEGER,
  round            INTEGER NOT NULL DEFAULT 0,
  component_digest TEXT,
  config_revision  TEXT,
  clock            TEXT,   -- RFC 3339, to the nanosecond
  seed             INTEGER, -- the bits of an unsigned number
  reason           TEXT,
  trace            TEXT,   -- JSON
  duration         INTEGER, -- microseconds
  finished_at      INTEGER,
  UNIQUE (delivery, seq)
) STRICT;
CREATE INDEX tasks_by_state ON tasks (state, id);

CREATE TABLE journal (
  task   INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  round  INTEGER NOT NULL,
  seq    INTEGER NOT NULL,
  op     TEXT    NOT NULL,
  args   TEXT    NOT NULL, -- JSON
  kind   TEXT    NOT NULL CHECK (kind IN ('read', 'idempotent', 'findable', 'neither')),
  result TEXT,             -- JSON; none: an intent whose effect is in doubt
  PRIMARY KEY (task, round, seq)
) STRICT, WITHOUT ROWID;
