//! The sealed way in, for the day on which nobody can sign in: a code on paper, used once, with a
//! reason, for two hours, and in the ledger.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use vedetta_model::account::AccountState;
use vedetta_model::{Account, AccountId, Actor, Language, Role, Way};
use vedetta_store::{RecordKind, SecretKind, StoreError, UnitOfWork};

use crate::actions::issue_tokens::end_tokens;
use crate::actions::manage_accounts::{note, untie, write_account};
use crate::actions::sign_in::{Session, actor_of};
use crate::authority::ADMINISTRATORS;
use crate::credentials::{EMERGENCY, hash_password, password_fits};
use crate::error::FlowError;
use crate::house::House;

/// How long it lasts.
pub const LASTS: Duration = Duration::from_secs(2 * 3600);

/// The name of the seal among the node's secrets.
const SEAL: &str = "emergency-seal";
const WRONG: FlowError = FlowError::Unproven("this code opens nothing; check the newest envelope");

impl House {
    /// Seals the way in anew: the code, shown once. The one before opens nothing any more.
    ///
    /// # Errors
    /// Forbidden.
    pub fn seal_emergency(&self, by: &Actor) -> Result<String, FlowError> {
        self.require_room(by, ADMINISTRATORS, "seal the emergency account")?;
        let account = Account {
            id: AccountId::new(EMERGENCY)?,
            name: "Emergency".into(),
            organisation: by.organisation.clone(),
            roles: BTreeSet::from([Role::Administrator]),
            language: Language::default(),
            state: AccountState::Active,
        };
        let code = self.new_code();
        let hash = hash_password(&code, &*self.entropy)
            .ok_or_else(|| FlowError::Conflict("the code could not be hashed; try again".into()))?;
        let _one_at_a_time = self.change();
        let (shared, actor) = (Arc::clone(&self.shared), by.account.to_string());
        self.write(move |unit| {
            shared.touch(RecordKind::Account);
            seal(unit, &account, &hash, &actor)
        })?;
        Ok(code)
    }

    /// Breaks the seal: a session for two hours, once.
    ///
    /// # Errors
    /// [`FlowError::Unproven`], the same for every code that opens nothing; a reason that says nothing.
    pub fn break_seal(&self, code: &str, reason: &str) -> Result<Session, FlowError> {
        let kept = self.secret(SecretKind::Node, SEAL)?;
        let text = kept.clone().and_then(|kept| String::from_utf8(kept).ok());
        let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
        let account = self.active_account(&AccountId::new(EMERGENCY)?);
        let fits = password_fits(&plain.to_ascii_lowercase(), text.as_deref());
        let Some(account) = account.filter(|_| fits) else {
            self.note_deed(EMERGENCY, "session", r#"{"refused":true}"#.into())?;
            return Err(WRONG);
        };
        let reason = reason.trim();
        if reason.chars().count() < 10 || reason.len() > 2_000 {
            return Err(FlowError::invalid("reason", "say in a sentence why nobody can sign in"));
        }
        let by = actor_of(&account, &BTreeSet::new(), Way::InPerson);
        let (session, new) = self.new_token(&by, &account, EMERGENCY, BTreeSet::new(), LASTS);
        let deed = format!("seal broken: {reason}");
        let broken = self.write(move |unit| {
            // Two at once: the first had it.
            if unit.secret(SecretKind::Node, SEAL)? != kept || !new.put(unit)? {
                return Ok(false);
            }
            unit.erase_secret(SecretKind::Node, SEAL)?;
            note(unit, EMERGENCY, EMERGENCY, &deed)?;
            Ok(true)
        })?;
        if !broken {
            return Err(WRONG);
        }
        tracing::warn!("the emergency account's seal was broken: seal it anew when this is over");
        Ok(session)
    }

    /// 25 letters and digits that are not mistaken for one another, 125 bits.
    fn new_code(&self) -> String {
        const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let mut octets = [0; 25];
        self.entropy.fill(&mut octets);
        let letter = |octet: &u8| LETTERS.get(usize::from(octet % 32)).map(|it| char::from(*it));
        octets.iter().filter_map(letter).collect()
    }
}

/// Seals an account: from now on nothing opens it but the code, and what a code opened before.
fn seal(
    unit: &mut dyn UnitOfWork,
    account: &Account,
    hash: &str,
    actor: &str,
) -> Result<(), StoreError> {
    // Who had the name before it was the seal's keeps nothing of it.
    let was_others = unit.secret(SecretKind::Password, EMERGENCY)?.is_some();
    unit.erase_secret(SecretKind::Password, EMERGENCY)?;
    unit.erase_secret(SecretKind::Totp, EMERGENCY)?;
    end_tokens(unit, EMERGENCY, actor, |token| was_others || token.purpose != EMERGENCY)?;
    untie(unit, EMERGENCY, actor)?;
    write_account(unit, account, actor)?;
    unit.put_secret(SecretKind::Node, SEAL, hash.as_bytes())?;
    note(unit, actor, EMERGENCY, "emergency account sealed")
}
