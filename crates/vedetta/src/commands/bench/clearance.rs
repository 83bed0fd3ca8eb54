//! `vedetta bench clearance`: an item against the whole network.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use vedetta_directory::directory::Records;
use vedetta_flow::House;
use vedetta_model::organisation::OrganisationKind;
use vedetta_model::{Agreement, Category, Handling, Organisation, OrganisationId, Pap, Tlp};
use vedetta_store_sqlite::SqliteStore;

use super::{Style, Times};
use crate::commands::init::italy;
use crate::outcome::{Failure, Outcome};
use crate::system::{Stopwatch, SystemClock, SystemEntropy};

/// An item against the whole network: who may have it, in which form.
///
/// The network is the Italian one, with further operators and their agreements. Each decision is of
/// another handling and made anew; nothing is remembered between them.
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
        Ok(json!({
            "organisations": standing.directory.members().len(),
            "agreements": standing.agreements.len(),
            "decisions": handlings.len(),
            "reached_each": reached / handlings.len().max(1),
            "p50_us": decisions.micros(50),
            "p99_us": decisions.micros(99),
            "preview_p50_ms": previews.millis(50),
            "preview_p99_ms": previews.millis(99),
            "founded_ms": super::millis(founded),
        }))
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
        via: [].into(),
    };
    let mut seen = HashSet::new();
    let all = (0..count * 4).map(|turn| Arc::new(handling(turn)));
    all.filter(|handling| seen.insert(Arc::clone(handling))).take(count).collect()
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
