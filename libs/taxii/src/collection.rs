//! One collection: §5.2, resource §5.2.1.

use serde::{Deserialize, Serialize};

use crate::endpoint::{Endpoint, Verb};

/// The request.
pub const GET: Endpoint =
    Endpoint { verb: Verb::Get, path: "/collections/{collection}/", filters: &[] };

/// A collection, as the caller may use it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Collection {
    /// Its identifier, a UUID.
    pub id: String,
    /// Its name.
    pub title: String,
    /// What it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A readable name that may be used in place of the identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Whether the caller may read it.
    pub can_read: bool,
    /// Whether the caller may add to it and delete from it.
    pub can_write: bool,
    /// Media types of the objects in it; STIX 2.1 when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media_types: Vec<String>,
}
