//! Objects, manifests and versions; adding and withdrawing.

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, StatusCode};
use taxii::{DateAdded, Endpoint, Manifest, ManifestRecord, Query, VersionMatch, Versions};
use vedetta_flow::{FlowError, House, Sequence, Share, VersionFilter, Wish};
use vedetta_model::{Actor, Instant, ItemId};

use super::collections::Shelf;
use super::paging::{Page, Paging, timestamp, version};
use super::{message, octets};
use crate::api::Api;
use crate::extract::{Octets, Params};
use crate::gate::Caller;
use crate::problem::{Kind, Problem};

pub(super) async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let page = paging(&api, actor, &params, &taxii::objects::GET, query)?.page().await?;
    Ok(envelope(page))
}

pub(super) async fn get(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let page = paging(&api, actor, &params, &taxii::object::GET, query)?.page().await?;
    Ok(envelope(page))
}

pub(super) async fn manifest(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let page = paging(&api, actor, &params, &taxii::manifest::GET, query)?.page().await?;
    let record = |item: &vedetta_flow::ReadItem| ManifestRecord {
        id: item.id.to_string(),
        date_added: timestamp(item.stamp.at),
        version: version(item),
        media_type: Some(taxii::STIX.into()),
    };
    let objects = page.items.iter().map(record).collect();
    let manifest = Manifest { more: page.next.is_some(), next: page.next.clone(), objects };
    Ok(dated(message(StatusCode::OK, &manifest), page.added()))
}

pub(super) async fn versions(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let paging = paging(&api, actor, &params, &taxii::versions::GET, query)?;
    let page = paging.every_version().page().await?;
    let versions = page.items.iter().map(version).collect();
    let versions = Versions { more: page.next.is_some(), next: page.next.clone(), versions };
    Ok(dated(message(StatusCode::OK, &versions), page.added()))
}

pub(super) async fn add(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    headers: http::HeaderMap,
    body: Octets,
) -> Result<Response, Problem> {
    let media = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    taxii::content_type(media).map_err(|error| {
        Problem::new(Kind::UnsupportedMedia, error.to_string()).at("Content-Type")
    })?;
    Shelf::find(&params.get::<String>("collection")?)?.require_writable()?;
    api.count_brought(&actor, body.bytes.len())?;
    let status = api.statuses().submit(&api, actor, body.bytes).await?;
    Ok(message(StatusCode::ACCEPTED, &status))
}

pub(super) async fn withdraw(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Shelf::find(&params.get::<String>("collection")?)?.require_writable()?;
    let object: ItemId = params.get("object")?;
    let query = Query::parse(&taxii::object::DELETE, query.as_deref().unwrap_or_default())
        .map_err(|error| Problem::new(Kind::NotUnderstood, error.to_string()).at("query"))?;
    let refused = api.ask(move |house| {
        let matched = matched(house, &actor, &object, &query)?;
        if matched == Matched::All {
            house.withdraw(&actor, &object, "deleted over TAXII")?;
        }
        Ok(matched)
    });
    match refused.await? {
        Matched::All => Ok(StatusCode::OK.into_response()),
        Matched::None => {
            let sentence = "no version of the object is as the filter says; nothing was deleted";
            Err(Problem::new(Kind::Unknown, sentence).at("match"))
        }
        Matched::Some => {
            let sentence = "an object is withdrawn with all its versions, and this filter means some \
                of them; to correct it add a newer version, to take it back leave match[version] out \
                or say all, and add what is still so under another identifier";
            Err(Problem::new(Kind::Conflict, sentence).at("match[version]"))
        }
    }
}

/// How many of an object's versions a DELETE means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Matched {
    All,
    Some,
    None,
}

/// The versions that a filter means (TAXII 2.1, 5.7), of those that would be withdrawn: one's own,
/// if one brought any. Without `match[version]` all of them.
fn matched(
    house: &House,
    actor: &Actor,
    object: &ItemId,
    query: &Query,
) -> Result<Matched, FlowError> {
    let ids = vec![object.clone()];
    let wish =
        Wish { ids, share: Share::Cleared, ..Wish::all(Sequence::START, VersionFilter::All) };
    if !query.wants_spec_version("2.1") {
        return Ok(Matched::None);
    }
    if query.versions.is_empty() {
        return Ok(Matched::All);
    }
    let mut found = house.page(actor, &Wish { share: Share::Own, ..wish.clone() })?;
    if found.items.is_empty() {
        found = house.page(actor, &wish)?;
    }
    let versions: BTreeSet<_> = found.items.iter().map(|item| item.version).collect();
    let is_meant = |version: &&Instant| {
        query.versions.iter().any(|wanted| match wanted {
            VersionMatch::All => true,
            VersionMatch::First => versions.first() == Some(version),
            VersionMatch::Last => versions.last() == Some(version),
            VersionMatch::At(moment) => moment.micros() == version.micros(),
        })
    };
    Ok(match versions.iter().filter(is_meant).count() {
        0 => Matched::None,
        meant if meant == versions.len() => Matched::All,
        _ => Matched::Some,
    })
}

fn paging(
    api: &Api,
    actor: Actor,
    params: &Params,
    endpoint: &Endpoint,
    query: Option<String>,
) -> Result<Paging, Problem> {
    let shelf = Shelf::find(&params.get::<String>("collection")?)?;
    let object = endpoint.path.contains("{object}").then(|| params.get("object")).transpose()?;
    Paging::read(api, actor, (shelf, object), endpoint, query.as_deref())
}

fn envelope(page: Page) -> Response {
    let bodies = page.items.iter().map(|item| &*item.body);
    let body = taxii::objects::write(page.next.as_deref(), bodies);
    let response = dated(octets(StatusCode::OK, body), page.added());
    (page.carried.map(Extension), response).into_response()
}

fn dated(mut response: Response, added: Option<DateAdded>) -> Response {
    for (name, value) in added.map(DateAdded::headers).into_iter().flatten() {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}
