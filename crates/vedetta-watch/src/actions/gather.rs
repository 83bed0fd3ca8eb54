//! What no person reports, at the same queue: grave findings of sensors, malicious mail, and incidents
//! that other nodes tell of.
//!
//! The ledger is read from where the last look ended, and that place is written with the reports: none
//! is made twice, and none is lost. What is of one kind is one report that counts it
//! ([`Gathered`]); of one source so many wait, and what comes after is gathered in one more. What cannot
//! be a report is passed over, and the ledger says so.

mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use vedetta_desk::incident::{Channel, Gathered, Reported, Source};
use vedetta_desk::kinds::{Kinds, Known, Latest};
use vedetta_desk::{CaseNumber, Change, Incident, Stage, StageName};
use vedetta_flow::{FlowError, Form};
use vedetta_model::part::GATHER;
use vedetta_model::{AccountId, Actor, Instant, ItemId, Language, OrganisationId, Role, Way};
use vedetta_store::{
    Draft, Entry, EntryKind, Reader, RecordKind, Sequence, Stamp, StoreError, UnitOfWork,
    written::{ItemFacts, RecordFacts},
};

use crate::actions::keep_playbooks::spoilt;
use crate::actions::report::next;
use crate::error::WatchError;
use crate::kept::{self, Did, Kept};
use crate::views::see_emergency::{broken, remember as remember_uses};
use crate::watch::Watch;

use told::{MailTold, TITLE, clipped, finding, is_grave, told_incident};

/// Something that a channel brought.
#[derive(Clone, Debug)]
struct Notice {
    /// Its kind: equal for all that are one report.
    group: String,
    channel: Channel,
    organisation: OrganisationId,
    /// Who brought it here: the organisation, or the peer that tells of it.
    from: OrganisationId,
    title: String,
    words: String,
    /// Whether it may not wait behind others.
    critical: bool,
    /// What a person opens to see it.
    source: Source,
    /// The item, to be linked.
    item: Option<ItemId>,
    /// What it is the newest state of, and how often that was seen by then.
    of: String,
    count: u64,
    at: Instant,
    /// Who brought it, where one alone is not enough: a name that says nothing else.
    reporter: Option<String>,
}

/// A notice as it is written down.
#[derive(Clone, Debug)]
struct Fresh {
    notice: Notice,
    /// The case that it would open.
    case: Incident,
    /// The one that it would open for what no longer finds room.
    further: Incident,
}

/// How far the ledger was heard.
const CURSOR: &str = "desk/gathered";
/// Entries read at once, and pages of a look.
const PAGE: usize = 500;
const PAGES: usize = 40;
/// What is older when it is first heard comes to no queue.
const FRESH: Duration = Duration::from_secs(86_400);
/// Kinds of which something is not counted yet.
const MORE: &str = "desk/gathered/more";
/// A report is counted up once in so long, and more seldom when somebody works on it: each time is a
/// version of its case.
const PACE: Duration = Duration::from_secs(300);
const SLOW: Duration = Duration::from_secs(3_600);
/// What a person dismissed is quiet for so long.
const QUIET: Duration = Duration::from_secs(86_400);
/// Reports of one source and channel that wait; further ones are gathered in one.
const WAITING: usize = 50;
/// Of what is critical, so many find room beside others.
const CRITICAL: usize = 4 * WAITING;
/// Which peer told of the reports that wait.
const VIA: &str = "desk/gathered/via";

impl Watch {
    /// Hears what came since the last time; says how many reports were made or counted up.
    ///
    /// # Errors
    /// What the ledger said: then it is heard again.
    pub fn gather(&self) -> Result<usize, WatchError> {
        let mut written = 0;
        for _ in 0..PAGES {
            let (after, entries) = self.unheard()?;
            let Some(last) = entries.last().map(|it| it.stamp.seq) else { break };
            let (mut fresh, mut passed) = (Vec::new(), Vec::new());
            for entry in &entries {
                let Some(notice) = self.noticed(entry)? else { continue };
                match self.fresh(notice) {
                    Ok(it) => fresh.push(it),
                    Err(error) => passed.push((entry.subject.clone(), error.to_string())),
                }
            }
            let used: Vec<_> = entries.iter().filter_map(broken).collect();
            let waiting = self.waiting_by_source()?;
            let now = self.house().now();
            let done = self.house().write(move |unit| {
                // Another look was faster.
                if unit.cursor(CURSOR)? != after {
                    return Ok(Vec::new());
                }
                let mut round = Round::begin(unit, now, waiting.clone())?;
                for it in &fresh {
                    round.take(unit, it)?;
                }
                passed.iter().try_for_each(|it| pass_over(unit, it))?;
                remember_uses(unit, &used)?;
                unit.set_cursor(CURSOR, last)?;
                round.end(unit)
            })?;
            written += self.learnt(&done);
        }
        Ok(written + self.count_further()?)
    }

    /// Counts up what waited for its time.
    fn count_further(&self) -> Result<usize, WatchError> {
        if self.house().read(|reader| more(reader))?.is_empty() {
            return Ok(0);
        }
        let (now, waiting) = (self.house().now(), self.waiting_by_source()?);
        let done = self.house().write(move |unit| {
            let mut round = Round::begin(unit, now, waiting.clone())?;
            for name in round.more.clone() {
                round.further(unit, &name)?;
            }
            round.end(unit)
        })?;
        Ok(self.learnt(&done))
    }

    fn learnt(&self, done: &[(Kept, Stamp)]) -> usize {
        for (kept, stamp) in done {
            self.learn(kept, *stamp);
        }
        done.len()
    }

    /// The entries that were not heard yet, and after which place they are.
    fn unheard(&self) -> Result<(Sequence, Vec<Entry>), StoreError> {
        let fresh = self.house().now().before(FRESH);
        self.house().read(|reader| {
            let cursor = reader.cursor(CURSOR)?;
            let after = if cursor == Sequence::START { reader.place_at(fresh)? } else { cursor };
            Ok((cursor, reader.entries(after, PAGE)?))
        })
    }

    /// What an entry tells the queue, if anything.
    fn noticed(&self, entry: &Entry) -> Result<Option<Notice>, WatchError> {
        match entry.kind {
            EntryKind::Item => self.item_noticed(entry),
            EntryKind::Put => {
                let facts: Option<RecordFacts> = serde_json::from_str(&entry.facts).ok();
                let mail = facts.is_some_and(|it| it.record == RecordKind::MailReport);
                Ok(mail.then(|| self.mail_noticed(entry)).flatten())
            }
            _ => Ok(None),
        }
    }

    fn item_noticed(&self, entry: &Entry) -> Result<Option<Notice>, WatchError> {
        let Ok(id) = ItemId::new(&entry.subject) else { return Ok(None) };
        let peer = entry.actor.strip_prefix("peer:").and_then(|it| OrganisationId::new(it).ok());
        let wanted = match (id.kind(), &peer) {
            ("incident", Some(_)) => true,
            // Anybody can write a sighting that looks like a sensor's.
            ("sighting", None) => is_grave(&entry.body) && self.is_sensor(&entry.actor)?,
            _ => false,
        };
        let Some(room) = self.room_itself().filter(|_| wanted) else { return Ok(None) };
        // What was said then, and not what another says under its name. Only what the room itself may
        // read: the queue is no way around a clearance.
        let Some(facts) = ItemFacts::read(&entry.facts) else { return Ok(None) };
        let read = match self.house().item_of(&room, &id, facts.producer) {
            Ok(read) => read,
            Err(FlowError::Unknown { .. } | FlowError::Forbidden { .. }) => return Ok(None),
            // It is heard again.
            Err(error) => return Err(error.into()),
        };
        let standing = self.house().standing();
        let full = read.form == Form::Full;
        let producer = standing.directory.numbered(read.producer).filter(|_| full);
        let own = standing.own.clone();
        let of = |it: Option<OrganisationId>| producer.map(|it| it.id.clone()).or(it);
        let at = entry.stamp.at;
        Ok(match peer {
            Some(peer) => {
                let of = of(Some(peer.clone()));
                let line = (read.producer, entry.stamp.seq);
                of.and_then(|of| told_incident((&id, line), &read.body, (of, peer), at))
            }
            None => of(own).and_then(|of| finding(&id, &read.body, of, at)),
        })
    }

    /// Whether an account is a sensor's.
    fn is_sensor(&self, account: &str) -> Result<bool, StoreError> {
        let known = self.house().read(|reader| reader.record(RecordKind::Sensor, account))?;
        Ok(known.is_some())
    }

    fn mail_noticed(&self, entry: &Entry) -> Option<Notice> {
        let told: MailTold = serde_json::from_slice(&entry.body).ok()?;
        let organisation =
            told.organisation.clone().or_else(|| self.house().standing().own.clone())?;
        told.notice(organisation, entry.stamp.at)
    }

    /// The room, as one who reads.
    pub(crate) fn room_itself(&self) -> Option<Actor> {
        Some(Actor {
            account: itself().ok()?,
            organisation: self.house().standing().own.clone()?,
            roles: BTreeSet::from([Role::DutyOfficer]),
            language: Language::It,
            way: Way::InPerson,
        })
    }

    /// A notice with the cases that it may open.
    fn fresh(&self, notice: Notice) -> Result<Fresh, WatchError> {
        let case = self.opened(&notice)?;
        let further = self.opened(&notice.further(&self.name_of(&notice.from)))?;
        Ok(Fresh { notice, case, further })
    }

    /// The case that a notice would open, its number still to be given.
    fn opened(&self, notice: &Notice) -> Result<Incident, WatchError> {
        let by = itself()?;
        let reported = Reported {
            channel: notice.channel,
            organisation: notice.organisation.clone(),
            by,
            at: self.house().now(),
            words: notice.words.clone(),
            contact: None,
        };
        let unnumbered = CaseNumber { year: 0, serial: 0 };
        let mut incident = Incident::open(unnumbered, notice.title.clone(), reported)?;
        incident.items.extend(notice.item.clone());
        incident.routed = self.routing(&notice.organisation);
        let (source, count, last) = (notice.source.clone(), notice.count, notice.at);
        incident.gathered = Some(Gathered { source, count, last });
        Ok(incident)
    }

    /// How many reports of each source wait that no person made.
    fn waiting_by_source(&self) -> Result<Waiting, StoreError> {
        let mut told = self.house().read(|reader| via(reader))?;
        let (held, mut waiting) = (self.index()?, Waiting::default());
        let index = held.get();
        let all =
            index.into_iter().flat_map(|it| it.waiting.iter().filter_map(|of| it.all.get(of)));
        for row in all.map(|brief| &brief.row).filter(|row| row.gathered.is_some()) {
            let number = row.number.to_string();
            let from = match told.remove(&number) {
                Some(peer) => waiting.via.entry(number).or_insert(peer).clone(),
                None => row.organisation.clone(),
            };
            *waiting.many.entry((row.channel, from)).or_default() += 1;
        }
        Ok(waiting)
    }
}

/// What waits that no person reported.
#[derive(Clone, Debug, Default)]
struct Waiting {
    /// How many reports, by channel and who brought them.
    many: BTreeMap<(Channel, OrganisationId), usize>,
    /// Which peer told of a report.
    via: BTreeMap<String, OrganisationId>,
}

/// What was heard, as it is written.
struct Round {
    now: Instant,
    waiting: Waiting,
    more: BTreeSet<String>,
    written: Vec<(Kept, Stamp)>,
}

impl Round {
    fn begin(unit: &mut dyn UnitOfWork, now: Instant, many: Waiting) -> Result<Self, StoreError> {
        Ok(Self { now, waiting: many, more: more(unit)?, written: Vec::new() })
    }

    fn end(self, unit: &mut dyn UnitOfWork) -> Result<Vec<(Kept, Stamp)>, StoreError> {
        let more = serde_json::to_vec(&self.more).map_err(|error| spoilt(MORE, &error))?;
        unit.set_bookmark(MORE, &more)?;
        let via = serde_json::to_vec(&self.waiting.via).map_err(|error| spoilt(VIA, &error))?;
        unit.set_bookmark(VIA, &via)?;
        Ok(self.written)
    }

    fn take(&mut self, unit: &mut dyn UnitOfWork, fresh: &Fresh) -> Result<(), StoreError> {
        let Fresh { notice, case, .. } = fresh;
        let name = notice.name(&notice.group);
        let mut known = read(unit, &name)?;
        let more = known.count((&notice.of, notice.count), notice.latest());
        let waits = match known.number {
            Some(_) => !more,
            None => !known.is_enough(notice.reporter.as_deref()),
        };
        if waits {
            return remember(unit, &name, &known);
        }
        match followed(unit, known.number)? {
            Some((_, kept)) if kept.incident.stage.is_open() => {
                self.more.insert(name.clone());
                remember(unit, &name, &known)?;
                self.further(unit, &name)
            }
            Some((stamp, kept)) if is_quiet(&kept.incident, stamp.at, self.now) => {
                known.more = 0;
                remember(unit, &name, &known)
            }
            _ if self.is_full(notice) => {
                let more = std::mem::take(&mut known.more);
                remember(unit, &name, &known)?;
                self.overflow(unit, fresh, more)
            }
            _ => {
                let known = self.open(unit, (case, notice), known)?;
                remember(unit, &name, &known)
            }
        }
    }

    /// Whether no more of its source may wait.
    fn is_full(&self, notice: &Notice) -> bool {
        let most = if notice.critical { CRITICAL } else { WAITING };
        self.waiting.many.get(&notice.brought()).is_some_and(|many| *many >= most)
    }

    /// Gathers what finds no room in one more report of its source. That is never quiet: who dismissed
    /// it knows nothing of what comes after.
    fn overflow(
        &mut self,
        unit: &mut dyn UnitOfWork,
        Fresh { notice, further, .. }: &Fresh,
        more: u64,
    ) -> Result<(), StoreError> {
        let name = notice.name(&format!("{:?}/{}/further", notice.channel, notice.from));
        let mut known = read(unit, &name)?;
        known.more = known.more.saturating_add(more);
        known.latest = Some(notice.latest());
        match followed(unit, known.number)? {
            Some((_, kept)) if kept.incident.stage.is_open() => {
                self.more.insert(name.clone());
                remember(unit, &name, &known)?;
                self.further(unit, &name)
            }
            _ => {
                let known = self.open(unit, (further, notice), known)?;
                remember(unit, &name, &known)
            }
        }
    }

    /// Counts a report up, when it is time; one that is closed at once, with what came before.
    fn further(&mut self, unit: &mut dyn UnitOfWork, name: &str) -> Result<(), StoreError> {
        let mut known = read(unit, name)?;
        let counts =
            |kept: &Kept| known.more > 0 && kept.incident.stage.name() != StageName::Dismissed;
        let found = followed(unit, known.number)?.filter(|(_, kept)| counts(kept));
        let (Some((stamp, kept)), Some(latest)) = (found, known.latest.clone()) else {
            self.more.remove(name);
            return Ok(());
        };
        let reported = kept.incident.stage.name() == StageName::Reported;
        let pace = if reported { PACE } else { SLOW };
        if kept.incident.stage.is_open() && self.now.since(known.counted) < pace {
            return Ok(());
        }
        let Latest { source, item, at: last } = latest;
        let change = Change::Gather { source, item, more: known.more, last };
        let by = itself()?;
        self.more.remove(name);
        // A case that is full is counted up no further: people see it as it is.
        if let Ok(incident) = kept.incident.clone().change(change.clone(), &by, self.now) {
            let next = kept.then(incident, Did::Changed(change), &by, stamp.seq);
            if let Some(stamp) = next.put(unit)? {
                self.written.push((next, stamp));
            }
        }
        (known.more, known.counted) = (0, self.now);
        remember(unit, name, &known)
    }

    fn open(
        &mut self,
        unit: &mut dyn UnitOfWork,
        (case, notice): (&Incident, &Notice),
        known: Known,
    ) -> Result<Known, StoreError> {
        let mut incident = case.clone();
        incident.number = next(unit, incident.reported.at)?;
        let number = incident.number;
        if let Some(gathered) = &mut incident.gathered {
            gathered.count = gathered.count.max(known.more);
        }
        let by = incident.reported.by.clone();
        let kept = Kept { incident, did: Did::Opened, by, before: None };
        if let Some(stamp) = kept.put(unit)? {
            *self.waiting.many.entry(notice.brought()).or_default() += 1;
            if notice.channel == Channel::Peer {
                self.waiting.via.insert(number.to_string(), notice.from.clone());
            }
            self.written.push((kept, stamp));
        }
        let reporters = BTreeSet::new();
        Ok(Known { number: Some(number), counted: self.now, more: 0, reporters, ..known })
    }
}

impl Notice {
    /// By which channel and by whom it was brought.
    fn brought(&self) -> (Channel, OrganisationId) {
        (self.channel, self.from.clone())
    }

    /// Under which name a kind of its source is remembered: one of 64 places, and its own name there. A campaign
    /// is one kind whoever reports it.
    fn name(&self, group: &str) -> String {
        let from = if self.channel == Channel::Mail { "mail" } else { self.from.as_str() };
        let digest = Sha256::digest(group.as_bytes());
        let place = digest.first().map_or(0, |byte| byte % 64);
        let digest: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("desk/gathered/{from}/{place}#{digest}")
    }

    fn latest(&self) -> Latest {
        Latest { source: self.source.clone(), item: self.item.clone(), at: self.at }
    }

    /// What stands for it among those that find no room, of a source as people call it.
    fn further(&self, from: &str) -> Self {
        let title = format!("Altro da {from} / More of {from}");
        let first = &self.words;
        let words = format!(
            "Da qui arrivano più segnalazioni di quante ne aspettano: il resto si conta in questa. La prima: / More comes from here than may wait: the rest is counted in this one. The first:\n{first}"
        );
        Self {
            organisation: self.from.clone(),
            title: clipped(&title, TITLE).unwrap_or(title),
            words,
            ..self.clone()
        }
    }
}

/// The kinds of which something is not counted yet.
fn more(reader: &mut (impl Reader + ?Sized)) -> Result<BTreeSet<String>, StoreError> {
    let more = reader.bookmark(MORE)?.map(|it| serde_json::from_slice(&it)).transpose();
    let mut more: BTreeSet<String> =
        more.map_err(|error| spoilt(MORE, &error))?.unwrap_or_default();
    // Without a place it was remembered otherwise, once.
    more.retain(|name| name.contains('#'));
    Ok(more)
}

/// Which peer told of the reports that waited last.
fn via(
    reader: &mut (impl Reader + ?Sized),
) -> Result<BTreeMap<String, OrganisationId>, StoreError> {
    let via = reader.bookmark(VIA)?.map(|it| serde_json::from_slice(&it)).transpose();
    Ok(via.map_err(|error| spoilt(VIA, &error))?.unwrap_or_default())
}

/// Writes down that something is no report, and why.
fn pass_over(
    unit: &mut dyn UnitOfWork,
    (subject, reason): &(String, String),
) -> Result<(), StoreError> {
    let facts = serde_json::json!({ "deed": format!("not gathered: {reason}") }).to_string();
    let kind = EntryKind::Deed;
    unit.append(&Draft { kind, actor: GATHER, subject, facts: &facts, body: b"" }).map(drop)
}

/// The name under which the node does it.
fn itself() -> Result<AccountId, StoreError> {
    AccountId::new(GATHER).map_err(|error| StoreError::Refused(error.to_string()))
}

/// Whether a person found lately that it was none.
fn is_quiet(incident: &Incident, at: Instant, now: Instant) -> bool {
    incident.stage.name() == StageName::Dismissed && now.since(at) < QUIET
}

/// The case that a report was merged into, or the report itself.
fn followed(
    unit: &mut dyn UnitOfWork,
    number: Option<CaseNumber>,
) -> Result<Option<(Stamp, Kept)>, StoreError> {
    const FURTHEST: usize = 8;
    let (mut number, mut found) = (number, None);
    for _ in 0..FURTHEST {
        let Some(at) = number else { break };
        found = kept::newest(unit, at)?;
        number = found.as_ref().and_then(|(_, kept)| match kept.incident.stage {
            Stage::Merged { into, .. } => into,
            _ => None,
        });
    }
    Ok(found)
}

/// What is remembered at the place of a name, and the name there.
fn at<'n>(
    unit: &mut dyn UnitOfWork,
    name: &'n str,
) -> Result<(Kinds, &'n str, &'n str), StoreError> {
    let (place, own) = name.split_once('#').unwrap_or((name, ""));
    let kept = unit.bookmark(place)?.map(|it| serde_json::from_slice(&it)).transpose();
    Ok((kept.map_err(|error| spoilt(place, &error))?.unwrap_or_default(), place, own))
}

fn read(unit: &mut dyn UnitOfWork, name: &str) -> Result<Known, StoreError> {
    let (kept, _, own) = at(unit, name)?;
    Ok(kept.of(own))
}

fn remember(unit: &mut dyn UnitOfWork, name: &str, known: &Known) -> Result<(), StoreError> {
    let (mut kept, place, own) = at(unit, name)?;
    kept.keep(own, known);
    let kept = serde_json::to_vec(&kept).map_err(|error| spoilt(name, &error))?;
    unit.set_bookmark(place, &kept)
}
