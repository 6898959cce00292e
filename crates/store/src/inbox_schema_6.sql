-- How far something has come, by its name: times that only grow.
CREATE TABLE marks (
  name TEXT    PRIMARY KEY,
  at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- Since when what was answered with 200 is in here.
INSERT INTO marks VALUES ('begun',
  coalesce((SELECT min(received_at) FROM deliveries), CAST(unixepoch('subsec') * 1000000 AS INTEGER)));

-- Deliveries that a log of GitHub's had and this inbox had not. One is here now if its GUID is among `deliveries`.
CREATE TABLE missed (
  log          TEXT    NOT NULL,
  guid         TEXT    NOT NULL,
  delivery     INTEGER NOT NULL, -- GitHub's number of the attempt
  event        TEXT    NOT NULL,
  delivered_at INTEGER NOT NULL,
  status_code  INTEGER NOT NULL,
  asked        INTEGER NOT NULL DEFAULT 0, -- how often
  not_before   INTEGER NOT NULL DEFAULT 0,
  why          TEXT,
  PRIMARY KEY (log, guid)
) STRICT, WITHOUT ROWID;
