//! The node itself: is it alive, can it serve, what has it done, what does it speak.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde::Serialize;
use vedetta_flow::{House, last_day};
use vedetta_link::{Link, Links};
use vedetta_model::agreement::Stage;
use vedetta_model::{Actor, AgreementId, Instant, OrganisationId};
use vedetta_postroom::Postroom;
use vedetta_timeliness::{Kept, Pace, Quantiles, Timeliness};
use vedetta_watch::Watch;

use super::Answer;
use crate::access::Cost;
use crate::api::Api;
use crate::certificates::CertificateHealth;
use crate::gate::Caller;
use crate::openapi;
use crate::problem::{Kind, Problem};

/// Whether the node is well.
#[derive(Debug, Serialize)]
pub(super) struct Health {
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    certificates: Vec<CertificateHealth>,
    /// What is wrong with the mail desk's answers, if anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    mail: Option<&'static str>,
}

pub(super) async fn health(State(api): State<Api>) -> Json<Health> {
    let mail = api.mail_desk().and_then(|desk| trouble_of_answers(desk));
    Json(Health { status: "ok", certificates: api.settings().certificates.health(), mail })
}

/// Why is for the log: this is for anybody.
fn trouble_of_answers(desk: &Postroom) -> Option<&'static str> {
    if desk.unsigned().is_some() {
        return Some("answers wait: they cannot be signed");
    }
    desk.settings().is_unsigned().then_some("answers go out unsigned: set [mail.dkim]")
}

/// Ready when the ledger answers, and takes what is written.
pub(super) async fn ready(State(api): State<Api>) -> Answer<Health> {
    api.ask(|house| {
        house.writes_well()?;
        house.place_at(house.now())
    })
    .await?;
    Ok(Json(Health { status: "ok", certificates: Vec::new(), mail: None }))
}

pub(super) async fn authority(State(api): State<Api>) -> Result<Response, Problem> {
    let Some(certificate) = api.settings().authority.clone() else {
        let sentence = "this node has no authority of its own; trust whom its operator names";
        return Err(Problem::new(Kind::Unknown, sentence));
    };
    Ok(([(CONTENT_TYPE, "application/x-pem-file")], certificate).into_response())
}

/// Over how long the paces of agreements are measured.
const PERIOD: Duration = Duration::from_secs(30 * 86_400);

pub(super) async fn metrics(
    State(api): State<Api>,
    Caller(actor): Caller,
) -> Result<Response, Problem> {
    let paces = paces(&api, actor).await?;
    let given_up = api.ask(House::given_up).await?;
    let failing = api.settings().webhook_troubles.count();
    let missed = api.ask_watch(Cost::Light, Watch::missed_legal_clocks).await?;
    let mut text = String::new();
    api.metrics().write(&mut text);
    gauge(
        &mut text,
        "vedetta_ledger_entries",
        "Entries of the ledger.",
        api.house().bell().last().0,
    );
    gauge(
        &mut text,
        "vedetta_stream_followers",
        "Live streams open.",
        api.hub().followers() as u64,
    );
    gauge(
        &mut text,
        "vedetta_deliveries_waiting_bytes",
        "Memory of deliveries that wait to be recorded.",
        api.recorder().waiting(&api) as u64,
    );
    write_writes(&mut text, api.house());
    write_brought(&mut text, &api.brought_today());
    let unrecorded = api.recorder().unrecorded();
    let (name, help) =
        ("vedetta_deliveries_unrecorded_total", "Deliveries that the ledger refused for good.");
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {unrecorded}\n");
    write_certificates(&mut text, &api.settings().certificates.figures());
    let unsigned = api.mail_desk().is_some_and(|desk| desk.unsigned().is_some());
    let help = "Whether answers of the mail desk wait because they cannot be signed.";
    gauge(&mut text, "vedetta_mail_answers_unsigned", help, u64::from(unsigned));
    write_agreements(&mut text, api.house());
    write_trouble(&mut text, &[failing, given_up, missed]);
    write_paces(&mut text, &paces);
    write_links(&mut text, &api.links().map(Links::all).unwrap_or_default());
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}

/// The paces of agreements, measured at most once a minute.
async fn paces(api: &Api, actor: Actor) -> Result<Arc<[Pace]>, Problem> {
    let now = api.house().now();
    if let Some(paces) = api.metrics().paces(now) {
        return Ok(paces);
    }
    let measuring = move |house: &House| {
        let after = house.place_at(house.now().before(PERIOD))?;
        Timeliness::of(house).pace(&actor, after)
    };
    let paces: Arc<[Pace]> = api.ask_at(Cost::Bulk, measuring).await?.into();
    api.metrics().keep_paces(now, &paces);
    Ok(paces)
}

/// What somebody should look at: calls that fail, work given up, clocks missed.
fn write_trouble(text: &mut String, counts: &[usize; 3]) {
    let figures = [
        ("vedetta_webhooks_failing", "Webhooks whose last call failed."),
        ("vedetta_work_given_up", "Work that was given up, counted up to 1,000."),
        ("vedetta_legal_clocks_overdue", "Legal clocks of cases that were missed."),
    ];
    for ((name, help), count) in figures.into_iter().zip(counts) {
        gauge(text, name, help, *count as u64);
    }
}

/// How writing goes.
fn write_writes(text: &mut String, house: &House) {
    let writes = house.writes();
    let waited = writes.oldest.map_or(0, |oldest| house.now().since(oldest).as_secs());
    let (name, help) = ("vedetta_writes_waiting_seconds", "For how long the oldest write waits.");
    gauge(text, name, help, waited);
    let help = "Whether the ledger could not take the last write.";
    gauge(text, "vedetta_writes_failing", help, u64::from(writes.failing));
}

/// What organisations brought today.
fn write_brought(text: &mut String, brought: &[(OrganisationId, u64)]) {
    let name = "vedetta_brought_bytes_today";
    let help = "Octets of items that an organisation brought since midnight UTC.";
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
    for (organisation, octets) in brought {
        let _ = writeln!(text, "{name}{{organisation=\"{organisation}\"}} {octets}");
    }
}

/// When certificates end, and which of them are not renewed as they should.
fn write_certificates(text: &mut String, certificates: &[(&str, i64, bool)]) {
    let name = "vedetta_certificate_ends_seconds";
    let _ =
        writeln!(text, "# HELP {name} When a certificate ends, since 1970.\n# TYPE {name} gauge");
    for (of, ends, _) in certificates {
        let _ = writeln!(text, "{name}{{for=\"{of}\"}} {ends}");
    }
    let name = "vedetta_certificate_trouble";
    let help = "Whether a certificate ends soon and is not renewed.";
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
    for (of, _, trouble) in certificates {
        let _ = writeln!(text, "{name}{{for=\"{of}\"}} {}", u8::from(*trouble));
    }
}

/// When agreements end: adhesions end with what they adhere to, or are in the list of those that end soon.
fn write_agreements(text: &mut String, house: &House) {
    let name = "vedetta_agreement_ends_seconds";
    let help = "When the term of an agreement ends, or renews itself, since 1970.";
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
    let (standing, today) = (house.standing(), house.now().day());
    for agreement in standing.agreements.iter().filter(|it| it.adhesion.is_none()) {
        if let Stage::InForce { .. } | Stage::Suspended { .. } = agreement.stage
            && let Ok(after) = last_day(&agreement.term, today).tomorrow()
        {
            let ends = Instant::start_of_day(after).micros() / 1_000_000;
            let _ = writeln!(text, "{name}{{agreement=\"{}\"}} {ends}", agreement.id);
        }
    }
}

fn gauge(text: &mut String, name: &str, help: &str, value: u64) {
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
}

/// A figure of every link: its name, what it is, its kind, and how it is read.
type Figure = (&'static str, &'static str, &'static str, fn(&Link) -> String);

const OF_LINKS: &[Figure] = &[
    ("up", "Whether the link is up.", "gauge", |link| u8::from(link.up).to_string()),
    ("links_total", "Links made.", "counter", |link| link.made.to_string()),
    ("lag_entries", "Entries that the peer has not confirmed.", "gauge", |link| {
        link.report.lag.to_string()
    }),
    ("behind_entries", "Entries of the peer's ledger not taken in here.", "gauge", |link| {
        link.report.behind.unwrap_or(0).to_string()
    }),
    ("over_quota", "Whether the peer must wait with more.", "gauge", |link| {
        u8::from(link.report.over_quota).to_string()
    }),
    ("clock_skew_seconds", "How far the peer's clock is ahead.", "gauge", |link| {
        (link.report.skew_ms.unwrap_or(0) as f64 / 1000.0).to_string()
    }),
    ("sent_total", "Envelopes sent.", "counter", |link| link.report.sent.to_string()),
    ("taken_total", "Envelopes taken in.", "counter", |link| link.report.taken.to_string()),
    (
        "too_far_total",
        "Envelopes not passed on after 256 nodes, or larger than a frame.",
        "counter",
        |link| link.report.too_far.to_string(),
    ),
    ("refused_total", "Envelopes refused here.", "counter", |link| link.report.refused.to_string()),
    ("octets_in_total", "Octets of frames received.", "counter", |link| link.octets.0.to_string()),
    ("octets_out_total", "Octets of frames sent.", "counter", |link| link.octets.1.to_string()),
];

fn write_links(text: &mut String, links: &[Link]) {
    for (name, help, kind, figure) in OF_LINKS {
        let name = format!("vedetta_peer_{name}");
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        for link in links {
            let _ = writeln!(text, "{name}{{peer=\"{}\"}} {}", link.peer, figure(link));
        }
    }
}

fn write_paces(text: &mut String, paces: &[Pace]) {
    let shares = paces.iter().map(|pace| (&pace.agreement, pace.share));
    summary(text, ("vedetta_time_to_share_seconds", "From accepted to received."), shares);
    let acknowledged = paces.iter().map(|pace| (&pace.agreement, pace.acknowledge));
    let name = ("vedetta_time_to_acknowledge_seconds", "From received to acknowledged.");
    summary(text, name, acknowledged);
    let name = "vedetta_acknowledgements";
    let help = "Of what the duty of an agreement asks for: in time, late, open, overdue.";
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
    for (agreement, duty) in paces.iter().filter_map(|it| Some((&it.agreement, it.duty?))) {
        let Kept { within, late, open, overdue } = duty;
        let counts = [("within", within), ("late", late), ("open", open), ("overdue", overdue)];
        for (state, count) in counts {
            let _ = writeln!(text, "{name}{{agreement=\"{agreement}\",state=\"{state}\"}} {count}");
        }
    }
}

fn summary<'a>(
    text: &mut String,
    (name, help): (&str, &str),
    paces: impl Iterator<Item = (&'a AgreementId, Quantiles)>,
) {
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} summary\n");
    for (agreement, of) in paces {
        // Of nothing there is no quantile: 0 would be the best.
        let quantiles = [("0.5", of.p50_ms), ("0.95", of.p95_ms), ("0.99", of.p99_ms)];
        for (quantile, millis) in quantiles.into_iter().filter(|_| of.count > 0) {
            let (seconds, rest) = (millis / 1000, millis % 1000);
            let labels = format!("agreement=\"{agreement}\",quantile=\"{quantile}\"");
            let _ = writeln!(text, "{name}{{{labels}}} {seconds}.{rest:03}");
        }
        let _ = writeln!(text, "{name}_count{{agreement=\"{agreement}\"}} {}", of.count);
    }
}

pub(super) async fn openapi(State(api): State<Api>) -> Response {
    let document = openapi::document(&api.settings().title);
    ([(CACHE_CONTROL, "max-age=300")], Json(document)).into_response()
}
