//! The verdict: five words, never "safe"; how probable; what weighs most.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vedetta_model::language::Bilingual;

use crate::checks::{self, Confidence, Finding, Group, Scene, Severity};
use crate::desk::Desk;
use crate::evidence::Evidence;
use crate::model::Model;

/// What the reporter is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Pericolosa.
    Malicious,
    /// Sospetta.
    Suspicious,
    /// Indesiderata ma non pericolosa.
    Spam,
    /// Probabilmente legittima.
    ProbablyLegitimate,
    /// Non verificabile.
    Undetermined,
}

impl Verdict {
    /// The five, the worst first.
    pub const ALL: [Self; 5] = [
        Self::Malicious,
        Self::Suspicious,
        Self::Spam,
        Self::ProbablyLegitimate,
        Self::Undetermined,
    ];

    /// The word for people.
    #[must_use]
    pub fn word(self) -> Bilingual {
        let (it, en) = match self {
            Self::Malicious => ("pericolosa", "malicious"),
            Self::Suspicious => ("sospetta", "suspicious"),
            Self::Spam => ("indesiderata ma non pericolosa", "unwanted, but not dangerous"),
            Self::ProbablyLegitimate => ("probabilmente legittima", "probably legitimate"),
            Self::Undetermined => ("non verificabile", "cannot be verified"),
        };
        Bilingual::new(it, en)
    }
}

/// A reason: a finding and what it weighed.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Reason {
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
    /// Its weight in log-odds, after its group was bounded.
    pub weight: f32,
}

/// What the desk says of a message.
#[derive(Clone, Debug, Serialize)]
pub struct Opinion {
    /// The word.
    pub verdict: Verdict,
    /// How probable it is that the message is not legitimate, 0 to 1.
    pub probability: f32,
    /// Every finding with its weight, the weightiest first.
    pub reasons: Vec<Reason>,
    /// Which model weighed.
    pub model: String,
}

/// What one kind of evidence can weigh at most, in log-odds.
const fn most(group: Group) -> f32 {
    match group {
        Group::Known => 8.0,
        Group::Identity | Group::Links => 4.5,
        Group::Files => 5.0,
        Group::Content | Group::Style => 4.0,
        Group::Structure => 2.5,
    }
}

const SUSPICIOUS: f32 = 0.5;
const MALICIOUS: f32 = 0.9;

impl Opinion {
    /// Judges what was taken apart.
    #[must_use]
    pub fn of(evidence: &Evidence, desk: &Desk<'_>) -> Self {
        let (mut reasons, sum) = weigh(desk.model, findings(evidence, desk));
        let probability = desk.model.probability(sum, evidence.form());
        reasons.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        let verdict = word(evidence, &reasons, probability);
        Self { verdict, probability, reasons, model: desk.model.version().into() }
    }

    /// The three reasons that weigh most for what the verdict says.
    pub fn weightiest(&self) -> impl Iterator<Item = &Reason> {
        let reassures = self.verdict == Verdict::ProbablyLegitimate;
        self.reasons.iter().filter(move |reason| !reassures && reason.weight > 0.05).take(3)
    }
}

/// What the checks find, before anything is weighed.
#[must_use]
pub fn findings(evidence: &Evidence, desk: &Desk<'_>) -> Vec<Finding> {
    checks::run(&Scene::new(evidence, desk))
}

/// Each finding with its weight, groups bounded; and the sum, bias included.
#[must_use]
pub fn weigh(model: &Model, findings: Vec<Finding>) -> (Vec<Reason>, f32) {
    let weighed = |finding: Finding| Reason { weight: model.weight(&finding), finding };
    let mut reasons: Vec<Reason> = findings.into_iter().map(weighed).collect();
    bound(&mut reasons);
    support(&mut reasons);
    let sum = model.bias() + reasons.iter().map(|reason| reason.weight).sum::<f32>();
    (reasons, sum)
}

/// Scales each group down to what it may weigh.
fn bound(reasons: &mut [Reason]) {
    let mut sums: BTreeMap<Group, f32> = BTreeMap::new();
    for reason in reasons.iter() {
        *sums.entry(reason.finding.group).or_default() += reason.weight;
    }
    for reason in reasons {
        let (sum, most) =
            (sums.get(&reason.finding.group).copied().unwrap_or(0.0), most(reason.finding.group));
        if sum.abs() > most {
            reason.weight *= most / sum.abs();
        }
    }
}

/// What likeness weighs at most where nothing else speaks against a message, in log-odds.
pub const LIKENESS_ALONE: f32 = 0.5;
/// How much more it may weigh for each unit of other evidence.
pub const LIKENESS_BESIDE: f32 = 2.0;

/// Scales likeness down to what the other evidence lets it weigh: it supports, and is not enough by
/// itself.
fn support(reasons: &mut [Reason]) {
    let others = reasons.iter().filter(|reason| reason.finding.group != Group::Style);
    let others: f32 = others.map(|reason| reason.weight.max(0.0)).sum();
    let most = LIKENESS_ALONE + LIKENESS_BESIDE * others;
    for reason in reasons.iter_mut().filter(|reason| reason.finding.group == Group::Style) {
        reason.weight = reason.weight.min(most);
    }
}

fn word(evidence: &Evidence, reasons: &[Reason], probability: f32) -> Verdict {
    let facts = |reason: &&Reason| {
        !matches!(reason.finding.group, Group::Style | Group::Content | Group::Structure)
    };
    let named = |reason: &&Reason| reason.finding.group != Group::Style && reason.weight > 0.05;
    let strong = |reason: &&Reason| {
        facts(reason)
            && reason.finding.severity == Severity::High
            && reason.finding.confidence >= Confidence::Medium
    };
    let groups: std::collections::BTreeSet<Group> = reasons
        .iter()
        .filter(facts)
        .filter(|reason| reason.weight > 0.3)
        .map(|reason| reason.finding.group)
        .collect();
    let known = reasons.iter().any(|reason| reason.finding.group == Group::Known);
    let proven = reasons.iter().any(|reason| strong(&reason)) || groups.len() > 1;
    let dangerous = reasons.iter().any(|reason| {
        (facts(&reason) || is_dangerous_lure(reason))
            && reason.finding.severity >= Severity::Medium
            && reason.weight > 0.05
    });
    if known || probability >= MALICIOUS && proven && dangerous {
        Verdict::Malicious
    } else if probability >= SUSPICIOUS && dangerous {
        Verdict::Suspicious
    } else if !evidence.unread.is_empty() {
        Verdict::Undetermined
    } else if probability >= SUSPICIOUS {
        if reasons.iter().any(|reason| named(&reason)) {
            Verdict::Spam
        } else {
            Verdict::Undetermined
        }
    } else {
        Verdict::ProbablyLegitimate
    }
}

fn is_dangerous_lure(reason: &Reason) -> bool {
    reason.finding.group == Group::Content
}

#[cfg(test)]
mod tests;
