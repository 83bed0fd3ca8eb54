//! Items and their clearances, as stored.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vedetta_model::{Audience, Handling, Instant, ItemId, OrganisationNumber};

use crate::chain::Digest;
use crate::entry::{Sequence, Stamp};

/// The number of an interned clearance: small and dense from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClearanceId(pub u32);

/// In which form an item goes out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// As its producer wrote it.
    Full,
    /// Derived, without the victim.
    Redacted,
}

/// A clearance to intern: equal handling, form and audience are one clearance.
#[derive(Clone, Debug)]
pub struct NewClearance<'a> {
    /// The handling that was decided on.
    pub handling: &'a Handling,
    /// The form that it releases.
    pub form: Form,
    /// To whom.
    pub audience: &'a Audience,
    /// The decision in words and identifiers, as JSON: agreements used.
    pub grounds: &'a str,
    /// The actor of its ledger entry.
    pub actor: &'a str,
}

/// A clearance as stored.
#[derive(Clone, Debug)]
pub struct StoredClearance {
    /// Its number.
    pub id: ClearanceId,
    /// When it was first decided.
    pub stamp: Stamp,
    /// The handling that was decided on.
    pub handling: Arc<Handling>,
    /// The form that it releases.
    pub form: Form,
    /// To whom.
    pub audience: Arc<Audience>,
    /// Agreements used, as JSON.
    pub grounds: String,
}

/// An item version to place.
#[derive(Clone, Debug)]
pub struct ItemDraft<'a> {
    /// The item.
    pub id: &'a ItemId,
    /// Its version: STIX `modified` (or `created`, or zero) in microseconds. Where the identifier
    /// follows from a value it does not count: the moment of its entry does.
    pub version: Instant,
    /// The organisation that brings it: versions are told apart by it.
    pub producer: OrganisationNumber,
    /// To what it lays claim.
    pub claim: Claim,
    /// The clearance under which it goes out.
    pub clearance: ClearanceId,
    /// Whether this version revokes the item.
    pub state: ItemState,
    /// Who brought it.
    pub actor: &'a str,
    /// Provenance and handling, as JSON.
    pub facts: &'a str,
    /// The object, byte for byte as received.
    pub body: &'a [u8],
}

/// To what a draft lays claim, under an identifier that follows from no value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Claim {
    /// To an identifier that nobody else has brought: what comes by a door.
    First,
    /// To a line of its producer's own, whatever others brought: what comes from another node, where
    /// each object is sealed by its origin.
    Own,
}

/// What became of a draft.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Placement {
    /// Placed as a new version.
    Added(Stamp),
    /// Placed as a version of what its producer withdrew: no door serves it.
    Withdrawn(Stamp),
    /// Its producer had brought the same version with the same bytes.
    Duplicate(Stamp),
    /// Its producer had brought the same version with other bytes; nothing was placed.
    Conflict(Stamp),
    /// Its producer has brought nothing of the item, and another the same version with the same
    /// bytes; nothing was placed. Of several the stamp is of one that is served, if any is.
    Twin(Stamp),
    /// Its producer has brought nothing of the item, and others have; nothing was placed. The stamp is
    /// of something of theirs.
    Foreign(Stamp),
}

/// Whether a version says something or takes it back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemState {
    /// It says something.
    Live,
    /// It revokes what its producer brought: earlier versions are no longer served, this notice is.
    Revoked,
}

/// An item version as one release of it: an item cleared again later appears again, with a new
/// stamp and another clearance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredItem {
    /// Where and when it was released.
    pub stamp: Stamp,
    /// The entry with its body: `stamp.seq`, or an earlier one for a re-release.
    pub origin: Sequence,
    /// The item.
    pub id: ItemId,
    /// Its version.
    pub version: Instant,
    /// The organisation that brought it.
    pub producer: OrganisationNumber,
    /// The clearance under which it went out.
    pub clearance: ClearanceId,
    /// Whether it revokes.
    pub state: ItemState,
    /// SHA-256 of the body.
    pub digest: Digest,
    /// Provenance and handling, as JSON.
    pub facts: String,
    /// The object, byte for byte as received.
    pub body: Arc<[u8]>,
}

/// Which items to read. What was withdrawn, and versions older than a revocation by the same producer,
/// never appear: a revocation counts under whatever clearance it went out, and whenever the older version
/// comes.
#[derive(Clone, Debug)]
pub struct ItemQuery<'a> {
    /// Released after this place.
    pub after: Sequence,
    /// Released up to this place; everything without it.
    pub until: Option<Sequence>,
    /// As if nothing had been released after this place: it is not read, and no version of it is newer
    /// or older than another. What was withdrawn or revoked since is gone all the same.
    pub as_of: Option<Sequence>,
    /// As if these releases had not been: none is read, and none is newer or older than another.
    pub without: &'a [Sequence],
    /// At most so many (1 to 10,000).
    pub limit: usize,
    /// Only under these clearances, sorted; `None` is all (for the house itself, never for a door).
    pub clearances: Option<&'a [ClearanceId]>,
    /// Only what this organisation brought.
    pub producer: Option<OrganisationNumber>,
    /// Only these items; empty is all.
    pub ids: &'a [ItemId],
    /// Only these STIX types; empty is all.
    pub kinds: &'a [String],
    /// Which versions.
    pub versions: VersionFilter,
}

impl<'a> ItemQuery<'a> {
    /// Every version of one item that is served, under whatever clearance, after a place.
    #[must_use]
    pub fn of(id: &'a ItemId, after: Sequence, limit: usize) -> Self {
        Self { ids: std::slice::from_ref(id), ..Self::all(after, limit) }
    }

    /// Every version of every item that is served, under whatever clearance, after a place.
    #[must_use]
    pub const fn all(after: Sequence, limit: usize) -> Self {
        Self {
            after,
            until: None,
            as_of: None,
            without: &[],
            limit,
            clearances: None,
            producer: None,
            ids: &[],
            kinds: &[],
            versions: VersionFilter::All,
        }
    }
}

/// Which versions of an item: TAXII 2.1 section 3.4, `match[version]`. Newest and oldest are meant
/// among the versions that may be read at all under the query's clearances, and of its producer,
/// whatever its range; what was released after [`ItemQuery::as_of`], or is among [`ItemQuery::without`],
/// does not count. Where several producers' may be read, each has its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum VersionFilter {
    /// Every version.
    All,
    /// The newest version.
    Last,
    /// The oldest version.
    First,
    /// These versions exactly.
    At(Vec<Instant>),
    /// Any of several of the above.
    AnyOf(Vec<VersionFilter>),
}

/// One page.
#[derive(Clone, Debug, Default)]
pub struct ItemPage {
    /// The items, in order of release.
    pub items: Vec<StoredItem>,
    /// Where to go on, when there may be more. May be set though the page is short or empty: the
    /// reader looked at many releases that the filter passed over, or the bodies are big.
    pub next: Option<Sequence>,
}
