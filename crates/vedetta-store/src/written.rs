//! How each verb is written in the ledger: the facts and bodies of the entries that backends make.
//!
//! The ledger alone is the truth: items, clearances, records, numbers, deliveries and
//! acknowledgements can be rebuilt from it, and [`crate::verify`] checks that the state agrees.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vedetta_model::{Audience, Handling, Instant, OrganisationNumber, Places};

use crate::chain::Digest;
use crate::delivery::{DeliveryBatch, Door};
use crate::entry::{Sequence, Stamp};
use crate::item::{ClearanceId, Form, ItemState, NewClearance, StoredClearance};
use crate::record::RecordKind;

/// The actor of entries that no one in particular caused.
pub use vedetta_model::part::LEDGER;

/// The facts of an entry of kind `Item`: what the release depends on, then the producer's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ItemFacts<'a> {
    /// The version.
    pub version: Instant,
    /// Who brought it.
    pub producer: OrganisationNumber,
    /// The clearance of the first release.
    pub clearance: ClearanceId,
    /// Whether it revokes.
    pub state: ItemState,
    /// Provenance and handling, as JSON.
    pub facts: &'a str,
}

/// The facts of an entry of kind `Rerelease`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RereleaseFacts {
    /// The entry with the body.
    pub origin: Sequence,
    /// The clearance of this release.
    pub clearance: ClearanceId,
}

/// The facts of an entry of kind `SetAside`; the subject is the item.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SetAsideFacts {
    /// The entry with the body of the version.
    pub origin: Sequence,
    /// To what it gave way.
    pub reason: String,
}

/// The facts of an entry of kind `Withdrawn`; the subject is the item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WithdrawnFacts<'a> {
    /// Whose. Earlier entries do not say it: they are of everybody's who had brought it by then.
    pub producer: Option<OrganisationNumber>,
    /// Why, as JSON.
    pub facts: &'a str,
}

/// The facts of an entry of kind `Put` or `Removed`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RecordFacts {
    /// The kind of the record; the subject is its identifier.
    pub record: RecordKind,
}

/// The facts of an entry of kind `Clearance`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClearanceFacts {
    /// Its number.
    pub clearance: ClearanceId,
}

/// The facts of an entry of kind `Numbered`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NumberFacts {
    /// The number; the subject is the organisation.
    pub number: OrganisationNumber,
}

#[derive(Serialize, Deserialize)]
struct ClearanceBody {
    handling: Handling,
    form: Form,
    audience: String,
    grounds: String,
}

#[derive(Serialize, Deserialize)]
struct BatchBody {
    /// Earlier entries name one release.
    #[serde(alias = "release")]
    releases: Places,
    door: Door,
    at: Instant,
    audience: String,
}

impl<'a> ItemFacts<'a> {
    /// As JSON, always in the same order, so that the producer's part reads back byte for byte.
    #[must_use]
    pub fn write(&self) -> String {
        let Self { version, producer, clearance, state, facts } = self;
        let state = match state {
            ItemState::Live => "live",
            ItemState::Revoked => "revoked",
        };
        format!(
            r#"{{"version":{},"producer":{},"clearance":{},"state":"{state}","facts":{facts}}}"#,
            version.micros(),
            producer.0,
            clearance.0
        )
    }

    /// Reads what [`ItemFacts::write`] wrote.
    #[must_use]
    pub fn read(text: &'a str) -> Option<Self> {
        let (version, rest) = text.strip_prefix(r#"{"version":"#)?.split_once(',')?;
        let (producer, rest) = rest.strip_prefix(r#""producer":"#)?.split_once(',')?;
        let (clearance, rest) = rest.strip_prefix(r#""clearance":"#)?.split_once(',')?;
        let (state, rest) = rest.strip_prefix(r#""state":""#)?.split_once('"')?;
        let facts = rest.strip_prefix(r#","facts":"#)?.strip_suffix('}')?;
        let state = match state {
            "live" => ItemState::Live,
            "revoked" => ItemState::Revoked,
            _ => return None,
        };
        let version = Instant::from_micros(version.parse().ok()?);
        let producer = OrganisationNumber(producer.parse().ok()?);
        let clearance = ClearanceId(clearance.parse().ok()?);
        Some(Self { version, producer, clearance, state, facts })
    }
}

impl<'a> WithdrawnFacts<'a> {
    /// As JSON; without a producer nothing but the facts.
    #[must_use]
    pub fn write(&self) -> String {
        let Self { producer, facts } = self;
        match producer {
            None => (*facts).to_owned(),
            Some(producer) => format!(r#"{{"producer":{},"facts":{facts}}}"#, producer.0),
        }
    }

    /// Reads what [`WithdrawnFacts::write`] wrote.
    #[must_use]
    pub fn read(text: &'a str) -> Self {
        let own = |text: &'a str| {
            let (producer, rest) = text.strip_prefix(r#"{"producer":"#)?.split_once(',')?;
            let facts = rest.strip_prefix(r#""facts":"#)?.strip_suffix('}')?;
            let producer = OrganisationNumber(producer.parse().ok()?);
            Some(Self { producer: Some(producer), facts })
        };
        own(text).unwrap_or(Self { producer: None, facts: text })
    }
}

/// Facts or a body as JSON.
#[must_use]
pub fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The body of an entry of kind `Clearance`.
#[must_use]
pub fn clearance_body(clearance: &NewClearance<'_>) -> String {
    json(&ClearanceBody {
        handling: clearance.handling.clone(),
        form: clearance.form,
        audience: hex(&clearance.audience.to_bytes()),
        grounds: clearance.grounds.to_owned(),
    })
}

/// What makes two clearances one: handling, form and audience.
#[must_use]
pub fn clearance_key(clearance: &NewClearance<'_>) -> Digest {
    let mut bytes = json(clearance.handling).into_bytes();
    bytes.push(0);
    bytes.push(clearance.form as u8);
    bytes.extend(clearance.audience.to_bytes());
    Digest::of(&bytes)
}

/// Reads what [`clearance_body`] wrote.
///
/// # Errors
/// What does not read back.
pub fn read_clearance(
    id: ClearanceId,
    stamp: Stamp,
    body: &[u8],
) -> Result<StoredClearance, String> {
    let body: ClearanceBody = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    Ok(StoredClearance {
        id,
        stamp,
        handling: Arc::new(body.handling),
        form: body.form,
        audience: Arc::new(read_audience(&body.audience)?),
        grounds: body.grounds,
    })
}

/// The body of an entry of kind `Delivered`.
#[must_use]
pub fn delivered_body(batches: &[&DeliveryBatch]) -> String {
    let batches: Vec<BatchBody> = batches
        .iter()
        .map(|batch| BatchBody {
            releases: batch.releases.clone(),
            door: batch.door,
            at: batch.at,
            audience: hex(&batch.audience.to_bytes()),
        })
        .collect();
    json(&batches)
}

/// Reads what [`delivered_body`] wrote.
///
/// # Errors
/// What does not read back.
pub fn read_delivered(body: &[u8]) -> Result<Vec<DeliveryBatch>, String> {
    let batches: Vec<BatchBody> = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    let read = |batch: BatchBody| {
        let audience = read_audience(&batch.audience)?;
        Ok(DeliveryBatch { releases: batch.releases, door: batch.door, at: batch.at, audience })
    };
    batches.into_iter().map(read).collect()
}

fn read_audience(text: &str) -> Result<Audience, String> {
    let bytes = unhex(text).ok_or("its audience is not hexadecimal")?;
    Audience::from_bytes(&bytes).map_err(|e| e.to_string())
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.map(|nibble| char::from(DIGITS[usize::from(nibble)])).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    if rest.is_empty() { bytes.collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_facts_read_back_byte_for_byte() {
        for facts in ["{}", r#"{"a":"\",\"facts\":{}}"}"#, "", "null"] {
            let written = ItemFacts {
                version: Instant::from_micros(-5),
                producer: OrganisationNumber(3),
                clearance: ClearanceId(7),
                state: ItemState::Revoked,
                facts,
            };
            assert_eq!(ItemFacts::read(&written.write()), Some(written));
        }
        for bad in
            ["", "{}", r#"{"version":1,"producer":1,"clearance":2,"state":"odd","facts":{}}"#]
        {
            assert_eq!(ItemFacts::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn withdrawals_read_back() {
        for facts in ["{}", r#"{"reason":"\",\"facts\":{}}"}"#, "null"] {
            for producer in [None, Some(OrganisationNumber(7))] {
                let written = WithdrawnFacts { producer, facts };
                assert_eq!(WithdrawnFacts::read(&written.write()), written);
            }
        }
    }

    #[test]
    fn deliveries_read_back() {
        let batch = DeliveryBatch {
            releases: [3, 4, 9].into_iter().collect(),
            door: Door::Webhook,
            at: Instant::from_micros(9),
            audience: [OrganisationNumber(1), OrganisationNumber(700)].into_iter().collect(),
        };
        let body = delivered_body(&[&batch]);
        assert!(read_delivered(body.replace("02", "0x").as_bytes()).is_err());
        let earlier = body.replace(r#""releases":"3 2 4 1""#, r#""release":3"#);
        let one = DeliveryBatch { releases: Places::between(3, 3), ..batch.clone() };
        assert_eq!(read_delivered(earlier.as_bytes()), Ok(vec![one]));
        assert_eq!(read_delivered(body.as_bytes()), Ok(vec![batch]));
    }
}
