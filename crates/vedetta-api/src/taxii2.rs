//! The TAXII 2.1 server: one API root with three collections, thin over the house.

mod collections;
mod objects;
mod paging;
mod status;

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Serialize;

pub(crate) use status::Statuses;

use crate::access::Verb::{Delete, Get, Post};
use crate::router::Registry;

/// Registers the endpoints.
pub(crate) fn routes(registry: Registry) -> Registry {
    registry
        .on(Get, "/taxii2/", collections::discovery)
        .on(Get, "/taxii2/root/", collections::api_root)
        .on(Get, "/taxii2/root/status/{status}/", status::get)
        .on(Get, "/taxii2/root/collections/", collections::list)
        .on(Get, "/taxii2/root/collections/{collection}/", collections::get)
        .on(Get, "/taxii2/root/collections/{collection}/manifest/", objects::manifest)
        .on(Get, "/taxii2/root/collections/{collection}/objects/", objects::list)
        .on(Post, "/taxii2/root/collections/{collection}/objects/", objects::add)
        .on(Get, "/taxii2/root/collections/{collection}/objects/{object}/", objects::get)
        .on(Delete, "/taxii2/root/collections/{collection}/objects/{object}/", objects::withdraw)
        .on(
            Get,
            "/taxii2/root/collections/{collection}/objects/{object}/versions/",
            objects::versions,
        )
}

/// A message with its media type.
fn message(status: StatusCode, message: &impl Serialize) -> Response {
    match serde_json::to_vec(message) {
        Ok(body) => octets(status, body),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn octets(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(CONTENT_TYPE, taxii::TAXII)], body).into_response()
}
