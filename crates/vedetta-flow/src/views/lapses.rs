//! What an agreement or an organisation took with it: who holds it, which items, and what is told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vedetta_model::{
    Actor, AgreementId, Audience, Bilingual, Instant, ItemId, Language, OrganisationId, Person,
};
use vedetta_store::{Reader, Sequence, StoreError};

use crate::authority::ROOM_AND_AUDITORS;
use crate::error::FlowError;
use crate::house::House;
use crate::losses::Holding;

/// What gave items, and gives them no longer.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// An agreement that does not bind.
    Agreement(AgreementId),
    /// An organisation that left the network, or whom nothing reaches any more.
    Organisation(OrganisationId),
}

/// How that stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lapsed {
    /// The agreement rests.
    Suspended,
    /// The agreement is over.
    Ended,
    /// The organisation left the network.
    Removed,
    /// What the organisation had, no agreement gives it any more.
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
    /// [`Audience::to_bytes`].
    pub(crate) holders: Vec<u8>,
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
        let (told, numbers) = self.read(|reader| Ok((standing(reader)?, reader.numbers()?)))?;
        let names: BTreeMap<_, _> = numbers.into_iter().map(|(id, number)| (number, id)).collect();
        let mine = told.into_values().filter(|it| room || it.holders().contains(own));
        Ok(mine
            .map(|told| {
                let whom = told.holders();
                let holders = whom.iter().filter(|it| room || *it == own);
                let holders = holders.filter_map(|number| names.get(&number).cloned()).collect();
                Lapse { notice: told.notice(by.language), holders }
            })
            .collect())
    }

    /// The items that somebody had and must no longer use: what the doors of this node delivered,
    /// and the holder reads by no other way. TLP:RED is listed to the persons that it names. Only the
    /// operations room and auditors ask for others.
    ///
    /// # Errors
    /// Forbidden, an unknown holder, or what the ledger said.
    pub fn lapsed_items(&self, by: &Actor, wanted: &Wanted) -> Result<LapsedPage, FlowError> {
        let losses = self.losses()?;
        let holder = wanted.holder.as_ref().filter(|it| **it != by.organisation);
        let holding = match holder {
            Some(other) => {
                self.require_room(by, ROOM_AND_AUDITORS, "see what others hold")?;
                let number = losses.numbers.get(other).copied();
                let number = number.ok_or_else(|| FlowError::unknown("organisation", other))?;
                Holding { number, person: None }
            }
            None => {
                let (organisation, account) = (by.organisation.clone(), by.account.clone());
                let number = self.number_of(&organisation)?;
                Holding { number, person: Some(Person { organisation, account }) }
            }
        };
        let (items, next) = losses.items(&wanted.cause, &holding, wanted.after)?;
        let items = items.into_iter().map(|item| LapsedItem {
            item: item.id,
            version: item.version,
            place: item.stamp.seq,
        });
        Ok(LapsedPage { items: items.collect(), next })
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
    pub(crate) fn new(
        (cause, now): (Cause, Lapsed),
        (since, reason): (Instant, Option<String>),
        holders: &Audience,
    ) -> Self {
        let holders = holders.to_bytes();
        Self { cause, now, since, reason, place: Sequence::START, at: since, holders }
    }

    pub(crate) fn holders(&self) -> Audience {
        Audience::from_bytes(&self.holders).unwrap_or_default()
    }

    pub(crate) fn notice(&self, language: Language) -> LapseNotice {
        let Self { cause, now, since, reason, place, at, holders: _ } = self.clone();
        let items = (now != Lapsed::Restored).then(|| match &cause {
            Cause::Agreement(id) => format!("/api/v1/lapses/items?agreement={id}"),
            Cause::Organisation(id) => format!("/api/v1/lapses/items?organisation={id}"),
        });
        let advice = advice(now).to(language).to_owned();
        LapseNotice { cause, now, since, reason, place, at, items, advice }
    }
}

/// What was told and not given back, by what it is about.
pub(crate) fn standing<R: Reader + ?Sized>(
    reader: &mut R,
) -> Result<BTreeMap<Cause, Told>, StoreError> {
    let kept = reader.bookmark(STANDING)?;
    let told: Vec<Told> = kept.and_then(|it| serde_json::from_slice(&it).ok()).unwrap_or_default();
    Ok(told.into_iter().map(|it| (it.cause.clone(), it)).collect())
}

/// Keeps what was told and not given back.
pub(crate) fn keep_standing(
    unit: &mut dyn vedetta_store::UnitOfWork,
    told: &BTreeMap<Cause, Told>,
) -> Result<(), StoreError> {
    let told: Vec<_> = told.values().collect();
    unit.set_bookmark(STANDING, &serde_json::to_vec(&told).unwrap_or_default())
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
        Lapsed::Ended | Lapsed::Removed | Lapsed::Excluded => Bilingual::new(
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
