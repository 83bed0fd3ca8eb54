//! The sensors at organisations, and how each does.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use vedetta_api::{Problem, problem::Kind};
use vedetta_frame::console::Console;
use vedetta_frame::export::Table;
use vedetta_frame::forms::{Done, Sent};
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::organisation::name;
use vedetta_frame::said::Said;
use vedetta_frame::shown::{Moment, decimal};
use vedetta_frame::visit::Signed;
use vedetta_model::AccountId;
use vedetta_outpost::SensorState;
use vedetta_outpost::enrol::SensorStage;
use vedetta_words::Words;

/// One sensor.
struct Sensor {
    account: String,
    name: String,
    organisation: (String, String),
    stage: &'static str,
    look: &'static str,
    heard: Option<Moment>,
    silent: Option<Moment>,
    retired: bool,
    facts: Vec<(&'static str, String)>,
    faults: Vec<(String, u64)>,
}

#[derive(Template)]
#[template(path = "sensors.html")]
struct Sensors {
    frame: Frame,
    sensors: Vec<Sensor>,
    may_retire: bool,
}

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let outposts = console.api().sensors();
    let found = console.ask(move |_| outposts.states(&actor)).await?;
    if let Some(form) = signed.visit.exported() {
        return table(&found).answer((&console, &signed), form).await;
    }
    let sensors = found.iter().map(|it| Sensor::of(&console, w, it)).collect();
    let frame = Frame::of(&console, &signed.visit, w.sensors_title(), Section::Sensors).live();
    page(&Sensors { frame, sensors, may_retire: console.admits(&signed, "/accounts/new") })
}

pub(super) async fn retire(
    State(console): State<Console>,
    signed: Signed,
    Path(account): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let unknown = |_| Problem::new(Kind::Unknown, "there is no such sensor; load the page again");
    let (actor, id) = (signed.actor(), AccountId::new(&account).map_err(unknown)?);
    let outposts = console.api().sensors();
    let act = async {
        let outposts = Arc::clone(&outposts);
        console.ask(move |_| outposts.retire(&actor, &id)).await?;
        Ok::<_, Problem>(Done::to("/sensors").said(Said::Removed))
    };
    Ok(console.sent().once(&signed.person, &sent, act).await?.into_response())
}

fn table(found: &[SensorState]) -> Table {
    let columns = ["sensor", "organisation", "heard", "silent_since", "events_per_s", "lost"];
    let mut table = Table::new("sensors", &columns);
    let moment =
        |at: Option<vedetta_model::Instant>| at.map_or_else(String::new, |at| at.to_string());
    for it in found {
        let said = it.said.as_ref();
        table.row([
            it.sensor.account.to_string(),
            it.sensor.organisation.to_string(),
            moment(it.heard),
            moment(it.silent_since),
            said.map_or_else(String::new, |it| format!("{:.1}", it.events_per_s)),
            said.map_or_else(String::new, |it| it.lost.to_string()),
        ]);
    }
    table
}

impl Sensor {
    fn of(console: &Console, w: Words, it: &SensorState) -> Self {
        let (stage, look) = match &it.sensor.stage {
            SensorStage::Retired { .. } => (w.sensor_retired(), "badge-quiet"),
            SensorStage::Invited { .. } => (w.sensor_invited(), "badge-quiet"),
            SensorStage::Enrolled { .. } if it.silent_since.is_some() => {
                (w.sensor_silent(), "badge-bad")
            }
            SensorStage::Enrolled { .. } => (w.sensor_works(), "badge-good"),
        };
        let of = &it.sensor.organisation;
        Self {
            account: it.sensor.account.to_string(),
            name: it.sensor.name.clone(),
            organisation: (of.to_string(), name(&console.house().standing(), of)),
            stage,
            look,
            heard: it.heard.map(|at| Moment::of(at, w)),
            silent: it.silent_since.map(|at| Moment::of(at, w)),
            retired: matches!(it.sensor.stage, SensorStage::Retired { .. }),
            facts: facts(w, it),
            faults: it
                .said
                .iter()
                .flat_map(|it| it.faults.iter().map(|(why, count)| (why.clone(), *count)))
                .collect(),
        }
    }
}

/// What a sensor last said of itself.
fn facts(w: Words, it: &SensorState) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    match &it.sensor.stage {
        SensorStage::Invited { until, .. } => {
            facts.push((w.sensor_code_until(), Moment::of(*until, w).text().to_owned()));
        }
        SensorStage::Enrolled { since, version } => {
            facts.push((w.sensor_since(), Moment::of(*since, w).text().to_owned()));
            facts.push((w.sensor_version(), version.clone()));
        }
        SensorStage::Retired { since } => {
            facts.push((w.sensor_retired_since(), Moment::of(*since, w).text().to_owned()));
        }
    }
    let Some(said) = &it.said else { return facts };
    facts.push((w.sensor_events(), decimal(said.events_per_s, 0, w)));
    if let Some(lag) = said.lag_s {
        facts.push((w.sensor_lag(), format!("{} s", decimal(lag, 1, w))));
    }
    facts.push((w.sensor_indicators(), w.number(said.indicators as u64)));
    let rules =
        format!("{} / {}", w.number(said.rules as u64), w.number(said.rules_refused as u64));
    facts.push((w.sensor_rules(), rules));
    facts.push((w.sensor_waiting(), w.number(said.waiting as u64)));
    facts.push((w.sensor_lost(), w.number(said.lost)));
    facts
}
