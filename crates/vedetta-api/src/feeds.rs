//! Feeds of the caller's organisation, `/feeds/{file}`, with entity tags (RFC 9110 §8.8.3).
//!
//! A feed is written anew when anything was released or what stands has changed, and at least every
//! minute, since indicators age; what was not changed has the same tag.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use vedetta_diffusion::feed::{Doubtful, FeedEntry, Format, Head, Measures, Rendered, render};
use vedetta_directory::Directory;
use vedetta_flow::{Cleared, Door, FlowError, House, ReadItem, Sequence, VersionFilter, Wish};
use vedetta_indicator::{DecayTable, Term, WarningList, WarningLists};
use vedetta_model::{Actor, Instant, OrganisationId};
use vedetta_outpost::Lately;

use crate::access::Cost;
use crate::api::Api;
use crate::extract::Params;
use crate::gate::Caller;
use crate::problem::{Kind, Problem};
use crate::reads::Carried;
use crate::recorder;
use crate::worth::release;

use holdings::{Holdings, Sight};

mod holdings;

/// The longest time that a written feed is given again.
const FRESH: Duration = Duration::from_secs(60);
/// Written feeds kept, and the largest that is.
const KEPT: usize = 512;
const LARGEST_KEPT: usize = 1 << 20;
/// Items written into one feed at most: of more, those released last.
const MOST_ITEMS: usize = 500_000;

/// What the feeds remember.
#[derive(Default)]
pub(crate) struct Feeds {
    written: Mutex<HashMap<(OrganisationId, &'static str), Written>>,
    lists: Mutex<Option<Arc<WarningLists>>>,
    holdings: Mutex<Option<Arc<Holdings>>>,
    changed: Mutex<Option<(u64, Instant)>>,
}

/// A feed as it was written.
#[derive(Clone)]
struct Written {
    at: Instant,
    /// The place up to which nothing was released that it lacks.
    place: Sequence,
    generation: u64,
    feed: Rendered,
}

/// The feeds there are.
#[derive(Serialize)]
pub(crate) struct FeedNames {
    feeds: [&'static str; Format::ALL.len()],
}

pub(crate) async fn list(Caller(_): Caller) -> Json<FeedNames> {
    Json(FeedNames { feeds: Format::ALL.map(Format::file_name) })
}

pub(crate) async fn get(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let format = format(&params.get::<String>("file")?)?;
    recorder::room(&api).await?;
    let feed = api.feeds().of(&api, actor.clone(), format).await?;
    let tag = HeaderValue::from_str(&feed.etag).unwrap_or(HeaderValue::from_static("\"\""));
    let caching = [(ETAG, tag), (CACHE_CONTROL, HeaderValue::from_static("private, no-cache"))];
    if has(&headers, &feed.etag) {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let carried = Carried::to(api.house(), &actor, Door::Feed, feed.places).map(Extension);
    Ok((carried, caching, [(CONTENT_TYPE, feed.content_type)], feed.body).into_response())
}

impl Feeds {
    /// A warning list was put or removed.
    pub(crate) fn forget_lists(&self) {
        *self.lists.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.written.lock().unwrap_or_else(PoisonError::into_inner).clear();
        *self.changed.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn of(&self, api: &Api, actor: Actor, format: Format) -> Result<Rendered, Problem> {
        let (now, place) = (api.house().now(), api.house().bell().last());
        let generation = api.house().standing().generation;
        let key = (actor.organisation.clone(), format.file_name());
        let fresh = |written: &Written| {
            written.generation == generation && now >= written.at && now.since(written.at) < FRESH
        };
        // Feeds never carry what is for persons only, so one serves the whole organisation.
        let known = self.written.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(written) = known.filter(fresh) {
            // What is withdrawn is in no feed from that moment: no release whatever, not even one
            // that withdraws, may lie between. Deliveries are no releases.
            let since = written.place;
            if place == since || api.ask(move |house| quiet(house, since)).await? {
                return Ok(self.unchanged(&key, (since, place)).unwrap_or(written.feed));
            }
        }
        let head = self.head(api, &actor, (generation, now));
        let lists = self.lists(api).await?;
        let holdings = self.holdings(&api.house().standing().directory);
        let (decay, outposts) = (Arc::clone(&api.settings().decay), api.sensors());
        let by = move |house: &House| {
            let lately = outposts.lately(&actor)?;
            let means =
                Means { decay: &decay, lists: &lists, holdings: &holdings, lately: &lately };
            write(house, &actor, format, (&head, &means))
        };
        let feed = api.ask_at(Cost::Bulk, by).await?;
        if feed.body.len() <= LARGEST_KEPT {
            let mut kept = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= KEPT {
                kept.clear();
            }
            kept.insert(key, Written { at: now, place, generation, feed: feed.clone() });
        }
        Ok(feed)
    }

    /// Notes that between two places nothing was released that a kept feed lacks.
    fn unchanged(
        &self,
        key: &(OrganisationId, &'static str),
        (since, place): (Sequence, Sequence),
    ) -> Option<Rendered> {
        let mut kept = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        // Another may have been written meanwhile.
        let written = kept.get_mut(key).filter(|written| written.place >= since)?;
        written.place = place.max(written.place);
        Some(written.feed.clone())
    }

    fn head(&self, api: &Api, actor: &Actor, (generation, now): (u64, Instant)) -> Head {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        let since = match *changed {
            Some((known, since)) if known == generation => since,
            _ => now,
        };
        *changed = Some((generation, since));
        let standing = api.house().standing();
        let organisation = standing.directory.organisation(&actor.organisation);
        Head {
            node: api.settings().title.clone(),
            organisation: organisation.map_or_else(String::new, |it| it.name.clone()),
            changed: since,
            doubtful: Doubtful::LeftOut,
        }
    }

    fn holdings(&self, directory: &Arc<Directory>) -> Arc<Holdings> {
        let mut kept = self.holdings.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some(known) if Arc::ptr_eq(&known.directory, directory) => Arc::clone(known),
            _ => Arc::clone(kept.insert(Arc::new(Holdings::of(Arc::clone(directory))))),
        }
    }

    /// The warning lists.
    pub(crate) async fn lists(&self, api: &Api) -> Result<Arc<WarningLists>, Problem> {
        let known = self.lists.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(lists) = known {
            return Ok(lists);
        }
        let kept = api.ask(|house| house.warning_lists()).await?;
        let read = |text: &[u8]| WarningList::parse(text).map(|(list, _)| list).ok();
        let lists: Vec<_> = kept.iter().filter_map(|kept| read(&kept.text)).collect();
        let lists = WarningLists::build(&lists).map_err(|error| {
            tracing::error!(%error, "the warning lists are more than can be held");
            Problem::new(Kind::Unavailable, "no feed without its warning lists; ask the operator")
        })?;
        let lists = Arc::new(lists);
        *self.lists.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&lists));
        Ok(lists)
    }
}

/// By what it is found what is worth to be in a feed.
struct Means<'a> {
    decay: &'a DecayTable,
    lists: &'a WarningLists,
    holdings: &'a Holdings,
    lately: &'a Lately,
}

/// Reads all that an organisation may have, and writes it.
fn write(
    house: &House,
    actor: &Actor,
    format: Format,
    (head, means): (&Head, &Means<'_>),
) -> Result<Rendered, FlowError> {
    let Means { decay, lists, holdings, lately } = *means;
    let reader = house.reader_of(actor)?;
    let whole = house.standing().own.as_ref() == Some(&actor.organisation);
    let sight = Sight { reader: holdings.directory.number(&actor.organisation), whole };
    let owned = |term: &Term| holdings.doubt(term, sight);
    let of_others = Measures { decay, lists, owned: &owned, now: house.now() };
    // What an organisation brought itself it has blocked as it likes, and learns nothing by it; whose node
    // it is has nothing to learn.
    let of_reader = Measures { owned: &|_| None, ..of_others };
    let mut wish = Wish::all(Sequence::START, VersionFilter::Last);
    let mut entries = VecDeque::new();
    let mut left_out = 0;
    loop {
        let (items, next) = house.cleared_page(actor, &wish)?;
        let assess = |item: Cleared<ReadItem>| {
            item.filter_map(|item| {
                let own = Some(item.producer) == sight.reader && !whole;
                assess(item, lately, if own { &of_reader } else { &of_others })
            })
        };
        entries.extend(items.into_iter().filter_map(assess));
        left_out += keep_last(&mut entries, MOST_ITEMS);
        match next {
            Some(next) => wish.after = next,
            None => break,
        }
    }
    if left_out > 0 {
        tracing::warn!(organisation = %actor.organisation, left_out, "a feed carries only what was released last");
    }
    Ok(render(format, entries.make_contiguous(), &reader, head))
}

/// Leaves only so many of the last; says how many went.
fn keep_last<T>(entries: &mut VecDeque<T>, most: usize) -> usize {
    entries.drain(..entries.len().saturating_sub(most)).count()
}

/// Whether nothing was released after a place.
fn quiet(house: &House, place: Sequence) -> Result<bool, FlowError> {
    Ok(house.releases(place, 1)?.items.is_empty())
}

/// What is to be known and not acted upon is in no feed.
fn assess(item: ReadItem, lately: &Lately, by: &Measures<'_>) -> Option<FeedEntry> {
    if item.obligations.as_ref().is_some_and(|it| it.forbids_acting()) {
        return None;
    }
    FeedEntry::assess(release(&item, lately), by)
}

fn format(file: &str) -> Result<Format, Problem> {
    Format::of_file(file).ok_or_else(|| {
        let names: Vec<_> = Format::ALL.into_iter().map(Format::file_name).collect();
        let sentence = format!("there is no such feed; ask for one of {}", names.join(", "));
        Problem::new(Kind::Unknown, sentence).at("file")
    })
}

/// Whether a client has the feed already (RFC 9110 §13.1.2).
fn has(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(','));
    tags.any(|known| matches!(known.trim(), "*") || known.trim().trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_released_are_kept() {
        let mut entries: VecDeque<_> = (0..5).collect();
        assert_eq!(keep_last(&mut entries, 3), 2);
        assert_eq!(entries, [2, 3, 4]);
        assert_eq!(keep_last(&mut entries, 3), 0);
    }
}
