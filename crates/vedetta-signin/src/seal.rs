//! What the node gives out and knows again: challenges, and what an attempt at a provider is tied to. Each is
//! sealed, so that nothing is kept until it comes back.

use std::time::Duration;

use ring::hmac;
use vedetta_model::{Entropy, Instant};

use crate::{octets, written};

/// A key that nobody else has.
#[derive(Clone)]
pub struct Seal(hmac::Key);

/// Octets of chance in what is given out: 128 bits, as WebAuthn §13.4.3 asks at least.
const CHANCE: usize = 16;
/// Octets of a moment.
const MOMENT: usize = 8;

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(…)")
    }
}

impl Seal {
    /// With a key that nobody guesses.
    #[must_use]
    pub fn new(entropy: &dyn Entropy) -> Self {
        let mut key = [0; 32];
        entropy.fill(&mut key);
        Self::of(&key)
    }

    /// With a key that is kept.
    #[must_use]
    pub fn of(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// A challenge for whoever `holder` names, and nobody else; it lasts so long.
    #[must_use]
    pub fn challenge(
        &self,
        holder: &str,
        (now, lasts): (Instant, Duration),
        entropy: &dyn Entropy,
    ) -> String {
        let mut octets = [0; CHANCE + MOMENT];
        entropy.fill(&mut octets[..CHANCE]);
        octets[CHANCE..].copy_from_slice(&now.after(lasts).micros().to_be_bytes());
        let tag = self.tag(holder, &octets);
        written(&[&octets, tag.as_ref()].concat())
    }

    /// Until when a challenge of that holder lasts; `None` when it is none, or over.
    #[must_use]
    pub fn lasts(&self, challenge: &str, holder: &str, now: Instant) -> Option<Instant> {
        let octets = octets(challenge, 128)?;
        let (given, tag) = octets.split_at_checked(CHANCE + MOMENT)?;
        hmac::verify(&self.0, &message(holder, given), tag).ok()?;
        let until: [u8; MOMENT] = given.get(CHANCE..)?.try_into().ok()?;
        let until = Instant::from_micros(i64::from_be_bytes(until));
        (now < until).then_some(until)
    }

    /// What follows from a text, for one use of it, and only here: 256 bits.
    #[must_use]
    pub fn derived(&self, used: &str, text: &str) -> String {
        written(self.tag(used, text.as_bytes()).as_ref())
    }

    fn tag(&self, holder: &str, octets: &[u8]) -> hmac::Tag {
        hmac::sign(&self.0, &message(holder, octets))
    }
}

fn message(holder: &str, octets: &[u8]) -> Vec<u8> {
    let length = (holder.len() as u64).to_be_bytes();
    [&length, holder.as_bytes(), octets].concat()
}

#[cfg(test)]
mod tests {
    use vedetta_testkit::SeededEntropy;

    use super::*;

    #[test]
    fn a_challenge_is_its_holders_and_over_in_time() {
        let (entropy, now) = (SeededEntropy::new(1), Instant::from_micros(1_000_000));
        let (seal, other) = (Seal::new(&entropy), Seal::new(&entropy));
        let challenge = seal.challenge("browser", (now, Duration::from_secs(60)), &entropy);
        let last = now.after(Duration::from_secs(60));
        assert_eq!(seal.lasts(&challenge, "browser", now), Some(last));
        assert_eq!(seal.lasts(&challenge, "browser", last), None, "over");
        assert_eq!(seal.lasts(&challenge, "another", now), None, "somebody else's");
        assert_eq!(other.lasts(&challenge, "browser", now), None, "of another process");
        for wrong in ["", "A", &challenge[1..], &"A".repeat(500)] {
            assert_eq!(seal.lasts(wrong, "browser", now), None, "{wrong}");
        }
        let again = seal.challenge("browser", (now, Duration::from_secs(60)), &entropy);
        assert_ne!(challenge, again, "no two are the same");
        assert_ne!(seal.derived("state", "a"), seal.derived("nonce", "a"));
    }
}
