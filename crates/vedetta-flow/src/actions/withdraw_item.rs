//! Taking an item back, whole or in one of its versions: no door serves it any more.

use std::collections::BTreeSet;
use std::sync::Arc;

use vedetta_model::{Actor, Instant, ItemId, OrganisationNumber, Role};
use vedetta_store::{ItemQuery, ItemState, Sequence, StoreError, UnitOfWork, VersionFilter};

use crate::authority::{PRODUCERS, require};
use crate::error::FlowError;
use crate::house::House;
use crate::redaction::Redactor;
use crate::views::withdrawals::{keep, offer_the_rest};
use crate::wording;

impl House {
    /// Withdraws an item, its derived form included. Its producer may, and the node's duty
    /// officers. Where several have brought it each withdraws its own; a duty officer whose organisation
    /// brought none, what everybody did.
    ///
    /// # Errors
    /// Forbidden, unknown to the actor, or no reason or too long a one.
    pub fn withdraw(&self, by: &Actor, item: &ItemId, reason: &str) -> Result<(), FlowError> {
        self.withdraw_versions(by, (item, VersionFilter::All), reason)
    }

    /// The same of some versions alone; [`VersionFilter::All`] is the item, with what is to come. What has
    /// no versions goes whole.
    ///
    /// # Errors
    /// The same, or that no version is so.
    pub fn withdraw_versions(
        &self,
        by: &Actor,
        (item, versions): (&ItemId, VersionFilter),
        reason: &str,
    ) -> Result<(), FlowError> {
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
        let (actor, of, reason) = (by.account.to_string(), item.clone(), reason.to_owned());
        let whole = versions == VersionFilter::All;
        let (shared, redactor) = (Arc::clone(&self.shared), Redactor::of(self));
        let withdrawn = self.write(move |unit| {
            shared.touch_served();
            let mut withdrawn = false;
            for producer in &producers {
                for version in meant(unit, (&of, *producer), &versions)? {
                    let of = (&of, (*producer, version));
                    withdrawn |= take(unit, &redactor, of, (&actor, &reason))?;
                }
                offer_the_rest(unit, &shared, (&of, *producer))?;
            }
            Ok(withdrawn)
        })?;
        match withdrawn {
            true => Ok(()),
            false if whole => {
                let sentence = "it was withdrawn before; nothing is left to do";
                Err(FlowError::Conflict(sentence.into()))
            }
            false => Err(FlowError::unknown("version as the filter says of", item)),
        }
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

/// The versions that are meant of what a producer brought; none is all. What one of them revoked goes
/// with it: who did not have the revocation does not get it any more.
fn meant(
    unit: &mut dyn UnitOfWork,
    (item, producer): (&ItemId, OrganisationNumber),
    versions: &VersionFilter,
) -> Result<BTreeSet<Option<Instant>>, StoreError> {
    if *versions == VersionFilter::All {
        return Ok([None].into());
    }
    let (mut meant, mut revoked) = (BTreeSet::new(), None);
    let mut after = Some(Sequence::START);
    while let Some(place) = after {
        let page = unit.items(&ItemQuery {
            producer: Some(producer),
            versions: versions.clone(),
            ..ItemQuery::of(item, place, 1_000)
        })?;
        let by_value = item.follows_from_value();
        meant.extend(page.items.iter().map(|it| (!by_value).then_some(it.version)));
        let revoking = page.items.iter().filter(|it| it.state == ItemState::Revoked);
        revoked = revoking.map(|it| it.version).max().max(revoked);
        after = page.next;
    }
    if revoked.is_some() {
        let own = unit.releases(item)?.into_iter().filter(|it| it.producer == producer);
        meant.extend(own.map(|it| Some(it.version)).filter(|it| *it < revoked));
    }
    Ok(meant)
}

/// Withdraws what a producer brought, or a version of it, and the form that was made of that.
fn take(
    unit: &mut dyn UnitOfWork,
    redactor: &Redactor,
    (item, of): (&ItemId, (OrganisationNumber, Option<Instant>)),
    (actor, reason): (&str, &str),
) -> Result<bool, StoreError> {
    let meant = |version| of.1.is_none_or(|of| of == version);
    let mut releases = unit.releases(item)?;
    releases.retain(|it| it.producer == of.0 && meant(it.version));
    let forms = redactor.forms_named_by(unit, &releases)?.into_iter();
    let forms = forms.filter(|form| meant(form.version));
    let forms: BTreeSet<_> = forms.map(|form| (form.id, form.producer)).collect();
    for (derived, producer) in &forms {
        // Who has the derived form is not told why: the words may tell the victim.
        let of = (*producer, of.1);
        if let Some(stamp) = unit.withdraw(derived, of, actor, "{}")? {
            keep(unit, (derived, of), stamp, (actor, ""))?;
        }
    }
    let facts = serde_json::json!({ "reason": reason }).to_string();
    let stamp = unit.withdraw(item, of, actor, &facts)?;
    if let Some(stamp) = stamp {
        keep(unit, (item, of), stamp, (actor, reason))?;
    }
    Ok(stamp.is_some())
}
