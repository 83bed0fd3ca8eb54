//! What a peer brought that is no item: withdrawals, how agreements stand, acknowledgements,
//! contacts, who is on duty, who left.

use std::collections::BTreeSet;
use std::time::Duration;

use vedetta_federation::check::{SKEW, Verified};
use vedetta_federation::envelope::{
    Acknowledgement, Envelope, Presence, SignedAgreement, What, Withdrawal,
};
use vedetta_federation::shelf::Outcome;
use vedetta_flow::corridor::{Kept, Provenance, keep_withdrawal};
use vedetta_flow::mesh::Mesh;
use vedetta_model::agreement::Stage;
use vedetta_model::{AccountId, AgreementId, Contact, Instant, ItemId, OrganisationId};
use vedetta_store::{
    ItemQuery, Reader, RecordKind, Sequence, StoreError, StoredItem, UnitOfWork, VersionFilter,
};

use super::items::aside::aside;
use super::items::{ahead, ahead_of, set_ahead, ways};
use super::{Load, is_of};
use crate::agreements::{is_draft, is_proposed_by, known_signatures, signatories, write_signed};
use crate::places::note;
use crate::say_presence::presence_name;
use crate::scopes::texts_name;

/// Withdrawals of one origin that come before their items are remembered, so many and so long.
const MOST_AHEAD: usize = 100;
pub(super) const AHEAD_FOR: Duration = Duration::from_secs(30 * 86_400);
/// So many drafts of one node are kept at once.
const MOST_DRAFTS: usize = 64;
/// Nobody skips more wordings of an agreement.
const MOST_REVISIONS: u32 = 1_000;

impl Load {
    /// Takes in one envelope that is no item.
    pub(super) fn notice(
        &self,
        unit: &mut dyn UnitOfWork,
        verified: &Verified,
    ) -> Result<Outcome, StoreError> {
        let envelope = verified.envelope();
        let (subject, outcome) = match &envelope.what {
            What::Withdrawal(it) => (it.item.to_string(), self.withdrawal(unit, envelope, it)?),
            What::Standing(it) => (it.agreement.to_string(), self.standing(unit, verified, it)?),
            What::Agreement(it) => {
                (it.text.id.to_string(), self.agreement(unit, &envelope.origin, it)?)
            }
            What::Acknowledgement(it) => (it.item.to_string(), self.acknowledged(unit, it)?),
            What::Contact(it) => (it.id.to_string(), self.contact(unit, envelope.at, it)?),
            What::Presence(it) => {
                (it.organisation.to_string(), self.presence(unit, envelope.at, it)?)
            }
            What::Removal(it) => {
                (it.organisation.to_string(), self.removal(unit, envelope.at, it)?)
            }
            What::Item(_) => return Ok(Outcome::Idle),
        };
        // Who is on duty goes no further, and is known by its name.
        let new = outcome == Outcome::New && !matches!(envelope.what, What::Presence(_));
        if new || self.comes_sealed_anew(unit, verified, outcome)? {
            let kept = Kept::Passed { source: self.peer.clone() };
            let stamp = self.keep_envelope(unit, &subject, &kept, envelope)?;
            if matches!(envelope.what, What::Agreement(_)) {
                note(unit, &texts_name(&subject), stamp.seq)?;
            }
        }
        Ok(outcome)
    }

    /// Whether a notice that is known comes under other seals than before, since a key of its trail
    /// was stolen: then this one is passed on, once.
    fn comes_sealed_anew(
        &self,
        unit: &mut dyn UnitOfWork,
        verified: &Verified,
        outcome: Outcome,
    ) -> Result<bool, StoreError> {
        let envelope = verified.envelope();
        if outcome != Outcome::Known || !self.mesh.cards.were_revoked(envelope) {
            return Ok(false);
        }
        let hops = envelope.hops.iter().map(|hop| &hop.seal.key);
        let keys = envelope.seal.iter().map(|seal| &seal.key).chain(hops);
        let name = format!("sealed-anew/{}", verified.leaf());
        let keys = serde_json::to_vec(&keys.collect::<Vec<_>>()).unwrap_or_default();
        if unit.bookmark(&name)?.as_ref() == Some(&keys) {
            return Ok(false);
        }
        unit.set_bookmark(&name, &keys)?;
        Ok(true)
    }

    /// Only the origin of what a producer has brought withdraws it, and only while no other origin has
    /// brought the same for it. A derived form is withdrawn by itself. Where no producer is named, it is
    /// of each whose it is.
    fn withdrawal(
        &self,
        unit: &mut dyn UnitOfWork,
        envelope: &Envelope,
        withdrawal: &Withdrawal,
    ) -> Result<Outcome, StoreError> {
        let (origin, item) = (&envelope.origin, &withdrawal.item);
        let mut releases = unit.releases(item)?;
        releases.retain(|it| is_of(&self.mesh, it, withdrawal.producer.as_ref()));
        if releases.is_empty() {
            return self.withdrawn_ahead(unit, envelope, withdrawal);
        }
        let mut served = served(unit, item)?;
        served.retain(|it| is_of(&self.mesh, it, withdrawal.producer.as_ref()));
        let gave_way = !aside(unit, (origin, item), withdrawal.producer.as_ref())?.is_empty();
        let mut alone = Vec::new();
        for producer in served.iter().map(|it| it.producer).collect::<BTreeSet<_>>() {
            let own: Vec<_> = served.iter().filter(|it| it.producer == producer).cloned().collect();
            alone.extend(self.is_alone(unit, origin, &own)?.then_some(producer));
        }
        if alone.is_empty() {
            return match gave_way || self.has_brought(unit, origin, &served)? {
                true => withdrawn_elsewhere(unit, (envelope, withdrawal)),
                false if served.is_empty() => Ok(Outcome::Known),
                false => Ok(Outcome::Idle),
            };
        }
        if gave_way {
            withdrawn_elsewhere(unit, (envelope, withdrawal))?;
        }
        self.shared.touch_served();
        let facts = serde_json::json!({ "reason": withdrawal.reason, "origin": origin });
        let facts = facts.to_string();
        let said = (origin.as_str(), withdrawal.reason.as_str());
        let mut outcome = Outcome::Known;
        for producer in alone {
            let withdrawn = unit.withdraw(item, producer, &self.actor, &facts)?;
            if let Some(stamp) = withdrawn {
                keep_withdrawal(unit, (item, producer), stamp, said)?;
                outcome = Outcome::New;
            }
        }
        Ok(outcome)
    }

    /// Whether an origin has brought some of what is served.
    fn has_brought(
        &self,
        unit: &mut dyn UnitOfWork,
        origin: &OrganisationId,
        served: &[StoredItem],
    ) -> Result<bool, StoreError> {
        let mut brought = false;
        for release in served.iter().filter(|it| it.origin == it.stamp.seq) {
            let first = Provenance::of(release).is_some_and(|it| it.envelope.origin == *origin);
            let ways = ways(unit, release.origin)?;
            brought |= first || ways.iter().any(|way| way.origin() == Some(origin));
        }
        Ok(brought)
    }

    /// Remembers a withdrawal until its item comes.
    fn withdrawn_ahead(
        &self,
        unit: &mut dyn UnitOfWork,
        envelope: &Envelope,
        withdrawal: &Withdrawal,
    ) -> Result<Outcome, StoreError> {
        let mut ahead = ahead(unit, &envelope.origin)?;
        let what = ahead_of(&withdrawal.item, withdrawal.producer.as_ref());
        if ahead.contains_key(&what) {
            return Ok(Outcome::Known);
        }
        ahead.retain(|_, since| self.now < since.after(AHEAD_FOR));
        while ahead.len() >= MOST_AHEAD
            && let Some(oldest) = ahead.iter().min_by_key(|(_, since)| **since)
        {
            let oldest = oldest.0.clone();
            ahead.remove(&oldest);
        }
        ahead.insert(what, self.now);
        set_ahead(unit, &envelope.origin, &ahead)?;
        Ok(Outcome::New)
    }

    /// Whether all that is served of an item came from one origin, by every way.
    fn is_alone(
        &self,
        unit: &mut dyn UnitOfWork,
        origin: &OrganisationId,
        served: &[StoredItem],
    ) -> Result<bool, StoreError> {
        for release in served {
            let first = release.origin == release.stamp.seq;
            let brought = Provenance::of(release).map(|it| it.envelope.origin);
            let by = unit.entries(Sequence(release.stamp.seq.0.saturating_sub(1)), 1)?.pop();
            let from_afar = by.is_some_and(|it| it.actor.starts_with("peer:"));
            let here = !first && !from_afar && self.is_by_own_right(unit, release)?;
            if here || brought.as_ref().unwrap_or(&self.mesh.me) != origin {
                return Ok(false);
            }
            let ways = ways(unit, release.origin)?;
            if ways.iter().any(|way| way.origin().is_some_and(|it| it != origin)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether somebody here brought it too.
    fn is_by_own_right(
        &self,
        unit: &mut dyn UnitOfWork,
        release: &StoredItem,
    ) -> Result<bool, StoreError> {
        let clearance = self.shared.book.seen_by(unit, release.clearance)?;
        Ok(clearance.is_some_and(|it| it.handling.via.is_empty()))
    }

    /// A text that another node proposes or accepted. Nobody here has to do anything for it to bind
    /// once all that must have signed it have.
    fn agreement(
        &self,
        unit: &mut dyn UnitOfWork,
        origin: &OrganisationId,
        signed: &SignedAgreement,
    ) -> Result<Outcome, StoreError> {
        if signed.text.stage != Stage::Draft || !is_proposed_by(&self.mesh, signed, origin) {
            return Ok(Outcome::Idle);
        }
        let id = &signed.text.id;
        let known = known_signatures(unit, id)?;
        let draft = is_draft(unit, id)?;
        // What binds is not written anew, nor what somebody here wrote and has shown to nobody.
        if draft == Some(false) || (draft.is_some() && known.is_none()) {
            return Ok(Outcome::Known);
        }
        let before = known.as_ref().map_or(0, |known| known.revision);
        if signed.revision > before.saturating_add(MOST_REVISIONS) {
            return Ok(Outcome::Idle);
        }
        if known.is_none() && !self.counts_draft(unit, origin, id)? {
            return Ok(Outcome::Idle);
        }
        let party = |known: &SignedAgreement| {
            let signatories = signatories(&self.mesh, &known.text);
            signed.signatures.iter().any(|(node, _)| signatories.contains(node))
        };
        let merged = match known {
            Some(known) if known.revision > signed.revision => return Ok(Outcome::Known),
            Some(known) if known.revision < signed.revision && !party(&known) => {
                return Ok(Outcome::Idle);
            }
            Some(known) if known.revision == signed.revision && known.text != signed.text => {
                return Ok(Outcome::Idle);
            }
            Some(mut known) if known.revision == signed.revision => {
                let has = |node| known.signatures.iter().any(|(it, _)| it == node);
                let new = signed.signatures.iter().filter(|(node, _)| !has(node));
                let new: Vec<_> = new.cloned().collect();
                if new.is_empty() {
                    return Ok(Outcome::Known);
                }
                known.signatures.extend(new);
                known
            }
            _ => signed.clone(),
        };
        write_signed(unit, &self.shared, (&self.mesh, self.now), &self.actor, &merged)?;
        Ok(Outcome::New)
    }

    /// Counts one more draft of a node, when it may have one more here.
    fn counts_draft(
        &self,
        unit: &mut dyn UnitOfWork,
        origin: &OrganisationId,
        id: &AgreementId,
    ) -> Result<bool, StoreError> {
        let name = format!("drafts/{origin}");
        let kept = unit.bookmark(&name)?.and_then(|kept| serde_json::from_slice(&kept).ok());
        let mut drafts: Vec<AgreementId> = kept.unwrap_or_default();
        if drafts.len() >= MOST_DRAFTS {
            let mut still = Vec::new();
            for id in drafts {
                if is_draft(unit, &id)? == Some(true) {
                    still.push(id);
                }
            }
            drafts = still;
        }
        if drafts.len() >= MOST_DRAFTS {
            return Ok(false);
        }
        drafts.push(id.clone());
        unit.set_bookmark(&name, &serde_json::to_vec(&drafts).unwrap_or_default())?;
        Ok(true)
    }

    /// The account under which another node acts here.
    pub(super) fn by(&self) -> Option<AccountId> {
        AccountId::new(self.peer.as_str()).ok()
    }

    /// An acknowledgement of what this node cleared for who acknowledges, at a moment that can be.
    fn acknowledged(
        &self,
        unit: &mut dyn UnitOfWork,
        said: &Acknowledgement,
    ) -> Result<Outcome, StoreError> {
        let organisation = self.mesh.standing.directory.number(&said.organisation);
        let releases = releases_of(unit, &self.mesh, said)?;
        let release = releases.last();
        let (Some(organisation), Some(release), Some(by)) = (organisation, release, self.by())
        else {
            return Ok(Outcome::Idle);
        };
        let mut reached = false;
        for release in &releases {
            let clearance = self.shared.book.seen_by(unit, release.clearance)?;
            reached |= clearance.is_some_and(|it| it.audience.contains(organisation));
        }
        let may = release.stamp.at.before(SKEW)..=self.now.after(SKEW);
        if !reached || !may.contains(&said.seen) {
            return Ok(Outcome::Idle);
        }
        let acknowledgement = vedetta_store::Acknowledgement {
            release: release.stamp.seq,
            organisation,
            by,
            at: said.seen,
            note: said.note.clone(),
        };
        let recorded = unit.acknowledge(&acknowledgement)?;
        Ok(if recorded.is_some() { Outcome::New } else { Outcome::Known })
    }

    fn contact(
        &self,
        unit: &mut dyn UnitOfWork,
        at: Instant,
        contact: &Contact,
    ) -> Result<Outcome, StoreError> {
        let directory = &self.mesh.standing.directory;
        // It may have left with what came before in the same batch: a contact of nobody reads back for
        // nobody.
        let owner = unit.record(RecordKind::Organisation, contact.organisation.as_str())?;
        if directory.number(&contact.organisation).is_none() || owner.is_none() {
            return Ok(Outcome::Idle);
        }
        let before = unit.record(RecordKind::Contact, contact.id.as_str())?;
        let before: Option<Contact> =
            before.and_then(|record| serde_json::from_slice(&record.body).ok());
        if before.as_ref().is_some_and(|it| it.organisation != contact.organisation) {
            return Ok(Outcome::Idle);
        }
        // Who answers when it does not, and its account, are this node's to know.
        let substitute = contact
            .substitute
            .clone()
            .filter(|id| directory.contacts().iter().any(|it| it.id == *id));
        let contact = Contact { account: None, substitute, ..contact.clone() };
        if before.as_ref() == Some(&contact) {
            return Ok(Outcome::Known);
        }
        if !is_newest(unit, &format!("contact/{}", contact.id), at)? {
            return Ok(Outcome::Known);
        }
        let body = serde_json::to_vec(&contact).unwrap_or_default();
        self.shared.touch(RecordKind::Contact);
        unit.put_record(RecordKind::Contact, contact.id.as_str(), &body, &self.actor)?;
        Ok(Outcome::New)
    }

    fn presence(
        &self,
        unit: &mut dyn UnitOfWork,
        at: Instant,
        presence: &Presence,
    ) -> Result<Outcome, StoreError> {
        if self.mesh.standing.directory.number(&presence.organisation).is_none() {
            return Ok(Outcome::Idle);
        }
        let name = presence_name(&presence.organisation);
        if !is_newest(unit, &format!("at/{name}"), at)? {
            return Ok(Outcome::Known);
        }
        unit.set_bookmark(&name, &serde_json::to_vec(presence).unwrap_or_default())?;
        Ok(Outcome::New)
    }
}

/// The releases that an acknowledgement is of.
pub(crate) fn releases_of<R: Reader + ?Sized>(
    reader: &mut R,
    mesh: &Mesh,
    said: &Acknowledgement,
) -> Result<Vec<StoredItem>, StoreError> {
    let version: Instant = said.version.parse().unwrap_or_default();
    let mut releases = reader.releases(&said.item)?;
    let by_value = said.item.follows_from_value() && said.producer.is_some();
    releases.retain(|it| {
        (by_value || it.version == version) && is_of(mesh, it, said.producer.as_ref())
    });
    Ok(releases)
}

/// What others brought too, or what gave way to something else, stays as it is here. Who withdraws it
/// and has brought it is heard by the nodes beyond all the same, once: there it may be the only one.
fn withdrawn_elsewhere(
    unit: &mut dyn UnitOfWork,
    (envelope, withdrawal): (&Envelope, &Withdrawal),
) -> Result<Outcome, StoreError> {
    let name = elsewhere_name(&envelope.origin, (&withdrawal.item, withdrawal.producer.as_ref()));
    if unit.bookmark(&name)?.is_some() {
        return Ok(Outcome::Known);
    }
    let upto = unit.head()?.map_or(Sequence::START, |(stamp, _)| stamp.seq);
    unit.set_bookmark(&name, &serde_json::to_vec(&upto).unwrap_or_default())?;
    Ok(Outcome::New)
}

/// Whether an origin has withdrawn what one organisation brought of an item, and what came at a place
/// with it.
pub(crate) fn is_withdrawn_elsewhere<R: Reader + ?Sized>(
    reader: &mut R,
    origin: &OrganisationId,
    (item, producer): (&ItemId, &OrganisationId),
    place: Sequence,
) -> Result<bool, StoreError> {
    for producer in [None, Some(producer)] {
        let Some(kept) = reader.bookmark(&elsewhere_name(origin, (item, producer)))? else {
            continue;
        };
        // In ledgers written before it is not said where.
        let upto = serde_json::from_slice(&kept).ok().filter(|upto| *upto > Sequence(1));
        if upto.is_none_or(|upto| place <= upto) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Where it is kept that an origin withdrew what is not served as it brought it.
fn elsewhere_name(
    origin: &OrganisationId,
    (item, producer): (&ItemId, Option<&OrganisationId>),
) -> String {
    format!("withdrawn-elsewhere/{origin} {}", ahead_of(item, producer))
}

/// What is served of an item.
fn served(unit: &mut dyn UnitOfWork, item: &ItemId) -> Result<Vec<StoredItem>, StoreError> {
    let (mut all, mut next) = (Vec::new(), Some(Sequence::START));
    while let Some(after) = next {
        let page = unit.items(&ItemQuery {
            after,
            until: None,
            as_of: None,
            without: &[],
            limit: 1_000,
            clearances: None,
            producer: None,
            ids: std::slice::from_ref(item),
            kinds: &[],
            versions: VersionFilter::All,
        })?;
        all.extend(page.items);
        next = page.next;
    }
    Ok(all)
}

/// Whether something said at a moment is newer than what was said before; remembers that it was.
pub(super) fn is_newest(
    unit: &mut dyn UnitOfWork,
    name: &str,
    at: Instant,
) -> Result<bool, StoreError> {
    let before = unit.bookmark(name)?;
    let before: Option<Instant> = before.and_then(|before| serde_json::from_slice(&before).ok());
    if before.is_some_and(|before| at <= before) {
        return Ok(false);
    }
    unit.set_bookmark(name, &serde_json::to_vec(&at).unwrap_or_default())?;
    Ok(true)
}
