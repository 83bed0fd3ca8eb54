//! Why did they get it and they did not? And who would, before publishing?

use std::sync::Arc;

use serde::Serialize;
use vedetta_model::{Actor, AgreementId, Audience, Bilingual, Handling, ItemId, OrganisationId};
use vedetta_policy::{Clearance, Form};
use vedetta_store::{ItemQuery, Sequence, VersionFilter};

use crate::authority::ROOM_AND_AUDITORS;
use crate::error::FlowError;
use crate::house::House;
use crate::views::read_items::derived_from;

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

/// Who asks, and so how much may be said.
#[derive(Clone, Copy)]
enum Asker {
    Room,
    Organisation,
}

/// The newest version of an item.
struct Newest {
    item: ItemId,
    /// Of its last release.
    handling: Arc<Handling>,
    /// What its releases in either form are cleared by, unless it is no longer served.
    served: Vec<Arc<Clearance>>,
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
        self.ready()?;
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
        self.answer(item, organisation, Asker::Organisation)
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
        self.answer(item, organisation, Asker::Room)
    }

    /// Who would have an item handled so. Others than the operations room are told as if nothing
    /// were held.
    ///
    /// # Errors
    /// Unknown organisations among the handling's.
    pub fn preview(&self, by: &Actor, handling: &Arc<Handling>) -> Result<Preview, FlowError> {
        self.number_of(&handling.producer)?;
        Ok(self.preview_groups(by, handling))
    }

    /// Who has an item by today's decision, in groups that share a reason: for the operations room and
    /// its producer; `None` for others, and when it is no longer served.
    ///
    /// # Errors
    /// Unknown to the actor.
    pub fn audience_of(&self, by: &Actor, item: &ItemId) -> Result<Option<Preview>, FlowError> {
        let read = self.item(by, item)?;
        let producer = self.number_of(&by.organisation)? == read.producer;
        if !producer && !self.is_of_the_room(by, ROOM_AND_AUDITORS) {
            return Ok(None);
        }
        let newest = self.newest(item)?;
        Ok((!newest.served.is_empty()).then(|| self.preview_groups(by, &newest.handling)))
    }

    fn preview_groups(&self, by: &Actor, handling: &Arc<Handling>) -> Preview {
        let standing = self.standing();
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
        Preview { full, redacted, nobody, groups: groups.collect() }
    }

    /// What is decided today under the handling by which the organisation reads the newest version,
    /// or else under that of its last release; what was recorded has the last word.
    fn answer(
        &self,
        item: &ItemId,
        organisation: &OrganisationId,
        asker: Asker,
    ) -> Result<Answer, FlowError> {
        let (standing, number) = (self.standing(), self.number_of(organisation)?);
        let newest = self.newest(item)?;
        let reads = |clearance: &&Arc<Clearance>| {
            let today = standing.network.decide_item(&clearance.handling, &newest.item);
            clearance.audience.contains(number) && today.entitled(clearance.form).contains(number)
        };
        let read = newest.served.iter().filter(reads).min_by_key(|clearance| clearance.form);
        let handling = read.map_or(&newest.handling, |clearance| &clearance.handling);
        let explanation = standing.network.explain(handling, &newest.item, number);
        let reason = match (read, explanation.allowed, newest.served.is_empty(), asker) {
            (None, _, true, _) => withdrawn(),
            (None, true, false, _) => not_the_past(),
            (_, _, _, Asker::Room) => explanation.reason,
            (Some(clearance), _, _, Asker::Organisation) if clearance.form == Form::Redacted => {
                standing.network.without_victims(handling, &explanation.told)
            }
            (_, _, _, Asker::Organisation) => explanation.told,
        };
        Ok(Answer {
            allowed: read.is_some(),
            form: read.map(|clearance| clearance.form),
            agreement: explanation.agreement,
            reason_it: reason.it,
            reason_en: reason.en,
        })
    }

    /// The newest version of an item, or of what it was derived from.
    fn newest(&self, asked: &ItemId) -> Result<Newest, FlowError> {
        let releases = self.read(|reader| reader.releases(asked))?;
        let newest = releases.iter().max_by_key(|release| (release.version, release.stamp));
        let unknown = || FlowError::unknown("item", asked);
        let newest = newest.ok_or_else(unknown)?;
        let clearance = self.shared.book.get(newest.clearance).ok_or_else(unknown)?;
        let item = match clearance.form {
            Form::Full => asked.clone(),
            Form::Redacted => derived_from(&newest.facts).ok_or_else(unknown)?,
        };
        let (ids, versions) = ([item.clone(), self.derived_id(&item)], vec![newest.version]);
        let (mut served, mut after) = (Vec::new(), Some(Sequence::START));
        while let Some(place) = after {
            let query = ItemQuery {
                after: place,
                until: None,
                limit: 1000,
                clearances: None,
                producer: None,
                ids: &ids,
                kinds: &[],
                versions: VersionFilter::At(versions.clone()),
            };
            let page = self.read(|reader| reader.items(&query))?;
            after = page.next;
            let releases = page.items.into_iter();
            let book = &self.shared.book;
            served.extend(releases.filter_map(|it| book.get(it.clearance)));
        }
        Ok(Newest { item, handling: Arc::clone(&clearance.handling), served })
    }
}

fn withdrawn() -> Bilingual {
    Bilingual::new(
        "L'informazione è stata ritirata: nessuno la riceve più.",
        "The item was taken back: nobody receives it any more.",
    )
}

fn not_the_past() -> Bilingual {
    Bilingual::new(
        "Oggi lo riceverebbe, ma l'informazione è stata diffusa prima che vi fosse autorizzato, e \
         il protocollo non dà il pregresso.",
        "It would receive it today, but the item was released before it was entitled, and the \
         agreement does not give the past.",
    )
}
