//! Incidents: lists, one, its timeline and files, and what is done with it.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use vedetta_flow::Sequence;
use vedetta_model::{AccountId, OrganisationId};
use vedetta_watch::desk::{Audience, CaseNumber, Category, StageName};
use vedetta_watch::{Alike, CasePage, CaseView, CaseWish, Counts, Edit, Moment, NewFile, Timeline};

use super::{Answer, page_limit, place};
use crate::access::Cost;
use crate::api::Api;
use crate::extract::{Asked, Given, Octets, Params};
use crate::gate::Caller;
use crate::problem::{Kind, Problem};

/// Which incidents.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    after: Option<String>,
    limit: Option<usize>,
    stage: Option<String>,
    text: Option<String>,
    organisation: Option<OrganisationId>,
    centre: Option<OrganisationId>,
    lead: Option<AccountId>,
    category: Option<u8>,
}

/// Which part of a timeline.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part {
    before: Option<String>,
    limit: Option<usize>,
}

/// A page of a timeline.
#[derive(Debug, Serialize)]
pub(super) struct TimelinePage {
    moments: Vec<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// What is taken back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Undo {
    version: Sequence,
}

/// What a file is.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    name: String,
    version: u64,
    #[serde(default)]
    audience: Audience,
}

/// What is alike.
#[derive(Debug, Serialize)]
pub(super) struct AlikeCases {
    alike: Vec<Alike>,
}

pub(super) async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(which): Asked<Which>,
) -> Answer<CasePage> {
    let wish = which.wish()?;
    Ok(Json(api.ask_watch(Cost::Light, move |watch| watch.cases(&actor, &wish)).await?))
}

pub(super) async fn get(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<CaseView> {
    let number: String = params.get("number")?;
    Ok(Json(api.ask_watch(Cost::Light, move |watch| watch.case(&actor, &number)).await?))
}

pub(super) async fn timeline(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Asked(part): Asked<Part>,
) -> Answer<TimelinePage> {
    let number: String = params.get("number")?;
    let (before, limit) = (place("before", part.before.as_deref())?, part.limit.unwrap_or(100));
    let page =
        api.ask_watch(Cost::Light, move |watch| watch.timeline(&actor, &number, before, limit));
    let Timeline { moments, next } = page.await?;
    Ok(Json(TimelinePage { moments, next: next.map(|it| it.to_string()) }))
}

pub(super) async fn alike(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<AlikeCases> {
    let number: String = params.get("number")?;
    let alike = api.ask_watch(Cost::Light, move |watch| watch.alike(&actor, &number)).await?;
    Ok(Json(AlikeCases { alike }))
}

pub(super) async fn change(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(edit): Given<Edit>,
) -> Answer<CaseView> {
    let number: String = params.get("number")?;
    let view =
        api.ask_watch(Cost::Light, move |watch| watch.change_case(&actor, &number, edit)).await?;
    Ok(Json(view))
}

pub(super) async fn undo(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(undo): Given<Undo>,
) -> Answer<CaseView> {
    let number: String = params.get("number")?;
    let view =
        api.ask_watch(Cost::Light, move |watch| watch.undo_case(&actor, &number, undo.version));
    Ok(Json(view.await?))
}

pub(super) async fn attach(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Asked(named): Asked<Named>,
    body: Octets,
) -> Answer<CaseView> {
    let number: String = params.get("number")?;
    let Named { name, version, audience } = named;
    let new = NewFile { version: Sequence(version), name, octets: body.bytes.to_vec(), audience };
    let view = api.ask_watch(Cost::Bulk, move |watch| watch.attach(&actor, &number, new)).await?;
    Ok(Json(view))
}

pub(super) async fn file(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Result<Response, Problem> {
    let (number, sha256): (String, String) = (params.get("number")?, params.get("sha256")?);
    let found =
        api.ask_watch(Cost::Bulk, move |watch| watch.file(&actor, &number, &sha256)).await?;
    let mut response = (StatusCode::OK, found.octets).into_response();
    let headers = response.headers_mut();
    // Somebody else's octets are saved, never shown in a page of this origin.
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    if let Ok(name) = HeaderValue::from_str(&saved_as(&found.file.name)) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

pub(super) async fn figures(State(api): State<Api>, Caller(actor): Caller) -> Answer<Counts> {
    Ok(Json(api.ask_watch(Cost::Light, move |watch| watch.counts(&actor)).await?))
}

impl Which {
    fn wish(self) -> Result<CaseWish, Problem> {
        let stages = self.stage.iter().flat_map(|list| list.split(','));
        let stages = stages.map(|name| {
            let known = StageName::ALL.into_iter().find(|stage| stage.as_str() == name.trim());
            known.ok_or_else(|| {
                let all = StageName::ALL.map(StageName::as_str).join(", ");
                let sentence = format!("{name:?} is no stage; write one of {all}");
                Problem::new(Kind::NotUnderstood, sentence).at("stage")
            })
        });
        let worst = self.category.map(Category::try_from).transpose();
        let after = self.after.map(|after| {
            let number = after.parse::<CaseNumber>();
            number
                .map(|_| after)
                .map_err(|error| Problem::new(Kind::NotUnderstood, error.to_string()).at("after"))
        });
        Ok(CaseWish {
            stages: stages.collect::<Result<_, _>>()?,
            text: self.text,
            organisation: self.organisation,
            centre: self.centre,
            lead: self.lead,
            worst: worst
                .map_err(|it| Problem::new(Kind::NotUnderstood, it.to_string()).at("category"))?,
            after: after.transpose()?,
            limit: page_limit(self.limit),
        })
    }
}

/// How a file is to be saved (RFC 6266, with the name as RFC 8187 writes it).
pub(super) fn saved_as(name: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_".contains(byte);
    let written = name.as_bytes().iter().map(|byte| match byte {
        byte if plain(byte) => char::from(*byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    format!("attachment; filename*=UTF-8''{}", written.collect::<String>())
}

/// The values with which incidents are classified, in both languages.
#[derive(Debug, Serialize)]
pub(super) struct Vocabulary {
    classes: Vec<Class>,
}

/// One value.
#[derive(Debug, Serialize)]
struct Class {
    value: &'static str,
    of: &'static str,
    it: &'static str,
    en: &'static str,
}

pub(super) async fn vocabulary() -> Json<Vocabulary> {
    let classes = vedetta_watch::desk::class::vocabulary();
    let classes = classes.map(|it| Class { value: it.value, of: it.of, it: it.it, en: it.en });
    Json(Vocabulary { classes: classes.collect() })
}
