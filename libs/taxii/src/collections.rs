//! The list of collections: §5.1, resource §5.1.1.

use serde::{Deserialize, Serialize};

use crate::collection::Collection;
use crate::endpoint::{Endpoint, Verb};

/// The request.
pub const GET: Endpoint = Endpoint { verb: Verb::Get, path: "/collections/", filters: &[] };

/// The collections that the caller may know of.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Collections {
    /// The collections; absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collections: Vec<Collection>,
}
