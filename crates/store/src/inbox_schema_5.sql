-- By what two deliveries with different GUIDs are known to tell of one event: a digest of the body, and the hook that sent it.
ALTER TABLE deliveries ADD COLUMN fingerprint BLOB;
ALTER TABLE deliveries ADD COLUMN hook TEXT;
-- The GUID of the delivery that told of the same event first; one with this has no tasks of its own.
ALTER TABLE deliveries ADD COLUMN duplicate_of TEXT;
-- Dispatched once more, beside the tasks that are there: `*` to whoever wants it by now, else to the plugin of this name.
ALTER TABLE deliveries ADD COLUMN replan TEXT;
-- The round that a task began anew with, without what came of earlier ones.
ALTER TABLE tasks ADD COLUMN first_round INTEGER NOT NULL DEFAULT 0;
-- By ten minutes first: digests fall anywhere, and a new one should touch the pages of the latest only.
CREATE INDEX deliveries_by_fingerprint ON deliveries (received_at / 600000000, fingerprint)
  WHERE fingerprint IS NOT NULL AND duplicate_of IS NULL;
