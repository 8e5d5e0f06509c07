-- What stands at a channel and follows its alert: a message that can be changed, a ticket, an incident elsewhere.
CREATE TABLE posts (
  alert INTEGER NOT NULL REFERENCES alerts(id),
  contact TEXT NOT NULL,
  channel TEXT NOT NULL,
  place TEXT NOT NULL,
  next_at INTEGER,
  PRIMARY KEY (alert, contact)
) STRICT, WITHOUT ROWID;
CREATE INDEX posts_at ON posts(contact, place);
CREATE INDEX posts_due ON posts(next_at) WHERE next_at IS NOT NULL;
-- The address was not there any more.
ALTER TABLE notifications ADD COLUMN unreachable INTEGER NOT NULL DEFAULT 0;
CREATE INDEX notifications_unreachable ON notifications(contact) WHERE unreachable = 1;
CREATE INDEX notifications_delivered ON notifications(contact, settled_at) WHERE state = 'delivered';
