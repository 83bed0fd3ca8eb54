//! Lists of what is harmless, in MISP's format.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use vedetta_flow::actions::keep_warning_lists::KeptList;
use vedetta_indicator::WarningList;

use super::Answer;
use crate::api::Api;
use crate::extract::{Octets, Params};
use crate::gate::Caller;
use crate::problem::{Kind, Problem};

/// The lists that are kept.
#[derive(Debug, Serialize)]
pub(super) struct Lists {
    lists: Vec<Line>,
}

/// One list, and what of it cannot be used.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    id: String,
    name: String,
    version: u64,
    entries: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<LeftOut>,
}

/// One entry that cannot be used.
#[derive(Debug, Serialize)]
struct LeftOut {
    place: usize,
    entry: String,
    why: &'static str,
}

pub(super) async fn list(State(api): State<Api>) -> Answer<Lists> {
    let kept = api.ask(|house| house.warning_lists()).await?;
    Ok(Json(Lists { lists: kept.iter().filter_map(|kept| read(kept).ok()).collect() }))
}

pub(super) async fn put(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    body: Octets,
) -> Answer<Line> {
    let kept = KeptList { id: params.get("list")?, text: body.bytes.to_vec() };
    let line = read(&kept)?;
    api.ask(move |house| house.put_warning_list(&actor, kept)).await?;
    forget(&api);
    Ok(Json(line))
}

pub(super) async fn remove(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Result<StatusCode, Problem> {
    let id: String = params.get("list")?;
    api.ask(move |house| house.remove_warning_list(&actor, &id)).await?;
    forget(&api);
    Ok(StatusCode::NO_CONTENT)
}

/// Whoever has compiled the lists reads them again.
fn forget(api: &Api) {
    api.feeds().forget_lists();
    api.sensors().forget_lists();
}

fn read(kept: &KeptList) -> Result<Line, Problem> {
    let (list, problems) = WarningList::parse(&kept.text)
        .map_err(|error| Problem::new(Kind::Invalid, error.to_string()).at(&kept.id))?;
    let left_out = problems.into_iter();
    let left_out = left_out.map(|it| LeftOut { place: it.place, entry: it.entry, why: it.why });
    let (id, entries) = (kept.id.clone(), list.len());
    Ok(Line { id, name: list.name, version: list.version, entries, left_out: left_out.collect() })
}
