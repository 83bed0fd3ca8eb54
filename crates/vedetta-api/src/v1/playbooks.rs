//! Playbooks, and the runs in which they are followed.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vedetta_flow::Sequence;
use vedetta_model::Language;
use vedetta_watch::{
    AdviceRow, CallableHost, NewAdvice, NewRun, PlaybookEdit, PlaybookRow, PlaybookStep,
    PlaybookView, RunRow, RunStep, RunView,
};

use super::Answer;
use crate::access::Cost;
use crate::api::Api;
use crate::extract::{Asked, Given, Octets, Params};
use crate::gate::Caller;

/// Playbooks.
#[derive(Debug, Serialize)]
pub(super) struct Playbooks {
    playbooks: Vec<PlaybookRow>,
}

/// Runs of a case.
#[derive(Debug, Serialize)]
pub(super) struct Runs {
    runs: Vec<RunRow>,
}

/// The library of recommendations.
#[derive(Debug, Serialize)]
pub(super) struct Library {
    recommendations: Vec<AdviceRow>,
}

/// The hosts that playbooks may call.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HostList {
    hosts: Vec<CallableHost>,
}

/// In which language.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct In {
    language: Option<Language>,
}

/// A request to be made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    version: Sequence,
    node: u32,
    command: usize,
}

pub(super) async fn list(State(api): State<Api>, Caller(actor): Caller) -> Answer<Playbooks> {
    let playbooks = api.ask_watch(Cost::Light, move |watch| watch.playbooks(&actor)).await?;
    Ok(Json(Playbooks { playbooks }))
}

pub(super) async fn import(
    State(api): State<Api>,
    Caller(actor): Caller,
    body: Octets,
) -> Answer<PlaybookView> {
    let view =
        api.ask_watch(Cost::Bulk, move |watch| watch.import_playbook(&actor, &body.bytes)).await?;
    Ok(Json(view))
}

pub(super) async fn get(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Asked(asked): Asked<In>,
) -> Answer<PlaybookView> {
    let id: String = params.get("playbook")?;
    let language = asked.language.unwrap_or(actor.language);
    let view = api.ask_watch(Cost::Light, move |watch| watch.playbook_in(&actor, &id, language));
    Ok(Json(view.await?))
}

pub(super) async fn export(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<Value> {
    let id: String = params.get("playbook")?;
    Ok(Json(api.ask_watch(Cost::Light, move |watch| watch.export_playbook(&actor, &id)).await?))
}

pub(super) async fn write(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(edit): Given<PlaybookEdit>,
) -> Answer<PlaybookView> {
    let id: String = params.get("playbook")?;
    let view = api.ask_watch(Cost::Bulk, move |watch| watch.write_playbook(&actor, &id, edit));
    Ok(Json(view.await?))
}

pub(super) async fn step(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(step): Given<PlaybookStep>,
) -> Answer<PlaybookView> {
    let id: String = params.get("playbook")?;
    let view = api.ask_watch(Cost::Light, move |watch| watch.step_playbook(&actor, &id, step));
    Ok(Json(view.await?))
}

pub(super) async fn hosts(State(api): State<Api>, Caller(actor): Caller) -> Answer<HostList> {
    let hosts = api.ask_watch(Cost::Light, move |watch| watch.callable_hosts(&actor)).await?;
    Ok(Json(HostList { hosts }))
}

pub(super) async fn allow(
    State(api): State<Api>,
    Caller(actor): Caller,
    Given(list): Given<HostList>,
) -> Answer<HostList> {
    let hosts =
        api.ask_watch(Cost::Light, move |watch| watch.allow_hosts(&actor, list.hosts)).await?;
    Ok(Json(HostList { hosts }))
}

pub(super) async fn library(State(api): State<Api>, Caller(actor): Caller) -> Answer<Library> {
    let recommendations = api.ask_watch(Cost::Light, move |watch| watch.library(&actor)).await?;
    Ok(Json(Library { recommendations }))
}

pub(super) async fn put_advice(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(new): Given<NewAdvice>,
) -> Answer<Library> {
    let id: String = params.get("recommendation")?;
    let kept = api.ask_watch(Cost::Light, move |watch| watch.put_advice(&actor, &id, new));
    Ok(Json(Library { recommendations: kept.await? }))
}

pub(super) async fn runs(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<Runs> {
    let number: String = params.get("number")?;
    let runs = api.ask_watch(Cost::Light, move |watch| watch.runs(&actor, &number)).await?;
    Ok(Json(Runs { runs }))
}

pub(super) async fn begin(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(new): Given<NewRun>,
) -> Answer<RunView> {
    let number: String = params.get("number")?;
    let view = api.ask_watch(Cost::Light, move |watch| watch.begin_run(&actor, &number, new));
    Ok(Json(view.await?))
}

pub(super) async fn run(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Answer<RunView> {
    let (number, run): (String, u32) = (params.get("number")?, params.get("run")?);
    Ok(Json(api.ask_watch(Cost::Light, move |watch| watch.run(&actor, &number, run)).await?))
}

pub(super) async fn act(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(step): Given<RunStep>,
) -> Answer<RunView> {
    let (number, run): (String, u32) = (params.get("number")?, params.get("run")?);
    let view =
        api.ask_watch(Cost::Light, move |watch| watch.act_in_run(&actor, &number, run, step));
    Ok(Json(view.await?))
}

pub(super) async fn request(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(asked): Given<Request>,
) -> Answer<RunView> {
    let (number, run): (String, u32) = (params.get("number")?, params.get("run")?);
    let which = (asked.node, asked.command);
    Ok(Json(crate::requests::request(&api, actor, (number, run), asked.version, which).await?))
}
