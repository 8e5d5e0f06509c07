-- What a provider's own list of models has shown so far.
CREATE TABLE model_lists (source TEXT PRIMARY KEY, models TEXT NOT NULL) STRICT, WITHOUT ROWID;
