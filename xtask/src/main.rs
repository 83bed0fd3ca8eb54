//! Set-up, demo, tests and tidy checks.

fn main() {}
