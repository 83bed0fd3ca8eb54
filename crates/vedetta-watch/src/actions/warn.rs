//! Early warnings: written as drafts, sent as items under the agreements, reminded of, withdrawn,
//! answered by those who had them.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use vedetta_desk::concern::TO_DO;
use vedetta_desk::posture::marked;
use vedetta_desk::warning::{Acted, Reaction, Warning, WarningStage, WarningText};
use vedetta_flow::{FlowError, Preview};
use vedetta_intake::written::Written;
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_model::language::Bilingual;
use vedetta_model::{Actor, Category, Handling, Instant, ItemId, Language, OrganisationId};
use vedetta_store::{RecordKind, Sequence, StoreError, UnitOfWork};

use crate::actions::keep_rosters::damaged;
use crate::error::WatchError;
use crate::views::see_warnings::WarningView;
use crate::watch::{OFFICERS, REPORTERS, Watch};

/// What an organisation says that it did.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewReaction {
    /// What.
    pub did: Acted,
    /// In a few words.
    #[serde(default)]
    pub note: String,
}

impl Watch {
    /// Writes a warning: a new one without an identifier, or a draft on the version that was read.
    ///
    /// # Errors
    /// Forbidden, unknown, changed meanwhile, sent already, or a text that says nothing.
    pub fn put_warning(
        &self,
        by: &Actor,
        (id, version): (Option<String>, Option<Sequence>),
        text: WarningText,
    ) -> Result<WarningView, WatchError> {
        self.house().require_room(by, OFFICERS, "write warnings")?;
        text.check()?;
        let mut text = text;
        if let Some(incident) = text.incident {
            // What comes from an exercise belongs to it.
            let exercise = self.brief(by, incident)?.row.exercise.clone();
            text.exercise = exercise.or(text.exercise);
        }
        if let Some(exercise) = &text.exercise {
            self.check_exercise(exercise, &by.organisation)?;
        }
        let year = self.house().now().day().year();
        let warning = Warning {
            text,
            by: by.account.clone(),
            stage: WarningStage::Draft,
            reminded: Vec::new(),
        };
        let body = serde_json::to_vec(&warning).map_err(|error| damaged(&"warning", &error))?;
        let actor = by.account.clone();
        let written = self.house().write(move |unit| {
            let id = match &id {
                None => next(unit, year)?,
                Some(id) => match unit.record(RecordKind::Warning, id)? {
                    None => return Ok(Err(WatchWhy::Unknown(id.clone()))),
                    Some(known) if Some(known.stamp.seq) != version => {
                        return Ok(Err(WatchWhy::Stale(id.clone())));
                    }
                    Some(known) if !is_draft(&known.body) => {
                        return Ok(Err(WatchWhy::Sent(id.clone())));
                    }
                    Some(_) => id.clone(),
                },
            };
            unit.put_record(RecordKind::Warning, &id, &body, actor.as_str())?;
            Ok(Ok(id))
        })?;
        self.warning(by, &written.map_err(WatchWhy::error)?)
    }

    /// Who would have a draft, and why.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn preview_warning(&self, by: &Actor, id: &str) -> Result<Preview, WatchError> {
        self.house().require_room(by, OFFICERS, "preview warnings")?;
        let (_, warning) = self.kept_warning(id)?;
        let handling = Arc::new(self.handling(by, &warning.text)?);
        Ok(self.house().preview(by, &handling)?)
    }

    /// Sends a draft as an item: once.
    ///
    /// # Errors
    /// Forbidden, unknown, changed meanwhile, sent already, or refused as an item.
    pub fn send_warning(
        &self,
        by: &Actor,
        id: &str,
        version: Sequence,
    ) -> Result<WarningView, WatchError> {
        self.house().require_room(by, OFFICERS, "send warnings")?;
        let (at, mut warning) = self.kept_warning(id)?;
        if at != version {
            return Err(WatchWhy::Stale(id.into()).error());
        }
        if warning.stage != WarningStage::Draft {
            return Err(WatchWhy::Sent(id.into()).error());
        }
        let now = self.house().now();
        // From the record's place: sent twice at once, it is one item all the same.
        let item = item_of(self.house(), id)?;
        let handling = self.handling(by, &warning.text)?;
        let object = object(&handling, &warning.text, &item, now);
        let arrival =
            stix_bundle::read(DoorIn::Api, "desk", object.as_bytes(), &stix_bundle::limits());
        let receipt = self.house().accept(by, arrival)?;
        if let Some(fault) = receipt.rejected.first() {
            return Err(WatchError::conflict(format!(
                "it is refused as an item: {}",
                fault.reason
            )));
        }
        warning.stage = WarningStage::Sent { at: now, item };
        self.put_kept(by, id, (version, warning))?;
        self.warning(by, id)
    }

    /// Withdraws a warning from every door.
    ///
    /// # Errors
    /// Forbidden, unknown, not sent, or without a reason.
    pub fn withdraw_warning(
        &self,
        by: &Actor,
        id: &str,
        reason: String,
    ) -> Result<WarningView, WatchError> {
        self.house().require_room(by, OFFICERS, "withdraw warnings")?;
        if reason.trim().is_empty() || reason.chars().count() > 2_000 {
            let error = FlowError::invalid("reason", "say why in a sentence");
            return Err(WatchError::refused(error, "di' il motivo in una frase"));
        }
        let (version, mut warning) = self.kept_warning(id)?;
        let WarningStage::Sent { item, .. } = warning.stage else {
            let reason = "it is not sent; there is nothing to withdraw".into();
            return Err(told(reason, "non è diffusa: non c'è nulla da ritirare"));
        };
        self.house().withdraw(by, &item, &reason)?;
        warning.stage = WarningStage::Withdrawn { at: self.house().now(), item, reason };
        self.put_kept(by, id, (version, warning))?;
        self.warning(by, id)
    }

    /// Says what one's organisation did about a warning; from a person who signed in, that acknowledges
    /// it too. The last word counts.
    ///
    /// # Errors
    /// Forbidden, or unknown: the warning was not cleared to the organisation.
    pub fn answer_warning(
        &self,
        by: &Actor,
        id: &str,
        new: NewReaction,
    ) -> Result<Reaction, WatchError> {
        self.house().require(by, REPORTERS, "answer warnings")?;
        let (_, warning) = self.kept_warning(id)?;
        let item = match &warning.stage {
            WarningStage::Sent { item, .. } => item.clone(),
            _ => return Err(WatchError::unknown("warning", id)),
        };
        if self.house().own_item(by, &item).is_err() {
            return Err(WatchError::unknown("warning", id));
        }
        if new.note.chars().count() > 2_000 {
            return Err(WatchError::invalid("note", "it has more than 2,000 characters; be brief"));
        }
        let at = self.house().now();
        let (organisation, account) = (by.organisation.clone(), by.account.clone());
        let NewReaction { did, note } = new;
        let reaction = Reaction { organisation, by: account, at, did, note };
        if by.is_there() {
            self.house().acknowledge(by, &item, None)?;
        }
        let body = serde_json::to_vec(&reaction).map_err(|error| damaged(&id, &error))?;
        let (name, actor) = (format!("{id}/{}", by.organisation), by.account.clone());
        self.house().write(move |unit| {
            unit.put_record(RecordKind::Warning, &name, &body, actor.as_str())
        })?;
        Ok(reaction)
    }

    /// How the item of a warning is handled: one of an exercise goes to those who take part alone.
    fn handling(&self, by: &Actor, text: &WarningText) -> Result<Handling, WatchError> {
        let exercise = text.exercise.as_deref().map(|it| self.practised(it)).transpose()?;
        Ok(Handling {
            producer: by.organisation.clone(),
            category: Category::EarlyWarning,
            tlp: text.tlp,
            pap: text.pap,
            victims: BTreeSet::new(),
            named: BTreeSet::new(),
            only_under: text.only_under.clone(),
            exercise,
            via: BTreeSet::new(),
        })
    }

    /// A warning as it is kept.
    pub(crate) fn kept_warning(&self, id: &str) -> Result<(Sequence, Warning), WatchError> {
        let plain = !id.contains('/');
        let found = self.house().read(|reader| reader.record(RecordKind::Warning, id))?;
        let record = found.filter(|_| plain).ok_or_else(|| WatchError::unknown("warning", id))?;
        let warning = serde_json::from_slice(&record.body).map_err(|error| damaged(&id, &error))?;
        Ok((record.stamp.seq, warning))
    }

    pub(crate) fn put_kept(
        &self,
        by: &Actor,
        id: &str,
        (version, warning): (Sequence, Warning),
    ) -> Result<(), WatchError> {
        let body = serde_json::to_vec(&warning).map_err(|error| damaged(&id, &error))?;
        let (name, actor) = (id.to_owned(), by.account.clone());
        let kept = self.house().write(move |unit| {
            let known = unit.record(RecordKind::Warning, &name)?;
            if known.is_none_or(|known| known.stamp.seq != version) {
                return Ok(false);
            }
            unit.put_record(RecordKind::Warning, &name, &body, actor.as_str())?;
            Ok(true)
        })?;
        if kept { Ok(()) } else { Err(WatchWhy::Stale(id.into()).error()) }
    }
}

/// Why a warning is not written.
pub(crate) enum WatchWhy {
    Unknown(String),
    Stale(String),
    Sent(String),
}

impl WatchWhy {
    pub(crate) fn error(self) -> WatchError {
        match self {
            Self::Unknown(id) => WatchError::unknown("warning", id),
            Self::Stale(id) => told(
                format!("warning {id} was changed since you read it; read it again and repeat"),
                "l'allerta precoce è cambiata da quando l'hai aperta: guarda com'è adesso e ripeti",
            ),
            Self::Sent(id) => told(
                format!("warning {id} is sent; withdraw it and write another"),
                "l'allerta precoce è già diffusa: ritirala e scrivine un'altra",
            ),
        }
    }
}

pub(crate) fn told(reason: String, italian: &str) -> WatchError {
    WatchError::refused(FlowError::Conflict(reason), italian)
}

/// The warning as an object of STIX 2.1.
fn object(handling: &Handling, text: &WarningText, id: &ItemId, at: Instant) -> String {
    let description = described(&text.text, &text.what_to_do);
    let title = marked(text.title.clone(), text.exercise.as_ref()).it;
    let (title, text) = (&*title, &*description);
    let mut object = Written { id, at, title, text, pattern: None, handling }.object();
    object["report_types"] = json!(["threat-report"]);
    object.to_string()
}

/// What happens and what to do in both languages; once, where nobody wrote it in English.
fn described(text: &Bilingual, to_do: &Bilingual) -> String {
    let told = |text: &str, before: &str, to_do: &str| format!("{text}{before}{to_do}");
    let italian = told(&text.it, TO_DO.0, &to_do.it);
    let is_once = |it: &Bilingual| it.en.is_empty() || it.en == it.it;
    if is_once(text) && is_once(to_do) {
        return italian;
    }
    let english = told(text.to(Language::En), TO_DO.1, to_do.to(Language::En));
    format!("{italian}\n\n---\n\n{english}")
}

/// The item of a warning: named by the node's own secret, so that nobody else can name it first.
fn item_of(house: &vedetta_flow::House, id: &str) -> Result<ItemId, WatchError> {
    use sha2::{Digest as _, Sha256};
    let secret = house.node_secret("warnings")?;
    let digest = Sha256::new_with_prefix(&secret).chain_update(id.as_bytes()).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(digest.get(..16).unwrap_or(&[0; 16]));
    let uuid = uuid::Builder::from_random_bytes(bytes).into_uuid();
    Ok(ItemId::of("report", uuid))
}

fn is_draft(body: &[u8]) -> bool {
    serde_json::from_slice::<Warning>(body).is_ok_and(|it| it.stage == WarningStage::Draft)
}

/// The next identifier of a year: `2026-w0001`.
fn next(unit: &mut dyn UnitOfWork, year: i16) -> Result<String, StoreError> {
    let name = format!("desk/warnings/{year}");
    let last = unit.bookmark(&name)?.and_then(|last| String::from_utf8(last).ok());
    let mut serial = last.and_then(|last| last.parse::<u32>().ok()).unwrap_or(0);
    loop {
        serial += 1;
        let id = format!("{year}-w{serial:04}");
        if unit.record(RecordKind::Warning, &id)?.is_none() {
            unit.set_bookmark(&name, serial.to_string().as_bytes())?;
            return Ok(id);
        }
    }
}

/// Whose warnings are whose, for the views.
pub(crate) fn reaction_prefix(id: &str) -> String {
    format!("{id}/")
}

/// The organisation of a reaction's record.
pub(crate) fn reacted(id: &str, record: &str) -> Option<OrganisationId> {
    OrganisationId::new(record.strip_prefix(&reaction_prefix(id))?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_translated_is_said_once() {
        let said = |text: (&str, &str), to_do: (&str, &str)| {
            described(&Bilingual::new(text.0, text.1), &Bilingual::new(to_do.0, to_do.1))
        };
        let italian = "Un riscatto\n\nChe cosa fare: Staccate";
        for english in [("", ""), ("Un riscatto", "Staccate")] {
            assert_eq!(said(("Un riscatto", english.0), ("Staccate", english.1)), italian);
        }
        let both = said(("Un riscatto", "A ransom"), ("Staccate", "Unplug"));
        assert_eq!(both, format!("{italian}\n\n---\n\nA ransom\n\nWhat to do: Unplug"));
    }
}
