-- By what two deliveries with different GUIDs are known to tell of one event: a digest of the body, and the hook that sent it.
ALTER TABLE deliveries ADD COLUMN fingerprint bytea;
ALTER TABLE deliveries ADD COLUMN hook text;
-- The GUID of the delivery that told of the same event first; one with this has no tasks of its own.
ALTER TABLE deliveries ADD COLUMN duplicate_of text;
-- Dispatched once more, beside the tasks that are there: `*` to whoever wants it by now, else to the plugin of this name.
ALTER TABLE deliveries ADD COLUMN replan text;
-- The round that a task began anew with, without what came of earlier ones.
ALTER TABLE tasks ADD COLUMN first_round bigint NOT NULL DEFAULT 0;
-- By the day first: digests fall anywhere, and a new one should touch the pages of the latest only.
CREATE INDEX deliveries_by_fingerprint ON deliveries (((received_at AT TIME ZONE 'UTC')::date), fingerprint)
  WHERE fingerprint IS NOT NULL AND duplicate_of IS NULL;

-- How far something has come, by its name: times that only grow.
CREATE TABLE marks (
  name text        PRIMARY KEY,
  at   timestamptz NOT NULL
);
-- Since when what was answered with 200 is in here.
INSERT INTO marks (name, at)
  SELECT 'begun', coalesce((SELECT min(received_at) FROM deliveries), clock_timestamp());

-- Deliveries that a log of GitHub's had and this inbox had not. One is here now if its GUID is among `deliveries`.
CREATE TABLE missed (
  log          text        NOT NULL,
  guid         text        NOT NULL,
  delivery     bigint      NOT NULL, -- GitHub's number of the attempt
  event        text        NOT NULL,
  delivered_at timestamptz NOT NULL,
  status_code  bigint      NOT NULL,
  asked        bigint      NOT NULL DEFAULT 0, -- how often
  not_before   timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00',
  why          text,
  PRIMARY KEY (log, guid)
);

-- Whose what is that one host at a time does, by its name.
CREATE TABLE duties (
  name    text   PRIMARY KEY,
  session bigint NOT NULL
);
