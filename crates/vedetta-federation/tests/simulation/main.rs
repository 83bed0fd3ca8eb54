//! A whole country in one process: simulated clock and network, real links, seals and policy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

mod chance;
mod country;
mod memory;
mod oracle;
mod station;
mod story;
mod world;

use world::Scale;

/// A hundred seeds, in four parts that run side by side.
fn play(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let outcome = story::play(seed, Scale::Small);
        let history = outcome.history.join("\n");
        let said = outcome.said;
        assert!(outcome.wrong.is_empty(), "seed {seed}: {:#?}\n{history}\n{said}", outcome.wrong);
    }
}

#[test]
fn everyone_entitled_has_everything_and_nobody_else_anything() {
    play(0..25);
}

#[test]
fn and_so_it_is_in_the_second_quarter() {
    play(25..50);
}

#[test]
fn and_so_it_is_in_the_third_quarter() {
    play(50..75);
}

#[test]
fn and_so_it_is_in_the_last_quarter() {
    play(75..100);
}
