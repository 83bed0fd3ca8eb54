//! The queue: what was reported and waits to be triaged, whatever door it came by, with what it is
//! like.

use serde::Serialize;
use vedetta_desk::incident::{Gathered, Routed};
use vedetta_desk::triage::{Likeness, Seen, alike};
use vedetta_desk::{CaseNumber, Sight};
use vedetta_model::language::Bilingual;
use vedetta_model::{Actor, OrganisationId};

use crate::actions::change_case::number_of;
use crate::cases::{Brief, CaseRow, Index};
use crate::error::WatchError;
use crate::kept;
use crate::watch::{OFFICERS, Watch};

/// Which part of the queue.
#[derive(Clone, Debug, Default)]
pub struct QueueWish {
    /// Only what goes to this centre.
    pub centre: Option<OrganisationId>,
    /// At most so many; 1 to 100.
    pub limit: usize,
}

/// The queue.
#[derive(Clone, Debug, Serialize)]
pub struct Queue {
    /// What waits: what may be gravest first, of equals the oldest.
    pub waiting: Vec<Waiting>,
    /// How many wait in all.
    pub total: usize,
}

/// A report that waits.
#[derive(Clone, Debug, Serialize)]
pub struct Waiting {
    /// Its case.
    pub case: CaseRow,
    /// In whose words.
    pub words: String,
    /// Which centre it goes to, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routed: Option<Routed>,
    /// Of what it was made, when no person reported it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gathered: Option<Gathered>,
    /// Cases that may be about the same, the likeliest first.
    pub alike: Vec<Alike>,
}

/// A case that may be about the same.
#[derive(Clone, Debug, Serialize)]
pub struct Alike {
    /// Its number.
    pub number: CaseNumber,
    /// What it is about.
    pub title: String,
    /// How alike, from 0 to 100.
    pub points: u8,
    /// Why.
    pub reasons: Vec<Bilingual>,
}

/// Cases suggested at most.
const SUGGESTED: usize = 5;

impl Watch {
    /// What waits to be triaged: all of it for the operations room, for another centre's officers
    /// what was routed to them.
    ///
    /// # Errors
    /// Forbidden to who works no shifts.
    pub fn queue(&self, by: &Actor, wish: &QueueWish) -> Result<Queue, WatchError> {
        self.house().require(by, OFFICERS, "see the queue")?;
        let limit = wish.limit.clamp(1, 100);
        let viewer = self.viewer(by);
        let (mut waiting, total) = {
            let held = self.index()?;
            let Some(index) = held.get() else {
                return Ok(Queue { waiting: Vec::new(), total: 0 });
            };
            let queued = index.waiting.iter().filter_map(|number| index.all.get(number));
            let asked = queued.filter(|brief| {
                let centre = brief.row.centre.as_ref();
                wish.centre.as_ref().is_none_or(|it| centre == Some(it))
                    && brief.access.sight(viewer) == Some(Sight::Whole)
            });
            let mut asked: Vec<_> = asked.collect();
            asked.sort_by_key(|brief| (brief.row.presumed, brief.row.number));
            let total = asked.len();
            let shown = asked.into_iter().take(limit).map(|brief| Waiting {
                case: brief.row.clone(),
                words: String::new(),
                routed: None,
                gathered: None,
                alike: self.alike_in(by, index, brief),
            });
            (shown.collect::<Vec<_>>(), total)
        };
        self.house().read(|reader| {
            for it in &mut waiting {
                if let Some((_, kept)) = kept::newest(reader, it.case.number)? {
                    it.words.clone_from(&kept.incident.reported.words);
                    it.routed = kept.incident.routed;
                    it.gathered = kept.incident.gathered;
                }
            }
            Ok(())
        })?;
        Ok(Queue { waiting, total })
    }

    /// Cases that may be about the same as one.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn alike(&self, by: &Actor, number: &str) -> Result<Vec<Alike>, WatchError> {
        self.house().require(by, OFFICERS, "see what is alike")?;
        let number = number_of(number)?;
        let brief = self.brief(by, number)?;
        if brief.access.sight(self.viewer(by)) != Some(Sight::Whole) {
            return Err(WatchError::unknown("case", number));
        }
        let held = self.index()?;
        Ok(held.get().map(|index| self.alike_in(by, index, &brief)).unwrap_or_default())
    }

    fn alike_in(&self, by: &Actor, index: &Index, of: &Brief) -> Vec<Alike> {
        let Some(prints) = of.prints() else { return Vec::new() };
        let viewer = self.viewer(by);
        let seen = |brief: &'_ Brief| (brief.row.organisation.clone(), brief.row.reported);
        let (organisation, at) = seen(of);
        let new = Seen { organisation: &organisation, at, prints: &prints };
        let mut found: Vec<Alike> = Vec::new();
        for (other, prints) in index.recognised() {
            let row = &other.row;
            let comparable = row.number != of.row.number && row.stage.is_open();
            if !comparable || other.access.sight(viewer) != Some(Sight::Whole) {
                continue;
            }
            let other = Seen { organisation: &row.organisation, at: row.reported, prints: &prints };
            if let Some(Likeness { points, reasons }) = alike(new, other) {
                let (number, title) = (row.number, row.title.to_string());
                found.push(Alike { number, title, points, reasons });
            }
        }
        found.sort_by_key(|it| (std::cmp::Reverse(it.points), it.number));
        found.truncate(SUGGESTED);
        found
    }
}
