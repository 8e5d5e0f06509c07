-- Schema 1. Append-only: a later change is a new file, never an edit of this one.
CREATE TABLE payloads (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  connection TEXT,
  trust TEXT NOT NULL,
  baseline INTEGER NOT NULL DEFAULT 0,
  conflict_of INTEGER,
  key BLOB,
  body_hash BLOB,
  received_at INTEGER NOT NULL,
  headers TEXT NOT NULL,
  body BLOB NOT NULL
) STRICT;
CREATE INDEX payloads_conflicts ON payloads(id) WHERE conflict_of IS NOT NULL;

-- Dedup of deliveries, kept longer than the longest retry. An index over payloads that lags behind: the keys of payloads
-- after cursor 'keyed' are in the writer's memory, and are read from their payloads again after a restart.
CREATE TABLE deliveries (
  key BLOB PRIMARY KEY,
  payload INTEGER NOT NULL,
  body_hash BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE unrecognized (payload INTEGER PRIMARY KEY, problem TEXT NOT NULL, at INTEGER NOT NULL) STRICT;

-- Where the normalizer is: every payload with a greater id is pending.
CREATE TABLE cursors (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO cursors VALUES ('normalized', 0), ('keyed', 0);

CREATE TABLE counters (name TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  fingerprint BLOB NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  provider TEXT NOT NULL,
  connection TEXT,
  source TEXT NOT NULL,
  matter TEXT,
  native_type TEXT,
  native_id TEXT,
  change TEXT NOT NULL,
  severity TEXT NOT NULL,
  title TEXT NOT NULL,
  summary TEXT NOT NULL,
  url TEXT,
  subjects TEXT NOT NULL,
  deadline TEXT,
  replacements TEXT,
  money TEXT,
  occurred_at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  payload INTEGER,
  routing TEXT NOT NULL
) STRICT;
CREATE INDEX events_jobs ON events(id) WHERE kind = 'job';
CREATE INDEX events_of_matter ON events(matter, id) WHERE matter IS NOT NULL;

-- Jobs are kept a day, then counted.
CREATE TABLE job_counts (
  day TEXT NOT NULL, provider TEXT NOT NULL, native_type TEXT NOT NULL, n INTEGER NOT NULL,
  PRIMARY KEY (day, provider, native_type)
) STRICT, WITHOUT ROWID;

CREATE TABLE matters (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  stage TEXT NOT NULL,
  shutdown_on TEXT,
  version INTEGER NOT NULL,
  state TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX matters_by_date ON matters(kind, shutdown_on);

CREATE TABLE alerts (
  id INTEGER PRIMARY KEY,
  matter TEXT NOT NULL,
  owner TEXT NOT NULL,
  policy TEXT NOT NULL,
  why TEXT NOT NULL,
  services TEXT NOT NULL,
  state TEXT NOT NULL,
  episode INTEGER NOT NULL,
  opened_at INTEGER NOT NULL,
  baseline INTEGER NOT NULL,
  ack TEXT,
  told_revision INTEGER NOT NULL,
  next_due_at INTEGER,
  version INTEGER NOT NULL,
  UNIQUE (matter, owner)
) STRICT;
CREATE INDEX alerts_due ON alerts(next_due_at) WHERE next_due_at IS NOT NULL;

CREATE TABLE notifications (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  contact TEXT NOT NULL,
  channel TEXT NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at INTEGER,
  reason TEXT,
  created_at INTEGER NOT NULL,
  settled_at INTEGER,
  death_told INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX notifications_due ON notifications(channel, next_attempt_at) WHERE state = 'pending';
CREATE INDEX notifications_dead ON notifications(id) WHERE state = 'dead';

CREATE TABLE obligations (
  id INTEGER PRIMARY KEY,
  alert INTEGER NOT NULL REFERENCES alerts(id),
  episode INTEGER NOT NULL,
  deadline_revision INTEGER NOT NULL,
  step TEXT NOT NULL,
  occurrence INTEGER NOT NULL,
  contact TEXT NOT NULL,
  reason TEXT NOT NULL,
  notification INTEGER NOT NULL REFERENCES notifications(id),
  state TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (alert, episode, deadline_revision, step, occurrence, contact)
) STRICT;
CREATE INDEX obligations_of ON obligations(notification);

CREATE TABLE attempts (
  id INTEGER PRIMARY KEY,
  notification INTEGER NOT NULL REFERENCES notifications(id),
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  outcome TEXT
) STRICT;
CREATE INDEX attempts_of ON attempts(notification);

CREATE TABLE conversations (
  matter TEXT NOT NULL, contact TEXT NOT NULL, thread TEXT NOT NULL,
  PRIMARY KEY (matter, contact)
) STRICT, WITHOUT ROWID;

CREATE TABLE sources (
  id TEXT PRIMARY KEY,
  next_at INTEGER NOT NULL,
  etag TEXT,
  last_modified TEXT,
  body_hash BLOB,
  last_ok_at INTEGER,
  last_full_at INTEGER,
  last_try_at INTEGER,
  failures INTEGER NOT NULL,
  health TEXT NOT NULL,
  problem TEXT,
  rows INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who or what changed what, when, why. Rows are added, never changed.
CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  what TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
