//! What a reader of STIX relies on: hostile input, and real bundles where they are at hand.

#[path = "it/corpus.rs"]
mod corpus;
#[path = "it/hostile.rs"]
mod hostile;
#[path = "it/real.rs"]
mod real;
