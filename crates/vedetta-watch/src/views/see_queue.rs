//! The queue: what was reported and waits to be triaged, whatever door it came by, with what it is
//! like.

use std::sync::Arc;

use serde::Serialize;
use vedetta_desk::incident::{Gathered, Routed};
use vedetta_desk::triage::{Likeness, Prints, Seen, alike};
use vedetta_desk::{CaseNumber, Sight, Viewer};
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
        let (asked, total, others) = {
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
            let mut asked: Vec<_> = asked.cloned().collect();
            asked.sort_by_key(|brief| (brief.row.presumed, brief.row.number));
            let total = asked.len();
            asked.truncate(limit);
            (asked, total, index.comparable(viewer))
        };
        // Nobody waits for the cases while these are compared.
        let shown = asked.iter().map(|brief| Waiting {
            case: brief.row.clone(),
            words: String::new(),
            routed: None,
            gathered: None,
            alike: alike_among(&others, brief),
        });
        let mut waiting: Vec<_> = shown.collect();
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
        let others = self.index()?.get().map(|index| index.comparable(self.viewer(by)));
        Ok(alike_among(&others.unwrap_or_default(), &brief))
    }
}

/// A case that others may be like, and by what it is recognised.
type Other = (Arc<Brief>, Arc<Prints>);

impl Index {
    /// The open cases that somebody sees whole and that are recognised, the newest first.
    fn comparable(&self, viewer: Viewer<'_>) -> Vec<Other> {
        let open = self.recognised().filter(|(brief, _)| {
            brief.row.stage.is_open() && brief.access.sight(viewer) == Some(Sight::Whole)
        });
        open.map(|(brief, prints)| (Arc::clone(brief), prints)).collect()
    }
}

fn alike_among(others: &[Other], of: &Brief) -> Vec<Alike> {
    let Some(prints) = of.prints() else { return Vec::new() };
    let new = Seen { organisation: &of.row.organisation, at: of.row.reported, prints: &prints };
    let mut found: Vec<Alike> = Vec::new();
    for (other, prints) in others.iter().filter(|(other, _)| other.row.number != of.row.number) {
        let row = &other.row;
        let other = Seen { organisation: &row.organisation, at: row.reported, prints };
        if let Some(Likeness { points, reasons }) = alike(new, other) {
            let (number, title) = (row.number, row.title.to_string());
            found.push(Alike { number, title, points, reasons });
        }
    }
    found.sort_by_key(|it| (std::cmp::Reverse(it.points), it.number));
    found.truncate(SUGGESTED);
    found
}
