-- What a reader of events who was away too long is told by.
ALTER TABLE meta ADD COLUMN events_dropped INTEGER NOT NULL DEFAULT 0;
