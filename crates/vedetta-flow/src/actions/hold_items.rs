//! Investigative holds: an authority's order, placed and lifted by a duty officer.

use vedetta_model::hold::HoldScope;
use vedetta_model::{Actor, Hold, HoldId, Role};
use vedetta_store::RecordKind;

use crate::error::FlowError;
use crate::house::House;

const KEEPERS: &[Role] = &[Role::Administrator, Role::DutyOfficer];

impl House {
    /// Places a hold: from now on, what it covers is read by its producer and the authority's
    /// organisation only.
    ///
    /// # Errors
    /// Forbidden, an unknown organisation, or a term that ends before it begins.
    pub fn place_hold(&self, by: &Actor, hold: &Hold) -> Result<(), FlowError> {
        self.require_room(by, KEEPERS, "place holds")?;
        if let HoldScope::Victim(of) | HoldScope::Producer(of) = &hold.scope
            && self.standing().directory.number(of).is_none()
        {
            // Under a name that nobody has nothing would be held.
            return Err(self.not_known("scope", of));
        }
        let _one_at_a_time = self.change();
        self.number_of(&hold.organisation)?;
        if hold.until.is_some_and(|until| until <= hold.from) {
            return Err(FlowError::invalid(
                "until",
                "the hold ends before it begins; give a later moment",
            ));
        }
        self.put(by, RecordKind::Hold, hold.id.as_str(), hold)
    }

    /// How many items a hold of one item covers now: none when there is no such item here.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn covered_by(&self, hold: &Hold) -> Result<Option<usize>, FlowError> {
        let HoldScope::Item(item) = &hold.scope else { return Ok(None) };
        let releases = self.read(|reader| reader.releases(item))?;
        Ok(Some(usize::from(!releases.is_empty())))
    }

    /// Lifts a hold now; its record stays.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn lift_hold(&self, by: &Actor, id: &HoldId) -> Result<(), FlowError> {
        self.require_room(by, KEEPERS, "lift holds")?;
        let _one_at_a_time = self.change();
        let standing = self.standing();
        let hold = standing.holds.iter().find(|hold| hold.id == *id);
        let hold = hold.ok_or_else(|| FlowError::unknown("hold", id))?;
        let lifted = Hold { until: Some(self.now()), ..hold.clone() };
        self.put(by, RecordKind::Hold, id.as_str(), &lifted)
    }
}
