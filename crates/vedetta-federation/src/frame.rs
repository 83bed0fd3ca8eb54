//! What goes over the wire: frames, each `length type payload`.
//!
//! ```text
//! 0        4     5
//! | length | type | payload … |      length: u32, big-endian, of type and payload
//! ```
//!
//! The payload is JSON compressed with Zstandard (RFC 8878). On the wire a frame has at most 13 MiB;
//! decompressed a batch at most 12 MiB, so that the largest object that any door takes goes in one;
//! cards 8 MiB, a hello 128 KiB, every other 64 KiB. A type that is not known is skipped: a later
//! version may send it.

use serde::{Deserialize, Serialize};
use vedetta_model::{Instant, OrganisationId};

use crate::bookmark::{Bookmark, Mark, Span};
use crate::card::Card;
use crate::digest::Digest;
use crate::envelope::Envelope;
use crate::few::{Few, few};
use crate::shelf::Lane;

/// The versions of the protocol that this crate speaks, the lowest and the highest.
pub const VERSIONS: (u16, u16) = (2, 2);

/// On the wire a frame has at most so many octets, its length aside: those of a batch that cannot be
/// compressed, and what Zstandard adds.
pub const LONGEST_FRAME: usize = 13 << 20;

/// Decompressed a batch has at most so many: an object as large as there are, and its trail.
pub const LARGEST_BATCH: usize = 12 << 20;

/// And a frame of cards.
pub const LARGEST_CARDS: usize = 8 << 20;

/// A hello: it has a card and a bookmark.
pub const LARGEST_HELLO: usize = 128 << 10;

/// And every other.
pub const LARGEST_SMALL: usize = 64 << 10;

/// A batch has at most so many envelopes.
pub const MOST_ENVELOPES: usize = 1000;

/// A frame brings at most so many cards.
pub const MOST_CARDS: usize = 1000;

/// A note tells at most so many refusals.
pub const MOST_REFUSALS: usize = 100;

/// One message between two nodes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Frame {
    /// Who I am, and where I am in your ledger. The first on either side.
    Hello(Box<Hello>),
    /// Cards that I know and vouch for.
    Cards(Vec<Card>),
    /// A part of my ledger.
    Batch(Box<Batch>),
    /// You may send so many batches more.
    Credit(Credit),
    /// I am there.
    Beat(Beat),
    /// What I refused of yours.
    Notice(Notice),
    /// Your marks are not of my ledger any more: go back to this place, and what came from me
    /// give me back.
    Rewind(Rewind),
    /// I end the connection.
    Bye(Bye),
}

/// The first frame on either side.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hello {
    /// The lowest and the highest version that I speak. Both speak the highest that both can.
    pub versions: (u16, u16),
    /// My newest card. The connection was let in by its key.
    pub card: Card,
    /// To whom I think I speak.
    pub to: OrganisationId,
    /// Under which name I offer my ledger to you.
    pub edition: String,
    /// Where my ledger ends.
    pub head: Mark,
    /// My clock.
    pub now: Instant,
    /// What I have of your ledger.
    #[serde(default)]
    pub resume: Bookmark,
    /// How many batches you may send before I say more.
    pub credit: u32,
}

/// A part of the sender's ledger.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Batch {
    /// Counts the batches of this connection, from one.
    pub number: u64,
    /// On which lane.
    pub lane: Lane,
    /// Of which places this is everything for you. Empty on the urgent lane.
    pub span: Span,
    /// The hash of the chain at its end.
    pub hash: Digest,
    /// What is there.
    #[serde(default, deserialize_with = "few::<_, _, MOST_ENVELOPES>")]
    pub envelopes: Vec<Envelope>,
}

/// Leave to send on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Credit {
    /// So many batches more.
    pub batches: u32,
    /// The batch up to which everything is durable here.
    pub taken: u64,
}

/// A sign of life.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Beat {
    /// My clock.
    pub now: Instant,
    /// Where my ledger ends.
    pub head: u64,
    /// Your last `now` that I heard, and how many microseconds ago.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<(Instant, u64)>,
}

/// What was refused.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Notice {
    /// Each with its reason.
    #[serde(default, deserialize_with = "few::<_, _, MOST_REFUSALS>")]
    pub refusals: Vec<Told>,
}

/// The name under which that is refused of which too many are here.
pub const CROWDED: &str = "too-many";

/// One refusal, as the sender is told of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Told {
    /// What.
    pub leaf: Digest,
    /// The name of the reason.
    pub why: String,
    /// The reason as a sentence, when the peer gives one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub says: String,
}

impl Told {
    /// That a peer has brought what more producers made of one item than are told apart.
    #[must_use]
    pub fn crowded(leaf: Digest) -> Self {
        let says = "too many others brought one of this identifier by you".into();
        Self { leaf, why: CROWDED.into(), says }
    }
}

/// Where to go on after the sender's ledger was restored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rewind {
    /// The last place that both have alike.
    pub to: u64,
}

/// The end of a connection.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Bye {
    /// Why.
    pub reason: Farewell,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub says: String,
}

/// Why a connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Farewell {
    /// The node stops.
    Stopping,
    /// No common version.
    Version,
    /// The card is not the one that was pinned, or does not belong to the connection's key.
    Stranger,
    /// The link is suspended.
    Suspended,
    /// The link is over.
    Ended,
    /// The other side broke the protocol.
    Protocol,
    /// Nothing was heard for too long.
    Silent,
    /// A newer connection took its place.
    Replaced,
    /// What was sent is to come again: dial again.
    Again,
    /// Something else, or something that this version does not know: dial again.
    #[serde(other)]
    Other,
}

/// Why octets are no frame. The connection ends.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FrameError {
    /// Longer than may be.
    #[error(
        "a frame of {0} octets: at most 13,631,488 on the wire, and decompressed what its type may have"
    )]
    TooLong(usize),
    /// Decompressed larger than may be, or not Zstandard.
    #[error("a payload that is not Zstandard, or larger than a frame of its type may be")]
    Compression,
    /// Not the JSON of its type.
    #[error("type {kind}: {what}")]
    Content {
        /// The type.
        kind: u8,
        /// What is wrong.
        what: String,
    },
    /// More members than may be.
    #[error("type {0} with more than it may have")]
    TooMany(u8),
}

/// Puts frames together from pieces of a stream.
#[derive(Debug, Default)]
pub struct Decoder {
    waiting: Vec<u8>,
}

impl Frame {
    const fn kind(&self) -> u8 {
        match self {
            Self::Hello(_) => 1,
            Self::Cards(_) => 2,
            Self::Batch(_) => 3,
            Self::Credit(_) => 4,
            Self::Beat(_) => 5,
            Self::Notice(_) => 6,
            Self::Rewind(_) => 7,
            Self::Bye(_) => 8,
        }
    }

    /// The frame as it goes over the wire.
    ///
    /// # Errors
    /// [`FrameError::TooLong`] when it has more than a frame may have: send less at once.
    pub fn encode(&self) -> Result<Vec<u8>, FrameError> {
        let json = match self {
            Self::Hello(it) => serde_json::to_vec(it),
            Self::Cards(it) => serde_json::to_vec(it),
            Self::Batch(it) => serde_json::to_vec(it),
            Self::Credit(it) => serde_json::to_vec(it),
            Self::Beat(it) => serde_json::to_vec(it),
            Self::Notice(it) => serde_json::to_vec(it),
            Self::Rewind(it) => serde_json::to_vec(it),
            Self::Bye(it) => serde_json::to_vec(it),
        };
        let kind = self.kind();
        let broken =
            |error: &dyn std::fmt::Display| FrameError::Content { kind, what: error.to_string() };
        let json = json.map_err(|error| broken(&error))?;
        if json.len() > largest(kind) {
            return Err(FrameError::TooLong(json.len()));
        }
        let payload = pack(&json).map_err(|error| broken(&error))?;
        let length = payload.len() + 1;
        if length > LONGEST_FRAME {
            return Err(FrameError::TooLong(length));
        }
        let length = u32::try_from(length).map_err(|_| FrameError::TooLong(length))?;
        Ok([&length.to_be_bytes(), &[kind][..], &payload].concat())
    }

    /// Reads the payload of a frame; nothing when its type is not known.
    ///
    /// # Errors
    /// [`FrameError`] says what is wrong.
    pub fn decode(kind: u8, payload: &[u8]) -> Result<Option<Self>, FrameError> {
        Ok(Self::unpacked(kind, payload)?.map(|(frame, _)| frame))
    }

    /// The same, with how many octets of JSON it had.
    ///
    /// # Errors
    /// [`FrameError`] says what is wrong.
    pub fn unpacked(kind: u8, payload: &[u8]) -> Result<Option<(Self, usize)>, FrameError> {
        if !(1..=8).contains(&kind) {
            return Ok(None);
        }
        let json = unpack(payload, largest(kind))?;
        let frame = match kind {
            1 => Self::Hello(read(kind, &json)?),
            2 => Self::Cards(read::<Few<Card, MOST_CARDS>>(kind, &json)?.0),
            3 => Self::Batch(read(kind, &json)?),
            4 => Self::Credit(read(kind, &json)?),
            5 => Self::Beat(read(kind, &json)?),
            6 => Self::Notice(read(kind, &json)?),
            7 => Self::Rewind(read(kind, &json)?),
            _ => Self::Bye(read(kind, &json)?),
        };
        let few = match &frame {
            Self::Hello(hello) => hello.resume.is_sound() && hello.edition.len() <= 64,
            _ => true,
        };
        if few { Ok(Some((frame, json.len()))) } else { Err(FrameError::TooMany(kind)) }
    }
}

impl Decoder {
    /// Takes in what came over the wire. What waits never exceeds one frame and this piece, so
    /// take out all frames before the next piece.
    pub fn push(&mut self, piece: &[u8]) {
        self.waiting.extend_from_slice(piece);
    }

    /// The next whole frame; nothing when more must come. Unknown types are skipped.
    ///
    /// # Errors
    /// [`FrameError`] when the stream cannot be read any further.
    pub fn frame(&mut self) -> Result<Option<Frame>, FrameError> {
        loop {
            let Some((length, rest)) = self.waiting.split_first_chunk::<4>() else {
                return Ok(None);
            };
            let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
            if length == 0 || length > LONGEST_FRAME {
                return Err(FrameError::TooLong(length));
            }
            let Some((kind, payload)) = rest.get(..length).and_then(<[u8]>::split_first) else {
                return Ok(None);
            };
            let frame = Frame::decode(*kind, payload)?;
            self.waiting.drain(..4 + length);
            if frame.is_some() {
                return Ok(frame);
            }
        }
    }
}

/// How many octets of JSON a type has at most.
const fn largest(kind: u8) -> usize {
    match kind {
        1 => LARGEST_HELLO,
        2 => LARGEST_CARDS,
        3 => LARGEST_BATCH,
        _ => LARGEST_SMALL,
    }
}

/// With a checksum, so that what was damaged is not taken for what was sent.
fn pack(json: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(1)?;
    compressor.include_checksum(true)?;
    compressor.compress(json)
}

fn unpack(payload: &[u8], largest: usize) -> Result<Vec<u8>, FrameError> {
    use std::io::Read as _;
    let mut json = Vec::new();
    let mut reader =
        zstd::stream::read::Decoder::new(payload).map_err(|_| FrameError::Compression)?;
    reader.window_log_max(23).map_err(|_| FrameError::Compression)?;
    let limit = u64::try_from(largest + 1).unwrap_or(u64::MAX);
    reader.take(limit).read_to_end(&mut json).map_err(|_| FrameError::Compression)?;
    if json.len() > largest { Err(FrameError::Compression) } else { Ok(json) }
}

fn read<'de, T: Deserialize<'de>>(kind: u8, json: &'de [u8]) -> Result<T, FrameError> {
    serde_json::from_slice(json)
        .map_err(|error| FrameError::Content { kind, what: error.to_string() })
}
