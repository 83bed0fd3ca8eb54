//! SHA-256, and its text.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::Digest as _;

/// A SHA-256; 64 hexadecimal digits in text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest([u8; 32]);

/// The SHA-256 of several pieces as one.
#[must_use]
pub fn digest(pieces: &[&[u8]]) -> Digest {
    let mut hash = sha2::Sha256::new();
    for piece in pieces {
        hash.update(piece);
    }
    Digest(hash.finalize().into())
}

impl Digest {
    /// From its octets.
    #[must_use]
    pub const fn from_octets(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// Its octets.
    #[must_use]
    pub const fn octets(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(text(&mut [0; 64], &self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_str(text(&mut [0; 64], &self.0))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_str(Digits)
    }
}

/// Reads digits where they stand: no piece of memory is asked for.
struct Digits;

impl de::Visitor<'_> for Digits {
    type Value = Digest;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("64 hexadecimal digits")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Digest, E> {
        from_hex(text).map(Digest).ok_or_else(|| E::custom("not a digest: 64 digits"))
    }
}

/// Twenty of them are with every item that travels, so no piece of memory is asked for to write one.
fn text<'a>(room: &'a mut [u8; 64], octets: &[u8; 32]) -> &'a str {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let (pairs, _) = room.as_chunks_mut::<2>();
    for (pair, octet) in pairs.iter_mut().zip(octets) {
        *pair = [DIGITS[usize::from(octet >> 4)], DIGITS[usize::from(octet & 15)]];
    }
    std::str::from_utf8(room).unwrap_or_default()
}

pub(crate) fn in_hex(octets: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    octets.iter().flat_map(|octet| [digit(octet >> 4), digit(*octet)]).collect()
}

/// Lower case alone: one value has one text.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let (mut octets, mut wrong) = ([0; N], 0);
    for (octet, [high, low]) in octets.iter_mut().zip(pairs) {
        let (high, low) = (NIBBLES[usize::from(*high)], NIBBLES[usize::from(*low)]);
        wrong |= high | low;
        *octet = (high & 15) << 4 | (low & 15);
    }
    (wrong < 16).then_some(octets)
}

/// What each octet is worth as a digit; 16 when it is none.
const NIBBLES: [u8; 256] = {
    let mut worth = [16; 256];
    let mut digit = 0;
    while digit < 16 {
        worth[b"0123456789abcdef"[digit as usize] as usize] = digit;
        digit += 1;
    }
    worth
};
