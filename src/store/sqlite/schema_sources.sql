-- Polled sources: how many incidents were open at the last good read, and whether it must be read again soon.
ALTER TABLE sources ADD COLUMN open INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN again INTEGER NOT NULL DEFAULT 0;
