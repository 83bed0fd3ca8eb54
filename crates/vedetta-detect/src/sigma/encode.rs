//! What a text looks like when it was encoded (modifiers `base64`, `base64offset`, `wide`,
//! `utf16`, `utf16be`) or written with other dashes (`windash`).

/// Most texts that one text may become.
const MOST: usize = 4_096;
const DASHES: [char; 5] = ['-', '/', '–', '—', '―'];

/// How text becomes bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bytes {
    Utf8,
    /// `wide`, `utf16le`
    LittleEndian,
    BigEndian,
    /// `utf16`: little endian after a byte order mark.
    Marked,
}

/// The bytes of a text.
pub(crate) fn bytes(text: &str, how: Bytes) -> Vec<u8> {
    let units = || text.encode_utf16();
    match how {
        Bytes::Utf8 => text.as_bytes().to_vec(),
        Bytes::LittleEndian => units().flat_map(u16::to_le_bytes).collect(),
        Bytes::BigEndian => units().flat_map(u16::to_be_bytes).collect(),
        Bytes::Marked => {
            [0xff, 0xfe].into_iter().chain(units().flat_map(u16::to_le_bytes)).collect()
        }
    }
}

/// Base64 with padding (RFC 4648, section 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |place: usize| u32::from(chunk.get(place).copied().unwrap_or(0));
        let word = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() { letter as char } else { '=' });
        }
    }
    text
}

/// What is left of a text in base64, wherever in the encoded bytes it begins.
pub(crate) fn base64_offsets(bytes: &[u8]) -> Vec<String> {
    let at = |offset: usize| {
        let mut padded = vec![0; offset];
        padded.extend_from_slice(bytes);
        let text = base64(&padded);
        let first = [0, 2, 3][offset];
        let spoilt = [0, 3, 2][padded.len() % 3];
        let end = text.len().saturating_sub(spoilt);
        text.get(first..end).unwrap_or_default().to_owned()
    };
    let mut texts: Vec<String> = (0..3).map(at).filter(|it| !it.is_empty()).collect();
    texts.dedup();
    texts
}

/// A text with every dash that begins a word written in every way.
pub(crate) fn dashes(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let is_word = |at: Option<usize>| {
        at.and_then(|at| letters.get(at)).is_some_and(|c| c.is_alphanumeric() || *c == '_')
    };
    let begins = |at: usize| {
        matches!(letters[at], '-' | '/') && !is_word(at.checked_sub(1)) && is_word(Some(at + 1))
    };
    let places: Vec<usize> = (0..letters.len()).filter(|at| begins(*at)).collect();
    let written = |dash_of: &dyn Fn(usize) -> char| {
        let mut letters = letters.clone();
        places.iter().enumerate().for_each(|(nth, at)| letters[*at] = dash_of(nth));
        letters.into_iter().collect::<String>()
    };
    let ways = DASHES.len();
    match u32::try_from(places.len()).ok().and_then(|n| ways.checked_pow(n)) {
        Some(many) if many <= MOST => (0..many)
            .map(|code| {
                written(&|nth| DASHES[code / ways.pow(u32::try_from(nth).unwrap_or(0)) % ways])
            })
            .collect(),
        // Too many ways: whoever changes one changes all.
        _ => DASHES.iter().map(|dash| written(&|_| *dash)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_others_encode() {
        assert_eq!(base64(b""), "");
        assert_eq!(base64(b"f"), "Zg==");
        assert_eq!(base64(b"fo"), "Zm8=");
        assert_eq!(base64(b"foobar"), "Zm9vYmFy");
        assert_eq!(base64_offsets(b"foobar"), ["Zm9vYmFy", "Zvb2Jhc", "mb29iYX"]);
        assert_eq!(bytes("aé", Bytes::LittleEndian), [0x61, 0, 0xe9, 0]);
        assert_eq!(bytes("a", Bytes::Marked), [0xff, 0xfe, 0x61, 0]);
        assert_eq!(bytes("a", Bytes::BigEndian), [0, 0x61]);
    }

    #[test]
    fn whatever_surrounds_it_the_text_is_found() {
        for before in 0..7 {
            for after in 0..4 {
                let whole = [&b"1234567"[..before], b"needle", &b"abcd"[..after]].concat();
                let encoded = base64(&whole);
                assert!(base64_offsets(b"needle").iter().any(|it| encoded.contains(it.as_str())));
            }
        }
    }

    #[test]
    fn dashes_at_the_beginning_of_words() {
        assert_eq!(dashes(" -a"), [" -a", " /a", " –a", " —a", " ―a"]);
        assert_eq!(dashes("a-b"), ["a-b"]);
        assert_eq!(dashes("-a -b").len(), 25);
        assert_eq!(dashes(&"-a ".repeat(40)).len(), 5);
    }
}
