//! The keys that a provider publishes: a JWK set (RFC 7517), as far as it verifies with RS256, PS256 or ES256.

use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;

use crate::octets;

/// Keys, each by its identifier.
#[derive(Clone, Debug, Default)]
pub struct KeySet(Vec<Key>);

#[derive(Clone, Debug)]
struct Key {
    id: Option<String>,
    /// The only algorithm that it is for, if it says one.
    algorithm: Option<String>,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Rsa(Vec<u8>, Vec<u8>),
    P256(Vec<u8>),
}

/// The largest document of a provider, in octets.
pub(crate) const LARGEST: usize = 128 << 10;
/// Keys that are looked at.
const MOST: usize = 64;
/// The largest part of a key, in octets.
const LARGEST_PART: usize = 1_100;

#[derive(Deserialize)]
struct Written {
    keys: Vec<serde_json::Value>,
}

/// A key as it is written; what is not told of is of no use here.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads a set; keys of other kinds, and those that encrypt, are passed over.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(body: &[u8]) -> Result<Self, &'static str> {
        if body.len() > LARGEST {
            return Err("the provider's keys are over 128 KiB");
        }
        let set: Written =
            serde_json::from_slice(body).map_err(|_| "the provider's keys are no JWK set")?;
        Ok(Self(set.keys.into_iter().take(MOST).filter_map(Key::read).collect()))
    }

    /// Whether a key of that name is among them.
    #[must_use]
    pub fn knows(&self, id: Option<&str>) -> bool {
        self.find(id).next().is_some()
    }

    /// Whether one of the keys so named made a signature.
    pub(crate) fn verifies(
        &self,
        (algorithm, id): (&str, Option<&str>),
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        self.find(id).any(|key| key.verifies(algorithm, message, signature))
    }

    fn find(&self, id: Option<&str>) -> impl Iterator<Item = &Key> {
        self.0.iter().filter(move |key| id.is_none() || key.id.as_deref() == id)
    }
}

impl Key {
    fn read(written: serde_json::Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(written).ok()?;
        if jwk.usage.is_some_and(|usage| usage != "sig") {
            return None;
        }
        let part = |text: Option<String>| octets(&text?, LARGEST_PART);
        let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => Material::Rsa(part(jwk.n)?, part(jwk.e)?),
            ("EC", Some("P-256")) => {
                let (x, y) = (part(jwk.x)?, part(jwk.y)?);
                Material::P256([&[4][..], &x, &y].concat())
            }
            _ => return None,
        };
        Some(Self { id: jwk.kid, algorithm: jwk.alg, material })
    }

    fn verifies(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        if self.algorithm.as_deref().is_some_and(|only| only != algorithm) {
            return false;
        }
        match (&self.material, algorithm) {
            (Material::Rsa(n, e), "RS256") => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
            (Material::Rsa(n, e), "PS256") => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PSS_2048_8192_SHA256, message, signature)
                .is_ok(),
            (Material::P256(point), "ES256") => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                    .verify(message, signature)
                    .is_ok()
            }
            _ => false,
        }
    }
}
