//! What the model weighs is shown by a letter each; and what hostile letters cost and hide.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod bounds;
mod hostile;
mod slugs;

/// One file of the corpora beside the mail desk's own tests.
fn sample(corpus: &str, name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../vedetta-mail/tests/corpus");
    std::fs::read(format!("{folder}/{corpus}/{name}")).unwrap()
}
