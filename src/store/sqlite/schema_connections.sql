-- What each connection has sent, so that its silence can be told from its habit.
CREATE TABLE connections (
  connection TEXT PRIMARY KEY,
  since INTEGER NOT NULL,
  last_at INTEGER,
  deliveries INTEGER NOT NULL DEFAULT 0,
  longest_gap INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
