//! By whose right something goes to a peer, and whom it reaches there.

use vedetta_federation::Passages;
use vedetta_federation::envelope::Item;
use vedetta_federation::onward::borne_out;
use vedetta_model::{Audience, Handling, OrganisationId, Tlp};
use vedetta_policy::{Clearance, Form, Passage};

use super::{Sayings, Sharing};

impl Sharing<'_> {
    /// By whose right what was cleared so goes to the peer; nothing when it does not.
    pub(super) fn find_passing(
        &self,
        clearance: &Clearance,
        brought: Option<(&Item, Option<&Passages>)>,
    ) -> Option<Sayings> {
        let to = self.targets(clearance);
        if to.is_empty() {
            return None;
        }
        let network = &self.mesh.standing.network;
        let handling = &clearance.handling;
        let ours = self.mesh.ours();
        let says = |handling, form| network.passages(handling, form, &self.scope, &ours);
        let by = match brought {
            None => self.first_hand(clearance, says(handling, clearance.form)),
            Some((item, None)) if item.conditions.producer == handling.producer => {
                self.first_hand(clearance, says(handling, clearance.form))
            }
            Some((item, before)) => {
                let before = before.map(|before| &before[..]);
                let own = item.handling(before.unwrap_or_default(), handling.tlp)?;
                let counts = |it: &&Passage| network.counts(&it.given());
                let counting =
                    before.map(|it| it.iter().filter(counts).cloned().collect::<Vec<_>>());
                let speaks = |giver: &OrganisationId| self.mesh.speaks(giver);
                borne_out(item, counting.as_deref(), says(&own, Form::Full), speaks)
            }
        };
        // From a full form the next node goes on deciding at the producer, though nobody for whom this
        // node speaks gives it: the nodes of those who do may be out of reach.
        let form = brought.map_or(clearance.form, |(item, _)| item.form);
        let free = form == Form::Full || handling.tlp == Tlp::Clear;
        let told = match by.is_empty() {
            true => self.by_the_producer(clearance, &to),
            false => to.clone(),
        };
        (free || !by.is_empty()).then(|| Sayings { by: by.into(), to, told })
    }

    /// What this node may say as the first: by the producer's right, or of those for whom it speaks.
    fn first_hand(&self, clearance: &Clearance, mut said: Vec<Passage>) -> Vec<Passage> {
        let full = clearance.form == Form::Full;
        said.retain(|passage| {
            (full && passage.giver == clearance.handling.producer)
                || self.mesh.speaks(&passage.giver)
        });
        said.truncate(vedetta_federation::hop::MOST_PASSAGES);
        said
    }

    /// Of some, those to whom the producer's own right leads: who has that alone finds these.
    fn by_the_producer(&self, clearance: &Clearance, to: &Audience) -> Audience {
        let alone = Handling { via: [].into(), ..Handling::clone(&clearance.handling) };
        let decision = self.mesh.standing.network.decide(&alone);
        to.intersection(decision.entitled(clearance.form))
    }
}
