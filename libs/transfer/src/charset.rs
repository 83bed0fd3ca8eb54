//! Bytes to text, whatever they claim to be.

use base64::Engine as _;
use encoding_rs::{Encoding, REPLACEMENT, UTF_8, WINDOWS_1252};

/// Decodes as `label` says; without one, or with one that nobody decodes any more, as UTF-8 when it
/// is, else as Windows-1252. A byte-order mark counts where nothing is said.
#[must_use]
pub fn decode(bytes: &[u8], label: Option<&str>) -> String {
    if label.is_some_and(|label| label.trim().to_ascii_lowercase().ends_with("utf-7")) {
        return utf7(&String::from_utf8_lossy(bytes));
    }
    let named = label.and_then(|label| Encoding::for_label(label.trim().as_bytes()));
    // Charsets that browsers refuse would hide the whole text.
    let named = named.filter(|encoding| *encoding != REPLACEMENT);
    let encoding = match named {
        Some(encoding) if encoding != UTF_8 => encoding,
        _ if std::str::from_utf8(bytes).is_ok() => UTF_8,
        Some(encoding) if mostly_utf8(bytes) => encoding,
        _ => WINDOWS_1252,
    };
    let marked = named.is_none() && (bytes.starts_with(&[0xff]) || bytes.starts_with(&[0xfe]));
    if encoding == UTF_8 && !marked {
        return String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
            .into();
    }
    if marked {
        return encoding.decode(bytes).0.into_owned();
    }
    encoding.decode_with_bom_removal(bytes).0.into_owned()
}

/// UTF-7 (RFC 2152): `+` begins UTF-16 in base64, `-` ends it.
fn utf7(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut pieces = text.split('+');
    plain.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let coded = |c: char| c.is_ascii_alphanumeric() || c == '/';
        let end = piece.find(|c| !coded(c)).unwrap_or(piece.len());
        let (code, rest) = piece.split_at(end);
        let whole = code.get(..code.len() - usize::from(code.len() % 4 == 1)).unwrap_or(code);
        let bytes = LENIENT.decode(whole).unwrap_or_default();
        let units =
            bytes.chunks_exact(2).map(|two| two.iter().fold(0, |u, b| u << 8 | u16::from(*b)));
        if code.is_empty() {
            plain.push('+');
        }
        plain.extend(char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')));
        plain.push_str(rest.strip_prefix('-').unwrap_or(rest));
    }
    plain
}

const LENIENT: base64::engine::GeneralPurpose = base64::engine::GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    base64::engine::GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
);

/// UTF-8 with a few broken places, rather than another charset.
fn mostly_utf8(bytes: &[u8]) -> bool {
    let broken = bytes.utf8_chunks().filter(|chunk| !chunk.invalid().is_empty()).count();
    let high = bytes.iter().filter(|byte| **byte >= 0x80).count();
    broken * 8 < high
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn real_world_labels_are_read() {
        assert_eq!(decode(b"citt\xe0", Some("iso-8859-1")), "città");
        assert_eq!(decode(b"citt\xe0", Some("utf-8")), "città");
        assert_eq!(decode("città".as_bytes(), Some("no-such-thing")), "città");
        assert_eq!(decode(b"\xff\xfeA\0", None), "A");
        assert_eq!(decode(b"conto bloccato", Some("iso-2022-kr")), "conto bloccato");
        assert_eq!(decode(b"conto bloccato", Some("hz-gb-2312")), "conto bloccato");
        assert_eq!(decode(b"\xff\xfeconto", Some("iso-8859-1")), "ÿþconto");
        assert_eq!(
            decode(b"citt+AOA-, 1 +- 1, +AGMAbwBuAHQAbw-", Some("utf-7")),
            "città, 1 + 1, conto"
        );
        assert_eq!(decode(b"\x93\xfa\x96\x7b", Some("shift_jis")), "日本");
    }
}
