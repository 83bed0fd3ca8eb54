//! Who lies. A peer adds to what it sends what nobody may say: of everything that it adds each receiver
//! must say why it takes it for nothing, and go on with the rest.
//!
//! A lie is sealed by the liar's own key wherever that seal is asked for: it is no stranger.

use std::collections::BTreeMap;

use vedetta_federation::Object;
use vedetta_federation::digest::Digest;
use vedetta_federation::envelope::{Envelope, Item, SignedAgreement, StandingNotice, Stands, What};
use vedetta_federation::exchange::{Signer, dispatch};
use vedetta_federation::frame::{Batch, Told};
use vedetta_federation::hop::Hop;
use vedetta_federation::shelf::Parcel;
use vedetta_model::agreement::Redistribution;
use vedetta_model::{AgreementId, Instant, OrganisationId, Right, Tlp};
use vedetta_policy::{Form, Passage};

use crate::chance::Chance;

/// What is known by a leaf, and what it must be refused as.
type Lie = (Digest, &'static str);

/// What was added to batches, by connection, sender and number: what each must be refused as.
#[derive(Default)]
pub(crate) struct Lies {
    told: BTreeMap<(u64, usize, u64), Vec<Lie>>,
    /// How often each was told.
    pub(crate) counts: BTreeMap<&'static str, u64>,
    pub(crate) wrong: Vec<String>,
}

/// Whose peer lies, to whom, and what it may say.
pub(crate) struct Liar<'a> {
    pub(crate) signer: Signer<'a>,
    pub(crate) to: &'a OrganisationId,
    pub(crate) now: Instant,
    /// For whom it does not speak.
    pub(crate) stranger: &'a OrganisationId,
    /// An agreement to which it is no party, and whose text the receiver has.
    pub(crate) foreign: Option<AgreementId>,
    /// Something of the receiver's own.
    pub(crate) theirs: Option<Envelope>,
    /// A text that nobody has signed.
    pub(crate) text: SignedAgreement,
    /// The first that this connection carried, on the same kind of lane.
    pub(crate) before: Option<Envelope>,
}

impl Lies {
    /// Adds a lie to a batch, when one can be told of it.
    pub(crate) fn tell(
        &mut self,
        (connection, from): (u64, usize),
        liar: &Liar<'_>,
        chance: &mut Chance,
        batch: &mut Batch,
    ) {
        let Some(model) = batch.envelopes.last().cloned() else { return };
        let Some((lie, why)) = liar.lie(chance.below(LIES), model) else { return };
        self.told.entry((connection, from, batch.number)).or_default().push((lie.leaf(), why));
        *self.counts.entry(why).or_default() += 1;
        batch.envelopes.push(lie);
    }

    /// A batch was taken in by its receiver, which refused this.
    pub(crate) fn heard(&mut self, of: (u64, usize, u64), refused: &[Told]) {
        for (leaf, why) in self.told.remove(&of).unwrap_or_default() {
            if !refused.iter().any(|it| it.leaf == leaf && it.why == why) {
                let said: Vec<_> = refused.iter().filter(|it| it.leaf == leaf).collect();
                self.wrong.push(format!("what n{} lied of {leaf} is not {why}: {said:?}", of.1));
            }
        }
    }
}

/// So many kinds of lies there are.
const LIES: usize = 15;

impl Liar<'_> {
    /// What is made of something that goes over the wire, and what it must be refused as.
    fn lie(&self, kind: usize, model: Envelope) -> Option<(Envelope, &'static str)> {
        let is_item = matches!(model.what, What::Item(_));
        Some(match kind {
            0 if is_item => (with_item(model, |it| it.object = other(&it.object)), "broken-seal"),
            1 if is_item => {
                let stricter = with_item(model, |it| it.conditions.category = another(it));
                (stricter, "broken-seal")
            }
            2 => (with_last(model, |hop| hop.at = hop.at.before(SECOND))?, "broken-seal"),
            3 => (Envelope { seal: None, ..model }, "unsealed"),
            4 => (self.before.clone()?, "replayed"),
            5..=7 => (self.widened(model, kind)?, "widened"),
            8 => (self.lowered(model)?, "lowered-marking"),
            9 if is_item => {
                let by = self.stranger.clone();
                (self.own(with_item(model, |it| it.conditions.producer = by))?, "not-speaking")
            }
            10 => {
                let agreement = self.foreign.clone()?;
                let now = Stands::Suspended;
                let notice =
                    StandingNotice { agreement, revision: 1, now, since: self.now, reason: None };
                (self.own(Envelope { what: What::Standing(notice), ..model })?, "not-speaking")
            }
            11 => (self.looped(model)?, "loop"),
            12 => {
                // As what it has lost itself.
                let mine = Envelope { hops: Vec::new(), ..self.theirs.clone()? };
                (with_item(mine, |it| it.object = other(&it.object)), "broken-seal")
            }
            13 => {
                let text = What::Agreement(Box::new(self.text.clone()));
                (self.own(Envelope { what: text, ..model })?, "unsealed")
            }
            14 => {
                let mut text = self.text.clone();
                let signature = self.signer.key.sign(text.digest().octets());
                text.signatures = vec![(self.stranger.clone(), signature)];
                let text = What::Agreement(Box::new(text));
                (self.own(Envelope { what: text, ..model })?, "unsigned")
            }
            _ => return None,
        })
    }

    /// Of the liar's own, as if it were the first to say it.
    fn own(&self, model: Envelope) -> Option<Envelope> {
        let (me, place) = (self.signer.node.clone(), 1 << 40);
        self.sealed(Envelope::unsealed(me, self.now, place, model.what), Vec::new(), None)
    }

    fn sealed(
        &self,
        envelope: Envelope,
        passages: Vec<Passage>,
        tlp: Option<Tlp>,
    ) -> Option<Envelope> {
        let envelope = Box::new(envelope);
        let parcel = Parcel::Onward { envelope, passages: passages.into(), tlp };
        dispatch(self.signer, self.to, vec![parcel], self.now).pop()
    }

    /// Gives by more than it was given: it says that it came through nobody, that it rests on nothing, or
    /// that it may go anywhere, where the hop before does not bear that out.
    fn widened(&self, mut model: Envelope, kind: usize) -> Option<Envelope> {
        let mine = model.hops.pop()?;
        let earlier = model.hops.last()?.passages.clone();
        let What::Item(item) = &model.what else { return None };
        let producer = &item.conditions.producer;
        let mut passages = mine.passages.to_vec();
        let wider = passages.iter_mut().find(|it| it.giver != *producer)?;
        let before = wider.clone();
        let bears = |it: &Passage| match kind {
            5 => it.through.is_empty() && [producer, &before.giver].contains(&&it.giver),
            6 => it.on.is_empty() && it.giver == before.giver,
            _ => {
                let same = it.giver == before.giver && it.right == Right::Any;
                same || it.gives == Redistribution::Any
            }
        };
        match kind {
            5 => wider.through.clear(),
            6 => wider.on.clear(),
            _ => wider.right = Right::Any,
        }
        if *wider == before || earlier.iter().any(bears) {
            return None;
        }
        self.sealed(model, passages, mine.tlp)
    }

    /// Passes on with a wider marking than it came with.
    fn lowered(&self, mut model: Envelope) -> Option<Envelope> {
        let mine = model.hops.pop()?;
        let What::Item(item) = &model.what else { return None };
        (item.conditions.tlp > Tlp::Clear).then_some(())?;
        self.sealed(model, mine.passages.to_vec(), Some(Tlp::Clear))
    }

    /// Passes back what its receiver has passed on: not by [`dispatch`], which does not.
    fn looped(&self, mut model: Envelope) -> Option<Envelope> {
        let last = model.hops.last()?.clone();
        let away = Hop { from: last.to.clone(), to: last.from.clone(), ..last.clone() };
        model.hops.extend([away, last]);
        Some(model)
    }
}

const SECOND: std::time::Duration = std::time::Duration::from_secs(1);

fn with_item(mut envelope: Envelope, change: impl FnOnce(&mut Item)) -> Envelope {
    if let What::Item(item) = &mut envelope.what {
        item.form = Form::Full;
        change(item);
    }
    envelope
}

fn with_last(mut envelope: Envelope, change: impl FnOnce(&mut Hop)) -> Option<Envelope> {
    change(envelope.hops.last_mut()?);
    Some(envelope)
}

fn other(object: &Object) -> Object {
    Object::new(object.text().replacen(" at ", " not at ", 1)).unwrap()
}

fn another(item: &Item) -> vedetta_model::Category {
    let all = vedetta_model::Category::ALL;
    *all.iter().find(|it| **it != item.conditions.category).unwrap()
}
