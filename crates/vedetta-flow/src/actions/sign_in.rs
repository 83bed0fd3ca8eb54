//! Signing in: with a password and a TOTP code (people), or with a token (machines, sessions).

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use vedetta_model::account::AccountState;
use vedetta_model::{Account, AccountId, Actor, Instant, Role, Way, part};
use vedetta_store::{Reader, RecordKind, SecretKind, StoreError, UnitOfWork};

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
    /// When it was enrolled so.
    #[serde(default)]
    since: Instant,
}

/// For so long what waits for its first code is shown again as it is: what was scanned counts.
const SHOWN: Duration = Duration::from_mins(15);

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
        self.use_up_code(&account, code)?;
        let (session, new) = self.new_session(&account);
        self.keep_token(session, new, usize::MAX)
    }

    /// Whether an account has an authenticator, and a code of it was used.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn has_authenticator(&self, of: &AccountId) -> Result<bool, FlowError> {
        let kept = self.read(|reader| totp_kept(reader, of.as_str()))?;
        Ok(kept.is_some_and(|memory| !memory.pending))
    }

    /// Uses up the current code of an account that has proven all but it.
    ///
    /// # Errors
    /// As of [`House::sign_in`].
    pub fn use_up_code(&self, of: &Account, code: Option<&str>) -> Result<(), FlowError> {
        let kept = self.read(|reader| totp_kept(reader, of.id.as_str()))?;
        let Some(kept) = kept.filter(|memory| !memory.pending || code.is_some()) else {
            return Err(FlowError::MustEnrol);
        };
        let step = code.and_then(|code| totp_step(&kept.seed, code, self.now()));
        let (id, seed) = (of.id.to_string(), kept.seed);
        let passes = |step| self.write(move |unit| use_code(unit, &id, &seed, step));
        if !step.map(passes).transpose()?.unwrap_or(false) {
            self.note_deed(of.id.as_str(), "session", r#"{"refused":true}"#.into())?;
            return Err(WRONG);
        }
        Ok(())
    }

    /// A session of an account that has proven itself, to be put in the unit that uses up its proof.
    pub fn new_session(&self, account: &Account) -> (Session, NewToken) {
        let actor = actor_of(account, &BTreeSet::new(), Way::InPerson);
        self.new_token(&actor, account, SESSION_TOKEN, BTreeSet::new(), SESSION)
    }

    /// Enrols the first authenticator of an account with its password alone: the `otpauth:` address. Until
    /// a code of it was used nothing else can be done; for a quarter of an hour it is shown again as it
    /// is, and after that enrolled anew.
    ///
    /// # Errors
    /// [`FlowError::Unproven`]; [`FlowError::Conflict`] when there is one already.
    pub fn enrol_by_password(&self, account: &str, password: &str) -> Result<String, FlowError> {
        let account = self.by_password(account, password)?;
        let (seed, since, id) = (totp_seed(&*self.entropy), self.now(), account.id.to_string());
        let fresh = TotpMemory { seed, last_step: 0, pending: true, since };
        let shown = self.write(move |unit| {
            let known = totp_kept(unit, &id)?;
            // Its first code may have been used a moment ago.
            if known.as_ref().is_some_and(|known| !known.pending) {
                return Ok(None);
            }
            let lasts = |it: &TotpMemory| (it.since..it.since.after(SHOWN)).contains(&since);
            if let Some(known) = known.filter(lasts) {
                note(unit, &id, &id, "authenticator shown again")?;
                return Ok(Some(known.seed));
            }
            unit.put_secret(SecretKind::Totp, &id, &totp_memory(&fresh))?;
            note(unit, &id, &id, "authenticator enrolled")?;
            Ok(Some(fresh.seed.clone()))
        })?;
        let reason = "this account has an authenticator; sign in with its code, or ask an \
            administrator for a new one";
        let seed = shown.ok_or_else(|| FlowError::Conflict(reason.into()))?;
        Ok(totp_address(&seed, &account.id))
    }

    /// Gives a person a new TOTP seed; returns the `otpauth:` address for the application.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn enrol_totp(&self, by: &Actor, account: &AccountId) -> Result<String, FlowError> {
        self.require_self_or_administrator(by, account, "enrol this authenticator")?;
        let seed = totp_seed(&*self.entropy);
        let address = totp_address(&seed, account);
        let memory = totp_memory(&TotpMemory { seed, ..TotpMemory::default() });
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
            let known = AccountId::new(account).is_ok() && !part::is_reserved(account);
            let who = if known { account } else { part::UNKNOWN };
            self.note_deed(who, "session", r#"{"refused":true}"#.into())?;
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
        let machine = |it: &Account| it.roles.contains(&Role::Machine);
        let account = self.active_account(&certificate.account).filter(machine).ok_or(NO)?;
        Ok(actor_of(&account, &[Role::Machine].into(), Way::ByKey))
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
    let Some(mut memory) = totp_kept(unit, account)? else { return Ok(false) };
    if memory.seed != seed || step <= memory.last_step {
        return Ok(false);
    }
    (memory.last_step, memory.pending) = (step, false);
    unit.put_secret(SecretKind::Totp, account, &totp_memory(&memory))?;
    Ok(true)
}

/// Forgets what waits for its first code: it was shown to who had the password before.
pub(crate) fn forget_pending(unit: &mut dyn UnitOfWork, account: &str) -> Result<(), StoreError> {
    match totp_kept(unit, account)? {
        Some(kept) if kept.pending => unit.erase_secret(SecretKind::Totp, account),
        _ => Ok(()),
    }
}

fn totp_kept<R: Reader + ?Sized>(
    reader: &mut R,
    account: &str,
) -> Result<Option<TotpMemory>, StoreError> {
    let kept = reader.secret(SecretKind::Totp, account)?;
    Ok(kept.map(|kept| serde_json::from_slice(&kept).unwrap_or_default()))
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
