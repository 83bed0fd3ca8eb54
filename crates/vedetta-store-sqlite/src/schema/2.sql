-- What is kept beside the ledger under a name.
CREATE TABLE bookmark (name TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
