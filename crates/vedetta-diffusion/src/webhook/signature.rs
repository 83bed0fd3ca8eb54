//! Signatures: `t=<seconds since 1970>,v1=<HMAC-SHA256 of "t.body" in hexadecimal>`, one `v1` for
//! each secret (RFC 2104, FIPS 180-4).

use std::fmt;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use vedetta_model::Instant;

/// What sender and receiver share. Never shown.
#[derive(Clone)]
pub struct Secret(Box<[u8]>);

/// A secret that is too short.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a secret of {0} bytes; give it at least 32, at most 1,024")]
pub struct SecretError(usize);

/// Why a call is not to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// No `t`, or no `v1`.
    #[error("the signature header must read t=<seconds>,v1=<hexadecimal>")]
    Shape,
    /// Signed too long ago, or in the future.
    #[error("signed at another time: the call is old, or a clock is wrong")]
    Stale,
    /// No signature is right.
    #[error("no signature is right: the secret is another, or the body was changed")]
    Wrong,
}

/// Signatures that are looked at.
const MOST: usize = 8;

impl Secret {
    /// Takes a secret.
    ///
    /// # Errors
    /// [`SecretError`] when it can be guessed.
    pub fn new(bytes: &[u8]) -> Result<Self, SecretError> {
        match (32..=1_024).contains(&bytes.len()) {
            true => Ok(Self(bytes.into())),
            false => Err(SecretError(bytes.len())),
        }
    }

    fn mac(&self, seconds: i64, body: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(seconds.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        Some(mac)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The header's value.
pub(super) fn header(secrets: &[Secret], body: &[u8], now: Instant) -> String {
    let seconds = seconds(now);
    let mut header = format!("t={seconds}");
    for mac in secrets.iter().filter_map(|secret| secret.mac(seconds, body)) {
        header.push_str(",v1=");
        let code = mac.finalize().into_bytes();
        code.iter().for_each(|byte| header.push_str(&format!("{byte:02x}")));
    }
    header
}

/// Checks a call as its receiver should: the signature in constant time, and the moment, so that
/// what was overheard cannot be sent again later.
///
/// # Errors
/// [`VerifyError`] when it is not to be believed.
pub fn verify(
    header: &str,
    body: &[u8],
    secret: &Secret,
    now: Instant,
    tolerance: Duration,
) -> Result<(), VerifyError> {
    let mut signed = None;
    let mut codes = Vec::new();
    for part in header.split(',').take(MOST + 1) {
        match part.trim().split_once('=') {
            Some(("t", text)) if signed.is_none() => signed = text.parse::<i64>().ok(),
            Some(("v1", text)) => codes.extend(digest(text)),
            _ => {}
        }
    }
    let signed = signed.filter(|_| !codes.is_empty()).ok_or(VerifyError::Shape)?;
    let right = |code: &[u8; 32]| {
        secret.mac(signed, body).is_some_and(|mac| mac.verify_slice(code).is_ok())
    };
    if !codes.iter().any(right) {
        return Err(VerifyError::Wrong);
    }
    match seconds(now).abs_diff(signed) <= tolerance.as_secs() {
        true => Ok(()),
        false => Err(VerifyError::Stale),
    }
}

fn seconds(at: Instant) -> i64 {
    at.micros().div_euclid(1_000_000)
}

fn digest(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut digest = [0; 32];
    for (byte, at) in digest.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(digest)
}
