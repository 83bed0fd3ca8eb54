//! What a reader of STIX relies on: golden objects, broken rules, hostile input, real bundles.

#[path = "it/corpus.rs"]
mod corpus;
#[path = "it/real.rs"]
mod real;
