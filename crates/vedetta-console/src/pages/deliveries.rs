//! How fast the network works: from accepted to received to acknowledged, agreement by agreement; and
//! the work that was given up.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use vedetta_api::Problem;
use vedetta_api::access::Cost;
use vedetta_api::problem::Kind;
use vedetta_flow::JobId;
use vedetta_frame::console::Console;
use vedetta_frame::forms::Done;
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::said::Said;
use vedetta_frame::shown::{Moment, decimal, short};
use vedetta_frame::visit::Signed;
use vedetta_model::Role;
use vedetta_timeliness::{Quantiles, Timeliness};
use vedetta_words::Words;

/// How fast one agreement works.
struct Pace {
    agreement: String,
    title: String,
    reached: String,
    share: [String; 2],
    acknowledged: String,
    acknowledge: [String; 2],
}

/// Work that was given up.
struct Dead {
    id: String,
    step: String,
    attempts: u32,
    error: String,
    due: Moment,
}

#[derive(Template)]
#[template(path = "deliveries.html")]
struct Deliveries {
    frame: Frame,
    paces: Vec<Pace>,
    dead: Option<Vec<Dead>>,
}

/// Over how long.
const PERIOD: Duration = Duration::from_secs(30 * 86_400);

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let works = console.house().is_of_the_room(&actor, &[Role::DutyOfficer, Role::Analyst]);
    let (paces, dead) = console
        .api()
        .ask_at(Cost::Bulk, move |house| {
            let after = house.place_at(house.now().before(PERIOD))?;
            let dead = if works { Some(house.dead_letters(&actor)?) } else { None };
            Ok((Timeliness::of(house).pace(&actor, after)?, dead))
        })
        .await?;
    let standing = console.house().standing();
    let paces = paces.into_iter().map(|pace| Pace {
        title: standing
            .network
            .agreement(&pace.agreement)
            .map_or_else(|| pace.agreement.to_string(), |it| it.title.clone()),
        agreement: pace.agreement.to_string(),
        reached: w.number(pace.share.count),
        share: times(w, &pace.share),
        acknowledged: w.number(pace.acknowledge.count),
        acknowledge: times(w, &pace.acknowledge),
    });
    let dead = dead.map(|jobs| {
        let jobs = jobs.into_iter().map(|job| Dead {
            id: job.id.0.to_string(),
            step: job.step,
            attempts: job.attempts,
            error: short(job.last_error.as_deref().unwrap_or("—"), 200),
            due: Moment::of(job.due, w),
        });
        jobs.collect()
    });
    let frame = Frame::of(&console, &signed.visit, w.deliveries_title(), Section::Deliveries);
    page(&Deliveries { frame, paces: paces.collect(), dead })
}

pub(super) async fn retry(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let unknown = || {
        let italian = "questo lavoro non c'è più: carica di nuovo la pagina";
        Problem::new(Kind::Unknown, "there is no such work; load the page again")
            .in_italian(Some(italian))
    };
    let (actor, id) = (signed.actor(), id.parse().map(JobId).map_err(|_| unknown())?);
    console.ask(move |house| house.retry_work(&actor, id)).await?;
    Ok(Done::to("/deliveries").said(Said::Retried).into_response())
}

/// Half were this fast, and 95 of 100.
pub(super) fn times(w: Words, quantiles: &Quantiles) -> [String; 2] {
    [quantiles.p50_ms, quantiles.p95_ms].map(|millis| match (quantiles.count, millis) {
        (0, _) => "—".to_owned(),
        (_, 0) => "< 1 ms".to_owned(),
        (_, ..1_000) => format!("{millis} ms"),
        (_, ..120_000) => {
            format!("{} s", decimal(Duration::from_millis(millis).as_secs_f64(), 1, w))
        }
        _ => w.ago(Duration::from_millis(millis)),
    })
}
