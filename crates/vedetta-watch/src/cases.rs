//! What is kept in memory of every case: what lists, the queue, the clocks and likeness ask for, and
//! who may see it. Read once, a page at a time, when the watch is first asked; followed by what it
//! writes itself.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use vedetta_desk::incident::{CaseHold, Channel};
use vedetta_desk::triage::Prints;
use vedetta_desk::{
    Access, CaseNumber, Facts, Incident, Regime, Sight, StageName, State, Viewer, deadlines,
};
use vedetta_flow::House;
use vedetta_model::{AccountId, Instant, OrganisationId};
use vedetta_store::{Reader, RecordKind, Sequence, Stamp, StoreError};

use crate::kept::Kept;
use crate::tally::Tally;

/// A case in a list.
#[derive(Clone, Debug, Serialize)]
pub struct CaseRow {
    /// Its number.
    pub number: CaseNumber,
    /// What it is about.
    pub title: Arc<str>,
    /// Where it stands.
    pub stage: StageName,
    /// Its operational category, 1 to 6; until it is judged it tells nothing.
    pub category: u8,
    /// Whether anybody judged it yet.
    pub judged: bool,
    /// As how grave it is treated: its category, and until it is judged the gravest it may be.
    pub presumed: u8,
    /// For whom it was reported.
    pub organisation: OrganisationId,
    /// By which door.
    pub channel: Channel,
    /// When.
    pub reported: Instant,
    /// How often its channel brought it, when no person reported it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gathered: Option<u64>,
    /// The exercise to which it belongs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exercise: Option<String>,
    /// When it was last changed.
    pub changed: Instant,
    /// Who leads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead: Option<AccountId>,
    /// Which centre answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub centre: Option<OrganisationId>,
    /// How many organisations it hits.
    pub affected: usize,
    /// How many tasks are open.
    pub tasks_open: usize,
    /// The case of which it is a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<CaseNumber>,
    /// Whether it is kept to a few persons.
    pub circle: Circle,
    /// When the organisation became aware.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awareness: Option<Instant>,
    /// Its version.
    pub version: Sequence,
}

/// Whether a case is kept to a few persons.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Circle {
    /// To the room and its participants.
    Open,
    /// To the persons of its circle.
    Closed,
}

/// A case in memory.
#[derive(Debug)]
pub(crate) struct Brief {
    pub(crate) row: CaseRow,
    pub(crate) access: Access,
    /// What its clocks count from, where a law applies.
    pub(crate) clocked: Option<Clocked>,
    /// The order that keeps it still.
    pub(crate) hold: Option<CaseHold>,
    /// When it first came to each stage.
    pub(crate) reached: BTreeMap<StageName, Instant>,
    /// By what it is recognised, while it is new.
    pub(crate) prints: Mutex<Option<Arc<Prints>>>,
}

/// What the legal clocks of a case count from.
#[derive(Debug)]
pub(crate) struct Clocked {
    pub(crate) regimes: BTreeSet<String>,
    pub(crate) facts: Facts,
}

/// Every case in memory.
#[derive(Default)]
pub(crate) struct Cases(Mutex<Option<Index>>);

/// The cases by what is asked of them.
#[derive(Default)]
pub(crate) struct Index {
    pub(crate) all: BTreeMap<CaseNumber, Arc<Brief>>,
    /// Those that wait to be triaged.
    pub(crate) waiting: BTreeSet<CaseNumber>,
    /// Those that somebody works on, and those of which a law still wants something.
    pub(crate) live: BTreeSet<CaseNumber>,
    pub(crate) children: HashMap<CaseNumber, BTreeSet<CaseNumber>>,
    /// Those that are kept to a few persons.
    pub(crate) closed: BTreeSet<CaseNumber>,
    /// Those that concern an organisation: it reported them, was admitted, or leads them.
    concerning: HashMap<OrganisationId, BTreeSet<CaseNumber>>,
    /// All others than the closed ones, in figures.
    pub(crate) tally: Tally,
    /// Those whose prints are kept, the oldest first.
    recognised: VecDeque<CaseNumber>,
}

/// Cases read at once.
const PAGE: usize = 100;
/// Cases by whose prints a new report is recognised.
const RECOGNISED: usize = 2_000;
/// Older ones are not compared.
const RECENT: Duration = Duration::from_secs(30 * 86_400);

impl Cases {
    /// The index; read from the ledger when that was not done yet.
    pub(crate) fn index(
        &self,
        house: &House,
        (regimes, now): (&[Regime], Instant),
    ) -> Result<Held<'_>, StoreError> {
        let mut index = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if index.is_none() {
            *index = Some(house.read(|reader| Index::load(reader, regimes, now))?);
        }
        Ok(Held(index))
    }

    /// Takes in what was written. What was not read yet will be read with it.
    pub(crate) fn learn(&self, kept: &Kept, stamp: Stamp, regimes: &[Regime]) {
        let mut index = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = index.as_mut() {
            index.learn(&kept.incident, stamp, (regimes, stamp.at));
        }
    }
}

/// The index while somebody looks into it.
pub(crate) struct Held<'a>(MutexGuard<'a, Option<Index>>);

impl Held<'_> {
    pub(crate) fn get(&self) -> Option<&Index> {
        self.0.as_ref()
    }
}

impl Index {
    fn load(reader: &mut dyn Reader, regimes: &[Regime], now: Instant) -> Result<Self, StoreError> {
        let (mut index, mut after) = (Self::default(), String::new());
        loop {
            let page = reader.records_after(RecordKind::Incident, &after, PAGE)?;
            let Some(last) = page.last() else { return Ok(index) };
            after.clone_from(&last.id);
            for record in &page {
                index.learn(&Kept::read(record)?.incident, record.stamp, (regimes, now));
            }
        }
    }

    fn learn(&mut self, incident: &Incident, stamp: Stamp, (regimes, now): (&[Regime], Instant)) {
        let number = incident.number;
        let before = self.all.get(&number);
        // Two writers may tell of their writing the other way round.
        if before.is_some_and(|before| before.row.version >= stamp.seq) {
            return;
        }
        if let Some(parent) = before.and_then(|before| before.row.parent)
            && let Some(children) = self.children.get_mut(&parent)
        {
            children.remove(&number);
        }
        let before = self.all.get(&number).cloned();
        let brief = Brief::of(incident, stamp);
        self.count(before.as_deref(), &brief);
        if let Some(parent) = brief.row.parent {
            self.children.entry(parent).or_default().insert(number);
        }
        match brief.row.stage {
            StageName::Reported => self.waiting.insert(number),
            _ => self.waiting.remove(&number),
        };
        match brief.row.stage.is_open() || brief.is_owed(regimes, now) {
            true => self.live.insert(number),
            false => self.live.remove(&number),
        };
        let known = self.all.get(&number).map(|it| it.prints());
        match known {
            Some(prints) => brief.keep(prints),
            None if now.since(incident.reported.at) <= RECENT => {
                let prints = Prints::of(&incident.title, &incident.reported.words);
                brief.keep(Some(Arc::new(prints)));
                self.recognise(number);
            }
            None => {}
        }
        self.all.insert(number, Arc::new(brief));
    }

    /// Counts a case as it is now, and no longer as it was.
    fn count(&mut self, before: Option<&Brief>, brief: &Brief) {
        let number = brief.row.number;
        if let Some(before) = before {
            if before.access.circle.is_none() {
                self.tally.take(&before.row, Sight::Whole);
            }
            for organisation in before.access.organisations() {
                if let Some(cases) = self.concerning.get_mut(organisation) {
                    cases.remove(&number);
                }
            }
        }
        match brief.access.circle {
            Some(_) => self.closed.insert(number),
            None => {
                self.tally.add(&brief.row, Sight::Whole);
                self.closed.remove(&number)
            }
        };
        for organisation in brief.access.organisations() {
            self.concerning.entry(organisation.clone()).or_default().insert(number);
        }
    }

    /// The closed cases of which somebody sees something.
    pub(crate) fn closed_to<'a>(
        &'a self,
        viewer: Viewer<'a>,
    ) -> impl Iterator<Item = (&'a Arc<Brief>, Sight)> {
        let closed = self.closed.iter().filter_map(|number| self.all.get(number));
        closed.filter_map(move |brief| Some((brief, brief.access.sight(viewer)?)))
    }

    /// What somebody who works in no room sees, the newest last.
    pub(crate) fn seen_outside(&self, viewer: Viewer<'_>) -> Vec<(&Arc<Brief>, Sight)> {
        let own = self.concerning.get(viewer.organisation).into_iter().flatten();
        let numbers: BTreeSet<_> = own.chain(&self.closed).collect();
        let seen = numbers.into_iter().filter_map(|number| {
            let brief = self.all.get(number)?;
            Some((brief, brief.access.sight(viewer)?))
        });
        seen.collect()
    }

    fn recognise(&mut self, number: CaseNumber) {
        self.recognised.push_back(number);
        if self.recognised.len() > RECOGNISED
            && let Some(oldest) = self.recognised.pop_front()
            && let Some(brief) = self.all.get(&oldest)
        {
            brief.keep(None);
        }
    }

    /// The cases that are recognised by their prints, the newest first.
    pub(crate) fn recognised(&self) -> impl Iterator<Item = (&Arc<Brief>, Arc<Prints>)> {
        let found = self.recognised.iter().rev().filter_map(|number| self.all.get(number));
        found.filter_map(|brief| Some((brief, brief.prints()?)))
    }

    /// The parts of a case.
    pub(crate) fn children_of(&self, number: CaseNumber) -> impl Iterator<Item = &Arc<Brief>> {
        let children = self.children.get(&number).into_iter().flatten();
        children.filter_map(|child| self.all.get(child))
    }
}

impl Brief {
    fn of(incident: &Incident, stamp: Stamp) -> Self {
        let clocked = (!incident.regimes.is_empty()).then(|| Clocked {
            regimes: incident.regimes.keys().cloned().collect(),
            facts: incident.facts(),
        });
        Self {
            row: row(incident, stamp),
            access: incident.access(),
            clocked,
            hold: incident.hold.clone(),
            reached: incident.reached.clone(),
            prints: Mutex::new(None),
        }
    }

    /// Whether a law still wants something of it.
    fn is_owed(&self, regimes: &[Regime], now: Instant) -> bool {
        let Some(clocked) = &self.clocked else { return false };
        let applied = regimes.iter().filter(|it| clocked.regimes.contains(&it.id));
        let mut standing = applied.flat_map(|regime| deadlines(regime, &clocked.facts, now));
        standing.any(|it| {
            !matches!(it.state, State::Met { .. } | State::Late { .. } | State::Discharged { .. })
        })
    }

    pub(crate) fn prints(&self) -> Option<Arc<Prints>> {
        self.prints.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, prints: Option<Arc<Prints>>) {
        *self.prints.lock().unwrap_or_else(PoisonError::into_inner) = prints;
    }
}

impl CaseRow {
    /// Its category, once somebody judged it.
    #[must_use]
    pub fn judged_category(&self) -> Option<u8> {
        self.judged.then_some(self.category)
    }

    /// As who sees only a part of the case sees it in a list.
    pub(crate) fn as_part(&self, organisation: &OrganisationId) -> Self {
        let circle = Circle::Open;
        let affected = usize::from(self.organisation == *organisation);
        Self { parent: None, circle, affected, tasks_open: 0, ..self.clone() }
    }
}

fn row(incident: &Incident, stamp: Stamp) -> CaseRow {
    CaseRow {
        number: incident.number,
        title: incident.title.as_str().into(),
        stage: incident.stage.name(),
        category: incident.assessment.category().number(),
        judged: incident.assessment.is_judged(),
        presumed: incident.assessment.presumed().number(),
        organisation: incident.reported.organisation.clone(),
        channel: incident.reported.channel,
        reported: incident.reported.at,
        gathered: incident.gathered.as_ref().map(|it| it.count),
        exercise: incident.exercise.clone(),
        changed: stamp.at,
        lead: incident.stage.lead().cloned(),
        centre: incident.routed.as_ref().map(|routed| routed.to.clone()),
        affected: incident.affected.len(),
        tasks_open: incident.tasks_open().count(),
        parent: incident.parent,
        circle: if incident.circle.is_some() { Circle::Closed } else { Circle::Open },
        awareness: incident.awareness,
        version: stamp.seq,
    }
}
