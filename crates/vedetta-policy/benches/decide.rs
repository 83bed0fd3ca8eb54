//! How long decisions take over a synthetic Italy: 8,100 organisations, 600 agreements.
//!
//! `cargo bench -p vedetta-policy` prints the median and the 99th percentile of each operation.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a bench measures time, and stops where it is wrong"
)]

use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use vedetta_model::agreement::*;
use vedetta_model::organisation::{Criticality, OrganisationKind};
use vedetta_model::*;
use vedetta_policy::{
    Clearance, Form, Network, Reader, Redaction, Reference, Roll, Secrets, Subnet, Victim, redact,
};

const REGIONS: usize = 20;
const MUNICIPALITIES: usize = 7_900;
const OPERATORS: usize = 60;
const ADHESIONS: usize = 509;

type Organisations = Vec<(OrganisationNumber, Arc<Organisation>)>;

fn main() {
    let now: Instant = "2026-06-01T08:00:00Z".parse().unwrap();
    let organisations = organisations();
    for (name, agreements) in [
        ("frameworks, regional acts and adhesions", acts_and_adhesions()),
        ("six hundred agreements with parties", six_hundred_with_parties()),
    ] {
        println!("{name}: {} organisations, {} agreements", organisations.len(), agreements.len());
        let roll = Roll { organisations: &organisations, agreements: &agreements, holds: &[] };
        measure("compile", 20, |_| Network::compile(roll, now));
        let network = Network::compile(roll, now);
        let asked: Vec<_> = questions(&organisations);
        measure("decide", 4_000, |turn| network.decide(&asked[turn % asked.len()]));
        let item = ItemId::new("incident--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f").unwrap();
        measure("explain", 2_000, |turn| {
            let (number, _) = &organisations[turn * 31 % organisations.len()];
            network.explain(&asked[turn % asked.len()], &item, *number)
        });
        measure("preview", 100, |turn| network.preview(&asked[turn % asked.len()]));
        sealed(&network, &asked[0], &item);
    }
    redaction(&organisations);
}

/// Deriving the form without its victim from an incident with a page of text.
fn redaction(organisations: &Organisations) {
    let (_, organisation) = organisations.last().unwrap();
    let mut victim = Victim::of(organisation, [], []);
    victim.domains.insert("town.example".into());
    victim.networks.extend(Subnet::parse("192.0.2.0/24"));
    let secrets = Secrets::of(&[victim]);
    let id = ItemId::new("incident--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd40").unwrap();
    let page =
        "The mail server of town.example (192.0.2.7) sent 300 messages at night. ".repeat(40);
    let incident = serde_json::json!({
        "type": "incident", "id": "incident--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
        "created": "2026-03-01T10:00:00.000Z", "modified": "2026-03-01T10:00:00.000Z",
        "name": "Phishing", "description": page
    });
    println!("an incident with {} bytes of text", page.len());
    let references = |_: &str| Reference::Keep;
    let redaction =
        Redaction { secrets: &secrets, id: &id, publisher: None, references: &references };
    measure("redact", 200, |_| redact(&incident, &redaction).unwrap());
}

/// Sealing with the decision remembered, and opening.
fn sealed(network: &Network, handling: &Arc<Handling>, item: &ItemId) {
    let audience = Arc::clone(&network.decision(handling).full);
    let record = Clearance { handling: Arc::clone(handling), form: Form::Full, audience };
    measure("clear", 200_000, |_| network.clear(&record, item, ()));
    let cleared = network.clear(&record, item, ());
    let readers: Vec<_> = (0..1024).map(|at| Reader::machine(OrganisationNumber(at * 7))).collect();
    let start = Stopwatch::now();
    let rounds = 10_000;
    for _ in 0..rounds {
        for reader in &readers {
            black_box(cleared.open(black_box(reader)));
        }
    }
    let each = start.elapsed().as_secs_f64() / f64::from(rounds) / 1024.0;
    println!("  open      {:8.1} ns", each * 1e9);
}

fn measure<T>(name: &str, times: usize, mut run: impl FnMut(usize) -> T) {
    let mut took: Vec<Duration> = (0..times)
        .map(|turn| {
            let start = Stopwatch::now();
            black_box(run(turn));
            start.elapsed()
        })
        .collect();
    took.sort_unstable();
    let micros = |portion: usize| took[(times - 1) * portion / 100].as_secs_f64() * 1e6;
    println!("  {name:9} p50 {:10.1} us   p99 {:10.1} us", micros(50), micros(99));
}

fn id(kind: &str, place: usize) -> OrganisationId {
    OrganisationId::new(&format!("{kind}-{place}")).unwrap()
}

fn region(place: usize) -> String {
    format!("Region {}", place % REGIONS)
}

fn organisations() -> Organisations {
    use OrganisationKind as K;
    let kinds = [
        ("centre", K::NationalCentre, 1),
        ("cosc", K::RegionalCentre, REGIONS),
        ("sosc", K::Section, 82),
        ("anci", K::Association, REGIONS + 1),
        ("operator", K::Operator, OPERATORS),
        ("comune", K::Municipality, MUNICIPALITIES),
    ];
    let mut all = Vec::new();
    for (name, kind, many) in kinds {
        for place in 0..many {
            let number = OrganisationNumber(u32::try_from(all.len()).unwrap());
            all.push((number, Arc::new(organisation(name, kind, place))));
        }
    }
    all
}

fn organisation(name: &str, kind: OrganisationKind, place: usize) -> Organisation {
    let municipality = kind == OrganisationKind::Municipality;
    let large = if place < ADHESIONS { 30_000 } else { 3_000 };
    Organisation {
        id: id(name, place),
        name: format!("{name} {place}"),
        aliases: Vec::new(),
        kind,
        parent: None,
        region: Some(region(place)),
        province: None,
        population: municipality.then_some(large),
        sector: None,
        criticality: Criticality::None,
        client_of: if municipality { vec![id("anci", place % REGIONS)] } else { Vec::new() },
    }
}

fn party(name: &str, organisations: &[OrganisationId], select: Option<Selector>) -> Party {
    Party {
        name: name.into(),
        organisations: organisations.iter().cloned().collect(),
        select,
        gives: Category::ALL.into_iter().collect(),
        receives: Category::ALL.into_iter().collect(),
        within: Within::Apart,
        contacts: Vec::new(),
    }
}

fn agreement(name: &str, parent: Option<&str>, parties: Vec<Party>) -> Agreement {
    Agreement {
        id: AgreementId::new(name).unwrap(),
        title: name.into(),
        parent: parent.map(|it| AgreementId::new(it).unwrap()),
        succeeds: None,
        stage: Stage::InForce {
            since: Instant::from_micros(0),
            by: AccountId::new("director").unwrap(),
        },
        term: Term {
            signed: None,
            from: jiff::civil::date(2026, 1, 1),
            until: jiff::civil::date(2028, 12, 31),
            renewal: Renewal::None,
        },
        adhesion: None,
        parties,
        handling: HandlingTerms {
            redistribution: Redistribution::Lineage,
            victim: if name.len().is_multiple_of(2) {
                VictimVisibility::Named
            } else {
                VictimVisibility::Hidden
            },
            ..HandlingTerms::default()
        },
        duties: Duties::default(),
        raci: Vec::new(),
        systems: Vec::new(),
        mail: None,
    }
}

fn municipalities_of(place: usize, adhesion: AdhesionRule) -> Selector {
    Selector {
        kinds: BTreeSet::from([OrganisationKind::Municipality]),
        regions: BTreeSet::from([region(place)]),
        population_above: (adhesion == AdhesionRule::Required).then_some(20_000),
        adhesion,
        ..Selector::default()
    }
}

fn framework() -> Agreement {
    let centres: Vec<_> = (0..REGIONS).map(|place| id("cosc", place)).collect();
    let national = party("national", &[id("centre", 0)], None);
    agreement("framework", None, vec![national, party("regional", &centres, None)])
}

fn acts_and_adhesions() -> Vec<Arc<Agreement>> {
    let mut all = vec![framework()];
    for place in 0..REGIONS {
        let centre = party("centre", &[id("cosc", place)], None);
        let selector = municipalities_of(place, AdhesionRule::Required);
        let towns = party("municipalities", &[], Some(selector));
        all.push(agreement(&format!("act-{place}"), Some("framework"), vec![centre, towns]));
    }
    for place in 0..OPERATORS {
        let centre = party("centre", &[id("centre", 0)], None);
        let operator = party("operator", &[id("operator", place)], None);
        all.push(agreement(&format!("operator-{place}"), None, vec![centre, operator]));
    }
    for place in 0..ADHESIONS {
        let act = format!("act-{}", place % REGIONS);
        let mut adhesion = agreement(&format!("adhesion-{place}"), Some(&act), Vec::new());
        let organisation = id("comune", place);
        adhesion.adhesion = Some(Adhesion { party: "municipalities".into(), organisation });
        all.push(adhesion);
    }
    all.into_iter().map(Arc::new).collect()
}

fn six_hundred_with_parties() -> Vec<Arc<Agreement>> {
    let mut all = vec![framework()];
    for place in 0..599 {
        let centre = party("centre", &[id("cosc", place % REGIONS)], None);
        let selector = municipalities_of(place, AdhesionRule::NotNeeded);
        let towns = party("municipalities", &[], Some(selector));
        all.push(agreement(&format!("act-{place}"), Some("framework"), vec![centre, towns]));
    }
    all.into_iter().map(Arc::new).collect()
}

fn questions(organisations: &Organisations) -> Vec<Arc<Handling>> {
    let labels = [Tlp::Amber, Tlp::AmberStrict, Tlp::Green, Tlp::Clear];
    let producers = (0..400).map(|turn| &organisations[turn * 97 % organisations.len()].1.id);
    producers
        .enumerate()
        .map(|(turn, producer)| {
            let victims = if turn % 3 == 0 { vec![id("comune", turn)] } else { Vec::new() };
            Arc::new(Handling {
                producer: producer.clone(),
                category: Category::ALL[turn % Category::ALL.len()],
                tlp: labels[turn % labels.len()],
                pap: Pap::Green,
                victims: victims.into_iter().collect(),
                named: BTreeSet::new(),
                only_under: BTreeSet::new(),
                exercise: None,
                via: [].into(),
            })
        })
        .collect()
}
