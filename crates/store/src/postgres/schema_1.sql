-- A host that takes part, for as long as it renews; its number is the epoch that its writes are fenced by.
CREATE TABLE sessions (
  id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  host       text        NOT NULL,
  begun_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL
);

-- Whose the work of a key is; only keys that have work, or had it a moment ago.
CREATE TABLE leases (
  key     text   PRIMARY KEY,
  session bigint NOT NULL
);
CREATE INDEX leases_by_session ON leases (session, key);

-- Deliveries in order of arrival.
CREATE TABLE deliveries (
  id              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  guid            text        NOT NULL UNIQUE,
  event           text        NOT NULL,
  scope_kind      text        NOT NULL CHECK (scope_kind IN ('repo', 'org', 'any')),
  scope           text        NOT NULL,
  key_level       text        NOT NULL,
  received_at     timestamptz NOT NULL,
  state           text        NOT NULL CHECK (state IN ('new', 'open', 'done', 'failed')),
  lease_key       text        NOT NULL,
  config_revision text,
  ordering_key    text,
  considered      text        NOT NULL DEFAULT '[]' -- JSON
);
CREATE INDEX deliveries_new ON deliveries (id) WHERE state = 'new';
CREATE INDEX deliveries_with_work ON deliveries (lease_key, id) WHERE state IN ('new', 'open');
CREATE INDEX deliveries_by_state ON deliveries (state, id);
CREATE INDEX deliveries_by_scope ON deliveries (scope, id);
CREATE INDEX deliveries_by_time ON deliveries (received_at);

-- Apart from their deliveries, so that lists do not read through megabytes.
CREATE TABLE payloads (
  delivery bigint PRIMARY KEY REFERENCES deliveries (id) ON DELETE CASCADE,
  body     bytea NOT NULL,
  headers  bytea NOT NULL -- lines of `name: value`
);

CREATE TABLE tasks (
  id                bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  delivery          bigint  NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
  seq               bigint  NOT NULL,
  plugin            text    NOT NULL,
  kind              text    NOT NULL CHECK (kind IN ('typed', 'comment', 'forward')),
  lane              text    NOT NULL,
  state             text    NOT NULL
                    CHECK (state IN ('queued', 'parked', 'done', 'ignored', 'failed', 'dead', 'unknown')),
  attempts          bigint  NOT NULL DEFAULT 0,
  not_before        timestamptz,
  round             bigint  NOT NULL DEFAULT 0,
  component_digest  text,
  config_revision   text,
  clock             text,   -- RFC 3339, to the nanosecond
  seed              bigint, -- the bits of an unsigned number
  reason            text,
  trace             text,   -- JSON
  duration          bigint, -- microseconds
  finished_at       timestamptz,
  dispatched_digest text,
  UNIQUE (delivery, seq)
);
CREATE INDEX tasks_by_state ON tasks (state, id);

CREATE TABLE journal (
  task   bigint NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  round  bigint NOT NULL,
  seq    bigint NOT NULL,
  op     text   NOT NULL,
  args   text   NOT NULL, -- JSON
  kind   text   NOT NULL CHECK (kind IN ('read', 'idempotent', 'findable', 'neither')),
  result text,            -- JSON; none: an intent whose effect is in doubt
  PRIMARY KEY (task, round, seq)
);

-- Components and configurations, for whichever host has to run a task again that began with them.
CREATE TABLE kept (
  folder     text        NOT NULL,
  name       text        NOT NULL,
  bytes      bytea       NOT NULL,
  touched_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (folder, name)
);
