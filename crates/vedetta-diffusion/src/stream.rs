//! The live stream: one ring of recent releases, followed by every organisation that is connected.
//!
//! A release is rendered once. Releases pushed together form a segment; a follower entitled to
//! all of it is handed the segment's bytes as they are, shared with everyone else. A follower that
//! falls behind the ring, or comes back after days, is told so and replays from the ledger, by the
//! same places: no gap, no duplicate.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::sync::watch;
use vedetta_model::{Instant, Pap, Places, Tlp};
use vedetta_policy::{Cleared, Reader};

use crate::receipts::Receipts;

/// One release as the stream shows it.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its place in the ledger: the event's id.
    pub place: u64,
    /// When it was released.
    pub at: Instant,
    /// How far it may go: the object alone does not say so of what was brought unmarked.
    pub tlp: Tlp,
    /// What may be done with it.
    pub pap: Pap,
    /// Whose line of the item it is, without saying whose.
    pub line: Option<u32>,
    /// The object, as JSON.
    pub object: Bytes,
    /// What exchange policies oblige its reader to, as JSON on one line.
    pub iep: Option<Bytes>,
}

/// How the stream is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Server-sent events (WHATWG HTML, section 9.2).
    Sse,
    /// One JSON object a line: `{"id": "…", "date_added": "…", "tlp": "…", "pap": "…", "line": "…",
    /// "object": {…}}`, and `iep` where policies bind it.
    Ndjson,
}

/// The ring and its bell.
#[derive(Debug)]
pub struct Hub {
    ring: RwLock<Ring>,
    news: watch::Sender<u64>,
    followers: AtomicUsize,
    receipts: Receipts,
}

/// One organisation following the hub.
#[derive(Debug)]
pub struct Follower {
    hub: Arc<Hub>,
    reader: Reader,
    format: Format,
    place: u64,
    news: watch::Receiver<u64>,
    unconfirmed: Vec<Arc<Places>>,
}

/// What a follower finds.
#[derive(Debug)]
pub enum Taken {
    /// Bytes to write, in order; empty when nothing new is for this reader.
    New(Vec<Bytes>),
    /// The ring begins after the follower's place: replay from the ledger up to this place.
    Behind(u64),
}

#[derive(Debug, Default)]
struct Ring {
    segments: VecDeque<Arc<Segment>>,
    /// Everything up to here was dropped from the ring, or was before it.
    from: u64,
    to: u64,
    bytes: usize,
    /// Of the snapshot under which all of it was cleared.
    generation: u64,
}

/// Releases pushed together: each for itself, and all of them for those who may open them all.
#[derive(Debug)]
struct Segment {
    to: u64,
    size: usize,
    frames: Vec<Cleared<Frame>>,
    whole: Cleared<Whole>,
}

/// All releases of a segment, rendered once per format when first asked for.
#[derive(Debug)]
struct Whole {
    frames: Vec<Frame>,
    places: Arc<Places>,
    sse: OnceLock<Bytes>,
    ndjson: OnceLock<Bytes>,
}

/// Bytes that the ring keeps at most.
const RING: usize = 32 << 20;

impl Hub {
    /// A hub whose ring begins after a place of the ledger.
    #[must_use]
    pub fn at(place: u64) -> Arc<Self> {
        let ring = Ring { from: place, to: place, ..Ring::default() };
        Arc::new(Self {
            ring: RwLock::new(ring),
            news: watch::Sender::new(place),
            followers: 0.into(),
            receipts: Receipts::default(),
        })
    }

    /// Adds what was released up to a place, cleared under the snapshot of a generation, and wakes
    /// the followers if there is anything for them: a place alone they find when they look next. What was cleared under another generation is dropped: whoever has not taken
    /// it yet asks the ledger, which clears it as things stand now.
    pub fn push(&self, frames: Vec<Cleared<Frame>>, to: u64, generation: u64) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        let rings = generation != ring.generation || !frames.is_empty();
        if generation != ring.generation {
            *ring = Ring { from: ring.to, to: ring.to, generation, ..Ring::default() };
        }
        if to <= ring.to {
            return;
        }
        ring.to = to;
        if !frames.is_empty() {
            let segment = Segment::of(frames, to);
            ring.bytes += segment.size;
            ring.segments.push_back(Arc::new(segment));
        }
        while ring.bytes > RING && ring.segments.len() > 1 {
            if let Some(oldest) = ring.segments.pop_front() {
                ring.bytes -= oldest.size;
                ring.from = oldest.to;
            }
        }
        drop(ring);
        if rings {
            self.news.send_replace(to);
        }
    }

    /// Goes on after a place without what is before it: nobody follows. Whoever begins to meanwhile
    /// asks the ledger.
    pub fn skip(&self, to: u64, generation: u64) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        if to > ring.to {
            *ring = Ring { from: to, to, generation, ..Ring::default() };
            drop(ring);
            self.news.send_replace(to);
        }
    }

    /// Begins to follow after a place.
    #[must_use]
    pub fn follow(self: &Arc<Self>, reader: Reader, format: Format, after: u64) -> Follower {
        self.followers.fetch_add(1, Ordering::Relaxed);
        Follower {
            hub: Arc::clone(self),
            reader,
            format,
            place: after,
            news: self.news.subscribe(),
            unconfirmed: Vec::new(),
        }
    }

    /// The place up to which the hub was filled.
    #[must_use]
    pub fn place(&self) -> u64 {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).to
    }

    /// How many follow.
    #[must_use]
    pub fn followers(&self) -> usize {
        self.followers.load(Ordering::Relaxed)
    }

    /// How long to gather releases before pushing them: a write to a follower costs about as much
    /// for one release as for twenty, so the more follow, the longer (25 µs each, 250 ms at most).
    #[must_use]
    pub fn gathering(&self) -> Duration {
        Duration::from_micros(25 * self.followers() as u64).min(Duration::from_millis(250))
    }

    /// Who had what, to be recorded.
    #[must_use]
    pub const fn receipts(&self) -> &Receipts {
        &self.receipts
    }
}

impl Follower {
    /// The place up to which everything was taken.
    #[must_use]
    pub const fn place(&self) -> u64 {
        self.place
    }

    /// Who follows.
    #[must_use]
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// How it is written.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Waits until the hub has news.
    pub async fn news(&mut self) {
        let place = self.place;
        // The hub outlives its followers, so the sender is never gone.
        let _filled = self.news.wait_for(|to| *to > place).await.is_ok();
    }

    /// Takes what is new for the reader, given the generation of what stands now.
    pub fn take(&mut self, generation: u64) -> Taken {
        let ring = self.hub.ring.read().unwrap_or_else(PoisonError::into_inner);
        let stale = generation != ring.generation && self.place < ring.to;
        if stale || self.place < ring.from {
            return Taken::Behind(if stale { ring.to } else { ring.from });
        }
        let first = ring.segments.partition_point(|segment| segment.to <= self.place);
        let segments: Vec<_> = ring.segments.range(first..).cloned().collect();
        let to = ring.to;
        drop(ring);
        let mut bytes = Vec::with_capacity(segments.len());
        for segment in segments {
            let (some, places) = segment.take(&self.reader, self.format, self.place);
            if !places.is_empty() {
                bytes.push(some);
                self.unconfirmed.push(places);
            }
        }
        self.place = self.place.max(to);
        Taken::New(bytes)
    }

    /// Writes a page of the past read from the ledger, and goes on after a place.
    pub fn replay(&mut self, frames: &[Frame], to: u64) -> Bytes {
        let (mut bytes, mut places) = (BytesMut::new(), Places::none());
        for frame in frames.iter().filter(|frame| frame.place > self.place) {
            frame.write(self.format, &mut bytes);
            places.insert(frame.place);
        }
        if !places.is_empty() {
            self.unconfirmed.push(Arc::new(places));
        }
        self.place = self.place.max(to);
        bytes.freeze()
    }

    /// Notes that all bytes taken so far were handed to the connection.
    pub fn confirm(&mut self, at: Instant) {
        for places in self.unconfirmed.drain(..) {
            self.hub.receipts.note(&places, self.reader.organisation, at);
        }
    }

    /// A sign of life that carries the place, so that a reader to whom little is cleared resumes
    /// near the end.
    #[must_use]
    pub fn heartbeat(&self) -> Bytes {
        match self.format {
            Format::Sse => format!("id: {}\n\n", self.place).into(),
            Format::Ndjson => format!("{{\"id\":\"{}\"}}\n", self.place).into(),
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.hub.followers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Segment {
    fn of(frames: Vec<Cleared<Frame>>, to: u64) -> Self {
        let mut size = 0;
        let whole = Cleared::together(&frames).map(|frames| {
            size = frames.iter().map(|frame| 2 * frame.object.len() + 128).sum();
            let places = Arc::new(frames.iter().map(|frame| frame.place).collect());
            Whole { frames, places, sse: OnceLock::new(), ndjson: OnceLock::new() }
        });
        Self { to, size, frames, whole }
    }

    /// What a reader may have of it after a place, and which places those are.
    fn take(&self, reader: &Reader, format: Format, after: u64) -> (Bytes, Arc<Places>) {
        let whole = self.whole.open(reader);
        if let Some(whole) = whole.filter(|it| it.places.first().is_some_and(|it| it > after)) {
            return (whole.bytes(format), Arc::clone(&whole.places));
        }
        let mut bytes = BytesMut::new();
        let mine = self.frames.iter().filter_map(|frame| frame.open(reader));
        let mine = mine.filter(|frame| frame.place > after);
        let places = mine.map(|frame| {
            frame.write(format, &mut bytes);
            frame.place
        });
        let places = Arc::new(places.collect());
        (bytes.freeze(), places)
    }
}

impl Whole {
    fn bytes(&self, format: Format) -> Bytes {
        let rendered = match format {
            Format::Sse => &self.sse,
            Format::Ndjson => &self.ndjson,
        };
        let render = || {
            let mut bytes = BytesMut::new();
            self.frames.iter().for_each(|frame| frame.write(format, &mut bytes));
            bytes.freeze()
        };
        rendered.get_or_init(render).clone()
    }
}

impl Frame {
    fn write(&self, format: Format, bytes: &mut BytesMut) {
        match format {
            Format::Sse => {
                // Fields that the specification does not know, and has every reader ignore: `tlp`,
                // `pap`, `line`, `iep`.
                let (tlp, pap) = (self.tlp.label(), self.pap.label());
                let head = format!("id: {}\nevent: item\ntlp: {tlp}\npap: {pap}\n", self.place);
                bytes.put_slice(head.as_bytes());
                if let Some(line) = self.line {
                    bytes.put_slice(format!("line: {line:08x}\n").as_bytes());
                }
                if let Some(iep) = &self.iep {
                    bytes.put_slice(b"iep: ");
                    bytes.put_slice(iep);
                    bytes.put_slice(b"\n");
                }
                bytes.put_slice(b"data: ");
                self.write_object(bytes);
                bytes.put_slice(b"\n\n");
            }
            Format::Ndjson => {
                let (tlp, pap) = (self.tlp.label(), self.pap.label());
                let head = format!(
                    "{{\"id\":\"{}\",\"date_added\":\"{}\",\"tlp\":\"{tlp}\",\"pap\":\"{pap}\",",
                    self.place, self.at
                );
                bytes.put_slice(head.as_bytes());
                if let Some(line) = self.line {
                    bytes.put_slice(format!("\"line\":\"{line:08x}\",").as_bytes());
                }
                if let Some(iep) = &self.iep {
                    bytes.put_slice(b"\"iep\":");
                    bytes.put_slice(iep);
                    bytes.put_slice(b",");
                }
                bytes.put_slice(b"\"object\":");
                self.write_object(bytes);
                bytes.put_slice(b"}\n");
            }
        }
    }

    /// The object on one line: a line break of a JSON text is only ever white space between its
    /// tokens.
    fn write_object(&self, bytes: &mut BytesMut) {
        let start = bytes.len();
        bytes.put_slice(&self.object);
        for byte in &mut bytes[start..] {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    }
}
