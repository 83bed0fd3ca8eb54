//! What domains publish, as it is at hand: keys (RFC 6376 §3.6.1, RFC 8463), and policies.

use std::collections::BTreeMap;

use ring::signature::{
    ED25519, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, UnparsedPublicKey,
    VerificationAlgorithm,
};

use super::Proof;
use super::tags::Tags;

/// Where published keys are found.
pub trait Keys {
    /// Whether there are none at all.
    fn is_empty(&self) -> bool;
    /// The text record at a name, `selector._domainkey.domain` or another, if it is at hand.
    fn record(&self, name: &str) -> Option<&str>;
}

/// No keys are at hand.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoKeys;

impl Keys for NoKeys {
    fn is_empty(&self) -> bool {
        true
    }

    fn record(&self, _name: &str) -> Option<&str> {
        None
    }
}

/// Records that an administrator keeps in a file, a line each: the name, a space, the text record.
/// Keys (`selector._domainkey.domain`), DMARC (`_dmarc.domain`) and SPF (`domain v=spf1 …`); lines
/// that begin with `#` are remarks.
#[derive(Clone, Debug, Default)]
pub struct Published(BTreeMap<String, String>);

impl Published {
    /// Reads the file.
    ///
    /// # Errors
    /// The first line that is not one, by its number.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut records = BTreeMap::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let pair = line.split_once(char::is_whitespace);
            let is_known = |(name, record): &(&str, &str)| {
                name.contains("._domainkey.")
                    || name.starts_with("_dmarc.")
                    || record.trim_start().trim_start_matches('"').starts_with("v=spf1")
            };
            let Some((name, record)) = pair.filter(is_known) else {
                return Err(format!(
                    "line {number}: write selector._domainkey.domain, _dmarc.domain or the domain of \
                     an SPF record, a space, and the record"
                ));
            };
            let record: String = record.trim().split('"').collect();
            records.insert(name.trim_end_matches('.').to_lowercase(), record);
        }
        Ok(Self(records))
    }
}

impl Keys for Published {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn record(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// A key and how it is used.
pub(super) struct Key {
    algorithm: &'static dyn VerificationAlgorithm,
    octets: Vec<u8>,
    /// Ed25519 signs the hash (RFC 8463 §3); RSA hashes by itself.
    hashes: bool,
}

impl Key {
    pub(super) fn verify(&self, signed: &[u8], signature: &[u8]) -> Proof {
        let key = UnparsedPublicKey::new(self.algorithm, &self.octets);
        let hash = sha256(signed);
        let signed = if self.hashes { &hash[..] } else { signed };
        if key.verify(signed, signature).is_ok() { Proof::Holds } else { Proof::Broken }
    }
}

/// The key with which a signature says it was made, if it is at hand and of a known kind.
pub(super) fn of(tags: &Tags<'_>, keys: &dyn Keys) -> Option<Key> {
    let (domain, selector) = (tags.get("d")?, tags.get("s")?);
    let name = format!("{selector}._domainkey.{domain}").to_lowercase();
    let record = Tags::read(keys.record(&name)?);
    if record.get("v").is_some_and(|version| version != "DKIM1") {
        return None;
    }
    let exactly = record.get("t").is_some_and(|flags| flags.split(':').any(|it| it.trim() == "s"));
    let of = tags.get("i").and_then(|identity| identity.rsplit_once('@'));
    if exactly && of.is_some_and(|(_, of)| !of.eq_ignore_ascii_case(domain)) {
        return None;
    }
    let octets = record.octets("p").filter(|octets| !octets.is_empty())?;
    match (tags.get("a")?, record.get("k").unwrap_or("rsa")) {
        ("rsa-sha256", "rsa") => Some(Key {
            algorithm: &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            octets: rsa(&octets)?.to_vec(),
            hashes: false,
        }),
        ("ed25519-sha256", "ed25519") => Some(Key { algorithm: &ED25519, octets, hashes: true }),
        _ => None,
    }
}

/// The RSAPublicKey within a SubjectPublicKeyInfo (RFC 5280 §4.1), or one that stands alone.
fn rsa(der: &[u8]) -> Option<&[u8]> {
    let (tag, outer, _) = element(der)?;
    let (first, _, rest) = element(outer)?;
    match (tag, first) {
        (0x30, 0x02) => Some(der),
        (0x30, 0x30) => match element(rest)? {
            (0x03, bits, _) => bits.strip_prefix(&[0]),
            _ => None,
        },
        _ => None,
    }
}

/// The first element of DER: its tag, what is in it, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81 | 0x82 => {
            let (octets, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (octets.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet)), rest)
        }
        _ => return None,
    };
    let (inside, rest) = rest.split_at_checked(length)?;
    Some((*tag, inside, rest))
}

pub(super) fn sha256(octets: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(octets).into()
}
