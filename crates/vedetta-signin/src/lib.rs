//! Ways to sign in besides a password, as a relying party sees them: passkeys ([`webauthn`]) and the
//! identities of a provider ([`oidc`]).
//!
//! A room: what came is judged against what is kept, at a moment that is given. Nothing is asked of
//! anybody here, and nothing is kept. What comes is hostile: every reader is bounded.

pub mod oidc;
pub mod seal;
pub mod webauthn;

mod authenticator;
mod cbor;
mod cose;
mod jose;
mod jwk;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Octets as the web writes them: base64url without padding (RFC 4648 §5).
#[must_use]
pub fn written(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

/// The octets of such a text; `None` when it is none, or longer than `most` octets.
#[must_use]
pub fn octets(text: &str, most: usize) -> Option<Vec<u8>> {
    if text.len() > most.div_ceil(3) * 4 {
        return None;
    }
    URL_SAFE_NO_PAD.decode(text).ok().filter(|octets| octets.len() <= most)
}

/// A name of fixed length for a text that may be long: its SHA-256 in hexadecimal.
#[must_use]
pub fn fingerprint(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|octet| format!("{octet:02x}")).collect()
}
