//! Making the roster of a room: shifts, teams, and the cycle in which they work.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use jiff::civil::{Date, Time};
use vedetta_api::{Problem, problem::Kind};
use vedetta_flow::Sequence;
use vedetta_frame::console::Console;
use vedetta_frame::fields::{Field, FieldKind};
use vedetta_frame::forms::{Done, SEEN, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::organisation::named;
use vedetta_frame::refused::{refusal_status, told_on_form, whole};
use vedetta_frame::said::Said;
use vedetta_frame::visit::Signed;
use vedetta_model::{AccountId, Language, OrganisationId};
use vedetta_watch::desk::Roster;
use vedetta_watch::desk::roster::Shift;
use vedetta_words::Words;

#[derive(Template)]
#[template(path = "record_edit.html")]
struct Edit {
    frame: Frame,
    fault: Option<String>,
    back: (String, String),
    address: String,
    fields: Vec<Field>,
    saw: String,
    removal: Option<String>,
}

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let of = named(&id)?;
    let known = known(&console, &signed, &of).await?;
    page(&Edit::of(&console, &signed, &of, known.as_ref()))
}

pub(super) async fn save(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let (of, actor, w) = (named(&id)?, signed.actor(), signed.words());
    let known = known(&console, &signed, &of).await?;
    let wanted = read(w, &of, &sent).map(|roster| match &known {
        // What was swapped and who is away is kept.
        Some((known, _)) => Roster {
            absences: known.absences.clone(),
            swaps: known.swaps.clone(),
            covers: known.covers.clone(),
            ..roster
        },
        None => roster,
    });
    let version = sent.text(SEEN).parse().ok().map(Sequence);
    let act = async {
        let roster = wanted.map_err(|fault| Problem::new(Kind::Invalid, fault))?;
        console.watch(move |watch| watch.put_roster(&actor, roster, version)).await?;
        Ok::<_, Problem>(Done::to(format!("/duty/{id}")).said(Said::Saved))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if told_on_form(&problem) => {
            let mut told = Edit::of(&console, &signed, &of, known.as_ref());
            told.fault = Some(whole(w, &problem));
            told.fields.iter_mut().for_each(|field| field.retype(&sent));
            page_with(refusal_status(problem.kind), &told)
        }
        Err(problem) => Err(problem),
    }
}

/// The roster and its version; none when it is to be made.
async fn known(
    console: &Console,
    signed: &Signed,
    of: &OrganisationId,
) -> Result<Option<(Roster, Sequence)>, Problem> {
    if !super::duty::keeps(console, signed, of) {
        let [it, en] = [Language::It, Language::En].map(|it| Words(it).roster_not_yours());
        return Err(Problem::new(Kind::Forbidden, en).in_italian(Some(it)));
    }
    let (actor, room, now) = (signed.actor(), of.clone(), console.house().now());
    match console.watch(move |watch| watch.roster(&actor, &room, (now, now))).await {
        Ok(view) => Ok(Some((view.roster, view.version))),
        Err(problem) if problem.kind == Kind::Unknown => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// What a form says.
fn read(w: Words, of: &OrganisationId, sent: &Sent) -> Result<Roster, String> {
    let lines = |name: &str| {
        let lines = sent.text(name).lines().map(str::trim).filter(|it| !it.is_empty());
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let shifts: Result<BTreeMap<_, _>, _> = lines("shifts")
        .iter()
        .map(|line| shift(line).ok_or_else(|| w.roster_shift_wrong(line)))
        .collect();
    let team = |line: &String| {
        let people = line.split([',', ' ', ';']).map(str::trim).filter(|it| !it.is_empty());
        people.map(AccountId::new).collect::<Result<BTreeSet<_>, _>>()
    };
    let teams: Result<Vec<_>, _> = lines("teams").iter().map(team).collect();
    let start: Result<Date, _> = sent.text("start").parse();
    let rest = |name: &str| if name == "-" { String::new() } else { name.to_owned() };
    let cycle = sent.text("cycle").split([',', '\n']).map(str::trim).filter(|it| !it.is_empty());
    Ok(Roster {
        organisation: of.clone(),
        zone: "Europe/Rome".into(),
        shifts: shifts?,
        teams: teams.map_err(|error| w.roster_account_wrong(&error.to_string()))?,
        cycle: cycle.map(rest).collect(),
        stagger: sent.text("stagger").parse().map_err(|_| w.roster_stagger_wrong().to_owned())?,
        start: start.map_err(|_| w.day_wrong().to_owned())?,
        absences: Vec::new(),
        swaps: Vec::new(),
        covers: Vec::new(),
    })
}

/// `mattina 07:00-14:00`.
fn shift(line: &str) -> Option<(String, Shift)> {
    let (name, times) = line.rsplit_once(' ')?;
    let (from, to) = times.split_once('-')?;
    let time = |text: &str| format!("{text}:00").parse::<Time>().ok();
    let name = name.trim().trim_end_matches(':');
    (!name.is_empty()).then_some(())?;
    Some((name.to_owned(), Shift { from: time(from)?, to: time(to)? }))
}

impl Edit {
    fn of(
        console: &Console,
        signed: &Signed,
        of: &OrganisationId,
        known: Option<&(Roster, Sequence)>,
    ) -> Self {
        let w = signed.words();
        let title = if known.is_some() { w.roster_edit() } else { w.roster_new() };
        let back = match known {
            Some(_) => (format!("/duty/{of}"), w.duty_title().to_owned()),
            None => ("/duty".to_owned(), w.duty_title().to_owned()),
        };
        Self {
            frame: Frame::of(console, &signed.visit, title, Section::Duty),
            fault: None,
            back,
            address: format!("/duty/{of}/edit"),
            fields: fields(w, known.map(|(roster, _)| roster), console),
            saw: known.map_or_else(String::new, |(_, version)| version.to_string()),
            removal: None,
        }
    }
}

fn fields(w: Words, known: Option<&Roster>, console: &Console) -> Vec<Field> {
    let (mut shifts, mut teams) = (String::new(), String::new());
    let today = console.house().now().day().to_string();
    let Some(roster) = known else {
        shifts.push_str("mattina 07:00-14:00\npomeriggio 14:00-22:00\nnotte 22:00-07:00");
        return vec![
            Field::line("shifts", w.roster_shifts(), shifts).lines().hint(w.roster_shifts_hint()),
            Field::line("teams", w.roster_teams(), teams).lines().hint(w.roster_teams_hint()),
            Field::line("cycle", w.roster_cycle(), "mattina, pomeriggio, notte, -, -")
                .hint(w.roster_cycle_hint()),
            Field::line("stagger", w.roster_stagger(), "1").hint(w.roster_stagger_hint()),
            Field::line("start", w.roster_start(), today).hint(w.date_hint()),
        ];
    };
    for (name, Shift { from, to }) in &roster.shifts {
        let time = |it: &Time| it.strftime("%H:%M").to_string();
        let _infallible = writeln!(shifts, "{name} {}-{}", time(from), time(to));
    }
    for team in &roster.teams {
        let people: Vec<_> = team.iter().map(AccountId::as_str).collect();
        let _infallible = writeln!(teams, "{}", people.join(", "));
    }
    let cycle: Vec<_> =
        roster.cycle.iter().map(|it| if it.is_empty() { "-" } else { it.as_str() }).collect();
    vec![
        Field::line("shifts", w.roster_shifts(), shifts.trim_end())
            .lines()
            .hint(w.roster_shifts_hint()),
        Field::line("teams", w.roster_teams(), teams.trim_end())
            .lines()
            .hint(w.roster_teams_hint()),
        Field::line("cycle", w.roster_cycle(), cycle.join(", ")).hint(w.roster_cycle_hint()),
        Field::line("stagger", w.roster_stagger(), roster.stagger.to_string())
            .hint(w.roster_stagger_hint()),
        Field::line("start", w.roster_start(), roster.start.to_string()).hint(w.date_hint()),
    ]
}

#[cfg(test)]
mod tests {
    use super::shift;

    #[test]
    fn a_shift_is_a_name_and_two_hours() {
        let (name, it) = shift("notte lunga 22:00-07:30").unwrap();
        assert_eq!((name.as_str(), it.from.hour(), it.to.minute()), ("notte lunga", 22, 30));
        for wrong in ["notte", "notte 22:00", "22:00-07:00", "notte 25:00-07:00"] {
            assert!(shift(wrong).is_none(), "{wrong}");
        }
    }
}
