//! How well a model does on what it has not seen: by folds, and by leaving whole sources out.

use std::collections::BTreeMap;

use vedetta_mail::{Desk, Evidence, Model, Verdict};

use crate::fit::{fit, fold_of, sigmoid, sum};
use crate::samples::{Sample, Source};

/// Prints the figures.
pub(crate) fn report(samples: &[Sample]) {
    let mut scores = vec![[0.0_f32; 2]; samples.len()];
    for fold in 0..5 {
        let (seen, unseen): (Vec<usize>, Vec<usize>) =
            (0..samples.len()).partition(|at| fold_of(&samples[*at]) != fold);
        score(samples, &seen, &unseen, &mut scores);
    }
    table("folds, by groups", samples, &scores, |_| true);
    for left in [
        Source::Ham("lists"),
        Source::Ham("hard"),
        Source::Ham("easy"),
        Source::Ham("templates"),
        Source::OwnHam,
        Source::Spam,
    ] {
        let mut scores = scores.clone();
        for fold in 0..5 {
            let (mut seen, unseen): (Vec<usize>, Vec<usize>) =
                (0..samples.len()).partition(|at| fold_of(&samples[*at]) != fold);
            seen.retain(|at| samples[*at].source != left);
            score(samples, &seen, &unseen, &mut scores);
        }
        table(&format!("without {left:?}"), samples, &scores, |_| true);
    }
}

/// Counts the words that reporters would read of the last fifth.
pub(crate) fn words(samples: &[Sample]) {
    let (unseen, seen): (Vec<usize>, Vec<usize>) =
        (0..samples.len()).partition(|at| fold_of(&samples[*at]) == 0);
    let made = fit(samples, &seen);
    for (name, model) in [("held out", &made.model), ("shipped", Model::shipped())] {
        let mut counts: BTreeMap<Source, BTreeMap<Verdict, usize>> = BTreeMap::new();
        let desk = Desk { model, ..Desk::shipped() };
        for at in &unseen {
            let sample = &samples[*at];
            let (_, opinion) = Evidence::read(&sample.letter, &desk.limits).judged(&desk);
            *counts.entry(sample.source).or_default().entry(opinion.verdict).or_default() += 1;
        }
        println!("\nwords, {name}");
        for (source, words) in counts {
            let all: usize = words.values().sum();
            let share = |word: &Verdict| {
                100.0 * words.get(word).copied().unwrap_or(0) as f32 / all.max(1) as f32
            };
            let shares: Vec<String> =
                Verdict::ALL.iter().map(|word| format!("{word:?} {:.1}", share(word))).collect();
            println!("{source:?} ({all}): {}", shares.join("  "));
        }
    }
}

fn score(samples: &[Sample], seen: &[usize], unseen: &[usize], scores: &mut [[f32; 2]]) {
    let made = fit(samples, seen);
    for at in unseen {
        let sample = &samples[*at];
        let likeness = made.model.likeness_of(&sample.style);
        let forms = [vedetta_mail::Form::Direct, vedetta_mail::Form::Inline];
        for ((form, findings), score) in
            forms.into_iter().zip(&sample.findings).zip(&mut scores[*at])
        {
            let sum = sum(&made.model, findings, likeness);
            let probability = made.model.probability(sum, form).clamp(1e-6, 1.0 - 1e-6);
            *score = (probability / (1.0 - probability)).ln();
        }
    }
}

/// How far the probability is from the share that is bad, on average over ten bands, the two sides
/// weighing the same.
fn miscalibration(samples: &[Sample], scores: &[[f32; 2]], form: usize) -> f32 {
    let bad = samples.iter().filter(|sample| sample.bad).count() as f32;
    let good = samples.len() as f32 - bad;
    let mut bands = [[0.0_f32; 2]; 10];
    for (sample, score) in samples.iter().zip(scores) {
        let probability = sigmoid(score[form]);
        let weight = if sample.bad { 0.5 / bad } else { 0.5 / good };
        let band = &mut bands[((probability * 10.0) as usize).min(9)];
        band[0] += weight * probability;
        band[1] += if sample.bad { weight } else { 0.0 };
    }
    bands.iter().map(|[said, was]| (said - was).abs()).sum()
}

fn table(title: &str, samples: &[Sample], scores: &[[f32; 2]], which: impl Fn(&Sample) -> bool) {
    println!("\n{title}");
    let ham: Vec<f32> = (0..samples.len())
        .filter(|at| {
            let source = samples[*at].source;
            matches!(source, Source::Ham("easy" | "lists")) && which(&samples[*at])
        })
        .map(|at| scores[at][0])
        .collect();
    let mut sorted = ham.clone();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let at = |rate: f32| sorted[(sorted.len() as f32 * rate) as usize];
    let (one, tenth) = (at(0.01), at(0.001));
    let share = |of: &dyn Fn(&Sample) -> bool, form: usize, over: f32| {
        let all: Vec<f32> =
            (0..samples.len()).filter(|at| of(&samples[*at])).map(|at| scores[at][form]).collect();
        100.0 * all.iter().filter(|score| **score > over).count() as f32 / all.len().max(1) as f32
    };
    let line = |name: &str, of: &dyn Fn(&Sample) -> bool| {
        println!(
            "{name} ({}): {:.1} / {:.1}   inline {:.1} / {:.1}",
            samples.iter().filter(|it| of(it)).count(),
            share(of, 0, one),
            share(of, 0, tenth),
            share(of, 1, one),
            share(of, 1, tenth)
        );
    };
    line("strict", &|sample| sample.strict);
    for source in [
        Source::Phish,
        Source::Spam,
        Source::OwnLure,
        Source::Ham("hard"),
        Source::Ham("easy"),
        Source::Ham("lists"),
        Source::Ham("templates"),
        Source::OwnHam,
    ] {
        line(&format!("{source:?}"), &|sample| sample.source == source);
    }
    println!("thresholds {one:.2} {tenth:.2}");
    let [direct, inline] = [0, 1].map(|form| 100.0 * miscalibration(samples, scores, form));
    println!("probability off by {direct:.1} points, inline {inline:.1}");
    if title.starts_with("folds") {
        let mut worst: Vec<usize> = (0..samples.len()).filter(|at| !samples[*at].bad).collect();
        worst.sort_by(|a, b| scores[*b][0].total_cmp(&scores[*a][0]));
        for at in worst.iter().take(25) {
            println!(
                "  {:.2} {} {:?}",
                scores[*at][0],
                samples[*at].name,
                samples[*at].findings[0].iter().map(|f| f.slug).collect::<Vec<_>>()
            );
        }
        let mut missed: Vec<usize> =
            (0..samples.len()).filter(|at| samples[*at].source == Source::Phish).collect();
        missed.sort_by(|a, b| scores[*a][0].total_cmp(&scores[*b][0]));
        for at in missed.iter().take(15) {
            println!(
                "  missed {:.2} {} {:?}",
                scores[*at][0],
                samples[*at].name,
                samples[*at].findings[0].iter().map(|f| f.slug).collect::<Vec<_>>()
            );
        }
    }
}
