//! Identities at a provider: tied to an account that is there, and signed in with. The ledger has of each a
//! keyed digest: what is in it is never erased, and a fiscal number is not to be there for good.

use serde::{Deserialize, Serialize};
use vedetta_flow::authority::ADMINISTRATORS;
use vedetta_flow::corridor::note;
use vedetta_flow::{FlowError, Session};
use vedetta_model::{AccountId, Actor, Instant, Role, part};
use vedetta_signin::oidc;
use vedetta_store::{Reader, RecordKind, StoreError};

use crate::{ENDED, Keyring, Provider, conflict, stands};

/// An identity as it is kept, under the digest of issuer and name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Identity {
    /// Whose it is here.
    pub account: AccountId,
    /// The provider's name in the settings.
    pub provider: String,
    /// When it was tied.
    pub since: Instant,
    /// Who tied it, when it was not the account itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<AccountId>,
}

/// How far a provider's word leads.
#[derive(Debug)]
pub enum Arrival {
    /// A session has begun.
    Inside(Box<Session>),
    /// Somebody is known by this digest, and gives a code next.
    Known(String),
}

/// Identities of one account at most.
pub const MOST_IDENTITIES: usize = 10;
/// The longest name for a person.
const LONGEST: usize = 255;

const WRONG: FlowError = FlowError::Unproven(
    "no account here is tied to this identity; sign in with your password and tie it, or ask an \
     administrator",
);

impl Keyring {
    /// The identities of an account: one's own, or anyone's as administrator. Each with the digest by
    /// which it is untied.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn identities_of(
        &self,
        by: &Actor,
        account: &AccountId,
    ) -> Result<Vec<(String, Identity)>, FlowError> {
        if by.account != *account {
            self.house.require_room(by, ADMINISTRATORS, "see these identities")?;
        }
        Ok(self.house.read(|reader| of_account(reader, account))?)
    }

    /// Ties an identity to an account, by the person's name at the provider: an administrator, who knows
    /// whose it is.
    ///
    /// # Errors
    /// Forbidden, unknown; [`FlowError::Conflict`] when it is somebody's, one too many, or an auditor's. A new
    /// password shuts out who had the old one, so they notice; beside an identity more they would go on.
    pub fn tie(
        &self,
        by: &Actor,
        account: &AccountId,
        identity: (&Provider, &str),
    ) -> Result<(), FlowError> {
        self.house.require_room(by, ADMINISTRATORS, "tie this identity")?;
        let whose = self.house.active_account(account);
        if by.account != *account && whose.is_some_and(|it| it.roles.contains(&Role::Auditor)) {
            return Err(conflict("auditors tie their own identities; nobody else does"));
        }
        self.put_identity((by, None), account, identity)
    }

    /// Ties an identity to one's own account, as the provider has just proven it; in a session, which may
    /// have ended while the provider was asked.
    ///
    /// # Errors
    /// Forbidden; [`FlowError::Unproven`] when the session ended; [`FlowError::Conflict`] when the identity is
    /// somebody's, or one too many.
    pub fn tie_own(
        &self,
        by: &Actor,
        session: &str,
        (provider, proven): (&Provider, &oidc::Identity),
    ) -> Result<(), FlowError> {
        self.put_identity((by, Some(session)), &by.account, (provider, &proven.subject))
    }

    fn put_identity(
        &self,
        (by, session): (&Actor, Option<&str>),
        account: &AccountId,
        (provider, subject): (&Provider, &str),
    ) -> Result<(), FlowError> {
        self.house.require_self_or_administrator(by, account, "tie this identity")?;
        let subject = provider.client.spelled(subject.trim());
        if subject.is_empty() || subject.len() > LONGEST {
            return Err(FlowError::invalid(
                "subject",
                "write the person's name at the provider: `sub`, or the fiscal number",
            ));
        }
        let issuer = provider.client.issuer.clone();
        let id = self.digest(&oidc::Identity { issuer, subject });
        let (account, provider) = (account.clone(), provider.name.clone());
        let other = Some(&by.account).filter(|by| **by != account).cloned();
        let (since, by) = (self.house.now(), by.account.to_string());
        let identity = Identity { account, provider, since, by: other };
        let session = session.map(str::to_owned);
        self.house.write(move |unit| {
            if !stands(unit, session.as_deref())? {
                return Ok(Err(ENDED));
            }
            if unit.record(RecordKind::Identity, &id)?.is_some() {
                return Ok(Err(conflict(
                    "this identity is tied to an account already; untie it there",
                )));
            }
            if of_account(unit, &identity.account)?.len() >= MOST_IDENTITIES {
                return Ok(Err(conflict(
                    "the account has as many identities as it may; untie one",
                )));
            }
            let body = serde_json::to_vec(&identity)
                .map_err(|error| StoreError::Refused(format!("identity: {error}")))?;
            unit.put_record(RecordKind::Identity, &id, &body, &by)?;
            let deed = format!("identity at {} tied", identity.provider);
            note(unit, &by, identity.account.as_str(), &deed).map(Ok)
        })?
    }

    /// Who it is here, as the provider has just proven it: inside at once by a provider that must say how it
    /// proved them, and with their own code besides by any other.
    ///
    /// # Errors
    /// [`FlowError::Unproven`] when it is tied to none that may sign in.
    pub fn sign_in_by_identity(
        &self,
        provider: &Provider,
        proven: &oidc::Identity,
    ) -> Result<Arrival, FlowError> {
        let id = self.digest(proven);
        let identity = self.identity_of(&id)?;
        let account = identity.as_ref().and_then(|it| self.house.active_account(&it.account));
        let Some(account) = account else {
            let who = identity.map_or(part::UNKNOWN.to_owned(), |it| it.account.to_string());
            self.refused_at(provider, &who, "no account")?;
            return Err(WRONG);
        };
        if provider.client.wanted().is_none() {
            return Ok(Arrival::Known(id));
        }
        let (session, new) = self.house.new_session(&account);
        let deed = format!("signed in by identity at {}", provider.name);
        let begun = self.house.write(move |unit| {
            // Untied meanwhile: it opens nothing any more.
            if unit.record(RecordKind::Identity, &id)?.is_none() || !new.put(unit)? {
                return Ok(false);
            }
            note(unit, account.id.as_str(), account.id.as_str(), &deed)?;
            Ok(true)
        })?;
        if begun { Ok(Arrival::Inside(Box::new(session))) } else { Err(WRONG) }
    }

    /// The identity of a digest.
    pub(crate) fn identity_of(&self, id: &str) -> Result<Option<Identity>, FlowError> {
        let record = self.house.read(|reader| reader.record(RecordKind::Identity, id))?;
        Ok(record.and_then(|it| serde_json::from_slice(&it.body).ok()))
    }

    /// Notes that somebody came from a provider and was not let in.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn refused_at(&self, provider: &Provider, who: &str, why: &str) -> Result<(), FlowError> {
        let facts = serde_json::json!({ "refused": true, "by": provider.name, "why": why });
        Ok(self.house.note_deed(who, "session", facts.to_string())?)
    }

    fn digest(&self, identity: &oidc::Identity) -> String {
        self.names.derived(&identity.issuer, &identity.subject)
    }
}

fn of_account(
    reader: &mut dyn Reader,
    account: &AccountId,
) -> Result<Vec<(String, Identity)>, StoreError> {
    let all = reader.records(RecordKind::Identity)?.into_iter();
    let read = all.filter_map(|it| Some((it.id, serde_json::from_slice(&it.body).ok()?)));
    Ok(read.filter(|(_, identity): &(String, Identity)| identity.account == *account).collect())
}
