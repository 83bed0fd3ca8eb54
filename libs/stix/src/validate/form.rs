//! The forms that strings can have.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The base64 of RFC 4648 with padding.
pub(super) fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let alphabet = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    text.len().is_multiple_of(4) && text.len() - body.len() <= 2 && body.bytes().all(alphabet)
}

/// Pairs of hexadecimal digits.
pub(super) fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// What a hash of this algorithm looks like, and whether the value looks so.
/// Nothing for algorithms outside `hash-algorithm-ov`.
pub(super) fn hash(algorithm: &str, value: &str) -> Option<(bool, &'static str)> {
    let digits = |count| value.len() == count && value.bytes().all(|b| b.is_ascii_hexdigit());
    Some(match algorithm {
        "MD5" => (digits(32), "32 hexadecimal digits"),
        "SHA-1" => (digits(40), "40 hexadecimal digits"),
        "SHA-256" | "SHA3-256" => (digits(64), "64 hexadecimal digits"),
        "SHA-512" | "SHA3-512" => (digits(128), "128 hexadecimal digits"),
        "SSDEEP" => (is_ssdeep(value), "block size, hash and hash, with colons between"),
        "TLSH" => {
            let bare = value.strip_prefix("T1").unwrap_or(value);
            let right = bare.len() == 70 && bare.bytes().all(|b| b.is_ascii_hexdigit());
            (right, "70 hexadecimal digits, with T1 before them or not")
        }
        _ => return None,
    })
}

fn is_ssdeep(value: &str) -> bool {
    let mut parts = value.splitn(3, ':');
    let size = parts.next().is_some_and(|s| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit()));
    size && parts.count() == 2
}

/// A language tag by its form (RFC 5646): subtags of 1 to 8 letters and digits.
pub(super) fn is_language(text: &str) -> bool {
    let subtag =
        |tag: &str| (1..=8).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric());
    text.split('-').all(subtag) && text.as_bytes()[0].is_ascii_alphabetic()
}

/// The key of a dictionary (2.3).
pub(super) fn is_dictionary_key(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=250).contains(&text.len()) && text.bytes().all(plain)
}

/// An ISO 3166-1 alpha-2 code by its form.
pub(crate) fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic())
}

/// An IPv4 address, or a network in CIDR notation.
pub(crate) fn is_ipv4(text: &str) -> bool {
    let (address, length) = network(text);
    address.parse::<Ipv4Addr>().is_ok() && length.is_none_or(|bits| bits <= 32)
}

/// An IPv6 address, or a network in CIDR notation.
pub(crate) fn is_ipv6(text: &str) -> bool {
    let (address, length) = network(text);
    address.parse::<Ipv6Addr>().is_ok() && length.is_none_or(|bits| bits <= 128)
}

/// The address before a slash, and the length after it; an impossible length is 255.
fn network(text: &str) -> (&str, Option<u8>) {
    match text.split_once('/') {
        Some((address, length)) => {
            let digits = length.bytes().all(|b| b.is_ascii_digit());
            (address, Some(length.parse().ok().filter(|_| digits).unwrap_or(u8::MAX)))
        }
        None => (text, None),
    }
}

/// Six pairs of lower-case hexadecimal digits, colons between.
pub(crate) fn is_mac(text: &str) -> bool {
    let right = |(at, b): (usize, u8)| match at % 3 {
        2 => b == b':',
        _ => b.is_ascii_digit() || (b'a'..=b'f').contains(&b),
    };
    text.len() == 17 && text.bytes().enumerate().all(right)
}

/// A URL by its form (RFC 3986): a scheme, a colon, something, and no spaces.
pub(crate) fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(plain)
        && !rest.is_empty()
        && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// A domain name by its form: labels of 1 to 63 bytes, 253 in all; any script, underscores too.
pub(crate) fn is_domain(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_alphanumeric() || !c.is_ascii() || c == '-' || c == '_')
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// An address of RFC 5322 without display name.
pub(crate) fn is_mailbox(text: &str) -> bool {
    let spaced = text.contains(|c: char| c.is_whitespace() || c == '<' || c == '>');
    let parts = text.rsplit_once('@');
    !spaced && parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}

/// A formatted string of CPE 2.3, or a URI of CPE 2.2.
pub(crate) fn is_cpe(text: &str) -> bool {
    let part = |rest: &str| rest.starts_with(['a', 'h', 'o', '*', '-']);
    match (text.strip_prefix("cpe:2.3:"), text.strip_prefix("cpe:/")) {
        (Some(rest), _) => part(rest) && rest.replace("\\:", "").split(':').count() == 11,
        (None, rest) => rest.is_some_and(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        type Case = (fn(&str) -> bool, &'static [&'static str], &'static [&'static str]);
        let cases: &[Case] = &[
            (is_base64, &["", "QQ==", "QUI=", "QUJD"], &["QQ", "Q===", "QU-D", "QQ=A"]),
            (is_hex, &["00", "aF"], &["", "0", "0x", "zz"]),
            (is_language, &["it", "en-GB", "de-CH-1996"], &["", "-", "it-", "1it", "abcdefghi"]),
            (is_ipv4, &["192.0.2.1", "192.0.2.0/24"], &["192.0.2", "192.0.2.0/33", "x/8", "::"]),
            (is_ipv6, &["2001:db8::1", "2001:db8::/32"], &["2001:db8", "::/129", "::/+1"]),
            (is_mac, &["00:00:5e:00:53:01"], &["00-00-5e-00-53-01", "00:00:5E:00:53:01", ""]),
            (is_url, &["https://example.org/a?b", "urn:x:y"], &["example.org", "://x", "a: b"]),
            (is_domain, &["example.org", "a_b.example.", "bücher.example"], &["", "a..b", "a b"]),
            (is_mailbox, &["a@example.org"], &["a", "@b", "A <a@example.org>"]),
            (is_cpe, &["cpe:2.3:a:x:y:1:*:*:*:*:*:*:*", "cpe:/a:x"], &["cpe:2.3:a:x", "x"]),
        ];
        for (form, right, wrong) in cases {
            assert!(right.iter().all(|text| form(text)), "{right:?}");
            assert!(!wrong.iter().any(|text| form(text)), "{wrong:?}");
        }
    }

    #[test]
    fn hashes() {
        assert_eq!(hash("MD5", &"a".repeat(32)).map(|h| h.0), Some(true));
        assert_eq!(hash("MD5", &"a".repeat(40)).map(|h| h.0), Some(false));
        assert_eq!(hash("TLSH", &format!("T1{}", "A".repeat(70))).map(|h| h.0), Some(true));
        assert_eq!(hash("SSDEEP", "96:abc/+:def").map(|h| h.0), Some(true));
        assert_eq!(hash("SSDEEP", "96").map(|h| h.0), Some(false));
        assert_eq!(hash("x_own", "a"), None);
    }
}
