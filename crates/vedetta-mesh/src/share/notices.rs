//! What is no item: of which withdrawals, texts and contacts a peer is told.

use vedetta_federation::envelope::{Acknowledgement, LONGEST_WORDS, What, Withdrawal};
use vedetta_federation::shelf::Lane;
use vedetta_flow::corridor::Provenance;
use vedetta_flow::mesh::Mesh;
use vedetta_model::{Agreement, Audience, Contact, ItemId, OrganisationId};
use vedetta_policy::{Form, Network};
use vedetta_store::written::{RecordFacts, WithdrawnFacts};
use vedetta_store::{
    ClearanceId, DeliveryBatch, Door, Entry, Reader, RecordKind, Sequence, StoreError, StoredItem,
};

use super::{Sharing, recorded, whole_of};
use crate::take::is_of;
use crate::take::items::aside::aside;
use crate::take::notices::releases_of;

impl Sharing<'_> {
    /// An item that was withdrawn here: all that may have had it hear of it. What other nodes
    /// brought they withdraw themselves.
    pub(super) fn withdrawn(
        &mut self,
        reader: &mut dyn Reader,
        entry: &Entry,
    ) -> Result<(), StoreError> {
        let Ok(id) = ItemId::new(&entry.subject) else { return Ok(()) };
        let WithdrawnFacts { producer, facts } = WithdrawnFacts::read(&entry.facts);
        let mut releases = reader.releases(&id)?;
        releases.retain(|it| producer.is_none_or(|producer| it.producer == producer));
        if !self.may_have(releases.iter().map(|it| it.clearance))
            || !self.is_own(reader, &releases)?
        {
            return Ok(());
        }
        let held = self.is_held_from(releases.iter().map(|it| (it.clearance, whole_of(it))));
        if held && !self.went(reader, &releases)? {
            self.held_back.borrow_mut().insert(entry.stamp.seq);
            return Ok(());
        }
        let facts: serde_json::Value = serde_json::from_str(facts).unwrap_or_default();
        let reason = facts.get("reason").and_then(|it| it.as_str()).unwrap_or_default();
        // Those that were written before there was a limit are longer; and of what is held nothing more
        // is told than that it does not count.
        let words = if held { 0 } else { LONGEST_WORDS };
        let reason = reason.chars().take(words).collect();
        let form = releases.first().and_then(|first| self.shared.book.get(first.clearance));
        // Also of one that has left: without a name it would be what everybody brought.
        let producer = match producer {
            // Whose it is without the victim is not told; to others it is this node's.
            Some(_) if form.is_none_or(|it| it.form == Form::Redacted) => {
                Some(self.mesh.me.clone())
            }
            Some(number) => {
                let known = reader.numbers()?.into_iter().find(|(_, it)| *it == number);
                let Some((producer, _)) = known else { return Ok(()) };
                Some(producer)
            }
            None => None,
        };
        let what = What::Withdrawal(Withdrawal { item: id, producer, reason });
        self.say(entry, what);
        Ok(())
    }

    /// Whether somebody here brought an item, also one that a peer had brought before.
    fn is_own(&self, reader: &mut dyn Reader, releases: &[StoredItem]) -> Result<bool, StoreError> {
        // What came back after a restore is this node's own, though a peer brought it.
        let mine = |it: Provenance| it.envelope.origin == self.mesh.me;
        if releases.first().is_some_and(|first| Provenance::of(first).is_none_or(mine)) {
            return Ok(true);
        }
        for release in releases.iter().filter(|it| it.origin != it.stamp.seq) {
            let clearance = self.shared.book.get(release.clearance);
            if clearance.is_none_or(|it| !it.handling.via.is_empty()) {
                continue;
            }
            let entry = reader.entries(Sequence(release.stamp.seq.0.saturating_sub(1)), 1)?.pop();
            if entry.is_some_and(|entry| !entry.actor.starts_with("peer:")) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether something was ever cleared for somebody at the peer.
    fn may_have(&self, clearances: impl Iterator<Item = ClearanceId>) -> bool {
        let book = &self.shared.book;
        clearances.filter_map(|id| book.get(id)).any(|it| {
            recorded(book, &it).meets(&self.ever)
                || self
                    .mesh
                    .standing
                    .network
                    .number(&it.handling.producer)
                    .is_some_and(|producer| self.ever.contains(producer))
        })
    }

    /// Whether an authority holds from everybody at the peer all that may have been cleared for them.
    fn is_held_from(&self, released: impl Iterator<Item = (ClearanceId, ItemId)>) -> bool {
        let (book, network) = (&self.shared.book, &self.mesh.standing.network);
        let mut any = false;
        for (id, whole) in released.filter(|(id, _)| self.may_have([*id].into_iter())) {
            let Some(clearance) = book.get(id) else { continue };
            let (handling, form) = (&clearance.handling, clearance.form);
            let produced = network.number(&handling.producer);
            let theirs = recorded(book, &clearance).intersection(&self.ever);
            let kept = network.kept_of(&whole, &handling.producer, &theirs);
            let item = kept.is_some_and(|kept| kept.is_empty());
            let unheld = network.decision_unheld(handling);
            let decided = network.decision(handling);
            let lost = unheld.entitled(form).difference(decided.entitled(form));
            let all = !lost.is_empty() && !decided.entitled(form).meets(&theirs);
            if produced.is_some_and(|it| self.ever.contains(it)) || !(item || all) {
                return false;
            }
            any = true;
        }
        any
    }

    /// Whether something is known to have gone to the peer.
    fn went(&self, reader: &mut dyn Reader, releases: &[StoredItem]) -> Result<bool, StoreError> {
        for release in releases {
            let place = release.stamp.seq;
            let under_way =
                self.nodes.lines().get(self.peer).map(|it| it.carries(place, &self.ever));
            if under_way == Some(true) {
                return Ok(true);
            }
            let rows = reader.deliveries(place)?;
            let theirs =
                |it: &DeliveryBatch| it.door == Door::Peer && it.audience.meets(&self.ever);
            if rows.iter().any(|it| theirs(&it.batch)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the peer gave what an acknowledgement is of: it goes back as the item came.
    pub(super) fn gave(
        &self,
        reader: &mut dyn Reader,
        said: &Acknowledgement,
    ) -> Result<bool, StoreError> {
        let releases = releases_of(reader, self.mesh, said)?;
        let source = |it: &StoredItem| Provenance::of(it).map(|it| it.source);
        Ok(releases.iter().any(|it| source(it).as_ref() == Some(self.peer)))
    }

    /// Whether what is no item is for the peer.
    pub(super) fn concerns(
        &self,
        reader: &mut dyn Reader,
        (origin, what): (&OrganisationId, &What),
    ) -> Result<bool, StoreError> {
        Ok(match what {
            What::Withdrawal(withdrawal) => {
                let mut releases = reader.releases(&withdrawal.item)?;
                releases.retain(|it| is_of(self.mesh, it, withdrawal.producer.as_ref()));
                let of = (origin, &withdrawal.item);
                // What gave way here was passed on all the same.
                let aside = aside(reader, of, withdrawal.producer.as_ref())?;
                let released = releases.iter().map(|it| (it.clearance, whole_of(it)));
                let aside = aside.into_iter().map(|it| (it, withdrawal.item.clone()));
                let all: Vec<_> = released.chain(aside).collect();
                if !self.may_have(all.iter().map(|(clearance, _)| *clearance)) {
                    return Ok(false);
                }
                if self.is_held_from(all.into_iter()) && !self.went(reader, &releases)? {
                    self.held_back.borrow_mut().insert(Sequence(self.reading));
                    return Ok(false);
                }
                true
            }
            What::Agreement(signed) => {
                is_party(&self.mesh.standing.network, &signed.text, &self.scope)
            }
            What::Item(_) => false,
            // What is served only until it is known.
            What::Standing(_) | What::Removal(_) => true,
            _ => self.ask.lane != Lane::Urgent,
        })
    }

    /// A contact of an organisation for which this node speaks.
    pub(super) fn put(&mut self, reader: &mut dyn Reader, entry: &Entry) -> Result<(), StoreError> {
        let Ok(RecordFacts { record: RecordKind::Contact }) = serde_json::from_str(&entry.facts)
        else {
            return Ok(());
        };
        let latest = reader.record(RecordKind::Contact, &entry.subject)?;
        let Ok(contact) = serde_json::from_slice::<Contact>(&entry.body) else { return Ok(()) };
        let current = latest.is_some_and(|latest| latest.stamp.seq == entry.stamp.seq);
        if current && self.is_counterpart(&contact) {
            // The account with which it acknowledges is this node's business.
            let contact = Contact { account: None, ..contact };
            self.say(entry, What::Contact(Box::new(contact)));
        }
        Ok(())
    }

    fn is_counterpart(&self, contact: &Contact) -> bool {
        let number = self.mesh.standing.network.number(&contact.organisation);
        let all = self.counterparts.get_or_init(|| counterparts(self.mesh, &self.scope));
        number.is_some_and(|number| all.contains(number))
    }
}

/// Whether some of those for whom a peer speaks are party to an agreement.
pub(crate) fn is_party(network: &Network, agreement: &Agreement, scope: &Audience) -> bool {
    let parties = match &agreement.adhesion {
        Some(adhesion) => std::slice::from_ref(&adhesion.organisation).to_vec(),
        None => agreement.parties.iter().flat_map(|it| it.organisations.clone()).collect(),
    };
    let mut named = parties.iter().filter_map(|id| network.number(id));
    let above = agreement.parent.as_ref().and_then(|parent| network.agreement(parent));
    let above = above.filter(|_| agreement.adhesion.is_some());
    let above = above.into_iter().flat_map(|above| {
        above.parties.iter().map(|party| network.members(&above.id, &party.name))
    });
    let members = agreement.parties.iter().map(|it| network.members(&agreement.id, &it.name));
    named.any(|number| scope.contains(number))
        || members.chain(above).any(|members| members.meets(scope))
}

/// The organisations for which this node speaks that are party to an agreement in force with some of
/// those for whom a peer does: it may know their contacts.
pub(crate) fn counterparts(mesh: &Mesh, scope: &Audience) -> Audience {
    let network = &mesh.standing.network;
    let mut own = mesh.scope(&mesh.me);
    if let Some(me) = network.number(&mesh.me) {
        own.insert(me);
    }
    let mut found = Audience::nobody();
    for agreement in &mesh.standing.agreements {
        if !network.standing(&agreement.id).is_some_and(|it| it.is_in_force()) {
            continue;
        }
        let mut all = Audience::nobody();
        for party in &agreement.parties {
            all.absorb(&network.members(&agreement.id, &party.name));
        }
        if all.meets(scope) {
            found.absorb(&all.intersection(&own));
        }
    }
    found
}
