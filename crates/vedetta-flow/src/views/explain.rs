//! Why did they get it and they did not? And who would, before publishing?

use std::sync::Arc;

use serde::Serialize;
use vedetta_model::{Actor, AgreementId, Audience, Handling, ItemId, OrganisationId};
use vedetta_policy::{Explanation, Form};

use crate::authority::ROOM_AND_AUDITORS;
use crate::error::FlowError;
use crate::house::House;

/// Why an organisation has an item, or has it not.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// Whether it may read the item now.
    pub allowed: bool,
    /// In which form.
    pub form: Option<Form>,
    /// Under which agreement.
    pub agreement: Option<AgreementId>,
    /// In a sentence, in Italian.
    pub reason_it: String,
    /// In a sentence, in English.
    pub reason_en: String,
}

/// Who would have an item handled so, in groups that share a reason.
#[derive(Clone, Debug, Serialize)]
pub struct Preview {
    /// How many organisations would have it as it is.
    pub full: usize,
    /// How many would have it without the victim.
    pub redacted: usize,
    /// How many would not have it.
    pub nobody: usize,
    /// The groups.
    pub groups: Vec<PreviewGroup>,
}

/// Organisations that share a form and a reason.
#[derive(Clone, Debug, Serialize)]
pub struct PreviewGroup {
    /// In which form they would have it; `None` when they would not.
    pub form: Option<Form>,
    /// In a sentence, in Italian.
    pub reason_it: String,
    /// In a sentence, in English.
    pub reason_en: String,
    /// How many they are.
    pub count: usize,
    /// Who they are.
    pub organisations: Vec<OrganisationId>,
}

impl House {
    /// Why an organisation has an item, or has it not. The operations room asks about anyone,
    /// others about their own organisation and items that they may read.
    ///
    /// # Errors
    /// Unknown item or organisation.
    pub fn explain(
        &self,
        by: &Actor,
        item: &ItemId,
        organisation: &OrganisationId,
    ) -> Result<Answer, FlowError> {
        let room = self.is_of_the_room(by, ROOM_AND_AUDITORS);
        if !room && by.organisation != *organisation {
            return Err(FlowError::Forbidden {
                who: by.account.to_string(),
                what: "ask about another organisation",
                advice: "ask about your own, or ask the operations room",
            });
        }
        if room {
            return self.explain_any(item, organisation);
        }
        self.item(by, item)?;
        let (number, handling) = (self.number_of(organisation)?, self.handling_of(item)?);
        let mut explanation = self.standing().network.explain(&handling, item, number);
        explanation.reason = explanation.told.clone();
        self.answer(&explanation, item, number)
    }

    /// The same, for whoever runs the node's own commands.
    ///
    /// # Errors
    /// Unknown item or organisation.
    pub fn explain_any(
        &self,
        item: &ItemId,
        organisation: &OrganisationId,
    ) -> Result<Answer, FlowError> {
        let number = self.number_of(organisation)?;
        let handling = self.handling_of(item)?;
        let standing = self.standing();
        let explanation = standing.network.explain(&handling, item, number);
        self.answer(&explanation, item, number)
    }

    /// Who would have an item handled so. Others than the operations room are told as if nothing
    /// were held.
    ///
    /// # Errors
    /// Unknown organisations among the handling's.
    pub fn preview(&self, by: &Actor, handling: &Arc<Handling>) -> Result<Preview, FlowError> {
        let standing = self.standing();
        self.number_of(&handling.producer)?;
        let groups = if self.is_of_the_room(by, ROOM_AND_AUDITORS) {
            standing.network.preview(handling).groups
        } else {
            standing.network.preview_unheld(handling).groups
        };
        let count = |form| -> usize {
            let of_form = groups.iter().filter(|group| group.form == form);
            of_form.map(|group| group.audience.len()).sum()
        };
        let (full, redacted) = (count(Some(Form::Full)), count(Some(Form::Redacted)));
        let ids = |audience: &Audience| {
            let organisations =
                audience.iter().filter_map(|number| standing.directory.numbered(number));
            organisations.map(|it| it.id.clone()).collect::<Vec<_>>()
        };
        let nobody = count(None);
        let groups = groups.iter().map(|group| PreviewGroup {
            form: group.form,
            reason_it: group.reason.it.clone(),
            reason_en: group.reason.en.clone(),
            count: group.audience.len(),
            organisations: ids(&group.audience),
        });
        Ok(Preview { full, redacted, nobody, groups: groups.collect() })
    }

    fn answer(
        &self,
        explanation: &Explanation,
        item: &ItemId,
        number: vedetta_model::OrganisationNumber,
    ) -> Result<Answer, FlowError> {
        let mut answer = Answer {
            allowed: explanation.allowed,
            form: explanation.form,
            agreement: explanation.agreement.clone(),
            reason_it: explanation.reason.it.clone(),
            reason_en: explanation.reason.en.clone(),
        };
        if answer.allowed && !self.was_cleared(item, number)? {
            answer.allowed = false;
            answer.form = None;
            answer.reason_it =
                "Oggi lo riceverebbe, ma l'informazione è stata diffusa prima che vi \
                fosse autorizzato, e il protocollo non dà il pregresso."
                    .into();
            answer.reason_en =
                "It would receive it today, but the item was released before it was \
                entitled, and the agreement does not give the past."
                    .into();
        }
        Ok(answer)
    }

    /// The handling under which the newest version of an item was cleared.
    fn handling_of(&self, item: &ItemId) -> Result<Arc<Handling>, FlowError> {
        let releases = self.read(|reader| reader.item(item))?;
        let newest = releases.iter().max_by_key(|release| (release.version, release.stamp));
        let clearance = newest.and_then(|release| self.shared.book.get(release.clearance));
        let clearance = clearance.ok_or_else(|| FlowError::unknown("item", item))?;
        Ok(Arc::clone(&clearance.handling))
    }

    /// Whether any release of the newest version, or of its derived form, was recorded for an
    /// organisation.
    fn was_cleared(
        &self,
        item: &ItemId,
        number: vedetta_model::OrganisationNumber,
    ) -> Result<bool, FlowError> {
        let derived = self.derived_id(item);
        let releases = self.read(|reader| {
            let mut releases = reader.item(item)?;
            releases.extend(reader.item(&derived)?);
            Ok(releases)
        })?;
        Ok(releases.iter().any(|release| {
            let clearance = self.shared.book.get(release.clearance);
            clearance.is_some_and(|clearance| clearance.audience.contains(number))
        }))
    }
}
