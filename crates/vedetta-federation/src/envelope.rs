//! What travels between nodes, sealed by its origin.
//!
//! ```json
//! {"v":1, "origin":"cosc-umbria", "at":"…", "place":71, "what":{"item":{…}}, "seal":{…}, "hops":[…]}
//! ```
//!
//! The leaf that the origin seals is the canonical JSON (RFC 8785) of the envelope without `seal`
//! and `hops`, with the SHA-256 of an item's object in its place: an object is one text everywhere. It is the identity of what travels: whoever receives two envelopes with one leaf has
//! one thing by two paths. Neither the key nor the batch is part of it.

use serde::{Deserialize, Serialize};
use vedetta_model::{AgreementId, Contact, Handling, Instant, ItemId, OrganisationId};
use vedetta_policy::Form;

use crate::digest::{Digest, digest};
use crate::frame::LARGEST_BATCH;
use crate::hop::Hop;
use crate::key::Signature;
use crate::object::Object;
use crate::passages::Passages;
use crate::seal::{Seal, leaf};
use crate::sorted;
use crate::text::Text;

/// The version of the envelope that this crate writes and reads.
pub const VERSION: u8 = 1;

/// About so many octets has an envelope beside what it carries, and a hop.
const APIECE: usize = 700;

/// About so many octets of JSON has a batch beside its envelopes, at most.
const BATCH: usize = 4 << 10;

/// Names in conditions weigh so much each, beside their letters.
const NAME: usize = 48;

/// What is no item has at most so many octets of JSON.
pub const LARGEST_NOTICE: usize = 8 << 10;

/// And the text of an agreement, with its signatures.
pub const LARGEST_AGREEMENT: usize = 256 << 10;

/// A reason or a note has at most so many characters: then it is within [`LARGEST_NOTICE`].
pub const LONGEST_WORDS: usize = 1_000;

/// What travels, from whom, and how it came.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// The version of the format: 1.
    pub v: u8,
    /// The node that brought it into the network.
    pub origin: OrganisationId,
    /// When it came into the origin's ledger.
    pub at: Instant,
    /// Where in the origin's ledger.
    pub place: u64,
    /// What it is.
    pub what: What,
    /// The origin's seal; absent until it is sent for the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<Seal>,
    /// Who passed it on to whom, the origin's own sending first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<Hop>,
}

/// What an envelope carries.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A version of an item. A revocation is one too: STIX says `revoked`.
    Item(Box<Item>),
    /// An item that must no longer be served by those who have it.
    Withdrawal(Withdrawal),
    /// The text of an agreement, and who signed it.
    Agreement(Box<SignedAgreement>),
    /// Whether an agreement binds. Goes to every node: what was received on the strength of an
    /// agreement is no longer served when it ceases, also where its text is not known.
    Standing(StandingNotice),
    /// That an organisation has seen an item. Goes back to who gave it, and no further.
    Acknowledgement(Acknowledgement),
    /// How an organisation is reached.
    Contact(Box<Contact>),
    /// Who is on duty.
    Presence(Presence),
    /// An organisation that is no longer part of the network.
    Removal(Removal),
}

/// A version of an item with what was said about its release.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The STIX object, octet for octet as its producer gave it.
    pub object: Object,
    /// On what its release depends. Without `via`. For a derived form: no victims, and the origin's
    /// own organisation as the producer, since the producer may be the victim.
    pub conditions: Handling,
    /// Which form it is. The origin alone makes the redacted one.
    pub form: Form,
    /// In a full form that tells a victim: the identifier of the derived form, which goes with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived: Option<ItemId>,
}

/// An item withdrawn by its origin. It goes wherever the item goes or went.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    /// Which item; all its versions. A derived form is withdrawn by itself.
    pub item: ItemId,
    /// Whose: each organisation that brought it has versions of its own. Nothing from earlier programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub producer: Option<OrganisationId>,
    /// Why, in words.
    pub reason: String,
}

/// An agreement as its origin wrote it, with the signatures of the nodes that accepted this text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedAgreement {
    /// Its text. `stage` is `draft`: whether it binds is the [`StandingNotice`]'s to say.
    pub text: Text,
    /// Counts the changes of the text, from one.
    pub revision: u32,
    /// By node, over `SHA-256(0x02 ‖ canonical JSON of {revision, text})`.
    pub signatures: Vec<(OrganisationId, Signature)>,
}

/// Whether an agreement binds, as the node that changed it says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandingNotice {
    /// Which agreement.
    pub agreement: AgreementId,
    /// Counts the changes, from one; the highest counts, and of equals the lesser leaf.
    pub revision: u64,
    /// How it stands since.
    pub now: Stands,
    /// Since when.
    pub since: Instant,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How an agreement stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stands {
    /// It binds within its term.
    InForce,
    /// It does not for now.
    Suspended,
    /// It is over.
    Expired,
}

/// That an organisation has seen a version of an item.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// Which item.
    pub item: ItemId,
    /// Its version, as STIX writes it; of what has none, when the node had it.
    pub version: String,
    /// Whose: each organisation that brought it has versions of its own. Nothing from earlier programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub producer: Option<OrganisationId>,
    /// Who has seen it.
    pub organisation: OrganisationId,
    /// When.
    pub seen: Instant,
    /// What it says to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Who is on duty for an organisation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Presence {
    /// For whom.
    pub organisation: OrganisationId,
    /// How many are on duty.
    pub on_duty: u16,
    /// Until when this is known.
    pub until: Instant,
}

/// An organisation that is no longer part of the network.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Removal {
    /// Which.
    pub organisation: OrganisationId,
}

impl SignedAgreement {
    /// What is signed: SHA-256 of a two octet and the canonical JSON of text and revision.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let value = serde_json::json!({ "revision": self.revision, "text": self.text });
        digest(&[&[2], stix::canonical(&value).as_bytes()])
    }
}

impl What {
    /// How many octets it has as JSON.
    #[must_use]
    pub fn octets(&self) -> usize {
        octets(self)
    }

    /// How many it may have; of an item its object says, within a frame.
    pub(crate) const fn largest(&self) -> usize {
        match self {
            Self::Item(_) => usize::MAX,
            Self::Agreement(_) => LARGEST_AGREEMENT,
            _ => LARGEST_NOTICE,
        }
    }

    /// Whether it is small enough for other nodes to take it.
    #[must_use]
    pub fn travels(&self) -> bool {
        self.octets() <= self.largest()
    }
}

/// How many octets something has as JSON: written, and not kept.
pub(crate) fn octets(value: &impl Serialize) -> usize {
    let mut count = Count(0);
    // Nothing that travels fails to be written.
    let _written = serde_json::to_writer(&mut count, value).is_ok();
    count.0
}

/// Counts what is written.
struct Count(usize);

impl std::io::Write for Count {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0 += octets.len();
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Item {
    /// As [`Envelope::weight`]: the object, and the names in the conditions.
    fn weight(&self) -> usize {
        let Handling { victims, named, only_under, exercise, .. } = &self.conditions;
        let inside = exercise.iter().flat_map(|it| &it.participants);
        let victims = victims.iter().chain(inside).map(|it| it.as_str().len());
        let agreements = only_under.iter().map(|it| it.as_str().len());
        let persons =
            named.iter().map(|it| it.account.as_str().len() + it.organisation.as_str().len());
        let called = exercise.iter().map(|it| it.name.len());
        let names = victims.chain(agreements).chain(persons).chain(called);
        let names = names.map(|name| NAME + name);
        self.object.text().len() + names.sum::<usize>()
    }

    fn canonical(&self) -> String {
        let Self { object, conditions, form, derived } = self;
        let derived =
            derived.as_ref().map(|derived| format!("\"derived\":{},", canonical(derived)));
        let form = match form {
            Form::Full => "full",
            Form::Redacted => "redacted",
        };
        format!(
            "{{\"conditions\":{},{}\"form\":\"{form}\",\"object\":\"{}\"}}",
            sorted::handling(conditions),
            derived.unwrap_or_default(),
            object.digest(),
        )
    }
}

impl Envelope {
    /// What is not sealed yet, of this node's own.
    #[must_use]
    pub const fn unsealed(origin: OrganisationId, at: Instant, place: u64, what: What) -> Self {
        Self { v: VERSION, origin, at, place, what, seal: None, hops: Vec::new() }
    }

    /// What the origin seals, and what the envelope is known by: the canonical JSON of the envelope
    /// without `seal` and `hops`, and with the digest of an item's object for it, as a leaf. Written member by member: it is done for every item.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        let Self { v, origin, at, place, what, .. } = self;
        let place = canonical(place);
        let what = match what {
            What::Item(item) => format!("{{\"item\":{}}}", item.canonical()),
            other => canonical(other),
        };
        leaf(&format!(
            "{{\"at\":\"{at}\",\"origin\":\"{origin}\",\"place\":{place},\"v\":{v},\"what\":{what}}}"
        ))
    }

    /// About how many octets it has as JSON, and takes in a ledger; never less of what is as long as
    /// who wrote it liked.
    #[must_use]
    pub fn weight(&self) -> usize {
        let what = match &self.what {
            What::Item(item) => item.weight(),
            notice => APIECE.max(notice.octets()),
        };
        let hops = self.hops.iter().map(|hop| APIECE + hop.passages.weight());
        APIECE + what + hops.sum::<usize>()
    }

    /// Whether it goes over the wire with one more hop, which has these passages: with the longest
    /// trails there can be it may not.
    #[must_use]
    pub fn fits_with(&self, passages: &Passages) -> bool {
        // A seal that it does not have yet, and the hop; nothing but the object has more than twice
        // what it weighs.
        let more = 2 * (2 * APIECE + passages.weight());
        let most = LARGEST_BATCH - BATCH;
        2 * self.weight() + more <= most
            || serde_json::to_vec(self).is_ok_and(|json| json.len() + more <= most)
    }

    /// Who gave it to whoever has it: the last hop's sender, or the origin.
    #[must_use]
    pub fn from(&self) -> &OrganisationId {
        self.hops.last().map_or(&self.origin, |hop| &hop.from)
    }

    /// The envelope as it was when it reached a node for the first time, if it has been there: what
    /// a node that was restored from a backup gets back.
    #[must_use]
    pub fn back_to(&self, node: &OrganisationId) -> Option<Self> {
        let hops = if self.origin == *node {
            0
        } else {
            self.hops.iter().position(|hop| hop.to == *node)? + 1
        };
        let mut back = self.clone();
        back.hops.truncate(hops);
        Some(back)
    }

    /// Whether it has been at a node.
    #[must_use]
    pub fn passed(&self, node: &OrganisationId) -> bool {
        self.origin == *node || self.hops.iter().any(|hop| hop.from == *node || hop.to == *node)
    }
}

/// The canonical JSON of what our own types serialise to.
pub(crate) fn canonical(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    stix::canonical(&value)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_leaf_is_of_the_canonical_json_without_seal_and_hops() {
        let object = r#"{"type":"indicator","é":[1.50,1E3,-0,null],"a":"\u0007\"\\"}"#;
        let conditions = r#"{"producer":"a","category":"indicator","tlp":"AMBER+STRICT","pap":"GREEN",
            "victims":["b","c"],"only_under":["f"]}"#;
        let derived = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
        let texts = [
            format!(
                r#"{{"item":{{"object":{object},"conditions":{conditions},"form":"full","derived":"{derived}"}}}}"#
            ),
            format!(
                r#"{{"item":{{"object":{object},"conditions":{conditions},"form":"redacted"}}}}"#
            ),
            format!(r#"{{"withdrawal":{{"item":"{derived}","reason":"wrong: \"è\""}}}}"#),
        ];
        for (text, place) in texts.iter().zip([7, u64::MAX, 1 << 53]) {
            let what: What = serde_json::from_str(text).unwrap();
            let at = "2026-06-01T12:00:00.000250Z".parse().unwrap();
            let envelope = Envelope::unsealed("a".parse().unwrap(), at, place, what);
            let mut value: Value =
                serde_json::from_str(&serde_json::to_string(&envelope).unwrap()).unwrap();
            if let What::Item(item) = &envelope.what {
                value["what"]["item"]["object"] = item.object.digest().to_string().into();
            }
            assert_eq!(envelope.leaf(), leaf(&stix::canonical(&value)), "{value}");
        }
    }
}
