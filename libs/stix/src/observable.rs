//! Deterministic identifiers of cyber-observables (specification 2.9).

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::canonical::canonical;
use crate::identifier::Identifier;
use crate::json::{Member, find};
use crate::schema::{self, Table};

/// The namespace of version-5 UUIDs of observables.
pub const NAMESPACE: Uuid = Uuid::from_u128(0x00ab_edb4_aa42_466c_9c01_fed2_3315_a9b7);

/// The algorithms whose hash is taken, in this order; else the first by name.
const PREFERRED: [&str; 4] = ["MD5", "SHA-1", "SHA-256", "SHA-512"];

/// The identifier that an observable's properties give: a version-5 UUID over the canonical JSON of
/// those that contribute to it. Nothing for other types, for processes, and where none is there.
pub fn deterministic_id(object_type: &str, properties: &Map<String, Value>) -> Option<Identifier> {
    let table = schema::table(object_type)?;
    let of = |name: &&'static str| properties.get(*name).map(|value| (*name, value.clone()));
    identify(table, table.identity.iter().filter_map(of))
}

/// As [`deterministic_id`], for an object being read.
pub(crate) fn expected_id(table: &Table, members: &[Member<'_>]) -> Option<Identifier> {
    let of = |name: &&'static str| find(members, name).map(|node| (*name, node.to_value()));
    identify(table, table.identity.iter().filter_map(of))
}

fn identify(
    table: &Table,
    contributing: impl Iterator<Item = (&'static str, Value)>,
) -> Option<Identifier> {
    let mut map = Map::new();
    for (name, value) in contributing {
        let value = if name == "hashes" { one_hash(value)? } else { value };
        map.insert(name.into(), value);
    }
    if map.is_empty() {
        return None;
    }
    let name = canonical(&Value::Object(map));
    Some(Identifier::of_type(table.name, Uuid::new_v5(&NAMESPACE, name.as_bytes())))
}

fn one_hash(hashes: Value) -> Option<Value> {
    let Value::Object(hashes) = hashes else { return None };
    let preferred = PREFERRED.into_iter().find(|name| hashes.contains_key(*name));
    let name = preferred.or_else(|| hashes.keys().map(String::as_str).min())?;
    let value = hashes.get(name)?.clone();
    Some(Value::Object(Map::from_iter([(name.to_owned(), value)])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id(object_type: &str, properties: &Value) -> Option<String> {
        let properties = properties.as_object().unwrap();
        deterministic_id(object_type, properties).map(|id| id.to_string())
    }

    #[test]
    fn known_identifiers() {
        let address = json!({"value": "198.51.100.3"});
        let expected = "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4";
        assert_eq!(id("ipv4-addr", &address).as_deref(), Some(expected));
    }

    #[test]
    fn one_hash_counts_and_the_rest_does_not() {
        let md5 = "d41d8cd98f00b204e9800998ecf8427e";
        let both = json!({"hashes": {"SHA-256": "e3", "MD5": md5}, "size": 3});
        assert_eq!(id("file", &both), id("file", &json!({"hashes": {"MD5": md5}})));
        let other = json!({"hashes": {"TLSH": "a", "SSDEEP": "b"}});
        assert_eq!(id("file", &other), id("file", &json!({"hashes": {"SSDEEP": "b"}})));
    }

    #[test]
    fn nothing_to_compute_from() {
        assert_eq!(id("process", &json!({"pid": 1})), None);
        assert_eq!(id("indicator", &json!({"name": "x"})), None);
        assert_eq!(id("file", &json!({"size": 1})), None);
    }
}
