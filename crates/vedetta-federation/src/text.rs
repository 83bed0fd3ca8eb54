//! The text of an agreement that travels: read once, and kept as its origin wrote it.

use std::fmt;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;
use vedetta_model::Agreement;

use crate::strict::read;

/// An agreement, with all that was written of it and nothing else: what is left out is signed as left
/// out, and what is written as usual as written.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    agreement: Agreement,
    written: Value,
}

impl From<Agreement> for Text {
    fn from(agreement: Agreement) -> Self {
        let written = serde_json::to_value(&agreement).unwrap_or_default();
        Self { agreement, written }
    }
}

impl Deref for Text {
    type Target = Agreement;

    fn deref(&self) -> &Agreement {
        &self.agreement
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.agreement.fmt(f)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        self.written.serialize(output)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(input)?;
        drop(read(text.get()).map_err(Error::custom)?);
        let agreement = serde_json::from_str(text.get()).map_err(Error::custom)?;
        let written = serde_json::from_str(text.get()).map_err(Error::custom)?;
        Ok(Self { agreement, written })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::envelope::SignedAgreement;

    #[test]
    fn it_is_signed_as_it_was_written() {
        let least = json!({ "id": "a", "title": "A", "party": [{ "name": "one" }],
            "term": { "from": "2026-01-01", "until": "2026-12-31" }, "systems": [] });
        let signed = json!({ "text": least, "revision": 3, "signatures": [] });
        let read: SignedAgreement = serde_json::from_str(&signed.to_string()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), signed);
        let rewritten =
            SignedAgreement { text: Agreement::clone(&read.text).into(), ..read.clone() };
        assert_eq!(*rewritten.text, *read.text);
        assert_ne!(rewritten.digest(), read.digest(), "it has what the other left out");
        let canonical = stix::canonical(&json!({ "revision": 3, "text": least }));
        assert_eq!(read.digest(), crate::digest::digest(&[&[2], canonical.as_bytes()]));
        for wrong in [r#"{"id":"a","title":"A","title":"B"}"#, r#"{"id":"a","other":1}"#, "7"] {
            assert!(serde_json::from_str::<Text>(wrong).is_err(), "{wrong}");
        }
    }
}
