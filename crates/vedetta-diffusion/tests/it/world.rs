//! Two organisations, of which the first produces and the second is entitled to TLP:CLEAR only.

use std::sync::Arc;

use vedetta_diffusion::feed::{Doubt, Doubtful, FeedEntry, Head, Measures, Release};
use vedetta_indicator::{DecayTable, Term, WarningList, WarningLists};
use vedetta_model::{
    Audience, Category, Handling, Instant, ItemId, Organisation, OrganisationId,
    OrganisationNumber, Pap, Tlp,
};
use vedetta_policy::{Clearance, Cleared, Form, Network, Reader, Roll};

pub(crate) const PRODUCER: Reader = Reader::machine(OrganisationNumber(1));
pub(crate) const STRANGER: Reader = Reader::machine(OrganisationNumber(2));

/// 2027-01-15T08:00:00Z
pub(crate) const NOW: Instant = Instant::from_micros(1_800_000_000_000_000);

pub(crate) fn organisation(id: &str) -> Organisation {
    let json = format!(r#"{{"id": "{id}", "name": "Comune di {id}", "kind": "municipality"}}"#);
    serde_json::from_str(&json).unwrap()
}

/// Clears a value as the network does.
pub(crate) fn clear<T>(tlp: Tlp, value: T) -> Cleared<T> {
    let numbered = |number, id| (OrganisationNumber(number), Arc::new(organisation(id)));
    let organisations = [numbered(1, "uno"), numbered(2, "due")];
    let roll = Roll { organisations: &organisations, agreements: &[], holds: &[] };
    let network = Network::compile(roll, NOW);
    let handling = Arc::new(Handling {
        producer: OrganisationId::new("uno").unwrap(),
        category: Category::Indicator,
        tlp,
        pap: Pap::Clear,
        victims: [].into(),
        named: [].into(),
        only_under: [].into(),
        exercise: None,
        via: [].into(),
    });
    let audience: Audience = organisations.iter().map(|(number, _)| *number).collect();
    let record = Clearance { handling, form: Form::Full, audience: Arc::new(audience) };
    network.clear(&record, &id(0), value)
}

pub(crate) fn id(number: u32) -> ItemId {
    ItemId::new(&format!("indicator--{number:08x}-17d4-4cbf-938f-98ee46b3cd3f")).unwrap()
}

/// An indicator as it stands in a feed.
pub(crate) fn indicator(number: u32, pattern: &str, name: &str, pap: Pap) -> FeedEntry {
    let object = serde_json::json!({
        "type": "indicator", "id": id(number).as_str(), "name": name, "pattern": pattern,
        "pattern_type": "stix", "confidence": 80, "created": "2027-01-01T00:00:00.000Z",
        "modified": "2027-01-01T00:00:00.000Z", "valid_from": "2027-01-01T00:00:00Z",
    });
    assess(number, &object, pap)
}

pub(crate) fn assess(number: u32, object: &serde_json::Value, pap: Pap) -> FeedEntry {
    let listed = r#"{"name": "Known sites", "version": 1, "type": "hostname",
        "matching_attributes": ["domain"], "list": ["noto.example"]}"#;
    let (list, _) = WarningList::parse(listed.as_bytes()).unwrap();
    let lists = WarningLists::build(&[list]).unwrap();
    let decay = DecayTable::default();
    let owned = |term: &Term| match term.value() {
        value if value.contains("membro.example") => Some(Doubt::Members),
        value if value.contains("altrui.example") => Some(Doubt::Withheld),
        _ => None,
    };
    let release = Release {
        place: number.into(),
        id: id(number),
        object: object.to_string().into_bytes().into(),
        tlp: Tlp::Green,
        pap,
        at: NOW,
        last_sighting: None,
    };
    FeedEntry::assess(release, &Measures { decay: &decay, lists: &lists, owned: &owned, now: NOW })
        .unwrap()
}

pub(crate) fn head() -> Head {
    Head {
        node: "Centro nazionale".into(),
        organisation: "Comune di Uno".into(),
        changed: Instant::default(),
        doubtful: Doubtful::LeftOut,
    }
}
