//! What an agreement or an organisation took with it: who holds it, which items, and what is told.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use vedetta_model::{
    Actor, AgreementId, Audience, Bilingual, Instant, ItemId, OrganisationId, OrganisationNumber,
    Places,
};
use vedetta_store::{ClearanceId, Reader, Sequence, StoreError};

use crate::authority::ROOM_AND_AUDITORS;
use crate::error::FlowError;
use crate::holding::{Candour, Holding};
use crate::house::House;
use crate::losses::Lapsing;

/// What gave items, and gives them no longer.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// An agreement that does not bind.
    Agreement(AgreementId),
    /// An organisation that left the network, or one's own, to which something is not given any more.
    Organisation(OrganisationId),
}

/// What is told of: a cause, or to those who may not know it, that they do not receive something.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Key {
    pub(crate) cause: Cause,
    pub(crate) telling: Telling,
}

/// Whether those who are told hear what took something from them.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Telling {
    /// They do.
    #[default]
    Named,
    /// They hear of their own organisation alone.
    Nameless,
}

/// How that stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lapsed {
    /// The agreement rests.
    Suspended,
    /// The agreement is over.
    Ended,
    /// The organisation left the network.
    Removed,
    /// What the organisation had, it is not given any more.
    Excluded,
    /// What was taken is given again.
    Restored,
}

/// That items which somebody has must no longer be used, or may be again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LapseNotice {
    /// What it is about: `agreement` or `organisation`.
    #[serde(flatten)]
    pub cause: Cause,
    /// How that stands.
    pub now: Lapsed,
    /// Since when.
    pub since: Instant,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where it is in the ledger.
    pub place: Sequence,
    /// When it was told.
    pub at: Instant,
    /// Where the items are listed, while it has not been given back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<String>,
    /// What to do.
    pub advice: String,
}

/// A notice as it is kept, with those to whom it goes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    #[serde(flatten)]
    pub(crate) cause: Cause,
    pub(crate) now: Lapsed,
    pub(crate) since: Instant,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    #[serde(default)]
    pub(crate) place: Sequence,
    #[serde(default)]
    pub(crate) at: Instant,
    #[serde(default)]
    pub(crate) telling: Telling,
    /// Written as the set of their numbers.
    #[serde(serialize_with = "write_holders", deserialize_with = "read_holders")]
    pub(crate) holders: Audience,
    /// The clearances of which it is told, where it is kept what was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) under: Option<Places>,
}

/// A lapse that has not been given back, with those who hold something.
#[derive(Clone, Debug, Serialize)]
pub struct Lapse {
    /// What is told.
    #[serde(flatten)]
    pub notice: LapseNotice,
    /// Who holds something: of others than the operations room their own organisation alone.
    pub holders: Vec<OrganisationId>,
}

/// Items that somebody must no longer use.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LapsedPage {
    /// The items, each with its versions that were had.
    pub items: Vec<LapsedItem>,
    /// Where to go on; at the end without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Sequence>,
}

/// An item that somebody must no longer use.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LapsedItem {
    /// Which.
    pub item: ItemId,
    /// Its version.
    pub version: Instant,
    /// Where the release is that was had.
    pub place: Sequence,
}

/// Whose items are asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// Taken by what.
    pub cause: Cause,
    /// Who holds them: one's own organisation without it.
    pub holder: Option<OrganisationId>,
    /// After which place.
    pub after: Sequence,
}

/// What was told and not given back, by what it is about.
pub(crate) type AllTold = BTreeMap<Key, Told>;

/// Where it is kept what was told and not given back.
const STANDING: &str = "lapses";

impl House {
    /// What was told and not given back: to the operations room and auditors all, to others what
    /// their own organisation holds something of.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn lapses(&self, by: &Actor) -> Result<Vec<Lapse>, FlowError> {
        let room = self.is_of_the_room(by, ROOM_AND_AUDITORS);
        let own = self.number_of(&by.organisation)?;
        let told = self.all_told()?;
        let mine = told.values().filter(|told| room || told.holders.contains(own));
        if !room {
            let holders = vec![by.organisation.clone()];
            let lapse = |told: &Told| Lapse { notice: told.notice(by), holders: holders.clone() };
            return Ok(mine.map(lapse).collect());
        }
        let numbers = self.read(|reader| reader.numbers())?.into_iter();
        let names: BTreeMap<_, _> = numbers.map(|(id, number)| (number, id)).collect();
        let lapses = mine.map(|told| {
            let holders = told.holders.iter().filter_map(|number| names.get(&number).cloned());
            Lapse { notice: told.clone().named().notice(by), holders: holders.collect() }
        });
        Ok(lapses.collect())
    }

    /// The items that somebody had and must no longer use: what the doors of this node delivered,
    /// and the holder reads by no other way. TLP:RED is listed to the persons that it names. Only the
    /// operations room and auditors ask for others; others ask by what they were told, of anything
    /// else nothing is listed.
    ///
    /// # Errors
    /// Forbidden, an unknown holder, or what the ledger said.
    pub fn lapsed_items(&self, by: &Actor, wanted: &Wanted) -> Result<LapsedPage, FlowError> {
        let holder = wanted.holder.as_ref().filter(|it| **it != by.organisation);
        if holder.is_some() {
            self.require_room(by, ROOM_AND_AUDITORS, "see what others hold")?;
        }
        let candour = match self.is_of_the_room(by, ROOM_AND_AUDITORS) {
            true => Candour::Whole,
            false => Candour::AsTold,
        };
        let holder = holder.unwrap_or(&by.organisation);
        let (told, numbers) = (self.all_told()?, self.read(|reader| reader.numbers())?);
        let number = numbers.into_iter().find(|(id, _)| id == holder).map(|(_, number)| number);
        let number = number.ok_or_else(|| FlowError::unknown("organisation", holder))?;
        let own = Cause::Organisation(holder.clone());
        let told_so = |it: &Told| match it.telling {
            Telling::Named => it.cause == wanted.cause && it.holders.contains(number),
            Telling::Nameless => own == wanted.cause && it.holders.contains(number),
        };
        if candour == Candour::AsTold && !told.values().any(told_so) {
            return Ok(LapsedPage::default());
        }
        let person = by.as_person();
        let holding = Holding { number, person, candour };
        let (items, next) = self.losses_at_hand()?.items(&wanted.cause, &holding, wanted.after)?;
        let items = items.into_iter().map(|item| LapsedItem {
            item: item.id,
            version: item.version,
            place: item.stamp.seq,
        });
        Ok(LapsedPage { items: items.collect(), next })
    }

    /// What was told and not given back, read once.
    pub(crate) fn all_told(&self) -> Result<Arc<AllTold>, StoreError> {
        let mut told = self.shared.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(told) = &*told {
            return Ok(Arc::clone(told));
        }
        let read = Arc::new(self.read(|reader| standing(reader))?);
        Ok(Arc::clone(told.insert(read)))
    }

    /// Has what was told from now on; read again without it.
    pub(crate) fn keep_told(&self, now: Option<AllTold>) {
        let mut told = self.shared.told.lock().unwrap_or_else(PoisonError::into_inner);
        *told = now.map(Arc::new);
    }
}

impl Key {
    /// That an organisation does not receive something, though no agreement lapsed and nobody left.
    pub(crate) fn own(organisation: &OrganisationId) -> Self {
        let cause = Cause::Organisation(organisation.clone());
        Self { cause, telling: Telling::Nameless }
    }
}

impl Cause {
    /// The identifier of what it is.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Agreement(id) => id.as_str(),
            Self::Organisation(id) => id.as_str(),
        }
    }
}

impl Told {
    pub(crate) fn new(key: Key, lapsing: Lapsing, holders: Audience) -> Self {
        let (Key { cause, telling }, Lapsing { now, since, reason }) = (key, lapsing);
        let place = Sequence::START;
        Self { cause, now, since, reason, place, at: since, telling, holders, under: None }
    }

    pub(crate) fn key(&self) -> Key {
        Key { cause: self.cause.clone(), telling: self.telling }
    }

    /// Whether it was told of what was cleared so.
    pub(crate) fn is_of(&self, id: ClearanceId) -> bool {
        self.under.as_ref().is_none_or(|under| under.contains(id.0.into()))
    }

    /// Those of some clearances of which it was not told.
    pub(crate) fn lacks(&self, of: &Places) -> Places {
        self.under.as_ref().map_or_else(Places::none, |under| of.difference(under))
    }

    /// The same for those who may know it all.
    fn named(self) -> Self {
        Self { telling: Telling::Named, ..self }
    }

    /// As it is told to somebody: who is not to know the cause hears of nothing but itself.
    pub(crate) fn notice(&self, to: &Actor) -> LapseNotice {
        let Self { mut cause, mut now, mut since, mut reason, place, at, .. } = self.clone();
        if self.telling == Telling::Nameless {
            cause = Cause::Organisation(to.organisation.clone());
            now = if now == Lapsed::Restored { now } else { Lapsed::Excluded };
            (since, reason) = (at, None);
        }
        let items = (now != Lapsed::Restored).then(|| match &cause {
            Cause::Agreement(id) => format!("/api/v1/lapses/items?agreement={id}"),
            Cause::Organisation(id) => format!("/api/v1/lapses/items?organisation={id}"),
        });
        let advice = advice(now).to(to.language).to_owned();
        LapseNotice { cause, now, since, reason, place, at, items, advice }
    }
}

/// What was told and not given back, by what it is about.
pub(crate) fn standing<R: Reader + ?Sized>(reader: &mut R) -> Result<AllTold, StoreError> {
    let kept = reader.bookmark(STANDING)?;
    let told: Vec<Told> = kept.and_then(|it| serde_json::from_slice(&it).ok()).unwrap_or_default();
    let told = told.into_iter().map(|it| match it.now {
        // Before there were those who are not told the cause, these were.
        Lapsed::Excluded => Told { telling: Telling::Nameless, ..it },
        _ => it,
    });
    Ok(told.map(|it| (it.key(), it)).collect())
}

/// Keeps what was told and not given back.
pub(crate) fn keep_standing(
    unit: &mut dyn vedetta_store::UnitOfWork,
    told: &AllTold,
) -> Result<(), StoreError> {
    let told: Vec<_> = told.values().collect();
    unit.set_bookmark(STANDING, &serde_json::to_vec(&told).unwrap_or_default())
}

fn write_holders<S: Serializer>(holders: &Audience, serializer: S) -> Result<S::Ok, S::Error> {
    let numbers = holders.iter().map(|number| u64::from(number.0));
    numbers.collect::<Places>().serialize(serializer)
}

fn read_holders<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Audience, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Numbers(Places),
        /// [`Audience::to_bytes`], as it was written before.
        Octets(Vec<u8>),
    }
    let number = |number| u32::try_from(number).ok().map(OrganisationNumber);
    Ok(match Written::deserialize(deserializer)? {
        Written::Numbers(numbers) => numbers.iter().map_while(number).collect(),
        Written::Octets(octets) => Audience::from_bytes(&octets).unwrap_or_default(),
    })
}

/// What whoever holds something is to do.
fn advice(now: Lapsed) -> Bilingual {
    match now {
        Lapsed::Suspended => Bilingual::new(
            "Non usare più ciò che è elencato in `items` e non passarlo ad altri finché non è \
             ripristinato: puoi conservarlo, a parte. Ciò che hai già per un'altra via non è elencato.",
            "Stop using what `items` lists and pass none of it on until it is restored: you may keep \
             it, set apart. What you have by another way too is not listed.",
        ),
        Lapsed::Excluded => Bilingual::new(
            "Non usare più ciò che è elencato in `items` e non passarlo ad altri: conservalo a parte se \
             ti potrà essere dato di nuovo, altrimenti cancellalo. Ciò che hai già per un'altra via non \
             è elencato.",
            "Stop using what `items` lists and pass none of it on: keep it apart if it may be given to \
             you again, or delete it. What you have by another way too is not listed.",
        ),
        Lapsed::Ended | Lapsed::Removed => Bilingual::new(
            "Non usare più ciò che è elencato in `items`, non passarlo ad altri e cancellalo. Puoi \
             conservare ciò che serve a documentare casi e rapporti già aperti, e ciò che la legge ti \
             obbliga a conservare.",
            "Stop using what `items` lists, pass none of it on, and delete it. You may keep what \
             documents your cases and reports until now, and what the law obliges you to keep.",
        ),
        Lapsed::Restored => Bilingual::new(
            "Ciò che era stato tolto si può usare di nuovo, salvo quanto un altro avviso elenca.",
            "What was taken may be used again, but for what another notice lists.",
        ),
    }
}
