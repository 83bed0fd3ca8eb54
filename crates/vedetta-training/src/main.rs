//! Trains the model that ships: `cargo run --release -p vedetta-training -- CORPUS`.
//!
//! CORPUS holds `phish/`, `ham/` and `spam/`, a message a file. Messages of our own writing
//! (`corpus/`) are added, so that what legitimate mail shares with lures does not count against
//! it. Everything is seeded: the same corpora make the same model. `--check` trains and prints how
//! well it does on what it has not seen, and writes nothing; `--words` counts only the words that
//! reporters would read, for the last fifth, of a model that has not seen it. `--held-out DIR` trains on four fifths,
//! no package, thread or template on both sides, and writes that model to DIR/model and the messages
//! of the last fifth to DIR/phish, DIR/ham, … (`strict.rs` says which of DIR/phish are in DIR/strict): for `cargo xtask bench-mail --corpus DIR --model DIR/model`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a tool for those who train: it stops where it cannot go on"
)]

mod dress;
mod fit;
mod measure;
mod samples;
mod strict;
mod templates;

use std::path::Path;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check = arguments.iter().any(|word| word == "--check");
    let corpus = arguments.iter().find(|word| !word.starts_with("--")).expect("which corpus?");
    let samples = samples::load(Path::new(corpus));
    println!("{} samples", samples.len());
    if let Some(at) = arguments.iter().position(|word| word == "--held-out") {
        held_out(&samples, Path::new(arguments.get(at + 1).expect("--held-out DIR")));
        return;
    }
    if arguments.iter().any(|word| word == "--words") {
        measure::words(&samples);
        return;
    }
    if check {
        measure::report(&samples);
        measure::words(&samples);
        return;
    }
    let everything: Vec<usize> = (0..samples.len()).collect();
    let model = fit::fit(&samples, &everything);
    write(&model, Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../vedetta-mail/data")));
    for (slug, weight) in &model.weights.findings {
        println!("{weight:+.2} {slug}");
    }
}

fn write(model: &fit::Made, folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let text = serde_json::to_string_pretty(&model.weights).unwrap();
    std::fs::write(folder.join("weights.json"), text + "\n").unwrap();
    let bytes: Vec<u8> = model.style.iter().map(|step| step.cast_unsigned()).collect();
    std::fs::write(folder.join("style.bin"), bytes).unwrap();
}

/// A model that has not seen the messages beside it.
fn held_out(samples: &[samples::Sample], folder: &Path) {
    let is_out = |at: &usize| fit::fold_of(&samples[*at]) == 0;
    let (unseen, seen): (Vec<usize>, Vec<usize>) = (0..samples.len()).partition(is_out);
    write(&fit::fit(samples, &seen), &folder.join("model"));
    for at in unseen {
        let sample = &samples[at];
        let strict = sample.strict.then_some("strict");
        for name in sample.source.folder().into_iter().chain(strict) {
            let inside = folder.join(name);
            std::fs::create_dir_all(&inside).unwrap();
            std::fs::write(inside.join(format!("{at:05}.eml")), &sample.letter).unwrap();
        }
    }
}
