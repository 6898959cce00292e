-- One counter for all writes: a reader that has seen revision N has missed nothing before N, since there is one writer at a
-- time and revisions become visible in order.
CREATE TABLE counter (
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  revision INTEGER NOT NULL,
  -- Deletions up to this revision may have been forgotten.
  horizon  INTEGER NOT NULL
) STRICT;
INSERT INTO counter (id, revision, horizon) VALUES (1, 0, 0);

CREATE TABLE prowjobs (
  name     TEXT    PRIMARY KEY,
  revision INTEGER NOT NULL,
  complete INTEGER NOT NULL,
  json     TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX prowjobs_by_revision ON prowjobs (revision);
CREATE INDEX prowjobs_incomplete ON prowjobs (name) WHERE complete = 0;

CREATE TABLE labels (
  name    TEXT NOT NULL REFERENCES prowjobs (name) ON DELETE CASCADE,
  "key"   TEXT NOT NULL,
  value   TEXT NOT NULL,
  PRIMARY KEY (name, "key")
) STRICT, WITHOUT ROWID;
CREATE INDEX labels_by_value ON labels ("key", value, name);

-- What was deleted, so that a watch hears of it.
CREATE TABLE tombstones (
  revision   INTEGER PRIMARY KEY,
  name       TEXT    NOT NULL,
  deleted_at INTEGER NOT NULL -- microseconds since 1970
) STRICT;
