//! The part of CBOR that authenticators write: the canonical form of CTAP 2.1 §8 (RFC 8949 with definite
//! lengths only, no tags, no floating point), four levels deep.

/// One value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Value<'a> {
    /// Major types 0 and 1.
    Integer(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Value<'a>>),
    /// Pairs, each key once.
    Map(Vec<(Value<'a>, Value<'a>)>),
    /// `false`, `true`, `null`, and what else is a bare number of major type 7.
    Simple(u8),
}

/// Levels within one another at most.
const DEEPEST: usize = 4;
/// Values at most, of whichever level.
const MOST: usize = 256;

/// Reads one value; what follows it is left.
pub(crate) fn read(octets: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let mut reader = Reader { rest: octets, left: MOST };
    let value = reader.value(DEEPEST)?;
    Some((value, reader.rest))
}

impl<'a> Value<'a> {
    /// The value of a key in a map.
    pub(crate) fn get(&self, wanted: &Value<'_>) -> Option<&Self> {
        let Self::Map(pairs) = self else { return None };
        pairs.iter().find(|(key, _)| key == wanted).map(|(_, value)| value)
    }

    /// The value of a number in a map.
    pub(crate) fn at(&self, label: i64) -> Option<&Self> {
        self.get(&Value::Integer(label))
    }

    pub(crate) fn integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    pub(crate) fn bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    pub(crate) fn text(&self) -> Option<&'a str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    /// Values that may still come.
    left: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, levels: usize) -> Option<Value<'a>> {
        self.left = self.left.checked_sub(1)?;
        let (major, argument) = self.head()?;
        Some(match major {
            0 => Value::Integer(i64::try_from(argument).ok()?),
            1 => Value::Integer(-1 - i64::try_from(argument).ok()?),
            2 => Value::Bytes(self.take(argument)?),
            3 => Value::Text(std::str::from_utf8(self.take(argument)?).ok()?),
            4 => {
                let levels = levels.checked_sub(1)?;
                let mut values = Vec::new();
                for _ in 0..argument {
                    values.push(self.value(levels)?);
                }
                Value::Array(values)
            }
            5 => {
                let levels = levels.checked_sub(1)?;
                let mut pairs: Vec<(Value<'a>, Value<'a>)> = Vec::new();
                for _ in 0..argument {
                    let (key, value) = (self.value(levels)?, self.value(levels)?);
                    if pairs.iter().any(|(known, _)| *known == key) {
                        return None;
                    }
                    pairs.push((key, value));
                }
                Value::Map(pairs)
            }
            7 if argument < 24 => Value::Simple(u8::try_from(argument).ok()?),
            _ => return None,
        })
    }

    /// The major type, and its argument in the shortest form that holds it.
    fn head(&mut self) -> Option<(u8, u64)> {
        let first = *self.take(1)?.first()?;
        let (major, short) = (first >> 5, first & 31);
        let octets = match short {
            0..=23 => return Some((major, u64::from(short))),
            24..=27 if major != 7 => 1_u64 << (short - 24),
            _ => return None,
        };
        let argument = self.take(octets)?.iter().fold(0, |all, octet| all << 8 | u64::from(*octet));
        let shortest = match octets {
            1 => argument > 23,
            2 => argument > 0xff,
            4 => argument > 0xffff,
            _ => argument > 0xffff_ffff,
        };
        shortest.then_some((major, argument))
    }

    fn take(&mut self, octets: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(octets).ok()?)?;
        self.rest = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_and_what_follows_is_left() {
        let octets = [0xa2, 0x01, 0x20, 0x61, b'k', 0x82, 0x42, 1, 2, 0xf5, 0xff];
        let (value, rest) = read(&octets).unwrap();
        assert_eq!(rest, [0xff]);
        assert_eq!(value.at(1).and_then(Value::integer), Some(-1));
        let list = value.get(&Value::Text("k")).unwrap();
        assert_eq!(*list, Value::Array(vec![Value::Bytes(&[1, 2]), Value::Simple(21)]));
    }

    #[test]
    fn what_no_authenticator_writes_is_refused() {
        for (what, octets) in [
            ("nothing", &[][..]),
            ("broken off", &[0x43, 1, 2]),
            ("a length beyond all", &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            ("an indefinite length", &[0x5f, 0x41, 1, 0xff]),
            ("a tag", &[0xc0, 0x00]),
            ("a floating point number", &[0xf9, 0x3c, 0x00]),
            ("a longer form than needed", &[0x18, 0x01]),
            ("a key twice", &[0xa2, 0x01, 0x01, 0x01, 0x02]),
            ("five levels", &[0x81, 0x81, 0x81, 0x81, 0x81, 0x00]),
            ("very many values", &[0x9a, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00]),
            ("no UTF-8", &[0x61, 0xff]),
        ] {
            assert_eq!(read(octets), None, "{what}");
        }
        let many = [&[0x99, 0x01, 0x2c][..], &[0; 300]].concat();
        assert_eq!(read(&many), None, "three hundred values");
    }
}
