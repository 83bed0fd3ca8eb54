//! The `next` value of a page (§3.5): opaque to the client, a sealed place for the server.
//!
//! It holds a position (the sequence number of the last object served) and a tag over the
//! position, the collection, the caller and the filters. A value from another query, another
//! collection, another caller or another server is refused, never misread.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The length of a `next` value: position and tag in hexadecimal.
const LENGTH: usize = 2 * (8 + TAG);
const TAG: usize = 16;

/// The server's key for its `next` values.
#[derive(Clone)]
pub struct NextKey([u8; 32]);

/// What a `next` value is good for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scope<'a> {
    /// The endpoint and collection.
    pub collection: &'a str,
    /// Whoever asks.
    pub caller: &'a str,
    /// The filters: [`Query::selection`](crate::Query::selection).
    pub selection: &'a str,
}

/// Why a `next` value is refused (HTTP 400).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NextError {
    /// It was never made by a server like this.
    #[error("next is not a value of this server: repeat the request without it")]
    Shape,
    /// It was made for something else.
    #[error(
        "next belongs to another collection, account or filter: keep everything but limit as in \
         the first request, or repeat the request without next"
    )]
    Foreign,
}

impl NextKey {
    /// With 32 secret octets.
    #[must_use]
    pub const fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// Writes a position.
    #[must_use]
    pub fn seal(&self, scope: Scope<'_>, position: u64) -> String {
        let position = position.to_be_bytes();
        let tag = self.mac(scope, &position).finalize().into_bytes();
        let mut text = String::with_capacity(LENGTH);
        for octet in position.iter().chain(tag.iter().take(TAG)) {
            let _ = write!(text, "{octet:02x}");
        }
        text
    }

    /// Reads a position back.
    ///
    /// # Errors
    /// [`NextError`], without saying which part of the scope differs.
    pub fn open(&self, scope: Scope<'_>, text: &str) -> Result<u64, NextError> {
        let octets = octets(text).ok_or(NextError::Shape)?;
        let (position, tag) = octets.split_first_chunk::<8>().ok_or(NextError::Shape)?;
        let mac = self.mac(scope, position);
        mac.verify_truncated_left(tag).map_err(|_| NextError::Foreign)?;
        Ok(u64::from_be_bytes(*position))
    }

    fn mac(&self, scope: Scope<'_>, position: &[u8; 8]) -> Hmac<Sha256> {
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(position);
        for part in [scope.collection, scope.caller, scope.selection] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac
    }
}

fn octets(text: &str) -> Option<Vec<u8>> {
    if text.len() != LENGTH || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    (0..LENGTH).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

impl std::fmt::Debug for NextKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NextKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SCOPE: Scope<'_> =
        Scope { collection: "cleared", caller: "cosc-umbria", selection: "match[type]=indicator" };

    proptest! {
        #[test]
        fn sealed_and_opened(position: u64, secret: [u8; 32]) {
            let key = NextKey::new(secret);
            prop_assert_eq!(key.open(SCOPE, &key.seal(SCOPE, position)), Ok(position));
        }

        #[test]
        fn any_change_is_noticed(position: u64, at in 0..LENGTH, digit in "[0-9a-f]") {
            let key = NextKey::new([7; 32]);
            let mut text = key.seal(SCOPE, position);
            prop_assume!(text[at..=at] != digit);
            text.replace_range(at..=at, &digit);
            prop_assert_eq!(key.open(SCOPE, &text), Err(NextError::Foreign));
        }

        #[test]
        fn no_text_panics(text in ".{0,60}") {
            prop_assert!(NextKey::new([7; 32]).open(SCOPE, &text).is_err());
        }
    }

    #[test]
    fn good_for_one_scope_only() {
        let key = NextKey::new([7; 32]);
        let next = key.seal(SCOPE, 42);
        let others = [
            Scope { collection: "public", ..SCOPE },
            Scope { caller: "anci", ..SCOPE },
            Scope { selection: "", ..SCOPE },
            Scope { collection: "clearedc", caller: "osc-umbria", ..SCOPE },
        ];
        for other in others {
            assert_eq!(key.open(other, &next), Err(NextError::Foreign));
        }
        assert_eq!(NextKey::new([8; 32]).open(SCOPE, &next), Err(NextError::Foreign));
        assert_eq!(key.open(SCOPE, "42"), Err(NextError::Shape));
        assert_eq!(key.open(SCOPE, &next.to_uppercase()), Err(NextError::Shape));
    }
}
