//! API root information: §4.2, resource §4.2.1.

use serde::{Deserialize, Serialize};

use crate::endpoint::{Endpoint, Verb};

/// The request.
pub const GET: Endpoint = Endpoint { verb: Verb::Get, path: "/", filters: &[] };

/// What an API root says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ApiRoot {
    /// Its name.
    pub title: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The media types of the TAXII versions that it speaks.
    pub versions: Vec<String>,
    /// The largest request body, in octets.
    pub max_content_length: u64,
}
