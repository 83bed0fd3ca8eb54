//! The signed agreement as an enforceable object.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::id::{AccountId, AgreementId, ContactId, OrganisationId};
use crate::item::Category;
use crate::marking::{Iep, Tlp};
use crate::organisation::{Criticality, OrganisationKind, Sector};
use crate::time::Instant;

/// A signed protocol: who exchanges what with whom, until when, and with which duties.
///
/// An *adhesion* is an agreement with a `parent`, an `adhesion` and no parties of its own: it
/// brings one organisation into a party of the parent, under the parent's terms.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// Its identifier, e.g. `pro-c2si-umbria`.
    pub id: AgreementId,
    /// Its title.
    pub title: String,
    /// The agreement under which it was made; it binds only while the parent does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<AgreementId>,
    /// The agreement that it follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub succeeds: Option<AgreementId>,
    /// Its stage, and how it came to it.
    #[serde(default)]
    pub stage: Stage,
    /// From when until when it binds.
    pub term: Term,
    /// The organisation that it brings into a party of the parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adhesion: Option<Adhesion>,
    /// The parties; two at least, unless it is an adhesion.
    #[serde(default, rename = "party", skip_serializing_if = "Vec::is_empty")]
    pub parties: Vec<Party>,
    /// What it says about handling.
    #[serde(default)]
    pub handling: HandlingTerms,
    /// What the recipients owe.
    #[serde(default)]
    pub duties: Duties,
    /// Who does what, by type of incident.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub raci: Vec<RaciLine>,
    /// The critical systems it covers, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub systems: Vec<String>,
    /// What becomes of the campaigns that its parties report to the mail desk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailTerms>,
}

/// The stage of an agreement. Only [`Stage::InForce`] within its term releases anything.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Stage {
    /// Being written.
    #[default]
    Draft,
    /// Signed and binding within its term.
    InForce {
        /// When it was put in force.
        since: Instant,
        /// By whom.
        by: AccountId,
    },
    /// Stopped for now.
    Suspended {
        /// When it was suspended.
        since: Instant,
        /// By whom.
        by: AccountId,
        /// Why.
        reason: String,
    },
    /// Over: its term ended, or somebody ended it.
    Expired {
        /// When it ended.
        since: Instant,
        /// By whom; absent when its term ended by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<AccountId>,
    },
}

/// From when until when an agreement binds: civil days in Rome, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// The day of signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Date>,
    /// The first day.
    pub from: Date,
    /// The last day.
    pub until: Date,
    /// What happens after the last day.
    #[serde(default)]
    pub renewal: Renewal,
}

/// What happens after the last day of a term.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Renewal {
    /// It ends.
    #[default]
    None,
    /// It goes on only if the parties sign again.
    Explicit,
    /// It goes on for the same length unless somebody objects.
    Tacit,
}

/// An organisation's adhesion to a party of the parent agreement.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adhesion {
    /// The name of the party in the parent.
    pub party: String,
    /// Who adheres; it must satisfy the party's selector.
    pub organisation: OrganisationId,
}

/// One side of an agreement.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// Its name in the agreement, e.g. `centre`, `municipalities`.
    pub name: String,
    /// Members by name.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub organisations: BTreeSet<OrganisationId>,
    /// Members by what they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub select: Option<Selector>,
    /// What its members give to the other parties.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub gives: BTreeSet<Category>,
    /// What its members receive from the other parties.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub receives: BTreeSet<Category>,
    /// Whether its members also exchange with one another.
    #[serde(default)]
    pub within: Within,
    /// Its operational contacts under this agreement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<ContactId>,
}

/// Whether the members of one party exchange with one another.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Within {
    /// Only with the other parties.
    #[default]
    Apart,
    /// Also among themselves, what they give and receive.
    Together,
}

/// Members by what they are: every condition given must hold.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selector {
    /// One of these kinds.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub kinds: BTreeSet<OrganisationKind>,
    /// In one of these regions.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub regions: BTreeSet<String>,
    /// In one of these provinces.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub provinces: BTreeSet<String>,
    /// In one of these sectors.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sectors: BTreeSet<Sector>,
    /// More residents than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population_above: Option<u32>,
    /// At least this critical.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criticality: Option<Criticality>,
    /// Whether the organisation must also have adhered.
    #[serde(default)]
    pub adhesion: AdhesionRule,
}

/// Whether a selected organisation must also have adhered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdhesionRule {
    /// Being selected is enough.
    #[default]
    NotNeeded,
    /// An adhesion in force is needed.
    Required,
}

/// What an agreement says about handling.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HandlingTerms {
    /// The strictest marking that it releases.
    pub highest_tlp: Tlp,
    /// The marking of what a party gives without one.
    pub default_tlp: Tlp,
    /// The default policy, at most one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iep: Option<Iep>,
    /// What recipients see of a victim.
    pub victim: VictimVisibility,
    /// What a newcomer receives of the past.
    pub history: History,
    /// Whether recipients may pass on what they received.
    pub redistribution: Redistribution,
}

/// What recipients see of a victim.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VictimVisibility {
    /// A derived item without it.
    Hidden,
    /// Who it is.
    Named,
}

/// What a newcomer receives of the past.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum History {
    /// Nothing.
    None,
    /// The last so many days.
    Days(u16),
    /// Everything since the agreement began.
    SinceAgreement,
    /// Everything.
    All,
}

/// Whether recipients may pass on what they received.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Redistribution {
    /// No.
    None,
    /// Under agreements of the same lineage (the same framework at the root).
    Lineage,
    /// Under any agreement in force that releases such an item.
    Any,
}

/// What the recipients owe.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Duties {
    /// Acknowledge what arrives within so many minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledge_minutes: Option<u32>,
    /// Which categories must be acknowledged; all when empty.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub acknowledge: BTreeSet<Category>,
    /// Training that the parties are entitled to, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training: Option<String>,
}

/// What becomes of the campaigns that the parties report to the mail desk of one of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailTerms {
    /// Who releases them.
    pub release: CampaignRelease,
    /// By itself once so many people of the parties reported it.
    #[serde(default = "MailTerms::reporters")]
    pub reporters: u32,
    /// And of so many organisations.
    #[serde(default = "MailTerms::organisations")]
    pub organisations: u32,
    /// And the desk says so of it, or worse.
    #[serde(default)]
    pub verdict: CampaignVerdict,
    /// The marking of what is released by itself; the agreement's default without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tlp: Option<Tlp>,
}

impl MailTerms {
    const fn reporters() -> u32 {
        3
    }

    const fn organisations() -> u32 {
        2
    }
}

/// Who releases a campaign.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CampaignRelease {
    /// An analyst: it is only proposed.
    Proposed,
    /// The node.
    Automatic,
}

/// What a campaign must be said to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CampaignVerdict {
    /// Malicious.
    #[default]
    Malicious,
    /// Suspicious, or malicious.
    Suspicious,
}

/// One line of the matrix of responsibilities: party names by letter.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RaciLine {
    /// The type of incident or the activity.
    pub activity: String,
    /// Who does it.
    #[serde(default)]
    pub responsible: Vec<String>,
    /// Who answers for it.
    #[serde(default)]
    pub accountable: Vec<String>,
    /// Who is asked.
    #[serde(default)]
    pub consulted: Vec<String>,
    /// Who is told.
    #[serde(default)]
    pub informed: Vec<String>,
}

impl Default for HandlingTerms {
    fn default() -> Self {
        Self {
            highest_tlp: Tlp::AmberStrict,
            default_tlp: Tlp::Amber,
            iep: None,
            victim: VictimVisibility::Hidden,
            history: History::None,
            redistribution: Redistribution::None,
        }
    }
}

impl Stage {
    /// Its name, as written.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::InForce { .. } => "in-force",
            Self::Suspended { .. } => "suspended",
            Self::Expired { .. } => "expired",
        }
    }
}
