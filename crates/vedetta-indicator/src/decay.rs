//! How much of an indicator's worth is left.
//!
//! The polynomial model of MISP: score = base × (1 − (t / τ)^(1 / δ)), where t is the time since
//! the last sighting, τ the lifetime and δ the decay speed of the kind. Source: S. Mokaddem,
//! G. Wagener, A. Dulaunoy, A. Iklody, "Taxonomy driven indicator scoring in MISP threat
//! intelligence platforms", 2018.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vedetta_model::Instant;

use crate::kind;
use crate::term::Kind;

/// Where an indicator stands at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It counts, with a score from 1 to 100.
    Live(u8),
    /// It was not seen for so long that its score fell to the threshold.
    Faded,
    /// Before `valid_from`.
    NotYet,
    /// At or after `valid_until`.
    Over,
    /// Taken back by its producer.
    Revoked,
}

/// What is known of an indicator's life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Life {
    /// The producer's confidence, 0 to 100.
    pub confidence: Option<u8>,
    /// From when it counts.
    pub valid_from: Instant,
    /// From when it counts no longer.
    pub valid_until: Option<Instant>,
    /// When it was last seen.
    pub last_sighting: Option<Instant>,
    /// Whether the producer took it back.
    pub recall: Recall,
}

/// Whether the producer took an indicator back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Recall {
    /// It stands.
    #[default]
    None,
    /// It is revoked.
    Revoked,
}

/// How the worth of one kind of value is lost.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// τ, in days, more than 0: after so long without a sighting the score is 0.
    pub lifetime_days: f64,
    /// δ, more than 0: below 1 the score falls late, above 1 early.
    pub decay_speed: f64,
    /// From 0 to 99: at this score or below it has faded.
    pub threshold: f64,
}

/// The parameters of each kind, and what is assumed where the producer says nothing. What a file does not
/// say is as in [`DecayTable::default`], which is what the product proposes.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct DecayTable {
    confidence: u8,
    other: Parameters,
    kinds: BTreeMap<Kind, Parameters>,
}

/// A table that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecayTableError {
    /// Not the name of a kind.
    #[error(
        "kinds.{0}: no such kind; write one of the names in the documentation, as ipv4 or sha256"
    )]
    Kind(String),
    /// A parameter out of its range.
    #[error(
        "{0}: lifetime_days and decay_speed must be more than 0 (at most 36500 and 100), threshold from 0 to 99"
    )]
    Range(String),
    /// A confidence over 100.
    #[error("confidence: must be between 0 and 100")]
    Confidence,
}

/// The table as the file has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    confidence: Option<u8>,
    other: Option<Parameters>,
    #[serde(default)]
    kinds: BTreeMap<String, Parameters>,
}

const DAY: f64 = 86_400e6;

impl Life {
    /// What a STIX indicator says of its life; sightings are others' to tell.
    #[must_use]
    pub fn of(object: &stix::Object, last_sighting: Option<Instant>) -> Self {
        let at = |time: stix::Timestamp| Instant::from_micros(time.as_micros());
        let from = object.valid_from().or(object.created()).map_or(Instant::default(), at);
        let recall = if object.revoked() { Recall::Revoked } else { Recall::None };
        Self {
            confidence: object.confidence(),
            valid_from: from,
            valid_until: object.valid_until().map(at),
            last_sighting,
            recall,
        }
    }

    /// From when the score falls.
    fn seen(&self) -> Instant {
        self.last_sighting.map_or(self.valid_from, |seen| seen.max(self.valid_from))
    }
}

impl DecayTable {
    /// Where an indicator for values of some kinds stands at a moment: that of the kind whose worth
    /// lasts longest. Without kinds, the parameters of any other kind count.
    #[must_use]
    pub fn standing(&self, life: &Life, kinds: &[Kind], now: Instant) -> Standing {
        if life.recall == Recall::Revoked {
            return Standing::Revoked;
        }
        if now < life.valid_from {
            return Standing::NotYet;
        }
        if life.valid_until.is_some_and(|until| now >= until) {
            return Standing::Over;
        }
        let base = f64::from(self.base(life));
        let elapsed = now.since(life.seen()).as_micros() as f64;
        let scores = self.of_kinds(kinds).filter_map(|parameters| {
            let score = parameters.score(base, elapsed);
            (score > parameters.threshold).then_some(score)
        });
        match scores.reduce(f64::max) {
            // Rounded up, so that what lives shows at least 1; never above 100.
            Some(score) => Standing::Live(score.ceil() as u8),
            None => Standing::Faded,
        }
    }

    /// From when an indicator that is not seen again counts no longer; [`Instant::FAR`] for one
    /// that never fades.
    #[must_use]
    pub fn end(&self, life: &Life, kinds: &[Kind]) -> Instant {
        let base = f64::from(self.base(life));
        let longest = self.of_kinds(kinds).map(|it| it.fades_after(base)).max();
        let fades = life.seen().after(longest.unwrap_or_default());
        life.valid_until.map_or(fades, |until| until.min(fades))
    }

    /// The last moment, up to now, at which an indicator that was known began or ceased to count:
    /// what a feed that holds it, or no longer does, has changed at.
    #[must_use]
    pub fn turned(&self, life: &Life, kinds: &[Kind], now: Instant) -> Option<Instant> {
        let turns = [life.valid_from, self.end(life, kinds)];
        turns.into_iter().filter(|turn| *turn <= now).max()
    }

    /// Whether an indicator would count no longer at a moment, had nobody seen it.
    #[must_use]
    pub fn rests_on_sightings(&self, life: &Life, kinds: &[Kind], at: Instant) -> bool {
        self.end(&Life { last_sighting: None, ..*life }, kinds) <= at
    }

    /// The parameters of a kind.
    #[must_use]
    pub fn parameters(&self, kind: Kind) -> &Parameters {
        self.kinds.get(&kind).unwrap_or(&self.other)
    }

    fn base(&self, life: &Life) -> u8 {
        life.confidence.unwrap_or(self.confidence).min(100)
    }

    fn of_kinds<'a>(&'a self, kinds: &'a [Kind]) -> impl Iterator<Item = &'a Parameters> {
        let none = kinds.is_empty().then_some(&self.other);
        kinds.iter().map(|kind| self.parameters(*kind)).chain(none)
    }
}

impl Parameters {
    /// The score after some microseconds.
    fn score(&self, base: f64, elapsed: f64) -> f64 {
        let spent = (elapsed / (self.lifetime_days * DAY)).min(1.0);
        base * (1.0 - spent.powf(1.0 / self.decay_speed))
    }

    /// When the score reaches the threshold: the score's formula solved for t.
    fn fades_after(&self, base: f64) -> Duration {
        let left = (1.0 - self.threshold / base).max(0.0);
        let micros = self.lifetime_days * DAY * left.powf(self.decay_speed);
        Duration::from_micros(if micros.is_finite() { micros.ceil() as u64 } else { 0 })
    }

    fn is_sound(&self) -> bool {
        self.lifetime_days > 0.0
            && self.lifetime_days <= 36_500.0
            && self.decay_speed > 0.0
            && self.decay_speed <= 100.0
            && (0.0..=99.0).contains(&self.threshold)
    }
}

impl Default for DecayTable {
    fn default() -> Self {
        let of =
            |lifetime_days, decay_speed| Parameters { lifetime_days, decay_speed, threshold: 20.0 };
        let network = of(30.0, 0.5);
        let name = of(90.0, 0.5);
        let kinds = kind::ALL.iter().filter_map(|(kind, _)| {
            let parameters = match kind {
                Kind::Ipv4 | Kind::Ipv6 => network,
                Kind::Url => of(60.0, 0.5),
                Kind::Domain | Kind::EmailAddress | Kind::EmailSubject => name,
                Kind::CertificateHash(_) | Kind::CertificateSerial => of(365.0, 0.3),
                Kind::FileHash(_) => of(1_095.0, 0.3),
                _ => return None,
            };
            Some((*kind, parameters))
        });
        Self { confidence: 50, other: of(180.0, 0.5), kinds: kinds.collect() }
    }
}

impl TryFrom<Written> for DecayTable {
    type Error = DecayTableError;
    fn try_from(written: Written) -> Result<Self, DecayTableError> {
        let Self { confidence, other, mut kinds } = Self::default();
        let (confidence, other) =
            (written.confidence.unwrap_or(confidence), written.other.unwrap_or(other));
        if confidence > 100 {
            return Err(DecayTableError::Confidence);
        }
        if !other.is_sound() {
            return Err(DecayTableError::Range("other".into()));
        }
        for (name, parameters) in written.kinds {
            let kind = kind::named(&name).ok_or_else(|| DecayTableError::Kind(name.clone()))?;
            if !parameters.is_sound() {
                return Err(DecayTableError::Range(format!("kinds.{name}")));
            }
            kinds.insert(kind, parameters);
        }
        Ok(Self { confidence, other, kinds })
    }
}

impl From<DecayTable> for Written {
    fn from(table: DecayTable) -> Self {
        let named = table.kinds.into_iter().map(|(kind, it)| (kind::name(kind).to_owned(), it));
        let (confidence, other) = (Some(table.confidence), Some(table.other));
        Self { confidence, other, kinds: named.collect() }
    }
}

#[cfg(test)]
mod tests;
