//! Ed25519 keys (RFC 8032) and what they sign.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use vedetta_model::Entropy;

use crate::digest::{Digest, digest};

/// What precedes every message that a node signs, so that no signature serves elsewhere.
const CONTEXT: &[u8] = b"vedetta-federation/1\0";

/// `SubjectPublicKeyInfo` of Ed25519 up to the key (RFC 8410, 4).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// `OneAsymmetricKey` version 2 up to the seed (RFC 8410, 7, and RFC 5958).
const PKCS8: [u8; 16] = [
    0x30, 0x51, 0x02, 0x01, 0x01, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// A node's private key. Its `Debug` shows the public half.
pub struct SecretKey {
    seed: [u8; 32],
    pair: Ed25519KeyPair,
}

/// A node's public key, 32 octets; base64url in text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

/// The first 16 octets of the SHA-256 of a public key; 32 hexadecimal digits in text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 16]);

/// An Ed25519 signature, 64 octets; base64url in text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature([u8; 64]);

/// What is no key, or no signature of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// 32 octets are no seed, or the public half does not belong to it.
    #[error("not an Ed25519 key")]
    Key,
    /// The signature is not this key's over this message.
    #[error("the signature does not hold")]
    Signature,
    /// Neither a certificate's Ed25519 key nor another.
    #[error("the certificate's key is not Ed25519")]
    Certificate,
}

impl SecretKey {
    /// A new key.
    ///
    /// # Errors
    /// [`KeyError::Key`] never happens with 32 octets, and is passed on rather than hidden.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        entropy.fill(&mut seed);
        Self::from_seed(seed)
    }

    /// The key of a seed.
    ///
    /// # Errors
    /// [`KeyError::Key`] when the seed is refused.
    pub fn from_seed(seed: [u8; 32]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeyError::Key)?;
        Ok(Self { seed, pair })
    }

    /// The seed: a secret.
    #[must_use]
    pub const fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// The key as PKCS #8, version 2: a secret. What TLS libraries read.
    #[must_use]
    pub fn to_pkcs8(&self) -> Vec<u8> {
        [&PKCS8[..], &self.seed, &[0x81, 0x21, 0x00], &self.public().0].concat()
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let mut key = [0; 32];
        key.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(key)
    }

    /// Signs a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        let signature = self.pair.sign(&[CONTEXT, message].concat());
        let mut octets = [0; 64];
        octets.copy_from_slice(signature.as_ref());
        Signature(octets)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the secret half of {}", self.public())
    }
}

impl PublicKey {
    /// From its octets.
    #[must_use]
    pub const fn from_octets(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// From the `SubjectPublicKeyInfo` of a certificate, in DER.
    ///
    /// # Errors
    /// [`KeyError::Certificate`] when it is of another kind.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        let key = der.strip_prefix(&SPKI[..]).and_then(|key| key.try_into().ok());
        key.map(Self).ok_or(KeyError::Certificate)
    }

    /// Its octets.
    #[must_use]
    pub const fn octets(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its short name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let mut id = [0; 16];
        id.copy_from_slice(&digest(&[&self.0]).octets()[..16]);
        KeyId(id)
    }

    /// The whole SHA-256 of the key: what people compare.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        digest(&[&self.0])
    }

    /// Checks a signature.
    ///
    /// # Errors
    /// [`KeyError::Signature`] when it is not this key's over this message.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), KeyError> {
        UnparsedPublicKey::new(&ED25519, self.0)
            .verify(&[CONTEXT, message].concat(), &signature.0)
            .map_err(|_| KeyError::Signature)
    }
}

impl Signature {
    /// From its octets.
    #[must_use]
    pub const fn from_octets(octets: [u8; 64]) -> Self {
        Self(octets)
    }

    /// Its octets.
    #[must_use]
    pub const fn octets(&self) -> &[u8; 64] {
        &self.0
    }
}

macro_rules! text {
    ($name:ident, $write:expr, $read:expr, $what:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&$write(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = KeyError;
            fn from_str(text: &str) -> Result<Self, KeyError> {
                $read(text).map(Self).ok_or(KeyError::Key)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
                output.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(input)?;
                text.parse().map_err(|_| de::Error::custom($what))
            }
        }
    };
}

text!(PublicKey, in_base64, from_base64, "not a key: 32 octets in base64url");
text!(Signature, in_base64, from_base64, "not a signature: 64 octets in base64url");
text!(KeyId, crate::digest::in_hex, crate::digest::from_hex, "not a key's name: 32 digits");

fn in_base64(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

fn from_base64<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() > 2 * N {
        return None;
    }
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_message_and_key_alone() {
        let key = SecretKey::from_seed([1; 32]).unwrap();
        let other = SecretKey::from_seed([2; 32]).unwrap();
        let signature = key.sign(b"m");
        assert_eq!(key.public().verify(b"m", &signature), Ok(()));
        assert_eq!(key.public().verify(b"n", &signature), Err(KeyError::Signature));
        assert_eq!(other.public().verify(b"m", &signature), Err(KeyError::Signature));
    }

    #[test]
    fn keys_are_written_and_read_again() {
        let key = SecretKey::from_seed([3; 32]).unwrap();
        let public = key.public();
        assert_eq!(public.to_string().parse(), Ok(public));
        assert_eq!(public.id().to_string().parse(), Ok(public.id()));
        assert!(Ed25519KeyPair::from_pkcs8(&key.to_pkcs8()).is_ok());
        let spki = [&SPKI[..], public.octets()].concat();
        assert_eq!(PublicKey::from_spki(&spki), Ok(public));
        assert!(!format!("{key:?}").contains(&in_base64(key.seed())));
    }
}
