-- Every key there ever was, by the id in it; of the key itself only its hash. Lists are JSON.
CREATE TABLE keys (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    hash         BLOB NOT NULL CHECK (length(hash) = 32),
    scopes       TEXT NOT NULL,
    tenant       TEXT,
    roots        TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    revoked_at   INTEGER,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;

-- What keys were swapped for.
CREATE TABLE sessions (
    id           TEXT PRIMARY KEY,
    key          TEXT NOT NULL REFERENCES keys,
    refresh_hash BLOB,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_key ON sessions (key, created_at);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- The roots of the key a job was submitted with.
ALTER TABLE jobs ADD COLUMN roots TEXT NOT NULL DEFAULT '[]';
