//! Who holds something of what was lost: what was delivered to them, and they read by no other release.

use std::collections::{BTreeMap, HashMap};

use vedetta_model::{Audience, Instant, ItemId, OrganisationNumber, Person, Tlp};
use vedetta_store::{ClearanceId, ItemQuery, Reader, Sequence, StoreError, StoredItem};

use crate::error::FlowError;
use crate::house::House;
use crate::losses::{Loss, Losses, Taken, Taker};
use crate::standing::Standing;
use crate::views::lapses::{Cause, Telling};
use crate::views::withdrawals::JUST;

/// Whose items are looked for.
pub(crate) struct Holding {
    pub(crate) number: OrganisationNumber,
    /// Who asks, unless it is a program: what is TLP:RED is listed to whom it names.
    pub(crate) person: Option<Person>,
    pub(crate) candour: Candour,
}

/// What may be told of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Candour {
    /// What took it from whom.
    Whole,
    /// What they were told themselves.
    AsTold,
}

/// Whom to look for under which clearances, and who is found to hold something.
#[derive(Default)]
pub(crate) struct Seeker {
    pub(crate) wanted: BTreeMap<ClearanceId, Audience>,
    left: Audience,
    pub(crate) held: Audience,
}

/// Who reads items by which of their releases, for one page.
#[derive(Default)]
struct Reads(HashMap<(ItemId, OrganisationNumber), Vec<Way>>);

/// The releases of an item under one clearance.
struct Way {
    whom: Audience,
    /// The newest first.
    releases: Vec<(Instant, Sequence)>,
    /// The newest version that is served, once it was looked for.
    served: Option<Option<Instant>>,
}

/// Items read in one go.
pub(crate) const PAGE: usize = 1_000;
/// Items looked through for holders: of more, whoever they were cleared for counts as one.
const LOOKED: usize = 50_000;

impl Losses<'_> {
    /// Finds who holds something of what is looked for.
    pub(crate) fn seek(&self, seekers: &mut [Seeker]) -> Result<(), FlowError> {
        let mut under: Vec<_> = seekers.iter().flat_map(|it| it.wanted.keys()).copied().collect();
        under.sort_unstable();
        under.dedup();
        let (mut next, mut looked) = (Some(Sequence::START), 0);
        while let Some(after) = next.filter(|_| seekers.iter().any(|it| !it.left.is_empty())) {
            if looked >= LOOKED {
                for seeker in &mut *seekers {
                    seeker.held.absorb(&seeker.left);
                }
                return Ok(());
            }
            next = self.house.read(|reader| {
                let page = reader.items(&query(after, &under))?;
                looked += page.items.len();
                let mut reads = Reads::default();
                for item in &page.items {
                    for seeker in &mut *seekers {
                        let Some(whom) = seeker.wanted.get(&item.clearance) else { continue };
                        let whom = whom.intersection(&seeker.left);
                        if !whom.is_empty() {
                            let held = self.held(reader, (item, &mut reads), whom)?;
                            seeker.left = seeker.left.difference(&held);
                            seeker.held.absorb(&held);
                        }
                    }
                }
                Ok(page.next)
            })?;
        }
        Ok(())
    }

    /// Those of some who had a release of an item, and read the item by no other.
    fn held(
        &self,
        reader: &mut dyn Reader,
        (item, reads): (&StoredItem, &mut Reads),
        whom: Audience,
    ) -> Result<Audience, StoreError> {
        let mut had = Audience::nobody();
        for row in reader.deliveries(item.stamp.seq)? {
            had.absorb(&row.batch.audience);
        }
        if self.house.now().since(item.stamp.at) < JUST {
            had = whom.clone();
        }
        let held = whom.intersection(&had);
        match held.is_empty() {
            true => Ok(held),
            false => reads.without_readers(reader, (self.house, &self.table.standing), item, held),
        }
    }

    /// The next items that something took from one who had them, and where to go on.
    pub(crate) fn items(
        &self,
        cause: &Cause,
        holder: &Holding,
        after: Sequence,
    ) -> Result<(Vec<StoredItem>, Option<Sequence>), FlowError> {
        let one = Audience::from_iter([holder.number]);
        let lost = self.table.lost.iter().filter(|(_, loss)| self.is_listed(loss, cause, holder));
        let under: Vec<_> = lost.map(|(id, _)| *id).collect();
        if under.is_empty() {
            return Ok((Vec::new(), None));
        }
        let found = self.house.read(|reader| {
            let page = reader.items(&query(after, &under))?;
            let (mut held, mut reads) = (Vec::new(), Reads::default());
            for item in page.items {
                if !self.held(reader, (&item, &mut reads), one.clone())?.is_empty() {
                    held.push(item);
                }
            }
            Ok((held, page.next))
        })?;
        Ok(found)
    }

    /// Whether something took what was cleared so from a holder, and the asker may be told so.
    fn is_listed(&self, loss: &Loss, cause: &Cause, holder: &Holding) -> bool {
        let handling = &loss.clearance.handling;
        let own = self.table.names.get(&holder.number);
        let is = |taken: &&Taken| match (&taken.by, cause) {
            (Taker::Agreement(by), Cause::Agreement(id)) if by == id => {
                taken.telling == Telling::Named || holder.candour == Candour::Whole
            }
            (Taker::Left(by), Cause::Organisation(id)) if by == id => {
                taken.telling == Telling::Named || holder.candour == Candour::Whole
            }
            (_, Cause::Organisation(id)) => own == Some(id) && taken.telling == Telling::Nameless,
            _ => false,
        };
        let named = || holder.person.as_ref().is_some_and(|it| handling.named.contains(it));
        (handling.tlp != Tlp::Red || named())
            && loss.taken.iter().filter(is).any(|it| it.whom.contains(holder.number))
    }
}

impl Seeker {
    pub(crate) fn want(&mut self, id: ClearanceId, whom: &Audience) {
        if whom.is_empty() {
            return;
        }
        self.left.absorb(whom);
        self.wanted.entry(id).or_default().absorb(whom);
    }
}

impl Reads {
    /// Those of some who read an item, or a newer version of it, by none of its releases.
    fn without_readers(
        &mut self,
        reader: &mut dyn Reader,
        (house, standing): (&House, &Standing),
        item: &StoredItem,
        mut whom: Audience,
    ) -> Result<Audience, StoreError> {
        let key = (item.id.clone(), item.producer);
        if !self.0.contains_key(&key) {
            let mut releases = reader.releases(&item.id)?;
            releases.retain(|it| it.producer == key.1);
            self.0.insert(key.clone(), ways(house, standing, &releases));
        }
        let ways = self.0.get_mut(&key).into_iter().flatten();
        for way in ways.filter(|way| way.releases.first().is_some_and(|it| it.0 >= item.version)) {
            if way.whom.meets(&whom) && way.served(reader, &item.id)? >= Some(item.version) {
                whom = whom.difference(&way.whom);
            }
        }
        Ok(whom)
    }
}

impl Way {
    fn served(
        &mut self,
        reader: &mut dyn Reader,
        id: &ItemId,
    ) -> Result<Option<Instant>, StoreError> {
        if let Some(served) = self.served {
            return Ok(served);
        }
        let mut found = None;
        for (version, place) in &self.releases {
            if is_served(reader, id, *place)? {
                found = Some(*version);
                break;
            }
        }
        self.served = Some(found);
        Ok(found)
    }
}

/// By which of its releases an item is read today.
fn ways(house: &House, standing: &Standing, releases: &[StoredItem]) -> Vec<Way> {
    let mut by_clearance: BTreeMap<ClearanceId, Vec<(Instant, Sequence)>> = BTreeMap::new();
    for release in releases {
        let same = by_clearance.entry(release.clearance).or_default();
        same.push((release.version, release.stamp.seq));
    }
    let ways = by_clearance.into_iter().filter_map(|(id, mut releases)| {
        let clearance = house.shared.book.get(id)?;
        let today = standing.network.decision_unheld(&clearance.handling);
        let whom = clearance.audience.intersection(today.entitled(clearance.form));
        releases.sort_unstable_by(|one, other| other.cmp(one));
        (!whom.is_empty()).then_some(Way { whom, releases, served: None })
    });
    ways.collect()
}

/// Whether a release is served at all.
pub(crate) fn is_served<R: Reader + ?Sized>(
    reader: &mut R,
    id: &ItemId,
    seq: Sequence,
) -> Result<bool, StoreError> {
    let before = Sequence(seq.0 - 1);
    let page = reader.items(&ItemQuery { until: Some(seq), ..ItemQuery::of(id, before, 1) })?;
    Ok(!page.items.is_empty())
}

fn query(after: Sequence, under: &[ClearanceId]) -> ItemQuery<'_> {
    ItemQuery { clearances: Some(under), ..ItemQuery::all(after, PAGE) }
}
