//! What weighs how much: the weights of the checks, and a small statistical model of style.
//!
//! Both are made by `cargo run --release -p vedetta-training`, from corpora that stay outside; only
//! numbers are here. `data/model.md` says from what, how, and what it cannot do.

mod style;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::checks::Finding;
use crate::evidence::Evidence;
use crate::form::Form;

pub use style::{BUCKETS, features};

/// What weighs how much.
#[derive(Clone, Debug)]
pub struct Model {
    weights: Weights,
    style: Vec<i8>,
}

/// The weights of the checks, as they are kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Weights {
    /// Which training made them.
    pub version: String,
    /// What a message weighs before anything is found.
    pub bias: f32,
    /// What one unit of likeness weighs.
    pub style: f32,
    /// What the style model adds before the features.
    pub style_bias: f32,
    /// What one step of the style model's integers is worth.
    pub style_step: f32,
    /// Of each finding.
    pub findings: BTreeMap<String, f32>,
    /// How the sum becomes a probability, by form: slope and offset.
    pub calibration: BTreeMap<String, (f32, f32)>,
}

/// The likeness is bounded, so that words alone decide little.
pub const MOST_LIKENESS: f32 = 5.0;

static SHIPPED: LazyLock<Model> = LazyLock::new(|| {
    let weights = serde_json::from_str(include_str!("../data/weights.json")).unwrap_or_default();
    Model::new(weights, include_bytes!("../data/style.bin"))
});

impl Model {
    /// The model that ships.
    #[must_use]
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// A model of these weights; `style` has a step for each bucket.
    #[must_use]
    pub fn new(weights: Weights, style: &[u8]) -> Self {
        Self { weights, style: style.iter().map(|byte| byte.cast_signed()).collect() }
    }

    /// How alike the message is to those that were reported, in log-odds, within bounds.
    #[must_use]
    pub fn likeness(&self, evidence: &Evidence) -> f32 {
        self.likeness_of(&features(evidence))
    }

    /// The same, of features already made.
    #[must_use]
    pub fn likeness_of(&self, found: &[u32]) -> f32 {
        if found.is_empty() {
            return 0.0;
        }
        let of =
            |bucket: &u32| self.style.get(*bucket as usize).map_or(0.0, |step| f32::from(*step));
        let sum: f32 = found.iter().map(of).sum();
        let norm = style::norm(found.len());
        let score = sum * self.weights.style_step * norm + self.weights.style_bias;
        score.clamp(-MOST_LIKENESS, MOST_LIKENESS)
    }

    /// What a finding weighs: as trained, else by how grave and how sure it is.
    #[must_use]
    pub fn weight(&self, finding: &Finding) -> f32 {
        if finding.slug == "text-model" {
            return self.weights.style * finding.amount;
        }
        self.weights
            .findings
            .get(finding.slug)
            .copied()
            .unwrap_or_else(|| finding.untrained_weight())
    }

    /// What a message weighs before anything is found.
    #[must_use]
    pub const fn bias(&self) -> f32 {
        self.weights.bias
    }

    /// The probability that a sum of evidence means, for a message handed on in that form.
    #[must_use]
    pub fn probability(&self, sum: f32, form: Form) -> f32 {
        let name = match form {
            Form::Inline | Form::File => "inline",
            Form::Pec => "pec",
            Form::Attached | Form::Outlook => "attached",
            Form::Direct => "direct",
        };
        let (slope, offset) = self.weights.calibration.get(name).copied().unwrap_or((1.0, 0.0));
        1.0 / (1.0 + (-(slope * sum + offset)).exp())
    }

    /// Which training made it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.weights.version
    }
}

#[cfg(test)]
mod tests {
    use super::Model;
    use crate::{Evidence, Limits};

    #[test]
    fn the_model_that_ships_tells_a_lure_from_a_letter() {
        let model = Model::shipped();
        let alike = |text: &str| {
            let letter = format!("From: a@a.example\r\nSubject: x\r\n\r\n{text}");
            model.likeness(&Evidence::read(letter.as_bytes(), &Limits::default()))
        };
        let lure = alike("Your account was suspended, verify your password within 24 hours");
        assert!(lure > alike("The patch applies cleanly, I will send the next version tomorrow"));
        assert!(model.weights.findings.len() > 50 && model.weights.calibration.len() == 4);
    }
}
