//! The sensors of the demonstration: some work, and one has been silent since it found something.

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;
use vedetta_detect::finding::{By, Severity};
use vedetta_detect::report::{Enrolment, Heartbeat, Observable, Recalled, Report, Told};
use vedetta_flow::{FlowError, House};
use vedetta_model::Actor;
use vedetta_outpost::Outposts;
use vedetta_outpost::alerts::AlertWish;
use vedetta_outpost::enrol::NewSensor;
use vedetta_outpost::judge::{Judgement, Reach, Verdict};

use crate::organisation;
use crate::past::Past;
use crate::people::actor;

/// A finding: of which kind, the rule, its title, its gravity and confidence, a technique, about whom, an
/// address outside, how many events, and how many minutes ago.
type Found = (
    By,
    &'static str,
    &'static str,
    (Severity, u8),
    (&'static str, &'static str, &'static str),
    (u64, u64),
);

const TOWN: &str = "comune-054039";

/// Sensors that work: of whom, what they are called, and how many events a second they read.
const WORKING: [(&str, &str, f64); 3] = [
    ("comune-010025", "sala-macchine", 1_280.0),
    ("comune-055032", "posta", 96.0),
    ("ospedale-esempio", "reparti", 640.0),
];

const FOUND: [Found; 5] = [
    (
        By::Rule,
        "f7b6c1de-2f0a-4e3b-9a41-0d5c7e8f9a01",
        "Cancellazione delle copie shadow",
        (Severity::Critical, 95),
        ("T1490", "server-anagrafe", ""),
        (4, 198),
    ),
    (
        By::Indicator,
        "indicator--3957af04-ed53-53d7-a715-7572c0ab4393",
        "Connessione a un server che raccoglie credenziali",
        (Severity::High, 85),
        ("T1071.001", "proxy-uffici", "203.0.113.77"),
        (23, 194),
    ),
    (
        By::Correlation,
        "f7b6c1de-2f0a-4e3b-9a41-0d5c7e8f9a02",
        "Molti accessi falliti, poi uno riuscito",
        (Severity::High, 70),
        ("T1110.003", "m.rossi", "198.51.100.14"),
        (61, 190),
    ),
    (
        By::Baseline,
        "outbound-bytes",
        "Traffico in uscita insolito nella notte",
        (Severity::Medium, 55),
        ("T1048", "nas-protocollo", ""),
        (1, 187),
    ),
    (
        By::Rule,
        "f7b6c1de-2f0a-4e3b-9a41-0d5c7e8f9a03",
        "Accesso remoto fuori orario",
        (Severity::Low, 60),
        ("T1133", "vpn-manutenzione", ""),
        (2, 184),
    ),
];

/// Enrols them, and has one report.
pub(crate) fn ready(house: &House, outposts: &Outposts, past: &Past) -> Result<(), FlowError> {
    let Some(keeper) = house.keeper(&organisation("cnaipic")?) else { return Ok(()) };
    let town = organisation(TOWN)?;
    if house.standing().directory.organisation(&town).is_none() {
        return Ok(());
    }
    for (of, name, _) in WORKING {
        enrol(house, outposts, (&keeper, of, name))?;
    }
    let sensor = enrol(house, outposts, (&keeper, TOWN, "perimetro"))?;
    for (place, found) in (1..).zip(&FOUND) {
        past.minutes_ago(found.5.1);
        let report = Report { findings: vec![told(house, place, found)] };
        outposts.take(&sensor, report)?;
        outposts.hear(&sensor, pulse(house, 412.0))?;
    }
    Ok(())
}

fn told(house: &House, place: u128, found: &Found) -> Told {
    let &(by, of, title, (severity, confidence), (technique, entity, outside), (count, _)) = found;
    let now = house.now();
    let address = |value: &str| Observable { kind: "ipv4-addr".into(), value: value.into() };
    Told {
        id: Uuid::from_u128(0x5d0c_9a3e_71b4_4e6f_9a27_0000_0000_0000 | place),
        by,
        of: of.into(),
        title: title.into(),
        severity,
        confidence,
        techniques: vec![technique.into()],
        entity: entity.into(),
        evidence: BTreeMap::new(),
        observables: Some(outside).filter(|it| !it.is_empty()).map(address).into_iter().collect(),
        count,
        first: now.before(Duration::from_mins(9)),
        last: now,
        created: now,
        told: now,
        recalled: Recalled::Live,
    }
}

/// Enrols a sensor of a town, and gives it as one who acts.
fn enrol(
    house: &House,
    outposts: &Outposts,
    (keeper, town, name): (&Actor, &str, &str),
) -> Result<Actor, FlowError> {
    let new = NewSensor {
        organisation: organisation(town)?,
        name: name.into(),
        address: "127.0.0.1:8443".into(),
        authority: "00".repeat(32),
    };
    let code = outposts.invite(keeper, &new)?;
    let secret = code.secret.iter().map(|octet| format!("{octet:02x}")).collect();
    let enrolled = outposts.enrol(&Enrolment { secret, version: "1.0.0".into() })?;
    house.actor_by_token(&enrolled.token)
}

/// Has those that work say so, as they do twice a minute.
pub(crate) fn heard(house: &House, outposts: &Outposts) -> Result<(), FlowError> {
    for (of, name, events_per_s) in WORKING {
        if let Some(sensor) = actor(house, &format!("{of}.sensor-{name}")) {
            outposts.hear(&sensor, pulse(house, events_per_s))?;
        }
    }
    Ok(())
}

fn pulse(house: &House, events_per_s: f64) -> Heartbeat {
    Heartbeat {
        version: "1.0.0".into(),
        started: house.now().before(Duration::from_hours(240)),
        events_per_s,
        lag_s: Some(1.5),
        events: 356_400_118,
        indicators: 1_204,
        rules: 96,
        ..Heartbeat::default()
    }
}

/// Judges some of it.
pub(crate) fn judge(house: &House, outposts: &Outposts) -> Result<(), FlowError> {
    const SAID: [(&str, Verdict, &str); 2] = [
        ("copie shadow", Verdict::Confirmed, "È il riscatto del caso aperto: lo conferma il CED."),
        (
            "fuori orario",
            Verdict::Harmless,
            "Manutenzione annunciata dal fornitore fino a venerdì.",
        ),
    ];
    let Some(officer) = actor(house, "turno-cnaipic") else { return Ok(()) };
    let wish = AlertWish { least: Severity::Informational, limit: 100 };
    for alert in outposts.alerts(&officer, &wish)? {
        let said = SAID.iter().find(|(words, ..)| alert.title.contains(words));
        let Some((_, verdict, reason)) = said else { continue };
        let judgement = Judgement {
            verdict: *verdict,
            reason: (*reason).into(),
            reach: Reach::Entity,
            days: 5,
        };
        outposts.judge(&officer, &alert.sighting, judgement)?;
    }
    Ok(())
}
