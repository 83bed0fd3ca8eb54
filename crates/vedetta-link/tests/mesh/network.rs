//! A small country: a national centre, two regional centres with a municipality each, an agency,
//! and who exchanges what with whom.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use vedetta_directory::directory::Records;
use vedetta_federation::cards::Vouches;
use vedetta_federation::scope::Scope;
use vedetta_flow::House;
use vedetta_flow::actions::accept_items::Receipt;
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_mesh::{Nodes, Terms};
use vedetta_model::{Account, AccountId, Actor, Agreement, ItemId, Language, OrganisationId, Role};
use vedetta_store::Store;
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;
use vedetta_testkit::time::MockClock;

/// A node.
pub(super) struct Node {
    pub(super) name: &'static str,
    pub(super) house: Arc<House>,
    pub(super) nodes: Nodes,
    pub(super) clock: Arc<MockClock>,
    pub(super) store: Arc<dyn Store>,
}

pub(super) fn id(text: &str) -> OrganisationId {
    OrganisationId::new(text).unwrap()
}

/// Each node its own chance.
fn seed(name: &str) -> u64 {
    name.bytes().fold(7, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(byte.into()))
}

fn organisation(id: &str, name: &str, kind: &str, parent: Option<&str>) -> Value {
    json!({ "id": id, "name": name, "kind": kind, "parent": parent })
}

fn organisations() -> Vec<Value> {
    vec![
        organisation("cnaipic", "CNAIPIC", "national-centre", None),
        organisation("cosc-umbria", "COSC Umbria", "regional-centre", None),
        organisation("cosc-liguria", "COSC Liguria", "regional-centre", None),
        organisation("perugia", "Comune di Perugia", "municipality", Some("cosc-umbria")),
        organisation("terni", "Comune di Terni", "municipality", Some("cosc-umbria")),
        organisation("genova", "Comune di Genova", "municipality", Some("cosc-liguria")),
        organisation("poli-cert", "Poli-CERT", "agency", None),
    ]
}

/// The names of all organisations.
pub(super) fn everyone() -> Vec<String> {
    organisations().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
}

/// An agreement in force.
pub(super) fn agreement(
    id: &str,
    parent: Option<&str>,
    (victim, redistribution): (&str, &str),
    parties: &Value,
) -> Agreement {
    let agreement = json!({
        "id": id, "title": format!("Act {id}"), "parent": parent, "party": parties,
        "stage": { "is": "in-force", "since": "2026-01-01T00:00:00Z", "by": "signer" },
        "term": { "from": "2026-01-01", "until": "2028-12-31" },
        "handling": { "highest_tlp": "RED", "default_tlp": "AMBER", "victim": victim,
                      "history": "all", "redistribution": redistribution },
    });
    serde_json::from_value(agreement).unwrap()
}

/// A party that gives and receives indicators, incidents and warnings.
pub(super) fn party(name: &str, members: &[&str]) -> Value {
    let all = ["indicator", "incident", "early-warning"];
    json!({ "name": name, "organisations": members, "gives": all, "receives": all })
}

/// The framework, and an act of each region under it that hides victims.
pub(super) fn agreements() -> Vec<Agreement> {
    let region = |id: &str, centre: &str, towns: &[&str]| {
        let parties = json!([party("centre", &[centre]), party("towns", towns)]);
        agreement(id, Some("pro-c2si"), ("hidden", "lineage"), &parties)
    };
    vec![
        agreement(
            "pro-c2si",
            None,
            ("named", "lineage"),
            &json!([
                party("national", &["cnaipic"]),
                party("regional", &["cosc-umbria", "cosc-liguria"]),
            ]),
        ),
        region("umbria", "cosc-umbria", &["perugia", "terni"]),
        region("liguria", "cosc-liguria", &["genova"]),
    ]
}

impl Node {
    /// The node of an organisation over a ledger in memory, which holds some of the agreements.
    pub(super) fn new(name: &'static str, held: Vec<Agreement>) -> Self {
        Self::over(name, TestHouse::ledger(), held)
    }

    /// The same over a ledger.
    pub(super) fn over(name: &'static str, ledger: Arc<dyn Store>, held: Vec<Agreement>) -> Self {
        let node = Self::of(name, TestHouse::seeded(ledger, seed(name)));
        node.found(held);
        node
    }

    /// Over a ledger in a directory.
    pub(super) fn at(name: &'static str, directory: &Path) -> Self {
        Self::of(name, TestHouse::at(directory, seed(name)))
    }

    /// Over what was in a directory, with another chance than before.
    pub(super) fn again(name: &'static str, directory: &Path, chance: u64) -> Self {
        Self::of(name, TestHouse::at(directory, seed(name) ^ (chance << 32)))
    }

    /// The same node, over the same ledger.
    pub(super) fn opened_anew(self) -> Self {
        Self::of(self.name, TestHouse::seeded(self.store, seed(self.name)))
    }

    fn of(name: &'static str, TestHouse { house, clock, store }: TestHouse) -> Self {
        let house = Arc::new(house);
        Self { name, nodes: Nodes::new(Arc::clone(&house)), house, clock, store }
    }

    pub(super) fn found(&self, held: Vec<Agreement>) {
        let organisations: Vec<vedetta_model::Organisation> =
            organisations().into_iter().map(|it| serde_json::from_value(it).unwrap()).collect();
        let account = |id: &OrganisationId| Account {
            id: AccountId::new(id.as_str()).unwrap(),
            name: id.to_string(),
            organisation: id.clone(),
            roles: BTreeSet::from([Role::Liaison]),
            language: Language::En,
            state: vedetta_model::account::AccountState::Active,
        };
        let accounts = organisations.iter().map(|it| account(&it.id)).collect();
        let records = Records { organisations, accounts, ..Records::default() };
        self.house.found(records, held).unwrap();
        self.house.set_own(&id(self.name)).unwrap();
        let address = format!("{}.example.org:8444", self.name);
        self.house.establish_node(&self.scope(), Some(&address)).unwrap();
    }

    pub(super) fn scope(&self) -> Scope {
        if self.name == "cnaipic" { Scope::everything() } else { Scope::below(id(self.name)) }
    }

    /// On what terms others accept it.
    pub(super) fn terms(&self) -> Terms {
        let national = self.name == "cnaipic";
        let vouches = if national { Vouches::Everything } else { Vouches::Below };
        Terms { serves: self.scope(), vouches }
    }

    pub(super) fn administrator(&self) -> Actor {
        actor("admin", self.name, Role::Administrator)
    }

    pub(super) fn person(&self, organisation: &str) -> Actor {
        actor(organisation, organisation, Role::Liaison)
    }

    /// Brings items for an organisation.
    pub(super) fn bring(&self, organisation: &str, items: &[TestItem]) -> Receipt {
        let receipt = self.offer(organisation, items);
        assert!(receipt.rejected.is_empty(), "{:?}", receipt.rejected);
        receipt
    }

    /// The same, whatever is refused.
    pub(super) fn offer(&self, organisation: &str, items: &[TestItem]) -> Receipt {
        let objects: Vec<_> = items.iter().map(TestItem::json).collect();
        let text = format!("[{}]", objects.join(","));
        let limits = stix_bundle::limits();
        let arrival = stix_bundle::read(DoorIn::Api, "test", text.as_bytes(), &limits);
        self.house.accept(&self.person(organisation), arrival).unwrap()
    }

    /// Whether anyone of an organisation reads an item.
    pub(super) fn reads(&self, organisation: &str, item: &ItemId) -> bool {
        self.house.item(&self.person(organisation), item).is_ok()
    }

    /// What reached whom of an item, as somebody reads it.
    pub(super) fn deliveries(&self, by: &Actor, item: &ItemId) -> Vec<vedetta_flow::Delivery> {
        self.house.deliveries(by, &self.house.item(by, item).unwrap()).unwrap()
    }

    /// Everything that an organisation reads, as texts.
    pub(super) fn read_by(&self, organisation: &str) -> Vec<String> {
        let all = vedetta_flow::Wish::all(
            vedetta_flow::Sequence::START,
            vedetta_flow::VersionFilter::All,
        );
        let page = self.house.page(&self.person(organisation), &all).unwrap();
        page.items.iter().map(|it| String::from_utf8(it.body.to_vec()).unwrap()).collect()
    }

    /// The facts of every deed.
    pub(super) fn deeds(&self) -> Vec<Value> {
        let mut found = Vec::new();
        self.store
            .read(&mut |reader| {
                let entries = reader.entries(vedetta_store::Sequence::START, 10_000)?;
                let deeds = entries.iter().filter(|it| it.kind == vedetta_store::EntryKind::Deed);
                found = deeds.map(|it| serde_json::from_str(&it.facts).unwrap()).collect();
                Ok(())
            })
            .unwrap();
        found
    }
}

fn actor(account: &str, organisation: &str, role: Role) -> Actor {
    Actor {
        account: AccountId::new(account).unwrap(),
        organisation: id(organisation),
        roles: BTreeSet::from([role]),
        language: Language::En,
        way: vedetta_model::Way::InPerson,
    }
}
