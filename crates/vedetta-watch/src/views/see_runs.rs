//! Runs of playbooks for a case, as far as who asks may see them.

use serde::Serialize;
use vedetta_desk::run::{Branch, Current, Deed, Stands as RunStands, Tongue, outline};
use vedetta_desk::{CaseNumber, Run, Sight, Stands};
use vedetta_model::{AccountId, Actor, Instant, Language};
use vedetta_store::Sequence;

use crate::actions::change_case::number_of;
use crate::actions::follow_playbook::{name, newest, of_case};
use crate::actions::keep_playbooks as playbooks;
use crate::error::WatchError;
use crate::kept;
use crate::watch::Watch;

/// A run in a list.
#[derive(Clone, Debug, Serialize)]
pub struct RunRow {
    /// Its number within the case.
    pub run: u32,
    /// The playbook that is followed.
    pub playbook: String,
    /// What it is called, in the language of who asks.
    pub name: String,
    /// Who began it.
    pub by: AccountId,
    /// When.
    pub at: Instant,
    /// How it stands.
    pub stands: RunStands,
    /// How many steps wait for a person.
    pub open: usize,
}

/// A run.
#[derive(Clone, Debug, Serialize)]
pub struct RunView {
    /// The case.
    pub number: CaseNumber,
    /// Its number within the case.
    pub run: u32,
    /// Its version, to be given back with what is done.
    pub version: Sequence,
    /// The playbook that is followed.
    pub playbook: String,
    /// What it is called.
    pub name: String,
    /// Who began it.
    pub by: AccountId,
    /// When.
    pub at: Instant,
    /// The run and step for which it is followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<(u32, u32)>,
    /// How it stands.
    pub stands: RunStands,
    /// What waits for a person.
    pub current: Vec<Current>,
    /// All steps, with how they stand.
    pub steps: Vec<Branch>,
    /// What was done, the newest first.
    pub deeds: Vec<Said>,
    /// Whether the actor may do steps.
    pub may_act: bool,
    /// Whether the actor may give it up and, in this node's room, have requests made.
    pub may_lead: bool,
}

/// What was done, with what the step is called.
#[derive(Clone, Debug, Serialize)]
pub struct Said {
    /// What the step is called.
    pub name: String,
    /// What was done.
    #[serde(flatten)]
    pub deed: Deed,
}

/// How an actor stands to the runs of a case.
struct Standing {
    whole: bool,
    stands: Stands,
    leads: bool,
}

impl Watch {
    /// The runs of a case, by number.
    ///
    /// # Errors
    /// Unknown, or not for the actor.
    pub fn runs(&self, by: &Actor, number: &str) -> Result<Vec<RunRow>, WatchError> {
        let number = number_of(number)?;
        let standing = self.standing_to(by, number)?;
        let runs = self.house().read(|reader| of_case(reader, number))?;
        let mut rows = Vec::new();
        for (place, _, run) in runs {
            if standing.whole || self.accepted(by, &run)? {
                let found = self.house().read(|reader| newest(reader, number, place))?;
                let name = found.map(|(_, _, playbook)| {
                    let tongue = Tongue { playbook: &playbook, language: by.language };
                    tongue.name().to_owned()
                });
                rows.push(RunRow {
                    run: place,
                    open: run.open.values().filter(|open| open.branches == 0).count(),
                    playbook: run.playbook,
                    name: name.unwrap_or(run.name),
                    by: run.by,
                    at: run.at,
                    stands: run.stands,
                });
            }
        }
        Ok(rows)
    }

    /// A run of a case, in the actor's language.
    ///
    /// # Errors
    /// Unknown, or not for the actor: the answer is the same.
    pub fn run(&self, by: &Actor, number: &str, place: u32) -> Result<RunView, WatchError> {
        self.run_in(by, number, place, by.language)
    }

    /// A run of a case, in a language.
    ///
    /// # Errors
    /// As [`Watch::run`].
    pub fn run_in(
        &self,
        by: &Actor,
        number: &str,
        place: u32,
        language: Language,
    ) -> Result<RunView, WatchError> {
        let number = number_of(number)?;
        let standing = self.standing_to(by, number)?;
        let found = self.house().read(|reader| newest(reader, number, place))?;
        let unknown = || WatchError::unknown("run", name(number, place));
        let (version, kept, playbook) = found.ok_or_else(unknown)?;
        let run = kept.run;
        if !standing.whole && !self.accepted(by, &run)? {
            return Err(unknown());
        }
        let tongue = Tongue { playbook: &playbook, language };
        let called = |step: &str| {
            let step = playbook.step(step);
            step.map_or_else(String::new, |step| tongue.step_name(step).to_owned())
        };
        let deeds = run.deeds.iter().rev();
        let deeds = deeds.map(|deed| Said { name: called(&deed.step), deed: deed.clone() });
        let going = run.is_going();
        let changes = matches!(standing.stands, Stands::InTheRoom | Stands::Outside);
        Ok(RunView {
            number,
            run: place,
            version,
            playbook: run.playbook.clone(),
            name: tongue.name().to_owned(),
            by: run.by.clone(),
            at: run.at,
            within: run.within,
            stands: run.stands.clone(),
            current: run.current(tongue),
            steps: outline(tongue, Some(&run)),
            deeds: deeds.collect(),
            may_act: going && changes,
            may_lead: going && standing.leads,
        })
    }

    fn standing_to(&self, by: &Actor, number: CaseNumber) -> Result<Standing, WatchError> {
        let viewer = self.viewer(by);
        let found = self.house().read(|reader| kept::newest(reader, number))?;
        let access = found.map(|(_, kept)| kept.incident.access());
        let access = access.filter(|it| it.sight(viewer).is_some());
        let access = access.ok_or_else(|| WatchError::unknown("case", number))?;
        let whole = access.sight(viewer) == Some(Sight::Whole);
        let (stands, leads) = (access.stands(viewer), access.is_led_by(viewer));
        Ok(Standing { whole, stands, leads })
    }

    /// Whether an actor's organisation accepted the playbook as it is now.
    fn accepted(&self, by: &Actor, run: &Run) -> Result<bool, WatchError> {
        let found = self.house().read(|reader| playbooks::newest(reader, &run.playbook))?;
        Ok(found.is_some_and(|(_, kept)| kept.procedure.is_accepted_by(&by.organisation)))
    }
}
