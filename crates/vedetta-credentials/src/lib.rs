//! How accounts prove themselves: passwords by Argon2id with TOTP (RFC 6238), and tokens; and how often anyone
//! may try.
//!
//! A token is `vdt_<id>_<secret>`, 256 random bits; the node keeps the SHA-256 of the secret.

pub mod attempts;
pub mod limits;

use std::collections::BTreeSet;
use std::fmt;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use vedetta_model::{AccountId, Entropy, Instant, Role};

/// What the node remembers of a token; the secret is apart.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Token {
    /// Its identifier, the middle part of the token.
    pub id: String,
    /// Whose it is.
    pub account: AccountId,
    /// What it is for, in words.
    pub purpose: String,
    /// The roles that it carries, of those of its account; all of them when empty.
    pub scope: BTreeSet<Role>,
    /// When it ceases to work.
    pub expires: Instant,
    /// Who issued it.
    pub issued_by: AccountId,
}

/// A token as handed to its owner, once.
pub struct TokenText(String);

/// A token as presented.
pub struct Presented<'a> {
    /// Its identifier.
    pub id: &'a str,
    /// Its secret.
    pub secret: [u8; 32],
}

/// A password to be set. Passkeys and identities end with it unless their owner keeps them.
#[derive(Clone, Copy)]
pub struct NewPassword<'a> {
    /// The password.
    pub text: &'a str,
    /// What becomes of them.
    pub keys: Keys,
}

/// What becomes of passkeys and identities with a new password.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keys {
    /// They end.
    End,
    /// Their owner, who sees them listed, keeps them. Nobody else does.
    Stay,
}

impl NewPassword<'_> {
    /// Whether passkeys and identities of an account end, when somebody sets it.
    #[must_use]
    pub fn unties(&self, by: &AccountId, account: &AccountId) -> bool {
        self.keys == Keys::End || by != account
    }
}

impl<'a> From<&'a str> for NewPassword<'a> {
    fn from(text: &'a str) -> Self {
        Self { text, keys: Keys::End }
    }
}

impl<'a> From<&'a String> for NewPassword<'a> {
    fn from(text: &'a String) -> Self {
        Self::from(text.as_str())
    }
}

/// Shortest password accepted, in characters.
pub const SHORTEST_PASSWORD: usize = 12;

/// The purpose of a token that a person signed in for.
pub const SESSION: &str = "session";
/// The account of the sealed way in, and the purpose of its tokens. It has no password and no
/// authenticator.
pub use vedetta_model::part::EMERGENCY;

/// Whether a purpose is one of the node's own, which nobody is given a token for.
#[must_use]
pub fn is_reserved(purpose: &str) -> bool {
    [SESSION, EMERGENCY].contains(&purpose)
}

impl Token {
    /// Whether a person signed in for it, or broke the seal.
    #[must_use]
    pub fn is_session(&self) -> bool {
        is_reserved(&self.purpose)
    }
}

impl TokenText {
    /// The text to hand over.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Makes a token's identifier, text and the digest to keep.
    #[must_use]
    pub fn make(entropy: &dyn Entropy) -> (String, Self, Vec<u8>) {
        let (mut id, mut secret) = ([0; 9], [0; 32]);
        entropy.fill(&mut id);
        entropy.fill(&mut secret);
        let id = hex(&id);
        let text = format!("vdt_{id}_{}", URL_SAFE_NO_PAD.encode(secret));
        (id, Self(text), digest(&secret))
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText(…)")
    }
}

impl<'a> Presented<'a> {
    /// Takes a presented text apart; `None` when it is no token.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (id, secret) = text.strip_prefix("vdt_")?.split_once('_')?;
        let secret = URL_SAFE_NO_PAD.decode(secret).ok()?.try_into().ok()?;
        Some(Self { id, secret })
    }

    /// Whether its secret is the one kept, without telling by time how much of it fits.
    #[must_use]
    pub fn fits(&self, kept: &[u8]) -> bool {
        same(&digest(&self.secret), kept)
    }
}

/// The Argon2id string of a password (19 MiB, 2 passes: the OWASP minimum), `None` when Argon2
/// refuses its length.
#[must_use]
pub fn hash_password(password: &str, entropy: &dyn Entropy) -> Option<String> {
    let mut salt = [0; 16];
    entropy.fill(&mut salt);
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).ok()?;
    Some(hash.to_string())
}

/// Whether a password is the one kept. With nothing kept it takes as long and says no, so that
/// nobody learns by time which accounts exist.
#[must_use]
pub fn password_fits(password: &str, kept: Option<&str>) -> bool {
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5LW5vYm9keQ$\
                          7w8kXcYxqPZ0m3lWJm3E2n3lqg0b4Q0Y3w2Zr5m5m5k";
    let hash = kept.unwrap_or(NOBODY);
    let fits = Argon2::default().verify_password(password.as_bytes(), hash).is_ok();
    fits && kept.is_some()
}

/// A new TOTP seed of 160 bits.
#[must_use]
pub fn totp_seed(entropy: &dyn Entropy) -> Vec<u8> {
    let mut seed = vec![0; 20];
    entropy.fill(&mut seed);
    seed
}

/// The step of a TOTP code (SHA-1, 6 digits, 30 seconds, one step of skew), `None` when wrong.
#[must_use]
pub fn totp_step(seed: &[u8], code: &str, now: Instant) -> Option<u64> {
    let totp = totp_rs::Builder::new().with_secret(seed.to_vec()).build().ok()?;
    totp.check(code, u64::try_from(now.micros() / 1_000_000).ok()?)
}

/// The address with which an authenticator application is set up.
#[must_use]
pub fn totp_address(seed: &[u8], account: &AccountId) -> String {
    let secret = base32(seed);
    format!("otpauth://totp/Vedetta:{account}?secret={secret}&issuer=Vedetta")
}

fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let mut group = [0; 8];
        group[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(group);
        for place in 0..(chunk.len() * 8).div_ceil(5) {
            let letter = (bits >> (35 - 5 * place)) & 31;
            text.push(char::from(LETTERS[usize::try_from(letter).unwrap_or(0)]));
        }
    }
    text
}

fn digest(secret: &[u8]) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}

fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |different, (x, y)| different | (x ^ y)) == 0
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;
    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            for (value, byte) in (1..).zip(buffer) {
                *byte = value;
            }
        }
    }

    #[test]
    fn a_token_fits_only_its_own_secret() {
        let (id, text, kept) = TokenText::make(&Counting);
        let presented = Presented::parse(text.reveal()).unwrap();
        assert_eq!(presented.id, id);
        assert!(presented.fits(&kept));
        let mut other = text.reveal().to_owned();
        other.pop();
        other.push(if text.reveal().ends_with('A') { 'E' } else { 'A' });
        assert!(!Presented::parse(&other).is_some_and(|it| it.fits(&kept)));
        assert!(Presented::parse("vdt_x").is_none());
    }

    #[test]
    fn a_password_fits_only_itself_and_nobody_has_one() {
        let kept = hash_password("correct horse battery", &Counting).unwrap();
        assert!(password_fits("correct horse battery", Some(&kept)));
        assert!(!password_fits("correct horse battery!", Some(&kept)));
        assert!(!password_fits("nobody", None));
    }

    #[test]
    fn totp_follows_rfc_6238() {
        // Appendix B, SHA-1, the last six of eight digits.
        let seed = b"12345678901234567890";
        for (second, code) in [(59, "287082"), (1_111_111_109, "081804")] {
            let now = Instant::from_micros(second * 1_000_000);
            assert!(totp_step(seed, code, now).is_some());
            assert!(totp_step(seed, "000000", now).is_none());
        }
        assert_eq!(base32(b"12345678901234567890"), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }
}
