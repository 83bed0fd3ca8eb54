-- name: schema_1
-- The ledger. Only grows; `seq` has no gaps and `at` rises with it, so no index on `at`. Rows stay
-- whole up to half a page and are never compressed: bodies are small, and read in order.
CREATE TABLE entry (
    seq     bigint   PRIMARY KEY,
    at      bigint   NOT NULL,
    kind    smallint NOT NULL,
    actor   text     COLLATE "C" NOT NULL,
    subject text     COLLATE "C" NOT NULL,
    facts   text     COLLATE "C" NOT NULL,
    digest  bytea    NOT NULL,
    hash    bytea    NOT NULL,
    body    bytea    NOT NULL
) WITH (toast_tuple_target = 4080);
ALTER TABLE entry ALTER COLUMN facts SET STORAGE EXTERNAL, ALTER COLUMN body SET STORAGE EXTERNAL;

-- Its end: one row. Whoever appends locks it until the commit.
CREATE TABLE head (
    one  boolean PRIMARY KEY CHECK (one),
    seq  bigint  NOT NULL,
    at   bigint  NOT NULL,
    hash bytea   NOT NULL
) WITH (fillfactor = 10);
INSERT INTO head VALUES (true, 0, (-9223372036854775808)::bigint, decode(repeat('00', 32), 'hex'));

-- The releases of item versions.
CREATE TABLE item (
    seq       bigint   PRIMARY KEY,
    at        bigint   NOT NULL,
    origin    bigint   NOT NULL, -- the entry that has the body
    version   bigint   NOT NULL,
    object    uuid     NOT NULL, -- 128 bits of the SHA-256 of the identifier, which the entry has
    clearance integer  NOT NULL,
    producer  integer  NOT NULL,
    state     smallint NOT NULL, -- 0 live, 1 revokes
    hidden    smallint NOT NULL, -- 0 served, 1 older than a revocation, 2 withdrawn
    older     boolean  NOT NULL, -- there is an older version
    newer     boolean  NOT NULL, -- there is a newer version
    kind      text     COLLATE "C" NOT NULL
) WITH (fillfactor = 95);
CREATE INDEX item_by_object ON item (object, version);
CREATE INDEX item_by_clearance ON item (clearance, seq) WHERE hidden = 0;
CREATE INDEX item_revocations ON item (object, version) WHERE state = 1;

CREATE TABLE clearance (
    id     integer PRIMARY KEY,
    seq    bigint  NOT NULL,
    key    bytea   NOT NULL UNIQUE,
    served bigint  NOT NULL -- releases served
) WITH (fillfactor = 50);

CREATE TABLE record (
    kind smallint NOT NULL,
    id   text     COLLATE "C" NOT NULL,
    seq  bigint   NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE TABLE organisation (number integer PRIMARY KEY, id text COLLATE "C" NOT NULL UNIQUE);

CREATE TABLE secret (
    kind   smallint NOT NULL,
    id     text     COLLATE "C" NOT NULL,
    secret bytea    NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE TABLE cursor (name text COLLATE "C" PRIMARY KEY, seq bigint NOT NULL);

CREATE TABLE delivery (
    release  bigint   NOT NULL,
    seq      bigint   NOT NULL,
    ordinal  integer  NOT NULL,
    door     smallint NOT NULL,
    at       bigint   NOT NULL,
    audience bytea    NOT NULL,
    PRIMARY KEY (seq, ordinal)
);
CREATE INDEX delivery_by_release ON delivery (release, seq, ordinal);

CREATE TABLE acknowledgement (
    release      bigint  NOT NULL,
    organisation integer NOT NULL,
    seq          bigint  NOT NULL UNIQUE,
    PRIMARY KEY (release, organisation)
);

CREATE TABLE job (
    id         bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    step       text    COLLATE "C" NOT NULL,
    key        text    COLLATE "C" NOT NULL,
    task       text    COLLATE "C" NOT NULL,
    due        bigint  NOT NULL,
    attempts   integer NOT NULL,
    leased     bigint, -- until when; none when nobody has it
    last_error text    COLLATE "C",
    dead       bigint  -- since when
);
CREATE INDEX job_waiting ON job (step, due, id) WHERE dead IS NULL;
CREATE INDEX job_by_key ON job (step, key) WHERE dead IS NULL;
CREATE INDEX job_dead ON job (dead, id) WHERE dead IS NOT NULL;
