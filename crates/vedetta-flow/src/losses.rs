//! What was released and is not read any more: by whom, and what took it away.
//!
//! None of it is written down item by item. A clearance says for whom it was, today's network who is
//! still entitled, and the deliveries who had it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use vedetta_federation::envelope::Stands;
use vedetta_federation::stands::Word;
use vedetta_model::{
    AgreementId, Audience, Instant, OrganisationId, OrganisationNumber, Person, Tlp,
};
use vedetta_policy::{Decision, Standing as Binds};
use vedetta_store::{
    ClearanceId, ItemQuery, Reader, Sequence, StoreError, StoredItem, VersionFilter, line,
};

use crate::book::Line;
use crate::error::FlowError;
use crate::house::House;
use crate::mesh::word_against;
use crate::standing::Standing;
use crate::views::lapses::{Cause, Lapsed};
use crate::views::withdrawals::JUST;

/// All that some do not read any more though it was cleared for them.
pub(crate) struct Losses<'a> {
    house: &'a House,
    standing: Arc<Standing>,
    lost: HashMap<ClearanceId, Loss>,
    /// Everyone who was ever in the network.
    pub(crate) numbers: BTreeMap<OrganisationId, OrganisationNumber>,
    /// Who is not any more.
    pub(crate) departed: BTreeMap<OrganisationNumber, OrganisationId>,
}

/// A clearance under which some do not read any more.
struct Loss {
    line: Line,
    today: Arc<Decision>,
    /// Every agreement on which it rests, with those above.
    on: BTreeSet<AgreementId>,
}

/// What took something away.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Lapse {
    pub(crate) cause: Cause,
    pub(crate) now: Lapsed,
    pub(crate) since: Instant,
    pub(crate) reason: Option<String>,
}

/// Who held something: an organisation, and the person who asks for it; nobody when all of it counts.
pub(crate) struct Holding {
    pub(crate) number: OrganisationNumber,
    pub(crate) person: Option<Person>,
}

/// Whom a cause may have taken something, and who is found to hold some of it.
struct Seeker<'a> {
    cause: &'a Cause,
    whom: Audience,
    held: Audience,
}

/// Items read in one go.
pub(crate) const PAGE: usize = 1_000;
/// Items looked through for holders: of more, whoever they were cleared for counts as one.
const LOOKED: usize = 50_000;

impl House {
    /// Compares all that was cleared with what stands.
    pub(crate) fn losses(&self) -> Result<Losses<'_>, FlowError> {
        let standing = self.standing();
        let numbers = self.read(|reader| reader.numbers())?.into_iter().collect();
        let lost = self.shared.book.all().into_iter().filter_map(|line| {
            // Of holds nobody is told.
            let today = standing.network.decision_unheld(&line.clearance.handling);
            let entitled = today.entitled(line.clearance.form);
            if line.clearance.audience.is_within(entitled) {
                return None;
            }
            let on = rests_on(&line, &standing);
            Some((line.id, Loss { line, today, on }))
        });
        let lost = lost.collect();
        let numbers: BTreeMap<OrganisationId, OrganisationNumber> = numbers;
        let left = numbers.iter().filter(|(id, _)| standing.network.number(id).is_none());
        let departed = left.map(|(id, number)| (*number, id.clone())).collect();
        Ok(Losses { house: self, standing, lost, numbers, departed })
    }
}

impl Losses<'_> {
    /// What took something away, and has not given it back.
    pub(crate) fn lapses(&self) -> Result<Vec<Lapse>, FlowError> {
        let now = self.house.now();
        let mut lapses = self.house.read(|reader| {
            let known = self.agreements().into_iter();
            let lapses = known.map(|id| self.lapse_of(reader, id, now));
            lapses.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()
        })?;
        let (gone, out) = self.organisations(&lapses);
        let gone = gone.into_iter().map(|id| (id, Lapsed::Removed));
        let out = out.iter().filter_map(|it| self.standing.network.organisation(it));
        let all = gone.chain(out.map(|it| (it.id.clone(), Lapsed::Excluded)));
        lapses.extend(all.map(|(id, stage)| {
            let cause = Cause::Organisation(id);
            Lapse { cause, now: stage, since: now, reason: None }
        }));
        Ok(lapses)
    }

    /// Those who left the network with something, or gave something and left; and those whom nothing
    /// reaches any more though no agreement ended and nobody left.
    fn organisations(&self, lapses: &[Lapse]) -> (BTreeSet<OrganisationId>, Audience) {
        let (mut gone, mut out) = (BTreeSet::new(), Audience::nobody());
        for loss in self.lost.values() {
            let whom = loss.whom();
            let present = whom.intersection(self.standing.network.everyone());
            let away = whom.difference(&present);
            gone.extend(away.iter().filter_map(|number| self.departed.get(&number)).cloned());
            let givers: Vec<_> = loss.givers().filter(|it| self.has_left(it)).cloned().collect();
            let known = lapses.iter().any(|lapse| self.rests(loss, &lapse.cause));
            if givers.is_empty() && !known {
                out.absorb(&present);
            }
            gone.extend(givers);
        }
        (gone, out)
    }

    /// Who holds something that each of these took away.
    pub(crate) fn holders(&self, causes: &[Cause]) -> Result<Vec<Audience>, FlowError> {
        let mut seekers: Vec<_> = causes.iter().map(Seeker::of).collect();
        for loss in self.lost.values() {
            for seeker in &mut seekers {
                seeker.whom.absorb(&self.whom(loss, seeker.cause));
            }
        }
        let under = self.under(|loss| causes.iter().any(|cause| self.rests(loss, cause)));
        let (mut next, mut looked) = (Some(Sequence::START), 0);
        while let Some(after) = next.filter(|_| seekers.iter().any(|it| !it.left().is_empty())) {
            if looked >= LOOKED {
                return Ok(seekers.into_iter().map(|it| it.whom).collect());
            }
            next = self.house.read(|reader| {
                let page = reader.items(&query(after, &under))?;
                looked += page.items.len();
                for item in &page.items {
                    self.seek(reader, item, &mut seekers)?;
                }
                Ok(page.next)
            })?;
        }
        Ok(seekers.into_iter().map(|it| it.held).collect())
    }

    fn seek(
        &self,
        reader: &mut dyn Reader,
        item: &StoredItem,
        seekers: &mut [Seeker<'_>],
    ) -> Result<(), StoreError> {
        let Some(loss) = self.lost.get(&item.clearance) else { return Ok(()) };
        for seeker in seekers {
            let whom = self.whom(loss, seeker.cause).intersection(&seeker.left());
            if !whom.is_empty() {
                seeker.held.absorb(&self.held(reader, item, whom)?);
            }
        }
        Ok(())
    }

    /// Those of some who had a release of an item, and read the item by no other.
    fn held(
        &self,
        reader: &mut dyn Reader,
        item: &StoredItem,
        whom: Audience,
    ) -> Result<Audience, StoreError> {
        let mut had = Audience::nobody();
        for row in reader.deliveries(item.stamp.seq)? {
            had.absorb(&row.batch.audience);
        }
        if self.house.now().since(item.stamp.at) < JUST {
            had = whom.clone();
        }
        let mut held = whom.intersection(&had);
        if held.is_empty() {
            return Ok(held);
        }
        let own = line(&item.id, item.producer);
        let mut others = reader.releases(&item.id)?;
        others.retain(|it| it.version >= item.version && line(&it.id, it.producer) == own);
        for other in &others {
            let Some(clearance) = self.house.shared.book.get(other.clearance) else { continue };
            let today = self.standing.network.decision_unheld(&clearance.handling);
            let entitled = clearance.audience.intersection(today.entitled(clearance.form));
            held = held.difference(&entitled);
        }
        Ok(held)
    }

    /// The next items that a cause took from one who had them, and where to go on.
    pub(crate) fn items(
        &self,
        cause: &Cause,
        holder: &Holding,
        after: Sequence,
    ) -> Result<(Vec<StoredItem>, Option<Sequence>), FlowError> {
        let one = Audience::from_iter([holder.number]);
        let under = self.under(|loss| {
            let handling = &loss.line.clearance.handling;
            let named = handling.tlp != Tlp::Red
                || holder.person.as_ref().is_none_or(|it| handling.named.contains(it));
            named && self.whom(loss, cause).contains(holder.number)
        });
        if under.is_empty() {
            return Ok((Vec::new(), None));
        }
        let found = self.house.read(|reader| {
            let page = reader.items(&query(after, &under))?;
            let mut held = Vec::new();
            for item in page.items {
                if !self.held(reader, &item, one.clone())?.is_empty() {
                    held.push(item);
                }
            }
            Ok((held, page.next))
        })?;
        Ok(found)
    }

    /// Whom a cause took what was cleared so.
    fn whom(&self, loss: &Loss, cause: &Cause) -> Audience {
        let present = self.standing.network.everyone();
        match cause {
            Cause::Agreement(_) if self.rests(loss, cause) => loss.whom().intersection(present),
            Cause::Agreement(_) => Audience::nobody(),
            Cause::Organisation(id) => {
                let own = self.numbers.get(id).copied().into_iter().collect();
                let own = loss.whom().intersection(&own);
                match self.has_left(id) && loss.givers().any(|giver| giver == id) {
                    true => {
                        let mut all = loss.whom().intersection(present);
                        all.absorb(&own);
                        all
                    }
                    false => own,
                }
            }
        }
    }

    /// Whether what was cleared so rests on an agreement, or has to do with an organisation.
    fn rests(&self, loss: &Loss, cause: &Cause) -> bool {
        match cause {
            Cause::Agreement(id) => {
                let adhesion =
                    self.standing.network.agreement(id).filter(|it| it.adhesion.is_some());
                let above = adhesion.and_then(|it| it.parent.as_ref());
                loss.on.contains(id) || above.is_some_and(|above| loss.on.contains(above))
            }
            Cause::Organisation(_) => !self.whom(loss, cause).is_empty(),
        }
    }

    /// Every agreement on which something rests that was lost, and the adhesions to them.
    fn agreements(&self) -> BTreeSet<AgreementId> {
        let mut all: BTreeSet<_> = self.lost.values().flat_map(|loss| &loss.on).cloned().collect();
        let adhesions = self.standing.agreements.iter().filter(|it| it.adhesion.is_some());
        let to = adhesions.filter(|it| it.parent.as_ref().is_some_and(|above| all.contains(above)));
        let to: Vec<_> = to.map(|it| it.id.clone()).collect();
        all.extend(to);
        all
    }

    /// How an agreement that does not bind stands.
    fn lapse_of(
        &self,
        reader: &mut dyn Reader,
        id: AgreementId,
        now: Instant,
    ) -> Result<Option<Lapse>, StoreError> {
        let (stage, since, reason) = match self.standing.network.standing(&id) {
            Some(Binds::InForce) => return Ok(None),
            Some(Binds::Suspended { since, reason, .. }) => {
                (Lapsed::Suspended, *since, Some(reason.clone()))
            }
            Some(Binds::Expired { since, .. }) => (Lapsed::Ended, *since, None),
            // Resumed by a node whose clock is a moment ahead.
            Some(Binds::NotBegun { .. }) => (Lapsed::Suspended, now, None),
            // What is above says it.
            Some(Binds::Unfounded { above })
                if self.standing.network.agreement(above).is_some() =>
            {
                return Ok(None);
            }
            Some(_) => (Lapsed::Ended, now, None),
            None => match word_against(reader, &id)? {
                None => return Ok(None),
                Some(Word { now: Stands::Suspended, since, reason, .. }) => {
                    (Lapsed::Suspended, since, reason)
                }
                Some(Word { since, reason, .. }) => (Lapsed::Ended, since, reason),
            },
        };
        Ok(Some(Lapse { cause: Cause::Agreement(id), now: stage, since, reason }))
    }

    fn under(&self, is: impl Fn(&Loss) -> bool) -> Vec<ClearanceId> {
        let all = self.lost.values().filter(|loss| is(loss));
        let mut under: Vec<_> = all.map(|loss| loss.line.id).collect();
        under.sort_unstable();
        under
    }

    fn has_left(&self, id: &OrganisationId) -> bool {
        self.numbers.get(id).is_some_and(|number| self.departed.contains_key(number))
    }
}

impl Lapse {
    /// Whether it is of this, and stands so.
    pub(crate) fn is(&self, cause: &Cause, now: Lapsed) -> bool {
        self.cause == *cause && self.now == now
    }
}

impl Loss {
    /// Who does not read it any more.
    fn whom(&self) -> Audience {
        let clearance = &self.line.clearance;
        clearance.audience.difference(self.today.entitled(clearance.form))
    }

    /// By whose right it went out.
    fn givers(&self) -> impl Iterator<Item = &OrganisationId> {
        let handling = &self.line.clearance.handling;
        handling.via.iter().map(|given| &given.giver).chain([&handling.producer])
    }
}

impl<'a> Seeker<'a> {
    fn of(cause: &'a Cause) -> Self {
        Self { cause, whom: Audience::nobody(), held: Audience::nobody() }
    }

    /// Of whom it is not known yet.
    fn left(&self) -> Audience {
        self.whom.difference(&self.held)
    }
}

/// The agreements on which a clearance rests, here or where it came from, with those above.
fn rests_on(line: &Line, standing: &Standing) -> BTreeSet<AgreementId> {
    let given = line.clearance.handling.via.iter().flat_map(|given| &given.on);
    let mut on = BTreeSet::new();
    for id in line.under.iter().chain(given) {
        let mut next = Some(id);
        while let Some(id) = next.filter(|id| on.insert((*id).clone())) {
            next = standing.network.agreement(id).and_then(|it| it.parent.as_ref());
        }
    }
    on
}

fn query(after: Sequence, under: &[ClearanceId]) -> ItemQuery<'_> {
    ItemQuery {
        after,
        until: None,
        limit: PAGE,
        clearances: Some(under),
        producer: None,
        ids: &[],
        kinds: &[],
        versions: VersionFilter::All,
    }
}
