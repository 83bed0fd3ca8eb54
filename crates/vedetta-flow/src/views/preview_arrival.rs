//! Who would have what is about to be brought, handled as it would be: with what its markings state, what
//! the agreements say where it is silent, and the victims that it tells only together with other items.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;
use vedetta_intake::{Arrival, Fault};
use vedetta_model::{Actor, Handling, ItemId};

use crate::authority::ROOM_AND_AUDITORS;
use crate::error::FlowError;
use crate::house::House;
use crate::siblings::Disclosure;
use crate::views::explain::Preview;

/// What would become of an arrival.
#[derive(Debug, Default)]
pub struct Previews {
    /// Those that would be accepted, as far as that is decided before they are placed: whether a
    /// version is there already is not looked at.
    pub previews: Vec<ItemsPreview>,
    /// What would be refused, and why.
    pub rejected: Vec<Fault>,
    /// Remarks on what would be accepted.
    pub warnings: Vec<Fault>,
}

/// Items that are handled alike, and who would have them.
#[derive(Clone, Debug, Serialize)]
pub struct ItemsPreview {
    /// The items.
    pub items: Vec<ItemId>,
    /// How they would be handled.
    pub handling: Arc<Handling>,
    /// Who would have each of them.
    #[serde(flatten)]
    pub preview: Preview,
}

/// Different handlings that are previewed at once: each may name the whole network.
const DIFFERENT: usize = 16;

impl House {
    /// Who would have what is brought. Nothing is written, so others than the operations room are told
    /// of other victims than themselves no more than was stated.
    ///
    /// # Errors
    /// Forbidden, more than sixteen different ways of handling, or what the ledger said.
    pub fn preview_arrival(&self, by: &Actor, arrival: Arrival) -> Result<Previews, FlowError> {
        self.ready()?;
        let room = self.is_of_the_room(by, ROOM_AND_AUDITORS);
        let disclosure = if room { Disclosure::Whole } else { Disclosure::Stated };
        let (load, receipt) = self.prepare(by, arrival, disclosure)?;
        let ways = load.handlings.iter().collect::<HashSet<_>>().len();
        if ways > DIFFERENT {
            let many = format!(
                "its items are handled in {ways} different ways, and at most {DIFFERENT} are previewed at \
                 once; send it in parts"
            );
            return Err(FlowError::invalid("objects", many));
        }
        let (mut alike, mut known) = (Vec::<(_, _, Vec<ItemId>)>::new(), HashMap::new());
        for part in load.parts() {
            let forms = load.derive(part.clone(), |handling| self.foretells(by, handling))?;
            for place in part {
                let (item, handling) = (&load.items[place].id, &load.handlings[place]);
                let withheld = forms.is_withheld(place);
                let group = *known.entry((handling, withheld)).or_insert(alike.len());
                match alike.get_mut(group) {
                    Some((.., items)) => items.push(item.clone()),
                    None => alike.push((handling, withheld, vec![item.clone()])),
                }
            }
        }
        let previews = alike.into_iter().map(|(handling, withheld, items)| {
            let withheld = self.foretells(by, handling).then_some(withheld);
            let preview = self.preview_groups(by, handling).foretold(withheld);
            ItemsPreview { items, handling: Arc::clone(handling), preview }
        });
        let previews = previews.collect();
        self.note_preview(by);
        Ok(Previews { previews, rejected: receipt.rejected, warnings: receipt.warnings })
    }
}
