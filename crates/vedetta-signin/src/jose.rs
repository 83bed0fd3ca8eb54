//! Signed tokens: JWS in its compact form (RFC 7515 §7.1), verified and made.

use std::sync::Arc;

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::jwk::KeySet;
use crate::{octets, written};

/// The largest token, in octets.
pub(crate) const LARGEST_TOKEN: usize = 32 << 10;

/// Why a token is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum JwsError {
    Unreadable,
    /// Signed with an algorithm that is not taken, or wants what is not understood.
    Algorithm,
    /// Signed by a key that is not among those at hand.
    Key,
    Signature,
}

/// A key that signs for this node: ES256 with a key on P-256, RS256 with an RSA key.
#[derive(Clone)]
pub struct Signer {
    pair: Arc<Pair>,
    id: Option<String>,
}

enum Pair {
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

/// Why a key does not sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SignerError {
    /// Not PKCS #8 in PEM.
    #[error("it is no PKCS #8 key in PEM; make one with `openssl genpkey -algorithm RSA`")]
    Shape,
    /// Of another kind.
    #[error("it is neither an RSA key of 2,048 bits or more nor a key on P-256")]
    Kind,
    /// It could not.
    #[error("the key could not sign")]
    Failed,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// Which key a token says signed it; `None` when it says none, or is no token.
pub(crate) fn key_of(token: &str) -> Option<String> {
    header(token.split('.').next()?)?.kid
}

/// What a token says, if one of the keys signed it.
pub(crate) fn verify(token: &str, keys: &KeySet) -> Result<Map<String, Value>, JwsError> {
    if token.len() > LARGEST_TOKEN {
        return Err(JwsError::Unreadable);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(JwsError::Unreadable)?;
    let (head, payload) = signed.split_once('.').ok_or(JwsError::Unreadable)?;
    let header = header(head).ok_or(JwsError::Unreadable)?;
    // `none`, and whatever is signed with a shared secret, are not among them (RFC 8725 §3.1).
    if !["RS256", "PS256", "ES256"].contains(&header.alg.as_str()) || header.crit.is_some() {
        return Err(JwsError::Algorithm);
    }
    let kid = header.kid.as_deref();
    if !keys.knows(kid) {
        return Err(JwsError::Key);
    }
    let signature = octets(signature, 1_100).ok_or(JwsError::Unreadable)?;
    if !keys.verifies((&header.alg, kid), signed.as_bytes(), &signature) {
        return Err(JwsError::Signature);
    }
    let payload = octets(payload, LARGEST_TOKEN).ok_or(JwsError::Unreadable)?;
    serde_json::from_slice(&payload).map_err(|_| JwsError::Unreadable)
}

fn header(text: &str) -> Option<Header> {
    serde_json::from_slice(&octets(text, 4 << 10)?).ok()
}

impl Signer {
    /// Reads a key: PKCS #8 in PEM. `id` is the name under which the provider knows it.
    ///
    /// # Errors
    /// Why it does not sign.
    pub fn read(pem: &[u8], id: Option<String>) -> Result<Self, SignerError> {
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| SignerError::Shape)?;
        let der = key.secret_pkcs8_der();
        let rng = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &rng)
            .map(Pair::P256)
            .or_else(|_| RsaKeyPair::from_pkcs8(der).map(Pair::Rsa));
        Ok(Self { pair: Arc::new(pair.map_err(|_| SignerError::Kind)?), id })
    }

    /// A token that says these claims.
    ///
    /// # Errors
    /// [`SignerError::Failed`].
    pub fn sign(&self, claims: &Value) -> Result<String, SignerError> {
        let algorithm = match *self.pair {
            Pair::P256(_) => "ES256",
            Pair::Rsa(_) => "RS256",
        };
        let mut header = json!({ "alg": algorithm, "typ": "JWT" });
        if let Some(id) = &self.id {
            header["kid"] = json!(id);
        }
        let part = |value: &Value| written(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&header), part(claims));
        // The signatures' own chance, which ring takes from nobody else.
        let (rng, failed) = (SystemRandom::new(), |_| SignerError::Failed);
        let signature = match &*self.pair {
            Pair::P256(pair) => {
                pair.sign(&rng, signed.as_bytes()).map_err(failed)?.as_ref().to_vec()
            }
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &rng, signed.as_bytes(), &mut signature)
                    .map_err(failed)?;
                signature
            }
        };
        Ok(format!("{signed}.{}", written(&signature)))
    }

    /// The public key as a provider is told it: a JWK set of one (RFC 7517 §5).
    #[must_use]
    pub fn public(&self) -> Value {
        let mut key = match &*self.pair {
            Pair::P256(pair) => {
                let (x, y) = pair.public_key().as_ref().get(1..).unwrap_or_default().split_at(32);
                json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "x": written(x), "y": written(y) })
            }
            Pair::Rsa(pair) => {
                let public: ring::rsa::PublicKeyComponents<Vec<u8>> = pair.public().into();
                json!({ "kty": "RSA", "alg": "RS256", "n": written(&public.n), "e": written(&public.e) })
            }
        };
        key["use"] = json!("sig");
        if let Some(id) = &self.id {
            key["kid"] = json!(id);
        }
        json!({ "keys": [key] })
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(…)")
    }
}
