//! Signing in: with a password and a TOTP code (people), or with a token (machines, sessions).

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use vedetta_model::account::AccountState;
use vedetta_model::{Account, AccountId, Actor, Role, Way, part};
use vedetta_store::{RecordKind, SecretKind, StoreError, UnitOfWork};

use crate::actions::found_node::OPERATOR;
use crate::actions::issue_tokens::{NewToken, carries};
use crate::actions::manage_accounts::{Certificate, note};
use crate::credentials::{
    EMERGENCY, Presented, SESSION as SESSION_TOKEN, Token, TokenText, password_fits, totp_address,
    totp_seed, totp_step,
};
use crate::error::FlowError;
use crate::house::House;

/// How long a session lasts: one shift and its handover.
pub const SESSION: Duration = Duration::from_secs(12 * 3600);

/// A session just begun.
#[derive(Debug)]
pub struct Session {
    /// What the person sends from now on.
    pub token: TokenText,
    /// What the node remembers of it.
    pub record: Token,
}

/// The step of the last TOTP code used: a code works once.
#[derive(Serialize, serde::Deserialize, Default)]
struct TotpMemory {
    seed: Vec<u8>,
    last_step: u64,
    /// Enrolled with the password alone, and no code of it used yet: it may be enrolled anew.
    #[serde(default)]
    pending: bool,
}

const WRONG: FlowError = FlowError::Unproven(
    "wrong account, password or code; check them and the telephone's clock: a code works once, so \
     wait for the next",
);

impl House {
    /// Begins a session, with the password and the current code of the account's authenticator; a
    /// code works once. Machines have tokens or certificates instead.
    ///
    /// # Errors
    /// [`FlowError::Unproven`], the same for every reason; [`FlowError::MustEnrol`] when only the
    /// seed is missing.
    pub fn sign_in(
        &self,
        account: &str,
        password: &str,
        code: Option<&str>,
    ) -> Result<Session, FlowError> {
        let account = self.by_password(account, password)?;
        let kept = self.totp_memory_of(&account.id)?;
        let Some(kept) = kept.filter(|memory| !memory.pending || code.is_some()) else {
            return Err(FlowError::MustEnrol);
        };
        if !self.totp_passes(&account.id, kept, code)? {
            self.note_deed(account.id.as_str(), "session", r#"{"refused":true}"#.into())?;
            return Err(WRONG);
        }
        let (session, new) = self.new_session(&account);
        self.keep_token(session, new, usize::MAX)
    }

    /// A session of an account that has proven itself, to be put in the unit that uses up its proof.
    pub fn new_session(&self, account: &Account) -> (Session, NewToken) {
        let actor = actor_of(account, &BTreeSet::new(), Way::InPerson);
        self.new_token(&actor, account, SESSION_TOKEN, BTreeSet::new(), SESSION)
    }

    /// Enrols the first authenticator of an account with its password alone: the `otpauth:` address.
    /// Until a code of it was used it may be enrolled anew, and nothing else can be done.
    ///
    /// # Errors
    /// [`FlowError::Unproven`]; [`FlowError::Conflict`] when there is one already.
    pub fn enrol_by_password(&self, account: &str, password: &str) -> Result<String, FlowError> {
        let account = self.by_password(account, password)?;
        let seed = totp_seed(&*self.entropy);
        let address = totp_address(&seed, &account.id);
        let memory = totp_memory(&TotpMemory { seed, last_step: 0, pending: true });
        let id = account.id.to_string();
        let enrolled = self.write(move |unit| {
            // Its first code may have been used a moment ago.
            let kept = unit.secret(SecretKind::Totp, &id)?;
            let kept = kept.map(|kept| serde_json::from_slice(&kept).unwrap_or_default());
            if kept.is_some_and(|memory: TotpMemory| !memory.pending) {
                return Ok(false);
            }
            unit.put_secret(SecretKind::Totp, &id, &memory)?;
            note(unit, &id, &id, "authenticator enrolled")?;
            Ok(true)
        })?;
        let reason = "this account has an authenticator; sign in with its code, or ask an \
            administrator for a new one";
        if enrolled { Ok(address) } else { Err(FlowError::Conflict(reason.into())) }
    }

    /// Gives a person a new TOTP seed; returns the `otpauth:` address for the application.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn enrol_totp(&self, by: &Actor, account: &AccountId) -> Result<String, FlowError> {
        self.require_self_or_administrator(by, account, "enrol this authenticator")?;
        let seed = totp_seed(&*self.entropy);
        let address = totp_address(&seed, account);
        let memory = totp_memory(&TotpMemory { seed, last_step: 0, pending: false });
        let (actor, id) = (by.account.to_string(), account.to_string());
        self.write(move |unit| {
            unit.put_secret(SecretKind::Totp, &id, &memory)?;
            note(unit, &actor, &id, "authenticator enrolled")
        })?;
        Ok(address)
    }

    /// Whether an actor has a password with which to prove anew who it is: people do. Machines, the
    /// operator at the machine and whoever broke the seal have none.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn proves_anew(&self, by: &Actor) -> Result<bool, FlowError> {
        let account = by.account.as_str();
        if !by.is_person() || account == OPERATOR {
            return Ok(false);
        }
        // Sealing takes the password from who had the name before.
        Ok(account != EMERGENCY || self.secret(SecretKind::Password, account)?.is_some())
    }

    /// Checks the password of who proves it anew: only so is changed with what an account proves itself,
    /// or what it may do.
    ///
    /// # Errors
    /// [`FlowError::Unproven`].
    pub fn confirm(&self, by: &Actor, password: &str) -> Result<(), FlowError> {
        const WRONG: FlowError =
            FlowError::Unproven("this needs your own password too; give it as own_password");
        if !self.proves_anew(by)? {
            return Ok(());
        }
        let kept = self.secret(SecretKind::Password, by.account.as_str())?;
        let kept = kept.and_then(|bytes| String::from_utf8(bytes).ok());
        if password_fits(password, kept.as_deref()) { Ok(()) } else { Err(WRONG) }
    }

    /// The account of a password.
    fn by_password(&self, account: &str, password: &str) -> Result<Account, FlowError> {
        let known = AccountId::new(account).ok().and_then(|id| self.active_account(&id));
        let kept = match &known {
            Some(account) => self.secret(SecretKind::Password, account.id.as_str())?,
            None => None,
        };
        let kept = kept.and_then(|bytes| String::from_utf8(bytes).ok());
        let fits = password_fits(password, kept.as_deref());
        let Some(account) = known.filter(|_| fits) else {
            self.note_deed(account_or_unknown(account), "session", r#"{"refused":true}"#.into())?;
            return Err(WRONG);
        };
        Ok(account)
    }

    /// Who presents a token.
    ///
    /// # Errors
    /// [`FlowError::Unproven`] when it is no token, expired, revoked, or its account is closed.
    pub fn actor_by_token(&self, text: &str) -> Result<Actor, FlowError> {
        const NO: FlowError =
            FlowError::Unproven("the token is unknown, expired or revoked; ask for a new one");
        let presented = Presented::parse(text).ok_or(NO)?;
        let (record, kept) = self.read(|reader| {
            let record = reader.record(RecordKind::Token, presented.id)?;
            Ok((record, reader.secret(SecretKind::Token, presented.id)?))
        })?;
        let record = record.ok_or(NO)?;
        let token: Token = serde_json::from_slice(&record.body).map_err(|_| NO)?;
        let fits = kept.is_some_and(|kept| presented.fits(&kept));
        if !fits || token.expires <= self.now() {
            return Err(NO);
        }
        let account = self.active_account(&token.account).ok_or(NO)?;
        let way = if token.is_session() { Way::InPerson } else { Way::ByKey };
        Ok(actor_of(&account, &token.scope, way))
    }

    /// Who presents a certificate: a machine, whatever else its account is.
    ///
    /// # Errors
    /// [`FlowError::Unproven`] when it is tied to no account, expired, or its account is closed or no
    /// machine's.
    pub fn actor_by_certificate(&self, fingerprint: &str) -> Result<Actor, FlowError> {
        const NO: FlowError =
            FlowError::Unproven("the certificate is tied to no active machine; ask for a new one");
        let record = self.read(|reader| reader.record(RecordKind::Certificate, fingerprint))?;
        let record = record.ok_or(NO)?;
        let certificate: Certificate = serde_json::from_slice(&record.body).map_err(|_| NO)?;
        if certificate.expires <= self.now() {
            return Err(NO);
        }
        let account = self.active_account(&certificate.account).ok_or(NO)?;
        if !account.roles.contains(&Role::Machine) {
            return Err(NO);
        }
        Ok(actor_of(&account, &[Role::Machine].into(), Way::ByKey))
    }

    fn totp_memory_of(&self, account: &AccountId) -> Result<Option<TotpMemory>, FlowError> {
        let kept = self.secret(SecretKind::Totp, account.as_str())?;
        Ok(kept.map(|kept| serde_json::from_slice(&kept).unwrap_or_default()))
    }

    fn totp_passes(
        &self,
        account: &AccountId,
        memory: TotpMemory,
        code: Option<&str>,
    ) -> Result<bool, FlowError> {
        let Some(step) = code.and_then(|code| totp_step(&memory.seed, code, self.now())) else {
            return Ok(false);
        };
        let id = account.to_string();
        Ok(self.write(move |unit| use_code(unit, &id, &memory.seed, step))?)
    }

    /// An account that may sign in.
    pub fn active_account(&self, id: &AccountId) -> Option<Account> {
        let standing = self.standing();
        let account = standing.directory.account(id)?;
        (account.state == AccountState::Active).then(|| account.clone())
    }

    pub(crate) fn secret(&self, kind: SecretKind, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|reader| reader.secret(kind, id))
    }
}

/// Marks a step of a seed as used; whether it was fresh, and the seed still the account's.
fn use_code(
    unit: &mut dyn UnitOfWork,
    account: &str,
    seed: &[u8],
    step: u64,
) -> Result<bool, StoreError> {
    let Some(kept) = unit.secret(SecretKind::Totp, account)? else { return Ok(false) };
    let mut memory: TotpMemory = serde_json::from_slice(&kept).unwrap_or_default();
    if memory.seed != seed || step <= memory.last_step {
        return Ok(false);
    }
    (memory.last_step, memory.pending) = (step, false);
    unit.put_secret(SecretKind::Totp, account, &totp_memory(&memory))?;
    Ok(true)
}

fn totp_memory(memory: &TotpMemory) -> Vec<u8> {
    serde_json::to_vec(memory).unwrap_or_default()
}

/// The actor of an account, its roles narrowed to a scope unless that is empty.
pub(crate) fn actor_of(account: &Account, scope: &BTreeSet<Role>, way: Way) -> Actor {
    let roles = match scope.is_empty() {
        true => account.roles.clone(),
        false => &carries(&account.roles) & scope,
    };
    Actor {
        account: account.id.clone(),
        organisation: account.organisation.clone(),
        roles,
        language: account.language,
        way,
    }
}

fn account_or_unknown(text: &str) -> &str {
    if AccountId::new(text).is_ok() && !part::is_reserved(text) { text } else { part::UNKNOWN }
}
