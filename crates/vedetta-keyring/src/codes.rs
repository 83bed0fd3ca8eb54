//! The second step of who comes from a provider that does not say how it proved them: the code of their own
//! authenticator. Between the two the browser keeps whom the provider named, under the node's seal.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vedetta_flow::corridor::note;
use vedetta_flow::{FlowError, Session};
use vedetta_model::Account;
use vedetta_signin::{octets, written};
use vedetta_store::RecordKind;

use crate::{Identity, Keyring, Provider, conflict};

/// How long a person may look for their telephone.
const LASTS: Duration = Duration::from_mins(5);
/// The longest that a browser keeps, in octets: as much as a cookie holds.
const LONGEST: usize = 3 << 10;

const OVER: FlowError =
    FlowError::Unproven("the attempt is over, or of another browser; begin again at the provider");

/// Whom a provider named, as the browser keeps it until the code is given.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Known {
    /// The provider's name.
    provider: String,
    /// The digest of the identity.
    identity: String,
    /// Where to go once inside.
    pub to: String,
}

impl Keyring {
    /// What the browser keeps of whom a provider named.
    #[must_use]
    pub fn keep_known(&self, provider: &Provider, identity: String, to: &str) -> String {
        let known = Known { provider: provider.name.clone(), identity, to: to.to_owned() };
        let text = written(&serde_json::to_vec(&known).unwrap_or_default());
        let seal = self.seal.challenge(&text, (self.house.now(), LASTS), self.house.entropy());
        format!("{text}.{seal}")
    }

    /// Whom a provider named a short while ago, given what the browser kept, and whose account it opens.
    ///
    /// # Errors
    /// [`FlowError::Unproven`] when it is over, or nobody is let in by it any more; [`FlowError::Conflict`] when
    /// the account has no authenticator that it has used.
    pub fn known(&self, kept: &str) -> Result<(Known, Account), FlowError> {
        let (text, seal) = kept.split_once('.').ok_or(OVER)?;
        self.seal.lasts(seal, text, self.house.now()).ok_or(OVER)?;
        let read = octets(text, LONGEST).and_then(|it| serde_json::from_slice::<Known>(&it).ok());
        let known = read.ok_or(OVER)?;
        let account = self.opened_by(&known)?.ok_or(OVER)?;
        if !self.house.has_authenticator(&account.id)? {
            return Err(conflict(
                "this account has no authenticator yet; sign in with your password once, and set it up",
            ));
        }
        Ok((known, account))
    }

    /// Begins the session of whom a provider named, with the current code of the account's authenticator.
    ///
    /// # Errors
    /// [`FlowError::Unproven`] when the code is wrong, or as of [`Keyring::known`].
    pub fn sign_in_by_code(&self, kept: &str, code: &str) -> Result<Session, FlowError> {
        let (known, account) = self.known(kept)?;
        self.house.use_up_code(&account, Some(code))?;
        let (session, new) = self.house.new_session(&account);
        let begun = self.house.write(move |unit| {
            // Untied at this very moment: it opens nothing any more.
            let tied = unit.record(RecordKind::Identity, &known.identity)?;
            let tied = tied.and_then(|it| serde_json::from_slice::<Identity>(&it.body).ok());
            if tied.is_none_or(|it| it.account != account.id) || !new.put(unit)? {
                return Ok(false);
            }
            let deed = format!("signed in by identity at {} and code", known.provider);
            note(unit, account.id.as_str(), account.id.as_str(), &deed)?;
            Ok(true)
        })?;
        if begun { Ok(session) } else { Err(OVER) }
    }

    fn opened_by(&self, known: &Known) -> Result<Option<Account>, FlowError> {
        let identity = self.identity_of(&known.identity)?;
        Ok(identity.and_then(|it| self.house.active_account(&it.account)))
    }
}
