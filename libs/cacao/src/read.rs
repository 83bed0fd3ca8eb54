//! Reading a playbook: bounded, every fault named.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::checks::is_identifier;
use crate::field::{Fault, Found, Object, kind};
use crate::flow;
use crate::playbook::{Agent, Playbook};
use crate::steps;
use crate::translation::translations;
use crate::variable::variables;

/// A larger playbook is not read, in octets.
pub const LARGEST: usize = 1 << 20;
/// One of more steps is not read.
pub const MOST_STEPS: usize = 1_000;

/// What was read.
#[derive(Debug)]
pub struct Reading {
    /// The playbook; nothing when it has faults.
    pub playbook: Option<Playbook>,
    /// Why it is not taken, up to a hundred faults.
    pub faults: Vec<Fault>,
    /// What its author may want to look at again.
    pub remarks: Vec<Fault>,
}

/// Reads a playbook.
#[must_use]
pub fn read(octets: &[u8]) -> Reading {
    let mut found = Found::default();
    let playbook = whole(octets, &mut found).filter(|_| found.faults.is_empty());
    Reading { playbook, faults: found.faults, remarks: found.remarks }
}

fn whole(octets: &[u8], found: &mut Found) -> Option<Playbook> {
    if octets.len() > LARGEST {
        let what = format!("it has {} octets; {LARGEST} are the most", octets.len());
        found.fault("playbook", "", what);
        return None;
    }
    let source: Value = match serde_json::from_slice(octets) {
        Ok(source) => source,
        Err(error) => {
            found.fault("playbook", "", format!("it is no JSON: {error}"));
            return None;
        }
    };
    let Value::Object(map) = &source else {
        found.fault("playbook", "", format!("it is {}; write an object", kind(&source)));
        return None;
    };
    let it = Object { id: "playbook", within: "", map };
    let playbook = playbook(&it, found)?;
    Some(Playbook { source: source.clone(), ..playbook })
}

fn playbook(it: &Object<'_>, found: &mut Found) -> Option<Playbook> {
    must_be(it, found, "type", "playbook");
    must_be(it, found, "spec_version", "cacao-2.0");
    ["priority", "severity", "impact"].iter().for_each(|name| it.grade(found, name));
    let id = needs(it, found, "id", "playbook");
    needs(it, found, "created_by", "identity");
    let start = needs(it, found, "workflow_start", "start");
    let (created, modified) = (moment(it, found, "created"), moment(it, found, "modified"));
    if created.zip(modified).is_some_and(|(created, modified)| modified < created) {
        it.fault(found, "modified", "is before created");
    }
    let (from, until) = (it.moment(found, "valid_from"), it.moment(found, "valid_until"));
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        it.fault(found, "valid_until", "is not after valid_from");
    }
    let mut agents = agents(it, found, "agent_definitions");
    agents.extend(self::agents(it, found, "target_definitions"));
    let steps = steps::steps(it, found);
    let playbook = Playbook {
        source: Value::Null,
        id: id?,
        name: it.required(found, "name"),
        description: it.text(found, "description").unwrap_or_default(),
        types: it.texts(found, "playbook_types"),
        created: created?,
        modified: modified?,
        revoked: it.flag(found, "revoked"),
        valid_from: from,
        valid_until: until,
        labels: it.texts(found, "labels"),
        variables: variables(it, found, "playbook_variables"),
        start: start?,
        exception: it.identifier(found, "workflow_exception", None),
        translations: translations(it, found, &steps),
        steps,
        agents,
    };
    flow::check(&playbook, found);
    extensions(it, found);
    Some(playbook)
}

fn must_be(it: &Object<'_>, found: &mut Found, name: &str, wanted: &str) {
    let text = it.required(found, name);
    if !text.is_empty() && text != wanted {
        it.fault(found, name, format!("is {text:?}; write {wanted:?}"));
    }
}

fn needs(it: &Object<'_>, found: &mut Found, name: &str, kind: &str) -> Option<String> {
    if it.get(name).is_none() {
        it.fault(found, name, format!("is missing; write {kind}--UUID"));
    }
    it.identifier(found, name, Some(kind))
}

fn moment(it: &Object<'_>, found: &mut Found, name: &str) -> Option<jiff::Timestamp> {
    if it.get(name).is_none() {
        it.fault(found, name, "is missing; write 2026-03-28T23:30:00.000Z");
    }
    it.moment(found, name)
}

fn agents(it: &Object<'_>, found: &mut Found, property: &str) -> BTreeMap<String, Agent> {
    let mut agents = BTreeMap::new();
    for (id, value) in it.dictionary(found, property).into_iter().flatten() {
        if !is_identifier(id, None) {
            it.fault(found, &format!("{property}.{id}"), "is no identifier; write type--UUID");
        }
        let Value::Object(map) = value else {
            it.fault(found, &format!("{property}.{id}"), "is no object");
            continue;
        };
        let one = Object { id, within: "", map };
        let agent = Agent {
            kind: one.required(found, "type"),
            name: one.required(found, "name"),
            description: one.text(found, "description").unwrap_or_default(),
            address: address(&one, found),
        };
        if !agent.kind.is_empty() && !id.starts_with(&format!("{}--", agent.kind)) {
            one.fault(found, "type", format!("is {:?}, not what its identifier says", agent.kind));
        }
        agents.insert(id.clone(), agent);
    }
    agents
}

/// The first address: a URL as it is, or a host with its port.
fn address(agent: &Object<'_>, found: &mut Found) -> Option<String> {
    let map = agent.dictionary(found, "address")?;
    let first = |name: &str| map.get(name)?.as_array()?.first()?.as_str().map(str::to_owned);
    if let Some(url) = first("url") {
        return Some(url);
    }
    let host = first("dname").or_else(|| first("ipv4"))?;
    let port = agent.text(found, "port");
    Some(match port {
        Some(port) => format!("https://{host}:{port}"),
        None => format!("https://{host}"),
    })
}

/// Each extension in use is defined.
fn extensions(it: &Object<'_>, found: &mut Found) {
    let defined = it.get("extension_definitions").and_then(Value::as_object);
    for id in
        it.dictionary(found, "playbook_extensions").into_iter().flat_map(serde_json::Map::keys)
    {
        if !defined.is_some_and(|defined| defined.contains_key(id)) {
            let place = format!("playbook_extensions.{id}");
            it.fault(found, &place, "is not among the extension_definitions");
        }
    }
}
