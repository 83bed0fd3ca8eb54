//! The sealed way in, for the day on which nobody can sign in: a code on paper, used once, with a
//! reason, for two hours, and in the ledger.

use std::collections::BTreeSet;
use std::time::Duration;

use vedetta_model::account::AccountState;
use vedetta_model::{Account, AccountId, Actor, Language, Role};
use vedetta_store::SecretKind;

use crate::actions::manage_accounts::note;
use crate::actions::sign_in::{Session, actor_of};
use crate::authority::ADMINISTRATORS;
use crate::credentials::{hash_password, password_fits};
use crate::error::FlowError;
use crate::house::House;

/// The account of the sealed way in. It has no password and no authenticator.
pub const EMERGENCY: &str = "emergency";
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
        let known = self.standing().directory.account(&account.id).cloned();
        if known.as_ref() != Some(&account) {
            self.put_account(by, &account)?;
        }
        let code = self.new_code();
        let hash = hash_password(&code, &*self.entropy)
            .ok_or_else(|| FlowError::Conflict("the code could not be hashed; try again".into()))?;
        let actor = by.account.to_string();
        self.write(move |unit| {
            unit.put_secret(SecretKind::Node, SEAL, hash.as_bytes())?;
            note(unit, &actor, EMERGENCY, "emergency account sealed")
        })?;
        Ok(code)
    }

    /// Breaks the seal: a session for two hours, once.
    ///
    /// # Errors
    /// [`FlowError::Unproven`], the same for every reason; a reason that says nothing.
    pub fn break_seal(&self, code: &str, reason: &str) -> Result<Session, FlowError> {
        let reason = reason.trim().to_owned();
        if reason.chars().count() < 10 || reason.len() > 2_000 {
            return Err(FlowError::invalid("reason", "say in a sentence why nobody can sign in"));
        }
        let kept = self.secret(SecretKind::Node, SEAL)?;
        let text = kept.clone().and_then(|kept| String::from_utf8(kept).ok());
        let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
        let account = self.active_account(&AccountId::new(EMERGENCY)?);
        let fits = password_fits(&plain.to_ascii_lowercase(), text.as_deref());
        let Some(account) = account.filter(|_| fits && text.is_some()) else {
            self.note_deed(EMERGENCY, "session", r#"{"refused":true}"#.into())?;
            return Err(WRONG);
        };
        let broken = self.write(move |unit| {
            // Two at once: the first had it.
            if unit.secret(SecretKind::Node, SEAL)? != kept {
                return Ok(false);
            }
            unit.erase_secret(SecretKind::Node, SEAL)?;
            note(unit, EMERGENCY, EMERGENCY, &format!("seal broken: {reason}"))?;
            Ok(true)
        })?;
        if !broken {
            return Err(WRONG);
        }
        tracing::warn!("the emergency account's seal was broken: seal it anew when this is over");
        let actor = actor_of(&account, &BTreeSet::new());
        self.issue(&actor, &account, "emergency", BTreeSet::new(), LASTS)
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
