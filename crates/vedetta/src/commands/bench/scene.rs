//! What measurements begin with: a house of the Italian network, its doors, and indicators without end.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;
use vedetta_api::{Rate, Settings};
use vedetta_flow::House;
use vedetta_model::{Actor, Agreement, Clock, Entropy, OrganisationId};
use vedetta_store::Store;

use crate::commands::init::italy;
use crate::doors::{Doors, Opening};
use crate::outcome::Failure;
use crate::system::{SystemClock, SystemEntropy};

/// Who brings what is measured.
const CENTRE: &str = "cnaipic";
/// Identifiers made at once.
const IDS: usize = 512;
/// CLEAR, GREEN and AMBER of TLP 2.0.
const MARKINGS: [&str; 3] =
    ["94868c89-83c2-464b-929b-a1a8aa3c8487", "bab4a63c-aed9-4cf5-a766-dfca5abac2bb", AMBER];
/// AMBER of TLP 2.0.
pub(super) const AMBER: &str = "55d920b0-5e8b-4f79-9ee9-91f868d9b421";

/// Opens a house over a ledger.
pub(super) fn open(store: Arc<dyn Store>) -> Result<Arc<House>, Failure> {
    Ok(Arc::new(House::open(store, Arc::new(SystemClock), Arc::new(SystemEntropy))?))
}

/// Opens a house over an empty ledger, and loads the Italian network with its agreements and one
/// by which the national centre gives indicators to everyone.
pub(super) fn found(store: Arc<dyn Store>) -> Result<Arc<House>, Failure> {
    let house = open(store)?;
    let (records, mut agreements) = italy()?;
    agreements.push(everyone()?);
    house.found(records, agreements)?;
    house.set_own(&keeper(&house)?.organisation)?;
    Ok(house)
}

/// Opens the doors of a house, on loopback.
pub(super) async fn doors(house: Arc<House>, data: &Path) -> Result<Doors, Failure> {
    doors_as(house, data, Settings::default()).await
}

/// The same for very many, who all come from one address here.
pub(super) async fn doors_for_many(house: Arc<House>, data: &Path) -> Result<Doors, Failure> {
    let per_address = Rate { burst: 1_000_000, every: Duration::from_micros(1) };
    doors_as(house, data, Settings { per_address, ..Settings::default() }).await
}

async fn doors_as(house: Arc<House>, data: &Path, settings: Settings) -> Result<Doors, Failure> {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let opening = Opening {
        data,
        listen: ([127, 0, 0, 1], 0).into(),
        names: &names,
        settings,
        meeting: None,
        mail: Default::default(),
        sign_in: Default::default(),
    };
    Doors::open(house, opening).await
}

/// The national centre's own commands.
pub(super) fn keeper(house: &House) -> Result<Actor, Failure> {
    let centre = OrganisationId::new(CENTRE).map_err(vedetta_flow::FlowError::from)?;
    let keeper = house.keeper(&centre);
    keeper.ok_or_else(|| Failure::Usage(format!("the network has no {CENTRE}")))
}

/// An agreement by which the national centre gives indicators to everyone.
pub(super) fn everyone() -> Result<Agreement, Failure> {
    let agreement = json!({
        "id": "bench", "title": "Everyone",
        "term": { "from": "2000-01-01", "until": "2999-12-31" },
        "stage": { "is": "in-force", "since": "2000-01-01T00:00:00Z", "by": "bench" },
        "party": [
            { "name": "centre", "organisations": [CENTRE], "gives": ["indicator"] },
            { "name": "everyone", "select": {}, "receives": ["indicator"] },
        ],
    });
    serde_json::from_value(agreement).map_err(|error| Failure::system("the agreement", error))
}

/// How long each indicator is, about.
pub(super) const OCTETS_EACH: u64 = 500;

/// Indicators of about 500 bytes, each with a random identifier, on documentation names.
pub(super) struct Indicators {
    ids: Vec<[u8; 16]>,
    moment: String,
    made: u64,
}

impl Indicators {
    /// From the first.
    pub(super) fn new() -> Self {
        Self { ids: Vec::new(), moment: SystemClock.now().to_string(), made: 0 }
    }

    /// Writes a list of the next ones, with a name: a bundle, or the envelope of a submission.
    pub(super) fn list(&mut self, head: &str, count: u64) -> Vec<u8> {
        let mut text = Vec::with_capacity(600 * usize::try_from(count).unwrap_or(0));
        // Writing to memory does not fail.
        let _written = self.write(&mut text, head, count);
        text
    }

    /// Writes a list of the next ones.
    pub(super) fn write(
        &mut self,
        out: &mut impl Write,
        head: &str,
        count: u64,
    ) -> std::io::Result<()> {
        write!(out, "{{{head}\"objects\":[")?;
        for place in 0..count {
            if place > 0 {
                out.write_all(b",\n")?;
            }
            self.one(out)?;
        }
        out.write_all(b"]}")
    }

    fn one(&mut self, out: &mut impl Write) -> std::io::Result<()> {
        if self.ids.is_empty() {
            self.ids = vec![[0; 16]; IDS];
            SystemEntropy.fill(self.ids.as_flattened_mut());
        }
        let id = uuid::Builder::from_random_bytes(self.ids.pop().unwrap_or_default()).into_uuid();
        let (n, moment) = (self.made, &self.moment);
        self.made += 1;
        let marking = MARKINGS[usize::try_from(n).unwrap_or(0) % MARKINGS.len()];
        write!(
            out,
            "{{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"indicator--{id}\",\
             \"created\":\"{moment}\",\"modified\":\"{moment}\",\"name\":\"host {n} of a botnet\",\
             \"description\":\"Seen calling a control server; do not visit.\",\
             \"indicator_types\":[\"malicious-activity\"],\"confidence\":{},\"pattern\":\"",
            n % 100
        )?;
        pattern(out, n, id)?;
        write!(
            out,
            "\",\"pattern_type\":\"stix\",\"valid_from\":\"{moment}\",\
             \"object_marking_refs\":[\"marking-definition--{marking}\"]}}"
        )
    }
}

fn pattern(out: &mut impl Write, n: u64, id: Uuid) -> std::io::Result<()> {
    match n % 4 {
        0 => write!(out, "[domain-name:value = 'host-{n}.botnet-{}.example']", n % 997),
        1 => write!(out, "[ipv6-addr:value = '2001:db8::{:x}:{:x}']", n >> 16, n & 0xffff),
        2 => write!(out, "[url:value = 'https://www-{n}.example.org/load/{}']", id.simple()),
        _ => {
            let (a, b) = id.as_u64_pair();
            write!(out, "[file:hashes.'SHA-256' = '{a:016x}{b:016x}{b:016x}{a:016x}']")
        }
    }
}

#[cfg(test)]
mod tests {
    use vedetta_intake::{DoorIn, stix_bundle};

    use super::*;

    #[test]
    fn indicators_are_valid_distinct_and_of_the_size_of_real_ones() {
        let text = Indicators::new().list("", 1_000);
        assert!((450..600).contains(&(text.len() / 1_000)), "{} bytes each", text.len() / 1_000);
        let arrival = stix_bundle::read(DoorIn::Taxii, "test", &text, &stix_bundle::limits());
        assert_eq!(arrival.faults, []);
        let ids: std::collections::HashSet<_> = arrival.items.iter().map(|it| &it.id).collect();
        assert_eq!(ids.len(), 1_000);
    }
}
