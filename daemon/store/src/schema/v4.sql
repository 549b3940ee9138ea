-- Uploads; their bytes are in files of their own, whose lengths say how much has arrived. `id` is spelt as in a job's spec.
CREATE TABLE uploads (
    id         TEXT PRIMARY KEY,
    tenant     TEXT NOT NULL,
    length     INTEGER NOT NULL,
    metadata   TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    complete   INTEGER NOT NULL DEFAULT 0,
    expired    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_tenant ON uploads (tenant, expired, length);
CREATE INDEX uploads_expires ON uploads (expired, expires_at);

-- The upload that a job reads.
ALTER TABLE jobs ADD COLUMN upload TEXT;
CREATE INDEX jobs_upload ON jobs (upload, state, ended_at) WHERE upload IS NOT NULL;
