//! Trains the model that ships: `cargo run --release -p vedetta-mail --example train -- CORPUS`.
//!
//! CORPUS holds `phish/`, `ham/` and `spam/`, a message a file. Messages of our own writing
//! (`training/`) are added, so that what legitimate mail shares with lures does not count against
//! it. Everything is seeded: the same corpora make the same model. `--check` trains and prints how
//! well it does on what it has not seen, and writes nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a tool for those who train: it stops where it cannot go on"
)]

mod fit;
mod measure;
mod samples;
mod templates;

use std::path::Path;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check = arguments.iter().any(|word| word == "--check");
    let corpus = arguments.iter().find(|word| !word.starts_with("--")).expect("which corpus?");
    let samples = samples::load(Path::new(corpus));
    println!("{} samples", samples.len());
    measure::report(&samples);
    if check {
        return;
    }
    let everything: Vec<usize> = (0..samples.len()).collect();
    let model = fit::fit(&samples, &everything);
    let data = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/data"));
    let text = serde_json::to_string_pretty(&model.weights).unwrap();
    std::fs::write(data.join("weights.json"), text + "\n").unwrap();
    let bytes: Vec<u8> = model.style.iter().map(|step| step.cast_unsigned()).collect();
    std::fs::write(data.join("style.bin"), bytes).unwrap();
    for (slug, weight) in &model.weights.findings {
        println!("{weight:+.2} {slug}");
    }
}
