//! The verdict: five words, never "safe"; how probable; what weighs most.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use vedetta_model::language::Bilingual;

use crate::budget::{Obstacle, Unread};
use crate::checks::{self, Confidence, Finding, Group, Scene, Severity, known_indicator};
use crate::desk::Desk;
use crate::evidence::Evidence;
use crate::form::Form;
use crate::model::Model;
use crate::url::registered;

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
    /// Judges what was taken apart: each message around and within it too, and keeps the worst.
    #[must_use]
    pub fn of(evidence: &Evidence, desk: &Desk<'_>) -> Self {
        let (own, worst) = judge(evidence, &evidence.unread, desk);
        worst.map_or(own, |(_, opinion)| opinion)
    }

    fn weighed(
        evidence: &Evidence,
        unread: &[Unread],
        findings: Vec<Finding>,
        desk: &Desk<'_>,
    ) -> Self {
        let (mut reasons, sum) = weigh(desk.model, findings);
        let probability = desk.model.probability(sum, evidence.form());
        reasons.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        let advertises = evidence.unsubscribe
            || reasons.iter().any(|it| matches!(it.finding.slug, "lure/remedies" | "lure/prize"));
        let verdict = word(&reasons, probability, (unread.is_empty(), advertises));
        Self { verdict, probability, reasons, model: desk.model.version().into() }
    }

    /// The three reasons that weigh most for what the verdict says, the most concrete first; how it
    /// is written only where there are not three others.
    #[must_use]
    pub fn weightiest(&self) -> Vec<&Reason> {
        let reassures = self.verdict == Verdict::ProbablyLegitimate;
        let weigh = |reason: &&Reason| !reassures && reason.weight > 0.05;
        let mut reasons: Vec<&Reason> = self.reasons.iter().filter(weigh).collect();
        let is_style = |reason: &Reason| reason.finding.group == Group::Style;
        reasons.sort_by_key(|reason| is_style(reason));
        reasons.truncate(3);
        let concrete = |reason: &Reason| {
            let finding = &reason.finding;
            (!is_style(reason), finding.confidence, finding.severity)
        };
        reasons.sort_by_key(|reason| std::cmp::Reverse(concrete(reason)));
        reasons
    }
}

impl Evidence {
    /// The message that the verdict is about, and the verdict: the worst of those that were handed
    /// in as one.
    #[must_use]
    pub fn judged(mut self, desk: &Desk<'_>) -> (Self, Opinion) {
        let mut unread = std::mem::take(&mut self.unread);
        if desk.limits.deadline.is_over() && !self.layers.is_empty() {
            let late = Unread { count: self.layers.len(), ..Unread::new("1", Obstacle::TooLong) };
            unread.push(late);
        }
        let (own, worst) = judge(&self, &unread, desk);
        self.unread = unread;
        let Some((at, opinion)) = worst else { return (self, own) };
        let mut layer = self.layers.swap_remove(at);
        layer.unread = std::mem::take(&mut self.unread);
        layer.certificate = self.certificate.take();
        layer.layers = std::mem::take(&mut self.layers);
        layer.layers.push(self);
        (layer, opinion)
    }
}

/// What is said of the message, and its layer that is worse, if there is one. Once it is late the
/// layers are not looked at.
fn judge(
    evidence: &Evidence,
    unread: &[Unread],
    desk: &Desk<'_>,
) -> (Opinion, Option<(usize, Opinion)>) {
    let own = Opinion::weighed(evidence, unread, findings(evidence, desk), desk);
    let late = unread.iter().any(|it| it.why == Obstacle::TooLong);
    let worst = if late { None } else { worst_layer(evidence, &own, desk) };
    (own, worst)
}

/// The layer that is worse than what is said of the message itself, if there is one.
fn worst_layer(evidence: &Evidence, own: &Opinion, desk: &Desk<'_>) -> Option<(usize, Opinion)> {
    let mut worst = own.verdict.min(Verdict::Spam);
    let mut found = None;
    for (at, layer) in evidence.layers.iter().enumerate() {
        let mut findings = findings(layer, desk);
        if is_reporters(layer, desk) {
            // Who reports is not the question here, nor how they put it; what they bring is.
            findings.retain(|it| {
                it.slug.starts_with("lookalike")
                    || !matches!(it.group, Group::Identity | Group::Style)
            });
            if !findings.iter().any(is_strong) {
                continue;
            }
        }
        let opinion = Opinion::weighed(layer, &[], findings, desk);
        if opinion.verdict < worst {
            worst = opinion.verdict;
            found = Some((at, opinion));
        }
    }
    found
}

/// Whether the layer is what a reporter, or the provider of certified mail, put around a message:
/// of one of the reporters' own domains, and leading nowhere else.
fn is_reporters(layer: &Evidence, desk: &Desk<'_>) -> bool {
    let own = |host: &str| {
        let of = registered(host);
        desk.own_domains.iter().any(|domain| registered(domain) == of)
    };
    layer.wraps == Some(Form::Pec)
        || layer.wraps.is_some()
            && layer.sender().is_some_and(|sender| own(sender.domain()))
            && layer.clickable().all(|link| {
                own(&link.target.host) || desk.brands.owner(&link.target.host).is_some()
            })
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

/// What likeness to legitimate mail weighs at most where a grave and fairly sure fact speaks against
/// a message: whoever writes a lure chooses its words.
pub const LIKENESS_AGAINST_FACTS: f32 = 0.5;

/// The finding of what has the form of a newsletter.
pub const MUCH_TO_READ: &str = "much-to-read";

impl Finding {
    /// Whether it is no more than odd: what is long has something odd in it anyway, and there
    /// likeness weighs no more beside it.
    #[must_use]
    pub fn is_merely_odd(&self) -> bool {
        self.severity == Severity::Low
    }
}

/// Scales likeness to what the other evidence lets it weigh: it supports, and is not enough by
/// itself; nor does it talk a fact away.
fn support(reasons: &mut [Reason]) {
    let much = reasons.iter().any(|reason| reason.finding.slug == MUCH_TO_READ);
    let others = reasons
        .iter()
        .map(|reason| (&reason.finding, reason.weight))
        .filter(|(finding, _)| finding.group != Group::Style && !(much && finding.is_merely_odd()));
    let others: f32 = others.map(|(_, weight)| weight.max(0.0)).sum();
    let most = LIKENESS_ALONE + LIKENESS_BESIDE * others;
    let grave = reasons.iter().any(|reason| is_strong(&reason.finding));
    let least = if grave { -LIKENESS_AGAINST_FACTS } else { f32::MIN };
    for reason in reasons.iter_mut().filter(|reason| reason.finding.group == Group::Style) {
        reason.weight = reason.weight.min(most).max(least);
    }
}

/// Not how it is written or made, nor what it asks.
const fn is_fact(finding: &Finding) -> bool {
    !matches!(finding.group, Group::Style | Group::Content | Group::Structure)
}

/// A fact that is grave and at least fairly sure.
fn is_strong(finding: &Finding) -> bool {
    is_fact(finding)
        && finding.severity == Severity::High
        && finding.confidence >= Confidence::Medium
}

/// The word. A grave fact makes a message suspicious however legitimate it sounds, and so does a
/// probability near certainty; unwanted needs a sign of advertising.
fn word(reasons: &[Reason], probability: f32, (all_read, advertises): (bool, bool)) -> Verdict {
    let found = |slug: &str| reasons.iter().any(|reason| reason.finding.slug == slug);
    let place = found(known_indicator::PLACE);
    let facts = || {
        reasons.iter().filter(|reason| {
            let finding = &reason.finding;
            is_fact(finding) && reason.weight > 0.3 && finding.slug != known_indicator::PLACE
        })
    };
    let groups: BTreeSet<Group> = facts().map(|reason| reason.finding.group).collect();
    let second = facts().any(|reason| reason.finding.severity >= Severity::Medium);
    let strong = reasons.iter().any(|reason| is_strong(&reason.finding));
    let of_itself = |reason: &Reason| {
        is_strong(&reason.finding) && reason.finding.slug != known_indicator::PLACE
    };
    let proven = reasons.iter().any(of_itself) || groups.len() > 1 || place && second;
    let dangerous = reasons.iter().any(|reason| {
        (is_fact(&reason.finding) || is_dangerous_lure(reason))
            && reason.finding.severity >= Severity::Medium
            && reason.weight > 0.05
    });
    let certain = probability >= MALICIOUS;
    if found(known_indicator::THING) || certain && proven && dangerous {
        Verdict::Malicious
    } else if strong || certain || probability >= SUSPICIOUS && dangerous {
        Verdict::Suspicious
    } else if probability < SUSPICIOUS && all_read {
        Verdict::ProbablyLegitimate
    } else if all_read && advertises {
        Verdict::Spam
    } else {
        Verdict::Undetermined
    }
}

fn is_dangerous_lure(reason: &Reason) -> bool {
    reason.finding.group == Group::Content
}

#[cfg(test)]
mod tests;
