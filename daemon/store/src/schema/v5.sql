-- The words of jobs, under the keys of their rows; case and accents do not count.
CREATE VIRTUAL TABLE words USING fts5(
    title, description, external_id, metadata,
    tokenize = "unicode61 remove_diacritics 2"
);

-- Words of a deleted job make room at once, not some time later: whoever deletes one in a full store does so for the room.
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);

INSERT INTO words (rowid, title, description, external_id, metadata)
SELECT key, json_extract(spec, '$.title'), json_extract(spec, '$.description'), external_id,
       (SELECT group_concat(value, ' ') FROM json_each(spec, '$.metadata'))
FROM jobs;
