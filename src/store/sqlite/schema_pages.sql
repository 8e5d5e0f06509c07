-- What pages look at first: what goes on, what nobody has answered, how sources were read day by day.
CREATE INDEX matters_open ON matters(kind, id) WHERE stage = 'open';
CREATE INDEX alerts_unanswered ON alerts(id) WHERE state = 'open';
CREATE INDEX audit_of ON audit(subject, id);
CREATE TABLE source_days (
  source TEXT NOT NULL,
  day TEXT NOT NULL,
  read INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  fewest INTEGER,
  most INTEGER,
  PRIMARY KEY (source, day)
) STRICT, WITHOUT ROWID;
