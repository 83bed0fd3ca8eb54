//! What was read through TAXII, the JSON interface, feeds and people's pages, to be recorded as
//! delivered.
//!
//! A client that reads the same again is not delivered to again: for each organisation and door
//! what it had is remembered (forgotten when that is too much), and not noted twice.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use vedetta_diffusion::{Receipt, Receipts};
use vedetta_flow::{Door, House, Sequence};
use vedetta_model::{Actor, Instant, OrganisationNumber, Places};

use crate::api::Api;

/// Runs of places remembered, of 16 octets each.
const REMEMBERED: usize = 1 << 20;
/// An answer that is not taken in such a time ends: for each that does, all that was withdrawn since it
/// was read is gone through.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Reads that wait to be recorded.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    taxii: Receipts,
    api: Receipts,
    feed: Receipts,
    console: Receipts,
    had: Mutex<Had>,
    /// Since when the first of them was read.
    since: Mutex<Option<Sequence>>,
}

/// What was noted before.
#[derive(Debug, Default)]
struct Had {
    places: HashMap<(Door, OrganisationNumber), Places>,
    runs: usize,
}

/// The releases that an answer carries: an extension of the answer, for the gate.
#[derive(Clone, Debug)]
pub(crate) struct Carried {
    door: Door,
    reader: OrganisationNumber,
    places: Arc<Places>,
    /// [`House::reading_since`] when it was read.
    since: Sequence,
    /// When it was read.
    at: Instant,
}

/// A body that is noted as delivered when the connection has taken all of it.
struct Noted {
    body: Body,
    carried: Option<Carried>,
    api: Api,
}

/// Why an answer ends before its end.
#[derive(Debug, thiserror::Error)]
#[error("the answer was not taken within an hour")]
struct TooSlow;

impl Carried {
    /// What is carried to an actor's organisation; `None` when it is no longer in the directory.
    pub(crate) fn to(
        house: &House,
        actor: &Actor,
        door: Door,
        places: impl Into<Arc<Places>>,
    ) -> Option<Self> {
        let reader = house.standing().directory.number(&actor.organisation)?;
        let (places, since, at) = (places.into(), house.reading_since(), house.now());
        Some(Self { door, reader, places, since, at })
    }

    /// A body that notes this when it was taken. One that is not taken, as when only the head of an
    /// answer was asked for, is no delivery.
    pub(crate) fn noted(self, body: Body, api: &Api) -> Body {
        Body::new(Noted { body, carried: Some(self), api: api.clone() })
    }
}

impl Reads {
    /// Notes what an answer carried.
    fn note(&self, carried: &Carried, at: Instant) {
        let Carried { door, reader, places, since, .. } = carried;
        let mut first = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        *first = Some(first.map_or(*since, |first| first.min(*since)));
        let fresh = self.remember((*door, *reader), places);
        self.of(*door).note(&fresh, *reader, at);
    }

    /// Takes what waits, with since when the first of it was read.
    pub(crate) fn drain(&self) -> (Vec<(Door, Receipt)>, Option<Sequence>) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let doors = [Door::Taxii, Door::Api, Door::Feed, Door::Console].into_iter();
        let all = doors
            .flat_map(|door| self.of(door).drain().into_iter().map(move |receipt| (door, receipt)));
        (all.collect(), since.take())
    }

    /// About how much memory waits, in octets.
    pub(crate) fn weight(&self) -> usize {
        [&self.taxii, &self.api, &self.feed, &self.console].map(Receipts::weight).iter().sum()
    }

    fn of(&self, door: Door) -> &Receipts {
        match door {
            Door::Taxii => &self.taxii,
            Door::Feed => &self.feed,
            Door::Console => &self.console,
            Door::Api | Door::Stream | Door::Webhook | Door::Peer => &self.api,
        }
    }

    /// Those that were not remembered yet.
    fn remember(&self, key: (Door, OrganisationNumber), places: &Arc<Places>) -> Arc<Places> {
        let mut had = self.had.lock().unwrap_or_else(PoisonError::into_inner);
        if had.runs > REMEMBERED {
            *had = Had::default();
        }
        let known = had.places.entry(key).or_default();
        let (fresh, before) = (places.difference(known), known.runs().len());
        known.absorb(&fresh);
        let after = known.runs().len();
        had.runs = had.runs + after - before;
        if fresh == **places { Arc::clone(places) } else { Arc::new(fresh) }
    }
}

impl hyper::body::Body for Noted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let now = self.api.house().now();
        if self.carried.as_ref().is_some_and(|it| now.since(it.at) > LONGEST) {
            self.carried = None;
            self.body = Body::empty();
            return Poll::Ready(Some(Err(axum::Error::new(TooSlow))));
        }
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(_))) = polled
            && self.body.is_end_stream()
            && let Some(carried) = self.carried.take()
        {
            self.api.reads().note(&carried, now);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
