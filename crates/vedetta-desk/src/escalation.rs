//! Calling people until somebody answers: rung by rung of a [`Ladder`], up to the national centre.
//!
//! [`Alarm::advance`] says whom to call now. On each rung a person is called once by each means; a
//! rung on which nobody can be called is kept as a gap, and the next begins at once. After the last
//! rung it begins anew at intervals, until somebody answers or what it is about is over.

mod wording;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vedetta_model::language::Bilingual;
use vedetta_model::{AccountId, AgreementId, ContactId, Instant, ItemId, OrganisationId};

use crate::number::CaseNumber;
use crate::regime::StepName;

/// How people are called: data that an administrator may change.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ladder {
    /// The rungs, in order.
    pub rungs: Vec<Rung>,
    /// After how many minutes the last rung is called again.
    pub again_minutes: u32,
    /// By how much the minutes are multiplied for a case of each category, 1 to 6: what is light goes
    /// the same way up, and takes longer.
    #[serde(default = "by_category")]
    pub pace: [u32; 6],
}

/// One rung.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// How many minutes after the alarm was raised; the rungs before may bring it forward.
    pub after_minutes: u32,
    /// Who is called.
    pub whom: Whom,
    /// By which means.
    pub by: BTreeSet<Means>,
    /// Only for cases of this category or graver ones, 1 to 6; legal clocks count as the gravest. A
    /// lighter case comes to it when the rungs before reached nobody.
    #[serde(default = "all_categories")]
    pub category: u8,
}

/// Who is called on a rung.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whom {
    /// Who is on duty in the room that answers for the case.
    OnDuty,
    /// Everybody of that room who may lead cases.
    Room,
    /// Who is on duty in the national centre.
    NationalOnDuty,
    /// Everybody of the national centre who may lead cases.
    NationalRoom,
}

/// By what somebody is called.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// On the open pages of the console.
    Browser,
    /// By e-mail.
    Email,
    /// By a text message.
    Sms,
    /// By a web address that takes messages.
    Webhook,
}

/// What an alarm is about: a clock of a case, which it names by its number alone, an acknowledgement that
/// is owed, or sensors that are silent. What a case or an item is about is not told to telephones and
/// mailboxes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<CaseNumber>,
    /// The acknowledgement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owed: Option<Owed>,
    /// The sensor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensor: Option<SilentSensor>,
    /// How many sensors, when it is about many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensors: Option<usize>,
    /// Whether it is about the seal of the emergency account, which was broken.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub seal: bool,
    /// The notice that the law asks for; none of what the room aims at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<StepName>,
    /// What is due.
    pub name: Bilingual,
    /// By when.
    pub due: Instant,
    /// Whether it is missed, and not only nearly.
    pub missed: bool,
    /// The category by which rungs are chosen: the case's, or 1 for a legal clock.
    pub category: u8,
}

impl About {
    /// About something that was due at a moment, of a category; whose is to be said.
    #[must_use]
    pub const fn of(name: Bilingual, due: Instant, category: u8) -> Self {
        Self {
            number: None,
            owed: None,
            sensor: None,
            sensors: None,
            seal: false,
            notice: None,
            name,
            due,
            missed: true,
            category,
        }
    }

    /// Whether it is about sensors of which nothing is heard.
    #[must_use]
    pub const fn is_silence(&self) -> bool {
        self.sensor.is_some() || self.sensors.is_some()
    }
}

/// An acknowledgement that is owed under an agreement.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owed {
    /// Of which item.
    pub item: ItemId,
    /// By whom.
    pub organisation: OrganisationId,
    /// Under which agreement.
    pub agreement: AgreementId,
}

/// A sensor of which nothing is heard.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SilentSensor {
    /// Its account.
    pub sensor: AccountId,
    /// Whose it is.
    pub organisation: OrganisationId,
}

/// An alarm.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// What it is about.
    pub about: About,
    /// The room that answers for the case.
    pub room: OrganisationId,
    /// When it was raised.
    pub raised: Instant,
    /// How it stands.
    pub stands: Stands,
    /// The steps taken, in order.
    pub steps: Vec<Step>,
    /// Who is told at the organisation that it concerns. Nobody there answers it, so these calls keep
    /// none of the steps from being taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owner: Vec<OwnerCall>,
}

/// A call to a contact of the organisation that an alarm concerns.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerCall {
    /// Who is told.
    pub contact: ContactId,
    /// By what.
    pub by: Means,
    /// How far it came.
    pub state: CallState,
}

/// How an alarm stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Stands {
    /// Somebody is being called.
    Calling,
    /// Somebody answered.
    Answered {
        /// Who.
        by: AccountId,
        /// When.
        at: Instant,
    },
    /// What it was about is over.
    Over {
        /// When that was seen.
        at: Instant,
    },
}

/// One step: a rung as it was called.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Which rung, from 0.
    pub rung: usize,
    /// When.
    pub at: Instant,
    /// Who is called, by what; nobody where nobody can be: a gap.
    pub calls: Vec<Call>,
}

/// A call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Who is called.
    pub person: AccountId,
    /// By what.
    pub by: Means,
    /// How far it came.
    pub state: CallState,
}

/// How far a call came.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum CallState {
    /// It waits to be made.
    Waiting,
    /// It is being made.
    Making {
        /// Since when.
        at: Instant,
    },
    /// It waits for a page that shows it; one that none shows in time has failed.
    Offered {
        /// Since when.
        at: Instant,
    },
    /// It was handed over, or shown.
    Made {
        /// When.
        at: Instant,
    },
    /// It could not be made.
    Failed {
        /// When.
        at: Instant,
        /// Why.
        reason: String,
    },
    /// Nobody knows: the node ended while it was being made. It is not made again.
    Unknown {
        /// When that was seen.
        at: Instant,
    },
    /// It was no longer needed.
    Dropped,
}

/// Somebody who can be called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Callee {
    /// Who.
    pub person: AccountId,
    /// By what.
    pub by: BTreeSet<Means>,
}

/// What is wrong with a ladder.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LadderError {
    /// No rung.
    #[error("it has no rung, or more than {MOST_RUNGS}; give one at least")]
    Rungs,
    /// A rung without means.
    #[error("rung {0} calls by nothing; give browser, email, sms or webhook")]
    Means(usize),
    /// A rung that comes before the one before it.
    #[error("rung {0} comes before the one before it")]
    Order(usize),
    /// A category that is none.
    #[error("rung {0}: a category is from 1 to 6")]
    Category(usize),
    /// Nobody is ever called for light cases.
    #[error("the first rung must be for all categories: write 6")]
    First,
    /// A pace that is none.
    #[error("pace has a number below 1 or above {MOST_PACE}; 1 is as the minutes say")]
    Pace,
    /// Again at once.
    #[error("again_minutes is less than 5; people must have time to answer")]
    Again,
}

/// A ladder has no more rungs.
const MOST_RUNGS: usize = 20;
/// An alarm has no more steps: then it stands for people to see.
const MOST_STEPS: usize = 100;

/// No pace is slower.
const MOST_PACE: u32 = 96;
/// So soon a page has shown what it was offered.
const SHOWN_WITHIN: Duration = Duration::from_secs(60);

const fn all_categories() -> u8 {
    6
}

const fn by_category() -> [u32; 6] {
    [1, 1, 1, 4, 8, 16]
}

impl Default for Ladder {
    fn default() -> Self {
        let rung = |after_minutes, whom, by: &[Means], category| Rung {
            after_minutes,
            whom,
            by: by.iter().copied().collect(),
            category,
        };
        let all = [Means::Browser, Means::Email, Means::Sms, Means::Webhook];
        Self {
            rungs: vec![
                rung(0, Whom::OnDuty, &[Means::Browser, Means::Email, Means::Webhook], 6),
                rung(5, Whom::OnDuty, &all, 6),
                rung(15, Whom::Room, &all, 6),
                rung(30, Whom::NationalOnDuty, &all, 6),
                rung(60, Whom::NationalRoom, &all, 6),
            ],
            again_minutes: 60,
            pace: by_category(),
        }
    }
}

impl Ladder {
    /// Whether it stands.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), LadderError> {
        if self.rungs.is_empty() || self.rungs.len() > MOST_RUNGS {
            return Err(LadderError::Rungs);
        }
        if self.again_minutes < 5 {
            return Err(LadderError::Again);
        }
        if !self.pace.iter().all(|it| (1..=MOST_PACE).contains(it)) {
            return Err(LadderError::Pace);
        }
        let mut before = 0;
        for (place, rung) in self.rungs.iter().enumerate() {
            let number = place + 1;
            if rung.by.is_empty() {
                return Err(LadderError::Means(number));
            }
            if rung.after_minutes < before {
                return Err(LadderError::Order(number));
            }
            if !(1..=6).contains(&rung.category) {
                return Err(LadderError::Category(number));
            }
            before = rung.after_minutes;
        }
        let first = self.rungs.first().is_some_and(|rung| rung.category == 6);
        if first { Ok(()) } else { Err(LadderError::First) }
    }

    /// The same, at the full pace for every category.
    #[must_use]
    pub fn at_full_pace(&self) -> Self {
        Self { pace: [1; 6], ..self.clone() }
    }

    /// So many of its minutes, for a category.
    fn minutes(&self, minutes: u32, category: u8) -> Duration {
        let pace = self.pace.get(usize::from(category).saturating_sub(1)).copied().unwrap_or(1);
        Duration::from_secs(u64::from(minutes) * u64::from(pace) * 60)
    }
}

impl Alarm {
    /// An alarm just raised; nobody is called yet.
    #[must_use]
    pub const fn raise(about: About, room: OrganisationId, raised: Instant) -> Self {
        let stands = Stands::Calling;
        Self { about, room, raised, stands, steps: Vec::new(), owner: Vec::new() }
    }

    /// Takes every step that is due, and says where the new ones begin.
    pub fn advance(
        &mut self,
        ladder: &Ladder,
        who: &dyn Fn(Whom) -> Vec<Callee>,
        now: Instant,
    ) -> usize {
        let begin = self.steps.len();
        self.settle(now);
        while self.stands == Stands::Calling && self.steps.len() < MOST_STEPS {
            let Some((place, rung)) = self.next(ladder, now) else { break };
            self.steps.push(Step { rung: place, at: now, calls: calls(rung, who(rung.whom)) });
            // All rungs without anybody in one go: it begins anew at its interval, not at once.
            if self.steps.len() - begin >= ladder.rungs.len() {
                break;
            }
        }
        begin
    }

    /// The rung that is due.
    fn next<'a>(&self, ladder: &'a Ladder, now: Instant) -> Option<(usize, &'a Rung)> {
        let minutes = |minutes: u32| ladder.minutes(minutes, self.about.category);
        let mut rungs = ladder.rungs.iter().enumerate();
        let fits = |(_, rung): &(usize, &Rung)| self.about.category <= rung.category;
        let Some(last) = self.steps.last() else { return rungs.find(fits) };
        let higher = |(place, _): &(usize, &'a Rung)| *place > last.rung;
        let lost = last.reached_nobody();
        // That somebody hears goes before how far up a light case may go.
        let above = rungs.clone().filter(higher).find(fits);
        match above.or_else(|| rungs.find(higher).filter(|_| lost)) {
            Some((place, rung)) => {
                let due = self.raised.after(minutes(rung.after_minutes));
                (now >= due || lost).then_some((place, rung))
            }
            None => {
                let due = last.at.after(minutes(ladder.again_minutes));
                let rung = ladder.rungs.get(last.rung)?;
                (now >= due).then_some((last.rung, rung))
            }
        }
    }

    /// How far a call of a step came, or one to the owner.
    #[must_use]
    pub fn state_mut(&mut self, step: Option<usize>, call: usize) -> Option<&mut CallState> {
        match step {
            Some(step) => Some(&mut self.steps.get_mut(step)?.calls.get_mut(call)?.state),
            None => Some(&mut self.owner.get_mut(call)?.state),
        }
    }

    /// What no page showed in time has failed.
    fn settle(&mut self, now: Instant) {
        for call in self.steps.iter_mut().flat_map(|step| &mut step.calls) {
            if let CallState::Offered { at } = call.state
                && now.since(at) >= SHOWN_WITHIN
            {
                let reason = "nessuna pagina aperta / no open page".to_owned();
                call.state = CallState::Failed { at: now, reason };
            }
        }
    }

    /// A page has shown somebody that it calls them; says whether that was not known yet.
    pub fn show(&mut self, person: &AccountId, now: Instant) -> bool {
        let mut shown = false;
        for call in self.steps.iter_mut().flat_map(|step| &mut step.calls) {
            let waits = matches!(
                call.state,
                CallState::Waiting | CallState::Making { .. } | CallState::Offered { .. }
            );
            if call.by == Means::Browser && call.person == *person && waits {
                (call.state, shown) = (CallState::Made { at: now }, true);
            }
        }
        shown
    }

    /// Whether somebody is called by it.
    #[must_use]
    pub fn calls(&self, person: &AccountId) -> bool {
        let mut calls = self.steps.iter().flat_map(|step| &step.calls);
        self.stands == Stands::Calling && calls.any(|call| call.person == *person)
    }

    /// The steps on which nobody could be called.
    pub fn gaps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.calls.is_empty())
    }
}

impl Step {
    /// Whether nobody can have heard: nobody was there, or no call came through.
    fn reached_nobody(&self) -> bool {
        let lost = |call: &Call| {
            matches!(call.state, CallState::Failed { .. } | CallState::Unknown { .. })
        };
        self.calls.iter().all(lost)
    }
}

/// Each person once by each means that the rung uses and the person has.
fn calls(rung: &Rung, callees: Vec<Callee>) -> Vec<Call> {
    let mut each: BTreeMap<AccountId, BTreeSet<Means>> = BTreeMap::new();
    for callee in callees {
        each.entry(callee.person).or_default().extend(callee.by.intersection(&rung.by));
    }
    let calls = each.into_iter().flat_map(|(person, by)| {
        by.into_iter().map(move |by| Call { person: person.clone(), by, state: CallState::Waiting })
    });
    calls.collect()
}

#[cfg(test)]
mod tests;
