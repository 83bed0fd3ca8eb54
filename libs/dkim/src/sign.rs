//! Signing what we send.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};

use super::canonical::{Field, Rule, body, divided, field};
use super::keys::sha256;

/// Who signs: a domain, the selector under which it publishes the key, and the key.
pub struct Signer {
    domain: String,
    selector: String,
    key: Key,
}

enum Key {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// Why a key cannot sign.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyFault(pub String);

impl std::fmt::Display for KeyFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for KeyFault {}

/// The fields that are signed, when they are there.
const SIGNED: &[&str] = &[
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "auto-submitted",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];

impl Signer {
    /// With a private key in PKCS #8 (DER), RSA of at least 2048 bits or Ed25519.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn new(domain: &str, selector: &str, pkcs8: &[u8]) -> Result<Self, KeyFault> {
        let label = |text: &str| {
            let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
            !text.is_empty() && text.chars().all(known)
        };
        if !label(domain) || !label(selector) {
            return Err(KeyFault(format!("{selector:?} at {domain:?} is no name in the DNS")));
        }
        let key = match Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8) {
            Ok(key) => Key::Ed25519(key),
            Err(_) => RsaKeyPair::from_pkcs8(pkcs8).map(Key::Rsa).map_err(|error| {
                KeyFault(format!("neither Ed25519 nor RSA of 2048 bits in PKCS #8 ({error})"))
            })?,
        };
        Ok(Self { domain: domain.to_lowercase(), selector: selector.to_owned(), key })
    }

    /// The domain.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The text record to publish, and its name.
    #[must_use]
    pub fn record(&self) -> (String, String) {
        let name = format!("{}._domainkey.{}", self.selector, self.domain);
        let record = match &self.key {
            Key::Ed25519(key) => {
                format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(key.public_key().as_ref()))
            }
            Key::Rsa(key) => {
                format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(keyed(key.public_key().as_ref())))
            }
        };
        (name, record)
    }

    /// The field to put before a message, with its line end. `seconds` is the moment of signing,
    /// since 1970 in UTC.
    ///
    /// # Errors
    /// [`KeyFault`], when the key fails.
    pub fn field(&self, message: &[u8], seconds: i64) -> Result<String, KeyFault> {
        self.field_with(message, seconds, "")
    }

    /// The same with more tags, each with its semicolon.
    pub(super) fn field_with(
        &self,
        message: &[u8],
        seconds: i64,
        more: &str,
    ) -> Result<String, KeyFault> {
        let (fields, text) = divided(message);
        let here: Vec<&str> =
            SIGNED.iter().copied().filter(|name| fields.iter().any(|it| it.is(name))).collect();
        let algorithm = match self.key {
            Key::Rsa(_) => "rsa-sha256",
            Key::Ed25519(_) => "ed25519-sha256",
        };
        let hash = STANDARD.encode(sha256(&body(text, Rule::Relaxed)));
        let unsigned = format!(
            "DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed; d={}; s={};\r\n t={seconds}; {more} \
             h={};\r\n bh={hash};\r\n b=",
            self.domain,
            self.selector,
            here.join(":")
        );
        let mut signed = Vec::new();
        for name in &here {
            let last: Option<&Field<'_>> = fields.iter().rfind(|it| it.is(name));
            signed.extend(last.map(|it| field(it, Rule::Relaxed)).unwrap_or_default());
        }
        let (own, _) = divided(unsigned.as_bytes());
        let own = own.first().map(|it| field(it, Rule::Relaxed)).unwrap_or_default();
        signed.extend(own.trim_ascii_end());
        let signature = STANDARD.encode(self.sign(&signed)?);
        let lines: Vec<&str> = (0..signature.len())
            .step_by(72)
            .filter_map(|at| signature.get(at..(at + 72).min(signature.len())))
            .collect();
        Ok(format!("{unsigned}{}\r\n", lines.join("\r\n ")))
    }

    fn sign(&self, signed: &[u8]) -> Result<Vec<u8>, KeyFault> {
        match &self.key {
            Key::Ed25519(key) => Ok(key.sign(&sha256(signed)).as_ref().to_vec()),
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                // PKCS #1 version 1.5 draws nothing at random.
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed, &mut signature)
                    .map_err(|error| KeyFault(format!("the key does not sign ({error})")))?;
                Ok(signature)
            }
        }
    }
}

/// An RSAPublicKey as SubjectPublicKeyInfo (RFC 5280 §4.1, RFC 3279 §2.3.1): what others expect.
fn keyed(key: &[u8]) -> Vec<u8> {
    const RSA_ENCRYPTION: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    let bits = element(0x03, &[&[0], key].concat());
    element(0x30, &[RSA_ENCRYPTION, &bits].concat())
}

fn element(tag: u8, inside: &[u8]) -> Vec<u8> {
    let length = inside.len().to_be_bytes();
    let mut out = vec![tag];
    match (inside.len(), length) {
        (0..=0x7f, [.., low]) => out.push(low),
        (_, [.., high, low]) => out.extend([0x82, high, low]),
    }
    out.extend(inside);
    out
}
