//! What every door in hands to the corridor.

use std::collections::HashSet;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use vedetta_model::{Instant, ItemId};

use crate::claim::Claim;

/// What came in by one door in one go.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    /// The door.
    pub door: DoorIn,
    /// The file, address or client that it came from, for provenance.
    pub source: String,
    /// The items that could be read, in order.
    pub items: Vec<Brought>,
    /// What could not be read, and remarks on what could.
    pub faults: Vec<Fault>,
}

/// One item as brought.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brought {
    /// The item.
    pub id: ItemId,
    /// Its version.
    pub version: Instant,
    /// Whether this version revokes it.
    pub revoked: bool,
    /// What it says about its own handling.
    pub claim: Claim,
    /// Its place in the input: the object's index, or the line.
    pub place: u64,
    /// The object, byte for byte as received.
    #[serde(serialize_with = "write_body", deserialize_with = "read_body")]
    pub body: Box<[u8]>,
    /// Whether the bringer gave the version, or the door made it from the content.
    pub identity: Identity,
}

/// How an item came by its identifier and version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// Given by its producer.
    Given,
    /// Made from the content by the door: the same content again is the same item, whatever the
    /// hour.
    FromContent,
}

/// The doors in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DoorIn {
    /// TAXII 2.1 POST.
    Taxii,
    /// The JSON interface.
    Api,
    /// A file given on the command line or in a watched directory.
    File,
    /// The mail desk: a campaign made of reported messages.
    Mail,
}

/// Something wrong with the input, or worth knowing about it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// Whether the item was refused for it.
    pub refused: bool,
    /// The identifier, where one could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where: the property, or the line and column.
    pub place: String,
    /// The rule that was broken, as a stable slug.
    pub rule: String,
    /// What is wrong, and what to do.
    pub reason: String,
}

impl Arrival {
    /// An arrival with faults and, so far, no items.
    #[must_use]
    pub fn of(door: DoorIn, source: &str, faults: Vec<Fault>) -> Self {
        Self { door, source: source.into(), items: Vec::new(), faults }
    }
}

impl Fault {
    /// Of which object or row it is, as far as its place tells.
    fn object(&self) -> &str {
        match self.place.strip_prefix("objects[").and_then(|rest| rest.find(']')) {
            Some(end) => &self.place[.."objects[".len() + end],
            None if self.place.starts_with("line ") => &self.place,
            None => "",
        }
    }
}

/// How many objects or rows were refused: one may have several faults.
#[must_use]
pub fn refused_objects(faults: &[Fault]) -> usize {
    let refused = faults.iter().filter(|fault| fault.refused);
    refused.map(|fault| (fault.object(), &fault.id)).collect::<HashSet<_>>().len()
}

/// A body is JSON already: it is written as it is.
fn write_body<S: Serializer>(body: &[u8], output: S) -> Result<S::Ok, S::Error> {
    use serde::ser::Error as _;
    serde_json::from_slice::<&RawValue>(body).map_err(S::Error::custom)?.serialize(output)
}

fn read_body<'de, D: Deserializer<'de>>(input: D) -> Result<Box<[u8]>, D::Error> {
    let body: Box<RawValue> = Deserialize::deserialize(input)?;
    Ok(Box::<str>::from(body).into_boxed_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_faults_of_an_object_are_of_one() {
        let fault = |id: Option<&str>, place: &str| {
            let (place, rule, reason) = (place.into(), "rule".into(), String::new());
            Fault { refused: true, id: id.map(str::to_owned), place, rule, reason }
        };
        let (a, b) = (Some("indicator--a"), Some("indicator--b"));
        let faults = [
            fault(a, "objects[0].pattern (line 1, column 9)"),
            fault(a, "objects[0].valid_from (line 1, column 80)"),
            fault(b, "objects[1]"),
            Fault { refused: false, ..fault(None, "objects[2].labels[3]") },
            fault(None, "line 7"),
            fault(None, "line 8"),
        ];
        assert_eq!(refused_objects(&faults), 4);
        assert_eq!(refused_objects(&[fault(a, "pattern"), fault(a, "created")]), 1);
        assert_eq!(refused_objects(&[]), 0);
    }
}
