//! A whole country in one process: simulated clock and network, real links, seals and policy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

mod amend;
mod chance;
mod country;
mod memory;
mod oracle;
mod station;
mod story;
mod witness;
mod world;

use world::{Form, Scale};

/// A hundred seeds of a dozen nodes, in four parts that run side by side.
fn play(seeds: std::ops::Range<u64>) {
    let disordered: u64 = seeds.map(|seed| play_one(seed, Scale::Small)).sum();
    assert!(disordered > 0, "no batch came out of its order");
}

/// One seed; how many batches came out of their order.
fn play_one(seed: u64, scale: Scale) -> u64 {
    let outcome = story::play(seed, scale);
    let (history, said) = (outcome.history.join("\n"), outcome.said);
    assert!(outcome.wrong.is_empty(), "seed {seed}: {:#?}\n{history}\n{said}", outcome.wrong);
    outcome.disordered
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

#[test]
fn so_it_is_in_the_first_of_the_thousand() {
    play_one(0, Scale::Full);
}

#[test]
fn so_it_is_in_a_country_of_a_centre_18_regions_and_82_sections() {
    play_one(1, Scale::Whole(Form::Country));
}

#[test]
fn so_it_is_in_a_ring_of_a_hundred_and_one() {
    play_one(1, Scale::Whole(Form::Ring));
}

#[test]
fn so_it_is_in_a_row_of_two_hundred_and_two() {
    play_one(1, Scale::Whole(Form::Row));
}

#[test]
fn so_it_is_in_a_tree_of_a_hundred_and_one() {
    play_one(1, Scale::Whole(Form::Tree));
}

#[test]
fn so_it_is_in_a_mesh_of_a_hundred_and_one() {
    play_one(1, Scale::Whole(Form::Mesh));
}
