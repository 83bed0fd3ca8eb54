//! Server discovery: §4.1, resource §4.1.1.

use serde::{Deserialize, Serialize};

use crate::endpoint::{Endpoint, Verb};

/// The request.
pub const GET: Endpoint = Endpoint { verb: Verb::Get, path: "/taxii2/", filters: &[] };

/// What a server says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Discovery {
    /// Its name.
    pub title: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whom to call about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The API root to use when the client has no other wish; one of `api_roots`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// URLs of the API roots, absolute or relative to the host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub api_roots: Vec<String>,
}
