//! Cases in lists and in figures.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use vedetta_desk::{CaseNumber, Category, Sight, StageName, Viewer};
use vedetta_model::{AccountId, Actor, Instant, OrganisationId};

use crate::actions::change_case::number_of;
use crate::cases::{Brief, CaseRow};
use crate::error::WatchError;
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

impl Watch {
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
        for brief in index.all.values().rev() {
            let Some(sight) = brief.access.sight(viewer) else { continue };
            if !wanted.fits(&brief.row) {
                continue;
            }
            page.total += 1;
            if after.is_some_and(|after| brief.row.number >= after) {
                continue;
            }
            if page.cases.len() < limit {
                page.cases.push(brief.row_for(sight, viewer));
            } else if page.next.is_none() {
                page.next = page.cases.last().map(|it| it.number);
            }
        }
        Ok(page)
    }

    /// How many cases an actor may see, and how they stand.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn counts(&self, by: &Actor) -> Result<Counts, WatchError> {
        let viewer = self.viewer(by);
        let held = self.index()?;
        let mut counts = Counts::default();
        let all = held.get().into_iter().flat_map(|index| index.all.values());
        for brief in all {
            let Some(sight) = brief.access.sight(viewer) else { continue };
            let row = &brief.row;
            *counts.stages.entry(row.stage).or_default() += 1;
            if row.stage == StageName::Reported && sight == Sight::Whole {
                counts.waiting += 1;
                let oldest = counts.oldest_waiting.get_or_insert(row.reported);
                *oldest = row.reported.min(*oldest);
            }
            if !row.stage.is_open() {
                continue;
            }
            let category = usize::from(row.category).checked_sub(1);
            match category.and_then(|at| counts.open.get_mut(at)) {
                Some(count) if row.judged => *count += 1,
                _ => counts.unjudged += 1,
            }
        }
        Ok(counts)
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
