//! Acknowledgements that are overdue under agreements: for alarms, and for who hands over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use vedetta_desk::handover::{Line, LineKind, missing};
use vedetta_model::{Actor, Instant, ItemId};
use vedetta_timeliness::{Overdue, OverdueWish, Timeliness};

use crate::error::WatchError;
use crate::watch::Watch;

/// What was overdue when it was looked for last, and when that was.
#[derive(Default)]
pub(crate) struct Remembered(Mutex<Option<(Instant, Arc<[Overdue]>)>>);

/// For how long it is remembered: looking reads a month of deliveries.
const FRESH: Duration = Duration::from_secs(60);
/// How many are looked at, those of the longest held items first.
const MOST: usize = 10_000;
/// Lines on one sheet.
const LINES: usize = 200;

impl Watch {
    /// What is overdue of all that the node's own room may read, looked for once a minute.
    pub(crate) fn overdue_now(&self, now: Instant) -> Result<Arc<[Overdue]>, WatchError> {
        let mut known = self.overdue.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, overdue)) = &*known
            && *at <= now
            && now.since(*at) < FRESH
        {
            return Ok(Arc::clone(overdue));
        }
        let standing = self.house().standing();
        let keeper = standing.own.as_ref().and_then(|own| self.house().keeper(own));
        let wish = OverdueWish { limit: MOST, ..OverdueWish::default() };
        let overdue = keeper
            .map(|keeper| Timeliness::of(self.house()).overdue(&keeper, &wish))
            .transpose()?;
        let overdue: Arc<[_]> = overdue.unwrap_or_default().into();
        *known = Some((now, Arc::clone(&overdue)));
        Ok(overdue)
    }

    /// The items with overdue acknowledgements, for the handover; and which they are.
    pub(crate) fn overdue_lines(
        &self,
        by: &Actor,
    ) -> Result<(Vec<Line>, BTreeSet<ItemId>), WatchError> {
        if !self.sees_warnings(by) {
            return Ok(Default::default());
        }
        let wish = OverdueWish { limit: MOST, ..OverdueWish::default() };
        let overdue = Timeliness::of(self.house()).overdue(by, &wish)?;
        let mut items: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for it in &overdue {
            items.entry(it.derived_from.as_ref().unwrap_or(&it.item)).or_default().push(it);
        }
        let lines = items.iter().take(LINES).map(|(item, owed)| {
            let due = owed.iter().map(|it| it.due).min();
            let count = owed.iter().map(|it| &it.organisation).collect::<BTreeSet<_>>().len();
            Line {
                key: format!("overdue/{item}"),
                kind: LineKind::Overdue,
                title: self.title_of(by, item),
                detail: missing(
                    count,
                    ("non ne ha dato presa visione", "non ne hanno dato presa visione"),
                    "not acknowledged it in time",
                ),
                due,
            }
        });
        let lines = lines.collect();
        Ok((lines, items.into_keys().cloned().collect()))
    }

    /// What an item calls itself.
    pub(crate) fn title_of(&self, by: &Actor, item: &ItemId) -> String {
        #[derive(serde::Deserialize)]
        struct Named {
            name: String,
        }
        let read = self.house().item(by, item).ok();
        let named = read.and_then(|read| serde_json::from_slice::<Named>(&read.body).ok());
        named.map_or_else(|| item.to_string(), |it| it.name.chars().take(200).collect())
    }
}
