//! `vedetta bench clearance`: an item against the whole network.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use vedetta_directory::directory::Records;
use vedetta_flow::House;
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_model::item::HANDLING_EXTENSION;
use vedetta_model::organisation::OrganisationKind;
use vedetta_model::{
    Agreement, Category, Clock, Entropy, Handling, Organisation, OrganisationId, Pap, Tlp,
};
use vedetta_store_sqlite::SqliteStore;

use super::scene::AMBER;
use super::{Style, Times};
use crate::commands::init::italy;
use crate::outcome::{Failure, Outcome};
use crate::system::{Stopwatch, SystemClock, SystemEntropy};

/// An item against the whole network: who may have it, in which form.
///
/// The network is the Italian one, with further operators and their agreements. Each decision is of
/// another handling and made anew; nothing is remembered between them. A preview is of a handling, or
/// of an item with a victim, from its text to the sentences.
#[derive(Args)]
pub(crate) struct Clearance {
    /// Agreements in the network.
    #[arg(long, default_value_t = 600)]
    agreements: usize,
    /// Decisions made.
    #[arg(long, default_value_t = 5_000)]
    decisions: usize,
    /// Previews made.
    #[arg(long, default_value_t = 500)]
    previews: usize,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

impl Clearance {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let data = super::scratch("clearance")?;
        let report = self.measure(data.path());
        drop(data);
        super::print(&report?, Style::of(&self.json));
        Ok(Outcome::Done)
    }

    fn measure(&self, data: &std::path::Path) -> Result<Value, Failure> {
        let store = Arc::new(SqliteStore::open(data)?);
        let house = House::open(store, Arc::new(SystemClock), Arc::new(SystemEntropy))?;
        let (records, agreements) = self.network()?;
        let organisations = records.organisations.clone();
        let compiling = Stopwatch::start();
        house.found(records, agreements)?;
        let founded = compiling.read();
        let standing = house.standing();
        let handlings = handlings(&organisations, self.decisions);
        let (mut decisions, mut reached) = (Times::default(), 0);
        for handling in &handlings {
            let decision = decisions.measure(|| standing.network.decide(handling));
            reached += decision.reached.len();
        }
        let mut previews = Times::default();
        for handling in handlings.iter().take(self.previews) {
            let Some(by) = house.keeper(&handling.producer) else { continue };
            previews.measure(|| house.preview(&by, handling)).map(drop)?;
        }
        let mut items = self.items(&house, &handlings)?;
        Ok(json!({
            "organisations": standing.directory.members().len(),
            "agreements": standing.agreements.len(),
            "decisions": handlings.len(),
            "reached_each": reached / handlings.len().max(1),
            "p50_us": decisions.micros(50),
            "p99_us": decisions.micros(99),
            "preview_p50_ms": previews.millis(50),
            "preview_p99_ms": previews.millis(99),
            "preview_item_p50_ms": items.millis(50),
            "preview_item_p99_ms": items.millis(99),
            "founded_ms": super::millis(founded),
        }))
    }

    /// Previews of an item with a victim, as it is sent: it is read, its form without the victim made
    /// and checked, and told who would have which form, and why.
    fn items(&self, house: &House, handlings: &[Arc<Handling>]) -> Result<Times, Failure> {
        let (standing, mut times) = (house.standing(), Times::default());
        let told = handlings.iter().filter_map(|it| Some((it, it.victims.first()?)));
        for (handling, victim) in told.take(self.previews) {
            let by = house.keeper(&handling.producer);
            let Some((by, victim)) = by.zip(standing.directory.organisation(victim)) else {
                continue;
            };
            let text = incident(victim).to_string();
            let preview = times.measure(|| {
                let limits = stix_bundle::limits();
                let arrival = stix_bundle::read(DoorIn::Api, "bench", text.as_bytes(), &limits);
                house.preview_arrival(&by, arrival)
            })?;
            if preview.previews.len() != 1 {
                let reason = format!("an incident would be refused: {:?}", preview.rejected);
                return Err(Failure::system("the measurement", reason));
            }
        }
        Ok(times)
    }

    /// The Italian network with further operators, each with its agreement with the centre.
    fn network(&self) -> Result<(Records, Vec<Agreement>), Failure> {
        let (mut records, mut agreements) = italy()?;
        let pattern = records.organisations.iter();
        let pattern = pattern.clone().find(|it| it.kind == OrganisationKind::Operator);
        let pattern = pattern.or(records.organisations.last()).cloned();
        let Some(pattern) = pattern else { return Ok((records, agreements)) };
        for number in agreements.len()..self.agreements {
            let id = OrganisationId::new(&format!("operator-{number}"))
                .map_err(vedetta_flow::FlowError::from)?;
            agreements.push(convention(&id)?);
            records.organisations.push(Organisation {
                name: format!("Operator {number}"),
                aliases: Vec::new(),
                kind: OrganisationKind::Operator,
                id,
                ..pattern.clone()
            });
        }
        Ok((records, agreements))
    }
}

/// Handlings, each another: producers from the whole network, every category and marking, a third
/// with a victim.
fn handlings(organisations: &[Organisation], count: usize) -> Vec<Arc<Handling>> {
    let labels = [Tlp::Amber, Tlp::AmberStrict, Tlp::Green, Tlp::Clear];
    let paps = [Pap::Clear, Pap::Green, Pap::Amber, Pap::Red];
    let at = |place: usize| organisations[place % organisations.len()].id.clone();
    let handling = |turn: usize| Handling {
        // One in five is of those who give most: the centres and agencies come first.
        producer: if turn.is_multiple_of(5) { at(turn % 150) } else { at(turn * 97) },
        category: Category::ALL[turn % Category::ALL.len()],
        tlp: labels[turn / 2 % labels.len()],
        pap: paps[turn / 3 % paps.len()],
        victims: turn.is_multiple_of(3).then(|| at(turn * 31)).into_iter().collect(),
        named: BTreeSet::new(),
        only_under: BTreeSet::new(),
        exercise: None,
        via: [].into(),
    };
    let mut seen = HashSet::new();
    let all = (0..count * 4).map(|turn| Arc::new(handling(turn)));
    all.filter(|handling| seen.insert(Arc::clone(handling))).take(count).collect()
}

/// An incident at a victim, whose names stand in the text.
fn incident(victim: &Organisation) -> Value {
    let (name, now) = (&victim.name, SystemClock.now());
    let told =
        format!("Staff of {name} were asked for their passwords, by messages as from {name}.");
    let mut random = [0; 16];
    SystemEntropy.fill(&mut random);
    let id = uuid::Builder::from_random_bytes(random).into_uuid();
    json!({
        "type": "incident", "spec_version": "2.1", "id": format!("incident--{id}"),
        "created": now, "modified": now, "name": format!("Phishing at {name}"), "description": told,
        "object_marking_refs": [format!("marking-definition--{AMBER}")],
        "extensions": { HANDLING_EXTENSION: {
            "extension_type": "property-extension", "victim_refs": [victim.id.identity()],
        } },
    })
}

/// An agreement between the national centre and an operator.
fn convention(operator: &OrganisationId) -> Result<Agreement, Failure> {
    let categories = Category::ALL;
    let agreement = json!({
        "id": format!("cnaipic-{operator}"), "title": format!("CNAIPIC and {operator}"),
        "term": { "from": "2000-01-01", "until": "2999-12-31" },
        "stage": { "is": "in-force", "since": "2000-01-01T00:00:00Z", "by": "bench" },
        "party": [
            { "name": "centre", "organisations": ["cnaipic"], "gives": categories, "receives": categories },
            { "name": "operator", "organisations": [operator], "gives": categories, "receives": categories },
        ],
    });
    serde_json::from_value(agreement).map_err(|error| Failure::system("an agreement", error))
}
