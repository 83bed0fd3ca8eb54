//! The hash chain that makes a silent change of the past visible.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::entry::{Draft, Stamp};

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest(pub [u8; 32]);

/// The link of an entry: SHA-256 over the previous link, the stamp, the kind, and the lengths and
/// bytes of actor, subject and facts, and the SHA-256 of the body (so that a body may be erased by
/// law without breaking the chain).
#[must_use]
pub fn link(previous: &Digest, stamp: Stamp, draft: &Draft<'_>, body: &Digest) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(previous.0);
    hasher.update(stamp.seq.0.to_be_bytes());
    hasher.update(stamp.at.micros().to_be_bytes());
    hasher.update([draft.kind.code()]);
    for text in [draft.actor, draft.subject, draft.facts] {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.update(body.0);
    Digest(hasher.finalize().into())
}

impl Digest {
    /// Of bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl std::str::FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not 64 hexadecimal digits");
        let mut digest = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(wrong());
        }
        for (byte, digits) in digest.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
        }
        Ok(Self(digest))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
