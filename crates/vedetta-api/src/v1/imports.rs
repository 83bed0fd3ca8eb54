//! The directory as files: imported dry-run first, all or nothing; exported.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use vedetta_directory::columns::{Format, Noun};
use vedetta_directory::export::export;
use vedetta_directory::plan::{Fault, Plan, Tally, plan};
use vedetta_flow::{FlowError, House};
use vedetta_model::{Account, Actor};

use super::Answer;
use crate::access::Cost;
use crate::api::{Api, raises};
use crate::extract::{Asked, Octets, Params};
use crate::gate::Caller;
use crate::problem::{Kind, Problem};

/// What is imported, and whether only to look.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct How {
    of: Option<Noun>,
    dry_run: bool,
}

/// What an import did, or would do.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    applied: bool,
    #[serde(flatten)]
    tally: Tally,
    /// The first thousand.
    faults: Vec<Fault>,
    /// How many there are in all.
    fault_count: usize,
}

pub(super) async fn import(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(how): Asked<How>,
    body: Octets,
) -> Answer<Outcome> {
    let (format, noun) = read(&body, &how)?;
    let outcome = api
        .ask_at(Cost::Bulk, move |house| {
            let plan = plan(&body.bytes, format, noun, &house.standing().directory);
            let mut outcome = Outcome::of(&plan);
            if let Ok(changes) = plan.accept() {
                let records = changes.into_records();
                raises_nobody(house, &actor, &records.accounts)?;
                if how.dry_run {
                    house.check_records(&actor, &records)?;
                } else {
                    house.put_records(&actor, records)?;
                    outcome.applied = true;
                }
            }
            Ok::<_, FlowError>(outcome)
        })
        .await?;
    if outcome.applied || how.dry_run {
        return Ok(Json(outcome));
    }
    let sentence = "nothing was imported; mend each of its faults, and bring it again";
    Err(Problem::new(Kind::Invalid, sentence).with(&outcome))
}

/// A file carries no password, which raising an account takes.
fn raises_nobody(house: &House, by: &Actor, accounts: &[Account]) -> Result<(), FlowError> {
    let raised = accounts.iter().find(|account| raises(house, account));
    let Some(raised) = raised else { return Ok(()) };
    if !house.proves_anew(by)? {
        return Ok(());
    }
    let reason = "a file gives no account a role that it lacks, nor opens or moves it; put it by itself \
        with own_password, or import at the node's machine";
    Err(FlowError::invalid(format!("account {}", raised.id), reason))
}

pub(super) async fn directory(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Result<Response, Problem> {
    let file: String = params.get("file")?;
    let unknown = || {
        let sentence = "there is no such export; ask for directory.json, or organisations, \
            assets, contacts or accounts with .csv or .json";
        Problem::new(Kind::Unknown, sentence).at("file")
    };
    let asked = file.clone();
    let (name, extension) = file.rsplit_once('.').ok_or_else(unknown)?;
    let noun = match name {
        "directory" => Noun::Everything,
        name => Noun::SINGLE.into_iter().find(|noun| noun.name() == name).ok_or_else(unknown)?,
    };
    let (format, media) = match extension {
        "json" => (Format::Json, "application/json"),
        "csv" => (Format::Csv, "text/csv; charset=utf-8"),
        _ => return Err(unknown()),
    };
    let bytes = api
        .ask_at(Cost::Bulk, move |house| {
            let made = export(&house.standing().directory, format, noun);
            if made.is_ok() {
                house.note_export(&actor, &asked)?;
            }
            Ok(made)
        })
        .await?
        .map_err(|error| Problem::new(Kind::Invalid, error.to_string()).at("file"))?;
    Ok(([(CONTENT_TYPE, media)], bytes).into_response())
}

fn read(body: &Octets, how: &How) -> Result<(Format, Noun), Problem> {
    match (body.media.as_deref(), how.of) {
        (Some("application/json"), noun) => Ok((Format::Json, noun.unwrap_or(Noun::Everything))),
        (Some("text/csv"), Some(noun)) if noun != Noun::Everything => Ok((Format::Csv, noun)),
        (Some("text/csv"), _) => {
            let sentence = "a CSV file holds one noun; say which with ?of=organisations, assets, \
                contacts or accounts";
            Err(Problem::new(Kind::NotUnderstood, sentence).at("of"))
        }
        (found, _) => {
            let found = found.unwrap_or("of no media type");
            let sentence = format!("the body is {found}; send application/json or text/csv");
            Err(Problem::new(Kind::UnsupportedMedia, sentence).at("Content-Type"))
        }
    }
}

impl Outcome {
    fn of(plan: &Plan) -> Self {
        let faults = plan.faults();
        Self {
            applied: false,
            tally: plan.tally(),
            faults: faults.first().to_vec(),
            fault_count: faults.len(),
        }
    }
}
