-- The ledger. Only grows; `seq` has no gaps and `at` rises with it, so no index on `at`.
CREATE TABLE entry (
    seq     INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    kind    INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    subject TEXT NOT NULL,
    facts   TEXT NOT NULL,
    digest  BLOB NOT NULL,
    hash    BLOB NOT NULL,
    body    BLOB NOT NULL
) STRICT;

-- The releases of item versions.
CREATE TABLE item (
    seq       INTEGER PRIMARY KEY,
    origin    INTEGER NOT NULL, -- 0: this entry has the body
    object    INTEGER NOT NULL, -- 64 bits of the SHA-256 of the identifier, which the entry has
    version   INTEGER NOT NULL,
    kind      INTEGER NOT NULL,
    producer  INTEGER NOT NULL,
    clearance INTEGER NOT NULL,
    state     INTEGER NOT NULL, -- 0 live, 1 revokes
    hidden    INTEGER NOT NULL, -- 0 served, 1 older than a revocation, 2 withdrawn
    older     INTEGER NOT NULL, -- 1: there may be an older version
    newer     INTEGER NOT NULL  -- 1: there may be a newer version
) STRICT;
CREATE INDEX item_by_clearance ON item (clearance) WHERE hidden = 0;
CREATE INDEX item_by_producer ON item (producer) WHERE hidden = 0;

-- From an item to its releases; those after the mark may not be in yet.
CREATE TABLE lookup (
    object  INTEGER NOT NULL,
    version INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    PRIMARY KEY (object, version, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE looked_up (seq INTEGER NOT NULL) STRICT;
INSERT INTO looked_up VALUES (0);

CREATE TABLE kind (code INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE clearance (
    id     INTEGER PRIMARY KEY,
    seq    INTEGER NOT NULL,
    key    BLOB NOT NULL UNIQUE,
    served INTEGER NOT NULL -- releases served
) STRICT;

CREATE TABLE record (
    kind INTEGER NOT NULL,
    id   TEXT NOT NULL,
    seq  INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE organisation (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE secret (
    kind   INTEGER NOT NULL,
    id     TEXT NOT NULL,
    secret BLOB NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE cursor (name TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE delivery (
    release  INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    ordinal  INTEGER NOT NULL,
    door     INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    audience BLOB NOT NULL,
    PRIMARY KEY (release, seq, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_by_entry ON delivery (seq, ordinal);

CREATE TABLE acknowledgement (
    release      INTEGER NOT NULL,
    organisation INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    PRIMARY KEY (release, organisation)
) STRICT, WITHOUT ROWID;
CREATE INDEX acknowledgement_by_entry ON acknowledgement (seq);

CREATE TABLE job (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    step       TEXT NOT NULL,
    key        TEXT NOT NULL,
    task       TEXT NOT NULL,
    due        INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    leased     INTEGER, -- until when; none when nobody has it
    last_error TEXT,
    dead       INTEGER  -- since when
) STRICT;
CREATE INDEX job_waiting ON job (step, due) WHERE dead IS NULL;
CREATE INDEX job_by_key ON job (step, key) WHERE dead IS NULL;
CREATE INDEX job_dead ON job (dead) WHERE dead IS NOT NULL;
