//! Values as people write them: made clickable again, and held to what they claim to be, so that
//! what is looked for can be found.

use vedetta_indicator::{Term, kind};

/// The STIX pattern that looks for a value of a type, whose names are those of the table's column.
///
/// # Errors
/// No such type, or the value is none of it: what is wrong, and what to write.
pub fn pattern(of: &str, value: &str) -> Result<String, String> {
    let value = refang(value.trim());
    let value = match PATHS.iter().find(|(name, ..)| *name == of) {
        None => {
            let types: Vec<&str> = PATHS.iter().map(|(name, ..)| *name).collect();
            return Err(format!("no type {of:?}; use {}", types.join(", ")));
        }
        Some((_, path, spelling)) => format!("[{path} = '{}']", spelling.read(of, &value)?),
    };
    Ok(value)
}

/// How a value is held to its type.
#[derive(Clone, Copy)]
enum Spelling {
    /// It must be one, and is written in lower case.
    Lower,
    /// It must be one, and stays as written.
    Kept,
    /// It is taken as it is.
    Any,
}

use Spelling::{Any, Kept, Lower};

/// The types, where STIX looks for each, and how its values are held to it.
const PATHS: [(&str, &str, Spelling); 17] = [
    ("ipv4", "ipv4-addr:value", Kept),
    ("ipv6", "ipv6-addr:value", Kept),
    ("domain", "domain-name:value", Lower),
    ("url", "url:value", Kept),
    ("email", "email-addr:value", Kept),
    ("md5", "file:hashes.'MD5'", Lower),
    ("sha1", "file:hashes.'SHA-1'", Lower),
    ("sha256", "file:hashes.'SHA-256'", Lower),
    ("sha512", "file:hashes.'SHA-512'", Lower),
    ("ja3", "network-traffic:x_ja3", Any),
    ("ja3s", "network-traffic:x_ja3s", Any),
    ("ja4", "network-traffic:x_ja4", Any),
    ("ja4s", "network-traffic:x_ja4s", Any),
    (
        "user-agent",
        "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'",
        Any,
    ),
    ("certificate-sha1", "x509-certificate:hashes.'SHA-1'", Any),
    ("certificate-sha256", "x509-certificate:hashes.'SHA-256'", Any),
    ("certificate-serial", "x509-certificate:serial_number", Any),
];

impl Spelling {
    fn read(self, of: &str, value: &str) -> Result<String, String> {
        let kind = kind::named(of).filter(|_| !matches!(self, Any));
        if let Some(kind) = kind {
            Term::new(kind, value).map_err(|error| error.to_string())?;
        }
        let value = match self {
            Lower => value.to_lowercase(),
            Kept | Any => value.to_owned(),
        };
        Ok(value.replace('\\', "\\\\").replace('\'', "\\'"))
    }
}

/// Undoes the usual ways of making a value unclickable.
#[must_use]
pub fn refang(value: &str) -> String {
    let plain =
        value.replace("[.]", ".").replace("(.)", ".").replace("[:]", ":").replace("[@]", "@");
    let plain = plain.replace("[://]", "://");
    match plain.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("hxxp") => format!("http://{rest}"),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("hxxps") => format!("https://{rest}"),
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_unclickable_is_read() {
        for (of, value, pattern_) in [
            ("ipv4", " 203.0.113[.]99 ", "[ipv4-addr:value = '203.0.113.99']"),
            (
                "domain",
                "Accesso[.]sportello2.example",
                "[domain-name:value = 'accesso.sportello2.example']",
            ),
            ("url", "hXXps[://]a[.]example/x", "[url:value = 'https://a.example/x']"),
            ("email", "a[@]b(.)example", "[email-addr:value = 'a@b.example']"),
        ] {
            assert_eq!(pattern(of, value).as_deref(), Ok(pattern_));
        }
    }

    #[test]
    fn what_is_no_value_of_its_type_is_refused_with_what_to_write() {
        for (of, value) in [
            ("ipv4", "999.1.1.1"),
            ("ipv4", "192.0.2.0/99"),
            ("ipv4", "2001:db8::1"),
            ("domain", "due parole"),
            ("url", "a.example/x"),
            ("email", "notamail"),
            ("sha256", "abc"),
            ("ipv5", "1"),
        ] {
            let refused = pattern(of, value).unwrap_err();
            assert!(refused.contains("; "), "{refused}");
        }
    }
}
