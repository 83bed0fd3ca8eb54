-- name: schema_3
-- A row is of many releases. `fork` is where the interval from the first to the last of them is
-- kept, so that the rows around a release are found without the others.
ALTER TABLE delivery ADD COLUMN fork bigint, ADD COLUMN first bigint, ADD COLUMN last bigint,
    ADD COLUMN releases text COLLATE "C";
UPDATE delivery SET fork = release, first = release, last = release, releases = release || ' 1';
DROP INDEX delivery_by_release;
ALTER TABLE delivery DROP COLUMN release, ALTER COLUMN fork SET NOT NULL,
    ALTER COLUMN first SET NOT NULL, ALTER COLUMN last SET NOT NULL,
    ALTER COLUMN releases SET NOT NULL;
CREATE INDEX delivery_by_first ON delivery (fork, first);
CREATE INDEX delivery_by_last ON delivery (fork, last);
