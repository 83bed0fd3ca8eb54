//! The emergency account: whether it is sealed, and when its seal was broken.

use serde::{Deserialize, Serialize};
use vedetta_model::part::EMERGENCY;
use vedetta_model::{Actor, Instant, Role};
use vedetta_store::{Entry, EntryKind, Reader, SecretKind, StoreError, UnitOfWork};

use crate::actions::keep_playbooks::spoilt;
use crate::error::WatchError;
use crate::watch::Watch;

/// The emergency account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Emergency {
    /// Whether a code opens it.
    pub sealed: bool,
    /// When its seal was broken, the last first.
    pub used: Vec<Used>,
}

/// That the seal was broken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Used {
    /// When.
    pub at: Instant,
    /// Why, as whoever broke it said.
    pub reason: String,
}

/// The name of the seal among the node's secrets.
const SEAL: &str = "emergency-seal";
/// Where its uses are remembered.
const USED: &str = "desk/emergency";
/// So many are remembered.
const MOST: usize = 50;

impl Watch {
    /// The emergency account, for administrators and auditors.
    ///
    /// # Errors
    /// Forbidden.
    pub fn emergency(&self, by: &Actor) -> Result<Emergency, WatchError> {
        self.house().require_room(by, &[Role::Auditor], "see the emergency account")?;
        Ok(self.house().read(|reader| {
            let sealed = reader.secret(SecretKind::Node, SEAL)?.is_some();
            Ok(Emergency { sealed, used: used(reader)? })
        })?)
    }

    /// When the seal was last broken.
    pub(crate) fn last_emergency(&self) -> Result<Option<Used>, WatchError> {
        Ok(self.house().read(|reader| used(reader))?.into_iter().next())
    }
}

/// What an entry tells of it.
pub(crate) fn broken(entry: &Entry) -> Option<Used> {
    #[derive(Deserialize)]
    struct Facts {
        deed: String,
    }
    let own = entry.kind == EntryKind::Deed && entry.actor == EMERGENCY;
    let facts: Facts = serde_json::from_str(&entry.facts).ok().filter(|_| own)?;
    let reason = facts.deed.strip_prefix("seal broken: ")?.to_owned();
    Some(Used { at: entry.stamp.at, reason })
}

/// Remembers uses, the last first.
pub(crate) fn remember(unit: &mut dyn UnitOfWork, more: &[Used]) -> Result<(), StoreError> {
    if more.is_empty() {
        return Ok(());
    }
    let mut all: Vec<_> = more.iter().rev().cloned().collect();
    all.extend(used(unit)?);
    all.truncate(MOST);
    let all = serde_json::to_vec(&all).map_err(|error| spoilt(USED, &error))?;
    unit.set_bookmark(USED, &all)
}

fn used(reader: &mut (impl Reader + ?Sized)) -> Result<Vec<Used>, StoreError> {
    let used = reader.bookmark(USED)?.map(|it| serde_json::from_slice(&it)).transpose();
    Ok(used.map_err(|error| spoilt(USED, &error))?.unwrap_or_default())
}
