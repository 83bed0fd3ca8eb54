//! One object of a collection: §5.6 (read), §5.7 (delete). The answer is an
//! [`Envelope`](crate::objects::Envelope) with the versions asked for; the answer to a deletion
//! is empty.

use crate::endpoint::{Endpoint, Filter, Verb};

/// The request to read it.
pub const GET: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/collections/{collection}/objects/{object}/",
    filters: &[
        Filter::AddedAfter,
        Filter::Limit,
        Filter::Next,
        Filter::Version,
        Filter::SpecVersion,
    ],
};

/// The request to delete it.
pub const DELETE: Endpoint = Endpoint {
    verb: Verb::Delete,
    path: "/collections/{collection}/objects/{object}/",
    filters: &[Filter::Version, Filter::SpecVersion],
};
