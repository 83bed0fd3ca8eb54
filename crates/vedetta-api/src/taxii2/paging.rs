//! From a TAXII query to pages of the house, and on by `next`.
//!
//! Places in the ledger and moments of addition are the same order, and no entry ever appears
//! before one that was already served: a reader that pages on sees everything once, whatever is
//! added meanwhile.

use std::collections::HashSet;

use taxii::{DateAdded, Endpoint, Query, Scope, VersionMatch};
use vedetta_flow::{Door, FlowError, House, ReadItem, ReadPage, Sequence, VersionFilter, Wish};
use vedetta_model::{Actor, Instant, ItemId, Places};

use super::collections::Shelf;
use crate::api::Api;
use crate::problem::{Kind, Problem};
use crate::reads::Carried;
use crate::recorder;

/// The most objects in a page, and how many without `limit`.
const LARGEST: u32 = 1_000;
/// Pages looked at for one answer, when the filter passes over everything in them.
const LOOKS: usize = 64;

/// One request for a page.
pub(super) struct Paging {
    api: Api,
    actor: Actor,
    shelf: Shelf,
    path: &'static str,
    object: Option<String>,
    query: Query,
    after: Sequence,
    /// Manifests and versions tell of objects, and `submit` gives back one's own: neither delivers.
    carries_objects: bool,
}

/// One page.
pub(super) struct Page {
    /// The items, in order of addition, each version once.
    pub(super) items: Vec<ReadItem>,
    /// Where to go on, sealed.
    pub(super) next: Option<String>,
    /// What an answer with the objects delivers.
    pub(super) carried: Option<Carried>,
}

impl Paging {
    /// Reads the query of a request to an endpoint.
    pub(super) fn read(
        api: &Api,
        actor: Actor,
        (shelf, object): (Shelf, Option<String>),
        endpoint: &Endpoint,
        text: Option<&str>,
    ) -> Result<Self, Problem> {
        let refused = |error: String, place| Problem::new(Kind::NotUnderstood, error).at(place);
        let query = Query::parse(endpoint, text.unwrap_or_default())
            .map_err(|error| refused(error.to_string(), "query"))?;
        let mut paging = Self {
            api: api.clone(),
            actor,
            shelf,
            path: endpoint.path,
            object,
            query,
            after: Sequence::START,
            carries_objects: shelf != Shelf::Submit
                && [taxii::objects::GET, taxii::object::GET].contains(endpoint),
        };
        if let Some(next) = &paging.query.next {
            let open = paging.sealed(|scope| api.next_key().open(scope, next));
            paging.after = Sequence(open.map_err(|error| refused(error.to_string(), "next"))?);
        }
        Ok(paging)
    }

    /// With every version, whatever the query says.
    pub(super) fn every_version(mut self) -> Self {
        self.query.versions = vec![VersionMatch::All];
        self
    }

    /// Asks the house for the page.
    pub(super) async fn page(self) -> Result<Page, Problem> {
        let api = self.api.clone();
        if self.carries_objects {
            recorder::room(&api).await?;
        }
        let (paging, page) = api
            .ask(move |house| {
                let page = self.ask(house)?;
                Ok((self, page))
            })
            .await?;
        let seal =
            |place: Sequence| paging.sealed(|scope| paging.api.next_key().seal(scope, place.0));
        let next = page.next.map(seal);
        let carried = paging.carries_objects.then(|| {
            let places: Places = page.items.iter().map(|item| item.stamp.seq.0).collect();
            Carried::to(api.house(), &paging.actor, Door::Taxii, places)
        });
        Ok(Page { items: once(page.items), next, carried: carried.flatten() })
    }

    fn ask(&self, house: &House) -> Result<ReadPage, FlowError> {
        let Some(wish) = self.wish(house)? else { return Ok(ReadPage::default()) };
        let page = self.seek(house, wish)?;
        if page.items.is_empty() && page.next.is_none() && self.object.is_some() {
            self.require_object(house)?;
        }
        Ok(page)
    }

    /// The first page with anything in it.
    fn seek(&self, house: &House, mut wish: Wish) -> Result<ReadPage, FlowError> {
        let mut page = house.page(&self.actor, &wish)?;
        for _ in 0..LOOKS {
            match page.next {
                Some(next) if page.items.is_empty() => wish.after = next,
                _ => break,
            }
            page = house.page(&self.actor, &wish)?;
        }
        Ok(page)
    }

    /// What to ask for; `None` when nothing can match.
    fn wish(&self, house: &House) -> Result<Option<Wish>, FlowError> {
        let query = &self.query;
        let named = self.object.as_ref().into_iter().chain(&query.ids);
        let ids: Vec<ItemId> = named.clone().filter_map(|id| ItemId::new(id).ok()).collect();
        if !query.wants_spec_version("2.1") || (ids.is_empty() && named.count() > 0) {
            return match &self.object {
                Some(object) if ids.is_empty() => {
                    Err(FlowError::Unknown { what: "object", id: object.clone() })
                }
                _ => Ok(None),
            };
        }
        let mut after = self.after;
        if let Some(moment) = query.added_after {
            after = after.max(house.place_at(Instant::from_micros(moment.micros()))?);
        }
        Ok(Some(Wish {
            after,
            limit: query.limit.unwrap_or(LARGEST).min(LARGEST) as usize,
            share: self.shelf.share(),
            ids,
            kinds: query.types.clone(),
            versions: versions(&query.versions),
        }))
    }

    /// An object that is not there at all is unknown; one that is, but not so filtered, is an
    /// empty page.
    fn require_object(&self, house: &House) -> Result<(), FlowError> {
        let Some(object) = &self.object else { return Ok(()) };
        let unknown = || FlowError::Unknown { what: "object", id: object.clone() };
        let wish = Wish {
            limit: 50,
            share: self.shelf.share(),
            ids: vec![ItemId::new(object).map_err(|_| unknown())?],
            ..Wish::all(Sequence::START, VersionFilter::All)
        };
        if self.seek(house, wish)?.items.is_empty() { Err(unknown()) } else { Ok(()) }
    }

    fn sealed<T>(&self, with: impl FnOnce(Scope<'_>) -> T) -> T {
        let object = self.object.as_deref().unwrap_or_default();
        let collection = format!("{} {} {object}", self.path, self.shelf.id());
        let selection = self.query.selection();
        with(Scope {
            collection: &collection,
            caller: self.actor.account.as_str(),
            selection: &selection,
        })
    }
}

impl Page {
    /// When the first and last of them were added.
    pub(super) fn added(&self) -> Option<DateAdded> {
        DateAdded::of(self.items.iter().map(|item| timestamp(item.stamp.at)))
    }
}

pub(super) fn timestamp(instant: Instant) -> taxii::Timestamp {
    taxii::Timestamp::from_micros(instant.micros())
}

/// The version of an item; for one with neither `modified` nor `created`, when it was added.
pub(super) fn version(item: &ReadItem) -> taxii::Timestamp {
    let none = item.version == Instant::from_micros(0);
    timestamp(if none { item.stamp.at } else { item.version })
}

fn versions(asked: &[VersionMatch]) -> VersionFilter {
    let one = |version: &VersionMatch| match version {
        VersionMatch::Last => VersionFilter::Last,
        VersionMatch::First => VersionFilter::First,
        VersionMatch::All => VersionFilter::All,
        VersionMatch::At(moment) => VersionFilter::At(vec![Instant::from_micros(moment.micros())]),
    };
    match asked {
        [] => VersionFilter::Last,
        [only] => one(only),
        several => VersionFilter::AnyOf(several.iter().map(one).collect()),
    }
}

/// A version cleared twice to the reader is one object.
fn once(mut items: Vec<ReadItem>) -> Vec<ReadItem> {
    let mut seen = HashSet::with_capacity(items.len());
    let first: Vec<_> = items.iter().map(|it| seen.insert((&it.id, it.version))).collect();
    let mut first = first.into_iter();
    items.retain(|_| first.next().is_some_and(|it| it));
    items
}
