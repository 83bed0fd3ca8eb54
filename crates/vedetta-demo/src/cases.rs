//! What the desk of the demonstration has before it: reports, some of them taken on.

mod reports;

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use vedetta_flow::House;
use vedetta_model::Actor;
use vedetta_watch::desk::incident::{Affected, Channel, Sent, ServiceStatus};
use vedetta_watch::desk::run::{Act, Outcome};
use vedetta_watch::desk::{Audience, Change, StepName};
use vedetta_watch::{CaseWish, Edit, NewFile, NewReport, NewRun, RunStep, Watch, WatchError};

use crate::organisation;
use crate::past::Past;
use crate::people::actor;
use reports::{REPORTS, Report};

/// The officer who has them before them.
const OFFICER: &str = "turno-cnaipic";

/// Reports those of a span of minutes ago, and takes some of them on.
pub(crate) fn between(
    house: &House,
    watch: &Watch,
    past: &Past,
    minutes: RangeInclusive<u64>,
) -> Result<(), WatchError> {
    let Some(officer) = actor(house, OFFICER) else { return Ok(()) };
    let told = REPORTS.iter().filter(|it| minutes.contains(&it.minutes_ago));
    for report in told {
        past.minutes_ago(report.minutes_ago);
        if let Some(number) = tell(house, watch, &officer, (report, past))? {
            past.minutes_ago(report.minutes_ago.saturating_sub(30));
            follow(watch, &officer, &number, report.playbook)?;
        }
    }
    Ok(())
}

/// Whether none was reported yet.
pub(crate) fn none(house: &House, watch: &Watch) -> Result<bool, WatchError> {
    let Some(officer) = actor(house, OFFICER) else { return Ok(false) };
    Ok(watch.cases(&officer, &CaseWish { limit: 1, ..CaseWish::default() })?.total == 0)
}

/// Follows a playbook, some steps far.
fn follow(
    watch: &Watch,
    officer: &Actor,
    number: &str,
    label: Option<&str>,
) -> Result<(), WatchError> {
    const NOTES: [&str; 3] = [
        "Parlato con il responsabile del CED al numero in rubrica; rete dell'ufficio staccata, nulla spento.",
        "VPN, desktop remoto e collegamento con il fornitore chiusi alle 9:40.",
        "Server delle copie staccato; l'ultima copia è di ieri alle 23:10.",
    ];
    let mut ours = watch.playbooks(officer)?.into_iter();
    let wanted = |it: &String| label.is_some_and(|label| it == label);
    let Some(playbook) = ours.find(|it| it.labels.iter().any(wanted)) else { return Ok(()) };
    let run = watch.begin_run(officer, number, NewRun { playbook: playbook.id, within: None })?.run;
    for note in NOTES {
        let seen = watch.run(officer, number, run)?;
        let Some(step) = seen.current.first() else { break };
        let act = Act::Finish {
            node: step.node,
            outcome: Outcome::Done,
            found: Default::default(),
            note: note.into(),
        };
        watch.act_in_run(officer, number, run, RunStep { version: seen.version, act })?;
    }
    Ok(())
}

/// The number under which it is confirmed, where it is.
fn tell(
    house: &House,
    watch: &Watch,
    officer: &Actor,
    (it, past): (&Report, &Past),
) -> Result<Option<String>, WatchError> {
    let Ok(of) = organisation(it.organisation) else { return Ok(None) };
    if house.standing().directory.organisation(&of).is_none() {
        return Ok(None);
    }
    let later = |minutes| past.minutes_ago(it.minutes_ago.saturating_sub(minutes));
    let number = handed_in(house, watch, (officer, it))?;
    let change = |change: Change| -> Result<(), WatchError> {
        let version = watch.case(officer, &number)?.version;
        watch.change_case(officer, &number, Edit { version, change }).map(drop)
    };
    if it.grades.is_empty() {
        go_on(house, (it, past), &change)?;
        return Ok(None);
    }
    later(6);
    change(Change::Triage)?;
    for (factor, grade) in it.grades {
        change(Change::Judge { factor: *factor, grade: *grade })?;
    }
    let ended =
        it.further.iter().any(|(_, deed)| matches!(deed(house.now()), Change::Recover { .. }));
    let status = match it.confirmed {
        _ if ended => ServiceStatus::Working,
        Some(_) => ServiceStatus::Down,
        None => ServiceStatus::Degraded,
    };
    change(Change::Affect {
        organisation: of,
        affected: Affected { services: services_of(it), status },
    })?;
    if let Some(evidence) = it.confirmed {
        later(17);
        change(Change::Confirm { evidence: evidence.into() })?;
        let text = "Raccolti i registri; avvisato il centro regionale.".into();
        change(Change::Note { text, audience: Audience::Room })?;
        let text = "Richiamare il referente con le prime misure".into();
        change(Change::Task { text, organisation: None, assignee: None, due: None })?;
    }
    later(22);
    for (regime, step) in it.laws {
        let reason = "L'ente è tra quelli che la norma elenca.".into();
        change(Change::Apply { regime: (*regime).into(), class: None, reason })?;
        let Some((step, minutes_ago, proof)) = *step else { continue };
        past.minutes_ago(minutes_ago);
        let at = house.now();
        let step = StepName { regime: (*regime).into(), step: step.into() };
        change(Change::Send { step, sent: Sent { at, proof: proof.into(), file: None } })?;
    }
    go_on(house, (it, past), &change)?;
    for (name, holds) in it.files {
        let version = watch.case(officer, &number)?.version;
        let octets = holds.as_bytes().to_vec();
        let file = NewFile { version, name: (*name).into(), octets, audience: Audience::Room };
        watch.attach(officer, &number, file)?;
    }
    Ok(it.confirmed.map(|_| number))
}

/// The number under which the town or operator reports it.
fn handed_in(
    house: &House,
    watch: &Watch,
    (officer, it): (&Actor, &Report),
) -> Result<String, WatchError> {
    let receipt = watch.report(
        officer,
        NewReport {
            channel: Channel::Telephone,
            organisation: Some(organisation(it.organisation)?),
            title: it.title.into(),
            words: it.words.into(),
            contact: Some("referente di turno".into()),
            awareness: Some(house.now().before(Duration::from_mins(10))),
            items: BTreeSet::new(),
            services: services_of(it),
            exercise: None,
            key: None,
        },
    )?;
    Ok(receipt.number.to_string())
}

fn services_of(it: &Report) -> BTreeSet<String> {
    it.services.iter().map(|it| (*it).to_owned()).collect()
}

/// What was done next.
fn go_on(
    house: &House,
    (it, past): (&Report, &Past),
    change: &impl Fn(Change) -> Result<(), WatchError>,
) -> Result<(), WatchError> {
    for (minutes, deed) in it.further {
        past.minutes_ago(it.minutes_ago.saturating_sub(*minutes));
        change(deed(house.now()))?;
    }
    Ok(())
}
