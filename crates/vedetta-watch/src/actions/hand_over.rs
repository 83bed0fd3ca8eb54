//! The handover: the sheet as it stands, given by one, taken by another.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use vedetta_desk::State;
use vedetta_desk::handover::{Handover, HandoverError, Line, LineKind, Signature, due, owed};
use vedetta_desk::notice::rome;
use vedetta_desk::refusal::Refusal as _;
use vedetta_flow::FlowError;
use vedetta_model::language::Bilingual;
use vedetta_model::{Actor, Instant, Language, OrganisationId, Role};
use vedetta_store::{Reader, RecordKind, StoreError};

use crate::actions::keep_rosters::damaged;
use crate::cases::Circle;
use crate::error::WatchError;
use crate::views::see_cases::CaseWish;
use crate::views::see_clocks::NextClock;
use crate::watch::Watch;

/// What would be handed over now.
#[derive(Clone, Debug, Serialize)]
pub struct Sheet {
    /// Of which room.
    pub organisation: OrganisationId,
    /// The end of the shift that can be handed over now: the oldest that is owed, or one that ends
    /// within the hour; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<Instant>,
    /// What there is to know.
    pub lines: Vec<Line>,
    /// What the lines add up to, to be given back when signing.
    pub digest: String,
    /// The ends of shifts that nobody handed over yet, the oldest first.
    pub owed: Vec<Instant>,
}

/// Who gives signs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Give {
    /// What the lines added up to when they were read.
    pub digest: String,
    /// What else there is to know.
    #[serde(default)]
    pub remarks: String,
}

/// Who takes signs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Take {
    /// The keys of the lines that were looked at.
    pub seen: BTreeSet<String>,
}

/// A handover as it is kept.
#[derive(Clone, Debug, Serialize)]
pub struct HandoverView {
    /// Its identifier.
    pub id: String,
    /// What was handed over, and who signed.
    #[serde(flatten)]
    pub handover: Handover,
}

/// Lines of each kind on one sheet.
const LINES: usize = 1_000;

impl Watch {
    /// What would be handed over now, as the actor may see it.
    ///
    /// # Errors
    /// Forbidden to other rooms; unknown when the room has no roster.
    pub fn handover_sheet(
        &self,
        by: &Actor,
        organisation: &OrganisationId,
    ) -> Result<Sheet, WatchError> {
        self.of_the_shift(by, organisation)?;
        let (_, roster) = self.roster_of(organisation)?;
        let (last, now) = (self.last_taken(organisation)?, self.house().now());
        let ends = due(&roster, last, now);
        let owed = owed(&roster, last, now);
        let mut lines = self.clock_lines(by)?;
        lines.extend(self.case_lines(by)?);
        lines.extend(self.link_lines(by));
        let (overdue, items) = self.overdue_lines(by)?;
        lines.extend(overdue);
        lines.extend(self.unacknowledged_lines(by, &items)?);
        lines.extend(owed.iter().skip(1).map(|end| Line {
            key: format!("owed/{end}"),
            kind: LineKind::Owed,
            title: end.to_string(),
            detail: Bilingual::new("turno non ancora consegnato", "shift not handed over yet"),
            due: Some(*end),
        }));
        let digest = digest_of(&lines);
        Ok(Sheet { organisation: organisation.clone(), ends, lines, digest, owed })
    }

    /// Gives the shift: signs what the sheet says. Until it is taken it may be given again, as the
    /// sheet stands then.
    ///
    /// # Errors
    /// Forbidden, no shift to give, or the sheet says something else by now.
    pub fn give_handover(
        &self,
        by: &Actor,
        organisation: &OrganisationId,
        give: Give,
    ) -> Result<HandoverView, WatchError> {
        let sheet = self.handover_sheet(by, organisation)?;
        let Some(ends) = sheet.ends else {
            let reason = "no shift ends within the hour, and none is owed; wait until it does";
            let italian = "nessun turno finisce entro un'ora, e nessuno è in arretrato: aspetta";
            return Err(WatchError::refused(FlowError::Conflict(reason.into()), italian));
        };
        if sheet.digest != give.digest {
            let reason = "the sheet says something else by now; read it again and sign that";
            let italian = "intanto il foglio è cambiato: rileggilo qui sotto e firma quello";
            return Err(WatchError::refused(FlowError::Conflict(reason.into()), italian));
        }
        let given = Signature { by: by.account.clone(), at: self.house().now() };
        let organisation = organisation.clone();
        let handover = Handover::give(organisation, ends, sheet.lines, (give.remarks, given))
            .map_err(refused)?;
        self.put_handover(by, id_of(&handover.organisation, ends), handover)
    }

    /// Takes the shift: signs that every line was looked at.
    ///
    /// # Errors
    /// Unknown, forbidden, signed by both already, given by the same person, or lines not seen.
    pub fn take_handover(
        &self,
        by: &Actor,
        id: &str,
        take: &Take,
    ) -> Result<HandoverView, WatchError> {
        let found = self.house().read(|reader| reader.record(RecordKind::Handover, id))?;
        let record = found.ok_or_else(|| WatchError::unknown("handover", id))?;
        let handover: Handover =
            serde_json::from_slice(&record.body).map_err(|error| damaged(&id, &error))?;
        if by.organisation != handover.organisation {
            return Err(WatchError::unknown("handover", id));
        }
        self.of_the_shift(by, &handover.organisation)?;
        let taken = Signature { by: by.account.clone(), at: self.house().now() };
        let taken = handover.take(taken, &take.seen).map_err(refused)?;
        self.put_handover(by, id.to_owned(), taken)
    }

    /// The handovers of a room, the newest first.
    ///
    /// # Errors
    /// Forbidden to other rooms.
    pub fn handovers(
        &self,
        by: &Actor,
        organisation: &OrganisationId,
        limit: usize,
    ) -> Result<Vec<HandoverView>, WatchError> {
        let auditor = self.house().is_of_the_room(by, &[Role::Auditor]);
        if !auditor {
            self.of_the_shift(by, organisation)?;
        }
        let mut found = self.recent(organisation)?;
        found.reverse();
        found.truncate(limit.clamp(1, 500));
        Ok(found)
    }

    fn of_the_shift(&self, by: &Actor, organisation: &OrganisationId) -> Result<(), WatchError> {
        const SHIFT: &[Role] = &[Role::Administrator, Role::DutyOfficer, Role::Analyst];
        self.house().require(by, SHIFT, "hand a shift over")?;
        if by.organisation == *organisation {
            return Ok(());
        }
        Err(WatchError::unknown("roster of", organisation))
    }

    fn put_handover(
        &self,
        by: &Actor,
        id: String,
        handover: Handover,
    ) -> Result<HandoverView, WatchError> {
        let body = serde_json::to_vec(&handover).map_err(|error| damaged(&id, &error))?;
        let (name, actor) = (id.clone(), by.account.clone());
        // Of two who sign at once, the second finds it signed.
        let before = handover.taken.is_some();
        let signed = self.house().write(move |unit| {
            let known = unit.record(RecordKind::Handover, &name)?;
            let known = known.map(|it| serde_json::from_slice::<Handover>(&it.body));
            let over = matches!(&known, Some(Ok(known)) if known.taken.is_some());
            if over || (before && known.is_none()) {
                return Ok(false);
            }
            unit.put_record(RecordKind::Handover, &name, &body, actor.as_str())?;
            Ok(true)
        })?;
        if signed { Ok(HandoverView { id, handover }) } else { Err(refused(HandoverError::Over)) }
    }

    /// The end of the last shift that was taken.
    fn last_taken(&self, organisation: &OrganisationId) -> Result<Option<Instant>, WatchError> {
        let recent = self.recent(organisation)?;
        Ok(recent.iter().rev().find(|it| it.handover.taken.is_some()).map(|it| it.handover.ends))
    }

    /// The handovers of the last months, the oldest first.
    fn recent(&self, organisation: &OrganisationId) -> Result<Vec<HandoverView>, WatchError> {
        const BACK: std::time::Duration = std::time::Duration::from_secs(60 * 86_400);
        let from = id_of(organisation, self.house().now().before(BACK));
        let prefix = format!("{organisation}/");
        let records = self.house().read(|reader| page(reader, &from, &prefix))?;
        let read = records.into_iter().map(|(id, body)| {
            let handover = serde_json::from_slice(&body).map_err(|error| damaged(&id, &error))?;
            Ok(HandoverView { id, handover })
        });
        read.collect()
    }

    fn clock_lines(&self, by: &Actor) -> Result<Vec<Line>, WatchError> {
        let pressing = self.pressing(by)?;
        let running = self.next_clocks(by, LINES)?;
        let legal =
            running.into_iter().filter(|it| it.step.is_some() && it.state == State::Running);
        let all = pressing.missed.into_iter().chain(pressing.near).chain(legal);
        Ok(all.map(clock_line).collect())
    }

    fn case_lines(&self, by: &Actor) -> Result<Vec<Line>, WatchError> {
        let page = self.cases(by, &CaseWish { limit: LINES, ..CaseWish::default() })?;
        // What is kept to a few persons is theirs to hand over.
        let open = page.cases.into_iter().filter(|row| row.circle == Circle::Open);
        let lines = open.map(|row| {
            let stage = row.stage.words();
            let grave = match row.judged_category() {
                Some(it) => Bilingual::new(format!("categoria {it}"), format!("category {it}")),
                None => Bilingual::new("da valutare", "to be judged"),
            };
            Line {
                key: format!("case/{}", row.number),
                kind: LineKind::Case,
                title: format!("{} {}", row.number, row.title),
                detail: Bilingual::new(
                    format!("{}, {}", stage.it, grave.it),
                    format!("{}, {}", stage.en, grave.en),
                ),
                due: None,
            }
        });
        Ok(lines.collect())
    }

    /// The links that are silent: for the room whose node this is.
    fn link_lines(&self, by: &Actor) -> Vec<Line> {
        let line = |key: &str, of: &OrganisationId, detail: [String; 2]| {
            let [it, en] = detail;
            Line {
                key: format!("{key}/{of}"),
                kind: LineKind::SilentLink,
                title: self.name_of(of),
                detail: Bilingual::new(it, en),
                due: None,
            }
        };
        let both = |at: Instant| [Language::It, Language::En].map(|language| rome(at, language));
        let peers = self.nodes().peers(by).unwrap_or_default();
        let silent = peers.iter().filter_map(|peer| {
            let [it, en] = both(peer.silent?);
            let said = [format!("collegamento muto dal {it}"), format!("link silent since {en}")];
            Some(line("link", &peer.organisation, said))
        });
        let ahead = peers.iter().filter_map(|peer| {
            let [it, en] = both(peer.future?);
            let it = format!(
                "il {it} ha rifiutato ciò che inviamo perché dal futuro: guarda gli orologi"
            );
            let en =
                format!("on {en} it refused what we send as from the future: look at the clocks");
            Some(line("clock", &peer.organisation, [it, en]))
        });
        silent.chain(ahead).collect()
    }
}

fn clock_line(clock: NextClock) -> Line {
    let key = match (&clock.step, clock.target) {
        (Some(step), _) => format!("clock/{}/{step}/{}", clock.number, clock.due),
        (None, target) => {
            format!("clock/{}/{}", clock.number, target.map_or("", |it| it.as_str()))
        }
    };
    let (it, en) = match clock.state {
        State::Missed => ("scaduto", "missed"),
        State::Near => ("in scadenza", "nearly due"),
        _ => ("in corso", "running"),
    };
    let name = &clock.name;
    Line {
        key,
        kind: LineKind::Clock,
        title: format!("{} {}", clock.number, clock.title),
        detail: Bilingual::new(format!("{}: {it}", name.it), format!("{}: {en}", name.en)),
        due: Some(clock.due),
    }
}

/// Records of handovers of one room, from after an identifier on.
fn page(
    reader: &mut dyn Reader,
    after: &str,
    prefix: &str,
) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let (mut found, mut after) = (Vec::new(), after.to_owned());
    loop {
        let page = reader.records_after(RecordKind::Handover, &after, 100)?;
        let ours = page.into_iter().take_while(|record| record.id.starts_with(prefix));
        let before = found.len();
        found.extend(ours.map(|record| (record.id, record.body)));
        match found.last() {
            Some((last, _)) if found.len() - before == 100 => after.clone_from(last),
            _ => return Ok(found),
        }
    }
}

fn id_of(organisation: &OrganisationId, ends: Instant) -> String {
    format!("{organisation}/{ends}")
}

fn digest_of(lines: &[Line]) -> String {
    let text = serde_json::to_vec(lines).unwrap_or_default();
    Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn refused(error: HandoverError) -> WatchError {
    WatchError::refused(FlowError::Conflict(error.to_string()), error.italian())
}
