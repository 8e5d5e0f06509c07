-- What people do about alerts: snoozes, resolutions, services that are done, the last word, hands it went through.
ALTER TABLE alerts ADD COLUMN snoozed_until INTEGER;
ALTER TABLE alerts ADD COLUMN resolution TEXT;
ALTER TABLE alerts ADD COLUMN done TEXT NOT NULL DEFAULT '{}';
ALTER TABLE alerts ADD COLUMN said TEXT;
ALTER TABLE alerts ADD COLUMN hands INTEGER NOT NULL DEFAULT 0;
-- What routing would give to this owner goes to the alert that was reassigned.
CREATE TABLE handed (
  matter TEXT NOT NULL, owner TEXT NOT NULL, alert INTEGER NOT NULL REFERENCES alerts(id),
  PRIMARY KEY (matter, owner)
) STRICT, WITHOUT ROWID;
CREATE TABLE silences (
  id INTEGER PRIMARY KEY,
  matcher TEXT NOT NULL,
  until INTEGER NOT NULL,
  remind TEXT NOT NULL,
  by TEXT NOT NULL,
  note TEXT,
  created_at INTEGER NOT NULL,
  reminded_at INTEGER,
  ended_at INTEGER
) STRICT;
CREATE INDEX silences_open ON silences(until) WHERE ended_at IS NULL;
