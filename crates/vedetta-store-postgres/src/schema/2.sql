-- name: schema_2
-- What is kept beside the ledger under a name.
CREATE TABLE bookmark (name text COLLATE "C" PRIMARY KEY, body bytea NOT NULL);
