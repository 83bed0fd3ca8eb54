-- name: schema_4
-- Where several producers have brought an item: the objects under which their lines of versions are,
-- the item's own among them.
CREATE TABLE beside (object uuid NOT NULL, line uuid NOT NULL, PRIMARY KEY (object, line));
CREATE UNIQUE INDEX beside_by_line ON beside (line, object);
-- Whether its producer is whom the object names as its creator. Told only where there are several lines;
-- there all releases have an older and a newer version, as it were.
ALTER TABLE item ADD COLUMN owner boolean NOT NULL DEFAULT false;
