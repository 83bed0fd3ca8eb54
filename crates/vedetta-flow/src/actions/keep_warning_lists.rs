//! Lists of what is harmless, as their publishers wrote them.

use vedetta_model::Actor;
use vedetta_model::id::IdError;
use vedetta_store::RecordKind;

use crate::authority::ROOM;
use crate::error::FlowError;
use crate::house::House;

/// A list as it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptList {
    /// Its identifier in this node.
    pub id: String,
    /// Its text, as it was put.
    pub text: Vec<u8>,
}

impl House {
    /// Puts a list that its door could read.
    ///
    /// # Errors
    /// Forbidden, or what the ledger said.
    pub fn put_warning_list(&self, by: &Actor, list: KeptList) -> Result<(), FlowError> {
        self.require_room(by, ROOM, "put warning lists")?;
        // The rule of every identifier that people choose.
        vedetta_model::HoldId::new(&list.id).map_err(|error: IdError| FlowError::from(error))?;
        let actor = by.account.to_string();
        self.write(move |unit| {
            unit.put_record(RecordKind::WarningList, &list.id, &list.text, &actor)
        })?;
        Ok(())
    }

    /// Removes a list.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn remove_warning_list(&self, by: &Actor, id: &str) -> Result<(), FlowError> {
        self.require_room(by, ROOM, "remove warning lists")?;
        self.remove(by, RecordKind::WarningList, "warning list", id)
    }

    /// Every list.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn warning_lists(&self) -> Result<Vec<KeptList>, FlowError> {
        let records = self.read(|reader| reader.records(RecordKind::WarningList))?;
        let lists = records.into_iter().map(|record| KeptList { id: record.id, text: record.body });
        Ok(lists.collect())
    }
}
