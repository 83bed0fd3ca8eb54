//! Cases in lists and in figures.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use vedetta_desk::incident::CaseHold;
use vedetta_desk::{CaseNumber, Category, Sight, StageName, Viewer};
use vedetta_model::{AccountId, Actor, Instant, OrganisationId};

use crate::actions::change_case::number_of;
use crate::cases::{Brief, CaseRow, Index};
use crate::error::WatchError;
use crate::tally::Tally;
use crate::watch::Watch;

/// Which cases.
#[derive(Clone, Debug, Default)]
pub struct CaseWish {
    /// Only in these stages; those that are open when empty.
    pub stages: BTreeSet<StageName>,
    /// Only with this text in the title or number, in any case.
    pub text: Option<String>,
    /// Only reported for this organisation.
    pub organisation: Option<OrganisationId>,
    /// Only those of this centre.
    pub centre: Option<OrganisationId>,
    /// Only those that this person leads.
    pub lead: Option<AccountId>,
    /// Only of this category or a graver one, or not judged yet.
    pub worst: Option<Category>,
    /// Go on after this number.
    pub after: Option<String>,
    /// At most so many; 1 to 1,000.
    pub limit: usize,
}

/// A page of cases.
#[derive(Clone, Debug, Serialize)]
pub struct CasePage {
    /// The cases, the newest first.
    pub cases: Vec<CaseRow>,
    /// The `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<CaseNumber>,
    /// How many there are on all pages.
    pub total: usize,
}

/// Cases in figures.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Counts {
    /// Those that are not over, by category, 1 first.
    pub open: [usize; 6],
    /// Those that are not over and that nobody judged yet.
    pub unjudged: usize,
    /// Those that wait to be triaged by who asks.
    pub waiting: usize,
    /// Since when the oldest of them waits.
    pub oldest_waiting: Option<Instant>,
    /// All, by stage.
    pub stages: BTreeMap<StageName, usize>,
}

/// Open cases of somebody by gravity, hour and organisation, as they are drawn.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// How many there are.
    pub counts: Counts,
    /// The gravest that are not over, of category 3 or graver; at most as many as were asked for.
    pub gravest: Vec<CaseRow>,
    /// Of each organisation that has some: how many are not over, and the category of the gravest that
    /// was judged.
    pub organisations: BTreeMap<OrganisationId, (usize, Option<u8>)>,
    /// How many were reported in each hour of the past day, the last hour first.
    pub hours: [usize; 24],
    /// How many were reported in the past four weeks.
    pub month: usize,
}

impl Watch {
    /// The cases that an order keeps still now, as far as the actor sees them whole.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn held_cases(&self, by: &Actor) -> Result<Vec<(CaseNumber, CaseHold)>, WatchError> {
        let (viewer, now) = (self.viewer(by), self.house().now());
        let held = self.index()?;
        let all = held.get().into_iter().flat_map(|index| index.all.values());
        let whole = all.filter(|it| it.access.sight(viewer) == Some(Sight::Whole));
        let bound = whole.filter_map(|it| Some((it.row.number, it.hold.clone()?)));
        Ok(bound.filter(|(_, hold)| hold.until.is_none_or(|until| now < until)).collect())
    }

    /// The cases that an actor may see, the newest first.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn cases(&self, by: &Actor, wish: &CaseWish) -> Result<CasePage, WatchError> {
        let after = wish.after.as_deref().map(number_of).transpose()?;
        let (viewer, limit) = (self.viewer(by), wish.limit.clamp(1, 1_000));
        let wanted = Wanted::of(wish);
        let held = self.index()?;
        let Some(index) = held.get() else { return Ok(CasePage::empty()) };
        let mut page = CasePage::empty();
        // Those that are open are among those that are live.
        let among = if wish.stages.is_empty() { Among::Live } else { Among::All };
        index.each_newest(viewer, among, |brief, sight| {
            if !wanted.fits(&brief.row) {
                return;
            }
            page.total += 1;
            if after.is_some_and(|after| brief.row.number >= after) {
                return;
            }
            if page.cases.len() < limit {
                page.cases.push(brief.row_for(sight, viewer));
            } else if page.next.is_none() {
                page.next = page.cases.last().map(|it| it.number);
            }
        });
        Ok(page)
    }

    /// How many cases an actor may see, and how they stand.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn counts(&self, by: &Actor) -> Result<Counts, WatchError> {
        self.tallied(by, |_, tallies| Counts::of(tallies))
    }

    /// The cases that an actor may see, drawn, with so many of the gravest.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn picture(&self, by: &Actor, gravest: usize) -> Result<Picture, WatchError> {
        let now = self.house().now();
        self.tallied(by, |index, tallies| {
            let mut picture = Picture { counts: Counts::of(tallies), ..Picture::default() };
            for tally in tallies {
                for (organisation, open) in &tally.organisations {
                    let own = picture.organisations.entry(organisation.clone()).or_default();
                    let worst = (1..).zip(&open[..6]).find(|(_, count)| **count > 0);
                    own.0 += open.iter().sum::<usize>();
                    own.1 = own.1.into_iter().chain(worst.map(|(category, _)| category)).min();
                }
                let (hours, month) = tally.reported(now);
                picture.hours.iter_mut().zip(hours).for_each(|(all, count)| *all += count);
                picture.month += month;
            }
            let mut grave: Vec<_> =
                tallies.iter().flat_map(|it| it.grave.iter().take(gravest)).collect();
            grave.sort_unstable();
            let grave = grave.into_iter().take(gravest).filter_map(|(.., it)| index.all.get(it));
            let viewer = self.viewer(by);
            let seen = grave.filter_map(|it| Some(it.row_for(it.access.sight(viewer)?, viewer)));
            picture.gravest = seen.collect();
            picture
        })
    }

    /// Asks the figures of what an actor may see: those kept, for who works in the room, and those of
    /// what few see.
    fn tallied<T: Default>(
        &self,
        by: &Actor,
        ask: impl FnOnce(&Index, &[&Tally]) -> T,
    ) -> Result<T, WatchError> {
        let (viewer, mut few) = (self.viewer(by), Tally::default());
        let held = self.index()?;
        let Some(index) = held.get() else { return Ok(T::default()) };
        if viewer.stands.is_of_a_room() {
            index.closed_to(viewer).for_each(|(brief, sight)| few.add(&brief.row, sight));
            return Ok(ask(index, &[&index.tally, &few]));
        }
        for (brief, sight) in index.seen_outside(viewer) {
            few.add(&brief.row, sight);
        }
        Ok(ask(index, &[&few]))
    }
}

/// Which cases are looked at.
#[derive(Clone, Copy)]
enum Among {
    /// All.
    All,
    /// Those that somebody works on, or of which a law wants something.
    Live,
}

impl Index {
    /// Tells each case of which somebody sees something, the newest first.
    fn each_newest(
        &self,
        viewer: Viewer<'_>,
        among: Among,
        mut tell: impl FnMut(&Arc<Brief>, Sight),
    ) {
        if !viewer.stands.is_of_a_room() {
            let seen = self.seen_outside(viewer).into_iter().rev();
            return seen.for_each(|(brief, sight)| tell(brief, sight));
        }
        let mut tell = |brief: &Arc<Brief>| {
            if let Some(sight) = brief.access.sight(viewer) {
                tell(brief, sight);
            }
        };
        match among {
            Among::All => self.all.values().rev().for_each(&mut tell),
            Among::Live => {
                let live = self.live.iter().rev().filter_map(|number| self.all.get(number));
                live.for_each(&mut tell);
            }
        }
    }
}

impl Counts {
    fn of(tallies: &[&Tally]) -> Self {
        let mut counts = Self::default();
        for tally in tallies {
            let [open @ .., unjudged] = tally.open;
            counts.open.iter_mut().zip(open).for_each(|(all, count)| *all += count);
            counts.unjudged += unjudged;
            counts.waiting += tally.waiting.len();
            let oldest = tally.waiting.first().map(|(since, _)| *since);
            counts.oldest_waiting = counts.oldest_waiting.into_iter().chain(oldest).min();
            for (stage, count) in tally.stages.iter().filter(|(_, count)| **count > 0) {
                *counts.stages.entry(*stage).or_default() += count;
            }
        }
        counts
    }
}

impl CasePage {
    const fn empty() -> Self {
        Self { cases: Vec::new(), next: None, total: 0 }
    }
}

impl Brief {
    /// Its row, as a viewer sees it.
    pub(crate) fn row_for(&self, sight: Sight, viewer: Viewer<'_>) -> CaseRow {
        match sight {
            Sight::Whole => self.row.clone(),
            Sight::Part => self.row.as_part(viewer.organisation),
        }
    }
}

/// A wish, ready to be compared.
struct Wanted<'a> {
    wish: &'a CaseWish,
    text: Option<String>,
}

impl<'a> Wanted<'a> {
    fn of(wish: &'a CaseWish) -> Self {
        let text = wish.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
        Self { wish, text: text.map(str::to_lowercase) }
    }

    fn fits(&self, row: &CaseRow) -> bool {
        let wish = self.wish;
        let stage = match wish.stages.is_empty() {
            true => row.stage.is_open(),
            false => wish.stages.contains(&row.stage),
        };
        let is = |wanted: &Option<OrganisationId>, found: Option<&OrganisationId>| {
            wanted.as_ref().is_none_or(|wanted| found == Some(wanted))
        };
        let text = self.text.as_ref().is_none_or(|text| {
            row.title.to_lowercase().contains(text) || row.number.to_string().contains(text)
        });
        stage
            && is(&wish.organisation, Some(&row.organisation))
            && is(&wish.centre, row.centre.as_ref())
            && wish.lead.as_ref().is_none_or(|lead| row.lead.as_ref() == Some(lead))
            && wish.worst.is_none_or(|worst| row.presumed <= worst.number())
            && text
    }
}
