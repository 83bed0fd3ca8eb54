//! What the administrator says of the mail desk.

use std::time::Duration;

use vedetta_mail::{KeyFault, Signer};
use vedetta_model::Tlp;

/// The desk's settings.
pub struct Settings {
    /// The address that reports are sent to, and answers come from.
    pub mailbox: String,
    /// The name beside it.
    pub name: String,
    /// Receivers whose `Authentication-Results` are believed (RFC 8601 authserv-id).
    pub receivers: Vec<String>,
    /// How long messages are kept.
    pub keep: Duration,
    /// Answers that one reporter has in an hour; beyond it reports are taken in silently.
    pub answers: usize,
    /// Reports that are taken in an hour from one domain of those who do not prove who they are,
    /// known to the directory or not; from all such domains twenty times as many.
    pub strangers: usize,
    /// With what answers are signed; what cannot be signed then waits.
    pub signer: Option<Box<dyn Signs>>,
    /// When a campaign is released without an analyst, where no agreement says anything of it.
    pub release: Option<ReleaseRule>,
}

/// What signs letters.
pub trait Signs: Send + Sync {
    /// The field to put before a letter. `seconds` is the moment of signing, since 1970 in UTC.
    ///
    /// # Errors
    /// The key fails.
    fn field(&self, letter: &[u8], seconds: i64) -> Result<String, KeyFault>;
}

impl Signs for Signer {
    fn field(&self, letter: &[u8], seconds: i64) -> Result<String, KeyFault> {
        Signer::field(self, letter, seconds)
    }
}

/// When a campaign is released without an analyst.
#[derive(Clone, Copy, Debug)]
pub struct ReleaseRule {
    /// As many reporters at least.
    pub reporters: usize,
    /// Of as many organisations at least.
    pub organisations: usize,
    /// How far it may go.
    pub tlp: Tlp,
}

/// The domain of a mailbox that nobody named.
const NOWHERE: &str = "localhost";

impl Default for Settings {
    fn default() -> Self {
        Self {
            mailbox: format!("segnalazioni@{NOWHERE}"),
            name: "Posta sospetta".into(),
            receivers: Vec::new(),
            keep: Duration::from_hours(24 * 90),
            answers: 30,
            strangers: 20,
            signer: None,
            release: None,
        }
    }
}

impl Settings {
    /// Whether answers go out by mail and nothing signs them: nobody can tell them from forged ones.
    #[must_use]
    pub fn is_unsigned(&self) -> bool {
        self.signer.is_none() && self.domain() != NOWHERE
    }

    /// The domain of the mailbox.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.mailbox.rsplit('@').next().unwrap_or_default()
    }
}
