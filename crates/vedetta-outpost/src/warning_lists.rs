//! Lists of what is harmless, as their publishers wrote them.

use vedetta_flow::FlowError;
use vedetta_flow::authority::ROOM;
use vedetta_model::id::IdError;
use vedetta_model::{Actor, HoldId};
use vedetta_store::RecordKind;

use crate::Outposts;

/// A list as it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptList {
    /// Its identifier in this node.
    pub id: String,
    /// Its text, as it was put.
    pub text: Vec<u8>,
}

impl Outposts {
    /// Puts a list that its door could read.
    ///
    /// # Errors
    /// Forbidden, or what the ledger said.
    pub fn put_warning_list(&self, by: &Actor, list: KeptList) -> Result<(), FlowError> {
        self.house.require_room(by, ROOM, "put warning lists")?;
        // The rule of every identifier that people choose.
        HoldId::new(&list.id).map_err(|error: IdError| FlowError::from(error))?;
        let actor = by.account.to_string();
        self.house.write(move |unit| {
            unit.put_record(RecordKind::WarningList, &list.id, &list.text, &actor)
        })?;
        self.forget_lists();
        Ok(())
    }

    /// Removes a list.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn remove_warning_list(&self, by: &Actor, id: &str) -> Result<(), FlowError> {
        self.house.require_room(by, ROOM, "remove warning lists")?;
        let (owned, actor) = (id.to_owned(), by.account.to_string());
        let removed = self
            .house
            .write(move |unit| unit.remove_record(RecordKind::WarningList, &owned, &actor))?;
        self.forget_lists();
        removed.map(drop).ok_or_else(|| FlowError::unknown("warning list", id))
    }

    /// Every list.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn warning_lists(&self) -> Result<Vec<KeptList>, FlowError> {
        let records = self.house.read(|reader| reader.records(RecordKind::WarningList))?;
        let lists = records.into_iter().map(|record| KeptList { id: record.id, text: record.body });
        Ok(lists.collect())
    }
}
