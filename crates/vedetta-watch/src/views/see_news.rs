//! What happened since a place of the ledger, told by what shows it and to whom: an open page asks again
//! only when something changed that may be on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::{BitOr, BitOrAssign};
use std::str::FromStr;

use vedetta_desk::{CaseNumber, Change};
use vedetta_model::{AccountId, Actor, OrganisationId};
use vedetta_store::written::RecordFacts;
use vedetta_store::{Entry, EntryKind, RecordKind, Sequence};

use crate::error::WatchError;
use crate::kept::{Did, Kept};
use crate::watch::Watch;

/// What a page may show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Topic {
    /// Items, cleared and withdrawn.
    Items,
    /// Cases and their clocks.
    Cases,
    /// Early warnings.
    Warnings,
    /// Playbooks, their runs, and advice.
    Procedures,
    /// Rosters and handovers.
    Duty,
    /// Alarms.
    Alarms,
    /// The mail desk.
    Mail,
    /// Other nodes.
    Nodes,
    /// Sensors.
    Sensors,
    /// Who had what, and acknowledged it.
    Deliveries,
    /// Organisations, agreements, accounts and settings.
    Directory,
}

/// Several topics.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Topics(u16);

/// Who listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listener {
    organisation: OrganisationId,
    at: At,
    /// The one case that they look at.
    case: Option<CaseNumber>,
}

/// Where one listens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum At {
    /// In the operations room, or beside it.
    TheRoom,
    Elsewhere,
}

/// What happened up to a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct News {
    /// The place.
    pub place: Sequence,
    everyone: Topics,
    room: Topics,
    organisations: BTreeMap<OrganisationId, Topics>,
    /// The cases that changed, and those of which they are parts; unknown when it may be any.
    cases: Option<BTreeSet<CaseNumber>>,
}

/// Of more entries it is not asked what each is: everything may have changed.
const MUCH: usize = 500;

impl Topic {
    const ALL: [(Self, &'static str); 11] = [
        (Self::Items, "items"),
        (Self::Cases, "cases"),
        (Self::Warnings, "warnings"),
        (Self::Procedures, "procedures"),
        (Self::Duty, "duty"),
        (Self::Alarms, "alarms"),
        (Self::Mail, "mail"),
        (Self::Nodes, "nodes"),
        (Self::Sensors, "sensors"),
        (Self::Deliveries, "deliveries"),
        (Self::Directory, "directory"),
    ];
}

impl Topics {
    /// Every topic.
    pub const ALL: Self = Self((1 << Topic::ALL.len()) - 1);
    /// None.
    pub const NONE: Self = Self(0);

    /// Those of a list.
    #[must_use]
    pub const fn of(topics: &[Topic]) -> Self {
        let (mut all, mut at) = (0, 0);
        while at < topics.len() {
            all |= 1 << topics[at] as u16;
            at += 1;
        }
        Self(all)
    }

    /// Those that are not in another.
    #[must_use]
    const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether one is in both.
    #[must_use]
    pub const fn meet(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl From<Topic> for Topics {
    fn from(topic: Topic) -> Self {
        Self::of(&[topic])
    }
}

impl BitOr for Topics {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Topics {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// Their names, with dots between: `cases.duty`.
impl fmt::Display for Topics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Topic::ALL.iter().filter(|(topic, _)| self.meet((*topic).into()));
        for (place, (_, name)) in named.enumerate() {
            let dot = if place == 0 { "" } else { "." };
            write!(f, "{dot}{name}")?;
        }
        Ok(())
    }
}

impl FromStr for Topics {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let mut all = Self::NONE;
        for name in text.split('.').filter(|name| !name.is_empty()) {
            let topic = Topic::ALL.iter().find(|(_, known)| *known == name);
            let (topic, _) = topic.ok_or_else(|| format!("{name:?} is no topic"))?;
            all |= (*topic).into();
        }
        Ok(all)
    }
}

impl News {
    fn at(place: Sequence) -> Self {
        let (everyone, room, organisations) = (Topics::NONE, Topics::NONE, BTreeMap::new());
        Self { place, everyone, room, organisations, cases: Some(BTreeSet::new()) }
    }

    /// What may have changed for somebody.
    #[must_use]
    pub fn to(&self, listener: &Listener) -> Topics {
        let own = self.organisations.get(&listener.organisation).copied().unwrap_or_default();
        let room = if listener.is_in_the_room() { self.room } else { Topics::NONE };
        let told = self.everyone | room | own;
        let another = listener.case.is_some_and(|case| {
            self.cases.as_ref().is_some_and(|changed| !changed.contains(&case))
        });
        if another { told.without(Topic::Cases.into()) } else { told }
    }

    /// Whether it is about somebody's own organisation, and not told to all alike.
    #[must_use]
    pub fn is_about(&self, listener: &Listener) -> bool {
        self.organisations.contains_key(&listener.organisation)
    }

    /// That everything may have changed.
    fn all(place: Sequence) -> Self {
        Self { everyone: Topics::ALL, cases: None, ..Self::at(place) }
    }

    /// Whether nobody need hear it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::at(self.place)
    }

    fn hear(&mut self, entry: &Entry) {
        match entry.kind {
            // Those to whom it is cleared hear of the item itself.
            EntryKind::Item | EntryKind::Rerelease => self.room |= Topic::Items.into(),
            EntryKind::Withdrawn | EntryKind::SetAside => self.everyone |= Topic::Items.into(),
            EntryKind::Delivered | EntryKind::Acknowledged => {
                self.everyone |= Topic::Deliveries.into();
            }
            EntryKind::Put | EntryKind::Removed => self.hear_record(entry),
            EntryKind::Clearance | EntryKind::Deed | EntryKind::Numbered => {}
        }
    }

    fn hear_record(&mut self, entry: &Entry) {
        let topic = match serde_json::from_str(&entry.facts) {
            Ok(RecordFacts { record: RecordKind::Incident }) => return self.hear_case(&entry.body),
            Ok(RecordFacts { record }) => topic_of(record),
            Err(_) => return *self = Self::all(self.place),
        };
        self.everyone |= topic.map_or(Topics::NONE, Topics::from);
    }

    /// A case is heard of by the room and by those whom it concerns; by everyone when it may be hidden
    /// now from who saw it.
    fn hear_case(&mut self, body: &[u8]) {
        let cases = Topics::from(Topic::Cases);
        let hides = |did: &Did| {
            let hides = |it: &Change| {
                matches!(it, Change::Exclude { .. } | Change::Route { .. } | Change::Enclose { .. })
            };
            matches!(did, Did::Undone(_)) || did.change().is_some_and(hides)
        };
        let Ok(kept) = serde_json::from_slice::<Kept>(body) else {
            (self.everyone, self.cases) = (self.everyone | cases, None);
            return;
        };
        if let Some(changed) = &mut self.cases {
            changed.extend([kept.incident.number].into_iter().chain(kept.incident.parent));
        }
        if hides(&kept.did) {
            return self.everyone |= cases;
        }
        self.room |= cases;
        for organisation in kept.incident.access().organisations() {
            *self.organisations.entry(organisation.clone()).or_default() |= cases;
        }
    }
}

/// What shows a record; nothing when no page does that follows what happens.
const fn topic_of(record: RecordKind) -> Option<Topic> {
    Some(match record {
        RecordKind::Incident => Topic::Cases,
        RecordKind::Warning => Topic::Warnings,
        RecordKind::Playbook | RecordKind::Run | RecordKind::Recommendation => Topic::Procedures,
        RecordKind::Roster | RecordKind::Handover => Topic::Duty,
        RecordKind::Alarm => Topic::Alarms,
        RecordKind::MailReport | RecordKind::Campaign => Topic::Mail,
        RecordKind::Peer | RecordKind::Card => Topic::Nodes,
        RecordKind::Sensor => Topic::Sensors,
        RecordKind::Organisation
        | RecordKind::Asset
        | RecordKind::Contact
        | RecordKind::Account
        | RecordKind::Agreement
        | RecordKind::Hold
        | RecordKind::Setting => Topic::Directory,
        RecordKind::Webhook
        | RecordKind::WarningList
        | RecordKind::Token
        | RecordKind::Certificate
        | RecordKind::Passkey
        | RecordKind::Identity
        | RecordKind::Preference => return None,
    })
}

impl Listener {
    /// Who looks at one case, and does not ask of others.
    #[must_use]
    pub fn to_case(self, case: Option<CaseNumber>) -> Self {
        Self { case, ..self }
    }

    /// Whether they listen in the operations room, or beside it.
    #[must_use]
    pub fn is_in_the_room(&self) -> bool {
        self.at == At::TheRoom
    }
}

impl Watch {
    /// Somebody who listens to what happens.
    #[must_use]
    pub fn listener(&self, by: &Actor) -> Listener {
        let at = match self.viewer(by).stands.is_of_a_room() {
            true => At::TheRoom,
            false => At::Elsewhere,
        };
        Listener { organisation: by.organisation.clone(), at, case: None }
    }

    /// What happened after a place, up to what the bell rang for.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn news(&self, after: Sequence) -> Result<News, WatchError> {
        let last = self.house().bell().last();
        let mut news = News::at(last);
        if last.0.saturating_sub(after.0) > MUCH as u64 {
            return Ok(News::all(last));
        }
        let mut place = after;
        while place < last {
            let page = self.house().read(|reader| reader.entries(place, MUCH))?;
            let Some(end) = page.last().map(|entry| entry.stamp.seq) else { break };
            page.iter().filter(|entry| entry.stamp.seq <= last).for_each(|entry| news.hear(entry));
            place = end;
        }
        Ok(news)
    }

    /// Whether somebody sees of cases just what others of the same organisation and roles see: none is
    /// kept to a few of whom they are one.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn sees_as_others(&self, account: &AccountId) -> Result<bool, WatchError> {
        let held = self.index()?;
        let Some(index) = held.get() else { return Ok(true) };
        let mut closed = index.closed.iter().filter_map(|number| index.all.get(number));
        Ok(closed.all(|brief| {
            let named = brief.access.circle.as_ref().is_some_and(|it| it.contains(account));
            !named && brief.access.reporter != *account
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_written_as_they_are_read() {
        let some = Topics::of(&[Topic::Duty, Topic::Cases]);
        assert_eq!(some.to_string(), "cases.duty");
        for topics in [Topics::NONE, some, Topics::ALL] {
            assert_eq!(topics.to_string().parse(), Ok(topics));
        }
        assert_eq!(some.without(Topic::Cases.into()), Topic::Duty.into());
        assert!("cases.stars".parse::<Topics>().is_err());
        assert!(some.meet(Topic::Cases.into()) && !some.meet(Topic::Items.into()));
    }
}
