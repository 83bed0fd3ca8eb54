//! What a piece of information is, and how it may be handled.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::{AgreementId, OrganisationId};
use crate::marking::{Pap, Tlp};
use crate::person::Person;

/// The extension with which an item carries its handling in STIX (a property extension):
/// `pap`, `category`, `victim_refs`, `named`, `only_under`, `exercise`.
pub const HANDLING_EXTENSION: &str = "extension-definition--6b2a7f0e-58c4-5d8a-9d57-6c1f6c3f2a11";

/// The label of STIX by which everybody sees that something belongs to an exercise.
pub const EXERCISE_LABEL: &str = "exercise";
/// Organisations that take part in an exercise, at most, as what belongs to it names them.
pub const MOST_PARTICIPANTS: usize = 1_000;
/// Characters of an exercise's name at most.
pub const LONGEST_EXERCISE_NAME: usize = 200;

/// What agreements speak of when they say which information is exchanged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// Indicators, observables, sightings.
    Indicator,
    /// Reports and summaries of incidents.
    Incident,
    /// Malware, tools, actors, campaigns, techniques, vulnerabilities and reports on them.
    TechnicalReport,
    /// Early warnings.
    EarlyWarning,
    /// Awareness and training material.
    Awareness,
    /// What only gives others their meaning: identities, locations, relationships, markings.
    /// Travels under any agreement that exchanges anything.
    Context,
}

/// Everything about an item on which its release depends: two items handled alike are cleared
/// alike, so a decision is made once per handling.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Handling {
    /// Who brought it into the network.
    pub producer: OrganisationId,
    /// What it is for the agreements.
    pub category: Category,
    /// How far it may go.
    pub tlp: Tlp,
    /// What may be done with it.
    pub pap: Pap,
    /// Whose misfortune it tells, when it tells it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub victims: BTreeSet<OrganisationId>,
    /// The persons that TLP:RED names.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub named: BTreeSet<Person>,
    /// The producer's own limit: release only under these agreements. Empty is no limit.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub only_under: BTreeSet<AgreementId>,
    /// The exercise to which it belongs: whoever takes no part in it never has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exercise: Option<Exercise>,
    /// Who gave it to this node. Empty for what was brought here by its producer; otherwise the
    /// chain begins at these and not at the producer.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub via: BTreeSet<Given>,
}

impl Handling {
    /// Whether it was brought here, or came from who is its producer: whoever is named instead, where
    /// that is hidden or unknown, never has it by the producer's own right.
    #[must_use]
    pub fn is_by_its_producer(&self) -> bool {
        let own = Given::by_the_producer(self.producer.clone());
        self.via.is_empty() || self.via.contains(&own)
    }
}

/// An exercise, as what belongs to it names it: who takes part was settled when that was published.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exercise {
    /// What it is called.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Who takes part, beside the producer.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub participants: BTreeSet<OrganisationId>,
}

/// Why something cannot be said to belong to an exercise that is described so.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ExerciseError {
    /// More take part than one may name.
    #[error("`exercise.participants` names {0}; name {MOST_PARTICIPANTS} at most")]
    Participants(usize),
    /// Its name is none that fits on a line.
    #[error(
        "`exercise.name` is longer than {LONGEST_EXERCISE_NAME} characters or has a control \
         character; shorten it to one line"
    )]
    Name,
}

impl Exercise {
    /// Whether it names no more, and no longer, than a node keeps for good.
    ///
    /// # Errors
    /// What is more than may be.
    pub fn check(&self) -> Result<(), ExerciseError> {
        let name = &self.name;
        if name.contains(char::is_control) || name.chars().count() > LONGEST_EXERCISE_NAME {
            return Err(ExerciseError::Name);
        }
        match self.participants.len() {
            many if many > MOST_PARTICIPANTS => Err(ExerciseError::Participants(many)),
            _ => Ok(()),
        }
    }
}

/// That an organisation gave an item to this node, and by which right it holds it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// Who gave it.
    pub giver: OrganisationId,
    /// With which right it holds the item.
    pub right: Right,
    /// With which right it may tell the victim too; absent when it may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub naming: Option<Right>,
    /// Every agreement on which its holding the item rests. When one ceases to bind, it counts for
    /// nothing.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub on: BTreeSet<AgreementId>,
    /// Every organisation through which it came to the giver, the producer aside. When one of them
    /// leaves the network, it counts for nothing.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub through: BTreeSet<OrganisationId>,
}

impl Given {
    /// The producer's own giving: by every right, and resting on nothing.
    #[must_use]
    pub const fn by_the_producer(producer: OrganisationId) -> Self {
        Self {
            giver: producer,
            right: Right::Any,
            naming: Some(Right::Any),
            on: BTreeSet::new(),
            through: BTreeSet::new(),
        }
    }
}

/// Under which agreements whoever holds an item may pass it on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// Under any.
    Any,
    /// Under those with one of these frameworks at the top; under none when there is none.
    Lineages(BTreeSet<AgreementId>),
}

impl Right {
    /// No right: to hold, and not to pass on.
    #[must_use]
    pub const fn none() -> Self {
        Self::Lineages(BTreeSet::new())
    }

    /// Whether it allows what has that framework at the top.
    #[must_use]
    pub fn allows(&self, root: &AgreementId) -> bool {
        match self {
            Self::Any => true,
            Self::Lineages(roots) => roots.contains(root),
        }
    }

    /// The wider of two: what either allows.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => Self::Any,
            (Self::Lineages(mut one), Self::Lineages(other)) => {
                one.extend(other);
                Self::Lineages(one)
            }
        }
    }

    /// The narrower of two: what both allow.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Any, right) | (right, Self::Any) => right,
            (Self::Lineages(one), Self::Lineages(other)) => Self::Lineages(&one & &other),
        }
    }

    /// Whether everything that it allows the other allows too.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Any) => true,
            (Self::Any, Self::Lineages(_)) => false,
            (Self::Lineages(one), Self::Lineages(other)) => one.is_subset(other),
        }
    }
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 6] = [
        Self::Indicator,
        Self::Incident,
        Self::TechnicalReport,
        Self::EarlyWarning,
        Self::Awareness,
        Self::Context,
    ];

    /// The category of a STIX type when the item does not say its own.
    #[must_use]
    pub fn of_stix(kind: &str) -> Self {
        match kind {
            "incident" => Self::Incident,
            "report" | "malware" | "malware-analysis" | "tool" | "threat-actor" | "campaign"
            | "intrusion-set" | "attack-pattern" | "vulnerability" | "infrastructure"
            | "course-of-action" => Self::TechnicalReport,
            "identity"
            | "location"
            | "relationship"
            | "marking-definition"
            | "grouping"
            | "extension-definition"
            | "language-content"
            | "opinion"
            | "note" => Self::Context,
            _ => Self::Indicator,
        }
    }
}

/// Whether a STIX type is a cyber-observable (STIX 2.1, 6).
#[must_use]
pub fn is_observable(kind: &str) -> bool {
    matches!(
        kind,
        "artifact"
            | "autonomous-system"
            | "directory"
            | "domain-name"
            | "email-addr"
            | "email-message"
            | "file"
            | "ipv4-addr"
            | "ipv6-addr"
            | "mac-addr"
            | "mutex"
            | "network-traffic"
            | "process"
            | "software"
            | "url"
            | "user-account"
            | "windows-registry-key"
            | "x509-certificate"
    )
}
