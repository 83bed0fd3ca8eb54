//! STIX 2.1: a bundle, a TAXII envelope, a list or one object.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
pub use stix::Limits;
use stix::{BundleReader, Entry, Object, Problem, Severity};
use vedetta_model::item::{EXERCISE_LABEL, HANDLING_EXTENSION};
use vedetta_model::{AgreementId, Category, Exercise, Instant, ItemId, Naming, Pap, Tlp};

use crate::arrival::{Arrival, Brought, DoorIn, Fault, Identity};
use crate::claim::{Claim, Marking};

/// What a door takes at most, unless configured otherwise.
#[must_use]
pub fn limits() -> Limits {
    Limits::default()
}

/// Reads what a door was given. What cannot be read is among the faults; the rest arrives. An
/// input that is broken somewhere brings nothing but that fault.
#[must_use]
pub fn read(door: DoorIn, source: &str, bytes: &[u8], limits: &Limits) -> Arrival {
    let mut arrival = Arrival::of(door, source, Vec::new());
    for entry in BundleReader::new(bytes, *limits) {
        if let Entry::Broken(problem) = entry {
            return Arrival::of(door, source, vec![fault_of(&problem)]);
        }
        arrival.enter(entry);
    }
    arrival
}

/// One object as an item.
///
/// # Errors
/// A fault when its handling extension cannot be understood: an item whose limits are not
/// understood must not travel.
pub fn bring(object: &Object, place: u64) -> Result<Brought, Fault> {
    let refuse = |at: &str, reason: String| Fault {
        refused: true,
        id: Some(object.id().to_string()),
        place: format!("objects[{place}]{at}"),
        rule: if at == ".pattern" { "bad-pattern" } else { "handling" }.into(),
        reason,
    };
    let id = ItemId::new(object.id().as_ref()).map_err(|error| refuse(".id", error.to_string()))?;
    check_pattern(object).map_err(|reason| refuse(".pattern", reason))?;
    let claim = claim(object)
        .map_err(|reason| refuse(&format!(".extensions.{HANDLING_EXTENSION}"), reason))?;
    Ok(Brought {
        id,
        version: Instant::from_micros(object.version().as_micros()),
        revoked: object.revoked(),
        claim,
        place,
        body: object.json().as_bytes().into(),
        identity: Identity::Given,
    })
}

/// The strictest labels that a marking-definition of somebody's own states.
#[must_use]
pub fn stated(definition: &[u8]) -> (Option<Tlp>, Option<Pap>) {
    let object = std::str::from_utf8(definition).ok().and_then(|json| Object::parse(json).ok());
    let Some((object, _)) = object else { return (None, None) };
    (stix::Tlp::stated_by(&object).map(tlp), stix::Pap::stated_by(&object).map(pap))
}

/// Victims, persons or agreements that one item may name: no peer takes more.
const MOST_NAMED: usize = 64;
/// Markings that one item may refer to.
const MOST_MARKINGS: usize = 1000;

/// An indicator that nobody could match is refused at the door.
fn check_pattern(object: &Object) -> Result<(), String> {
    if object.object_type() != "indicator" {
        return Ok(());
    }
    match object.text("pattern_type").as_deref() {
        Some("stix") => {}
        Some("sigma") => {
            let rule = object.text("pattern").unwrap_or_default();
            let checked = vedetta_detect::sigma::check(&rule, BTreeMap::new());
            return checked
                .map_err(|it| format!("line {}: {}; correct the rule", it.line, it.reason));
        }
        _ => return Ok(()),
    }
    let pattern = object.text("pattern").unwrap_or_default();
    let parsed = stix::pattern::parse(&pattern)
        .map_err(|error| format!("{error}; correct the pattern, or give its pattern_type"))?;
    let problems = stix::pattern::check(&parsed);
    match problems.iter().find(|it| !it.kind.is_beyond_us()) {
        None => Ok(()),
        Some(problem) => {
            let (line, column) = problem.span.locate(&pattern);
            Err(format!("line {line}, column {column}: {problem}; correct the pattern"))
        }
    }
}

/// The handling extension as written in an object.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Extension {
    #[serde(default, rename = "extension_type")]
    _kind: Option<String>,
    #[serde(default)]
    pap: Option<String>,
    #[serde(default)]
    category: Option<Category>,
    #[serde(default)]
    victim_refs: Option<BTreeSet<ItemId>>,
    #[serde(default)]
    named: BTreeSet<Naming>,
    #[serde(default)]
    only_under: BTreeSet<AgreementId>,
    #[serde(default)]
    exercise: Option<Exercise>,
}

fn claim(object: &Object) -> Result<Claim, String> {
    let extension = extension(object)?.unwrap_or_default();
    let silent = Claim::silent(object.object_type());
    let said = extension.pap.as_deref().map(str::parse::<Pap>).transpose();
    let said = said.map_err(|error| error.to_string())?;
    let pap = said.max(stix::Pap::of(object, &[]).map(pap));
    let sighted = || {
        let refs = object.property("where_sighted_refs")?;
        let refs = refs.as_array()?.iter().filter_map(|id| ItemId::new(id.as_str()?).ok());
        Some(refs.collect())
    };
    let victims = extension
        .victim_refs
        .or_else(|| if object.object_type() == "sighting" { sighted() } else { None });
    let markings = markings(object);
    for (name, many, most) in [
        ("object_marking_refs and granular_markings", markings.len(), MOST_MARKINGS),
        ("victim_refs", victims.as_ref().map_or(0, BTreeSet::len), MOST_NAMED),
        ("named", extension.named.len(), MOST_NAMED),
        ("only_under", extension.only_under.len(), MOST_NAMED),
    ] {
        if many > most {
            return Err(format!("`{name}` names {many}; name {most} at most"));
        }
    }
    let exercise = extension.exercise.as_ref();
    exercise.map_or(Ok(()), Exercise::check).map_err(|error| error.to_string())?;
    Ok(Claim {
        tlp: object.tlp().map(tlp),
        part_tlp: stix::Tlp::strictest(object.granular_marking_refs()).map(tlp),
        markings,
        pap,
        category: extension.category.unwrap_or(silent.category),
        victims,
        named: extension.named,
        only_under: extension.only_under,
        exercise: extension.exercise.or_else(|| is_labelled(object).then(Exercise::default)),
    })
}

/// Whether its labels (STIX 2.1, 3.2) say that it belongs to an exercise.
fn is_labelled(object: &Object) -> bool {
    let says = |label: &serde_json::Value| {
        label.as_str().is_some_and(|it| it.eq_ignore_ascii_case(EXERCISE_LABEL))
    };
    let labels = object.property("labels");
    labels.as_ref().and_then(|it| it.as_array()).is_some_and(|all| all.iter().any(says))
}

/// Its markings that are not TLP.
fn markings(object: &Object) -> Vec<Marking> {
    let whole = object.marking_refs().enumerate();
    let whole = whole.map(|(at, id)| (format!("object_marking_refs[{at}]"), id));
    let parts = object.granular_marking_refs().enumerate();
    let parts = parts.map(|(at, id)| (format!("granular_markings[{at}].marking_ref"), id));
    let others =
        whole.chain(parts).filter(|(_, id)| stix::Tlp::from_marking(id.as_str()).is_none());
    let markings = others.filter_map(|(property, id)| {
        Some(Marking { property, id: ItemId::new(id.as_str()).ok()? })
    });
    markings.collect()
}

fn extension(object: &Object) -> Result<Option<Extension>, String> {
    if !object.json().contains(HANDLING_EXTENSION) {
        return Ok(None);
    }
    let extensions = object.property("extensions");
    let Some(found) = extensions.as_ref().and_then(|all| all.get(HANDLING_EXTENSION)) else {
        return Ok(None);
    };
    let read = serde_json::from_value(found.clone());
    read.map(Some).map_err(|error| {
        format!("{error}; see the handling extension in docs/integrators/handling.md")
    })
}

fn tlp(tlp: stix::Tlp) -> Tlp {
    match tlp {
        stix::Tlp::Clear => Tlp::Clear,
        stix::Tlp::Green => Tlp::Green,
        stix::Tlp::Amber => Tlp::Amber,
        stix::Tlp::AmberStrict => Tlp::AmberStrict,
        stix::Tlp::Red => Tlp::Red,
    }
}

fn pap(pap: stix::Pap) -> Pap {
    match pap {
        stix::Pap::Clear => Pap::Clear,
        stix::Pap::Green => Pap::Green,
        stix::Pap::Amber => Pap::Amber,
        stix::Pap::Red => Pap::Red,
    }
}

/// A problem of the language as a fault of the arrival.
pub(crate) fn fault_of(problem: &Problem) -> Fault {
    let position = problem.place.map(|at| format!("line {}, column {}", at.line, at.column));
    let place = match (problem.path.is_empty(), position) {
        (false, Some(position)) => format!("{} ({position})", problem.path),
        (false, None) => problem.path.clone(),
        (true, position) => position.unwrap_or_else(|| "input".into()),
    };
    Fault {
        refused: problem.severity == Severity::Error,
        id: problem.id.clone(),
        place,
        rule: problem.rule.to_string(),
        reason: format!("{}; {}", problem.message, problem.advice),
    }
}
