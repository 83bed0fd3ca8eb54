//! The rosters of the demonstration, and the handovers of its centres.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use vedetta_flow::{FlowError, House};
use vedetta_model::{Actor, OrganisationId};
use vedetta_watch::desk::Roster;
use vedetta_watch::desk::roster::{Absence, Cover, Shift, Swap};
use vedetta_watch::{Give, Take, Watch, WatchError};

use crate::people::{TEAMS, actor, centres, of_team};

/// Puts the rosters.
pub(crate) fn rosters(house: &House, watch: &Watch) -> Result<(), WatchError> {
    for centre in centres(house) {
        let Some(keeper) = actor(house, &format!("turno-{centre}")) else { continue };
        watch.put_roster(&keeper, roster(house, &centre)?, None)?;
    }
    Ok(())
}

/// Has the past shifts of every centre handed over, once; at the national one the last waits for who
/// comes.
pub(crate) fn hand_over(house: &House, watch: &Watch) -> Result<(), WatchError> {
    for centre in centres(house) {
        let mut team = Vec::new();
        for name in TEAMS {
            team.extend(actor(house, of_team(&centre, name)?.as_str()));
        }
        let [first, second, third] = &*team else { continue };
        if watch.handovers(first, &centre, 1)?.is_empty() {
            shifts_past(house, watch, [first, second, third])?;
        }
    }
    Ok(())
}

/// Three teams: the day, the night, and rest; somebody is always there, but where somebody is away.
fn roster(house: &House, centre: &OrganisationId) -> Result<Roster, FlowError> {
    let hour = |hour: i8| jiff::civil::time(hour, 0, 0, 0);
    let today = house.now().day();
    let day = |ahead: i64| today.saturating_add(jiff::Span::new().days(ahead));
    let teams = TEAMS.iter().map(|team| Ok(BTreeSet::from([of_team(centre, team)?])));
    let mut roster = Roster {
        organisation: centre.clone(),
        zone: "Europe/Rome".into(),
        shifts: BTreeMap::from([
            ("giorno".to_owned(), Shift { from: hour(8), to: hour(20) }),
            ("notte".to_owned(), Shift { from: hour(20), to: hour(8) }),
        ]),
        teams: teams.collect::<Result<_, FlowError>>()?,
        cycle: vec!["giorno".into(), "notte".into(), String::new()],
        stagger: 1,
        start: day(-6),
        absences: Vec::new(),
        swaps: Vec::new(),
        covers: Vec::new(),
    };
    match centre.as_str() {
        "cnaipic" => {
            let (from, to) = (of_team(centre, "b")?, of_team(centre, "c")?);
            roster.swaps.push(Swap { day: day(2), shift: "giorno".into(), from, to });
            let person = of_team(centre, "c")?;
            roster.absences.push(Absence { person, from: day(9), until: day(10) });
        }
        // A small room that another stands in for today.
        "cosc-sardegna" => {
            for team in TEAMS {
                let person = of_team(centre, team)?;
                roster.absences.push(Absence { person, from: day(-1), until: day(1) });
            }
            let now = house.now();
            let hours = |hours: u64| Duration::from_secs(hours * 3_600);
            let (from, until) = (now.before(hours(48)), now.after(hours(48)));
            if let Ok(by) = OrganisationId::new("cosc-lazio") {
                roster.covers.push(Cover { by, from, until });
            }
        }
        _ => {}
    }
    Ok(roster)
}

/// Every shift that is owed is handed over.
fn shifts_past(house: &House, watch: &Watch, people: [&Actor; 3]) -> Result<(), WatchError> {
    const NATIONAL: [&str; 3] = [
        "Turno tranquillo. Il referente di Terni richiama in mattinata.",
        "Aggiornati i registri della falsa fattura; il fornitore del protocollo non ha ancora risposto.",
        "Chiuso il confronto con il centro regionale: nessuna novità sul riscatto.",
    ];
    const REGIONAL: [&str; 3] = [
        "Turno tranquillo, nessuna chiamata dalla sala nazionale.",
        "Sentito il referente di un Comune sulle password riusate: le cambia domani.",
        "Provato il numero di reperibilità: risponde.",
    ];
    let own = &people[0].organisation;
    let national = own.as_str() == "cnaipic";
    let remarks = if national { NATIONAL } else { REGIONAL };
    let (mut turn, mut tries) = (0, 0);
    while turn < 40 {
        let (giver, taker) = (people[turn % 3], people[(turn + 1) % 3]);
        // As the giver sees it: that is what is signed.
        let sheet = watch.handover_sheet(giver, own)?;
        let Some(ends) = sheet.ends.filter(|ends| *ends <= house.now()) else { return Ok(()) };
        let give = Give { digest: sheet.digest, remarks: remarks[turn % 3].to_owned() };
        let given = match watch.give_handover(giver, own, give) {
            // What no person reports came to the sheet meanwhile: it is read again.
            Err(WatchError::Flow(FlowError::Conflict(_))) if tries < 20 => {
                tries += 1;
                continue;
            }
            given => given?,
        };
        turn += 1;
        if national && sheet.owed.last().is_none_or(|last| *last == ends) {
            return Ok(());
        }
        let seen = given.handover.lines.iter().map(|line| line.key.clone()).collect();
        watch.take_handover(taker, &given.id, &Take { seen })?;
    }
    Ok(())
}
