//! Whoever holds what an agreement or an organisation took with it is told, once; and once more when
//! it is given back.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use vedetta_model::{Audience, Instant, OrganisationNumber, Places};
use vedetta_store::{
    ClearanceId, DeliveryBatch, Draft, EntryKind, Sequence, StoreError, UnitOfWork,
};

use crate::error::FlowError;
use crate::holding::Seeker;
use crate::house::House;
use crate::losses::{ByKey, Lapsing, Losses, Taken};
use crate::views::lapses::{AllTold, Cause, Key, Lapsed, Told, keep_standing, standing};
use crate::views::withdrawals::keep_told;

/// The name under which the ledger knows this step.
const ACTOR: &str = vedetta_model::part::TELL_LAPSES;
/// For so long after somebody was looked for, what is written down to have reached it is looked at.
const LATE: Duration = Duration::from_secs(86_400);

/// Whoever was looked for and held nothing.
#[derive(Default)]
pub(crate) struct Idle {
    searches: Searches,
    /// Whether something was written down since to have reached some of them.
    late: bool,
    /// While somebody is being looked for, what is written down meanwhile.
    meanwhile: Option<Vec<Reached>>,
}

/// The first release of a batch, and whom it reached.
pub(crate) type Reached = (Option<u64>, Audience);

/// Whoever was looked for and held nothing, by what had taken it.
#[derive(Default)]
struct Searches(HashMap<Sought, Looked>);

/// When somebody was last looked for, what had been released by then, and who had nothing of it.
struct Looked {
    at: Instant,
    upto: Sequence,
    idle: BTreeMap<ClearanceId, Audience>,
    /// All of them.
    all: Audience,
}

/// Holders of what one thing took, as that stands; of those who lost what nothing took that has a name, all.
type Sought = Option<(Key, Lapsed)>;

/// Who was looked for, and who was found.
type Found = Vec<(Sought, Seeker)>;

/// What was taken, by what, how that stands, and what was told of it.
struct News<'a> {
    losses: &'a Losses<'a>,
    taken: ByKey<'a>,
    keys: BTreeMap<Key, Lapsing>,
    told: Arc<AllTold>,
}

impl House {
    /// Tells what was taken since the last time, and what was given back; returns how many notices.
    ///
    /// # Errors
    /// What the ledger said; the next run tells what is left.
    pub fn tell_lapses(&self) -> Result<usize, FlowError> {
        let _one_at_a_time = self.shared.telling.lock().unwrap_or_else(PoisonError::into_inner);
        let losses = self.losses()?;
        let taken = losses.table.by_key();
        let keys = losses.table.keys(&taken);
        let news = News { losses: &losses, taken, keys, told: self.all_told()? };
        let as_of = (self.now(), self.bell().last());
        // Whoever records deliveries waits for none of this.
        let mut searches = self.idle().take_out();
        searches.forget(&news);
        let told = self.seek_and_tell(&news, &searches);
        let (count, found) = match told {
            Ok((count, found)) => (Ok(count), Some(found)),
            Err(error) => (Err(error), None),
        };
        self.idle().put_back(searches, as_of, found);
        count
    }

    fn seek_and_tell(
        &self,
        news: &News<'_>,
        searches: &Searches,
    ) -> Result<(usize, Found), FlowError> {
        let (sought, mut found): (Vec<_>, Vec<_>) = news.seekers(searches).into_iter().unzip();
        news.losses.seek(&mut found)?;
        let found: Vec<_> = sought.into_iter().zip(found).collect();
        let mut notices = Vec::new();
        for (sought, seeker) in &found {
            notices.extend(match sought {
                Some((key, _)) => news.named(key, &seeker.held),
                None => news.nameless(&seeker.held),
            });
        }
        notices.extend(news.given_back(self.now()));
        if notices.is_empty() {
            return Ok((0, found));
        }
        let (shared, count) = (Arc::clone(&self.shared), notices.len());
        let told = self.write(move |unit| {
            shared.touch_served();
            tell(unit, &notices)
        });
        match told {
            Ok(told) => self.keep_told(Some(told)),
            Err(error) => {
                // It may be durable all the same.
                self.keep_told(None);
                return Err(error.into());
            }
        }
        Ok((count, found))
    }

    /// Whether somebody is to be looked for again, since something was written down to have reached it.
    #[must_use]
    pub fn lapses_wait(&self) -> bool {
        self.idle().late
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whom something has reached after all, of what was released before it was looked for who holds
    /// any, is looked for again.
    pub(crate) fn had_late(&self, batches: Vec<Reached>) {
        let now = self.now();
        let mut guard = self.idle();
        let idle = &mut *guard;
        match &mut idle.meanwhile {
            Some(meanwhile) => meanwhile.extend(batches),
            None => idle.late |= idle.searches.look_again(&batches, now),
        }
    }
}

/// The first release and whom it reached, of each batch.
pub(crate) fn firsts(batches: &[DeliveryBatch]) -> Vec<Reached> {
    batches.iter().map(|it| (it.releases.first(), it.audience.clone())).collect()
}

impl Idle {
    /// Takes out who was looked for; what is written down meanwhile is looked at when it is put back.
    fn take_out(&mut self) -> Searches {
        self.meanwhile = Some(Vec::new());
        std::mem::take(&mut self.searches)
    }

    /// Puts it back, with what was found since.
    fn put_back(&mut self, searches: Searches, as_of: (Instant, Sequence), found: Option<Found>) {
        self.searches = searches;
        if let Some(found) = found {
            self.searches.enter(as_of, found);
            self.late = false;
        }
        let meanwhile = self.meanwhile.take().unwrap_or_default();
        self.late |= self.searches.look_again(&meanwhile, as_of.0);
    }
}

impl Searches {
    /// Forgets what does not stand so any more, and who has it again.
    fn forget(&mut self, news: &News<'_>) {
        self.0.retain(|sought, looked| {
            let before = std::mem::take(&mut looked.idle);
            for (id, taken) in news.of(sought) {
                if let Some(whom) = before.get(id) {
                    looked.idle.entry(*id).or_default().absorb(&whom.intersection(&taken.whom));
                }
            }
            looked.idle.retain(|_, whom| !whom.is_empty());
            looked.sum_up();
            !looked.idle.is_empty()
        });
    }

    /// Keeps who was looked for and holds nothing.
    fn enter(&mut self, (at, upto): (Instant, Sequence), found: Found) {
        for (sought, Seeker { wanted, held, .. }) in found {
            let fresh = || Looked { at, upto, idle: BTreeMap::new(), all: Audience::nobody() };
            let looked = self.0.entry(sought).or_insert_with(fresh);
            (looked.at, looked.upto) = (at, upto);
            for (id, whom) in wanted {
                looked.idle.entry(id).or_default().absorb(&whom.difference(&held));
            }
            looked.sum_up();
        }
    }

    /// Finds who is to be looked for again; whether anybody is.
    fn look_again(&mut self, batches: &[Reached], now: Instant) -> bool {
        let mut late = false;
        for looked in self.0.values_mut().filter(|it| now.since(it.at) < LATE) {
            let mut whom = Audience::nobody();
            let upto = looked.upto.0;
            for (_, audience) in batches.iter().filter(|it| it.0.is_some_and(|it| it <= upto)) {
                whom.absorb(audience);
            }
            // Most of what is delivered is none of what was lost.
            if looked.all.meets(&whom) {
                late = true;
                looked.idle.values_mut().for_each(|idle| *idle = idle.difference(&whom));
                looked.all = looked.all.difference(&whom);
            }
        }
        late
    }

    fn without(&self, sought: &Sought, id: ClearanceId, whom: &Audience) -> Audience {
        let looked = self.0.get(sought).and_then(|it| it.idle.get(&id));
        looked.map_or_else(|| whom.clone(), |idle| whom.difference(idle))
    }
}

impl Looked {
    fn sum_up(&mut self) {
        self.all = Audience::nobody();
        for whom in self.idle.values() {
            self.all.absorb(whom);
        }
    }
}

impl News<'_> {
    /// What was taken so, while it stands so.
    fn of(&self, sought: &Sought) -> &[(ClearanceId, &Taken)] {
        let stands =
            |(key, now): &(Key, Lapsed)| self.keys.get(key).is_some_and(|it| it.now == *now);
        if sought.as_ref().is_some_and(|it| !stands(it)) {
            return &[];
        }
        let key = sought.as_ref().map(|(key, _)| key.clone());
        self.taken.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Whom to look for: those who lost something of which they were not told.
    fn seekers(&self, searches: &Searches) -> BTreeMap<Sought, Seeker> {
        let mut seekers: BTreeMap<Sought, Seeker> = BTreeMap::new();
        let mut want = |sought: &Sought, id, whom: &Audience| {
            let whom = searches.without(sought, id, whom);
            if !whom.is_empty() {
                seekers.entry(sought.clone()).or_default().want(id, &whom);
            }
        };
        for (key, taken) in &self.taken {
            let Some(key) = key else {
                self.untold(|id, whom| want(&None, id, whom));
                continue;
            };
            let Some(now) = self.keys.get(key).map(|it| it.now) else { continue };
            let (sought, told) = (Some((key.clone(), now)), self.told.get(key));
            for (id, taken) in taken {
                let whom = match told.filter(|it| it.now == now) {
                    None if told.is_some() => taken.whom.clone(),
                    Some(it) if it.is_of(*id) => taken.lately.difference(&it.holders),
                    _ => taken.lately.clone(),
                };
                want(&sought, *id, &whom);
            }
        }
        seekers
    }

    /// Those who lost what nothing took that has a name, and were not told of that clearance.
    fn untold(&self, mut want: impl FnMut(ClearanceId, &Audience)) {
        let told = self.told.iter().filter_map(|(key, told)| Some((self.own(key)?, told)));
        let told: BTreeMap<_, _> = told.collect();
        for (whom, under) in self.alike() {
            let mut lacking: HashMap<Places, Audience> = HashMap::new();
            let mut others = whom.clone();
            for (number, told) in told.iter().filter(|(number, _)| whom.contains(**number)) {
                others.remove(*number);
                lacking.entry(told.lacks(&under)).or_default().insert(*number);
            }
            lacking.entry(under).or_default().absorb(&others);
            for (under, whom) in lacking {
                for id in under.iter().filter_map(|id| u32::try_from(id).ok()) {
                    want(ClearanceId(id), &whom);
                }
            }
        }
    }

    /// What nothing took that has a name, by from whom: those who lost the same are looked at together.
    fn alike(&self) -> HashMap<&Audience, Places> {
        let mut alike: HashMap<&Audience, Places> = HashMap::new();
        for (id, taken) in self.of(&None) {
            alike.entry(&taken.whom).or_default().insert(id.0.into());
        }
        alike
    }

    /// Whose own key it is.
    fn own(&self, key: &Key) -> Option<OrganisationNumber> {
        let Cause::Organisation(id) = &key.cause else { return None };
        self.losses.table.number(id).filter(|_| *key == Key::own(id))
    }

    /// What is to be told of what one thing took to those who hold some of it, and as it is kept.
    fn named(&self, key: &Key, held: &Audience) -> Vec<(Told, Option<Told>)> {
        let under = self.taken.get(&Some(key.clone())).into_iter().flatten();
        let under = under.map(|(id, _)| id.0.into()).collect();
        self.notice(key, held, under).into_iter().collect()
    }

    /// The same of what nothing took that has a name: to each by itself.
    fn nameless(&self, held: &Audience) -> Vec<(Told, Option<Told>)> {
        let mut lost: BTreeMap<OrganisationNumber, Places> = BTreeMap::new();
        for (whom, under) in self.alike() {
            for number in whom.common(held) {
                lost.entry(number).or_default().absorb(&under);
            }
        }
        let notices = lost.into_iter().filter_map(|(number, under)| {
            let key = Key::own(self.losses.table.names.get(&number)?);
            self.notice(&key, &Audience::from_iter([number]), under)
        });
        notices.collect()
    }

    fn notice(&self, key: &Key, held: &Audience, under: Places) -> Option<(Told, Option<Told>)> {
        let lapsing = self.keys.get(key).filter(|_| !held.is_empty())?;
        let mut holders = self.told.get(key).map(|it| it.holders.clone()).unwrap_or_default();
        holders.absorb(held);
        let kept = Told::new(key.clone(), lapsing.clone(), holders);
        let kept = Told { under: Some(under), ..kept };
        Some((Told::new(key.clone(), lapsing.clone(), held.clone()), Some(kept)))
    }

    /// What was told and is given back: what binds again, or took nothing from those who were told.
    fn given_back(&self, since: Instant) -> Vec<(Told, Option<Told>)> {
        let table = &self.losses.table;
        let losers = table.losers();
        let stands = |(key, told): &(&Key, &Told)| {
            self.keys.contains_key(*key)
                || (table.lapsing(&told.cause).is_some() && told.holders.meets(&losers))
        };
        let back = self.told.iter().filter(|it| !stands(it));
        let restored = Lapsing { now: Lapsed::Restored, since, reason: None };
        let notice = |(key, told): (&Key, &Told)| {
            (Told::new(key.clone(), restored.clone(), told.holders.clone()), None)
        };
        back.map(notice).collect()
    }
}

/// Writes notices, and keeps what was told.
fn tell(
    unit: &mut dyn UnitOfWork,
    notices: &[(Told, Option<Told>)],
) -> Result<AllTold, StoreError> {
    let mut told = standing(unit)?;
    for (notice, kept) in notices {
        let facts =
            json!({ "deed": "told-lapse", "now": notice.now, "holders": notice.holders.len() });
        let (subject, facts) = (notice.cause.name(), facts.to_string());
        let draft =
            Draft { kind: EntryKind::Deed, actor: ACTOR, subject, facts: &facts, body: b"" };
        let stamp = unit.append(&draft)?;
        keep_told(unit, &Told { place: stamp.seq, at: stamp.at, ..notice.clone() })?;
        match kept {
            Some(kept) => {
                let kept = Told { place: stamp.seq, at: stamp.at, ..kept.clone() };
                told.insert(kept.key(), kept)
            }
            None => told.remove(&notice.key()),
        };
    }
    keep_standing(unit, &told)?;
    Ok(told)
}
