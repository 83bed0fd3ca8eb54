//! Signed and locked envelopes: what was signed (CMS, RFC 5652) is studied like what is attached;
//! what is locked is named.

use super::{Place, Study};
use crate::budget::Obstacle;

/// 1.2.840.113549.1.7.2, signed data.
const SIGNED: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
/// 1.2.840.113549.1.7.1, data.
const DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
/// Pieces within pieces.
const DEEPEST: usize = 8;

pub(super) fn study(study: &mut Study<'_>, place: &Place<'_>, bytes: &[u8]) {
    let start = bytes.trim_ascii_start();
    let begins = |words: &[&[u8]]| words.iter().any(|word| start.starts_with(word));
    if begins(&[b"-----BEGIN PGP SIGN", b"-----BEGIN PGP PUBLIC"]) {
        return;
    }
    if begins(&[b"-----BEGIN PGP MESSAGE"]) {
        study.budget.unread(place.name, Obstacle::Encrypted);
    } else if begins(&[b"0"]) {
        envelope(study, place, start);
    } else if begins(&[b"-----BEGIN ", b"MI"]) {
        envelope(study, place, &armoured(start));
    } else {
        study.unknown(place.name, bytes);
    }
}

/// Whether bytes are signed data (DER, or BER without lengths), as they are.
pub(super) fn is_envelope(bytes: &[u8]) -> bool {
    let head = bytes.get(..64).unwrap_or(bytes);
    head.starts_with(b"0") && memchr::memmem::find(head, SIGNED).is_some()
}

fn envelope(study: &mut Study<'_>, place: &Place<'_>, der: &[u8]) {
    let signed = is_envelope(der);
    let room = study.budget.room();
    let Some(content) = Some(der).filter(|_| signed).and_then(|der| content(der, room)) else {
        // A signature apart from what it signs holds nothing.
        let apart = place.name.to_lowercase().ends_with(".p7s");
        if !apart && !place.declared.contains("signature") {
            let why = if signed { Obstacle::Unsupported } else { Obstacle::Encrypted };
            study.budget.unread(place.name, why);
        }
        return;
    };
    study.budget.expand(content.len());
    let name = place.name.strip_suffix(".p7m").unwrap_or(place.name);
    if name.eq_ignore_ascii_case("smime") || place.declared.contains("mime") && !name.contains('.')
    {
        study.letter(name, &content);
    } else {
        let within = Some(place.name);
        study.nested(&Place { name, declared: "", within, depth: place.depth + 1 }, &content);
    }
}

fn armoured(text: &[u8]) -> Vec<u8> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"-----"));
    let body: Vec<u8> = lines.flatten().copied().collect();
    transfer::base64(&body, body.len()).0
}

/// What was signed: the octets after `data`, in one piece or several.
fn content(bytes: &[u8], most: usize) -> Option<Vec<u8>> {
    let at = memchr::memmem::find(bytes, DATA)? + DATA.len();
    let (0xa0, inside, _) = element(bytes.get(at..)?)? else { return None };
    let mut out = Vec::new();
    octets(inside, most, DEEPEST, &mut out);
    (!out.is_empty()).then_some(out)
}

fn octets(bytes: &[u8], most: usize, depth: usize, out: &mut Vec<u8>) {
    let mut rest = bytes;
    while let Some((tag, inside, after)) = element(rest) {
        match tag {
            0x04 => out.extend(inside.iter().take(most.saturating_sub(out.len()))),
            0x24 if depth > 0 => octets(inside, most, depth - 1, out),
            _ => break,
        }
        rest = after;
    }
}

/// The first element of BER: its tag, what is in it, and what follows; where no length is said, all
/// of it is in it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0x80 => (rest.len(), rest),
        0..=0x7f => (usize::from(*length), rest),
        0x81..=0x84 => {
            let (octets, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (octets.iter().fold(0, |sum: usize, octet| sum << 8 | usize::from(*octet)), rest)
        }
        _ => return None,
    };
    let (inside, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
    Some((*tag, inside, after))
}
