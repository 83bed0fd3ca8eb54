//! Handling markings: TLP 2.0 (FIRST), PAP (MISP), IEP 2.0 (FIRST).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::Instant;

/// Traffic Light Protocol 2.0, from the widest to the strictest: the order is the strictness.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Tlp {
    /// No limit on disclosure.
    #[serde(rename = "CLEAR")]
    Clear,
    /// The community, not public channels.
    #[serde(rename = "GREEN")]
    Green,
    /// The recipient's organisation and its clients.
    #[serde(rename = "AMBER")]
    Amber,
    /// The recipient's organisation only.
    #[serde(rename = "AMBER+STRICT")]
    AmberStrict,
    /// The named individuals only.
    #[serde(rename = "RED")]
    Red,
}

/// Permissible Actions Protocol, from free to strictest: the order is the strictness.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub enum Pap {
    /// Free use.
    #[serde(rename = "CLEAR")]
    Clear,
    /// Active actions: block, ping.
    #[default]
    #[serde(rename = "GREEN")]
    Green,
    /// Passive cross-checks.
    #[serde(rename = "AMBER")]
    Amber,
    /// Passive only; never leaves for a look-up.
    #[serde(rename = "RED")]
    Red,
}

/// Information Exchange Policy 2.0: what the recipient may do beyond the label.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Iep {
    /// Identifier of the policy (a URI or a UUID).
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it begins to bind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_date: Option<Instant>,
    /// When it ceases to bind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date: Option<Instant>,
    /// `must` or `may`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypt_in_transit: Option<String>,
    /// `none`, `contact for instruction`, `internally visible actions`,
    /// `externally visible indirect actions`, `externally visible direct actions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permitted_actions: Option<String>,
    /// `may` or `must not`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affected_party_notifications: Option<String>,
    /// `may`, `must` or `must not`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<String>,
    /// `may` or `must not`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmodified_resale: Option<String>,
}

/// A text that is no label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MarkingError {
    /// Not a TLP 2.0 label.
    #[error("{0:?} is not a TLP label: write CLEAR, GREEN, AMBER, AMBER+STRICT or RED")]
    Tlp(String),
    /// Not a PAP label.
    #[error("{0:?} is not a PAP label: write CLEAR, GREEN, AMBER or RED")]
    Pap(String),
}

impl Tlp {
    /// Every label, from the widest to the strictest.
    pub const ALL: [Self; 5] =
        [Self::Clear, Self::Green, Self::Amber, Self::AmberStrict, Self::Red];

    /// The label without its prefix, e.g. `AMBER+STRICT`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Clear => "CLEAR",
            Self::Green => "GREEN",
            Self::Amber => "AMBER",
            Self::AmberStrict => "AMBER+STRICT",
            Self::Red => "RED",
        }
    }
}

impl Pap {
    /// Every label, from the freest to the strictest.
    pub const ALL: [Self; 4] = [Self::Clear, Self::Green, Self::Amber, Self::Red];

    /// The label without its prefix.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Clear => "CLEAR",
            Self::Green => "GREEN",
            Self::Amber => "AMBER",
            Self::Red => "RED",
        }
    }
}

impl fmt::Display for Tlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TLP:{}", self.label())
    }
}

impl fmt::Display for Pap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PAP:{}", self.label())
    }
}

impl std::str::FromStr for Tlp {
    type Err = MarkingError;
    fn from_str(text: &str) -> Result<Self, MarkingError> {
        let upper = text.to_ascii_uppercase();
        let label = upper.strip_prefix("TLP:").unwrap_or(&upper);
        let label = if label == "WHITE" { "CLEAR" } else { label };
        Self::ALL
            .into_iter()
            .find(|tlp| tlp.label() == label)
            .ok_or_else(|| MarkingError::Tlp(text.into()))
    }
}

impl std::str::FromStr for Pap {
    type Err = MarkingError;
    fn from_str(text: &str) -> Result<Self, MarkingError> {
        let upper = text.to_ascii_uppercase();
        let label = upper.strip_prefix("PAP:").unwrap_or(&upper);
        let label = if label == "WHITE" { "CLEAR" } else { label };
        Self::ALL
            .into_iter()
            .find(|pap| pap.label() == label)
            .ok_or_else(|| MarkingError::Pap(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_the_strictness() {
        assert!(Tlp::ALL.is_sorted() && Pap::ALL.is_sorted());
        assert_eq!("tlp:amber+strict".parse(), Ok(Tlp::AmberStrict));
        assert_eq!("TLP:WHITE".parse(), Ok(Tlp::Clear));
        assert!("AMBER STRICT".parse::<Tlp>().is_err());
        assert_eq!("pap:red".parse(), Ok(Pap::Red));
    }
}
