//! Tokens: what a machine shows, and what a session is.

use std::collections::BTreeSet;
use std::time::Duration;

use vedetta_model::{Account, AccountId, Actor, Role};
use vedetta_store::{RecordKind, SecretKind, StoreError, UnitOfWork};

use crate::actions::sign_in::Session;
use crate::authority::{ADMINISTRATORS, PRODUCERS};
use crate::credentials::{Token, TokenText, is_reserved};
use crate::error::FlowError;
use crate::house::House;
use crate::standing::records;

/// The longest purpose of a token, in characters.
pub const LONGEST_PURPOSE: usize = 200;
/// Tokens of one account at most, besides its sessions.
pub const MOST_TOKENS: usize = 100;
/// The longest life of a token: a year, so that forgotten ones end.
pub const LONGEST_TOKEN: Duration = Duration::from_secs(366 * 86_400);

/// A token that is not in the ledger yet.
pub struct NewToken {
    record: Token,
    digest: Vec<u8>,
    /// Its account, as it was when what the token carries was decided.
    decided: Account,
}

impl House {
    /// Issues a token for an account that has fewer than [`MOST_TOKENS`], narrowed to a scope unless
    /// that is empty.
    ///
    /// # Errors
    /// Forbidden, unknown, a scope beyond the account's roles, a purpose that is the node's own, or a
    /// life over [`LONGEST_TOKEN`]; [`FlowError::Conflict`] when it has as many as it may.
    pub fn issue_token(
        &self,
        by: &Actor,
        account: &AccountId,
        purpose: &str,
        scope: BTreeSet<Role>,
        lasts: Duration,
    ) -> Result<Session, FlowError> {
        self.require_self_or_administrator(by, account, "issue a token for this account")?;
        let account = self
            .active_account(account)
            .ok_or_else(|| FlowError::unknown("active account", account))?;
        let (own, allowed) =
            (by.account == account.id, if scope.is_empty() { &account.roles } else { &scope });
        let carried = carries(&account.roles);
        if !allowed.is_subset(&carried) || (own && !allowed.is_subset(&carries(&by.roles))) {
            return Err(FlowError::invalid(
                "scope",
                "a token carries at most its issuer's and its account's roles",
            ));
        }
        check_purpose(purpose)?;
        if lasts.is_zero() || lasts > LONGEST_TOKEN {
            return Err(FlowError::invalid("lasts", "between a second and 366 days"));
        }
        let (session, new) = self.new_token(by, &account, purpose, scope, lasts);
        self.keep_token(session, new, MOST_TOKENS)
    }

    /// Makes a token, to be kept by [`NewToken::put`].
    pub fn new_token(
        &self,
        by: &Actor,
        account: &Account,
        purpose: &str,
        scope: BTreeSet<Role>,
        lasts: Duration,
    ) -> (Session, NewToken) {
        let (id, token, digest) = TokenText::make(&*self.entropy);
        let record = Token {
            id,
            account: account.id.clone(),
            purpose: purpose.into(),
            scope,
            expires: self.now().after(lasts),
            issued_by: by.account.clone(),
        };
        let new = NewToken { record: record.clone(), digest, decided: account.clone() };
        (Session { token, record }, new)
    }

    pub(crate) fn keep_token(
        &self,
        session: Session,
        new: NewToken,
        most: usize,
    ) -> Result<Session, FlowError> {
        let account = session.record.account.clone();
        let kept = self.write(move |unit| {
            let full = most < usize::MAX && tokens_beside_sessions(unit, &account)? >= most;
            if full { Ok(None) } else { new.put(unit).map(Some) }
        })?;
        let account = &session.record.account;
        Err(FlowError::Conflict(match kept {
            Some(true) => return Ok(session),
            Some(false) => "the account was changed at this moment; try again".into(),
            None => format!("{account} has {most} tokens; revoke those that nobody uses"),
        }))
    }

    /// Revokes a token.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn revoke_token(&self, by: &Actor, id: &str) -> Result<(), FlowError> {
        let tokens = self.tokens_of(by)?;
        if !tokens.iter().any(|token| token.id == id) {
            return Err(FlowError::unknown("token", id));
        }
        let (id, actor) = (id.to_owned(), by.account.to_string());
        self.write(move |unit| {
            unit.erase_secret(SecretKind::Token, &id)?;
            unit.remove_record(RecordKind::Token, &id, &actor)
        })?;
        Ok(())
    }

    /// The tokens that an actor may revoke: its own, or all as administrator.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn tokens_of(&self, by: &Actor) -> Result<Vec<Token>, FlowError> {
        let mut tokens: Vec<Token> = self.read(|reader| records(reader, RecordKind::Token))?;
        let all = self.is_of_the_room(by, ADMINISTRATORS);
        tokens.retain(|token| all || token.account == by.account);
        Ok(tokens)
    }
}

impl NewToken {
    /// Keeps it, unless its account is no longer as it was: what changed ended its tokens.
    pub fn put(&self, unit: &mut dyn UnitOfWork) -> Result<bool, StoreError> {
        let now = unit.record(RecordKind::Account, self.decided.id.as_str())?;
        let now = now.and_then(|now| serde_json::from_slice::<Account>(&now.body).ok());
        if now.as_ref() != Some(&self.decided) {
            return Ok(false);
        }
        let (id, by) = (self.record.id.as_str(), self.record.issued_by.as_str());
        let body = serde_json::to_vec(&self.record)
            .map_err(|error| StoreError::Refused(format!("token {id}: {error}")))?;
        unit.put_record(RecordKind::Token, id, &body, by)?;
        unit.put_secret(SecretKind::Token, id, &self.digest)?;
        Ok(true)
    }
}

/// What a token of somebody with these roles may carry: them, and the machine's, which is the least of
/// those who bring items: a firewall need not be all that its owner is.
pub(crate) fn carries(roles: &BTreeSet<Role>) -> BTreeSet<Role> {
    let brings = PRODUCERS.iter().any(|role| roles.contains(role));
    roles.iter().copied().chain(brings.then_some(Role::Machine)).collect()
}

/// Ends the tokens of an account that are so.
pub fn end_tokens(
    unit: &mut dyn UnitOfWork,
    account: &str,
    actor: &str,
    which: impl Fn(&Token) -> bool,
) -> Result<(), StoreError> {
    for token in records::<Token>(unit, RecordKind::Token)? {
        if token.account.as_str() == account && which(&token) {
            unit.erase_secret(SecretKind::Token, &token.id)?;
            unit.remove_record(RecordKind::Token, &token.id, actor)?;
        }
    }
    Ok(())
}

fn tokens_beside_sessions(
    unit: &mut dyn UnitOfWork,
    account: &AccountId,
) -> Result<usize, StoreError> {
    let tokens = records::<Token>(unit, RecordKind::Token)?;
    Ok(tokens.iter().filter(|it| it.account == *account && !it.is_session()).count())
}

fn check_purpose(purpose: &str) -> Result<(), FlowError> {
    let reason = if purpose.chars().count() > LONGEST_PURPOSE {
        format!("use {LONGEST_PURPOSE} characters at most")
    } else if is_reserved(purpose) {
        "the node itself gives this one to those who sign in; say what the token is for".into()
    } else {
        return Ok(());
    };
    Err(FlowError::invalid("purpose", reason))
}
