//! What the watches have learned, in octets: to be kept, and taken up after a restart.
//!
//! A heading with the version, the watches one after the other, and a check number (FNV-1a) of all
//! before it. Lengths go before what they count. What was cut or changed is refused whole.

use std::collections::VecDeque;
use std::hash::Hash;

use super::bounded::{Bounded, Heard, MOST};
use super::sketch::Distinct;

/// The first line; another number when what follows is read in another way.
const HEADING: &[u8] = b"vedetta baselines 3\n";
/// Most octets of all.
pub const LARGEST: usize = 256 << 20;

/// Why what was kept cannot be taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It was not written whole, or changed since.
    #[error("it is cut or was changed")]
    Torn,
    /// It was written by a version that keeps other things.
    #[error("it was written by another version")]
    OtherVersion,
}

/// Something that can be kept.
pub(super) trait Kept: Sized {
    fn write(&self, out: &mut Vec<u8>);
    fn read(from: &mut &[u8]) -> Option<Self>;
}

/// Everything learned, written down but not sealed yet: that takes long, and needs no watch.
#[derive(Debug)]
pub struct Learned(pub(super) Vec<u8>);

impl Learned {
    pub(super) fn new(write: impl FnOnce(&mut Vec<u8>)) -> Self {
        Self::under(HEADING, write)
    }

    pub(super) fn under(heading: &[u8], write: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut out = heading.to_vec();
        write(&mut out);
        Self(out)
    }

    /// With its check number, to be kept; nothing when it is more than can be taken up again.
    #[must_use]
    pub fn sealed(self) -> Option<Vec<u8>> {
        let mut out = self.0;
        if out.len() + size_of::<u64>() > LARGEST {
            return None;
        }
        let check = check(&out);
        out.extend_from_slice(&check.to_le_bytes());
        Some(out)
    }
}

/// What stands between heading and check number.
pub(super) fn opened(octets: &[u8]) -> Result<&[u8], Unreadable> {
    let known = octets.starts_with(HEADING);
    let ours = octets.starts_with(b"vedetta baselines ");
    let (sealed, said) = octets.split_last_chunk::<8>().ok_or(Unreadable::Torn)?;
    if octets.len() > LARGEST || check(sealed) != u64::from_le_bytes(*said) {
        return Err(Unreadable::Torn);
    }
    match sealed.get(HEADING.len()..) {
        Some(rest) if known => Ok(rest),
        _ if ours => Err(Unreadable::OtherVersion),
        _ => Err(Unreadable::Torn),
    }
}

fn check(octets: &[u8]) -> u64 {
    octets.iter().fold(0xcbf2_9ce4_8422_2325, |state: u64, octet| {
        (state ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Keeps a type field by field.
macro_rules! kept {
    ($type:ty { $($field:ident),+ }) => {
        impl $crate::baseline::kept::Kept for $type {
            fn write(&self, out: &mut Vec<u8>) {
                $($crate::baseline::kept::Kept::write(&self.$field, out);)+
            }

            fn read(from: &mut &[u8]) -> Option<Self> {
                Some(Self { $($field: $crate::baseline::kept::Kept::read(from)?),+ })
            }
        }
    };
}
pub(super) use kept;

macro_rules! number {
    ($($type:ty),+) => {$(
        impl Kept for $type {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn read(from: &mut &[u8]) -> Option<Self> {
                let (octets, rest) = from.split_first_chunk()?;
                *from = rest;
                Some(Self::from_le_bytes(*octets))
            }
        }
    )+};
}
number!(u8, u16, u32, u64, i64, f32, f64);

impl Kept for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        Some(u8::read(from)? != 0)
    }
}

impl Kept for String {
    fn write(&self, out: &mut Vec<u8>) {
        length(self.len()).write(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        let length = u32::read(from)? as usize;
        let (text, rest) = from.split_at_checked(length)?;
        *from = rest;
        Some(std::str::from_utf8(text).ok()?.to_owned())
    }
}

impl<T: Kept> Kept for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        self.iter().for_each(|it| it.write(out));
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        Some(if bool::read(from)? { Some(T::read(from)?) } else { None })
    }
}

impl<T: Kept> Kept for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        length(self.len()).write(out);
        self.iter().for_each(|it| it.write(out));
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        (0..u32::read(from)?).map(|_| T::read(from)).collect()
    }
}

impl<T: Kept> Kept for VecDeque<T> {
    fn write(&self, out: &mut Vec<u8>) {
        length(self.len()).write(out);
        self.iter().for_each(|it| it.write(out));
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        Some(Vec::<T>::read(from)?.into())
    }
}

impl<A: Kept, B: Kept> Kept for (A, B) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        Some((A::read(from)?, B::read(from)?))
    }
}

impl<A: Kept, B: Kept, C: Kept> Kept for (A, B, C) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
        self.2.write(out);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        Some((A::read(from)?, B::read(from)?, C::read(from)?))
    }
}

impl<const N: usize> Kept for [f32; N] {
    fn write(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|it| it.write(out));
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        let mut all = [0.0; N];
        for it in &mut all {
            *it = f32::read(from)?;
        }
        Some(all)
    }
}

impl Kept for Distinct {
    fn write(&self, out: &mut Vec<u8>) {
        write_bits(self.words(), out);
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        let mut sketch = Self::default();
        read_bits(sketch.words_mut(), from)?;
        Some(sketch)
    }
}

impl<K: Kept + Hash + Eq + Clone, V: Kept + Default> Kept for Bounded<K, V> {
    fn write(&self, out: &mut Vec<u8>) {
        let all: Vec<_> = self.iter().collect();
        length(all.len()).write(out);
        for (key, heard) in all {
            key.write(out);
            heard.last.write(out);
            heard.new.write(out);
            heard.of.write(out);
        }
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        let many = u32::read(from)? as usize;
        let (mut all, mut fits) = (Self::default(), many <= 2 * MOST);
        for _ in 0..many.min(2 * MOST) {
            let key = K::read(from)?;
            let last = i64::read(from)?;
            fits &= all.put(key, Heard { last, new: Kept::read(from)?, of: V::read(from)? });
        }
        fits.then_some(all)
    }
}

/// Writes the words of a set of bits that are not empty.
pub(super) fn write_bits(words: &[u64], out: &mut Vec<u8>) {
    for block in words.chunks(64) {
        let filled = block.iter().rev().fold(0_u64, |mask, word| mask << 1 | u64::from(*word != 0));
        filled.write(out);
        block.iter().filter(|word| **word != 0).for_each(|word| word.write(out));
    }
}

/// Reads words that [`write_bits`] wrote, over empty ones.
pub(super) fn read_bits(words: &mut [u64], from: &mut &[u8]) -> Option<()> {
    for block in words.chunks_mut(64) {
        let filled = u64::read(from)?;
        for (at, word) in block.iter_mut().enumerate() {
            if filled >> at & 1 == 1 {
                *word = u64::read(from)?;
            }
        }
    }
    Some(())
}

fn length(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}
