//! What besides a password opens an account: passkeys, and identities at a provider of OpenID Connect. The
//! corridor's side: kept in the ledger, tied to accounts that are there, and signed in with.
//!
//! Nobody gets an account by it. The rules of both protocols are [`vedetta_signin`]'s. Calls block: make
//! them on a thread that may wait.

mod attempts;
mod codes;
mod identities;
mod passkeys;
mod spent;

use std::sync::Arc;

use serde_json::json;
use vedetta_flow::corridor::end_tokens;
use vedetta_flow::{FlowError, House};
use vedetta_model::{AccountId, Actor};
use vedetta_signin::oidc::Client;
use vedetta_signin::seal::Seal;
use vedetta_signin::webauthn::RelyingParty;
use vedetta_store::{Draft, EntryKind, Reader, RecordKind, StoreError};

pub use attempts::{Aim, Begun};
pub use codes::Known;
pub use identities::{Arrival, Identity, MOST_IDENTITIES};
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
    /// Challenges that a passkey answered.
    answered: Spent,
    /// Attempts at a provider that came back.
    begun: Spent,
}

/// The state does not allow it.
fn conflict(sentence: &str) -> FlowError {
    FlowError::Conflict(sentence.into())
}

const ENDED: FlowError = FlowError::Unproven(
    "your session ended meanwhile, and nothing was added; sign in and begin anew",
);

/// Whether a session is still there, where one is asked of: a new password ends all, and nothing that was
/// begun in them may outlive it.
fn stands(reader: &mut dyn Reader, session: Option<&str>) -> Result<bool, StoreError> {
    session.map_or(Ok(true), |it| Ok(reader.record(RecordKind::Token, it)?.is_some()))
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
        let (answered, begun) = (Spent::default(), Spent::default());
        let providers = ways.providers;
        for it in providers.iter().filter(|it| it.client.wanted().is_none()) {
            let provider = &it.name;
            tracing::info!(provider, "no acr is set: who comes by it is asked for a code too");
        }
        Ok(Self { house, seal, names, party, providers, answered, begun })
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

    /// Removes a passkey or an identity: of one's own account, or anyone's as administrator. The sessions
    /// of the account end, since it may have begun them; all but the one of this identifier.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn remove(
        &self,
        by: &Actor,
        (account, key): (&AccountId, &str),
        session: &str,
    ) -> Result<(), FlowError> {
        self.house.require_self_or_administrator(by, account, "remove this key")?;
        let passkeys = self.passkeys_of(by, account)?.into_iter();
        let passkey = passkeys.filter(|(id, ..)| id == key).map(|(_, it, _)| {
            (RecordKind::Passkey, json!({ "deed": "passkey removed", "key": it.name }))
        });
        let identities = self.identities_of(by, account)?.into_iter();
        let identity = identities.filter(|(id, _)| id == key).map(|(_, it)| {
            let deed = format!("identity at {} untied", it.provider);
            (RecordKind::Identity, json!({ "deed": deed }))
        });
        let Some((kind, facts)) = passkey.chain(identity).next() else {
            return Err(FlowError::unknown("key", key));
        };
        let facts = facts.to_string();
        let (key, account, by) = (key.to_owned(), account.to_string(), by.account.to_string());
        let session = session.to_owned();
        self.house.write(move |unit| {
            unit.remove_record(kind, &key, &by)?;
            end_tokens(unit, &account, &by, |it| it.is_session() && it.id != session)?;
            let (kind, actor, subject) = (EntryKind::Deed, by.as_str(), account.as_str());
            unit.append(&Draft { kind, actor, subject, facts: &facts, body: b"" })
        })?;
        Ok(())
    }

    /// The provider of a name.
    #[must_use]
    pub fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.name == name)
    }
}
