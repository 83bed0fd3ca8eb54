//! Whoever holds what an agreement or an organisation took with it is told, once; and once more when
//! it is given back.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use vedetta_model::{Audience, Instant, Places};
use vedetta_store::{
    ClearanceId, DeliveryBatch, Draft, EntryKind, Sequence, StoreError, UnitOfWork,
};

use crate::error::FlowError;
use crate::holding::Seeker;
use crate::house::House;
use crate::losses::{Lapsing, Losses};
use crate::views::lapses::{Key, Lapsed, Told, keep_standing, standing};
use crate::views::withdrawals::keep_told;

/// The name under which the ledger knows this step.
pub(crate) const ACTOR: &str = "tell_lapses";
/// For so long after somebody was looked for, what is written down to have reached it is looked at.
const LATE: Duration = Duration::from_secs(86_400);

/// Whoever was looked for and held nothing.
#[derive(Default)]
pub(crate) struct Idle {
    looked: HashMap<Sought, Looked>,
    /// Whether something was written down since to have reached some of them.
    late: bool,
    /// While somebody is being looked for, what is written down meanwhile.
    meanwhile: Option<Vec<Reached>>,
}

/// The first release of a batch, and whom it reached.
pub(crate) type Reached = (Option<u64>, Audience);

/// When somebody was last looked for, what had been released by then, and who had nothing of it.
struct Looked {
    at: Instant,
    upto: Sequence,
    idle: BTreeMap<ClearanceId, Audience>,
}

/// Holders of what one thing took, as that stands; of those who lost what nothing took that has a name, all.
type Sought = Option<(Key, Lapsed)>;

impl House {
    /// Tells what was taken since the last time, and what was given back; returns how many notices.
    ///
    /// # Errors
    /// What the ledger said; the next run tells what is left.
    pub fn tell_lapses(&self) -> Result<usize, FlowError> {
        let _one_at_a_time = self.shared.telling.lock().unwrap_or_else(PoisonError::into_inner);
        let losses = self.losses()?;
        let told = self.read(|reader| standing(reader))?;
        let keys = losses.table.keys();
        let (at, upto) = (self.now(), self.bell().last());
        let sought = {
            let mut idle = self.idle();
            idle.forget(&losses, &keys);
            idle.meanwhile = Some(Vec::new());
            seekers(&losses, &keys, &told, &idle)
        };
        let (sought, mut found): (Vec<_>, Vec<_>) = sought.into_iter().unzip();
        losses.seek(&mut found)?;
        let found: Vec<_> = sought.into_iter().zip(found).collect();
        let mut notices = Vec::new();
        for (sought, seeker) in &found {
            notices.extend(taken(&losses, (sought, seeker), &keys, &told));
        }
        notices.extend(given_back(&losses, &keys, told, self.now()));
        let count = match notices.is_empty() {
            true => 0,
            false => {
                let shared = Arc::clone(&self.shared);
                self.write(move |unit| {
                    shared.touch_served();
                    tell(unit, &notices)
                })?
            }
        };
        self.idle().enter((at, upto), found);
        Ok(count)
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
        let mut idle = self.idle();
        idle.look_again(&batches, self.now());
        if let Some(meanwhile) = &mut idle.meanwhile {
            meanwhile.extend(batches);
        }
    }
}

/// The first release and whom it reached, of each batch.
pub(crate) fn firsts(batches: &[DeliveryBatch]) -> Vec<Reached> {
    batches.iter().map(|it| (it.releases.first(), it.audience.clone())).collect()
}

impl Idle {
    /// Forgets what does not stand so any more, and who has it again.
    fn forget(&mut self, losses: &Losses<'_>, keys: &BTreeMap<Key, Lapsing>) {
        for (sought, looked) in &mut self.looked {
            let before = std::mem::take(&mut looked.idle);
            for (id, taken) in losses.taken() {
                let same = match (taken.key(), sought) {
                    (None, None) => true,
                    (Some(key), Some((of, now))) => {
                        key == *of && keys.get(&key).is_some_and(|it| it.now == *now)
                    }
                    _ => false,
                };
                if let Some(whom) = before.get(&id).filter(|_| same) {
                    looked.idle.entry(id).or_default().absorb(&whom.intersection(&taken.whom));
                }
            }
        }
        self.looked.retain(|_, looked| !looked.idle.is_empty());
    }

    /// Keeps who was looked for and holds nothing.
    fn enter(&mut self, (at, upto): (Instant, Sequence), found: Vec<(Sought, Seeker)>) {
        for (sought, Seeker { wanted, held, .. }) in found {
            let fresh = || Looked { at, upto, idle: BTreeMap::new() };
            let looked = self.looked.entry(sought).or_insert_with(fresh);
            (looked.at, looked.upto) = (at, upto);
            for (id, whom) in wanted {
                looked.idle.entry(id).or_default().absorb(&whom.difference(&held));
            }
        }
        self.late = false;
        let meanwhile = self.meanwhile.take().unwrap_or_default();
        self.look_again(&meanwhile, at);
    }

    fn look_again(&mut self, batches: &[Reached], now: Instant) {
        for Looked { upto, idle, .. } in
            self.looked.values_mut().filter(|it| now.since(it.at) < LATE)
        {
            let mut whom = Audience::nobody();
            for (_, audience) in batches.iter().filter(|it| it.0.is_some_and(|it| it <= upto.0)) {
                whom.absorb(audience);
            }
            for audience in idle.values_mut().filter(|it| it.meets(&whom)) {
                *audience = audience.difference(&whom);
                self.late = true;
            }
        }
    }

    fn without(&self, sought: &Sought, id: ClearanceId, whom: &Audience) -> Audience {
        let looked = self.looked.get(sought).and_then(|it| it.idle.get(&id));
        looked.map_or_else(|| whom.clone(), |idle| whom.difference(idle))
    }
}

/// Whom to look for: those who lost something of which they were not told.
fn seekers(
    losses: &Losses<'_>,
    keys: &BTreeMap<Key, Lapsing>,
    told: &BTreeMap<Key, Told>,
    idle: &Idle,
) -> BTreeMap<Sought, Seeker> {
    let mut seekers: BTreeMap<Sought, Seeker> = BTreeMap::new();
    let known: BTreeMap<_, _> = told.iter().map(|(key, it)| (key, it.holders())).collect();
    let mut want = |sought: Sought, id, whom: &Audience| {
        let whom = idle.without(&sought, id, whom);
        if !whom.is_empty() {
            seekers.entry(sought).or_default().want(id, &whom);
        }
    };
    for (id, taken) in losses.taken() {
        let Some(key) = taken.key() else {
            let news = |own: &Key| told.get(own).is_none_or(|it| !it.is_of(id));
            let whom = taken.whom.iter().filter(|number| {
                losses.table.names.get(number).is_some_and(|name| news(&Key::own(name)))
            });
            let whom: Audience = whom.collect();
            want(None, id, &whom);
            continue;
        };
        let Some(lapsing) = keys.get(&key) else { continue };
        let whom = match told.get(&key).filter(|it| it.now == lapsing.now) {
            None if told.contains_key(&key) => taken.whom.clone(),
            Some(it) if it.is_of(id) => {
                known.get(&key).map_or_else(Audience::nobody, |had| taken.lately.difference(had))
            }
            _ => taken.lately.clone(),
        };
        want(Some((key, lapsing.now)), id, &whom);
    }
    seekers
}

/// What is to be told of what was taken: to those who were found, and as it is kept.
fn taken(
    losses: &Losses<'_>,
    (sought, found): (&Sought, &Seeker),
    keys: &BTreeMap<Key, Lapsing>,
    told: &BTreeMap<Key, Told>,
) -> Vec<(Told, Option<Told>)> {
    let each = match sought {
        Some((key, _)) => vec![(key.clone(), found.held.clone())],
        None => {
            let held = found.held.iter();
            let named = held.filter_map(|it| Some((losses.table.names.get(&it)?, it)));
            named.map(|(id, it)| (Key::own(id), Audience::from_iter([it]))).collect()
        }
    };
    let notice = |(key, held): (Key, Audience)| {
        let lapsing = keys.get(&key).filter(|_| !held.is_empty())?;
        let before = told.get(&key);
        let mut holders = before.map(Told::holders).unwrap_or_default();
        holders.absorb(&held);
        let mut under = Places::none();
        for (id, _) in losses.taken().filter(|(_, it)| match it.key() {
            Some(other) => other == key,
            None => sought.is_none() && it.whom.meets(&held),
        }) {
            under.insert(id.0.into());
        }
        let kept = Told::new(key.clone(), lapsing.clone(), &holders);
        let kept = Told { under: Some(under), ..kept };
        Some((Told::new(key, lapsing.clone(), &held), Some(kept)))
    };
    each.into_iter().filter_map(notice).collect()
}

/// What was told and is given back: what binds again, or took nothing from those who were told.
fn given_back(
    losses: &Losses<'_>,
    keys: &BTreeMap<Key, Lapsing>,
    told: BTreeMap<Key, Told>,
    since: Instant,
) -> Vec<(Told, Option<Told>)> {
    let losers = losses.table.losers();
    let stands = |it: &Told| {
        keys.contains_key(&it.key())
            || (losses.table.lapsing(&it.cause).is_some() && it.holders().meets(&losers))
    };
    let back = told.into_values().filter(|it| !stands(it));
    let restored = Lapsing { now: Lapsed::Restored, since, reason: None };
    back.map(|it| (Told::new(it.key(), restored.clone(), &it.holders()), None)).collect()
}

/// Writes notices, and keeps what was told.
fn tell(unit: &mut dyn UnitOfWork, notices: &[(Told, Option<Told>)]) -> Result<usize, StoreError> {
    let mut told: BTreeMap<Key, Told> = standing(unit)?;
    for (notice, kept) in notices {
        let facts =
            json!({ "deed": "told-lapse", "now": notice.now, "holders": notice.holders().len() });
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
    Ok(notices.len())
}
