-- A row is of many releases. `fork` is where the interval from the first to the last of them is
-- kept, so that the rows around a release are found without the others.
CREATE TABLE delivered (
    seq      INTEGER NOT NULL,
    ordinal  INTEGER NOT NULL,
    fork     INTEGER NOT NULL,
    first    INTEGER NOT NULL,
    last     INTEGER NOT NULL,
    releases TEXT NOT NULL,
    door     INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    audience BLOB NOT NULL,
    PRIMARY KEY (seq, ordinal)
) STRICT, WITHOUT ROWID;
INSERT INTO delivered (seq, ordinal, fork, first, last, releases, door, at, audience)
SELECT seq, ordinal, release, release, release, release || ' 1', door, at, audience
FROM delivery ORDER BY seq, ordinal;
DROP TABLE delivery;
ALTER TABLE delivered RENAME TO delivery;
CREATE INDEX delivery_by_first ON delivery (fork, first);
CREATE INDEX delivery_by_last ON delivery (fork, last);
