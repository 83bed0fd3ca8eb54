//! A JSON object on a line (RFC 8259), in one pass: names become numbers on the way, values stay
//! where they stand until somebody asks.

use super::{DEEPEST, Fault};
use crate::event::value::unescaped;
use crate::event::{Kind, Name, OUTSIDE, Span, Tape};
use crate::source::windows;

/// Reads the object that stands from some byte of the line on into the tape.
pub(crate) fn read(line: &str, from: usize, tape: &mut Tape) -> Result<(), Fault> {
    let mut reader = Reader { line, bytes: line.as_bytes(), at: from, tape };
    reader.spaces();
    if reader.peek() != Some(b'{') {
        return Err(Fault::Json);
    }
    reader.object(Place { name: Name::ROOT, holder: OUTSIDE, payload: Payload::No }, 0)?;
    reader.spaces();
    if reader.at == reader.bytes.len() { Ok(()) } else { Err(Fault::Json) }
}

struct Reader<'a, 't> {
    line: &'a str,
    bytes: &'a [u8],
    at: usize,
    tape: &'t mut Tape,
}

/// Where the reader is.
#[derive(Clone, Copy)]
struct Place {
    name: Name,
    holder: u32,
    payload: Payload,
}

/// Whether what comes was written by whoever caused the event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Payload {
    No,
    Yes,
}

/// A string between its quotes.
struct Text {
    span: Span,
    start: usize,
    end: usize,
    kind: Kind,
}

impl Reader<'_, '_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.peek() != Some(byte) {
            return Err(Fault::Json);
        }
        self.at += 1;
        Ok(())
    }

    fn object(&mut self, place: Place, depth: usize) -> Result<(), Fault> {
        if depth >= DEEPEST {
            return Err(Fault::TooDeep);
        }
        self.at += 1;
        self.spaces();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.spaces();
            let key = self.string()?;
            self.spaces();
            self.expect(b':')?;
            self.spaces();
            self.member(place, &key, depth)?;
            self.spaces();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(Fault::Json),
            }
        }
    }

    fn member(&mut self, place: Place, key: &Text, depth: usize) -> Result<(), Fault> {
        let name = if key.kind == Kind::Escaped {
            let text = self.line.get(key.start..key.end).unwrap_or_default();
            place.name.under(unescaped(text).as_bytes())
        } else {
            place.name.under_key(self.bytes, (key.start, key.end))
        };
        let payload = place.payload;
        match self.peek() {
            Some(b'{') => {
                let holder = self.tape.open(key.span, place.holder);
                let inner = Place { name, holder, payload };
                self.object(opened(inner), depth + 1)
            }
            Some(b'[') => {
                let holder = self.tape.open(key.span, place.holder);
                self.array(opened(Place { name, holder, payload }), depth + 1)
            }
            _ => {
                let name = if payload == Payload::Yes { windows::payload(name) } else { name };
                self.scalar(name, (key.span, place.holder))
            }
        }
    }

    fn array(&mut self, place: Place, depth: usize) -> Result<(), Fault> {
        if depth >= DEEPEST {
            return Err(Fault::TooDeep);
        }
        self.at += 1;
        self.spaces();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.spaces();
            match self.peek() {
                Some(b'{') => self.object(place, depth + 1)?,
                Some(b'[') => self.array(place, depth + 1)?,
                _ => self.scalar(place.name, (Span::of(0, 0), place.holder))?,
            }
            self.spaces();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(Fault::Json),
            }
        }
    }

    fn scalar(&mut self, name: Name, key: (Span, u32)) -> Result<(), Fault> {
        let start = self.at;
        let kind = match self.peek() {
            Some(b'"') => {
                let text = self.string()?;
                self.tape.leaf(name, key, text.kind, text.span);
                return Ok(());
            }
            Some(b't') => self.word("true", Kind::True)?,
            Some(b'f') => self.word("false", Kind::False)?,
            Some(b'n') => self.word("null", Kind::Null)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => return Err(Fault::Json),
        };
        self.tape.leaf(name, key, kind, Span::of(start, self.at));
        Ok(())
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<Kind, Fault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err(Fault::Json);
        }
        self.at += word.len();
        Ok(kind)
    }

    fn number(&mut self) -> Result<Kind, Fault> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Kind::Number)
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(Fault::Json) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<Text, Fault> {
        self.expect(b'"')?;
        let start = self.at;
        let mut kind = Kind::Text;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            self.at += stop(rest).ok_or(Fault::Json)?;
            match self.peek() {
                Some(b'"') => {
                    let end = self.at;
                    self.at += 1;
                    return Ok(Text { span: Span::of(start, end), start, end, kind });
                }
                Some(b'\\') => {
                    kind = Kind::Escaped;
                    self.escape()?;
                }
                _ => return Err(Fault::Json),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let digits = self.bytes.get(self.at + 2..self.at + 6).ok_or(Fault::Json)?;
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(Fault::Json);
                }
                self.at += 6;
            }
            _ => return Err(Fault::Json),
        }
        Ok(())
    }
}

/// The place inside of what was just opened: some boxes of Windows events say nothing.
fn opened(place: Place) -> Place {
    match windows::open(place.name) {
        windows::Opened::As(name) => Place { name, ..place },
        windows::Opened::Payload => Place { name: Name::ROOT, payload: Payload::Yes, ..place },
    }
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Where the next quote, backslash or control character is.
fn stop(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for chunk in bytes.chunks_exact(8) {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        let found = stops(u64::from_le_bytes(word));
        if found != 0 {
            return Some(at + (found.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().position(|it| matches!(it, b'"' | b'\\' | 0..0x20)).map(|found| at + found)
}

/// The highest bit of the first byte that is a quote, a backslash or below 0x20 (those after it
/// may be wrong).
const fn stops(word: u64) -> u64 {
    let quote = word ^ (LOW * b'"' as u64);
    let backslash = word ^ (LOW * b'\\' as u64);
    let zero = (quote.wrapping_sub(LOW) & !quote) | (backslash.wrapping_sub(LOW) & !backslash);
    let control = word.wrapping_sub(LOW * 0x20) & !word;
    (zero | control) & HIGH
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value as Json;

    use super::*;

    fn leaves(value: &Json, path: &str, out: &mut Vec<(String, Json)>) {
        match value {
            Json::Object(map) => map.iter().for_each(|(key, it)| {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                leaves(it, &path, out);
            }),
            Json::Array(list) => list.iter().for_each(|it| leaves(it, path, out)),
            other => out.push((path.into(), other.clone())),
        }
    }

    fn json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            (-1e9..1e9).prop_map(Json::from),
            "\\PC{0,20}[\\\\\"\t\n]{0,2}\\PC{0,9}".prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
                prop::collection::hash_map("[a-z\\\\é]{1,9}", inner, 0..5)
                    .prop_map(|it| Json::Object(it.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_same_as_a_json_library(value in prop::collection::hash_map("[a-z\"]{1,12}", json(), 0..6)) {
            let value = Json::Object(value.into_iter().collect());
            let line = value.to_string();
            let mut tape = Tape::default();
            read(&line, 0, &mut tape).unwrap();
            let mut wanted = Vec::new();
            leaves(&value, "", &mut wanted);
            let event = tape.event(&line);
            let found: Vec<_> = (0..event.len()).map(|at| (event.path(at), event.value(at).json())).collect();
            prop_assert_eq!(&found, &wanted);
            for (at, (path, _)) in wanted.iter().enumerate() {
                prop_assert_eq!(event.names()[at], Name::of(path));
            }
        }

        #[test]
        fn accepts_what_json_is_and_nothing_else(text in "[{}\\[\\]:,\"\\\\a1e.0n\\-tu ]{0,24}") {
            let line = format!("{{\"a\":{text}");
            let mut tape = Tape::default();
            let ours = read(&line, 0, &mut tape).is_ok();
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&line).is_ok();
            prop_assert_eq!(ours, theirs, "{}", line);
        }
    }

    #[test]
    fn bounds() {
        let mut tape = Tape::default();
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(80), "]".repeat(80));
        assert_eq!(read(&deep, 0, &mut tape), Err(Fault::TooDeep));
        let wide = format!("{{\"a\":[1{}]}}", ",1".repeat(9_999));
        tape.clear();
        assert_eq!(read(&wide, 0, &mut tape), Ok(()));
        assert_eq!((tape.event(&wide).len(), tape.left_out()), (4_096, 10_000 - 4_096));
    }
}
