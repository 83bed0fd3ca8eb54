//! PDF (ISO 32000), looked through rather than rendered: links, actions, text, codes in pictures.

use std::borrow::Cow;
use std::io::Read as _;

use super::picture::{self, Greys};
use super::{Study, Trait, drawn};
use crate::budget::Obstacle;
use crate::link::Origin;

const MOST_STREAMS: usize = 400;
const LARGEST_STREAM: usize = 4 << 20;
const LARGEST_PICTURE: usize = 4_000_000;
/// What looking at a drawing costs, in pixels.
const DRAWN: usize = 500_000;

pub(super) fn study(study: &mut Study<'_>, name: &str, bytes: &[u8], traits: &mut Vec<Trait>) {
    objects(study, name, bytes, traits);
    if has(bytes, b"/Encrypt") {
        traits.push(Trait::Encrypted);
        study.budget.unread(name, Obstacle::Encrypted);
        return;
    }
    for (count, at) in memchr::memmem::find_iter(bytes, b"stream").enumerate() {
        if at >= 3 && bytes.get(at - 3..at) == Some(b"end") {
            continue;
        }
        if study.budget.is_late() {
            break;
        }
        if count > 2 * MOST_STREAMS || study.budget.room() == 0 {
            study.budget.unread(name, Obstacle::TooMany);
            break;
        }
        let dictionary = dictionary(bytes, at);
        let body = bytes.get(at + 6..).unwrap_or_default();
        let body = body.strip_prefix(b"\r").unwrap_or(body);
        let body = body.strip_prefix(b"\n").unwrap_or(body);
        let end = memchr::memmem::find(body, b"endstream").unwrap_or(body.len());
        let body = body.get(..end).unwrap_or(body);
        let dictionary = named(dictionary);
        match stream(study, name, (&dictionary, body), traits) {
            Extent::Whole => {}
            Extent::Part => study.budget.unread(name, Obstacle::TooLarge),
            Extent::Nothing => study.budget.unread(name, Obstacle::Unsupported),
        }
    }
}

/// The dictionary right before a stream.
fn dictionary(bytes: &[u8], at: usize) -> &[u8] {
    let before = bytes.get(at.saturating_sub(1200)..at).unwrap_or_default();
    let from = memchr::memmem::rfind(before, b" obj").unwrap_or(0);
    before.get(from..).unwrap_or_default()
}

/// How much of a stream was read, of what we read in documents.
#[derive(PartialEq, Eq)]
enum Extent {
    Whole,
    Part,
    /// It is written in a way that is not read here.
    Nothing,
}

/// Names with their escapes undone (ISO 32000-1 §7.3.5): `/UR#49` is `/URI`.
fn named(bytes: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'#', bytes).is_none() {
        return Cow::Borrowed(bytes);
    }
    let (mut plain, mut at, mut in_name) = (Vec::with_capacity(bytes.len()), 0, false);
    while let Some(&byte) = bytes.get(at) {
        let pair = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        let code = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match code.filter(|_| in_name && byte == b'#') {
            Some(code) => {
                plain.push(code);
                at += 3;
            }
            None => {
                in_name = byte == b'/' || in_name && byte.is_ascii_alphanumeric();
                plain.push(byte);
                at += 1;
            }
        }
    }
    Cow::Owned(plain)
}

fn stream(
    study: &mut Study<'_>,
    name: &str,
    (dictionary, body): (&[u8], &[u8]),
    traits: &mut Vec<Trait>,
) -> Extent {
    let picture = has(dictionary, b"/Subtype /Image") || has(dictionary, b"/Subtype/Image");
    if has(dictionary, b"/DCTDecode") {
        if !study.budget.pixels(picture::cost(body)) {
            return Extent::Part;
        }
        if let Some(greys) = std::panic::catch_unwind(|| picture::jpeg(body)).ok().flatten() {
            picture::search(study, name, greys, traits);
        }
        return Extent::Whole;
    }
    const OTHERS: &[&[u8]] = &[
        b"/LZWDecode",
        b"/ASCII85Decode",
        b"/ASCIIHexDecode",
        b"/RunLengthDecode",
        b"/JBIG2Decode",
        b"/CCITTFaxDecode",
        b"/JPXDecode",
        b"/Crypt",
    ];
    if OTHERS.iter().any(|filter| has(dictionary, filter)) {
        return Extent::Nothing;
    }
    if !has(dictionary, b"/FlateDecode") && !has(dictionary, b"/Fl ") {
        return Extent::Whole;
    }
    if has(dictionary, b"/FontFile")
        || has(dictionary, b"/Length1")
        || has(dictionary, b"/ICCBased")
    {
        return Extent::Whole;
    }
    let most = study.budget.room().min(LARGEST_STREAM);
    let mut content = Vec::new();
    let bound = u64::try_from(most).unwrap_or(0);
    let read = flate2::read::ZlibDecoder::new(body).take(bound).read_to_end(&mut content);
    study.budget.expand(content.len());
    if read.is_err() && content.is_empty() {
        return Extent::Whole;
    }
    if picture {
        return raster(study, name, (dictionary, &content), traits);
    }
    objects(study, name, &content, traits);
    if let Some(greys) = drawn::picture(&content)
        && study.budget.pixels(DRAWN)
    {
        picture::search(study, name, greys, traits);
    }
    let (text, whole) = shown(&content);
    if !text.trim().is_empty() {
        study.add_text(name, &text);
        study.text_links(name, &text, Origin::Pdf);
    }
    if content.len() < most && whole { Extent::Whole } else { Extent::Part }
}

/// Links and actions of uncompressed objects.
fn objects(study: &mut Study<'_>, name: &str, bytes: &[u8], traits: &mut Vec<Trait>) {
    let plain = named(bytes);
    if let Cow::Owned(plain) = &plain {
        plain_objects(study, name, plain, traits);
    }
    plain_objects(study, name, bytes, traits);
}

/// Links of one piece of a document.
const MOST_LINKS: usize = 1_000;

fn plain_objects(study: &mut Study<'_>, name: &str, bytes: &[u8], traits: &mut Vec<Trait>) {
    for (number, at) in memchr::memmem::find_iter(bytes, b"/URI").enumerate() {
        if number >= MOST_LINKS {
            study.budget.unread(name, Obstacle::TooMany);
            break;
        }
        let after = bytes.get(at + 4..).unwrap_or_default().trim_ascii_start();
        if let Some(text) = string(after) {
            study.link("", &text, Origin::Pdf);
        }
    }
    let mut found = |words: &[&[u8]], what: Trait| {
        if words.iter().any(|word| has(bytes, word)) {
            traits.push(what);
        }
    };
    found(&[b"/JavaScript", b"/JS ", b"/JS(", b"/J#61vaScript", b"/#4aavaScript"], Trait::Script);
    found(&[b"/Launch"], Trait::Launch);
    found(&[b"/EmbeddedFile"], Trait::EmbeddedObject);
    found(&[b"/SubmitForm"], Trait::WebForm);
    let opens = has(bytes, b"/OpenAction") || has(bytes, b"/AA");
    let acts = [&b"/JavaScript"[..], b"/Launch", b"/SubmitForm", b"/GoToR"]
        .iter()
        .any(|word| has(bytes, word));
    if opens && acts {
        traits.push(Trait::AutoAction);
    }
}

fn has(bytes: &[u8], word: &[u8]) -> bool {
    memchr::memmem::find(bytes, word).is_some()
}

/// A literal or hexadecimal string (ISO 32000-1 §7.3.4) at the beginning of `bytes`.
fn string(bytes: &[u8]) -> Option<String> {
    let (first, rest) = bytes.split_first()?;
    let plain = match first {
        b'(' => literal(rest),
        b'<' => {
            let digits = rest.get(..4096).unwrap_or(rest).split(|byte| *byte == b'>').next()?;
            let digits = std::str::from_utf8(digits).ok()?;
            let escaped: String = digits
                .as_bytes()
                .chunks(2)
                .flat_map(|two| {
                    std::iter::once('%').chain(two.iter().map(|byte| char::from(*byte)))
                })
                .collect();
            crate::header::percent(&escaped)
        }
        _ => return None,
    };
    let text = if plain.starts_with(&[0xfe, 0xff]) {
        let units = plain
            .get(2..)?
            .chunks_exact(2)
            .map(|two| two.iter().fold(0, |u, b| u << 8 | u16::from(*b)));
        char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect()
    } else {
        String::from_utf8_lossy(&plain).into_owned()
    };
    Some(text)
}

fn literal(rest: &[u8]) -> Vec<u8> {
    let (mut plain, mut depth, mut at) = (Vec::new(), 1, 0);
    while let Some(&byte) = rest.get(at) {
        at += 1;
        match byte {
            b'\\' => {
                let digits =
                    rest.get(at..at + 3).filter(|d| d.iter().all(|b| (b'0'..b'8').contains(b)));
                if let Some(digits) = digits {
                    plain.push(
                        digits.iter().fold(0_u8, |n, b| n.wrapping_mul(8).wrapping_add(b - b'0')),
                    );
                    at += 3;
                } else {
                    plain.extend(rest.get(at).map(|b| if *b == b'n' { b'\n' } else { *b }));
                    at += 1;
                }
                continue;
            }
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 || plain.len() > 8192 {
            break;
        }
        plain.push(byte);
    }
    plain
}

const LONGEST_TEXT: usize = 128 << 10;

/// The text that a content stream shows, where its letters are letters; and whether it is all of it.
fn shown(content: &[u8]) -> (String, bool) {
    let mut text = String::new();
    if !has(content, b"Tj") && !has(content, b"TJ") {
        return (text, true);
    }
    let mut at = 0;
    while let Some(open) = content.get(at..).and_then(|rest| memchr::memchr(b'(', rest)) {
        let rest = content.get(at + open + 1..).unwrap_or_default();
        let piece = literal(rest);
        at += open + 2 + piece.len();
        let after = content.get(at..at + 12).unwrap_or_default();
        text.extend(piece.iter().filter(|b| !b.is_ascii_control()).map(|b| char::from(*b)));
        if has(after, b"Tj") || has(after, b"TJ") || has(after, b"T*") {
            text.push(' ');
        }
        if text.len() > LONGEST_TEXT {
            return (text, false);
        }
    }
    (text, true)
}

/// A picture without compression of its own: one or eight bits, grey or RGB.
fn raster(
    study: &mut Study<'_>,
    name: &str,
    (dictionary, content): (&[u8], &[u8]),
    traits: &mut Vec<Trait>,
) -> Extent {
    let value = |name: &[u8]| {
        let at = memchr::memmem::find(dictionary, name)? + name.len();
        let rest = dictionary.get(at..)?.trim_ascii_start();
        let digits = rest.iter().take(6).take_while(|b| b.is_ascii_digit());
        Some(digits.fold(0_usize, |sum, b| sum * 10 + usize::from(b - b'0')))
    };
    let (Some(width), Some(height)) = (value(b"/Width"), value(b"/Height")) else {
        return Extent::Whole;
    };
    let bits = value(b"/BitsPerComponent").unwrap_or(1);
    let pixels = width * height;
    if pixels == 0 {
        return Extent::Whole;
    }
    if pixels > LARGEST_PICTURE || !study.budget.pixels(pixels.min(500_000)) {
        return Extent::Part;
    }
    let greys: Vec<u8> = match (bits, content.len() / pixels) {
        (8, 1) => content.iter().take(pixels).copied().collect(),
        (8, 3) => content
            .chunks_exact(3)
            .take(pixels)
            .map(|rgb| rgb.get(1).copied().unwrap_or(255))
            .collect(),
        (1, 0) => {
            let row = width.div_ceil(8);
            let bit = |x: usize, y: usize| {
                content.get(y * row + x / 8).is_some_and(|b| b >> (7 - x % 8) & 1 == 1)
            };
            (0..height)
                .flat_map(|y| (0..width).map(move |x| (x, y)))
                .map(|(x, y)| if bit(x, y) { 255 } else { 0 })
                .collect()
        }
        _ => return Extent::Whole,
    };
    if greys.len() == pixels {
        picture::search(study, name, Greys { width, height, pixels: greys }, traits);
    }
    Extent::Whole
}
