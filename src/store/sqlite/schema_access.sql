-- Who may ask the private side. Of a token and of a session only the hash is kept; a revoked token stays as a name of the past.
CREATE TABLE tokens (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  hash BLOB NOT NULL UNIQUE,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER
) STRICT;
CREATE UNIQUE INDEX tokens_live ON tokens(name) WHERE revoked_at IS NULL;
CREATE TABLE sessions (
  hash BLOB PRIMARY KEY,
  token INTEGER NOT NULL REFERENCES tokens(id),
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
