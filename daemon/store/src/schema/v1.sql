-- Ids are 16 bytes that sort by time; times are microseconds since 1970; enumerations are spelt as in the JSON interface.
-- The application id, "NWSR", tells a store from any other SQLite file.
PRAGMA application_id = 1314345810;

CREATE TABLE meta (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    boots INTEGER NOT NULL
) STRICT;
INSERT INTO meta VALUES (1, 0);

-- What is filtered or sorted by is a column; the rest is JSON. `key` keeps the rows of pieces small.
CREATE TABLE jobs (
    key          INTEGER PRIMARY KEY,
    id           BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    state        TEXT NOT NULL CHECK (state IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
    tenant       TEXT NOT NULL,
    external_id  TEXT,
    priority     INTEGER NOT NULL,
    destination  TEXT NOT NULL,
    phase        TEXT,
    created_at   INTEGER NOT NULL,
    started_at   INTEGER,
    ended_at     INTEGER,
    failures     INTEGER NOT NULL DEFAULT 0,
    frames_total INTEGER NOT NULL DEFAULT 0,
    frames_done  INTEGER NOT NULL DEFAULT 0,
    pieces_made  INTEGER NOT NULL DEFAULT 0, -- the last `seq` given to a piece
    playable     INTEGER NOT NULL DEFAULT 0,
    spec         TEXT NOT NULL,
    profile      TEXT NOT NULL,
    warnings     TEXT NOT NULL DEFAULT '[]',
    failure      TEXT
) STRICT;

CREATE UNIQUE INDEX jobs_destination ON jobs (destination) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_state ON jobs (state, id);
CREATE INDEX jobs_tenant ON jobs (tenant, id);
CREATE INDEX jobs_tenant_state ON jobs (tenant, state, id);
-- Few jobs share an external id; tenant and state are in it so that even many are told apart without reading their rows.
CREATE INDEX jobs_external ON jobs (external_id, id, tenant, state) WHERE external_id IS NOT NULL;

-- How many jobs are in each state, so that nobody has to count them.
CREATE TABLE tallies (
    state TEXT PRIMARY KEY,
    jobs  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO tallies VALUES ('queued', 0), ('running', 0), ('completed', 0), ('failed', 0), ('cancelled', 0);

CREATE TRIGGER jobs_added AFTER INSERT ON jobs BEGIN
    UPDATE tallies SET jobs = jobs + 1 WHERE state = new.state;
END;
CREATE TRIGGER jobs_moved AFTER UPDATE OF state ON jobs WHEN old.state <> new.state BEGIN
    UPDATE tallies SET jobs = jobs - 1 WHERE state = old.state;
    UPDATE tallies SET jobs = jobs + 1 WHERE state = new.state;
END;
CREATE TRIGGER jobs_removed AFTER DELETE ON jobs BEGIN
    UPDATE tallies SET jobs = jobs - 1 WHERE state = old.state;
END;

CREATE TABLE plans (
    job         INTEGER PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    fingerprint TEXT NOT NULL,
    plan        TEXT NOT NULL
) STRICT;

-- Clustered by job: all pieces of a job are read, or removed, in one go.
CREATE TABLE pieces (
    job       INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    path      TEXT NOT NULL,
    seq       INTEGER NOT NULL,
    bytes     INTEGER NOT NULL,
    hash      TEXT NOT NULL,
    frames    INTEGER NOT NULL,
    concealed INTEGER NOT NULL,
    made_by   TEXT NOT NULL,
    PRIMARY KEY (job, path)
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT, since an id that a reader has seen must never be given again, even after the newest events are gone.
CREATE TABLE events (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    created_at INTEGER NOT NULL,
    job_id     BLOB,
    event      TEXT NOT NULL
) STRICT;
CREATE INDEX events_job ON events (job_id, id) WHERE job_id IS NOT NULL;
CREATE INDEX events_created ON events (created_at);

CREATE TABLE idempotency (
    caller       TEXT NOT NULL,
    key          TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    job          INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (caller, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_job ON idempotency (job);
CREATE INDEX idempotency_created ON idempotency (created_at);

CREATE TABLE calibrations (
    device      TEXT NOT NULL,
    driver      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL,
    capacity    TEXT NOT NULL,
    measured_at INTEGER NOT NULL,
    PRIMARY KEY (device, driver)
) STRICT, WITHOUT ROWID;
