//! An early warning: written, previewed, sent once, reminded of, withdrawn; and what each
//! organisation did about it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use vedetta_model::language::{Bilingual, Language};
use vedetta_model::organisation::Sector;
use vedetta_model::{AccountId, AgreementId, Instant, ItemId, OrganisationId, Pap, Tlp};

use crate::escalation::OwnerCall;
use crate::incident::ChangeError;
use crate::notice::rome;
use crate::number::CaseNumber;
use crate::posture::marked;

/// An early warning.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warning {
    /// What it says, and to whom.
    pub text: WarningText,
    /// Who wrote it last.
    pub by: AccountId,
    /// Where it stands.
    pub stage: WarningStage,
    /// When those who had not read it were reminded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reminded: Vec<Instant>,
}

impl Warning {
    /// What a reminder says: the number of the warning, in both languages; of what it is about nothing, since
    /// a mailbox is read by whoever opens it.
    #[must_use]
    pub fn reminder(&self, id: &str) -> (String, String) {
        let sent = |language| match self.stage {
            WarningStage::Sent { at, .. } => rome(at, language),
            _ => String::new(),
        };
        let named = Bilingual::new(
            format!("allerta precoce {id} da leggere"),
            format!("warning {id} to be read"),
        );
        let Bilingual { it, en } = marked(named, self.text.exercise.as_ref());
        let subject = format!("Vedetta: {it} / {en}");
        let text = format!(
            "L'allerta precoce {id} del {} aspetta una risposta della vostra organizzazione: apritela in «Ci riguarda», leggete che cosa fare e rispondete con il pulsante.\n\nThe warning {id} of {} waits for an answer of your organisation: open it under “Concerns us”, read what to do, and answer with the button.",
            sent(Language::It),
            sent(Language::En)
        );
        (subject, text)
    }
}

impl Warning {
    /// The same for programs, of a reminder of a moment.
    #[must_use]
    pub fn told(&self, id: &str, at: Instant) -> serde_json::Value {
        let (subject, _) = self.reminder(id);
        let item = self.stage.item();
        serde_json::json!({ "about": "warning", "warning": id, "item": item, "subject": subject,
            "at": at })
    }
}

/// What a warning says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarningText {
    /// In a line.
    pub title: Bilingual,
    /// What happens.
    pub text: Bilingual,
    /// What to do, in plain words.
    pub what_to_do: Bilingual,
    /// How far it may go.
    pub tlp: Tlp,
    /// What may be done with it.
    #[serde(default)]
    pub pap: Pap,
    /// Whom it concerns by sector; every sector when empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sectors: BTreeSet<Sector>,
    /// Whom it concerns by region; every region when empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub regions: BTreeSet<String>,
    /// Addresses, domains and products by which it concerns somebody.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub observables: BTreeSet<String>,
    /// The case that it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<CaseNumber>,
    /// The exercise to which it belongs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exercise: Option<String>,
    /// Only under these agreements; under any when empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub only_under: BTreeSet<AgreementId>,
}

/// Where a warning stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub enum WarningStage {
    /// It is being written.
    Draft,
    /// It was sent.
    Sent {
        /// When.
        at: Instant,
        /// As which item.
        item: ItemId,
    },
    /// It no longer holds.
    Withdrawn {
        /// When.
        at: Instant,
        /// As which item it had been sent.
        item: ItemId,
        /// Why.
        reason: String,
    },
}

/// What an organisation did about a warning.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reaction {
    /// Which organisation.
    pub organisation: OrganisationId,
    /// Who said so.
    pub by: AccountId,
    /// When.
    pub at: Instant,
    /// What.
    pub did: Acted,
    /// In a few words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// How an organisation was last reminded of a warning.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nudge {
    /// Which organisation.
    pub organisation: OrganisationId,
    /// When.
    pub at: Instant,
    /// Who was told, by what, and how far that came; nobody where no contact is known.
    pub calls: Vec<OwnerCall>,
}

/// What was done.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Acted {
    /// It was read.
    Read,
    /// What it asks for was done.
    Done,
    /// It does not concern them.
    NotConcerned,
}

impl WarningText {
    /// Whether it can be kept.
    ///
    /// # Errors
    /// What is empty or too long.
    pub fn check(&self) -> Result<(), ChangeError> {
        use crate::incident::{line, sentence};
        for title in [&self.title.it, &self.title.en] {
            line("the title, in each language,", title)?;
        }
        for text in [&self.text.it, &self.text.en] {
            sentence("the text, in each language,", text)?;
        }
        for text in [&self.what_to_do.it, &self.what_to_do.en] {
            sentence("what to do, in each language,", text)?;
        }
        let most = 1_000;
        if self.observables.len() > most {
            return Err(ChangeError::Many { what: "observables", most });
        }
        self.observables.iter().try_for_each(|it| line("an observable", it))
    }

    /// Whether it concerns an organisation of a sector and a region.
    #[must_use]
    pub fn concerns(&self, sector: Option<Sector>, region: Option<&str>) -> bool {
        let by_sector =
            self.sectors.is_empty() || sector.is_some_and(|it| self.sectors.contains(&it));
        let by_region =
            self.regions.is_empty() || region.is_some_and(|it| self.regions.contains(it));
        by_sector && by_region
    }
}

impl WarningStage {
    /// The item as which it was sent.
    #[must_use]
    pub const fn item(&self) -> Option<&ItemId> {
        match self {
            Self::Draft => None,
            Self::Sent { item, .. } | Self::Withdrawn { item, .. } => Some(item),
        }
    }
}
