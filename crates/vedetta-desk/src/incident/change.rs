//! What somebody does with a case, and what is refused.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};
use vedetta_model::language::Bilingual;
use vedetta_model::{AccountId, Instant, ItemId, OrganisationId};

use super::{
    Affected, CaseHold, Done, FileNote, Gathered, Incident, Origin, Recommended, Routed, Sent,
    Source, Task,
};
use crate::circle::Audience;
use crate::notice::Element;
use crate::number::CaseNumber;
use crate::regime::StepName;
use crate::severity::{Category, Factor, Grade, Override};

/// What somebody does with a case.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// Takes it on.
    Triage,
    /// Finds it real.
    Confirm {
        /// What shows it.
        evidence: String,
    },
    /// Has stopped it.
    Contain {
        /// What was done.
        measures: String,
    },
    /// Has the services back.
    Recover {
        /// How that was checked.
        checked: String,
    },
    /// Ends it.
    Close {
        /// What was behind it.
        cause: String,
        /// What is done so that it does not happen again.
        lesson: String,
    },
    /// Finds that it was none.
    Dismiss {
        /// Why.
        reason: String,
    },
    /// Takes it up again.
    Reopen {
        /// Why.
        reason: String,
    },
    /// Finds that another case is about the same.
    Merge {
        /// Which.
        into: CaseNumber,
        /// Why.
        reason: String,
    },
    /// Finds that it is a case of its own after all.
    Split {
        /// Why.
        reason: String,
    },
    /// Takes in a report of the same thing; the other half of a merge.
    Absorb {
        /// Which.
        case: CaseNumber,
    },
    /// Gives a report back; the other half of a split.
    Yield {
        /// Which.
        case: CaseNumber,
    },
    /// Hands it to another.
    Assign {
        /// To whom.
        lead: AccountId,
    },
    /// Hands it to another centre.
    Route {
        /// Which.
        to: OrganisationId,
        /// Why.
        reason: String,
    },
    /// Gives it another title.
    Rename {
        /// Which.
        title: String,
    },
    /// Says what it is.
    Classify {
        /// The values of RSIT and TC-ACN.
        classes: BTreeSet<String>,
        /// Where the threat comes from.
        origin: Origin,
    },
    /// Judges a factor of its gravity.
    Judge {
        /// Which.
        factor: Factor,
        /// How.
        grade: Grade,
    },
    /// Chooses another category than the score's.
    Override {
        /// Which.
        category: Category,
        /// Why.
        reason: String,
    },
    /// Says how an organisation is.
    Affect {
        /// Which.
        organisation: OrganisationId,
        /// How.
        affected: Affected,
    },
    /// Finds that an organisation is not hit.
    Spare {
        /// Which.
        organisation: OrganisationId,
    },
    /// Lets an organisation see the case.
    Admit {
        /// Which.
        organisation: OrganisationId,
    },
    /// Shows it the case no longer.
    Exclude {
        /// Which.
        organisation: OrganisationId,
    },
    /// Shows the case to these persons alone.
    Enclose {
        /// Whom; who does it and who leads it are among them always.
        people: BTreeSet<AccountId>,
    },
    /// Shows it to the room and its participants again.
    Disclose {
        /// Why.
        reason: String,
    },
    /// Finds that it belongs to an exercise, or that it is real after all.
    Practise {
        /// Which exercise.
        exercise: Option<String>,
    },
    /// Makes it a part of another, or of none.
    Join {
        /// Which.
        parent: Option<CaseNumber>,
    },
    /// Adds an item.
    Link {
        /// Which.
        item: ItemId,
    },
    /// Takes an item away.
    Unlink {
        /// Which.
        item: ItemId,
    },
    /// Adds a message of the mail desk.
    Cite {
        /// Its number.
        #[serde(deserialize_with = "number")]
        message: String,
    },
    /// Takes a message away.
    Uncite {
        /// Its number.
        #[serde(deserialize_with = "number")]
        message: String,
    },
    /// Says since when it was known, or evident.
    Know {
        /// When the organisation became aware.
        awareness: Option<Instant>,
        /// When it was evident.
        evidence: Option<Instant>,
    },
    /// Says that a law applies.
    Apply {
        /// Which regime.
        regime: String,
        /// For which class of incident, where it owes one step by class: that step; said again when it
        /// is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<String>,
        /// Why.
        reason: String,
    },
    /// Says that it does not.
    Lift {
        /// Which regime.
        regime: String,
        /// Why.
        reason: String,
    },
    /// Records that a notice was sent.
    Send {
        /// Which.
        step: StepName,
        /// When, and what proves it.
        sent: Sent,
    },
    /// States something that notices ask for.
    State {
        /// What.
        about: Element,
        /// How it is; empty takes back what was stated.
        says: String,
    },
    /// Keeps it still by an authority's order.
    Hold {
        /// The authority, as named in the order.
        authority: String,
        /// The order's number.
        reference: String,
        /// Until when, exclusive; open-ended without it.
        until: Option<Instant>,
    },
    /// Ends the order.
    Release {
        /// Why.
        reason: String,
    },
    /// Gives a task.
    Task {
        /// What is to be done.
        text: String,
        /// By which organisation; the operations room without it.
        organisation: Option<OrganisationId>,
        /// By whom.
        assignee: Option<AccountId>,
        /// By when.
        due: Option<Instant>,
    },
    /// Did a task.
    Finish {
        /// Which, from 1.
        task: usize,
        /// How it went.
        note: String,
    },
    /// Notes something.
    Note {
        /// What.
        text: String,
        /// For whom.
        audience: Audience,
    },
    /// Gives advice from the library.
    Recommend {
        /// Which recommendation.
        recommendation: String,
        /// What it says.
        text: String,
    },
    /// Attaches a file.
    Attach {
        /// Which.
        file: FileNote,
    },
    /// Counts what its channel brought since; done by the node itself.
    Gather {
        /// The latest of it.
        source: Source,
        /// The item, which is linked.
        item: Option<ItemId>,
        /// How many more.
        more: u64,
        /// When last.
        last: Instant,
    },
    /// Begins to follow a playbook; the other half of a run.
    Follow {
        /// Which run of the case.
        run: u32,
        /// What the playbook is called.
        name: String,
    },
}

/// Why a change is not made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ChangeError {
    /// Not from here.
    #[error("a case that is {stage} cannot be {wanted}; {remedy}")]
    Stage {
        /// Where it stands.
        stage: &'static str,
        /// What was wanted.
        wanted: &'static str,
        /// What to do first.
        remedy: &'static str,
    },
    /// A stage without its evidence.
    #[error("{0} is empty; say it in a sentence")]
    Empty(&'static str),
    /// Too long.
    #[error("{what} has more than {most} characters; attach a file")]
    Long {
        /// What.
        what: &'static str,
        /// How many there may be.
        most: usize,
    },
    /// Too many.
    #[error("a case has {most} {what} at most; open another case and join the two")]
    Many {
        /// What.
        what: &'static str,
        /// How many there may be.
        most: usize,
    },
    /// A moment yet to come.
    #[error("{what} is at {at}, which is yet to come; give a moment that has passed")]
    Future {
        /// What.
        what: &'static str,
        /// When.
        at: Instant,
    },
    /// A moment that is over.
    #[error("{what} is at {at}, which is over; give a moment to come")]
    Past {
        /// What.
        what: &'static str,
        /// When.
        at: Instant,
    },
    /// Part of itself.
    #[error("a case is no part of itself; name another")]
    Itself,
    /// Nothing of that name.
    #[error("the case has no {what} {name}; look at it again")]
    Missing {
        /// What.
        what: &'static str,
        /// Which.
        name: String,
    },
    /// While an order binds.
    #[error("the order {reference} of {authority} keeps this case still; release it first")]
    Held {
        /// The authority.
        authority: String,
        /// The order.
        reference: String,
    },
}

/// No sentence is longer, in characters.
const LONGEST: usize = 20_000;
/// No title or name is longer, in characters.
const LINE: usize = 300;
/// Items that a channel links to a case by itself: people link more.
const LINKED: usize = 100;
/// The most of anything that a case gathers.
const MOST: usize = 500;

impl Incident {
    /// The case after a change.
    ///
    /// # Errors
    /// Why the change is not made.
    pub fn change(
        mut self,
        change: Change,
        by: &AccountId,
        at: Instant,
    ) -> Result<Self, ChangeError> {
        self.refuse_while_held(&change, at)?;
        match change {
            Change::Route { to, reason } => {
                sentence("the reason", &reason)?;
                let reasons = vec![Bilingual::new(reason.clone(), reason)];
                self.routed = Some(Routed { to, reasons });
            }
            Change::Rename { title: new } => {
                title(&new)?;
                self.title = new;
            }
            Change::Classify { classes, origin } => {
                few("classes", classes.len(), 40)?;
                classes.iter().try_for_each(|class| line("a class", class))?;
                (self.classes, self.origin) = (classes, origin);
            }
            Change::Judge { factor, grade } => {
                self.assessment.grades.insert(factor, grade);
            }
            Change::Override { category, reason } => {
                sentence("the reason", &reason)?;
                let by = by.clone();
                self.assessment.overridden = Some(Override { category, reason, by, at });
            }
            Change::Absorb { case } => {
                few("reports merged into it", self.absorbed.len() + 1, MOST)?;
                self.absorbed.insert(case);
            }
            Change::Yield { case } => {
                self.absorbed.remove(&case);
            }
            Change::Know { awareness, evidence } => self.know(awareness, evidence, at)?,
            Change::Apply { regime, class, reason } => {
                sentence("the reason", &reason)?;
                few("laws", self.regimes.len() + 1, 40)?;
                self.classed.remove(&regime);
                self.classed.extend(class.map(|class| (regime.clone(), class)));
                self.regimes.insert(regime, reason);
            }
            Change::Lift { regime, reason } => {
                sentence("the reason", &reason)?;
                self.classed.remove(&regime);
                let gone = self.regimes.remove(&regime);
                gone.ok_or(ChangeError::Missing { what: "law", name: regime })?;
            }
            Change::Send { step, sent } => self.send(step, sent, at)?,
            Change::Hold { authority, reference, until } => {
                line("the authority", &authority)?;
                line("the order's number", &reference)?;
                until.map_or(Ok(()), |until| coming("the end of the order", until, at))?;
                self.hold = Some(CaseHold { authority, reference, since: at, until });
            }
            Change::Release { reason } => {
                sentence("the reason", &reason)?;
                let gone = self.hold.take();
                gone.ok_or(ChangeError::Missing { what: "order", name: "in force".into() })?;
            }
            other => return self.change_people(other, by, at),
        }
        Ok(self)
    }

    /// The changes of who sees it, who is hit and what is gathered.
    fn change_people(
        mut self,
        change: Change,
        by: &AccountId,
        at: Instant,
    ) -> Result<Self, ChangeError> {
        match change {
            Change::Affect { organisation, affected } => {
                few("services", affected.services.len(), 100)?;
                affected.services.iter().try_for_each(|name| line("a service", name))?;
                self.affected.insert(organisation, affected);
                few("organisations hit", self.affected.len(), 10_000)?;
            }
            Change::Spare { organisation } => {
                let gone = self.affected.remove(&organisation);
                gone.ok_or_else(|| missing("hit organisation", &organisation))?;
            }
            Change::Admit { organisation } => {
                self.participants.insert(organisation);
                few("participants", self.participants.len(), 1_000)?;
            }
            Change::Exclude { organisation } => {
                if !self.participants.remove(&organisation) {
                    return Err(missing("participant", &organisation));
                }
            }
            Change::Enclose { mut people } => {
                people.insert(by.clone());
                people.extend(self.stage.lead().cloned());
                few("persons in its circle", people.len(), MOST)?;
                self.circle = Some(people);
            }
            Change::Disclose { reason } => {
                sentence("the reason", &reason)?;
                self.circle = None;
            }
            Change::Practise { exercise } => self.exercise = exercise,
            Change::State { about, says } => {
                short("what is stated", &says)?;
                match says.trim().is_empty() {
                    true => self.statements.remove(&about),
                    false => self.statements.insert(about, says),
                };
            }
            Change::Join { parent } if parent == Some(self.number) => {
                return Err(ChangeError::Itself);
            }
            Change::Join { parent } => self.parent = parent,
            other => return self.change_links(other, by, at),
        }
        Ok(self)
    }

    /// The changes of what it is linked to.
    fn change_links(
        mut self,
        change: Change,
        by: &AccountId,
        at: Instant,
    ) -> Result<Self, ChangeError> {
        match change {
            Change::Link { item } => {
                self.items.insert(item);
                few("items", self.items.len(), 2_000)?;
            }
            Change::Unlink { item } => {
                if !self.items.remove(&item) {
                    return Err(missing("item", &item));
                }
            }
            Change::Cite { message } => {
                line("a message", &message)?;
                self.mails.insert(message);
                few("messages", self.mails.len(), 500)?;
            }
            Change::Uncite { message } => {
                if !self.mails.remove(&message) {
                    return Err(missing("message", &message));
                }
            }
            other => return self.change_work(other, by, at),
        }
        Ok(self)
    }

    /// The changes of tasks, notes and files, and of the stage.
    fn change_work(
        mut self,
        change: Change,
        by: &AccountId,
        at: Instant,
    ) -> Result<Self, ChangeError> {
        match change {
            Change::Task { text, organisation, assignee, due } => {
                sentence("the task", &text)?;
                few("tasks", self.tasks.len() + 1, MOST)?;
                self.tasks.push(Task { text, organisation, assignee, due, done: None });
            }
            Change::Finish { task, note } => {
                short("the note", &note)?;
                let place = task.checked_sub(1).and_then(|place| self.tasks.get_mut(place));
                let open = place.filter(|task| task.done.is_none());
                let task = open.ok_or_else(|| missing("open task", &task))?;
                task.done = Some(Done { by: by.clone(), at, note });
            }
            Change::Note { text, .. } => sentence("the note", &text)?,
            Change::Recommend { recommendation, text } => {
                sentence("the recommendation", &text)?;
                few("recommendations", self.recommended.len() + 1, 100)?;
                self.recommended.push(Recommended { recommendation, text, at });
            }
            Change::Attach { file } => {
                few("files", self.files.len() + 1, 200)?;
                self.files.push(file);
            }
            Change::Gather { source, item, more, last } => {
                self.items.extend(item.filter(|_| self.items.len() < LINKED));
                let before = self.gathered.as_ref().map_or(0, |it| it.count);
                let count = before.saturating_add(more);
                let source = match self.gathered.map(|it| it.source) {
                    // Later messages may be another organisation's, and who reported sees this one.
                    Some(first @ Source::Campaign { .. }) => first,
                    _ => source,
                };
                self.gathered = Some(Gathered { source, count, last });
            }
            Change::Follow { name, .. } => line("the playbook's name", &name)?,
            Change::Merge { into, .. } if into == self.number => return Err(ChangeError::Itself),
            step => {
                // Drafts ask for them when the case is further, too.
                match &step {
                    Change::Contain { measures: said } if !said.trim().is_empty() => {
                        let stated = self.statements.entry(Element::Measures).or_default();
                        append(stated, said);
                    }
                    Change::Close { cause, .. } if !cause.trim().is_empty() => {
                        self.statements.insert(Element::Cause, cause.clone());
                    }
                    _ => {}
                }
                let lead = self.circle.is_some() && matches!(step, Change::Assign { .. });
                self.stage = self.stage.next(step, by, at)?;
                let reached = self.reached.entry(self.stage.name());
                let _first = reached.or_insert(at);
                if let (true, Some(lead), Some(circle)) =
                    (lead, self.stage.lead(), &mut self.circle)
                {
                    circle.insert(lead.clone());
                }
            }
        }
        Ok(self)
    }

    fn know(
        &mut self,
        awareness: Option<Instant>,
        evidence: Option<Instant>,
        now: Instant,
    ) -> Result<(), ChangeError> {
        for (what, moment) in [("awareness", awareness), ("evidence", evidence)] {
            moment.map_or(Ok(()), |moment| past(what, moment, now))?;
        }
        self.awareness = awareness.or(self.awareness);
        self.evidence = evidence.or(self.evidence);
        Ok(())
    }

    fn send(&mut self, step: StepName, sent: Sent, now: Instant) -> Result<(), ChangeError> {
        past("the sending", sent.at, now)?;
        sentence("the proof", &sent.proof)?;
        if let Some(file) = &sent.file
            && !self.files.iter().any(|it| it.sha256 == *file)
        {
            return Err(missing("file", file));
        }
        few("notices", self.sent.values().map(Vec::len).sum::<usize>() + 1, MOST)?;
        self.sent.entry(step).or_default().push(sent);
        Ok(())
    }

    /// While an order binds, nobody new is let in and nothing goes out.
    fn refuse_while_held(&self, change: &Change, now: Instant) -> Result<(), ChangeError> {
        let spreads = matches!(
            change,
            Change::Admit { .. }
                | Change::Route { .. }
                | Change::Disclose { .. }
                | Change::Recommend { .. }
                | Change::Note { audience: Audience::Participants, .. }
        );
        match self.held(now) {
            Some(CaseHold { authority, reference, .. }) if spreads => Err(ChangeError::Held {
                authority: authority.clone(),
                reference: reference.clone(),
            }),
            _ => Ok(()),
        }
    }
}

impl Change {
    /// Its name, as written.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Triage => "triage",
            Self::Confirm { .. } => "confirm",
            Self::Contain { .. } => "contain",
            Self::Recover { .. } => "recover",
            Self::Close { .. } => "close",
            Self::Dismiss { .. } => "dismiss",
            Self::Reopen { .. } => "reopen",
            Self::Merge { .. } => "merge",
            Self::Split { .. } => "split",
            Self::Absorb { .. } => "absorb",
            Self::Yield { .. } => "yield",
            Self::Assign { .. } => "assign",
            Self::Route { .. } => "route",
            Self::Rename { .. } => "rename",
            Self::Classify { .. } => "classify",
            Self::Judge { .. } => "judge",
            Self::Override { .. } => "override",
            Self::Affect { .. } => "affect",
            Self::Spare { .. } => "spare",
            Self::Admit { .. } => "admit",
            Self::Exclude { .. } => "exclude",
            Self::Enclose { .. } => "enclose",
            Self::Disclose { .. } => "disclose",
            Self::Practise { .. } => "practise",
            Self::Join { .. } => "join",
            Self::Link { .. } => "link",
            Self::Unlink { .. } => "unlink",
            Self::Cite { .. } => "cite",
            Self::Uncite { .. } => "uncite",
            Self::Know { .. } => "know",
            Self::Apply { .. } => "apply",
            Self::Lift { .. } => "lift",
            Self::Send { .. } => "send",
            Self::State { .. } => "state",
            Self::Hold { .. } => "hold",
            Self::Release { .. } => "release",
            Self::Task { .. } => "task",
            Self::Finish { .. } => "finish",
            Self::Note { .. } => "note",
            Self::Recommend { .. } => "recommend",
            Self::Attach { .. } => "attach",
            Self::Gather { .. } => "gather",
            Self::Follow { .. } => "follow",
        }
    }
}

/// Adds to what was stated what it does not say yet.
pub(crate) fn append(stated: &mut String, said: &str) {
    if stated.contains(said) {
        return;
    }
    if !stated.is_empty() {
        stated.push_str("; ");
    }
    stated.push_str(said);
}

pub(crate) fn title(text: &str) -> Result<(), ChangeError> {
    line("the title", text)
}

/// One line that says something.
pub(crate) fn line(what: &'static str, text: &str) -> Result<(), ChangeError> {
    bounded(what, text, LINE)?;
    if text.trim().is_empty() { Err(ChangeError::Empty(what)) } else { Ok(()) }
}

/// Words that say something.
pub(crate) fn sentence(what: &'static str, text: &str) -> Result<(), ChangeError> {
    short(what, text)?;
    if text.trim().is_empty() { Err(ChangeError::Empty(what)) } else { Ok(()) }
}

/// Words that may be missing.
fn short(what: &'static str, text: &str) -> Result<(), ChangeError> {
    bounded(what, text, LONGEST)
}

fn bounded(what: &'static str, text: &str, most: usize) -> Result<(), ChangeError> {
    let long = text.len() > most && text.chars().count() > most;
    if long { Err(ChangeError::Long { what, most }) } else { Ok(()) }
}

/// The number of a message, however its letters were typed.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(String::deserialize(from)?.trim().to_ascii_uppercase())
}

fn few(what: &'static str, many: usize, most: usize) -> Result<(), ChangeError> {
    if many > most { Err(ChangeError::Many { what, most }) } else { Ok(()) }
}

fn past(what: &'static str, at: Instant, now: Instant) -> Result<(), ChangeError> {
    if at > now { Err(ChangeError::Future { what, at }) } else { Ok(()) }
}

fn coming(what: &'static str, at: Instant, now: Instant) -> Result<(), ChangeError> {
    if at <= now { Err(ChangeError::Past { what, at }) } else { Ok(()) }
}

fn missing(what: &'static str, name: &dyn ToString) -> ChangeError {
    ChangeError::Missing { what, name: name.to_string() }
}
