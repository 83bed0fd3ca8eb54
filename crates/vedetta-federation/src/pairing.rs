//! Pairing two nodes with a one-time code, as one pairs two devices.
//!
//! One node makes a [`Code`] and its administrator hands it to the other's. The other dials the
//! address, finds a key with the code's fingerprint, and proves with a [`Proposal`] that it holds
//! the code's secret; the first answers with a [`Answer`] that proves the same. Each proof is bound
//! to both nodes, both keys and the agreement, so nobody in between gains anything, and nobody
//! becomes another than the one for whom the code was made. Then both pin the other's card. A code
//! is used once, and for a day.

use std::fmt;
use std::time::Duration;

use hmac::{KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use vedetta_model::{AgreementId, Entropy, Instant, OrganisationId};

use crate::card::{Card, LONGEST_ADDRESS};
use crate::digest::{Digest, digest};
use crate::key::PublicKey;

/// A code is good for so long.
pub const LIFE: Duration = Duration::from_hours(24);

/// A code has at most so many characters.
pub const LONGEST_CODE: usize = 1400;

/// RFC 4648, 6.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

const VERSION: u8 = 1;

/// What one administrator hands to the other: where to dial, whom to expect, and a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    /// Where the inviting node listens, `host:port`.
    pub address: String,
    /// The organisation that runs it.
    pub from: OrganisationId,
    /// The organisation whose node is invited: no other may use the code.
    pub to: OrganisationId,
    /// The fingerprint of the inviting node's key.
    pub fingerprint: Digest,
    /// The agreement that the link rests on.
    pub agreement: AgreementId,
    /// Until when it is good, exclusive; in whole seconds.
    pub expires: Instant,
    /// Known to the two administrators alone.
    pub secret: Secret,
}

/// The secret of a code. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 16]);

/// Why a text is no code.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CodeError {
    /// Not what a code looks like.
    #[error("not a pairing code: copy it whole, from the first letter to the last")]
    Form,
    /// It was mistyped.
    #[error("the code's checksum does not hold: a letter was mistyped or left out")]
    Checksum,
    /// Of another version.
    #[error("the code is of a later version: upgrade this node")]
    Version,
}

/// What the accepting node sends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// Its card.
    pub card: Card,
    /// The agreement, as the code has it.
    pub agreement: AgreementId,
    /// That it knows the secret.
    pub proof: Digest,
}

/// What the inviting node answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Its card.
    pub card: Card,
    /// That it knows the secret too.
    pub proof: Digest,
}

/// Which side proves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// The one that made the code.
    Inviting,
    /// The one that was given it.
    Accepting,
}

/// The two nodes that a proof binds, with their keys and the agreement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bond<'a> {
    /// The node that made the code.
    pub from: &'a OrganisationId,
    /// The node that was given it.
    pub to: &'a OrganisationId,
    /// The key of the one that made it.
    pub inviting: &'a PublicKey,
    /// The key of the one that was given it.
    pub accepting: &'a PublicKey,
    /// The agreement that the link rests on.
    pub agreement: &'a AgreementId,
}

impl Secret {
    /// A new one.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut octets = [0; 16];
        entropy.fill(&mut octets);
        Self(octets)
    }

    /// From its octets.
    #[must_use]
    pub const fn from_octets(octets: [u8; 16]) -> Self {
        Self(octets)
    }

    /// Its octets: a secret.
    #[must_use]
    pub const fn octets(&self) -> &[u8; 16] {
        &self.0
    }

    /// What proves that a side knows the secret.
    #[must_use]
    pub fn prove(&self, side: Side, bond: Bond<'_>) -> Digest {
        Digest::from_octets(self.mac(side, bond).finalize().into_bytes().into())
    }

    /// Whether a side knows the secret; takes the same time whatever the proof.
    #[must_use]
    pub fn is_proven(&self, side: Side, bond: Bond<'_>, proof: &Digest) -> bool {
        self.mac(side, bond).verify_slice(proof.octets()).is_ok()
    }

    fn mac(&self, side: Side, bond: Bond<'_>) -> hmac::Hmac<sha2::Sha256> {
        let role: &[u8] = match side {
            Side::Inviting => b"vedetta-pairing/1 inviting\0",
            Side::Accepting => b"vedetta-pairing/1 accepting\0",
        };
        let key = hmac::digest::Key::<hmac::Hmac<sha2::Sha256>>::from(padded(&self.0));
        let mut mac = hmac::Hmac::<sha2::Sha256>::new(&key);
        mac.update(role);
        mac.update(bond.inviting.octets());
        mac.update(bond.accepting.octets());
        // No identifier has a zero.
        for name in [bond.from.as_str(), bond.to.as_str(), bond.agreement.as_str()] {
            mac.update(name.as_bytes());
            mac.update(&[0]);
        }
        mac
    }
}

/// A key of HMAC-SHA-256 as the standard pads it (RFC 2104, 2).
fn padded(secret: &[u8; 16]) -> [u8; 64] {
    let mut key = [0; 64];
    key[..16].copy_from_slice(secret);
    key
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret")
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a code of {} for {} under {}", self.from, self.to, self.agreement)
    }
}

/// Version, expiry in seconds, fingerprint, secret; both organisations, agreement and address, each
/// with its length; four octets of SHA-256 over all of it: in Base32 (RFC 4648), in groups of six.
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = u64::try_from(self.expires.micros() / 1_000_000).unwrap_or(0);
        let mut octets = vec![VERSION];
        octets.extend(seconds.to_be_bytes());
        octets.extend(self.fingerprint.octets());
        octets.extend(self.secret.octets());
        let names = [self.from.as_str(), self.to.as_str(), self.agreement.as_str()];
        for text in names.into_iter().chain([self.address.as_str()]) {
            octets.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
            octets.extend(text.as_bytes());
        }
        octets.extend(&digest(&[&octets]).octets()[..4]);
        let letters = in_base32(&octets);
        for (place, letter) in letters.chars().enumerate() {
            if place > 0 && place % 6 == 0 {
                f.write_str("-")?;
            }
            write!(f, "{letter}")?;
        }
        Ok(())
    }
}

impl std::str::FromStr for Code {
    type Err = CodeError;
    fn from_str(text: &str) -> Result<Self, CodeError> {
        if text.len() > LONGEST_CODE {
            return Err(CodeError::Form);
        }
        let octets = from_base32(text).ok_or(CodeError::Form)?;
        let (all, sum) = octets.split_last_chunk::<4>().ok_or(CodeError::Form)?;
        if digest(&[all]).octets()[..4] != *sum {
            return Err(CodeError::Checksum);
        }
        let (version, rest) = all.split_first().ok_or(CodeError::Form)?;
        if *version != VERSION {
            return Err(CodeError::Version);
        }
        parse(rest).ok_or(CodeError::Form)
    }
}

fn parse(octets: &[u8]) -> Option<Code> {
    let (seconds, rest) = octets.split_first_chunk::<8>()?;
    let (fingerprint, rest) = rest.split_first_chunk::<32>()?;
    let (secret, rest) = rest.split_first_chunk::<16>()?;
    let (from, rest) = short_text(rest)?;
    let (to, rest) = short_text(rest)?;
    let (agreement, rest) = short_text(rest)?;
    let (address, rest) = short_text(rest)?;
    let micros = u64::from_be_bytes(*seconds).checked_mul(1_000_000)?;
    let expires = Instant::from_micros(i64::try_from(micros).ok()?);
    if !rest.is_empty() || address.len() > LONGEST_ADDRESS || expires > Instant::FAR {
        return None;
    }
    Some(Code {
        address: address.into(),
        from: OrganisationId::new(from).ok()?,
        to: OrganisationId::new(to).ok()?,
        fingerprint: Digest::from_octets(*fingerprint),
        agreement: AgreementId::new(agreement).ok()?,
        expires,
        secret: Secret(*secret),
    })
}

fn short_text(octets: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = octets.split_first_chunk::<2>()?;
    let (text, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

fn in_base32(octets: &[u8]) -> String {
    let bits = octets.iter().flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1));
    let mut bits = bits.peekable();
    let mut letters = String::new();
    while bits.peek().is_some() {
        let value = (0..5).fold(0, |value, _| value << 1 | bits.next().unwrap_or(0));
        letters.push(char::from(ALPHABET[usize::from(value)]));
    }
    letters
}

/// Hyphens and spaces are nothing; small letters are capitals.
fn from_base32(text: &str) -> Option<Vec<u8>> {
    let (mut octets, mut value, mut count) = (Vec::new(), 0u32, 0);
    for letter in text.bytes().filter(|letter| !b"- \t\r\n".contains(letter)) {
        let letter = letter.to_ascii_uppercase();
        let place = ALPHABET.iter().position(|other| *other == letter)?;
        value = value << 5 | u32::try_from(place).ok()?;
        count += 5;
        if count >= 8 {
            count -= 8;
            octets.push(u8::try_from(value >> count).ok()?);
            value &= (1 << count) - 1;
        }
    }
    (count < 5 && value == 0).then_some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SecretKey;

    fn code() -> Code {
        Code {
            address: "node.example.org:8444".into(),
            from: OrganisationId::new("cnaipic").unwrap(),
            to: OrganisationId::new("cosc-umbria").unwrap(),
            fingerprint: digest(&[b"key"]),
            agreement: AgreementId::new("pro-c2si-umbria").unwrap(),
            expires: Instant::from_micros(1_800_000_000_000_000),
            secret: Secret([7; 16]),
        }
    }

    #[test]
    fn a_code_is_read_as_it_was_written_whatever_its_spaces_and_capitals() {
        let text = code().to_string();
        assert_eq!(text.parse(), Ok(code()));
        let typed = format!(" {} ", text.to_lowercase().replace('-', " "));
        assert_eq!(typed.parse(), Ok(code()));
        assert!(!format!("{:?}", code()).contains("BQ4"), "the secret is not shown");
    }

    #[test]
    fn a_mistyped_code_is_told_from_a_good_one() {
        let text = code().to_string();
        for place in 0..text.len() {
            let mut wrong: Vec<char> = text.chars().collect();
            wrong[place] = match wrong[place] {
                '-' => continue,
                'A' => 'B',
                _ => 'A',
            };
            let wrong: String = wrong.into_iter().collect();
            assert!(wrong.parse::<Code>().is_err(), "{wrong}");
        }
        assert_eq!("".parse::<Code>(), Err(CodeError::Form));
    }

    #[test]
    fn a_proof_serves_one_side_of_one_bond() {
        let (one, two) =
            (SecretKey::from_seed([1; 32]).unwrap(), SecretKey::from_seed([2; 32]).unwrap());
        let (one, two) = (one.public(), two.public());
        let agreement = AgreementId::new("a").unwrap();
        let (from, to) = (OrganisationId::new("n").unwrap(), OrganisationId::new("u").unwrap());
        let bond =
            Bond { from: &from, to: &to, inviting: &one, accepting: &two, agreement: &agreement };
        let turned = Bond { inviting: &two, accepting: &one, ..bond };
        let posing = Bond { to: &from, ..bond };
        let secret = Secret([5; 16]);
        let proof = secret.prove(Side::Accepting, bond);
        assert!(secret.is_proven(Side::Accepting, bond, &proof));
        assert!(!secret.is_proven(Side::Inviting, bond, &proof));
        assert!(!secret.is_proven(Side::Accepting, turned, &proof));
        assert!(!secret.is_proven(Side::Accepting, posing, &proof), "for somebody else");
        assert!(!Secret([6; 16]).is_proven(Side::Accepting, bond, &proof));
    }
}
