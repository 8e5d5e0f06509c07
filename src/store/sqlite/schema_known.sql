-- What is asked of deprecations by date, provider and subject, without opening their states: an index answers it alone.
ALTER TABLE matters ADD COLUMN provider TEXT NOT NULL DEFAULT '';
-- 1: a source gave another date once. 2: a person should look at it. 4: a source says that it has ended, and it is not proven.
-- 8: the config says something of it.
ALTER TABLE matters ADD COLUMN open_points INTEGER NOT NULL DEFAULT 0;
UPDATE matters SET provider = json_extract(state, '$.provider');
UPDATE matters SET open_points =
  (instr(state, '"pending":{') > 0) + 2 * (instr(state, '"review":"') > 0) + 4 * (stage = 'announced' AND instr(state, '"ended":true') > 0)
  + 8 * (instr(state, '"forewarn/config":{') > 0)
  WHERE kind = 'deprecation';
DROP INDEX matters_by_date;
CREATE INDEX matters_of_kind ON matters(kind) WHERE kind <> 'deprecation';
CREATE INDEX deprecations_by_date ON matters(shutdown_on, id, version, provider) WHERE kind = 'deprecation';
CREATE INDEX deprecations_open_points ON matters(open_points, shutdown_on) WHERE kind = 'deprecation' AND open_points > 0;
CREATE TABLE matter_subjects (
  subject TEXT NOT NULL,
  matter TEXT NOT NULL,
  PRIMARY KEY (subject, matter)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO matter_subjects
  SELECT json_extract(s.value, '$.platform') || ':' || json_extract(s.value, '$.type') || '/' || json_extract(s.value, '$.id'), m.id
  FROM matters m, json_each(m.state, '$.subjects') s WHERE m.kind = 'deprecation';
