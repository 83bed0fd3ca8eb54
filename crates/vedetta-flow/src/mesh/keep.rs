//! How what travels is kept in the ledger.
//!
//! An item that another node brought has its envelope, but for the object, among its facts. Other
//! envelopes, and further paths of an item, are deeds with the envelope as their body; what this
//! node has to say itself is a deed whose body is that alone.

use serde::{Deserialize, Serialize};
use vedetta_federation::Object;
use vedetta_federation::envelope::{Envelope, Item, VERSION, What};
use vedetta_federation::hop::Hop;
use vedetta_federation::seal::Seal;
use vedetta_model::{AgreementId, Handling, Instant, ItemId, OrganisationId};
use vedetta_policy::Form;
use vedetta_store::{
    ClearanceId, Draft, EntryKind, Reader, Sequence, Stamp, StoreError, StoredItem, UnitOfWork,
};

/// The facts of an item that came from another node.
#[derive(Deserialize)]
pub struct Provenance {
    /// Who brought it here.
    pub source: OrganisationId,
    /// The envelope but for the object.
    pub envelope: Bare,
}

/// An item's envelope without its object, which is the body of the entry.
#[derive(Clone, Deserialize)]
pub struct Bare {
    /// Who brought it into the network.
    pub origin: OrganisationId,
    /// When it was written there.
    pub at: Instant,
    /// Where in that ledger.
    pub place: u64,
    /// How it says that it is to be handled.
    pub conditions: Handling,
    /// Whether it is without its victim.
    pub form: Form,
    /// For a full form, the identifier of the other.
    #[serde(default)]
    pub derived: Option<ItemId>,
    /// The seal of the origin.
    pub seal: Option<Seal>,
    /// The nodes that it passed.
    pub hops: Vec<Hop>,
}

/// The facts of a deed of the exchange between nodes.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "deed", rename_all = "kebab-case")]
pub enum Kept {
    /// The body is an [`Envelope`] that a node brought, to be passed on.
    Passed {
        /// Which node.
        source: OrganisationId,
    },
    /// The body is an [`Envelope`] by which an item that was known came again.
    Path {
        /// Which node.
        source: OrganisationId,
        /// The entry with the item's body.
        origin: Sequence,
        /// Under which it was released. Written before, absent where it says no more than the ways
        /// before it.
        clearance: Option<ClearanceId>,
    },
    /// The body is the [`Envelope`] of an item that gave way to another.
    GaveWay {
        /// Which node.
        source: OrganisationId,
        /// Under which it would have been released: so it is passed on, and each node weighs it by
        /// what it has itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clearance: Option<ClearanceId>,
    },
    /// The body is [`What`] this node says itself.
    Said {
        /// To whom alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<OrganisationId>,
    },
    /// What was released under an agreement in a part of the ledger may be had again.
    OfferedAgain {
        /// Which agreement.
        under: AgreementId,
        /// After this place.
        after: Sequence,
        /// Up to this one.
        until: Sequence,
    },
    /// Places of the ledger that were passed over and are read again.
    ReadAgain {
        /// For whom alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<OrganisationId>,
        /// Which, in order.
        places: Vec<Sequence>,
    },
    /// What came from a peer and was refused.
    Refused {
        /// Which node.
        source: OrganisationId,
        /// How many.
        count: usize,
        /// Why, a few of them.
        reasons: Vec<String>,
    },
}

/// [`Provenance`] of what is at hand: written for every item that comes, so nothing is copied.
#[derive(Serialize)]
struct Facts<'a> {
    /// Always `peer`.
    door: &'static str,
    /// Who brought it here.
    source: &'a OrganisationId,
    /// For a derived form that came with its full form: that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    derived_from: Option<&'a ItemId>,
    /// The clearances that it would have had if nothing had been held.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    withheld: &'a [ClearanceId],
    envelope: Laid<'a>,
}

/// [`Bare`] of what is at hand.
#[derive(Serialize)]
struct Laid<'a> {
    origin: &'a OrganisationId,
    at: Instant,
    place: u64,
    conditions: &'a Handling,
    form: Form,
    #[serde(skip_serializing_if = "Option::is_none")]
    derived: Option<&'a ItemId>,
    seal: Option<&'a Seal>,
    hops: &'a [Hop],
}

/// About so many octets have the facts of an item that a peer brought.
const FACTS: usize = 2_500;

/// The facts of an item that a peer brought, as [`Provenance`] reads them.
#[must_use]
pub fn facts(
    source: &OrganisationId,
    (envelope, item): (&Envelope, &Item),
    derived_from: Option<&ItemId>,
    withheld: &[ClearanceId],
) -> String {
    let Item { object: _, conditions, form, derived } = item;
    let Envelope { v: _, origin, at, place, what: _, seal, hops } = envelope;
    let (seal, derived) = (seal.as_ref(), derived.as_ref());
    let (at, place, form) = (*at, *place, *form);
    let envelope = Laid { origin, at, place, conditions, form, derived, seal, hops };
    let facts = Facts { door: "peer", source, derived_from, withheld, envelope };
    let mut text = Vec::with_capacity(FACTS);
    let written = serde_json::to_writer(&mut text, &facts).ok();
    written.and_then(|()| String::from_utf8(text).ok()).unwrap_or_default()
}

impl Bare {
    /// The whole envelope again.
    #[must_use]
    pub fn with(self, body: &[u8]) -> Option<Envelope> {
        let object = Object::new(String::from_utf8(body.to_vec()).ok()?).ok()?;
        let Self { origin, at, place, conditions, form, derived, seal, hops } = self;
        let what = What::Item(Box::new(Item { object, conditions, form, derived }));
        Some(Envelope { v: VERSION, origin, at, place, what, seal, hops })
    }
}

impl Provenance {
    /// Of an item that came from another node; `None` for one that was brought here.
    #[must_use]
    pub fn of(item: &StoredItem) -> Option<Self> {
        // Most were brought here: those are told apart without reading them.
        if !item.facts.starts_with(r#"{"door":"peer""#) {
            return None;
        }
        serde_json::from_str(&item.facts).ok()
    }
}

/// Writes a deed of the exchange.
///
/// # Errors
/// What the ledger said.
pub fn keep(
    unit: &mut dyn UnitOfWork,
    (actor, subject): (&str, &str),
    kept: &Kept,
    body: &[u8],
) -> Result<Stamp, StoreError> {
    let facts = serde_json::to_string(kept).unwrap_or_default();
    unit.append(&Draft { kind: EntryKind::Deed, actor, subject, facts: &facts, body })
}

/// Writes what this node says itself.
///
/// # Errors
/// What the ledger said.
pub fn keep_own(
    unit: &mut dyn UnitOfWork,
    (actor, subject): (&str, &str),
    to: Option<&OrganisationId>,
    what: &What,
) -> Result<Stamp, StoreError> {
    let body = serde_json::to_vec(what).unwrap_or_default();
    keep(unit, (actor, subject), &Kept::Said { to: to.cloned() }, &body)
}

/// Where it is kept on which ways an item came, by its entry.
#[must_use]
pub fn ways_name(origin: Sequence) -> String {
    format!("ways/{origin}")
}

/// By which nodes what was released first at a place came, on each way, the origin first; nothing of
/// this node's own.
pub(crate) fn paths(
    reader: &mut dyn Reader,
    (item, origin): (&ItemId, Sequence),
) -> Result<Vec<Vec<OrganisationId>>, StoreError> {
    #[derive(Deserialize)]
    struct Way {
        trail: Vec<OrganisationId>,
    }
    let ways = reader.bookmark(&ways_name(origin))?;
    let ways = ways.and_then(|ways| serde_json::from_slice::<Vec<Way>>(&ways).ok());
    if let Some(ways) = ways.filter(|ways| !ways.is_empty()) {
        return Ok(ways.into_iter().map(|way| way.trail).filter(|it| !it.is_empty()).collect());
    }
    let first = reader.releases(item)?.into_iter().find(|it| it.stamp.seq == origin);
    let came = first.and_then(|first| Provenance::of(&first));
    let trail = came.map(|it| it.envelope.hops.into_iter().map(|hop| hop.from).collect::<Vec<_>>());
    Ok(trail.into_iter().filter(|it| !it.is_empty()).collect())
}

/// By the ways on which an item came, the clearances of all who were entitled then.
pub(crate) fn entitled_by_ways(
    reader: &mut dyn Reader,
    origin: Sequence,
) -> Result<Vec<ClearanceId>, StoreError> {
    #[derive(Deserialize)]
    struct Way {
        #[serde(default)]
        entitled: Option<ClearanceId>,
    }
    let ways = reader.bookmark(&ways_name(origin))?;
    let ways: Option<Vec<Way>> = ways.and_then(|ways| serde_json::from_slice(&ways).ok());
    Ok(ways.unwrap_or_default().into_iter().filter_map(|way| way.entitled).collect())
}
