//! Random items: what was brought, as it was brought, with what the feeds should make of it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vedetta_model::item::HANDLING_EXTENSION;
use vedetta_model::*;

use crate::dice::Dice;
use crate::worlds::{World, person};

/// One version of an item, as written.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) id: ItemId,
    pub(crate) version: Instant,
    pub(crate) revoked: bool,
    /// Stands in the object, in either form, and in no other.
    pub(crate) mark: String,
    pub(crate) object: Value,
    pub(crate) value: Option<Sought>,
    pub(crate) says: Says,
}

/// What an indicator looks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Sought {
    Address(u8),
    Domain(String),
    Hash(String),
}

/// What the object says of its own handling.
#[derive(Clone, Debug)]
pub(crate) struct Says {
    pub(crate) category: Category,
    pub(crate) tlp: Option<Tlp>,
    pub(crate) pap: Option<Pap>,
    pub(crate) victims: Option<Vec<OrganisationId>>,
    pub(crate) named: BTreeSet<AccountId>,
    pub(crate) only_under: BTreeSet<AgreementId>,
    /// Whose name stands where it cannot be taken out.
    pub(crate) stuck: Option<OrganisationId>,
}

const KINDS: [&str; 6] =
    ["indicator", "indicator", "incident", "vulnerability", "identity", "ipv4-addr"];
/// Addresses that several may have seen.
const ADDRESSES: usize = 3;

impl Written {
    /// A new item.
    pub(crate) fn new(world: &World, count: usize, dice: &mut Dice) -> Self {
        let kind = dice.one(&KINDS);
        let id = match kind {
            "ipv4-addr" => {
                format!("{kind}--00000000-0000-5000-8000-{:012x}", dice.below(ADDRESSES))
            }
            _ => format!("{kind}--00000000-0000-4000-8000-{count:012x}"),
        };
        Self::version(world, ItemId::new(&id).unwrap(), (count, 1), dice)
    }

    /// The same octets, brought later: which says something of what everybody can bring.
    pub(crate) fn again(mut self, count: usize) -> Self {
        if self.id.follows_from_value() {
            self.version = came(count);
        }
        self
    }

    /// A version of an item, modified at a minute of the first day.
    pub(crate) fn version(
        world: &World,
        id: ItemId,
        (count, minute): (usize, usize),
        dice: &mut Dice,
    ) -> Self {
        let mark = format!("seal{}", letters(count));
        let (hour, minute) = (minute / 60, minute % 60);
        let modified = format!("2026-03-01T{hour:02}:{minute:02}:00.000Z");
        let mut says = Says::new(world, id.kind(), dice);
        let mut object = json!({
            "type": id.kind(), "spec_version": "2.1", "id": id,
            "created": "2026-03-01T00:00:00.000Z", "modified": modified,
            "name": format!("thing {mark}"),
        });
        let mut value = None;
        match id.kind() {
            "indicator" => {
                let wanted = Sought::new(count, &says, dice);
                object["pattern"] = wanted.pattern().into();
                object["pattern_type"] = "stix".into();
                object["valid_from"] = "2026-03-01T00:00:00Z".into();
                object["confidence"] = 95.into();
                says.stuck = says.victims.iter().flatten().find(|it| wanted.is_of(it)).cloned();
                value = Some(wanted);
            }
            "identity" => object["identity_class"] = "organization".into(),
            "ipv4-addr" => {
                let last = id.as_str().chars().next_back().unwrap();
                object["value"] = format!("192.0.2.{last}").into();
                object.as_object_mut().unwrap().retain(|name, _| !name.ends_with("ed"));
            }
            _ => {}
        }
        if dice.chance(50) {
            let told: Vec<_> = says.victims.iter().flatten().map(OrganisationId::as_str).collect();
            let told = told.join(" e ");
            object["description"] = format!("{mark}: at {told}, mail@{told}.example.org").into();
        }
        says.write(&mut object);
        let version = match id.follows_from_value() {
            true => came(count),
            false => modified.parse().unwrap(),
        };
        Self { id, version, revoked: false, mark, object, value, says }
    }

    /// The same as a revocation.
    pub(crate) fn revoked(mut self) -> Self {
        self.object["revoked"] = true.into();
        self.revoked = true;
        self
    }

    /// Whether the words of the victims can be taken out of it.
    pub(crate) fn derives(&self, victims: &BTreeSet<OrganisationId>) -> bool {
        self.id.kind() != "identity"
            && self.says.stuck.as_ref().is_none_or(|stuck| !victims.contains(stuck))
    }
}

impl Sought {
    fn new(count: usize, says: &Says, dice: &mut Dice) -> Self {
        match (dice.below(4), says.victims.iter().flatten().next()) {
            (0, _) if count < 150 => Self::Address(100 + u8::try_from(count).unwrap()),
            (1, _) => Self::Hash(format!("{count:064x}")),
            (2, Some(victim)) if dice.chance(50) => {
                Self::Domain(format!("h{}.{victim}.example.org", letters(count)))
            }
            _ => Self::Domain(format!("h{}.example.org", letters(count))),
        }
    }

    /// Whether a member of the network owns it.
    pub(crate) fn is_owned(&self, world: &World) -> bool {
        world.ids().iter().any(|member| self.is_of(member))
    }

    fn is_of(&self, victim: &OrganisationId) -> bool {
        matches!(self, Self::Domain(name) if name.ends_with(&format!(".{victim}.example.org")))
    }

    fn pattern(&self) -> String {
        match self {
            Self::Address(last) => format!("[ipv4-addr:value = '203.0.113.{last}']"),
            Self::Domain(name) => format!("[domain-name:value = '{name}']"),
            Self::Hash(hash) => format!("[file:hashes.'SHA-256' = '{hash}']"),
        }
    }

    /// How a feed writes it; `None` when it has no such values.
    pub(crate) fn in_feed(&self, file: &str) -> Option<String> {
        match (file, self) {
            ("indicators.txt" | "addresses.txt", Self::Address(last)) => {
                Some(format!("\n203.0.113.{last}\n"))
            }
            ("indicators.txt" | "domains.txt", Self::Domain(name)) => Some(format!("\n{name}\n")),
            ("indicators.txt" | "hashes.txt", Self::Hash(hash)) => Some(format!("\n{hash}\n")),
            ("indicators.csv", Self::Address(last)) => Some(format!(",203.0.113.{last},")),
            ("indicators.csv", Self::Domain(name)) => Some(format!(",{name},")),
            ("indicators.csv", Self::Hash(hash)) => Some(format!(",{hash},")),
            ("hosts", Self::Domain(name)) => Some(format!(" {name}\n")),
            ("response-policy.zone", Self::Domain(name)) => Some(format!("\n{name} IN")),
            ("response-policy.zone", Self::Address(last)) => {
                Some(format!("\n32.{last}.113.0.203.rpz-ip"))
            }
            ("suricata.rules", Self::Domain(name)) => Some(format!("\"{name}\"")),
            ("suricata.rules" | "sets.nft", Self::Address(last)) => {
                Some(format!("203.0.113.{last}"))
            }
            _ => None,
        }
    }
}

impl Says {
    fn new(world: &World, kind: &str, dice: &mut Dice) -> Self {
        let ids = world.ids();
        let labels = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::Amber, Tlp::AmberStrict, Tlp::Red];
        let acts: Vec<_> = world.agreements.iter().map(|it| it.id.clone()).collect();
        let victims = match dice.below(10) {
            0..5 => None,
            5 => Some(Vec::new()),
            _ => Some(dice.some(&ids, 25)),
        };
        let people: Vec<_> = (0..ids.len()).map(person).collect();
        Self {
            category: if dice.chance(10) { dice.one(&Category::ALL) } else { usual(kind) },
            tlp: dice.chance(85).then(|| dice.one(&labels)),
            pap: dice.chance(25).then(|| dice.one(&Pap::ALL)),
            victims,
            named: if dice.chance(60) { dice.some(&people, 40) } else { BTreeSet::new() },
            only_under: if dice.chance(6) { dice.some(&acts, 50) } else { BTreeSet::new() },
            stuck: None,
        }
    }

    fn write(&self, object: &mut Value) {
        let mut extension = json!({ "extension_type": "property-extension" });
        extension["category"] = json!(self.category);
        if let Some(victims) = &self.victims {
            let victims = victims.iter().map(OrganisationId::identity);
            extension["victim_refs"] = victims.map(|it| it.to_string()).collect();
        }
        if let Some(pap) = self.pap {
            extension["pap"] = json!(pap);
        }
        if !self.named.is_empty() {
            extension["named"] = json!(self.named);
        }
        if !self.only_under.is_empty() {
            extension["only_under"] = json!(self.only_under);
        }
        object["extensions"] = json!({ HANDLING_EXTENSION: extension });
        if let Some(tlp) = self.tlp {
            let id = match tlp {
                Tlp::Clear => "94868c89-83c2-464b-929b-a1a8aa3c8487",
                Tlp::Green => "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
                Tlp::Amber => "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
                Tlp::AmberStrict => "939a9414-2ddd-4d32-a0cd-375ea402b003",
                Tlp::Red => "e828b379-4e03-4974-9ac4-e53a884c97c1",
            };
            object["object_marking_refs"] = json!([format!("marking-definition--{id}")]);
        }
    }
}

/// A moment that says which came first.
fn came(count: usize) -> Instant {
    Instant::from_micros(i64::try_from(count).unwrap())
}

fn usual(kind: &str) -> Category {
    match kind {
        "incident" => Category::Incident,
        "vulnerability" => Category::TechnicalReport,
        "identity" => Category::Context,
        _ => Category::Indicator,
    }
}

/// A number in four letters.
fn letters(mut count: usize) -> String {
    let letter = |_| {
        let letter = b'b' + u8::try_from(count % 24).unwrap();
        count /= 24;
        char::from(letter)
    };
    (0..4).map(letter).collect()
}
