//! Names of values as numbers, so that finding one is comparing numbers.

use std::hash::Hasher;

/// The name of a value: keys with dots between. `a.b` is the value of `b` in `a`, and also the
/// value of a key that is itself written `a.b`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Name(pub u64);

/// For keys that are numbers with all bits mixed, or small numbers.
#[derive(Debug, Default)]
pub struct Plain(u64);

impl Hasher for Plain {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut mix = |word: u64| {
            self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95)
        };
        let mut words = bytes.chunks_exact(8);
        for chunk in &mut words {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            mix(u64::from_le_bytes(word));
        }
        words.remainder().iter().for_each(|byte| mix(u64::from(*byte)));
        self.0 ^= self.0 >> 32;
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn write_i64(&mut self, number: i64) {
        self.0 = number.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
const MIX: u64 = 0xff51_afd7_ed55_8ccd;
const LOW: u64 = 0x0101_0101_0101_0101;

impl Name {
    /// The name of everything.
    pub(crate) const ROOT: Self = Self(SEED);

    /// A name as written.
    #[must_use]
    pub const fn of(text: &str) -> Self {
        Self::ROOT.under(text.as_bytes())
    }

    /// The name of a key below this one.
    #[must_use]
    pub(crate) const fn under(self, key: &[u8]) -> Self {
        let (mut at, mut name, mut hash) = (0, self.0, SEED);
        let (mut word, mut filled) = (0u64, 0u32);
        while at < key.len() {
            let byte = key[at];
            if byte == b'.' {
                name = step(name, fold(hash, word, filled));
                (hash, word, filled) = (SEED, 0, 0);
            } else {
                word |= (byte as u64) << (8 * (filled % 8));
                filled += 1;
                if filled.is_multiple_of(8) {
                    hash = mix(hash, word);
                    word = 0;
                }
            }
            at += 1;
        }
        Self(step(name, fold(hash, word, filled)))
    }

    /// As [`Self::under`], for the key that stands in a line, eight bytes at a time: what stands
    /// behind it is read along and masked.
    #[inline]
    pub(crate) fn under_key(self, line: &[u8], (start, end): (usize, usize)) -> Self {
        let (mut hash, mut at, mut dots) = (SEED, start, 0);
        while at + 8 <= end {
            let word = word(line, at);
            dots |= has_dot(word);
            hash = mix(hash, word);
            at += 8;
        }
        let rest = end.saturating_sub(at);
        let last = if rest == 0 { 0 } else { word(line, at) & (u64::MAX >> (64 - 8 * rest)) };
        if dots | has_dot(last) != 0 {
            return self.under(line.get(start..end).unwrap_or_default());
        }
        let len = u32::try_from(end.saturating_sub(start)).unwrap_or(u32::MAX);
        Self(step(self.0, fold(hash, last, len)))
    }
}

/// The eight bytes from a place on, with zeros for those that are not there.
#[inline]
fn word(line: &[u8], at: usize) -> u64 {
    match line.get(at..at + 8).and_then(|it| it.try_into().ok()) {
        Some(bytes) => u64::from_le_bytes(bytes),
        None => {
            let rest = line.get(at..).unwrap_or_default().iter().take(8).enumerate();
            rest.fold(0, |word, (at, byte)| word | u64::from(*byte) << (8 * at))
        }
    }
}

/// Whether one of the bytes is a dot: zero if none is.
const fn has_dot(word: u64) -> u64 {
    let dots = word ^ (LOW * b'.' as u64);
    dots.wrapping_sub(LOW) & !dots & (LOW << 7)
}

const fn mix(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(23) ^ word).wrapping_mul(MIX)
}

const fn fold(hash: u64, word: u64, len: u32) -> u64 {
    mix(mix(hash, word), len as u64)
}

const fn step(name: u64, key: u64) -> u64 {
    let it = (name.rotate_left(29) ^ key).wrapping_mul(SEED);
    it ^ (it >> 32)
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn the_way_there_does_not_matter() {
        let of = |name: Name, key: &str| name.under_key(key.as_bytes(), (0, key.len()));
        let nested = of(Name::ROOT.under(b"process"), "command_line");
        assert_eq!(nested, Name::of("process.command_line"));
        for key in [
            "a",
            "EventID",
            "CommandLine",
            "ParentCommandLine",
            "exactly8",
            "",
            "a.b",
            "long.dotted",
        ] {
            assert_eq!(of(Name::ROOT, key), Name::of(key), "{key}");
            let line = format!("{{\"{key}\":1,\"more.of.it\":2}}");
            let found = Name::ROOT.under_key(line.as_bytes(), (2, 2 + key.len()));
            assert_eq!(found, Name::of(key), "what stands behind it does not matter: {key}");
        }
        assert_ne!(Name::of("a"), Name::of("a\0"));
        assert_ne!(Name::of("a.b"), Name::of("b.a"));
    }
}
