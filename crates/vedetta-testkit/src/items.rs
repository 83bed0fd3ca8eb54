//! STIX objects for tests, on documentation addresses.

use serde_json::{Value, json};

const HANDLING: &str = vedetta_model::item::HANDLING_EXTENSION;

/// The namespace of observables' identifiers (STIX 2.1, 2.9).
const OBSERVABLES: uuid::Uuid = uuid::Uuid::from_u128(0x00abedb4_aa42_466c_9c01_fed23315a9b7);

/// An object under construction.
#[derive(Clone, Debug)]
pub struct TestItem(Value);

impl TestItem {
    /// An indicator on `203.0.113.N`, created at the first of March 2026.
    #[must_use]
    pub fn indicator(n: u32) -> Self {
        Self(json!({
            "type": "indicator",
            "spec_version": "2.1",
            "id": format!("indicator--00000000-0000-4000-8000-{n:012x}"),
            "created": "2026-03-01T00:00:00.000Z",
            "modified": "2026-03-01T00:00:00.000Z",
            "name": format!("scanner {n}"),
            "pattern": format!("[ipv4-addr:value = '203.0.113.{}']", n % 256),
            "pattern_type": "stix",
            "valid_from": "2026-03-01T00:00:00Z",
        }))
    }

    /// The address `198.51.100.N`, under the identifier that follows from it.
    #[must_use]
    pub fn address(n: u8) -> Self {
        let value = format!("198.51.100.{n}");
        let name = format!("{{\"value\":\"{value}\"}}");
        let id = uuid::Uuid::new_v5(&OBSERVABLES, name.as_bytes());
        Self(json!({
            "type": "ipv4-addr",
            "spec_version": "2.1",
            "id": format!("ipv4-addr--{id}"),
            "value": value,
        }))
    }

    /// An incident.
    #[must_use]
    pub fn incident(n: u32, name: &str) -> Self {
        Self(json!({
            "type": "incident",
            "spec_version": "2.1",
            "id": format!("incident--00000000-0000-4000-8000-{n:012x}"),
            "created": "2026-03-01T00:00:00.000Z",
            "modified": "2026-03-01T00:00:00.000Z",
            "name": name,
        }))
    }

    /// With a TLP 2.0 marking.
    #[must_use]
    pub fn tlp(self, label: &str) -> Self {
        let id = match label {
            "CLEAR" => "94868c89-83c2-464b-929b-a1a8aa3c8487",
            "GREEN" => "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
            "AMBER" => "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
            "AMBER+STRICT" => "939a9414-2ddd-4d32-a0cd-375ea402b003",
            "RED" => "e828b379-4e03-4974-9ac4-e53a884c97c1",
            other => panic!("no label {other}"),
        };
        self.with("object_marking_refs", json!([format!("marking-definition--{id}")]))
    }

    /// With a property.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.0[name] = value;
        self
    }

    /// Without some properties.
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        if let Some(object) = self.0.as_object_mut() {
            object.retain(|name, _| !names.contains(&name.as_str()));
        }
        self
    }

    /// With a property of the handling extension.
    #[must_use]
    pub fn handled(mut self, name: &str, value: Value) -> Self {
        self.0["extensions"][HANDLING]["extension_type"] = json!("property-extension");
        self.0["extensions"][HANDLING][name] = value;
        self
    }

    /// A later version.
    #[must_use]
    pub fn modified(self, moment: &str) -> Self {
        self.with("modified", json!(moment))
    }

    /// Its identifier.
    #[must_use]
    pub fn id(&self) -> vedetta_model::ItemId {
        vedetta_model::ItemId::new(self.0["id"].as_str().unwrap()).unwrap()
    }

    /// Its JSON text.
    #[must_use]
    pub fn json(&self) -> String {
        self.0.to_string()
    }
}
