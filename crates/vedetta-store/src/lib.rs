//! What the house remembers: the ledger's verbs, and the conformance suite of every backend.
