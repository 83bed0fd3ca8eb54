//! Taking an item back: no door serves any version of it any more.

use std::collections::BTreeSet;
use std::sync::Arc;

use vedetta_model::{Actor, ItemId, OrganisationNumber, Role};
use vedetta_store::{ItemQuery, Sequence};

use crate::authority::{PRODUCERS, require};
use crate::error::FlowError;
use crate::house::House;
use crate::redaction::Redactor;
use crate::views::withdrawals::keep;
use crate::wording;

impl House {
    /// Withdraws an item, its derived form included. Its producer may, and the node's duty
    /// officers. Where several have brought it each withdraws its own; a duty officer whose organisation
    /// brought none, what everybody did.
    ///
    /// # Errors
    /// Forbidden, unknown to the actor, or no reason or too long a one.
    pub fn withdraw(&self, by: &Actor, item: &ItemId, reason: &str) -> Result<(), FlowError> {
        require(by, PRODUCERS, "withdraw items")?;
        wording::reason(reason)?;
        self.item(by, item)?;
        let own = self.number_of(&by.organisation)?;
        let mut producers = self.bringers(item)?;
        if producers.contains(&own) {
            producers = [own].into();
        } else if !self.is_of_the_room(by, &[Role::DutyOfficer]) {
            let advice = "ask its producer, or a duty officer of the node";
            return Err(FlowError::forbidden(by, "withdraw this item", advice));
        }
        let (actor, item) = (by.account.to_string(), item.clone());
        let facts = serde_json::json!({ "reason": reason }).to_string();
        let (shared, reason) = (Arc::clone(&self.shared), reason.to_owned());
        let redactor = Redactor::of(self);
        let withdrawn = self.write(move |unit| {
            shared.touch_served();
            let mut withdrawn = None;
            for producer in &producers {
                let mut releases = unit.releases(&item)?;
                releases.retain(|it| it.producer == *producer);
                let forms = redactor.forms_named_by(unit, &releases)?.into_iter();
                let forms: BTreeSet<_> = forms.map(|form| (form.id, form.producer)).collect();
                for (derived, producer) in &forms {
                    // Who has the derived form is not told why: the words may tell the victim.
                    if let Some(stamp) = unit.withdraw(derived, *producer, &actor, "{}")? {
                        keep(unit, (derived, *producer), stamp, (&actor, ""))?;
                    }
                }
                if let Some(stamp) = unit.withdraw(&item, *producer, &actor, &facts)? {
                    keep(unit, (&item, *producer), stamp, (&actor, &reason))?;
                    withdrawn = Some(stamp);
                }
            }
            Ok(withdrawn)
        })?;
        withdrawn.map(drop).ok_or_else(|| {
            FlowError::Conflict("it was withdrawn before; nothing is left to do".into())
        })
    }

    /// Who brought what is served under an identifier.
    fn bringers(&self, item: &ItemId) -> Result<BTreeSet<OrganisationNumber>, FlowError> {
        let (mut bringers, mut after) = (BTreeSet::new(), Some(Sequence::START));
        while let Some(place) = after {
            let page = self.read(|reader| reader.items(&ItemQuery::of(item, place, 1_000)))?;
            bringers.extend(page.items.iter().map(|it| it.producer));
            after = page.next;
        }
        Ok(bringers)
    }
}
