-- What we use, as scans and counted calls tell it; what the config declares is not stored.
CREATE TABLE usage (
  id INTEGER PRIMARY KEY,
  subject TEXT NOT NULL,
  direction TEXT NOT NULL,
  via TEXT NOT NULL,
  service TEXT NOT NULL,
  project TEXT NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  place TEXT,
  mention INTEGER NOT NULL,
  UNIQUE (subject, direction, via, service, project)
) STRICT;

-- Calls by window; a window said again replaces what was said of it.
CREATE TABLE usage_calls (
  usage INTEGER NOT NULL REFERENCES usage(id),
  from_at INTEGER NOT NULL,
  until_at INTEGER NOT NULL,
  calls INTEGER,
  tokens INTEGER,
  PRIMARY KEY (usage, from_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_calls_by_end ON usage_calls(until_at);

-- Days on which calls would have been seen, whether there were any or not.
CREATE TABLE usage_days (
  platform TEXT NOT NULL, account TEXT NOT NULL, day TEXT NOT NULL,
  PRIMARY KEY (platform, account, day)
) STRICT, WITHOUT ROWID;
