//! What besides a password opens an account: passkeys, and identities at a provider of OpenID Connect. The
//! corridor's side: kept in the ledger, tied to accounts that are there, and signed in with.
//!
//! Nobody gets an account by it. The rules of both protocols are [`vedetta_signin`]'s. Calls block: make
//! them on a thread that may wait.

mod attempts;
mod identities;
mod passkeys;
mod spent;

use std::sync::Arc;

use vedetta_flow::{FlowError, House};
use vedetta_model::{AccountId, Actor};
use vedetta_signin::oidc::Client;
use vedetta_signin::seal::Seal;
use vedetta_signin::webauthn::RelyingParty;

pub use attempts::{Aim, Begun};
pub use identities::{Identity, MOST_IDENTITIES};
pub use passkeys::{LONGEST_NAME, MOST_PASSKEYS, Passkey};
pub use vedetta_signin::{octets, oidc, webauthn};

use spent::Spent;

/// A provider that people may come from.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its name in addresses and in the ledger.
    pub name: String,
    /// Its name on the button.
    pub label: String,
    /// The node as it knows it.
    pub client: Client,
}

/// Which ways there are.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    /// The address at which people open the node, if passkeys are made for it.
    pub passkeys: Option<String>,
    /// Providers.
    pub providers: Vec<Provider>,
}

/// The keys of one node's accounts.
pub struct Keyring {
    house: Arc<House>,
    /// Of this process: what was begun before it started is begun anew.
    seal: Seal,
    /// Of the node: under it accounts and persons are named.
    names: Seal,
    party: Option<RelyingParty>,
    providers: Vec<Provider>,
    spent: Spent,
}

/// The state does not allow it.
fn conflict(sentence: &str) -> FlowError {
    FlowError::Conflict(sentence.into())
}

impl Keyring {
    /// Of a house.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn open(house: Arc<House>, ways: Ways) -> Result<Self, FlowError> {
        let seal = Seal::new(house.entropy());
        let names = Seal::of(&house.node_secret("keyring")?);
        let party = ways.passkeys.and_then(|origin| RelyingParty::new(&origin, seal.clone()));
        let (providers, spent) = (ways.providers, Spent::default());
        Ok(Self { house, seal, names, party, providers, spent })
    }

    /// For whom passkeys are made, if they are.
    #[must_use]
    pub const fn party(&self) -> Option<&RelyingParty> {
        self.party.as_ref()
    }

    /// The providers that people may come from.
    #[must_use]
    pub fn providers(&self) -> &[Provider] {
        &self.providers
    }

    /// Removes a passkey or an identity: of one's own account, or anyone's as administrator.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn remove(&self, by: &Actor, account: &AccountId, key: &str) -> Result<(), FlowError> {
        match self.remove_passkey(by, account, key) {
            Err(FlowError::Unknown { what: "passkey", .. }) => self.untie(by, account, key),
            done => done,
        }
    }

    /// The provider of a name.
    #[must_use]
    pub fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.name == name)
    }
}
