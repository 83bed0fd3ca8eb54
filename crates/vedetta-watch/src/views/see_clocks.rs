//! The clocks: of one case, and the next ones of all that an actor may see; drafts of notices.

use std::collections::BTreeSet;

use serde::Serialize;
use vedetta_desk::document::Document;
use vedetta_desk::incident::CaseHold;
use vedetta_desk::notice::{self, Beside, OwnName, Pen};
use vedetta_desk::posture::{Posture, aimed_at, marked};
use vedetta_desk::regime::{Certainty, suggested};
use vedetta_desk::target::{Target, targets};
use vedetta_desk::triage::traces;
use vedetta_desk::{
    Access, CaseNumber, Category, Deadline, Incident, Regime, Sight, StageName, State, StepName,
    deadlines,
};
use vedetta_flow::{VersionFilter, Wish};
use vedetta_model::language::{Bilingual, Language};
use vedetta_model::{Actor, Instant, OrganisationId};
use vedetta_store::Sequence;
use vedetta_timeliness::Timeliness;

use crate::actions::change_case::number_of;
use crate::cases::Brief;
use crate::error::WatchError;
use crate::kept;
use crate::watch::Watch;

/// The clocks of a case.
#[derive(Clone, Debug, Serialize)]
pub struct CaseClocks {
    /// The legal ones, of the laws that apply.
    pub clocks: Vec<Clock>,
    /// The room's own aims.
    pub targets: Vec<Target>,
    /// The order that keeps the case still: nothing is drafted while it binds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<CaseHold>,
    /// Laws that may apply, and are not applied.
    pub suggested: Vec<Suggested>,
}

/// A legal clock.
#[derive(Clone, Debug, Serialize)]
pub struct Clock {
    /// The step.
    pub step: StepName,
    /// The law.
    pub regime: Bilingual,
    /// What is due.
    pub name: Bilingual,
    /// Who must be told.
    pub recipient: String,
    /// Where it is written.
    pub source: String,
    /// How sure the row is.
    pub certainty: Certainty,
    /// When its clock started, or at the latest will.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Instant>,
    /// When it is due, or at the latest will be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Instant>,
    /// How it stands.
    pub state: State,
    /// Whether it is only presumed, while the class of the incident is not recorded.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub presumed: bool,
    /// What discharges it.
    pub satisfied_by: BTreeSet<StepName>,
}

/// A law that may apply.
#[derive(Clone, Debug, Serialize)]
pub struct Suggested {
    /// Which.
    pub regime: String,
    /// Its title.
    pub title: Bilingual,
    /// What speaks for it.
    pub reason: Bilingual,
}

/// A clock among those of all cases.
#[derive(Clone, Debug, Serialize)]
pub struct NextClock {
    /// The case.
    pub number: CaseNumber,
    /// What it is about.
    pub title: String,
    /// For whom it was reported.
    pub organisation: OrganisationId,
    /// Its category; until it is judged it tells nothing.
    pub category: u8,
    /// Whether anybody judged it yet.
    pub judged: bool,
    /// What is due.
    pub name: Bilingual,
    /// The legal step; absent for an aim of the room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<StepName>,
    /// The stage that is aimed at; absent for a legal step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<StageName>,
    /// By when.
    pub due: Instant,
    /// How it stands.
    pub state: State,
    /// Whether it is only presumed, while the class of the incident is not recorded.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub presumed: bool,
}

/// What presses.
#[derive(Clone, Debug, Serialize)]
pub struct Pressing {
    /// What was missed, the longest ago first.
    pub missed: Vec<NextClock>,
    /// What has a tenth of its time left, or less, the soonest first.
    pub near: Vec<NextClock>,
}

/// What presses is listed up to so many.
const LISTED: usize = 500;
/// Moments of a timeline in a report.
const TOLD: usize = 2_000;

impl Watch {
    /// The laws that the desk knows.
    #[must_use]
    pub fn regimes(&self) -> &[Regime] {
        &self.regimes
    }

    /// The clocks of a case.
    ///
    /// # Errors
    /// Unknown, or not for the actor.
    pub fn clocks(&self, by: &Actor, number: &str) -> Result<CaseClocks, WatchError> {
        let (incident, sight) = self.incident(by, number)?;
        let now = self.house().now();
        let applied = self.regimes.iter().filter(|it| incident.regimes.contains_key(&it.id));
        let clocks = applied.flat_map(|regime| {
            let standing = deadlines(regime, &incident.facts(), now).into_iter();
            standing.filter_map(move |it| clock(regime, it))
        });
        let clocks = clocks.collect();
        let category = incident.assessment.presumed();
        let routed = incident.routed.as_ref().map(|it| &it.to);
        let category = aimed_at(category, self.crisis_of(routed).as_ref());
        let targets = targets(category, incident.stage.name(), &incident.reached, now);
        let held = incident.held(now).filter(|_| sight == Sight::Whole).cloned();
        let suggested = if sight == Sight::Whole { self.suggested(&incident) } else { Vec::new() };
        Ok(CaseClocks { clocks, targets, held, suggested })
    }

    /// What is due next among the cases that an actor may see, the soonest first; missed ones are
    /// told by [`Watch::pressing`].
    ///
    /// # Errors
    /// What the ledger said.
    pub fn next_clocks(&self, by: &Actor, limit: usize) -> Result<Vec<NextClock>, WatchError> {
        let mut clocks = self.running(by)?;
        clocks.retain(|it| matches!(it.state, State::Running | State::Near));
        clocks.sort_by_key(|it| (it.due, it.number));
        clocks.truncate(limit.clamp(1, LISTED));
        Ok(clocks)
    }

    /// What was missed and what is nearly.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn pressing(&self, by: &Actor) -> Result<Pressing, WatchError> {
        let mut clocks = self.running(by)?;
        clocks.sort_by_key(|it| (it.due, it.number));
        let of = |state: State| {
            clocks.iter().filter(|it| it.state == state).take(LISTED).cloned().collect()
        };
        Ok(Pressing { missed: of(State::Missed), near: of(State::Near) })
    }

    /// The draft of a notice, filled with what the case knows.
    ///
    /// # Errors
    /// Unknown: the case, or the step; an order keeps the case still.
    pub fn draft_notice(
        &self,
        by: &Actor,
        number: &str,
        step: &StepName,
        language: Language,
    ) -> Result<Document, WatchError> {
        let (incident, sight) = self.incident(by, number)?;
        let now = self.house().now();
        if let Some(hold) = incident.held(now) {
            // That nothing may be drafted holds for all; why is not told to all.
            let order = match sight {
                Sight::Whole => format!("the order {} of {}", hold.reference, hold.authority),
                Sight::Part => "an order".into(),
            };
            let reason = format!("{order} keeps this case still; ask the operations room first");
            return Err(WatchError::conflict(reason));
        }
        let regime = self.regimes.iter().find(|it| it.id == step.regime);
        let found = regime
            .and_then(|regime| Some((regime, regime.steps.iter().find(|it| it.id == step.step)?)));
        let (regime, step) = found.ok_or_else(|| WatchError::unknown("step", step))?;
        let name = |id: &OrganisationId| self.name_of(id);
        let beside = self.beside(by, &incident)?;
        Ok(notice::draft(&incident, regime, step, (Pen { language, now, name: &name }, &beside)))
    }

    /// What a draft tells beside the case: by what it is recognised elsewhere, as far as who asks may
    /// read it, and whom to call.
    fn beside(&self, by: &Actor, incident: &Incident) -> Result<Beside, WatchError> {
        #[derive(serde::Deserialize)]
        struct Told {
            pattern: String,
        }
        const MOST: usize = 100;
        let reported = &incident.reported;
        let ids: Vec<_> = incident.items.iter().take(MOST).cloned().collect();
        let mut indicators: Vec<String> = Vec::new();
        if !ids.is_empty() {
            let wish = Wish { ids, ..Wish::all(Sequence::START, VersionFilter::Last) };
            let page = self.house().page(by, &wish)?;
            // Whom it goes to must know how far it may go.
            indicators.extend(page.items.iter().filter_map(|it| {
                let told: Told = serde_json::from_slice(&it.body).ok()?;
                Some(format!("{} ({})", told.pattern, it.tlp))
            }));
        }
        indicators.extend(traces(&reported.words).take(MOST));
        // What is its own is no sign of an attacker.
        let standing = self.house().standing();
        let assets = standing.directory.assets_of(&reported.organisation).iter();
        let own: Vec<_> = assets.filter_map(|it| OwnName::of(&it.what)).collect();
        indicators.retain(|it| !OwnName::are_all_of(&own, it));
        indicators.sort();
        indicators.dedup();
        let contacts = Timeliness::of(self.house()).contacts_at(&reported.organisation);
        let contacts = contacts.into_iter().map(|it| {
            let phone = it.phone_24h.map(|at| format!(", {at}")).unwrap_or_default();
            format!("{} ({}){phone}", it.name, it.role)
        });
        Ok(Beside { indicators, contacts: contacts.collect() })
    }

    /// The report after a case.
    ///
    /// # Errors
    /// Unknown, or not for the actor.
    pub fn after_action(
        &self,
        by: &Actor,
        number: &str,
        language: Language,
    ) -> Result<Document, WatchError> {
        let (incident, _) = self.incident(by, number)?;
        let mut done = Vec::new();
        let mut before = None;
        while done.len() < TOLD {
            let page = self.timeline(by, number, before, 500)?;
            let moments = page.moments.into_iter();
            done.extend(moments.map(|it| notice::Done {
                at: it.at,
                by: it.by.to_string(),
                words: it.words,
            }));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        done.extend(self.done_in_runs(by, number, language)?);
        done.sort_by_key(|it| it.at);
        let applied: Vec<_> =
            self.regimes.iter().filter(|it| incident.regimes.contains_key(&it.id)).collect();
        let name = |id: &OrganisationId| self.name_of(id);
        let pen = Pen { language, now: self.house().now(), name: &name };
        Ok(notice::after_action(&incident, &done, &applied, pen))
    }

    /// What was done in the runs of a case.
    fn done_in_runs(
        &self,
        by: &Actor,
        number: &str,
        language: Language,
    ) -> Result<Vec<notice::Done>, WatchError> {
        let (mut done, node) = (Vec::new(), Bilingual::new("il nodo", "the node"));
        for row in self.runs(by, number)? {
            let run = self.run_in(by, number, row.run, language)?;
            done.extend(run.deeds.into_iter().map(|it| {
                let words = it.deed.did.words();
                let said = |words: &str| {
                    let note = Some(&it.deed.note).filter(|note| !note.is_empty());
                    let note = note.map(|note| format!("; {note}")).unwrap_or_default();
                    format!("{}, {}: {words}{note}", run.name, it.name)
                };
                notice::Done {
                    at: it.deed.at,
                    by: it
                        .deed
                        .by
                        .map_or_else(|| node.to(language).to_owned(), |by| by.to_string()),
                    words: Bilingual::new(said(&words.it), said(&words.en)),
                }
            }));
        }
        Ok(done)
    }

    /// What an organisation is called.
    pub(crate) fn name_of(&self, id: &OrganisationId) -> String {
        let standing = self.house().standing();
        standing.directory.organisation(id).map_or_else(|| id.to_string(), |it| it.name.clone())
    }

    /// A case as far as an actor may see it.
    fn incident(&self, by: &Actor, number: &str) -> Result<(Incident, Sight), WatchError> {
        let number = number_of(number)?;
        let viewer = self.viewer(by);
        let found = self.house().read(|reader| kept::newest(reader, number))?;
        let seen = found.and_then(|(_, kept)| {
            let sight = kept.incident.sight(viewer)?;
            Some(match sight {
                Sight::Whole => (kept.incident, sight),
                Sight::Part => {
                    let hold = kept.incident.hold.clone();
                    let mut part = kept.incident.part_for(&by.organisation);
                    part.hold = hold;
                    (part, sight)
                }
            })
        });
        seen.ok_or_else(|| WatchError::unknown("case", number))
    }

    fn suggested(&self, incident: &Incident) -> Vec<Suggested> {
        let standing = self.house().standing();
        let of = standing.directory.organisation(&incident.reported.organisation);
        let found = of.map(suggested).unwrap_or_default().into_iter();
        let found = found.filter(|(id, _)| !incident.regimes.contains_key(*id));
        let named = found.filter_map(|(id, reason)| {
            let regime = self.regimes.iter().find(|it| it.id == id)?;
            Some(Suggested { regime: id.into(), title: regime.title.clone(), reason })
        });
        named.collect()
    }

    /// Every clock that runs, is near or missed, of the cases that an actor may see.
    fn running(&self, by: &Actor) -> Result<Vec<NextClock>, WatchError> {
        let (viewer, now) = (self.viewer(by), self.house().now());
        let postures = self.all_postures()?;
        let live: Vec<_> = {
            let held = self.index()?;
            let index = held.get();
            let live = index
                .into_iter()
                .flat_map(|index| index.live.iter().filter_map(|number| index.all.get(number)));
            live.filter(|it| it.access.sight(viewer).is_some()).cloned().collect()
        };
        let mut clocks = Vec::new();
        for brief in live {
            let sight = brief.access.sight(viewer);
            let own = brief.row.organisation == *viewer.organisation;
            if sight == Some(Sight::Whole) || own {
                clocks.extend(self.clocks_of(&brief, now));
            }
            if sight == Some(Sight::Whole) {
                clocks.extend(aims_of(&brief, &postures, now));
            }
        }
        Ok(clocks)
    }

    /// How many legal clocks of all cases were missed, for the figures of the node.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn missed_legal_clocks(&self) -> Result<usize, WatchError> {
        let clocks = self.every_clock(self.house().now())?;
        let missed = |it: &&NextClock| it.step.is_some() && it.state == State::Missed;
        Ok(clocks.iter().filter(missed).count())
    }

    /// Every clock of every case, whoever may see it.
    pub(crate) fn every_clock(&self, now: Instant) -> Result<Vec<NextClock>, WatchError> {
        let postures = self.all_postures()?;
        let live: Vec<_> = {
            let held = self.index()?;
            let index = held.get().into_iter();
            let live = index.flat_map(|index| index.live.iter().map(|it| index.all.get(it)));
            live.flatten().cloned().collect()
        };
        let clocks = live.iter().flat_map(|brief| {
            let mut clocks = self.clocks_of(brief, now);
            clocks.extend(aims_of(brief, &postures, now));
            clocks
        });
        Ok(clocks.collect())
    }

    /// The centre that a case goes to.
    pub(crate) fn centre_of(&self, number: CaseNumber) -> Option<OrganisationId> {
        let held = self.index().ok()?;
        held.get()?.all.get(&number)?.row.centre.clone()
    }

    /// What decides who may see a case.
    pub(crate) fn access_of(&self, number: CaseNumber) -> Option<Access> {
        let held = self.index().ok()?;
        Some(held.get()?.all.get(&number)?.access.clone())
    }

    fn clocks_of(&self, brief: &Brief, now: Instant) -> Vec<NextClock> {
        let Some(clocked) = &brief.clocked else { return Vec::new() };
        let applied = self.regimes.iter().filter(|it| clocked.regimes.contains(&it.id));
        let clocks = applied.flat_map(|regime| {
            let standing = deadlines(regime, &clocked.facts, now).into_iter();
            standing.filter_map(move |it| {
                let step = regime.steps.iter().find(|step| step.id == it.step.step)?;
                let runs = matches!(it.state, State::Running | State::Near | State::Missed);
                let due = it.due.filter(|_| runs)?;
                let (name, state) = (step.name.clone(), it.state);
                let presumed = it.presumed;
                Some(NextClock { presumed, ..next(brief, name, due, state, Of::Law(it.step)) })
            })
        });
        clocks.collect()
    }
}

/// What a clock belongs to.
enum Of {
    Law(StepName),
    Aim(StageName),
}

fn next(brief: &Brief, name: Bilingual, due: Instant, state: State, of: Of) -> NextClock {
    let row = &brief.row;
    let (step, target) = match of {
        Of::Law(step) => (Some(step), None),
        Of::Aim(stage) => (None, Some(stage)),
    };
    NextClock {
        number: row.number,
        title: row.title.to_string(),
        organisation: row.organisation.clone(),
        category: row.category,
        judged: row.judged,
        name: marked(name, row.exercise.as_ref()),
        step,
        target,
        due,
        state,
        presumed: false,
    }
}

fn aims_of(brief: &Brief, postures: &[Posture], now: Instant) -> Vec<NextClock> {
    let Ok(category) = Category::try_from(brief.row.presumed) else { return Vec::new() };
    let crisis = postures.iter().find(|it| it.is_crisis_of(brief.row.centre.as_ref()));
    let category = aimed_at(category, crisis);
    let aims = targets(category, brief.row.stage, &brief.reached, now).into_iter();
    let open = aims.filter(|it| matches!(it.state, State::Running | State::Near | State::Missed));
    // One at a time: the next stage, not all that follow it.
    let next_aim =
        open.take(1).map(|it| next(brief, it.stage.words(), it.due, it.state, Of::Aim(it.stage)));
    next_aim.collect()
}

fn clock(regime: &Regime, standing: Deadline) -> Option<Clock> {
    let step = regime.steps.iter().find(|step| step.id == standing.step.step)?;
    Some(Clock {
        step: standing.step,
        regime: regime.title.clone(),
        name: step.name.clone(),
        recipient: regime.recipient.clone(),
        source: regime.source.clone(),
        certainty: step.certainty,
        from: standing.from,
        due: standing.due,
        state: standing.state,
        presumed: standing.presumed,
        satisfied_by: step.satisfied_by.clone(),
    })
}
