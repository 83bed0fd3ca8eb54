//! The form of an item for those not entitled to know its victim: a derived object in which
//! nothing tells it, or none at all.

use serde_json::{Map, Value};
use vedetta_model::ItemId;
use vedetta_model::item::HANDLING_EXTENSION;

use crate::secrets::Secrets;
use crate::stix_rules::{
    PropertyKind, is_about_somebody, is_known, is_limit, names_its_id, property_kind, requires,
};
use crate::traces::Traces;

/// What stands where a text was taken out.
pub const OMITTED: &str = "[omissis]";

/// Longer texts, all those of an object together in bytes, are not looked through: such an object
/// has no derived form.
const LONGEST: usize = 1 << 20;

/// STIX 2.1 section 3.1: names of properties are at most so long.
pub(crate) const LONGEST_NAME: usize = 250;

/// How to make the derived object.
#[derive(Clone, Copy)]
pub struct Redaction<'a> {
    /// What nothing may tell.
    pub secrets: &'a Secrets,
    /// The identifier of the derived object; nothing may lead back from it to the original's.
    pub id: &'a ItemId,
    /// The identity that publishes the derived object; without it `created_by_ref` is dropped.
    pub publisher: Option<&'a ItemId>,
    /// What becomes of a reference to another object, by its identifier: those to objects that
    /// tell the victim must be replaced by their derived ones or dropped.
    pub references: &'a dyn Fn(&str) -> Reference,
}

/// What becomes of a reference.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reference {
    /// It stays.
    Keep,
    /// It points to a derived object.
    Replace(ItemId),
    /// It is taken out.
    Drop,
}

/// Why there is no derived object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {reason}")]
pub struct Withheld {
    /// The property that stands in the way, or `object`.
    pub at: String,
    /// Why.
    pub reason: &'static str,
}

/// Derives from a STIX object one in which nothing tells the victims.
///
/// Free text that tells is replaced whole by [`OMITTED`]: who writes of a victim by name tells it in
/// other words too, which nobody can list. Any other property that tells is dropped. `created` and `modified` stay; the identifier and
/// `created_by_ref` are the new ones; references to identities and locations, payloads and the hashes of external references are dropped.
///
/// # Errors
/// [`Withheld`] when it holds more than a mebibyte of text; when what would have to go is required, is what a STIX observable's identifier is made
/// from, or limits the handling; when the object is an identity or a place that tells; and when
/// an independent check still finds a victim.
pub fn redact(object: &Value, redaction: &Redaction<'_>) -> Result<Value, Withheld> {
    let Some(original) = object.as_object() else {
        return Err(withheld("object", "it is no object"));
    };
    let text = |name: &str| original.get(name).and_then(Value::as_str);
    let (Some(kind), Some(id)) = (text("type"), text("id")) else {
        return Err(withheld("object", "it has no type or no id"));
    };
    if is_too_long(object) {
        return Err(withheld("object", "it is too long to be looked through"));
    }
    if kind == "bundle" {
        return Err(withheld("object", "a bundle is no item: redact its objects one by one"));
    }
    if redaction.secrets.identities.iter().any(|it| it.as_str() == id) {
        return Err(withheld("object", "it is the victim"));
    }
    let traces = redaction.secrets.traces.and_id(id);
    let mut derived = Derived { kind, id, redaction, traces, object: Map::new(), pruned: false };
    for (name, value) in original {
        derived.take(name, value)?;
    }
    derived.finish()
}

struct Derived<'a> {
    kind: &'a str,
    id: &'a str,
    redaction: &'a Redaction<'a>,
    traces: Traces,
    object: Map<String, Value>,
    /// Whether anything but words and identifiers is gone.
    pruned: bool,
}

impl Derived<'_> {
    /// Takes over what a property may keep.
    fn take(&mut self, name: &str, value: &Value) -> Result<(), Withheld> {
        if self.traces.in_name(name) {
            self.pruned = true;
            return self.leave_out("object", "the name of a property tells the victim");
        }
        let kept = match property_kind(name) {
            PropertyKind::Id => Some(self.redaction.id.as_str().into()),
            PropertyKind::Creator => self.redaction.publisher.map(|it| it.as_str().into()),
            PropertyKind::Payload => None,
            PropertyKind::Reference => self.reference(value),
            PropertyKind::References => Some(self.references(value)),
            PropertyKind::ExternalReferences => Some(self.external_references(value)),
            PropertyKind::Extensions => Some(self.extensions(value)?),
            PropertyKind::Text => Some(self.prose(value)),
            PropertyKind::Other => self.clean(name, value),
        };
        let kept = kept.filter(|kept| !is_void(kept));
        if kept.as_ref() != Some(value) {
            self.may_change(name)?;
        }
        match kept {
            Some(kept) => {
                self.object.insert(name.to_owned(), kept);
                Ok(())
            }
            None => self.leave_out(name, "it is required and tells the victim"),
        }
    }

    /// Whether a property may lose what tells the victim.
    fn may_change(&mut self, name: &str) -> Result<(), Withheld> {
        match property_kind(name) {
            PropertyKind::Id | PropertyKind::Creator => return Ok(()),
            PropertyKind::Text | PropertyKind::Reference => {}
            _ => self.pruned = true,
        }
        if is_limit(name) {
            return Err(withheld(name, "what limits its handling would change"));
        }
        if is_about_somebody(self.kind) {
            return Err(withheld(name, "an object about somebody tells the victim"));
        }
        if names_its_id(self.kind, name) {
            return Err(withheld(name, "the identifier of the observable is made from it"));
        }
        Ok(())
    }

    fn leave_out(&self, name: &str, reason: &'static str) -> Result<(), Withheld> {
        let custom = !is_known(self.kind) && property_kind(name) == PropertyKind::Other;
        if custom || requires(self.kind, name) {
            return Err(withheld(name, reason));
        }
        Ok(())
    }

    fn reference(&self, value: &Value) -> Option<Value> {
        let id = value.as_str()?;
        if id == self.id {
            return Some(self.redaction.id.as_str().into());
        }
        if names_whom_or_where(id) || self.traces.in_text(id) {
            return None;
        }
        match (self.redaction.references)(id) {
            Reference::Keep => Some(value.clone()),
            Reference::Replace(other) => Some(other.as_str().into()),
            Reference::Drop => None,
        }
    }

    fn references(&self, value: &Value) -> Value {
        let all = value.as_array().into_iter().flatten();
        all.filter_map(|one| self.reference(one)).collect()
    }

    /// Whole references that tell are dropped; of the others, the hashes.
    fn external_references(&self, value: &Value) -> Value {
        let all = value.as_array().into_iter().flatten();
        let kept = all.filter(|one| !self.tells("", one)).map(|one| {
            let mut one = one.clone();
            if let Some(fields) = one.as_object_mut() {
                fields.remove("hashes");
            }
            one
        });
        kept.collect()
    }

    /// Whole extensions that tell are dropped, except where they define the object or limit its
    /// handling.
    fn extensions(&self, value: &Value) -> Result<Value, Withheld> {
        let mut kept = Map::new();
        for (name, extension) in value.as_object().into_iter().flatten() {
            let mut extension = extension.clone();
            let handling = name == HANDLING_EXTENSION;
            if let Some(fields) = extension.as_object_mut().filter(|_| handling) {
                fields.remove("victim_refs");
                // Who takes part is among its conditions; that it is one, its labels say.
                fields.remove("exercise");
            }
            if !self.tells(name, &extension) {
                kept.insert(name.clone(), extension);
                continue;
            }
            if handling {
                return Err(withheld("extensions", "what limits its handling tells the victim"));
            }
            let defines = extension.get("extension_type").and_then(Value::as_str);
            if defines.is_some_and(|kind| kind.starts_with("new-")) {
                return Err(withheld("extensions", "what defines the object tells the victim"));
            }
        }
        Ok(Value::Object(kept))
    }

    fn prose(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match self.traces.in_text(text) {
                true => OMITTED.into(),
                false => value.clone(),
            },
            Value::Array(all) => all.iter().map(|one| self.prose(one)).collect(),
            other if self.tells("", other) => Value::Null,
            other => other.clone(),
        }
    }

    /// The value when it does not tell; of a list, the elements that do not.
    fn clean(&self, name: &str, value: &Value) -> Option<Value> {
        match value {
            Value::Array(all) => {
                let kept = all.iter().filter(|one| !self.tells(name, one));
                Some(kept.cloned().collect())
            }
            other => (!self.tells(name, other)).then(|| other.clone()),
        }
    }

    fn tells(&self, name: &str, value: &Value) -> bool {
        self.traces.in_value(self.kind, name, value)
    }

    fn finish(self) -> Result<Value, Withheld> {
        let derived = Value::Object(self.object);
        if self.pruned && derived.get("granular_markings").is_some() {
            return Err(withheld("granular_markings", "they mark parts by their place"));
        }
        if self.redaction.secrets.lookout.tells(&derived) {
            return Err(withheld("object", "the check still finds the victim"));
        }
        Ok(derived)
    }
}

/// Whether an identifier is of somebody or of a place. To whom an object points, and where it puts
/// it, is what tells a victim, whatever the other object says.
fn names_whom_or_where(id: &str) -> bool {
    matches!(id.split_once("--"), Some(("identity" | "location", _)))
}

fn withheld(at: &str, reason: &'static str) -> Withheld {
    Withheld { at: at.to_owned(), reason }
}

/// Whether an object holds more text than is looked through.
pub(crate) fn is_too_long(object: &Value) -> bool {
    weight(object) > LONGEST
}

/// The length of all texts and names in a value, in bytes.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) => text.len(),
        Value::Array(all) => all.iter().map(weight).sum(),
        Value::Object(fields) => fields.iter().map(|(name, one)| name.len() + weight(one)).sum(),
    }
}

/// STIX has no empty lists, and no nulls.
fn is_void(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(all) => all.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}
