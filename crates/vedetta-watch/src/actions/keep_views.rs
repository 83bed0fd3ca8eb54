//! Views that a person saves: a name, and the address of a list as they narrowed it.

use serde::{Deserialize, Serialize};
use vedetta_model::Actor;
use vedetta_store::RecordKind;

use crate::actions::keep_rosters::damaged;
use crate::error::WatchError;
use crate::watch::Watch;

/// A saved view.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedView {
    /// What it is called; one of a name for each person.
    pub name: String,
    /// Where it is: a path with its query.
    pub address: String,
}

impl SavedView {
    /// A list as it was narrowed: without what was said at it and how it was written out.
    #[must_use]
    pub fn of(name: &str, address: &str) -> Self {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let passing = ["said=", "as="];
        let stays = |pair: &&str| {
            !pair.ends_with('=') && !passing.iter().any(|name| pair.starts_with(name))
        };
        let kept: Vec<_> = query.split('&').filter(|it| !it.is_empty()).filter(stays).collect();
        let address = match kept.is_empty() {
            true => path.to_owned(),
            false => format!("{path}?{}", kept.join("&")),
        };
        Self { name: name.to_owned(), address }
    }
}

/// What a person keeps.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Preferences {
    views: Vec<SavedView>,
}

/// Views of one person at most.
const MOST: usize = 50;

impl Watch {
    /// The views that an actor saved, by name.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn saved_views(&self, by: &Actor) -> Result<Vec<SavedView>, WatchError> {
        Ok(self.preferences(by)?.views)
    }

    /// Saves a view, in the place of the one of the same name.
    ///
    /// # Errors
    /// A name or an address that cannot be kept, or too many.
    pub fn save_view(&self, by: &Actor, view: SavedView) -> Result<(), WatchError> {
        let name = view.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > 100 {
            return Err(WatchError::invalid("name", "give it a name of 1 to 100 characters"));
        }
        let path = view.address.starts_with('/') && !view.address.starts_with("//");
        if !path || view.address.len() > 2_000 || view.address.contains(['\\', '\r', '\n']) {
            let reason = "it is no address of this node; open the list and save it from there";
            return Err(WatchError::invalid("address", reason));
        }
        self.change_views(by, move |views| {
            views.retain(|it| it.name != name);
            views.push(SavedView { name: name.clone(), address: view.address.clone() });
            views.sort_by(|a, b| a.name.cmp(&b.name));
        })
    }

    /// Forgets a view; one that is not there is forgotten already.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn forget_view(&self, by: &Actor, name: &str) -> Result<(), WatchError> {
        let name = name.to_owned();
        self.change_views(by, move |views| views.retain(|it| it.name != name))
    }

    fn change_views(
        &self,
        by: &Actor,
        change: impl FnOnce(&mut Vec<SavedView>),
    ) -> Result<(), WatchError> {
        let mut kept = self.preferences(by)?;
        change(&mut kept.views);
        if kept.views.len() > MOST {
            let reason = format!("{MOST} views are saved; forget one first");
            return Err(WatchError::conflict(reason));
        }
        let body = serde_json::to_vec(&kept).map_err(|error| damaged(&by.account, &error))?;
        let actor = by.account.clone();
        self.house().write(move |unit| {
            unit.put_record(RecordKind::Preference, actor.as_str(), &body, actor.as_str())
        })?;
        Ok(())
    }

    fn preferences(&self, by: &Actor) -> Result<Preferences, WatchError> {
        let id = by.account.as_str();
        let found = self.house().read(|reader| reader.record(RecordKind::Preference, id))?;
        let Some(record) = found else { return Ok(Preferences::default()) };
        serde_json::from_slice(&record.body).map_err(|error| damaged(&by.account, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::SavedView;

    #[test]
    fn what_was_said_is_not_saved() {
        let address = |text| SavedView::of("mine", text).address;
        assert_eq!(address("/items?text=a&kind=&said=saved"), "/items?text=a");
        assert_eq!(address("/items?said=saved"), "/items");
        assert_eq!(address("/items"), "/items");
    }
}
