//! What is no item: of which withdrawals, texts and contacts a peer is told.

use vedetta_federation::envelope::{LONGEST_WORDS, What, Withdrawal};
use vedetta_federation::shelf::Lane;
use vedetta_flow::corridor::Provenance;
use vedetta_model::{Audience, Contact, ItemId};
use vedetta_store::written::{RecordFacts, WithdrawnFacts};
use vedetta_store::{Entry, Reader, RecordKind, StoreError, StoredItem};

use super::Sharing;
use crate::take::is_of;

impl Sharing<'_> {
    /// An item that was withdrawn here: all that may have had it hear of it. What other nodes
    /// brought they withdraw themselves.
    pub(super) fn withdrawn(
        &mut self,
        reader: &mut dyn Reader,
        entry: &Entry,
    ) -> Result<(), StoreError> {
        let Ok(id) = ItemId::new(&entry.subject) else { return Ok(()) };
        let WithdrawnFacts { producer, facts } = WithdrawnFacts::read(&id, &entry.facts);
        let mut releases = reader.releases(&id)?;
        releases.retain(|it| producer.is_none_or(|producer| it.producer == producer));
        // What came back after a restore is this node's own, though a peer brought it.
        let mine = |it: Provenance| it.envelope.origin == self.mesh.me;
        let own = releases.first().is_some_and(|first| Provenance::of(first).is_none_or(mine));
        if !own || !self.may_have(&releases) {
            return Ok(());
        }
        let facts: serde_json::Value = serde_json::from_str(facts).unwrap_or_default();
        let reason = facts.get("reason").and_then(|it| it.as_str()).unwrap_or_default();
        // Those that were written before there was a limit are longer.
        let reason = reason.chars().take(LONGEST_WORDS).collect();
        // Also of one that has left: without a name it would be what everybody brought.
        let producer = match producer {
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

    /// Whether any release was ever cleared for somebody at the peer.
    fn may_have(&self, releases: &[StoredItem]) -> bool {
        let book = &self.shared.book;
        let clearances = releases.iter().filter_map(|release| book.get(release.clearance));
        clearances.into_iter().any(|it| {
            self.recorded(&it).meets(&self.scope)
                || self
                    .mesh
                    .standing
                    .network
                    .number(&it.handling.producer)
                    .is_some_and(|producer| self.scope.contains(producer))
        })
    }

    /// Whether what is no item is for the peer.
    pub(super) fn concerns(
        &self,
        reader: &mut dyn Reader,
        what: &What,
    ) -> Result<bool, StoreError> {
        Ok(match what {
            What::Withdrawal(withdrawal) => {
                let mut releases = reader.releases(&withdrawal.item)?;
                releases.retain(|it| is_of(self.mesh, it, withdrawal.producer.as_ref()));
                self.may_have(&releases)
            }
            What::Agreement(signed) => self.is_party(&signed.text),
            What::Item(_) => false,
            _ => self.ask.lane != Lane::Urgent,
        })
    }

    /// Whether the peer speaks for a party of an agreement.
    fn is_party(&self, agreement: &vedetta_model::Agreement) -> bool {
        let network = &self.mesh.standing.network;
        let parties = match &agreement.adhesion {
            Some(adhesion) => std::slice::from_ref(&adhesion.organisation).to_vec(),
            None => agreement.parties.iter().flat_map(|it| it.organisations.clone()).collect(),
        };
        let named = parties.iter().filter_map(|id| network.number(id));
        let above = agreement.parent.as_ref().and_then(|parent| network.agreement(parent));
        let above = above.filter(|_| agreement.adhesion.is_some());
        let above = above.into_iter().flat_map(|above| {
            above.parties.iter().map(|party| network.members(&above.id, &party.name))
        });
        let members = agreement.parties.iter().map(|it| network.members(&agreement.id, &it.name));
        let mut named = named;
        named.any(|number| self.scope.contains(number))
            || members.chain(above).any(|members| members.meets(&self.scope))
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
        if current && self.mesh.speaks(&contact.organisation) && self.is_counterpart(&contact) {
            // The account with which it acknowledges is this node's business.
            let contact = Contact { account: None, ..contact };
            self.say(entry, What::Contact(Box::new(contact)));
        }
        Ok(())
    }

    /// Whether the peer speaks for somebody who is party to an agreement with a contact's
    /// organisation.
    fn is_counterpart(&self, contact: &Contact) -> bool {
        let network = &self.mesh.standing.network;
        let Some(number) = network.number(&contact.organisation) else { return false };
        let agreements = self.mesh.standing.agreements.iter();
        agreements.filter(|it| network.standing(&it.id).is_some_and(|it| it.is_in_force())).any(
            |agreement| {
                let mut all = Audience::nobody();
                for party in &agreement.parties {
                    all.absorb(&network.members(&agreement.id, &party.name));
                }
                all.contains(number) && all.meets(&self.scope)
            },
        )
    }
}
