-- Digests: when the next one of each owner comes; which notifications are one, of whom, and from when on they tell news.
CREATE TABLE digests (
  owner TEXT PRIMARY KEY,
  schedule TEXT NOT NULL,
  next_at INTEGER NOT NULL,
  since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
ALTER TABLE notifications ADD COLUMN digest TEXT;
ALTER TABLE notifications ADD COLUMN digest_since INTEGER;
