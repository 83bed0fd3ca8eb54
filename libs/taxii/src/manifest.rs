//! Object manifests: §5.3, resource with its records §5.3.1.

use serde::{Deserialize, Serialize};

use crate::endpoint::{Endpoint, Filter, Verb};
use crate::timestamp::Timestamp;

/// The request.
pub const GET: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/collections/{collection}/manifest/",
    filters: &Filter::ALL,
};

/// A page of what a collection holds, without the objects.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Manifest {
    /// Whether more follows: ask again with `next`, or with `added_after` set to the
    /// `X-TAXII-Date-Added-Last` header.
    #[serde(default)]
    pub more: bool,
    /// Where to go on; beyond the standard, which knows it for envelopes only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The records, in order of addition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<ManifestRecord>,
}

/// One version of one object.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ManifestRecord {
    /// The object.
    pub id: String,
    /// When it was added to the collection.
    pub date_added: Timestamp,
    /// Its version: `modified`, or `created`, or `date_added` for an object with neither.
    pub version: Timestamp,
    /// Its media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
}
