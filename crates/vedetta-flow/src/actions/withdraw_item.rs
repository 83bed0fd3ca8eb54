//! Taking an item back, whole or in one of its versions: no door serves it any more.

use std::collections::BTreeSet;
use std::sync::Arc;

use vedetta_model::{Actor, Instant, ItemId, OrganisationNumber, Role};
use vedetta_store::{
    ItemQuery, ItemState, Sequence, StoreError, StoredItem, UnitOfWork, VersionFilter,
};

use crate::authority::{PRODUCERS, require};
use crate::error::FlowError;
use crate::house::House;
use crate::redaction::Redactor;
use crate::views::read_items::all_of;
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
        let own = self.number_of(&by.organisation)?;
        let releases = self.read(|reader| reader.releases(item))?;
        // One's own is meant also when nothing of it is served any more, and never what others brought.
        let producers = if releases.iter().any(|it| it.producer == own) {
            [own].into()
        } else {
            self.item(by, item)?;
            if !self.is_of_the_room(by, &[Role::DutyOfficer]) {
                let advice = "ask its producer, or a duty officer of the node";
                return Err(FlowError::forbidden(by, "withdraw this item", advice));
            }
            self.bringers(item)?
        };
        let (actor, of, reason) = (by.account.to_string(), item.clone(), reason.to_owned());
        let whole = versions == VersionFilter::All;
        let (shared, redactor) = (Arc::clone(&self.shared), Redactor::of(self));
        let withdrawn = self.write(move |unit| {
            shared.touch_served();
            let (mut withdrawn, all) = (false, unit.releases(&of)?);
            for producer in &producers {
                let line: Vec<_> = all.iter().filter(|it| it.producer == *producer).collect();
                for version in meant(unit, (&of, *producer), (&versions, &line))? {
                    let of = (&of, (*producer, version));
                    withdrawn |= take(unit, (&redactor, &line), of, (&actor, &reason))?;
                }
                offer_the_rest(unit, &shared, (&of, *producer))?;
            }
            Ok(withdrawn)
        })?;
        if withdrawn {
            return Ok(());
        }
        self.item(by, item)?;
        if whole {
            let sentence = "it was withdrawn before; nothing is left to do";
            return Err(FlowError::Conflict(sentence.into()));
        }
        Err(FlowError::unknown("version as the filter says of", item))
    }

    /// Who brought what is served under an identifier.
    fn bringers(&self, item: &ItemId) -> Result<BTreeSet<OrganisationNumber>, FlowError> {
        let served =
            self.read(|reader| all_of(reader, ItemQuery::of(item, Sequence::START, 1_000)))?;
        Ok(served.iter().map(|it| it.producer).collect())
    }
}

/// The versions that are meant of what a producer brought; none is all. What one of them revoked goes
/// with it: who did not have the revocation does not get it any more.
fn meant(
    unit: &mut dyn UnitOfWork,
    (item, producer): (&ItemId, OrganisationNumber),
    (versions, line): (&VersionFilter, &[&StoredItem]),
) -> Result<BTreeSet<Option<Instant>>, StoreError> {
    if *versions == VersionFilter::All {
        return Ok([None].into());
    }
    let all = ItemQuery::of(item, Sequence::START, 1_000);
    let served =
        all_of(unit, ItemQuery { producer: Some(producer), versions: versions.clone(), ..all })?;
    let by_value = item.follows_from_value();
    let revoking = served.iter().filter(|it| it.state == ItemState::Revoked);
    let revoked = revoking.map(|it| it.version).max();
    let mut meant: BTreeSet<_> =
        served.iter().map(|it| (!by_value).then_some(it.version)).collect();
    if revoked.is_some() {
        meant.extend(line.iter().map(|it| Some(it.version)).filter(|it| *it < revoked));
    }
    Ok(meant)
}

/// Withdraws what a producer brought, or a version of it, and the form that was made of that.
fn take(
    unit: &mut dyn UnitOfWork,
    (redactor, line): (&Redactor, &[&StoredItem]),
    (item, of): (&ItemId, (OrganisationNumber, Option<Instant>)),
    (actor, reason): (&str, &str),
) -> Result<bool, StoreError> {
    let meant = |version| of.1.is_none_or(|of| of == version);
    let releases = line.iter().filter(|it| meant(it.version)).map(|it| StoredItem::clone(it));
    let releases: Vec<_> = releases.collect();
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
