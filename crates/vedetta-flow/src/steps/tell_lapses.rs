//! Whoever holds what an agreement or an organisation took with it is told, once; and once more when
//! it is given back.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use serde_json::json;
use vedetta_store::{Draft, EntryKind, StoreError, UnitOfWork};

use crate::error::FlowError;
use crate::house::House;
use crate::losses::{Lapse, Losses};
use crate::views::lapses::{Cause, Lapsed, Told, keep_standing, standing};
use crate::views::withdrawals::keep_told;

/// The name under which the ledger knows this step.
pub(crate) const ACTOR: &str = "tell_lapses";

impl House {
    /// Tells what was taken since the last time, and what was given back; returns how many notices.
    ///
    /// # Errors
    /// What the ledger said; the next run tells what is left.
    pub fn tell_lapses(&self) -> Result<usize, FlowError> {
        let mut idle = self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let losses = self.losses()?;
        let lapses = losses.lapses()?;
        let told = self.read(|reader| standing(reader))?;
        idle.retain(|(cause, now)| lapses.iter().any(|it| it.is(cause, *now)));
        let mut news = lapses.clone();
        news.retain(|it| told.get(&it.cause).is_none_or(|old| old.now != it.now));
        news.retain(|it| !idle.iter().any(|(cause, now)| it.is(cause, *now)));
        let (mut notices, nobody) = taken(&losses, news)?;
        idle.extend(nobody);
        let given = told.into_values().filter(|it| !lapses.iter().any(|of| of.cause == it.cause));
        let now = self.now();
        notices.extend(
            given.map(|it| {
                Told::new((it.cause.clone(), Lapsed::Restored), (now, None), &it.holders())
            }),
        );
        if notices.is_empty() {
            return Ok(0);
        }
        let shared = Arc::clone(&self.shared);
        Ok(self.write(move |unit| {
            shared.touch_served();
            tell(unit, &notices)
        })?)
    }
}

/// What took something from nobody who has it.
type Idle = Vec<(Cause, Lapsed)>;

/// What is to be told of what was taken, and what nobody holds anything of.
fn taken(losses: &Losses<'_>, news: Vec<Lapse>) -> Result<(Vec<Told>, Idle), FlowError> {
    let causes: Vec<_> = news.iter().map(|it| it.cause.clone()).collect();
    let (mut notices, mut nobody) = (Vec::new(), Vec::new());
    for (Lapse { cause, now, since, reason }, holders) in
        news.into_iter().zip(losses.holders(&causes)?)
    {
        match holders.is_empty() {
            true => nobody.push((cause, now)),
            false => notices.push(Told::new((cause, now), (since, reason), &holders)),
        }
    }
    Ok((notices, nobody))
}

/// Writes notices that were not written meanwhile.
fn tell(unit: &mut dyn UnitOfWork, notices: &[Told]) -> Result<usize, StoreError> {
    let mut told: BTreeMap<Cause, Told> = standing(unit)?;
    let mut count = 0;
    for notice in notices {
        let before = told.get(&notice.cause).map(|it| it.now);
        let restored = notice.now == Lapsed::Restored;
        if before == Some(notice.now) || (restored && before.is_none()) {
            continue;
        }
        let facts =
            json!({ "deed": "told-lapse", "now": notice.now, "holders": notice.holders().len() });
        let (subject, facts) = (notice.cause.name(), facts.to_string());
        let draft =
            Draft { kind: EntryKind::Deed, actor: ACTOR, subject, facts: &facts, body: b"" };
        let stamp = unit.append(&draft)?;
        let notice = Told { place: stamp.seq, at: stamp.at, ..notice.clone() };
        keep_told(unit, &notice)?;
        match restored {
            true => told.remove(&notice.cause),
            false => told.insert(notice.cause.clone(), notice),
        };
        count += 1;
    }
    keep_standing(unit, &told)?;
    Ok(count)
}
