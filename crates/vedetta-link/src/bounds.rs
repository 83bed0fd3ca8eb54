//! What peers, and those who pretend to be, may cost.

use std::time::Duration;

use vedetta_federation::card::LARGEST_CARD;
use vedetta_federation::frame::LONGEST_FRAME;

/// Octets of a card in a header: as large as it may be, with its signatures, in Base64.
pub(crate) const LARGEST_HEADER: usize = (LARGEST_CARD + (1 << 10)).div_ceil(3) * 4;

/// Octets of the head of a request or an answer, whoever dialled.
pub(crate) const HEAD: u32 = 72 << 10;

const _: () = assert!(LARGEST_HEADER + (4 << 10) < HEAD as usize);

/// The bounds of a node's links.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Connections at once, of whomever.
    pub connections: usize,
    /// Connections at once from one address other than loopback.
    pub per_address: usize,
    /// Time for the TLS handshake, for the request after it, and for a connection that we make.
    pub handshake: Duration,
    /// Octets of one frame on the wire, without its length.
    pub frame: usize,
    /// Frames that wait to be sent on one link.
    pub waiting: usize,
    /// Octets under way in each direction of one link.
    pub window: u32,
    /// Octets of a message of pairing.
    pub pairing: usize,
    /// How often a speaker is woken though nothing happens.
    pub tick: Duration,
    /// A link over which no whole frame came for so long, or that did not take what it is sent, is
    /// cut.
    pub silence: Duration,
    /// For so long parts of a frame that is not whole are signs of life: the largest comes in that
    /// time over a line of 64 kbit/s. Whoever sends an octet now and then is silent after it.
    pub whole: Duration,
    /// Time for farewells once the node stops.
    pub farewell: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 1024,
            per_address: 32,
            handshake: Duration::from_secs(10),
            frame: LONGEST_FRAME,
            waiting: 4,
            window: 4 << 20,
            pairing: 64 << 10,
            tick: Duration::from_secs(1),
            silence: Duration::from_secs(30),
            whole: Duration::from_secs(1_800),
            farewell: Duration::from_secs(5),
        }
    }
}
