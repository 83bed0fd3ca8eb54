//! Accounts, their secrets and their tokens.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vedetta_model::account::AccountState;
use vedetta_model::part::is_reserved;
use vedetta_model::{Account, AccountId, Actor, Instant, OrganisationId, Role};
use vedetta_store::{Draft, EntryKind, Record, RecordKind, SecretKind, StoreError, UnitOfWork};

use crate::actions::issue_tokens::end_tokens;
use crate::actions::sign_in::forget_pending;
use crate::authority::{ADMINISTRATORS, AUDITORS};
use crate::credentials::{EMERGENCY, NewPassword, SHORTEST_PASSWORD, Token, hash_password};
use crate::error::FlowError;
use crate::house::House;
use crate::standing::records;

/// A machine's certificate, tied to its account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// SHA-256 of its DER form, in lower-case hexadecimal.
    pub fingerprint: String,
    /// Whose it is.
    pub account: AccountId,
    /// When it ceases to be valid.
    pub expires: Instant,
}

impl House {
    /// Puts an account. Its sessions, tokens and keys end when it is closed, moves to another
    /// organisation or gains a role that they would carry.
    ///
    /// # Errors
    /// Forbidden, an unknown organisation, a reserved name, no role, or one that is the node's own only.
    pub fn put_account(&self, by: &Actor, account: &Account) -> Result<(), FlowError> {
        self.require_room(by, ADMINISTRATORS, "change accounts")?;
        let _one_at_a_time = self.change();
        let standing = self.standing();
        if standing.directory.organisation(&account.organisation).is_none() {
            return Err(FlowError::unknown("organisation", &account.organisation));
        }
        check_account(account, standing.own.as_ref())?;
        let (shared, actor) = (Arc::clone(&self.shared), by.account.to_string());
        let account = account.clone();
        self.write(move |unit| {
            shared.touch(RecordKind::Account);
            write_account(unit, &account, &actor)
        })?;
        Ok(())
    }

    /// Sets a person's password: one's own, or anyone's as administrator. Its sessions, tokens,
    /// passkeys and identities end, but for one's own keys that one keeps.
    ///
    /// # Errors
    /// Forbidden, unknown, or too short.
    pub fn set_password<'a>(
        &self,
        by: &Actor,
        account: &AccountId,
        password: impl Into<NewPassword<'a>>,
    ) -> Result<(), FlowError> {
        self.require_self_or_administrator(by, account, "set this password")?;
        let new = password.into();
        let (password, unties) = (new.text, new.unties(&by.account, account));
        if password.chars().count() < SHORTEST_PASSWORD || password.len() > 1024 {
            let reason = format!("use {SHORTEST_PASSWORD} characters or more, 1,024 bytes at most");
            return Err(FlowError::invalid("password", reason));
        }
        let hash = hash_password(password, &*self.entropy)
            .ok_or_else(|| FlowError::invalid("password", "it cannot be hashed; choose another"))?;
        let (actor, id) = (by.account.to_string(), account.to_string());
        self.write(move |unit| {
            unit.put_secret(SecretKind::Password, &id, hash.as_bytes())?;
            forget_pending(unit, &id)?;
            end_tokens(unit, &id, &actor, |_| true)?;
            unties.then(|| untie(unit, &id, &actor)).transpose()?;
            note(unit, &actor, &id, "password set")
        })?;
        Ok(())
    }

    /// Ties the certificate of a machine to its account.
    ///
    /// # Errors
    /// Forbidden, unknown, or no machine's.
    pub fn tie_certificate(&self, by: &Actor, certificate: &Certificate) -> Result<(), FlowError> {
        self.require_room(by, ADMINISTRATORS, "issue certificates")?;
        opens_otherwise(by, &certificate.account, "issue this certificate")?;
        let _one_at_a_time = self.change();
        let account = self.active_account(&certificate.account);
        let account =
            account.ok_or_else(|| FlowError::unknown("active account", &certificate.account))?;
        if !account.roles.contains(&Role::Machine) {
            let reason = "it is no machine's; people sign in with a code: make an account with the role `machine`";
            return Err(FlowError::invalid("account", reason));
        }
        let digits = certificate.fingerprint.bytes();
        if digits.len() != 64 || !digits.clone().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f')) {
            let reason = "64 lower-case hexadecimal digits: the SHA-256 of its DER form";
            return Err(FlowError::invalid("fingerprint", reason));
        }
        self.put(by, RecordKind::Certificate, &certificate.fingerprint, certificate)
    }

    /// The certificates tied to an actor's account; all of them for administrators and auditors.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn certificates_of(&self, by: &Actor) -> Result<Vec<Certificate>, FlowError> {
        let mut tied: Vec<Certificate> =
            self.read(|reader| records(reader, RecordKind::Certificate))?;
        let all = self.is_of_the_room(by, AUDITORS);
        tied.retain(|certificate| all || certificate.account == by.account);
        Ok(tied)
    }

    /// Unties a certificate: the machine can no longer use it.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn untie_certificate(&self, by: &Actor, fingerprint: &str) -> Result<(), FlowError> {
        self.require_room(by, ADMINISTRATORS, "revoke certificates")?;
        self.remove(by, RecordKind::Certificate, "certificate", fingerprint)
    }

    /// Refuses who is neither the account itself, with all its roles, nor runs the node.
    pub fn require_self_or_administrator(
        &self,
        by: &Actor,
        account: &AccountId,
        what: &'static str,
    ) -> Result<(), FlowError> {
        if by.account != *account {
            self.require_room(by, ADMINISTRATORS, what)?;
        }
        opens_otherwise(by, account, what)?;
        let known = self.active_account(account);
        let known = known.ok_or_else(|| FlowError::unknown("active account", account))?;
        if by.account == *account && by.roles != known.roles {
            return Err(FlowError::Forbidden {
                who: by.account.to_string(),
                what,
                advice: "a narrowed token stays narrow; sign in with password and code",
            });
        }
        Ok(())
    }
}

/// Refuses to give the account behind the seal anything else that opens it.
fn opens_otherwise(by: &Actor, account: &AccountId, what: &'static str) -> Result<(), FlowError> {
    if account.as_str() != EMERGENCY {
        return Ok(());
    }
    let who = by.account.to_string();
    let advice = "only the sealed code opens the emergency account; seal it anew";
    Err(FlowError::Forbidden { who, what, advice })
}

/// Refuses an account with a reserved name, without a role, or with a role
/// that is the node's own organisation's only.
pub(crate) fn check_account(
    account: &Account,
    own: Option<&OrganisationId>,
) -> Result<(), FlowError> {
    if is_reserved(account.id.as_str()) {
        let reason = "the ledger has acts of the node itself under this name; choose another";
        return Err(FlowError::invalid(format!("account {}: id", account.id), reason));
    }
    let reason = if account.roles.is_empty() {
        "give the account one role at least"
    } else if own != Some(&account.organisation)
        && [Role::Administrator, Role::Auditor].iter().any(|role| account.roles.contains(role))
    {
        "administrators and auditors belong to the organisation whose node this is"
    } else {
        return Ok(());
    };
    Err(FlowError::invalid(format!("account {}: roles", account.id), reason))
}

/// Writes an account. What was begun as something else than it is now ends, and so does what would carry
/// a role that it was not issued with.
pub(crate) fn write_account(
    unit: &mut dyn UnitOfWork,
    account: &Account,
    actor: &str,
) -> Result<(), StoreError> {
    let id = account.id.as_str();
    if let Some(record) = unit.record(RecordKind::Account, id)? {
        // One that does not read back is as good as another.
        let before: Option<Account> = serde_json::from_slice(&record.body).ok();
        let same = |before: &Account| {
            before.organisation == account.organisation
                && (before.state != AccountState::Active || account.state == AccountState::Active)
        };
        let gained = before.filter(same).map(|before| &account.roles - &before.roles);
        let ends = |token: &Token| match &gained {
            Some(gained) => token.scope.is_empty() || !token.scope.is_disjoint(gained),
            None => true,
        };
        if gained.as_ref().is_none_or(|gained| !gained.is_empty()) {
            end_tokens(unit, id, actor, ends)?;
            untie(unit, id, actor)?;
        }
    }
    let body = serde_json::to_vec(account)
        .map_err(|error| StoreError::Refused(format!("{id}: {error}")))?;
    unit.put_record(RecordKind::Account, id, &body, actor).map(drop)
}

/// Erases the secrets of an account that goes, with its tokens and certificates: whoever has its name
/// one day is somebody else.
pub(crate) fn forget_account(
    unit: &mut dyn UnitOfWork,
    account: &str,
    actor: &str,
) -> Result<(), StoreError> {
    unit.erase_secret(SecretKind::Password, account)?;
    unit.erase_secret(SecretKind::Totp, account)?;
    end_tokens(unit, account, actor, |_| true)?;
    untie(unit, account, actor)
}

/// Removes what besides secrets and tokens opens an account.
pub(crate) fn untie(
    unit: &mut dyn UnitOfWork,
    account: &str,
    actor: &str,
) -> Result<(), StoreError> {
    let body = |it: &Record| serde_json::from_slice::<serde_json::Value>(&it.body);
    for kind in [RecordKind::Certificate, RecordKind::Passkey, RecordKind::Identity] {
        let all = unit.records(kind)?.into_iter();
        for it in all.filter(|it| body(it).is_ok_and(|body| body["account"] == account)) {
            unit.remove_record(kind, &it.id, actor)?;
        }
    }
    Ok(())
}

/// Notes a deed beside the secret that it changed.
pub fn note(
    unit: &mut dyn UnitOfWork,
    actor: &str,
    subject: &str,
    what: &str,
) -> Result<(), StoreError> {
    let facts = serde_json::json!({ "deed": what }).to_string();
    let draft = Draft { kind: EntryKind::Deed, actor, subject, facts: &facts, body: b"" };
    unit.append(&draft).map(drop)
}
