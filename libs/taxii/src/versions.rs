//! The versions of an object: §5.8, resource §5.8.1.

use serde::{Deserialize, Serialize};

use crate::endpoint::{Endpoint, Filter, Verb};
use crate::timestamp::Timestamp;

/// The request.
pub const GET: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/collections/{collection}/objects/{object}/versions/",
    filters: &[Filter::AddedAfter, Filter::Limit, Filter::Next, Filter::SpecVersion],
};

/// A page of versions.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Versions {
    /// Whether more follows.
    #[serde(default)]
    pub more: bool,
    /// Where to go on; beyond the standard, which knows it for envelopes only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The versions, in order of addition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<Timestamp>,
}
