//! Two logistic regressions: one of style, over words; one over the findings and the likeness that
//! the first gives to messages it has not seen.

use std::collections::BTreeMap;

use vedetta_mail::{
    BUCKETS, Finding, LIKENESS_ALONE, LIKENESS_BESIDE, MOST_LIKENESS, MUCH_TO_READ, Model, Weights,
    weigh,
};

use crate::samples::Sample;

/// A model in the making.
pub(crate) struct Made {
    pub(crate) weights: Weights,
    pub(crate) style: Vec<i8>,
    pub(crate) model: Model,
}

/// Raised when features, bounds or corpora change.
const VERSION: &str = "6";
const FOLDS: u64 = 5;
const STEPS: usize = 14;
/// How strongly single words are held to nothing.
const SHRINK: f32 = 2e-4;
/// What one unit of likeness weighs at most. More fits these corpora better and others worse: left to
/// itself it flags a tenth of the notices of programs that it never saw.
const MOST_LIKE: f32 = 0.65;
/// What speaks for a message weighs at most, each of its kinds.
const MOST_REASSURING: f32 = 1.0;

/// Trains on the samples at `at`.
pub(crate) fn fit(samples: &[Sample], at: &[usize]) -> Made {
    let mut likeness = vec![0.0; samples.len()];
    for fold in 0..FOLDS {
        let (seen, unseen): (Vec<usize>, Vec<usize>) =
            at.iter().partition(|at| fold_of(&samples[**at]) != fold);
        let style = style(samples, &seen);
        for at in unseen {
            likeness[at] = style.of(&samples[at].style);
        }
    }
    let style = style(samples, at);
    let (bias, like, findings) = stack(samples, at, &likeness);
    let largest = style.weights.iter().fold(0.0_f32, |most, weight| most.max(weight.abs()));
    let step = largest / 127.0;
    let steps: Vec<i8> = style.weights.iter().map(|weight| (weight / step).round() as i8).collect();
    let mut weights = Weights {
        version: VERSION.into(),
        bias,
        style: like,
        style_bias: style.bias,
        style_step: step,
        findings,
        calibration: BTreeMap::new(),
    };
    let bytes: Vec<u8> = steps.iter().map(|step| step.cast_unsigned()).collect();
    let raw = Model::new(weights.clone(), &bytes);
    for (form, name) in [(0, &["direct", "attached", "pec"][..]), (1, &["inline"][..])] {
        let fitted = calibrate(samples, at, &likeness, &raw, form);
        weights.calibration.extend(name.iter().map(|name| ((*name).to_owned(), fitted)));
    }
    let model = Model::new(weights.clone(), &bytes);
    Made { weights, style: steps, model }
}

pub(crate) fn fold_of(sample: &Sample) -> u64 {
    (sample.group.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % FOLDS
}

struct Style {
    weights: Vec<f32>,
    bias: f32,
}

impl Style {
    fn of(&self, features: &[u32]) -> f32 {
        let sum: f32 = features.iter().map(|bucket| self.weights[*bucket as usize]).sum();
        (sum / (features.len().max(30) as f32).sqrt() + self.bias)
            .clamp(-MOST_LIKENESS, MOST_LIKENESS)
    }
}

/// Adagrad, L2, in a fixed order that a fixed generator shuffles.
fn style(samples: &[Sample], at: &[usize]) -> Style {
    let mut model = Style { weights: vec![0.0; BUCKETS as usize], bias: 0.0 };
    let mut squares = vec![1e-2_f32; BUCKETS as usize];
    let mut bias_square = 1.0_f32;
    let mut order = at.to_vec();
    let mut seed = 7_u64;
    for _ in 0..STEPS {
        for end in (1..order.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            order.swap(end, (seed >> 33) as usize % (end + 1));
        }
        for at in &order {
            let sample = &samples[*at];
            let scale = 1.0 / (sample.style.len().max(30) as f32).sqrt();
            let sum: f32 = sample.style.iter().map(|b| model.weights[*b as usize]).sum();
            let error = sample.weight
                * (sigmoid(sum * scale + model.bias) - f32::from(u8::from(sample.bad)));
            for bucket in &sample.style {
                let bucket = *bucket as usize;
                let gradient = error * scale + SHRINK * model.weights[bucket];
                squares[bucket] += gradient * gradient;
                model.weights[bucket] -= 0.25 * gradient / squares[bucket].sqrt();
            }
            bias_square += error * error;
            model.bias -= 0.1 * error / bias_square.sqrt();
        }
    }
    model
}

pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// Findings weigh nothing or more; only those that reassure speak for a message, within bounds.
fn stack(samples: &[Sample], at: &[usize], likeness: &[f32]) -> (f32, f32, BTreeMap<String, f32>) {
    let mut slugs: Vec<&'static str> =
        at.iter().flat_map(|at| samples[*at].findings.iter().flatten()).map(|f| f.slug).collect();
    slugs.sort_unstable();
    slugs.dedup();
    slugs.retain(|slug| *slug != "text-model");
    let rows: Vec<Row> = at
        .iter()
        .flat_map(|at| {
            let (sample, slugs) = (&samples[*at], &slugs);
            sample.findings.iter().map(move |found| Row {
                columns: columns(found, slugs),
                likeness: likeness[*at],
                bad: f32::from(u8::from(sample.bad)),
                weight: sample.weight,
            })
        })
        .collect();
    let reassuring: Vec<bool> = slugs.iter().map(|slug| reassures(samples, slug)).collect();
    let priors: Vec<f32> = slugs.iter().map(|slug| prior(samples, slug)).collect();
    let mut line = Line { weights: priors.clone(), like: 1.0_f32.min(MOST_LIKE), bias: -1.0 };
    let total: f32 = rows.iter().map(|row| row.weight).sum();
    let mut speed = vec![0.0_f32; slugs.len()];
    for _ in 0..1500 {
        let (mut slope, mut like_slope, mut bias_slope) = (vec![0.0_f32; slugs.len()], 0.0, 0.0);
        for row in &rows {
            let (sum, held) = line.sum(row, &reassuring);
            let error = row.weight * (sigmoid(sum) - row.bad) / total;
            for (column, carries) in &row.columns {
                let share = if reassuring[*column] || !carries { 1.0 } else { held };
                slope[*column] += error * share;
            }
            if row.likeness < 0.0 || held <= 1.0 {
                like_slope += error * row.likeness;
            }
            bias_slope += error;
        }
        for (column, weight) in line.weights.iter_mut().enumerate() {
            speed[column] = 0.9 * speed[column] + slope[column] + 3e-4 * (*weight - priors[column]);
            let (least, most) =
                if reassuring[column] { (-MOST_REASSURING, 0.0) } else { (0.1, 4.0) };
            *weight = (*weight - 1.0 * speed[column]).clamp(least, most);
        }
        line.like = (line.like - 1.0 * like_slope).clamp(0.1, MOST_LIKE);
        line.bias -= 2.0 * bias_slope;
    }
    let named = slugs.iter().map(|slug| (*slug).to_owned()).zip(line.weights);
    (line.bias, line.like, named.collect())
}

/// The findings of a message: which, and whether likeness may weigh more beside it.
fn columns(found: &[Finding], slugs: &[&'static str]) -> Vec<(usize, bool)> {
    let much = found.iter().any(|finding| finding.slug == MUCH_TO_READ);
    let column = |finding: &Finding| {
        let at = slugs.binary_search(&finding.slug).ok()?;
        Some((at, !(much && finding.is_merely_odd())))
    };
    found.iter().filter_map(column).collect()
}

struct Row {
    columns: Vec<(usize, bool)>,
    likeness: f32,
    bad: f32,
    weight: f32,
}

struct Line {
    weights: Vec<f32>,
    like: f32,
    bias: f32,
}

impl Line {
    /// As `vedetta_mail::weigh` does, groups unbounded; and how much more a message weighs for each
    /// unit of a finding: it also lets likeness weigh more, where that is held back.
    fn sum(&self, row: &Row, reassuring: &[bool]) -> (f32, f32) {
        let (mut findings, mut carrying) = (0.0, 0.0);
        for (column, carries) in &row.columns {
            findings += self.weights[*column];
            if *carries && !reassuring[*column] {
                carrying += self.weights[*column];
            }
        }
        let likeness = self.like * row.likeness;
        let most = LIKENESS_ALONE + LIKENESS_BESIDE * carrying;
        let share = if likeness > most { 1.0 + LIKENESS_BESIDE } else { 1.0 };
        (self.bias + findings + likeness.min(most), share)
    }
}

/// What a finding weighs before the corpora say otherwise.
fn prior(samples: &[Sample], slug: &str) -> f32 {
    first(samples, slug).map_or(0.3, Finding::untrained_weight)
}

fn reassures(samples: &[Sample], slug: &str) -> bool {
    first(samples, slug).is_some_and(Finding::reassures)
}

fn first<'s>(samples: &'s [Sample], slug: &str) -> Option<&'s Finding> {
    let mut all = samples.iter().flat_map(|sample| sample.findings.iter().flatten());
    all.find(|finding| finding.slug == slug)
}

/// The sum of the evidence of a sample, with a likeness given.
pub(crate) fn sum(model: &Model, findings: &[Finding], likeness: f32) -> f32 {
    let mut findings = findings.to_vec();
    for finding in findings.iter_mut().filter(|finding| finding.slug == "text-model") {
        finding.amount = likeness;
    }
    weigh(model, findings).1
}

/// Platt's scaling, each side weighing the same.
fn calibrate(
    samples: &[Sample],
    at: &[usize],
    likeness: &[f32],
    model: &Model,
    form: usize,
) -> (f32, f32) {
    let rows: Vec<(f32, f32)> = at
        .iter()
        .map(|at| {
            (
                sum(model, &samples[*at].findings[form], likeness[*at]),
                f32::from(u8::from(samples[*at].bad)),
            )
        })
        .collect();
    let bad = rows.iter().filter(|row| row.1 > 0.5).count() as f32;
    let good = rows.len() as f32 - bad;
    let (mut slope, mut offset) = (1.0_f32, 0.0_f32);
    for _ in 0..800 {
        let (mut by_slope, mut by_offset) = (0.0, 0.0);
        for (sum, label) in &rows {
            let weight = if *label > 0.5 { 0.5 / bad } else { 0.5 / good };
            let error = weight * (sigmoid(slope * sum + offset) - label);
            by_slope += error * sum;
            by_offset += error;
        }
        slope -= 0.3 * by_slope;
        offset -= 0.5 * by_offset;
    }
    (slope, offset)
}

#[cfg(test)]
mod tests {
    use vedetta_mail::{BUCKETS, Model};

    use super::VERSION;

    #[test]
    fn the_model_that_ships_is_of_this_training() {
        assert_eq!(Model::shipped().version(), VERSION);
        let style = include_bytes!("../../vedetta-mail/data/style.bin");
        assert_eq!(u32::try_from(style.len()), Ok(BUCKETS));
    }
}
