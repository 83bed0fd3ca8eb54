//! Who is on duty now, at every centre; and the roster of one room, with its swaps, absences and covers.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use jiff::civil::Date;
use serde_json::json;
use vedetta_api::{Problem, problem::Kind};
use vedetta_flow::{Sequence, Standing};
use vedetta_frame::console::Console;
use vedetta_frame::export::Table;
use vedetta_frame::forms::{Done, SEEN, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::organisation::{name, named};
use vedetta_frame::refused::{refusal_status, told_on_form, whole};
use vedetta_frame::said::Said;
use vedetta_frame::shown::{Day, Moment, date, left, moment_of};
use vedetta_frame::visit::Signed;
use vedetta_model::{AccountId, OrganisationId, Role};
use vedetta_watch::desk::OnDuty;
use vedetta_watch::{DutyNow, RosterChange, RosterView};
use vedetta_words::Words;

/// Who is on duty in one room.
struct Room {
    id: String,
    name: String,
    people: String,
    covered_by: Option<String>,
    nobody: bool,
    until: Option<(Moment, String)>,
    telephone: Option<String>,
}

#[derive(Template)]
#[template(path = "duty.html")]
struct Duty {
    frame: Frame,
    rooms: Vec<Room>,
    own: Option<String>,
    to_make: Option<String>,
}

/// One turn of a roster.
struct Turn {
    day: Day,
    shift: String,
    from: Moment,
    until: Moment,
    people: Vec<String>,
    now: bool,
}

/// An absence that is foreseen.
struct Away {
    person: String,
    name: String,
    /// The day on which it begins, as forms say it.
    begins: String,
    from: String,
    until: String,
}

#[derive(Template)]
#[template(path = "roster.html")]
struct Roster {
    frame: Frame,
    fault: Option<String>,
    id: String,
    turns: Vec<Turn>,
    gaps: Vec<(Moment, Moment)>,
    away: Vec<Away>,
    swaps: Vec<(String, String, String, String)>,
    covers: Vec<(String, Moment, Moment)>,
    people: Vec<(String, String)>,
    shifts: Vec<String>,
    typed: Sent,
    version: u64,
    may_keep: bool,
}

/// How far ahead a roster is shown, in seconds.
const AHEAD: u64 = 14 * 86_400;

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let found = console.watch(move |watch| watch.on_duty(&actor)).await?;
    if let Some(form) = signed.visit.exported() {
        return table(&found).answer((&console, &signed), form).await;
    }
    let own = signed.person.actor.organisation.clone();
    let has = found.iter().any(|it| it.organisation == own);
    let keeps = keeps(&console, &signed, &own);
    let mut rooms: Vec<_> = found.iter().map(|it| Room::of(&console, w, it)).collect();
    rooms.sort_by(|a, b| {
        (b.id == own.as_str()).cmp(&(a.id == own.as_str())).then(a.name.cmp(&b.name))
    });
    let frame = Frame::of(&console, &signed.visit, w.duty_title(), Section::Duty).live();
    page(&Duty {
        frame,
        rooms,
        own: has.then(|| own.to_string()),
        to_make: (!has && keeps).then(|| own.to_string()),
    })
}

fn table(found: &[DutyNow]) -> Table {
    let columns = ["organisation", "name", "people", "telephone", "next_change"];
    let mut table = Table::new("on-duty", &columns);
    for it in found {
        let people: Vec<_> = it.people.iter().map(|it| it.name.as_str()).collect();
        table.row([
            it.organisation.to_string(),
            it.name.clone(),
            people.join("; "),
            it.telephone.clone().unwrap_or_default(),
            it.next_change.map_or_else(String::new, |at| at.to_string()),
        ]);
    }
    table
}

/// Whether who visits keeps the roster of a room.
pub(super) fn keeps(console: &Console, signed: &Signed, of: &OrganisationId) -> bool {
    let actor = &signed.person.actor;
    let officer = actor.is(Role::DutyOfficer) || actor.is(Role::Administrator);
    (officer && actor.organisation == *of)
        || console.house().is_of_the_room(actor, &[Role::Administrator])
}

impl Room {
    fn of(console: &Console, w: Words, it: &DutyNow) -> Self {
        let (standing, now) = (console.house().standing(), console.house().now());
        let people: Vec<_> = it.people.iter().map(|it| it.name.as_str()).collect();
        Self {
            id: it.organisation.to_string(),
            name: it.name.clone(),
            people: people.join(", "),
            covered_by: match &it.on_duty {
                OnDuty::Covered { by, .. } => Some(name(&standing, by)),
                _ => None,
            },
            nobody: matches!(it.on_duty, OnDuty::Nobody { .. }),
            until: it.next_change.map(|at| (Moment::of(at, w), left(w, now, at))),
            telephone: it.telephone.clone(),
        }
    }
}

pub(super) async fn roster(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    page(&Roster::read(&console, &signed, &named(&id)?).await?)
}

/// Swaps a turn, notes an absence or its end, has another room stand in.
pub(super) async fn change(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let (of, actor, w) = (named(&id)?, signed.actor(), signed.words());
    let version = Sequence(sent.text(SEEN).parse().unwrap_or(0));
    let (room, wanted) = (of.clone(), wanted(w, &sent));
    let act = async {
        let change = wanted.map_err(|fault| Problem::new(Kind::Invalid, fault))?;
        console.watch(move |watch| watch.change_roster(&actor, &room, version, change)).await?;
        Ok::<_, Problem>(Done::to(format!("/duty/{id}")).said(Said::Saved))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if told_on_form(&problem) => {
            let mut told = Roster::read(&console, &signed, &of).await?;
            (told.fault, told.typed) = (Some(whole(w, &problem)), sent);
            page_with(refusal_status(problem.kind), &told)
        }
        Err(problem) => Err(problem),
    }
}

/// What a form asks.
fn wanted(w: Words, sent: &Sent) -> Result<RosterChange, String> {
    let text = |name: &str| sent.text(name).to_owned();
    let day = |name: &str| {
        let day: Result<Date, _> = sent.text(name).parse();
        day.map(|day| day.to_string()).map_err(|_| w.day_wrong().to_owned())
    };
    let moment = |name: &str| {
        moment_of(sent.text(name)).map(|it| json!(it)).ok_or_else(|| w.moment_wrong().to_owned())
    };
    let value = match sent.text("does") {
        "swap" => {
            let swap = json!({ "day": day("day")?, "shift": text("shift"), "from": text("from"), "to": text("to") });
            json!({ "does": "swap", "swap": swap })
        }
        "absent" => {
            let absence =
                json!({ "person": text("person"), "from": day("first")?, "until": day("last")? });
            json!({ "does": "absent", "absence": absence })
        }
        "back" => json!({ "does": "back", "person": text("person"), "from": day("first")? }),
        _ => {
            let cover =
                json!({ "by": text("by"), "from": moment("begins")?, "until": moment("ends")? });
            json!({ "does": "cover", "cover": cover })
        }
    };
    serde_json::from_value(value).map_err(|_| w.roster_field_missing().to_owned())
}

impl Roster {
    async fn read(
        console: &Console,
        signed: &Signed,
        of: &OrganisationId,
    ) -> Result<Self, Problem> {
        let (actor, room, now) = (signed.actor(), of.clone(), console.house().now());
        let until = now.after(std::time::Duration::from_secs(AHEAD));
        let view = console.watch(move |watch| watch.roster(&actor, &room, (now, until))).await?;
        Ok(Self::of(console, signed, of, &view))
    }

    fn of(console: &Console, signed: &Signed, of: &OrganisationId, view: &RosterView) -> Self {
        let (w, standing, now) =
            (signed.words(), console.house().standing(), console.house().now());
        let person = |id: &AccountId| person(&standing, id);
        let roster = &view.roster;
        let room = name(&standing, of);
        let turns = view.turns.iter().map(|turn| Turn {
            day: Day::of(turn.from, w),
            shift: turn.shift.clone(),
            from: Moment::of(turn.from, w),
            until: Moment::of(turn.until, w),
            people: turn.people.iter().map(person).collect(),
            now: turn.from <= now && now < turn.until,
        });
        let mut people: Vec<_> =
            roster.teams.iter().flatten().map(|id| (id.to_string(), person(id))).collect();
        people.sort_by(|a, b| a.1.cmp(&b.1));
        people.dedup();
        Self {
            frame: Frame::of(console, &signed.visit, &w.roster_title(&room), Section::Duty),
            fault: None,
            id: of.to_string(),
            turns: turns.collect(),
            gaps: view
                .gaps
                .iter()
                .map(|gap| (Moment::of(gap.from, w), Moment::of(gap.until, w)))
                .collect(),
            away: roster
                .absences
                .iter()
                .map(|it| Away {
                    person: it.person.to_string(),
                    name: person(&it.person),
                    begins: it.from.to_string(),
                    from: date(it.from, w),
                    until: date(it.until, w),
                })
                .collect(),
            swaps: roster
                .swaps
                .iter()
                .map(|it| (date(it.day, w), it.shift.clone(), person(&it.from), person(&it.to)))
                .collect(),
            covers: roster
                .covers
                .iter()
                .map(|it| {
                    (name(&standing, &it.by), Moment::of(it.from, w), Moment::of(it.until, w))
                })
                .collect(),
            people,
            shifts: roster.shifts.keys().cloned().collect(),
            typed: Sent::default(),
            version: view.version.0,
            may_keep: keeps(console, signed, of),
        }
    }
}

/// A person's name.
pub(super) fn person(standing: &Standing, id: &AccountId) -> String {
    standing.directory.account(id).map_or_else(|| id.to_string(), |it| it.name.clone())
}
