//! Plays whole countries: `--seeds N [--from N]`, or one with its history: `--seed S`;
//! `--small` ones of a dozen nodes, `--form country|ring|tree|mesh|row` the largest in that form.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

#[path = "../tests/simulation/amend.rs"]
mod amend;
#[path = "../tests/simulation/chance.rs"]
mod chance;
#[path = "../tests/simulation/country.rs"]
mod country;
#[path = "../tests/simulation/memory.rs"]
mod memory;
#[path = "../tests/simulation/oracle.rs"]
mod oracle;
#[path = "../tests/simulation/station.rs"]
mod station;
#[path = "../tests/simulation/story.rs"]
mod story;
#[path = "../tests/simulation/witness.rs"]
mod witness;
#[path = "../tests/simulation/world.rs"]
mod world;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use world::{Form, Scale};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = words.iter().position(|word| word == name)?;
        words.get(at + 1)?.parse::<u64>().ok()
    };
    let small = words.iter().any(|word| word == "--small");
    let form = words.iter().position(|word| word == "--form").and_then(|at| words.get(at + 1));
    let scale = match form.map(String::as_str) {
        Some("country") => Scale::Whole(Form::Country),
        Some("ring") => Scale::Whole(Form::Ring),
        Some("tree") => Scale::Whole(Form::Tree),
        Some("mesh") => Scale::Whole(Form::Mesh),
        Some("row") => Scale::Whole(Form::Row),
        _ if small => Scale::Small,
        _ => Scale::Full,
    };
    if let Some(seed) = value("--seed") {
        let outcome = story::play(seed, scale);
        println!("{}", outcome.history.join("\n"));
        println!("seed {seed}: {}", outcome.said);
        outcome.wrong.iter().for_each(|wrong| println!("WRONG: {wrong}"));
        let failed = u64::from(!outcome.wrong.is_empty());
        println!("{} passed, {failed} failed", 1 - failed);
        return ExitCode::from(u8::from(failed > 0));
    }
    many(value("--from").unwrap_or(0), value("--seeds").unwrap_or(1000), scale)
}

/// Seeds on every core; each is by itself, so the order does not matter.
fn many(from: u64, seeds: u64, scale: Scale) -> ExitCode {
    let next = AtomicU64::new(from);
    let failed = Mutex::new(Vec::new());
    let disordered = AtomicU64::new(0);
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= from + seeds {
                return;
            }
            if seed > from && (seed - from).is_multiple_of(100) {
                eprintln!("{} of {seeds}", seed - from);
            }
            let played = std::panic::catch_unwind(|| story::play(seed, scale));
            let wrong = match played {
                Ok(outcome) => {
                    disordered.fetch_add(outcome.disordered, Ordering::Relaxed);
                    outcome.wrong
                }
                Err(_) => vec!["it panicked".into()],
            };
            if !wrong.is_empty() {
                println!("seed {seed}: {} wrong, the first: {}", wrong.len(), wrong[0]);
                println!("  again, with its history: cargo xtask simulate --seed {seed}");
                failed.lock().unwrap().push(seed);
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(work))));
    let failed = failed.into_inner().unwrap().len() as u64;
    let disordered = disordered.into_inner();
    eprintln!("batches that came out of their order, each the end of its link: {disordered}");
    println!("{} passed, {failed} failed", seeds - failed);
    ExitCode::from(u8::from(failed > 0))
}
