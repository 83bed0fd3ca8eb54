-- Where several producers have brought an item: the objects under which their lines of versions are,
-- the item's own among them.
CREATE TABLE beside (
    object INTEGER NOT NULL,
    line   INTEGER NOT NULL,
    PRIMARY KEY (object, line)
) STRICT, WITHOUT ROWID;
-- 1: its producer is whom the object names as its creator. Told only where there are several lines;
-- there all releases have an older and a newer version, as it were.
ALTER TABLE item ADD COLUMN owner INTEGER NOT NULL DEFAULT 0;
