-- What subtitles say, in passages. The words are in an index under the passages' keys.
CREATE TABLE passages (
    key   INTEGER PRIMARY KEY,
    job   INTEGER NOT NULL, -- the key of its row; passages are removed with it, by hand, since the index would keep the words
    track TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    bytes INTEGER NOT NULL
) STRICT;

CREATE INDEX passages_of_job ON passages (job, track);

CREATE VIRTUAL TABLE spoken USING fts5(text, tokenize = "unicode61 remove_diacritics 2");
INSERT INTO spoken (spoken, rank) VALUES ('secure-delete', 1);
