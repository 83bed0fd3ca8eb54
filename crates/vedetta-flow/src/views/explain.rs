//! Why did they get it and they did not? And who would, before publishing?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;
use vedetta_model::{
    Actor, AgreementId, Audience, Bilingual, Handling, Instant, ItemId, OrganisationId,
    OrganisationNumber,
};
use vedetta_policy::{Clearance, Form, not_the_past, untold, withdrawn, withdrawn_since, withheld};
use vedetta_store::{ItemQuery, Sequence, StoredItem, VersionFilter};

use crate::authority::ROOM_AND_AUDITORS;
use crate::error::FlowError;
use crate::house::House;
use crate::mesh::keep::paths;
use crate::pseudonyms::Whole;
use crate::redaction::{Redactor, Tellers};
use crate::standing::Standing;
use crate::victims::named;
use crate::views::read_items::{ReadItem, derived_from};
use crate::views::tombstone::Told;

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
    /// For the operations room, of what other nodes brought: by which of them it came, on each way, the
    /// one that brought it into the network first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<Vec<OrganisationId>>,
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
    /// How many of those would have it without the victim, if what is left did not tell it.
    #[serde(skip_serializing_if = "crate::actions::accept_items::is_none")]
    pub withheld: usize,
    /// Whether what is left may yet tell another's misfortune: that is said once it is brought.
    #[serde(skip_serializing_if = "is_foretold")]
    pub may_be_withheld: bool,
    /// The organisations that its text names, though it names no victim.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub named: Vec<OrganisationId>,
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
    /// What would have to change for those who have nothing, in Italian and in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Bilingual>,
    /// How many they are.
    pub count: usize,
    /// Who they are.
    pub organisations: Vec<OrganisationId>,
}

/// Who asks, and so how much may be said.
#[derive(Clone, Copy)]
enum Asker<'a> {
    Room,
    /// About this version alone, where it reads a form without the victim.
    Organisation(Option<Instant>),
    /// One who can no longer read it, of what it may know that some brought: of nothing else under the
    /// same identifier, and not what else it is a form of.
    Former(&'a BTreeSet<OrganisationNumber>),
}

/// How an organisation has an item, or had it.
struct Read {
    clearance: Option<Arc<Clearance>>,
    /// Whether it has it no longer, since it is withdrawn.
    over: bool,
}

/// The newest version of an item, or of what one organisation brought of it.
struct Newest {
    item: ItemId,
    /// Where it was released first.
    origin: Sequence,
    /// When it came.
    version: Instant,
    producer: OrganisationNumber,
    /// Of its last release.
    handling: Arc<Handling>,
    /// What its releases in either form were cleared by, each under its identifier.
    released: Vec<(ItemId, Arc<Clearance>)>,
    /// The same of those that are served.
    served: Vec<Arc<Clearance>>,
    /// What it says, unless it is no longer served whole.
    body: Option<Box<[u8]>>,
}

/// What an object must have.
#[derive(Deserialize)]
struct Head {
    id: ItemId,
}

impl House {
    /// Why an organisation has an item, or has it not, or had it until it was withdrawn. The operations
    /// room asks about anyone, others about their own organisation and items that they may read, or of
    /// which they may know that they were there.
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
            let advice = "ask about your own, or ask the operations room";
            return Err(FlowError::forbidden(by, "ask about another organisation", advice));
        }
        let answer = self.explain_to(by, item, organisation)?;
        if by.organisation != *organisation {
            let facts = json!({ "deed": "explained", "organisation": organisation });
            self.note_look(by, &item.to_string(), &facts);
        }
        Ok(answer)
    }

    fn explain_to(
        &self,
        by: &Actor,
        item: &ItemId,
        organisation: &OrganisationId,
    ) -> Result<Answer, FlowError> {
        let room = self.is_of_the_room(by, ROOM_AND_AUDITORS);
        let unknown = match self.item(by, item) {
            Ok(_) if room => return self.answer(item, organisation, (Asker::Room, None)),
            Ok(read) => {
                // Under a form's name others have later versions: who reads one whole knows whose it is.
                let only = (read.form == Form::Redacted).then_some(read.version);
                return self.answer(item, organisation, (Asker::Organisation(only), None));
            }
            Err(unknown @ FlowError::Unknown { .. }) => unknown,
            Err(error) => return Err(error),
        };
        match self.told_withdrawn(by, item)? {
            None if room => self.answer(item, organisation, (Asker::Room, None)),
            None => Err(unknown),
            Some((left, _)) if room => self.answer(item, organisation, (Asker::Room, Some(&left))),
            Some((left, of)) => self.answer(item, organisation, (Asker::Former(&of), Some(&left))),
        }
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
        self.answer(item, organisation, (Asker::Room, None))
    }

    /// Who would have an item handled so. Others than the operations room are told as if nothing
    /// were held.
    ///
    /// # Errors
    /// Unknown organisations among the handling's.
    pub fn preview(&self, by: &Actor, handling: &Arc<Handling>) -> Result<Preview, FlowError> {
        self.number_of(&handling.producer)?;
        self.check_victims(handling)?;
        self.note_preview(by);
        Ok(self.preview_groups(by, handling))
    }

    /// That somebody saw whom something would reach; what it was is not the ledger's before it is brought.
    pub(crate) fn note_preview(&self, by: &Actor) {
        self.note_look(by, by.organisation.as_str(), &json!({ "deed": "previewed" }));
    }

    /// Who would have an object handled so, and whom its text names.
    ///
    /// # Errors
    /// Unknown organisations among the handling's.
    pub fn preview_object(
        &self,
        by: &Actor,
        handling: &Arc<Handling>,
        object: &[u8],
    ) -> Result<Preview, FlowError> {
        let preview = self.preview(by, handling)?;
        let head: Head = serde_json::from_slice(object)
            .map_err(|error| FlowError::invalid("object", format!("{error}; give it whole")))?;
        let producer = self.number_of(&handling.producer)?;
        let of = (&head.id, producer, object);
        let withheld = match self.foretells(by, handling) {
            true => Some(self.why_withheld(handling, of)?.is_some()),
            false => None,
        };
        let named = match handling.victims.is_empty() {
            true => named(&self.standing(), &handling.producer, object),
            false => Vec::new(),
        };
        Ok(Preview { named, ..preview.foretold(withheld) })
    }

    /// Whether an actor is told before something is brought that its form without the victim would tell
    /// it: of others that would say what is theirs, as often as one likes.
    pub(crate) fn foretells(&self, by: &Actor, handling: &Handling) -> bool {
        self.is_of_the_room(by, ROOM_AND_AUDITORS)
            || handling.victims.iter().all(|it| *it == by.organisation)
    }

    /// Why there is no form of an object without its victim, where it has one and there is none.
    fn why_withheld(
        &self,
        handling: &Arc<Handling>,
        (id, producer, body): (&ItemId, OrganisationNumber, &[u8]),
    ) -> Result<Option<String>, FlowError> {
        if handling.victims.is_empty() {
            return Ok(None);
        }
        let standing = self.standing();
        let mut tellers = Tellers::of(&self.shared, std::iter::once((id, &**handling, body)));
        let how = (&*standing, &**handling);
        let form = Redactor::of(self).derive(
            how,
            (Whole::coming(id, producer, self.now()), body),
            &mut tellers,
        )?;
        Ok(form.err().map(|none| none.reason))
    }

    /// Who has an item that the actor read by today's decision, in groups that share a reason: for the
    /// operations room and its producer; `None` for others, and when it is no longer served.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn audience_of(&self, by: &Actor, read: &ReadItem) -> Result<Option<Preview>, FlowError> {
        let producer = self.number_of(&by.organisation)? == read.producer;
        if !producer && !self.is_of_the_room(by, ROOM_AND_AUDITORS) {
            return Ok(None);
        }
        let newest = self.newest(&read.id, None)?;
        let newest = newest.iter().find(|it| it.producer == read.producer);
        let Some(newest) = newest.filter(|it| !it.served.is_empty()) else { return Ok(None) };
        let preview = self.preview_groups(by, &newest.handling);
        let derived = newest.served.iter().any(|it| it.form == Form::Redacted);
        let withheld = preview.redacted > 0 && !derived && self.is_withheld(newest)?;
        Ok(Some(if withheld { preview.withheld() } else { preview }))
    }

    fn is_withheld(&self, newest: &Newest) -> Result<bool, FlowError> {
        let Some(body) = &newest.body else { return Ok(false) };
        let of = (&newest.item, newest.producer, &**body);
        Ok(self.why_withheld(&newest.handling, of)?.is_some())
    }

    pub(crate) fn preview_groups(&self, by: &Actor, handling: &Arc<Handling>) -> Preview {
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
            remedy: group.remedy.clone(),
            count: group.audience.len(),
            organisations: ids(&group.audience),
        });
        let (named, groups) = (Vec::new(), groups.collect());
        let (withheld, may_be_withheld) = (0, false);
        Preview { full, redacted, nobody, withheld, may_be_withheld, named, groups }
    }

    /// What is decided today under the handling by which the organisation reads the newest version,
    /// or else under that of its last release; what was recorded has the last word. Where several
    /// have brought it, of the newest that it reads, with its victim before without, or else that is served.
    fn answer(
        &self,
        item: &ItemId,
        organisation: &OrganisationId,
        (asker, left): (Asker<'_>, Option<&Told>),
    ) -> Result<Answer, FlowError> {
        let (standing, number) = (self.standing(), self.number_of(organisation)?);
        let only = if let Asker::Organisation(only) = asker { only } else { None };
        let mut newest = self.newest(item, only)?;
        if let Asker::Former(of) = asker {
            newest.retain(|it| of.contains(&it.producer));
        }
        let all = newest
            .iter()
            .map(|newest| (newest, newest.read(&standing, (item, number), (asker, left))));
        let best = |(newest, read): &(&Newest, Read)| {
            let full = read.clearance.as_ref().is_some_and(|it| it.form == Form::Full);
            (!read.over && read.clearance.is_some(), !read.over, full, newest.version)
        };
        let best = all.max_by_key(best).ok_or_else(|| FlowError::unknown("item", item))?;
        let (newest, Read { clearance: read, over }) = best;
        let handling = read.as_ref().map_or(&newest.handling, |clearance| &clearance.handling);
        let explanation = standing.network.explain(handling, &newest.item, number);
        let reason = match (&read, explanation.allowed, asker) {
            (None, true, _) => {
                let today = standing.network.decide_item(handling, &newest.item);
                let without = today.form(number) == Some(Form::Redacted);
                if without && self.is_withheld(newest)? { withheld() } else { not_the_past() }
            }
            (_, _, Asker::Room) => explanation.reason,
            (Some(clearance), ..) if clearance.form == Form::Redacted => {
                standing.network.without_victims(handling, &explanation.told)
            }
            _ => explanation.told,
        };
        let form = read.map(|clearance| clearance.form);
        let (form, reason) = match (over, left) {
            (false, _) => (form, reason),
            (true, Some(left)) => {
                (None, withdrawn_since((left.at, left.by.as_deref()), (form, &reason)))
            }
            (true, None) => (None, withdrawn()),
        };
        let paths = match asker {
            Asker::Room => self.read(|reader| paths(reader, (item, newest.origin)))?,
            _ => Vec::new(),
        };
        Ok(Answer {
            allowed: form.is_some(),
            form,
            agreement: explanation.agreement,
            reason_it: reason.it,
            reason_en: reason.en,
            paths,
        })
    }

    /// The newest version of an item, or of what it was derived from; where several have brought
    /// their own, that of each; of one version alone where that is asked for.
    fn newest(&self, asked: &ItemId, only: Option<Instant>) -> Result<Vec<Newest>, FlowError> {
        let releases = self.read(|reader| reader.releases(asked))?;
        let releases = releases.into_iter().filter(|it| only.is_none_or(|only| it.version == only));
        let mut newest: BTreeMap<OrganisationNumber, StoredItem> = BTreeMap::new();
        for release in releases {
            let before = newest.get(&release.producer);
            let age = |it: &StoredItem| (it.version, it.stamp);
            if before.is_none_or(|before| age(before) < age(&release)) {
                newest.insert(release.producer, release);
            }
        }
        if newest.is_empty() {
            return Err(FlowError::unknown("item", asked));
        }
        newest.into_values().map(|newest| self.newest_of(asked, &newest)).collect()
    }

    fn newest_of(&self, asked: &ItemId, newest: &StoredItem) -> Result<Newest, FlowError> {
        let unknown = || FlowError::unknown("item", asked);
        let clearance = self.shared.book.get(newest.clearance).ok_or_else(unknown)?;
        let item = match clearance.form {
            Form::Full => asked.clone(),
            Form::Redacted => derived_from(&newest.facts).ok_or_else(unknown)?,
        };
        let StoredItem { version, producer, origin, .. } = *newest;
        let alone = item.follows_from_value();
        let same = |it: &StoredItem| alone || it.version == version;
        let (whole, derived) = self.read(|reader| {
            let mut whole = reader.releases(&item)?;
            whole.retain(|it| same(it) && it.producer == producer);
            let derived = whole.first().map(|whole| self.forms_here(reader, whole));
            Ok((whole, derived.transpose()?.unwrap_or_default()))
        })?;
        let released = whole.iter().chain(derived.iter().filter(|it| same(it))).chain([newest]);
        let released =
            released.filter_map(|it| Some((it.id.clone(), self.shared.book.get(it.clearance)?)));
        let released = released.collect();
        let derived = derived.into_iter().map(|form| form.id);
        let ids = [item.clone(), asked.clone()].into_iter().chain(derived);
        let ids: Vec<_> = ids.collect::<BTreeSet<_>>().into_iter().collect();
        let versions = if alone { VersionFilter::All } else { VersionFilter::At(vec![version]) };
        let (mut served, mut body, mut after) = (Vec::new(), None, Some(Sequence::START));
        while let Some(place) = after {
            let versions = versions.clone();
            let query = ItemQuery { ids: &ids, versions, ..ItemQuery::all(place, 1000) };
            let page = self.read(|reader| reader.items(&query))?;
            after = page.next;
            let own = |it: &StoredItem| it.id != item || it.producer == producer;
            for release in page.items.into_iter().filter(own) {
                let Some(clearance) = self.shared.book.get(release.clearance) else { continue };
                let whole = clearance.form == Form::Full && release.version == version;
                body = if whole { Some(release.body.to_vec().into()) } else { body };
                served.push(clearance);
            }
        }
        let handling = Arc::clone(&clearance.handling);
        Ok(Newest { item, origin, version, producer, handling, released, served, body })
    }
}

impl Newest {
    /// How an organisation has it by today's decision, under whatever identifier, or had what was asked
    /// for until that was withdrawn.
    fn read(
        &self,
        standing: &Standing,
        (asked, number): (&ItemId, OrganisationNumber),
        (asker, left): (Asker<'_>, Option<&Told>),
    ) -> Read {
        let reads = |clearance: &&Arc<Clearance>| {
            let today = standing.network.decide_item(&clearance.handling, &self.item);
            clearance.audience.contains(number) && today.entitled(clearance.form).contains(number)
        };
        let former = matches!(asker, Asker::Former(_));
        let served = self.served.iter().filter(|_| !former).filter(reads);
        let served = served.min_by_key(|it| it.form).cloned();
        if served.is_some() || (left.is_none() && !self.served.is_empty()) {
            return Read { clearance: served, over: false };
        }
        let released = self.released.iter().filter(|(id, _)| !former || id == asked);
        let released = released.map(|(_, clearance)| clearance).filter(reads);
        Read { clearance: released.min_by_key(|it| it.form).cloned(), over: true }
    }
}

impl Preview {
    /// As far as it is said beforehand whether there is a form without the victim.
    pub(crate) fn foretold(self, withheld: Option<bool>) -> Self {
        match withheld {
            Some(true) => self.withheld(),
            Some(false) => self,
            None => Self { may_be_withheld: self.redacted > 0, ..self },
        }
    }

    /// When there is no form without the victim: who would have it has nothing.
    fn withheld(self) -> Self {
        let (redacted, mut groups): (Vec<_>, Vec<_>) =
            self.groups.into_iter().partition(|group| group.form == Some(Form::Redacted));
        let all = redacted.into_iter().flat_map(|group| group.organisations).collect::<Vec<_>>();
        if !all.is_empty() {
            let Bilingual { it: reason_it, en: reason_en } = withheld();
            let (form, remedy, count) = (None, Some(untold()), all.len());
            let organisations = all;
            groups.push(PreviewGroup { form, reason_it, reason_en, remedy, count, organisations });
        }
        let (nobody, withheld) = (self.nobody + self.redacted, self.redacted);
        Self { redacted: 0, nobody, withheld, groups, ..self }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_foretold(may_be_withheld: &bool) -> bool {
    !*may_be_withheld
}
