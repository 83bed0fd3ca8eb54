//! Taking an item back: no door serves any version of it any more.

use vedetta_model::{Actor, ItemId, Role};

use crate::authority::{PRODUCERS, require};
use crate::error::FlowError;
use crate::house::House;
use crate::views::withdrawals::keep;

impl House {
    /// Withdraws an item, its derived form included. Its producer may, and the node's duty
    /// officers.
    ///
    /// # Errors
    /// Forbidden, or unknown to the actor.
    pub fn withdraw(&self, by: &Actor, item: &ItemId, reason: &str) -> Result<(), FlowError> {
        require(by, PRODUCERS, "withdraw items")?;
        let read = self.item(by, item)?;
        let producer = self.number_of(&by.organisation)? == read.producer;
        if !producer && !self.is_of_the_room(by, &[Role::DutyOfficer]) {
            return Err(FlowError::Forbidden {
                who: by.account.to_string(),
                what: "withdraw this item",
                advice: "ask its producer, or a duty officer of the node",
            });
        }
        let (actor, item) = (by.account.to_string(), item.clone());
        let derived = self.derived_id(&item);
        let facts = serde_json::json!({ "reason": reason }).to_string();
        let (shared, reason) = (std::sync::Arc::clone(&self.shared), reason.to_owned());
        let withdrawn = self.write(move |unit| {
            shared.touch_served();
            // Who has the derived form is not told why: the words may tell the victim.
            if let Some(stamp) = unit.withdraw(&derived, &actor, "{}")? {
                keep(unit, &derived, stamp, (&actor, ""))?;
            }
            let withdrawn = unit.withdraw(&item, &actor, &facts)?;
            if let Some(stamp) = withdrawn {
                keep(unit, &item, stamp, (&actor, &reason))?;
            }
            Ok(withdrawn)
        })?;
        withdrawn.map(drop).ok_or_else(|| FlowError::Conflict("it was withdrawn before".into()))
    }
}
