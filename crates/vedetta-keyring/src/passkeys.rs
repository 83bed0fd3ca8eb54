//! Passkeys: added and removed by whom they are of, and signed in with.

use serde::{Deserialize, Serialize};
use vedetta_flow::authority::ADMINISTRATORS;
use vedetta_flow::corridor::note;
use vedetta_flow::{FlowError, Session};
use vedetta_model::{AccountId, Actor, Instant, part};
use vedetta_signin::fingerprint;
use vedetta_signin::webauthn::{Credential, Made, Refusal, RelyingParty, Shown, Use, is_id};
use vedetta_store::{Reader, RecordKind, StoreError};

use crate::{ENDED, Keyring, conflict, stands};

/// A passkey as it is kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Passkey {
    /// Whose it is.
    pub account: AccountId,
    /// What its owner calls it.
    pub name: String,
    /// The credential.
    pub credential: Credential,
    /// What its newest use left.
    pub used: Use,
    /// When it was added.
    pub since: Instant,
}

/// Passkeys of one account at most.
pub const MOST_PASSKEYS: usize = 20;
/// The longest name of a passkey, in characters.
pub const LONGEST_NAME: usize = 60;

const WRONG: FlowError = FlowError::Unproven(
    "the passkey was not accepted; load the page again and try once more, or use your password",
);

impl Keyring {
    /// A challenge for whoever `holder` names: a browser before it has signed in, a session after.
    #[must_use]
    pub fn challenge(&self, holder: &str) -> Option<String> {
        let party = self.party.as_ref()?;
        Some(party.challenge(holder, self.house.now(), self.house.entropy()))
    }

    /// The user handle of an account: what authenticators know it by, and nothing more.
    #[must_use]
    pub fn user(&self, account: &AccountId) -> String {
        self.names.derived("user", account.as_str())
    }

    /// The passkeys of an account: one's own, or anyone's as administrator. Each with the identifier by
    /// which it is removed, and the moment of its newest use.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn passkeys_of(
        &self,
        by: &Actor,
        account: &AccountId,
    ) -> Result<Vec<(String, Passkey, Instant)>, FlowError> {
        if by.account != *account {
            self.house.require_room(by, ADMINISTRATORS, "see these passkeys")?;
        }
        Ok(self.house.read(|reader| of_account(reader, account))?)
    }

    /// Adds a passkey to one's own account, in a session. `holder` is for whom the challenge was.
    ///
    /// # Errors
    /// Forbidden; what was wrong with it; [`FlowError::Unproven`] when the session ended; [`FlowError::Conflict`] when it is somebody's, or one too many.
    pub fn add_passkey(
        &self,
        (by, session): (&Actor, &str),
        name: &str,
        (made, holder): (&Made, &str),
    ) -> Result<(), FlowError> {
        self.house.require_self_or_administrator(by, &by.account, "add a passkey")?;
        let name = name.trim();
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            return Err(FlowError::invalid("name", "call it something, in 60 characters at most"));
        }
        let now = self.house.now();
        let registered = self.relying_party()?.register(made, holder, now);
        let (credential, used, answered) = registered.map_err(unusable)?;
        if !self.answered.first(&answered.challenge, answered.until, now) {
            return Err(unusable(Refusal::Challenge));
        }
        let id = fingerprint(&credential.id);
        let (account, name) = (by.account.clone(), name.to_owned());
        let passkey = Passkey { account, name, credential, used, since: now };
        let session = session.to_owned();
        self.house.write(move |unit| {
            if !stands(unit, Some(&session))? {
                return Ok(Err(ENDED));
            }
            if unit.record(RecordKind::Passkey, &id)?.is_some() {
                return Ok(Err(conflict("this device has a passkey here already; use it")));
            }
            if of_account(unit, &passkey.account)?.len() >= MOST_PASSKEYS {
                return Ok(Err(conflict("the account has as many passkeys as it may; remove one")));
            }
            let account = passkey.account.as_str();
            unit.put_record(RecordKind::Passkey, &id, &written(&passkey)?, account)?;
            note(unit, account, account, "passkey added").map(Ok)
        })?
    }

    /// Begins a session with a passkey, which stands for password and code. `holder` is the browser that
    /// was asked for it.
    ///
    /// # Errors
    /// [`FlowError::Unproven`], the same for every reason.
    pub fn sign_in_by_passkey(&self, shown: &Shown, holder: &str) -> Result<Session, FlowError> {
        let passkey = match is_id(&shown.id) {
            true => self.passkey(&fingerprint(&shown.id))?,
            false => None,
        };
        let Some(passkey) = passkey else { return self.refused(part::UNKNOWN, None) };
        let Some(account) = self.house.active_account(&passkey.account) else {
            return self.refused(passkey.account.as_str(), None);
        };
        let (user, now) = (self.user(&account.id), self.house.now());
        let known = (&passkey.credential, passkey.used, user.as_str());
        let (used, answered) = match self.relying_party()?.judge(shown, known, holder, now) {
            Ok(judged) => judged,
            Err(refusal) => return self.refused(account.id.as_str(), Some(refusal)),
        };
        if !self.answered.first(&answered.challenge, answered.until, now) {
            return self.refused(account.id.as_str(), Some(Refusal::Challenge));
        }
        let (session, new) = self.house.new_session(&account);
        let (id, after) =
            (fingerprint(&passkey.credential.id), Passkey { used, ..passkey.clone() });
        let begun = self.house.write(move |unit| {
            let account = after.account.as_str();
            // Removed meanwhile, or used: what was judged is not what is there.
            let there = unit.record(RecordKind::Passkey, &id)?;
            let same = there.is_some_and(|it| read(&it.body).as_ref() == Some(&passkey));
            if !same || !new.put(unit)? {
                return Ok(false);
            }
            unit.put_record(RecordKind::Passkey, &id, &written(&after)?, account)?;
            note(unit, account, account, "signed in by passkey")?;
            Ok(true)
        })?;
        if begun { Ok(session) } else { Err(WRONG) }
    }

    fn relying_party(&self) -> Result<&RelyingParty, FlowError> {
        self.party.as_ref().ok_or_else(|| {
            conflict("this node takes no passkeys; its operator turns them on in vedetta.toml")
        })
    }

    fn passkey(&self, id: &str) -> Result<Option<Passkey>, FlowError> {
        let record = self.house.read(|reader| reader.record(RecordKind::Passkey, id))?;
        Ok(record.and_then(|record| read(&record.body)))
    }

    fn refused(&self, account: &str, why: Option<Refusal>) -> Result<Session, FlowError> {
        let why = why.map(|refusal| refusal.to_string());
        let facts = serde_json::json!({ "refused": true, "by": "passkey", "why": why });
        self.house.note_deed(account, "session", facts.to_string())?;
        Err(WRONG)
    }
}

/// Why a new passkey is not taken, for whoever made it.
fn unusable(refusal: Refusal) -> FlowError {
    tracing::info!(%refusal, "a new passkey is not taken");
    match refusal {
        Refusal::Challenge => {
            FlowError::invalid("passkey", "too much time went by; make the passkey once more")
        }
        Refusal::Unverified => FlowError::invalid(
            "passkey",
            "the device did not check who you are; set a PIN, a fingerprint or a face on it",
        ),
        _ => FlowError::invalid(
            "passkey",
            "what the device made is no passkey for this node; try again, or use another device",
        ),
    }
}

fn of_account(
    reader: &mut dyn Reader,
    account: &AccountId,
) -> Result<Vec<(String, Passkey, Instant)>, StoreError> {
    let all = reader.records(RecordKind::Passkey)?.into_iter();
    let own = all.filter_map(|it| Some((it.id, read(&it.body)?, it.stamp.at)));
    Ok(own.filter(|(_, passkey, _)| passkey.account == *account).collect())
}

fn read(body: &[u8]) -> Option<Passkey> {
    serde_json::from_slice(body).ok()
}

fn written(passkey: &Passkey) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(passkey).map_err(|error| StoreError::Refused(format!("passkey: {error}")))
}
