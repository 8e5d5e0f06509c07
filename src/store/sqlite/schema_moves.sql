-- Schema 3: the date before a move stands beside the new one.
ALTER TABLE events ADD COLUMN moved_from TEXT;
