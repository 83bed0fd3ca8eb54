//! Who would have what is about to be brought, handled as it would be: with what its markings state, what
//! the agreements say where it is silent, and the victims that it tells only together with other items.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use vedetta_intake::{Arrival, Fault};
use vedetta_model::{Actor, Handling, ItemId};
use vedetta_policy::Form;

use crate::error::FlowError;
use crate::house::House;
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
    /// Who would have what is brought. Nothing is written.
    ///
    /// # Errors
    /// Forbidden, more than sixteen different ways of handling, or what the ledger said.
    pub fn preview_arrival(&self, by: &Actor, arrival: Arrival) -> Result<Previews, FlowError> {
        self.ready()?;
        let (load, receipt) = self.prepare(by, arrival)?;
        let forms = load.derive(0..load.items.len())?;
        let (mut alike, mut known) = (Vec::<(_, _, Vec<ItemId>)>::new(), HashMap::new());
        for (place, (item, handling)) in load.items.iter().zip(&load.handlings).enumerate() {
            let withheld = forms.is_withheld(place);
            let group = *known.entry((handling, withheld)).or_insert(alike.len());
            match alike.get_mut(group) {
                Some((.., items)) => items.push(item.id.clone()),
                None => alike.push((handling, withheld, vec![item.id.clone()])),
            }
        }
        if alike.len() > DIFFERENT {
            let many = format!(
                "its items are handled in {} different ways, and at most {DIFFERENT} are previewed at once; \
                 send it in parts",
                alike.len()
            );
            return Err(FlowError::invalid("objects", many));
        }
        let previews = alike.into_iter().map(|(handling, withheld, items)| {
            let preview = self.preview_groups(by, handling);
            let preview = if withheld { without_form(preview) } else { preview };
            ItemsPreview { items, handling: Arc::clone(handling), preview }
        });
        let previews = previews.collect();
        Ok(Previews { previews, rejected: receipt.rejected, warnings: receipt.warnings })
    }
}

/// Of what cannot be told without its victim nobody has the form without it.
fn without_form(mut preview: Preview) -> Preview {
    preview.withheld = std::mem::take(&mut preview.redacted);
    preview.nobody += preview.withheld;
    for group in preview.groups.iter_mut().filter(|it| it.form == Some(Form::Redacted)) {
        group.form = None;
        group.reason_it =
            "Ciascuna non la riceve: non le si può rivelare la vittima, e senza la vittima non si può dire nulla."
                .into();
        group.reason_en =
            "Each does not receive it: it may not be told the victim, and without the victim nothing can be told."
                .into();
    }
    preview
}
