//! A house in memory with a small network, or with the whole of Italy.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use vedetta_directory::directory::Records;
use vedetta_flow::actions::accept_items::Receipt;
use vedetta_flow::credentials::SESSION;
use vedetta_flow::{House, Step, Token, TokenText};
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_model::account::AccountState;
use vedetta_model::organisation::{Criticality, OrganisationKind};
use vedetta_model::{
    Account, AccountId, Actor, Agreement, ItemId, Language, Organisation, OrganisationId, Role,
};
use vedetta_store::{RecordKind, SecretKind, Store};
use vedetta_store_sqlite::SqliteStore;

use crate::items::TestItem;
use crate::time::{MockClock, SeededEntropy};

/// A house in memory.
pub struct TestHouse {
    /// The house.
    pub house: House,
    /// Its clock.
    pub clock: Arc<MockClock>,
    /// Its ledger.
    pub store: Arc<dyn Store>,
}

/// A small network: the national centre, the centre of Umbria, three of its municipalities (Perugia,
/// Terni, Foligno), a company that is a client of Perugia, and a stranger; one agreement.
const AGREEMENT: &str = r#"{
  "id": "act", "title": "Act of Umbria", "term": { "from": "2026-01-01", "until": "2028-12-31" },
  "stage": { "is": "in-force", "since": "2026-01-01T00:00:00Z", "by": "signer" },
  "party": [
    { "name": "centres", "organisations": ["cnaipic", "cosc-umbria"], "within": "together",
      "gives": ["indicator", "incident", "early-warning", "technical-report"],
      "receives": ["indicator", "incident", "early-warning", "technical-report"] },
    { "name": "municipalities", "organisations": ["perugia", "terni", "foligno"],
      "gives": ["indicator", "incident"],
      "receives": ["indicator", "incident", "early-warning", "technical-report"] }
  ],
  "handling": { "highest_tlp": "RED", "default_tlp": "AMBER", "victim": "named",
                "history": "all", "redistribution": "lineage" }
}"#;

impl TestHouse {
    /// A house over a fresh ledger in memory, without anybody in it.
    #[must_use]
    pub fn empty() -> Self {
        Self::over(Self::ledger())
    }

    /// A fresh ledger in memory.
    #[must_use]
    pub fn ledger() -> Arc<dyn Store> {
        Arc::new(SqliteStore::in_memory().unwrap())
    }

    /// A house over a ledger.
    #[must_use]
    pub fn over(store: Arc<dyn Store>) -> Self {
        Self::seeded(store, 7)
    }

    /// A house over the ledger of a directory.
    #[must_use]
    pub fn at(directory: &Path, seed: u64) -> Self {
        Self::seeded(Arc::new(SqliteStore::open(directory).unwrap()), seed)
    }

    /// A house over a ledger, with its own chance: no two have the same keys.
    #[must_use]
    pub fn seeded(store: Arc<dyn Store>, seed: u64) -> Self {
        let clock = Arc::new(MockClock::at("2026-03-02T08:00:00Z"));
        let entropy = Arc::new(SeededEntropy::new(seed));
        let house = House::open(Arc::clone(&store), clock.clone(), entropy).unwrap();
        Self { house, clock, store }
    }

    /// The small network.
    #[must_use]
    pub fn small() -> Self {
        Self::empty().with_small_network()
    }

    /// The small network in an empty house.
    #[must_use]
    pub fn with_small_network(self) -> Self {
        use OrganisationKind::{Municipality, NationalCentre, Operator, RegionalCentre};
        let organisations = vec![
            organisation("cnaipic", "CNAIPIC", NationalCentre, &[]),
            organisation("cosc-umbria", "COSC Umbria", RegionalCentre, &[]),
            organisation("perugia", "Comune di Perugia", Municipality, &[]),
            organisation("terni", "Comune di Terni", Municipality, &[]),
            organisation("foligno", "Comune di Foligno", Municipality, &[]),
            organisation("client", "Servizi di Perugia", Operator, &["perugia"]),
            organisation("stranger", "Stranger", Operator, &[]),
        ];
        let accounts = organisations
            .iter()
            .flat_map(|it| {
                let id = it.id.as_str();
                [account(id, id, Role::Liaison), account(&format!("{id}.bot"), id, Role::Machine)]
            })
            .collect();
        let records = Records { organisations, accounts, ..Records::default() };
        self.house.found(records, vec![serde_json::from_str(AGREEMENT).unwrap()]).unwrap();
        self
    }

    /// Puts in force that the national centre gives the stranger incidents without their victims, with
    /// so much of the past.
    pub fn hide_victims(&self, history: &str) {
        let draft = serde_json::json!({
          "id": "hidden", "title": "Operators", "parent": "act",
          "term": { "from": "2026-01-01", "until": "2028-12-31" },
          "party": [
            { "name": "centre", "organisations": ["cnaipic"], "gives": ["incident"] },
            { "name": "operators", "organisations": ["stranger"], "receives": ["incident"] }
          ],
          "handling": { "highest_tlp": "AMBER+STRICT", "victim": "hidden", "history": history }
        });
        let draft: Agreement = serde_json::from_value(draft).unwrap();
        self.house.put_draft(&self.administrator(), &draft).unwrap();
        self.house.step_agreement(&self.administrator(), &draft.id, &Step::PutInForce).unwrap();
    }

    /// The whole Italian network.
    #[must_use]
    pub fn italy() -> Self {
        let test = Self::empty();
        let seed = vedetta_directory::seed::italy().unwrap();
        test.house.found(seed.records(), seed.agreements).unwrap();
        test
    }

    /// A person of an organisation of the small network, or of any other organisation.
    #[must_use]
    pub fn person(&self, organisation: &str) -> Actor {
        actor(organisation, organisation, &[Role::Liaison])
    }

    /// A machine of an organisation.
    #[must_use]
    pub fn machine(&self, organisation: &str) -> Actor {
        actor(&format!("{organisation}.bot"), organisation, &[Role::Machine])
    }

    /// The administrator of the node.
    #[must_use]
    pub fn administrator(&self) -> Actor {
        self.administrator_of("cnaipic")
    }

    /// The administrator of the node of an organisation.
    #[must_use]
    pub fn administrator_of(&self, organisation: &str) -> Actor {
        actor("admin", organisation, &[Role::Administrator])
    }

    /// Brings items for an organisation.
    pub fn bring(&self, organisation: &str, items: &[TestItem]) -> Receipt {
        bring(&self.house, &self.person(organisation), items)
    }

    /// Whether anyone of an organisation reads an item.
    #[must_use]
    pub fn reads(&self, organisation: &str, item: &ItemId) -> bool {
        self.house.item(&self.person(organisation), item).is_ok()
    }
}

/// An agreement of the small network in another wording.
#[must_use]
pub fn act() -> Agreement {
    serde_json::from_str(AGREEMENT).unwrap()
}

fn organisation(id: &str, name: &str, kind: OrganisationKind, client_of: &[&str]) -> Organisation {
    Organisation {
        id: OrganisationId::new(id).unwrap(),
        name: name.into(),
        aliases: Vec::new(),
        kind,
        parent: None,
        region: None,
        province: None,
        population: None,
        sector: None,
        criticality: Criticality::None,
        client_of: client_of.iter().map(|id| OrganisationId::new(id).unwrap()).collect(),
    }
}

/// Brings items to a house.
pub fn bring(house: &House, by: &Actor, items: &[TestItem]) -> Receipt {
    let objects: Vec<_> = items.iter().map(TestItem::json).collect();
    let text = format!("[{}]", objects.join(","));
    let limits = stix_bundle::limits();
    let arrival = stix_bundle::read(DoorIn::Api, "test", text.as_bytes(), &limits);
    house.accept(by, arrival).unwrap()
}

/// The session of a person, as if they had signed in; it lasts a day.
#[must_use]
pub fn session(house: &House, account: &str) -> String {
    session_for(house, account, Duration::from_secs(86_400))
}

/// The same for so long.
#[must_use]
pub fn session_for(house: &House, account: &str, lasts: Duration) -> String {
    let (id, text, digest) = TokenText::make(house.entropy());
    let account = AccountId::new(account).unwrap();
    let token = Token {
        id: id.clone(),
        issued_by: account.clone(),
        account,
        purpose: SESSION.into(),
        scope: BTreeSet::new(),
        expires: house.now().after(lasts),
    };
    let body = serde_json::to_vec(&token).unwrap();
    let kept = house.write(move |unit| {
        unit.put_record(RecordKind::Token, &id, &body, "test")?;
        unit.put_secret(SecretKind::Token, &id, &digest)
    });
    kept.unwrap();
    text.reveal().to_owned()
}

fn account(id: &str, organisation: &str, role: Role) -> Account {
    Account {
        id: AccountId::new(id).unwrap(),
        name: id.into(),
        organisation: OrganisationId::new(organisation).unwrap(),
        roles: BTreeSet::from([role]),
        language: Language::It,
        state: AccountState::Active,
    }
}

fn actor(account: &str, organisation: &str, roles: &[Role]) -> Actor {
    Actor {
        account: AccountId::new(account).unwrap(),
        organisation: OrganisationId::new(organisation).unwrap(),
        roles: roles.iter().copied().collect(),
        language: Language::It,
        way: vedetta_model::Way::InPerson,
    }
}
