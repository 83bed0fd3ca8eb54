//! Escalation: alarms of clocks that press and of acknowledgements that are overdue, whom they call,
//! and who answers. All of it is in the
//! ledger, calls as jobs of it: a node that starts again goes on where it was, and makes no call
//! twice.

mod silence;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::json;
use vedetta_desk::escalation::{
    About, Alarm, CallState, Callee, Ladder, Means, Owed, OwnerCall, SilentSensor, Stands, Whom,
};
use vedetta_desk::refusal::Refusal as _;
use vedetta_desk::{CaseNumber, OnDuty, Roster, Sight, State};
use vedetta_flow::FlowError;
use vedetta_flow::steps::call_webhooks::{Reminder, queue_reminders};
use vedetta_model::account::AccountState;
use vedetta_model::contact::Channel;
use vedetta_model::language::Bilingual;
use vedetta_model::organisation::OrganisationKind;
use vedetta_model::part::OPERATOR;
use vedetta_model::{Account, AccountId, Actor, ContactId, Instant, Language, OrganisationId};
use vedetta_store::{Lease, NewJob, Reader, RecordKind, Sequence, StoreError, UnitOfWork};
use vedetta_timeliness::{Overdue, Timeliness};

use crate::actions::keep_playbooks::spoilt;
use crate::error::WatchError;
use crate::views::see_alarms::AlarmView;
use crate::views::see_clocks::NextClock;
use crate::watch::{OFFICERS, Watch};

/// A call that is to be made now: it is in the ledger that it is being made.
#[derive(Clone, Debug)]
pub struct DueCall {
    /// By what.
    pub by: Means,
    /// Where to: a mailbox, a number, a web address; empty for the browser.
    pub to: String,
    /// In whose language.
    pub language: Language,
    /// What to say in a line.
    pub subject: String,
    /// What to say.
    pub text: String,
    /// The alarm.
    pub alarm: String,
    lease: Lease,
    task: Task,
}

/// What was seen when the clocks were looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Looked {
    /// Alarms raised.
    pub raised: usize,
    /// Alarms that are over.
    pub over: usize,
    /// Calls queued.
    pub calls: usize,
}

/// A job: one call of one step of one alarm.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Task {
    alarm: String,
    /// None: a call to the organisation that it concerns.
    step: Option<usize>,
    call: usize,
}

/// A sensor at work that is silent, or of which nothing is known since the node was started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unheard {
    /// Which.
    pub sensor: SilentSensor,
    /// What it is called.
    pub name: String,
    /// Since when it is silent; nothing when that is not known yet.
    pub since: Option<Instant>,
}

/// Who is called.
#[derive(Clone, Debug)]
enum Called {
    Person(AccountId),
    Owner(ContactId),
}

/// The step of the ledger's jobs.
const STEP: &str = "desk/call";
/// How long one call may take.
const TERM: std::time::Duration = std::time::Duration::from_secs(120);
/// The setting that holds the ladder.
const LADDER: &str = "escalation";
/// Where the alarms that are open are remembered.
const OPEN: &str = "desk/alarms";
/// Alarms open at once; the gravest come first.
const MOST: usize = 500;
/// Of these, of acknowledgements.
const MOST_OWED: usize = 100;
/// How grave a missing acknowledgement is, and a silent sensor: called at the slowest pace.
const LIGHT: u8 = 6;

/// By what somebody is called beside the pages.
pub(crate) const FURTHER: [Means; 3] = [Means::Email, Means::Sms, Means::Webhook];

/// So long a broken seal calls people who have not answered.
const SEAL_TOLD: std::time::Duration = std::time::Duration::from_secs(86_400);

/// What calls, and the room that answers for it.
type Pressing = BTreeMap<String, (About, OrganisationId)>;

impl Watch {
    /// As [`Self::look`], at the clocks alone: sensors stay as they were.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn look_at_clocks(&self) -> Result<Looked, WatchError> {
        self.look_at(None)
    }

    /// Looks at the clocks and the sensors: raises an alarm for each clock that is nearly due or missed
    /// and each sensor that is silent, ends those that are over, and queues the calls that are due.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn look(&self, unheard: &[Unheard]) -> Result<Looked, WatchError> {
        self.look_at(Some(unheard))
    }

    fn look_at(&self, unheard: Option<&[Unheard]>) -> Result<Looked, WatchError> {
        let now = self.house().now();
        let mut pressing = self.every_pressing(now)?;
        pressing.extend(self.every_overdue(now)?);
        pressing.extend(self.broken_seal(now)?);
        let (ladder, mut alarms) = self.house().read(|reader| {
            let mut alarms = BTreeMap::new();
            for id in open(reader)? {
                if let Some((at, alarm)) = read_alarm(reader, &id)? {
                    alarms.insert(id, (Some(at), alarm));
                }
            }
            Ok((ladder(reader)?, alarms))
        })?;
        match unheard {
            Some(unheard) => pressing.extend(self.every_silent(unheard, &alarms, now)),
            None => {
                let sensors = alarms.iter().filter(|(_, (_, it))| it.about.is_silence());
                pressing.extend(
                    sensors.map(|(id, (_, it))| (id.clone(), (it.about.clone(), it.room.clone()))),
                );
            }
        }
        let mut looked = Looked::default();
        let mut owed = alarms.values().filter(|(_, alarm)| alarm.about.owed.is_some()).count();
        // A legal clock finds room before all others do.
        let (clocks, others): (Vec<_>, Vec<_>) = pressing
            .iter()
            .partition(|(_, (about, _))| about.owed.is_none() && !about.is_silence());
        for (id, (about, room)) in clocks.into_iter().chain(others) {
            let full = alarms.len() >= MOST || (about.owed.is_some() && owed >= MOST_OWED);
            if full || alarms.contains_key(id) || self.alarm_of(id)?.is_some() {
                continue;
            }
            let mut alarm = Alarm::raise(about.clone(), room.clone(), now);
            alarm.owner = self.owner_calls(about);
            owed += usize::from(about.owed.is_some());
            alarms.insert(id.clone(), (None, alarm));
            looked.raised += 1;
        }
        let (rosters, full) = (self.rosters()?, ladder.at_full_pace());
        let mut changed = Vec::new();
        for (id, (at, before)) in alarms {
            let open = pressing.contains_key(&id);
            let mut alarm = before.clone();
            if let Some((about, _)) = pressing.get(&id).filter(|(it, _)| it.sensors.is_some()) {
                // They became more.
                alarm.about = about.clone();
            }
            if !open && alarm.stands == Stands::Calling {
                alarm.stands = Stands::Over { at: now };
            }
            let who = |whom| self.callees(whom, &rosters, (&before, now));
            let crisis = self.crisis_of(Some(&before.room)).is_some();
            let begin = alarm.advance(if crisis { &full } else { &ladder }, &who, now);
            if at.is_none() || !open || alarm != before {
                looked.over += usize::from(!open);
                looked.calls +=
                    alarm.steps.iter().skip(begin).map(|it| it.calls.len()).sum::<usize>();
                looked.calls += if at.is_none() { alarm.owner.len() } else { 0 };
                let told = at.map_or_else(|| self.told_at_programs(&id, &alarm), |_| Vec::new());
                changed.push(Change { id, at, alarm, begin, open, told });
            }
        }
        if !changed.is_empty() {
            let told = self.house().write(move |unit| write(unit, &changed, now))?;
            self.reminders.give(told, now);
        }
        Ok(looked)
    }

    /// Leases calls that are due, and writes that they are being made. One whose making broke off is
    /// not made again: nobody knows whether it came through, and the next rung begins at once.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn due_calls(&self, limit: usize) -> Result<Vec<DueCall>, WatchError> {
        let now = self.house().now();
        let leased = self.house().write(move |unit| {
            let mut due = Vec::new();
            for lease in unit.lease(STEP, now, TERM, limit)? {
                let task: Task = serde_json::from_str(&lease.job.task)
                    .map_err(|error| spoilt(&lease.job.key, &error))?;
                match take_up(unit, &task, now)? {
                    Some((called, by, alarm)) => due.push((lease, task, called, by, alarm)),
                    None => unit.finish(&lease)?,
                }
            }
            Ok(due)
        })?;
        let (mut due, standing) = (Vec::new(), self.house().standing());
        for (lease, task, called, by, alarm) in leased {
            let (to, language, (subject, text)) = match &called {
                Called::Person(person) => {
                    let account = standing.directory.account(person);
                    let language = account.map_or(Language::It, |it| it.language);
                    (self.address_of(person, by), language, alarm.about.say(language))
                }
                Called::Owner(contact) => {
                    let contact = standing.directory.contact(contact);
                    let to = contact.and_then(|it| address_at(&it.channels, by));
                    (to, Language::It, alarm.about.tell_owner())
                }
            };
            let to = to.unwrap_or_default();
            let alarm = task.alarm.clone();
            due.push(DueCall { by, to, language, subject, text, alarm, lease, task });
        }
        Ok(due)
    }

    /// Writes what came of a call.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn end_call(&self, due: DueCall, outcome: Result<(), String>) -> Result<(), WatchError> {
        let now = self.house().now();
        let DueCall { lease, task, by, .. } = due;
        self.house().write(move |unit| {
            let state = match &outcome {
                // That it waits on the pages shows it to nobody yet.
                Ok(()) if by == Means::Browser => CallState::Offered { at: now },
                Ok(()) => CallState::Made { at: now },
                Err(reason) => {
                    let reason = reason.chars().take(300).collect();
                    CallState::Failed { at: now, reason }
                }
            };
            // Taken for lost meanwhile, it stays so: its lease is another's.
            if unit.finish(&lease).is_err() {
                return Ok(());
            }
            set_state(unit, &task, state)
        })?;
        Ok(())
    }

    /// A page has shown an actor that these alarms call; says of how many that was not known.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn shown_alarms(&self, by: &Actor, shown: &[String]) -> Result<usize, WatchError> {
        let (person, now) = (by.account.clone(), self.house().now());
        let calls =
            |(id, _, alarm): &(String, _, Alarm)| shown.contains(id) && alarm.calls(&person);
        let found = self.open_alarms()?.into_iter().filter(calls);
        let ids: Vec<_> = found.map(|(id, ..)| id).collect();
        if ids.is_empty() {
            return Ok(0);
        }
        let person = by.account.clone();
        Ok(self.house().write(move |unit| {
            let mut shown = 0;
            for id in &ids {
                let Some((_, mut alarm)) = read_alarm(unit, id)? else { continue };
                if alarm.show(&person, now) {
                    put_alarm(unit, id, &alarm, person.as_str())?;
                    shown += 1;
                }
            }
            Ok(shown)
        })?)
    }

    /// Answers an alarm: nobody is called for it any more.
    ///
    /// # Errors
    /// Unknown to the actor, or over.
    pub fn answer_alarm(&self, by: &Actor, id: &str) -> Result<AlarmView, WatchError> {
        let seen = self.alarm(by, id)?;
        if !seen.may_answer {
            let told = |english: String, italian: String| {
                WatchError::refused(FlowError::Conflict(english), italian)
            };
            return Err(match seen.alarm.stands {
                Stands::Answered { by, at } => told(
                    format!("{by} answered it at {at}; there is nothing to do"),
                    format!("ha già risposto {by}: non resta nulla da fare"),
                ),
                Stands::Over { at } => told(
                    format!("it was over at {at}; there is nothing to do"),
                    "ciò che lo faceva chiamare è finito: non resta nulla da fare".into(),
                ),
                Stands::Calling => FlowError::Forbidden {
                    who: by.account.to_string(),
                    what: "answer this alarm",
                    advice: "an officer of the room may, or who is called",
                }
                .into(),
            });
        }
        let (name, actor, now) = (id.to_owned(), by.account.clone(), self.house().now());
        let answered = self.house().write(move |unit| {
            let Some((_, mut alarm)) = read_alarm(unit, &name)? else { return Ok(false) };
            if alarm.stands != Stands::Calling {
                return Ok(false);
            }
            alarm.stands = Stands::Answered { by: actor.clone(), at: now };
            for call in alarm.steps.iter_mut().flat_map(|step| &mut step.calls) {
                if call.state == CallState::Waiting {
                    call.state = CallState::Dropped;
                }
            }
            put_alarm(unit, &name, &alarm, actor.as_str())?;
            Ok(true)
        })?;
        if !answered {
            return Err(WatchError::conflict("somebody else was faster; read it again"));
        }
        self.alarm(by, id)
    }

    /// How people are called.
    ///
    /// # Errors
    /// Forbidden.
    pub fn ladder(&self, by: &Actor) -> Result<Ladder, WatchError> {
        self.house().require_room(by, OFFICERS, "see how people are called")?;
        Ok(self.house().read(|reader| ladder(reader))?)
    }

    /// Says how people are called.
    ///
    /// # Errors
    /// Forbidden, or a ladder that does not stand.
    pub fn put_ladder(&self, by: &Actor, ladder: Ladder) -> Result<Ladder, WatchError> {
        self.house().require_room(by, &[], "say how people are called")?;
        ladder.check().map_err(|error| {
            WatchError::refused(FlowError::invalid("ladder", &error), error.italian())
        })?;
        let body = serde_json::to_vec(&ladder).map_err(|error| spoilt(LADDER, &error))?;
        let actor = by.account.clone();
        self.house().write(move |unit| {
            unit.put_record(RecordKind::Setting, LADDER, &body, actor.as_str())
        })?;
        Ok(ladder)
    }

    /// What presses in all cases, whoever may see them, by the identifier of its alarm.
    fn every_pressing(&self, now: Instant) -> Result<Pressing, WatchError> {
        let mut clocks = self.every_clock(now)?;
        clocks.retain(|it| matches!(it.state, State::Near | State::Missed));
        clocks.sort_by_key(|it| (category_of(it), it.due));
        let of = |clock: NextClock| (name_of(&clock), (about(&clock), self.room_of(&clock)));
        Ok(clocks.into_iter().take(MOST * 4).map(of).collect())
    }

    /// Every acknowledgement that is overdue, by the identifier of its alarm: one for an item and an
    /// organisation, once and for all.
    fn every_overdue(&self, now: Instant) -> Result<Pressing, WatchError> {
        let standing = self.house().standing();
        let Some(own) = standing.own.clone() else { return Ok(Pressing::new()) };
        let about = |it: &Overdue| {
            let name = self.name_of(&it.organisation);
            let (item, organisation) = (it.item.clone(), it.organisation.clone());
            let owed = Owed { item, organisation, agreement: it.agreement.clone() };
            let name = Bilingual::new(
                format!("presa visione di {name}"),
                format!("acknowledgement by {name}"),
            );
            About { owed: Some(owed), ..About::of(name, it.due, LIGHT) }
        };
        let overdue = self.overdue_now(now)?;
        let named = overdue
            .iter()
            .map(|it| (format!("owed.{}.{}", it.item, it.organisation), (about(it), own.clone())));
        Ok(named.collect())
    }

    /// That the seal of the emergency account was broken calls people, like the gravest.
    fn broken_seal(&self, now: Instant) -> Result<Pressing, WatchError> {
        let (Some(own), Some(used)) = (self.house().standing().own.clone(), self.last_emergency()?)
        else {
            return Ok(Pressing::new());
        };
        if now.since(used.at) >= SEAL_TOLD {
            return Ok(Pressing::new());
        }
        let name = Bilingual::new(
            "sigillo dell'account di emergenza rotto",
            "seal of the emergency account broken",
        );
        let about = About { seal: true, ..About::of(name, used.at, 1) };
        Ok(Pressing::from([(format!("seal.{}", used.at.micros()), (about, own))]))
    }

    /// Whom to tell at the organisation whose sensor is silent, each by all that reaches him.
    fn owner_calls(&self, about: &About) -> Vec<OwnerCall> {
        let Some(sensor) = &about.sensor else { return Vec::new() };
        let contacts = Timeliness::of(self.house()).contacts_at(&sensor.organisation);
        let calls = contacts.into_iter().flat_map(|contact| {
            let there =
                FURTHER.into_iter().filter(|by| address_at(&contact.channels, *by).is_some());
            let call =
                |by| OwnerCall { contact: contact.id.clone(), by, state: CallState::Waiting };
            there.map(call).collect::<Vec<_>>()
        });
        calls.collect()
    }

    /// The room that answers for a case: the centre it goes to, where that has people here; else this
    /// node's own.
    fn room_of(&self, clock: &NextClock) -> OrganisationId {
        let standing = self.house().standing();
        let routed = self.centre_of(clock.number);
        let here = |id: &OrganisationId| !self.leaders(id).is_empty();
        let own = || standing.own.clone().unwrap_or_else(|| clock.organisation.clone());
        routed.filter(here).unwrap_or_else(own)
    }

    fn rosters(&self) -> Result<BTreeMap<OrganisationId, Roster>, WatchError> {
        let records = self.house().read(|reader| reader.records(RecordKind::Roster))?;
        let rosters = records.into_iter().map(|record| {
            let roster: Roster =
                serde_json::from_slice(&record.body).map_err(|error| spoilt(&record.id, &error))?;
            Ok((roster.organisation.clone(), roster))
        });
        rosters.collect::<Result<_, StoreError>>().map_err(WatchError::from)
    }

    /// Who can be called on a rung, of those who may see the case.
    fn callees(
        &self,
        whom: Whom,
        rosters: &BTreeMap<OrganisationId, Roster>,
        (alarm, now): (&Alarm, Instant),
    ) -> Vec<Callee> {
        let standing = self.house().standing();
        let national = || {
            let mut centres = standing.directory.of_kind(OrganisationKind::NationalCentre);
            centres.next().map(|centre| centre.organisation.id.clone())
        };
        let room = &alarm.room;
        let people = match whom {
            Whom::OnDuty => on_duty(room, rosters, now),
            Whom::NationalOnDuty => {
                national().map(|id| on_duty(&id, rosters, now)).unwrap_or_default()
            }
            Whom::Room => self.leaders(room),
            Whom::NationalRoom => national().map(|id| self.leaders(&id)).unwrap_or_default(),
        };
        let sees = |person: &AccountId| self.may_see(person, alarm);
        let called = people
            .into_iter()
            .filter(sees)
            .map(|person| Callee { by: self.means_of(&person), person });
        called.collect()
    }

    /// Those of a room who may lead cases.
    fn leaders(&self, room: &OrganisationId) -> BTreeSet<AccountId> {
        let standing = self.house().standing();
        let accounts = standing.directory.accounts_of(room).iter();
        let leads = accounts.filter(|account| {
            account.state == AccountState::Active
                && account.roles.iter().any(|role| OFFICERS.contains(role))
        });
        leads.map(|account| account.id.clone()).collect()
    }

    /// Whether a person may know of the case: a case kept to a few is theirs alone, and one of an
    /// exercise of those who take part.
    fn may_see(&self, person: &AccountId, alarm: &Alarm) -> bool {
        let standing = self.house().standing();
        let Some(account) = standing.directory.account(person) else { return false };
        if account.state != AccountState::Active {
            return false;
        }
        let Some(number) = alarm.about.number else { return true };
        self.may_see_case(account, number).unwrap_or_else(|error| {
            // Whose it is cannot be read: the node's own room is called, and nobody outside.
            tracing::error!(%error, case = %number, "nobody outside the room is called");
            standing.own.as_ref() == Some(&account.organisation)
        })
    }

    fn may_see_case(&self, account: &Account, number: CaseNumber) -> Result<bool, WatchError> {
        let brief = self.index()?.get().and_then(|index| index.all.get(&number).cloned());
        let brief = brief.ok_or_else(|| WatchError::unknown("case", number))?;
        // An exercise calls nobody who takes no part in it.
        if let Some(exercise) = &brief.row.exercise
            && !self.participants_of(exercise)?.contains(&account.organisation)
        {
            return Ok(false);
        }
        if brief.access.circle.is_none() {
            return Ok(true);
        }
        let actor = Actor {
            account: account.id.clone(),
            organisation: account.organisation.clone(),
            roles: account.roles.clone(),
            language: account.language,
            way: vedetta_model::Way::InPerson,
        };
        Ok(brief.access.sight(self.viewer(&actor)) == Some(Sight::Whole))
    }

    /// By what a person can be called: the pages, and what the directory says of them.
    fn means_of(&self, person: &AccountId) -> BTreeSet<Means> {
        let there = FURTHER.into_iter().filter(|by| self.address_of(person, *by).is_some());
        there.chain([Means::Browser]).collect()
    }

    /// Where a person is reached by a means.
    fn address_of(&self, person: &AccountId, by: Means) -> Option<String> {
        let standing = self.house().standing();
        let account = standing.directory.account(person)?;
        let contacts = standing.directory.contacts_of(&account.organisation).iter();
        let own = contacts.filter(|contact| contact.account.as_ref() == Some(person));
        address_at(own.flat_map(|contact| &contact.channels), by)
    }

    /// Whom an alarm about a clock reminds at their programs: of what the law asks for all who see the
    /// case, of an aim its room. A case kept to a few is told to no program.
    fn told_at_programs(&self, id: &str, alarm: &Alarm) -> Vec<Reminder> {
        let About { number, notice, name, due, missed, .. } = &alarm.about;
        let Some(access) = number.and_then(|it| self.access_of(it)) else { return Vec::new() };
        let whole = access.organisations().filter(|_| notice.is_some()).chain([&alarm.room]);
        let whom: BTreeSet<_> = whole.filter(|_| access.circle.is_none()).collect();
        let told = json!({ "about": "clock", "alarm": id, "case": number, "notice": notice,
            "name": name, "due": due, "missed": missed, "at": alarm.raised });
        whom.into_iter().map(|it| Reminder(it.clone(), told.clone())).collect()
    }

    pub(crate) fn alarm_of(&self, id: &str) -> Result<Option<(Sequence, Alarm)>, WatchError> {
        Ok(self.house().read(|reader| read_alarm(reader, id))?)
    }
}

/// An alarm that is to be written.
#[derive(Clone)]
struct Change {
    id: String,
    at: Option<Sequence>,
    alarm: Alarm,
    begin: usize,
    open: bool,
    told: Vec<Reminder>,
}

/// Writes alarms and queues their calls; says whom they reminded. What changed meanwhile waits for the
/// next look.
fn write(
    unit: &mut dyn UnitOfWork,
    changed: &[Change],
    now: Instant,
) -> Result<Vec<Reminder>, StoreError> {
    let (mut known, mut reminded) = (self::open(unit)?, Vec::new());
    for Change { id, at, alarm, begin, open, told } in changed {
        if read_alarm(unit, id)?.map(|(at, _)| at) != *at {
            continue;
        }
        put_alarm(unit, id, alarm, OPERATOR)?;
        queue_reminders(unit, (id, now), told)?;
        reminded.extend(told.iter().cloned());
        if *open {
            known.insert(id.clone())
        } else {
            known.remove(id)
        };
        let owner = if at.is_none() { alarm.owner.len() } else { 0 };
        let steps = alarm.steps.iter().enumerate().skip(*begin);
        let steps = steps.map(|(step, taken)| (Some(step), taken.calls.len()));
        for (step, calls) in steps.chain([(None, owner)]) {
            for call in 0..calls {
                let task = Task { alarm: id.clone(), step, call };
                let text = serde_json::to_string(&task).map_err(|error| spoilt(id, &error))?;
                let step = step.map_or_else(|| "owner".to_owned(), |step| step.to_string());
                let key = format!("{id}/{step}/{call}");
                unit.enqueue(&NewJob { step: STEP, key: &key, task: &text, due: now })?;
            }
        }
    }
    let names = serde_json::to_vec(&known).map_err(|error| spoilt(OPEN, &error))?;
    unit.set_bookmark(OPEN, &names)?;
    Ok(reminded)
}

/// The address for a means among channels.
pub(crate) fn address_at<'c>(
    channels: impl IntoIterator<Item = &'c Channel>,
    by: Means,
) -> Option<String> {
    channels.into_iter().find_map(|channel| match (channel, by) {
        (Channel::Email(at), Means::Email)
        | (Channel::Phone(at), Means::Sms)
        | (Channel::Web(at), Means::Webhook) => Some(at.clone()),
        _ => None,
    })
}

/// Takes a call up if it is still to be made.
fn take_up(
    unit: &mut dyn UnitOfWork,
    task: &Task,
    now: Instant,
) -> Result<Option<(Called, Means, Alarm)>, StoreError> {
    let Some((_, mut alarm)) = read_alarm(unit, &task.alarm)? else { return Ok(None) };
    let calling = match task.step {
        Some(_) => alarm.stands == Stands::Calling,
        // That somebody looks at it is no reason not to tell whose it is.
        None => !matches!(alarm.stands, Stands::Over { .. }),
    };
    let called = match task.step {
        Some(step) => {
            let call = alarm.steps.get(step).and_then(|step| step.calls.get(task.call));
            call.map(|call| (Called::Person(call.person.clone()), call.by))
        }
        None => alarm.owner.get(task.call).map(|it| (Called::Owner(it.contact.clone()), it.by)),
    };
    let Some((called, by)) = called else { return Ok(None) };
    let Some(before) = alarm.state_mut(task.step, task.call) else { return Ok(None) };
    let (state, goes) = match (&*before, calling) {
        (CallState::Waiting, true) => (CallState::Making { at: now }, true),
        (CallState::Waiting, false) => (CallState::Dropped, false),
        (CallState::Making { .. }, _) => (CallState::Unknown { at: now }, false),
        _ => return Ok(None),
    };
    *before = state;
    put_alarm(unit, &task.alarm, &alarm, OPERATOR)?;
    Ok(goes.then_some((called, by, alarm)))
}

fn set_state(unit: &mut dyn UnitOfWork, task: &Task, state: CallState) -> Result<(), StoreError> {
    let Some((_, mut alarm)) = read_alarm(unit, &task.alarm)? else { return Ok(()) };
    // A page may have shown it while it was being made.
    if let Some(before) = alarm.state_mut(task.step, task.call)
        && matches!(before, CallState::Making { .. })
    {
        *before = state;
        put_alarm(unit, &task.alarm, &alarm, OPERATOR)?;
    }
    Ok(())
}

pub(crate) fn read_alarm(
    reader: &mut (impl Reader + ?Sized),
    id: &str,
) -> Result<Option<(Sequence, Alarm)>, StoreError> {
    let Some(record) = reader.record(RecordKind::Alarm, id)? else { return Ok(None) };
    let alarm = serde_json::from_slice(&record.body).map_err(|error| spoilt(id, &error))?;
    Ok(Some((record.stamp.seq, alarm)))
}

fn put_alarm(
    unit: &mut dyn UnitOfWork,
    id: &str,
    alarm: &Alarm,
    actor: &str,
) -> Result<(), StoreError> {
    let body = serde_json::to_vec(alarm).map_err(|error| spoilt(id, &error))?;
    unit.put_record(RecordKind::Alarm, id, &body, actor).map(drop)
}

fn ladder(reader: &mut (impl Reader + ?Sized)) -> Result<Ladder, StoreError> {
    let record = reader.record(RecordKind::Setting, LADDER)?;
    let ladder = record.map(|it| serde_json::from_slice(&it.body)).transpose();
    Ok(ladder.map_err(|error| spoilt(LADDER, &error))?.unwrap_or_default())
}

/// The alarms that are not over.
pub(crate) fn open(reader: &mut (impl Reader + ?Sized)) -> Result<BTreeSet<String>, StoreError> {
    let names = reader.bookmark(OPEN)?;
    let names = names.map(|names| serde_json::from_slice(&names)).transpose();
    Ok(names.map_err(|error| spoilt(OPEN, &error))?.unwrap_or_default())
}

/// Who is on duty in a room, or in the one that covers for it.
fn on_duty(
    room: &OrganisationId,
    rosters: &BTreeMap<OrganisationId, Roster>,
    now: Instant,
) -> BTreeSet<AccountId> {
    let at = |room: &OrganisationId| rosters.get(room).map(|roster| roster.on_duty(now));
    match at(room) {
        Some(OnDuty::People { people, .. }) => people,
        Some(OnDuty::Covered { by, .. }) => match at(&by) {
            Some(OnDuty::People { people, .. }) => people,
            _ => BTreeSet::new(),
        },
        _ => BTreeSet::new(),
    }
}

/// One alarm for a clock nearly due, another for the same missed; a clock set anew is another.
fn name_of(clock: &NextClock) -> String {
    let what = match (&clock.step, clock.target) {
        (Some(step), _) => step.to_string(),
        (None, target) => target.map_or_else(String::new, |it| it.as_str().to_owned()),
    };
    let how = if clock.state == State::Missed { "missed" } else { "near" };
    format!("{}.{what}.{}.{how}", clock.number, clock.due.micros())
}

/// The category by which rungs are chosen.
const fn category_of(clock: &NextClock) -> u8 {
    if clock.step.is_some() { 1 } else { clock.category }
}

fn about(clock: &NextClock) -> About {
    let about = About::of(clock.name.clone(), clock.due, category_of(clock));
    let (number, notice) = (Some(clock.number), clock.step.clone());
    About { number, notice, missed: clock.state == State::Missed, ..about }
}
