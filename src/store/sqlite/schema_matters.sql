-- A state is too long for a key's tree: with it on pages of its own, finding a matter compares ids alone.
CREATE TABLE matters_kept (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  stage TEXT NOT NULL,
  shutdown_on TEXT,
  version INTEGER NOT NULL,
  provider TEXT NOT NULL DEFAULT '',
  open_points INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL
) STRICT;
INSERT INTO matters_kept (id, kind, stage, shutdown_on, version, provider, open_points, state)
  SELECT id, kind, stage, shutdown_on, version, provider, open_points, state FROM matters ORDER BY id;
DROP TABLE matters;
ALTER TABLE matters_kept RENAME TO matters;
CREATE INDEX matters_open ON matters(kind, id) WHERE stage = 'open';
CREATE INDEX matters_of_kind ON matters(kind, id) WHERE kind <> 'deprecation';
CREATE INDEX deprecations_by_date ON matters(shutdown_on, id, version, provider) WHERE kind = 'deprecation';
CREATE INDEX deprecations_open_points ON matters(open_points, shutdown_on, id) WHERE kind = 'deprecation' AND open_points > 0;
