//! Public keys as authenticators write them: COSE (RFC 9052 §7, RFC 9053), of the three algorithms that a
//! relying party should offer (WebAuthn §5.4).

use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};

use crate::cbor::{self, Value};

/// A key that verifies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum PublicKey {
    /// ES256 (-7): a point on P-256, uncompressed.
    Es256([u8; 65]),
    /// EdDSA (-8) on Ed25519.
    EdDsa([u8; 32]),
    /// RS256 (-257): modulus and exponent.
    Rs256(Vec<u8>, Vec<u8>),
}

/// The algorithms that are taken, best first, as COSE numbers them.
pub const ALGORITHMS: [i64; 3] = [-7, -8, -257];
/// The largest key, in octets: RSA of 8,192 bits.
const LARGEST: usize = 1_100;

impl PublicKey {
    /// Reads one, with what follows it; `None` when it is of no algorithm that is taken.
    pub(crate) fn read(octets: &[u8]) -> Option<(Self, &[u8])> {
        let (key, rest) = cbor::read(octets)?;
        if octets.len() - rest.len() > LARGEST {
            return None;
        }
        let (kind, algorithm) = (key.at(1)?.integer()?, key.at(3)?.integer()?);
        let curve = || key.at(-1).and_then(Value::integer);
        let bytes = |label| key.at(label).and_then(Value::bytes);
        let read = match (kind, algorithm) {
            (2, -7) if curve() == Some(1) => {
                let mut point = [4; 65];
                let (x, y) = point.get_mut(1..)?.split_at_mut(32);
                x.copy_from_slice(bytes(-2).filter(|it| it.len() == 32)?);
                y.copy_from_slice(bytes(-3).filter(|it| it.len() == 32)?);
                Self::Es256(point)
            }
            (1, -8) if curve() == Some(6) => Self::EdDsa(bytes(-2)?.try_into().ok()?),
            (3, -257) => {
                let (n, e) = (bytes(-1)?, bytes(-2)?);
                // Of 2,048 to 8,192 bits: another would never verify.
                let fits = (256..=1_024).contains(&n.len()) && (1..=5).contains(&e.len());
                fits.then(|| Self::Rs256(n.to_vec(), e.to_vec()))?
            }
            _ => return None,
        };
        Some((read, rest))
    }

    /// Whether a signature is right (WebAuthn §6.5.5 says how each is written).
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Es256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
                .verify(message, signature)
                .is_ok(),
            Self::EdDsa(key) => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
            }
            Self::Rs256(n, e) => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
        }
    }
}
