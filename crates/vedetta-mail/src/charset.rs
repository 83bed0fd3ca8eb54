//! Bytes to text, whatever they claim to be.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// Decodes as `label` says; without one, or with one that does not exist, as UTF-8 when it is,
/// else as Windows-1252. Byte-order marks win.
pub(crate) fn decode(bytes: &[u8], label: Option<&str>) -> String {
    let named = label.and_then(|label| Encoding::for_label(label.trim().as_bytes()));
    let encoding = match named {
        Some(encoding) if encoding != UTF_8 => encoding,
        _ if std::str::from_utf8(bytes).is_ok() => UTF_8,
        Some(encoding) if mostly_utf8(bytes) => encoding,
        _ => WINDOWS_1252,
    };
    let ascii = !bytes.starts_with(&[0xff]) && !bytes.starts_with(&[0xfe]);
    if encoding == UTF_8 && ascii {
        return String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
            .into();
    }
    encoding.decode(bytes).0.into_owned()
}

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
        assert_eq!(decode(b"\x93\xfa\x96\x7b", Some("shift_jis")), "日本");
    }
}
