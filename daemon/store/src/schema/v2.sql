-- What a reader of events who was away too long is told by.
ALTER TABLE meta ADD COLUMN events_dropped INTEGER NOT NULL DEFAULT 0;

-- How far events were routed to receivers.
ALTER TABLE meta ADD COLUMN events_routed INTEGER NOT NULL DEFAULT 0;

-- What is on its way to a receiver. The body is kept here, since its event may be gone before it arrives.
CREATE TABLE deliveries (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint   TEXT NOT NULL,
    event      INTEGER NOT NULL,
    job_id     BLOB,
    body       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    due_at     INTEGER, -- none once it was given up
    error      TEXT,
    UNIQUE (endpoint, event)
) STRICT;
CREATE INDEX deliveries_lane ON deliveries (endpoint, job_id, event) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_due ON deliveries (endpoint, due_at) WHERE due_at IS NOT NULL;
