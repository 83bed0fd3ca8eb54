//! A form without a file, as browsers write it: `name=value&name=value`.

use std::fmt::Write as _;

/// Fields of a form at most.
pub const FIELDS: usize = 2_000;

/// A form with more fields than are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the form has over {FIELDS} fields; send less")]
pub struct TooMany;

/// Reads every field, in order.
///
/// # Errors
/// [`TooMany`].
pub fn read(body: &[u8]) -> Result<Vec<(String, String)>, TooMany> {
    let mut fields = Vec::new();
    for pair in body.split(|octet| *octet == b'&').filter(|pair| !pair.is_empty()) {
        if fields.len() == FIELDS {
            return Err(TooMany);
        }
        let at = pair.iter().position(|octet| *octet == b'=').unwrap_or(pair.len());
        let (name, value) = pair.split_at(at);
        fields.push((unescaped(name), unescaped(value.get(1..).unwrap_or_default())));
    }
    Ok(fields)
}

/// A text as a part of an address, or of such a form.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~/".contains(&octet) {
            out.push(char::from(octet));
        } else {
            let _ = write!(out, "%{octet:02X}");
        }
    }
    out
}

fn unescaped(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(octet) = rest.next() {
        match octet {
            b'+' => out.push(b' '),
            b'%' => match rest.as_slice() {
                [high, low, ..] => match (digit(*high), digit(*low)) {
                    (Some(high), Some(low)) => {
                        out.push(high * 16 + low);
                        rest = rest.as_slice().get(2..).unwrap_or_default().iter();
                    }
                    _ => out.push(b'%'),
                },
                _ => out.push(b'%'),
            },
            octet => out.push(*octet),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn digit(octet: u8) -> Option<u8> {
    char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_browsers_write_them() {
        let read = read(b"a=+x+y%21&&b=1&b=2&c=%E0%A4&d=%zz&e&f=%3").unwrap();
        let pairs: Vec<_> = read.iter().map(|(name, value)| (&**name, &**value)).collect();
        let broken = ("c", "\u{fffd}");
        let [first, one, two] = [("a", " x y!"), ("b", "1"), ("b", "2")];
        assert_eq!(pairs, [first, one, two, broken, ("d", "%zz"), ("e", ""), ("f", "%3")]);
    }

    #[test]
    fn too_many_fields_are_refused() {
        assert_eq!(read("a=1&".repeat(FIELDS).as_bytes()).unwrap().len(), FIELDS);
        assert_eq!(read("a=1&".repeat(FIELDS + 1).as_bytes()), Err(TooMany));
    }

    #[test]
    fn an_address_survives_being_escaped() {
        let text = "/items?text=a b&kind=è";
        let pair = (text.to_owned(), text.to_owned());
        assert_eq!(read(format!("{0}={0}", escaped(text)).as_bytes()), Ok(vec![pair]));
    }
}
