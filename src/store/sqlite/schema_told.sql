-- What was told lies with its alert: a look at an alert, and each new obligation, are one place in the file instead of two.
CREATE TABLE obligations_kept (
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
  PRIMARY KEY (alert, episode, deadline_revision, step, occurrence, contact)
) STRICT, WITHOUT ROWID;
INSERT INTO obligations_kept SELECT alert, episode, deadline_revision, step, occurrence, contact, reason, notification, state, created_at
  FROM obligations ORDER BY alert, episode, deadline_revision, step, occurrence, contact;
DROP TABLE obligations;
ALTER TABLE obligations_kept RENAME TO obligations;
CREATE INDEX obligations_of ON obligations(notification);
