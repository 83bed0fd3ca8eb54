//! What must never happen, on random small networks, against an independent oracle.

#![allow(clippy::unwrap_used, reason = "a test stops where it is wrong")]

mod cleared;
mod example;
mod explained;
mod lapses;
mod oracle;
mod passages;
mod past;
mod reading;
mod redacted;
mod release;
mod worlds;

/// So many cases, unless PROPTEST_CASES asks for others.
fn cases(many: u32) -> proptest::test_runner::Config {
    let mut config = proptest::test_runner::Config::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = many;
    }
    config.failure_persistence = None;
    config
}
