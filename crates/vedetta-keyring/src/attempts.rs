//! An attempt at a provider: begun here, gone on with there, and ended here by the same browser.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vedetta_model::{AccountId, Instant};
use vedetta_signin::oidc::Attempt;
use vedetta_signin::{octets, written};

use crate::Keyring;

/// How long a person may take at the provider.
const LASTS: Duration = Duration::from_secs(600);
/// The longest attempt, in octets: as much as a cookie holds.
const LONGEST: usize = 3 << 10;
/// The longest address to go on to, in octets: the cookie that it is in is kept by every browser.
const LONGEST_WAY: usize = 512;

/// What an attempt is for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aim {
    /// To sign in, and go there.
    SignIn(String),
    /// To tie the identity to the account that is signed in.
    Tie(AccountId),
}

/// An attempt as the browser keeps it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Begun {
    /// The provider's name.
    pub provider: String,
    /// What it is for.
    pub aim: Aim,
    /// What tells it from any other.
    chance: String,
    until: Instant,
}

impl Keyring {
    /// Begins an attempt: what the browser keeps, and what the provider is sent. Nothing is kept here:
    /// all that the attempt is tied to follows from what the browser keeps, and from a key of this process.
    #[must_use]
    pub fn begin(&self, provider: &str, aim: Aim) -> (String, Attempt) {
        let mut chance = [0; 16];
        self.house.entropy().fill(&mut chance);
        let until = self.house.now().after(LASTS);
        let aim = match aim {
            Aim::SignIn(to) if to.len() > LONGEST_WAY => Aim::SignIn("/".to_owned()),
            aim => aim,
        };
        let begun = Begun { provider: provider.into(), aim, chance: written(&chance), until };
        let kept = written(&serde_json::to_vec(&begun).unwrap_or_default());
        let attempt = self.attempt(&kept);
        (kept, attempt)
    }

    /// Goes on with an attempt, given what the browser kept and the state that the provider sent back; once.
    #[must_use]
    pub fn resume(&self, kept: &str, state: &str) -> Option<(Begun, Attempt)> {
        let attempt = self.attempt(kept);
        let begun: Begun = serde_json::from_slice(&octets(kept, LONGEST)?).ok()?;
        let now = self.house.now();
        let ours = attempt.state == state && begun.until > now;
        let once = ours && self.begun.first_of_any(state, begun.until, now);
        once.then_some((begun, attempt))
    }

    fn attempt(&self, kept: &str) -> Attempt {
        let of = |used| self.seal.derived(used, kept);
        Attempt { state: of("state"), nonce: of("nonce"), verifier: of("verifier") }
    }
}
