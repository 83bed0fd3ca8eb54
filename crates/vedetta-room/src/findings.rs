//! What sensors found lately, and what people judge of it.

use std::collections::{BTreeSet, HashMap};

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use vedetta_api::{Problem, problem::Kind};
use vedetta_frame::console::Console;
use vedetta_frame::export::Table;
use vedetta_frame::fields::{Choice, code};
use vedetta_frame::forms::{Done, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::organisation::name;
use vedetta_frame::refused::{refusal_status, told_on_form, whole};
use vedetta_frame::said::Said;
use vedetta_frame::shown::{Moment, seen};
use vedetta_frame::visit::Signed;
use vedetta_model::{ItemId, Role};
use vedetta_outpost::alerts::{AlertWish, MOST, Severity};
use vedetta_outpost::judge::{Judgement, Reach, Verdict};
use vedetta_outpost::{Alert, SeenBy};
use vedetta_words::Words;

use super::duty::person;

/// One finding.
struct Finding {
    sighting: String,
    title: String,
    severity: &'static str,
    look: &'static str,
    sure: String,
    times: String,
    entity: String,
    techniques: String,
    organisation: Option<(String, String)>,
    /// By how many the same was seen, when it was by others, too.
    seen: Option<String>,
    first: Moment,
    last: Moment,
    /// The verdict and how it looks, why, who said so, until when.
    judged: Option<(&'static str, &'static str, String, String, String)>,
    may_judge: bool,
    /// What was typed into its form, when it was refused.
    typed: Option<Sent>,
}

/// Which are looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    severity: String,
}

#[derive(Template)]
#[template(path = "findings.html")]
struct Findings {
    frame: Frame,
    fault: Option<String>,
    severities: Vec<Choice>,
    findings: Vec<Finding>,
}

/// Findings on a page.
const LISTED: usize = 100;
const SEVERITIES: [Severity; 5] =
    [Severity::Informational, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    if let Some(form) = signed.visit.exported() {
        let found = read(&console, &signed, asked.least(), MOST).await?;
        return table(&found).answer((&console, &signed), form).await;
    }
    page(&Findings::read(&console, &signed, &asked).await?)
}

/// Says what one is: its like is not told again for a while, or it is confirmed.
pub(super) async fn judge(
    State(console): State<Console>,
    signed: Signed,
    Path(sighting): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let (w, actor, outposts) = (signed.words(), signed.actor(), console.api().sensors());
    let id = ItemId::new(&sighting);
    let judgement = Judgement {
        verdict: match sent.text("verdict") {
            "confirmed" => Verdict::Confirmed,
            _ => Verdict::Harmless,
        },
        reason: sent.text("reason").to_owned(),
        reach: match sent.text("reach") {
            "organisation" => Reach::Organisation,
            _ => Reach::Entity,
        },
        days: sent.text("days").parse().unwrap_or(0),
    };
    let act = async {
        let id = id.map_err(|error| Problem::new(Kind::Unknown, error.to_string()))?;
        console.ask(move |_| outposts.judge(&actor, &id, judgement)).await?;
        Ok::<_, Problem>(Done::to("/findings").said(Said::Judged))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if told_on_form(&problem) => {
            let mut told = Findings::read(&console, &signed, &Asked::default()).await?;
            told.fault = Some(whole(w, &problem));
            if let Some(it) = told.findings.iter_mut().find(|it| it.sighting == sighting) {
                it.typed = Some(sent);
            }
            page_with(refusal_status(problem.kind), &told)
        }
        Err(problem) => Err(problem),
    }
}

async fn read(
    console: &Console,
    signed: &Signed,
    least: Severity,
    limit: usize,
) -> Result<Vec<Alert>, Problem> {
    let (actor, outposts) = (signed.actor(), console.api().sensors());
    console.ask(move |_| outposts.alerts_to_judge(&actor, &AlertWish { least, limit })).await
}

fn table(found: &[Alert]) -> Table {
    let columns =
        ["sighting", "title", "severity", "confidence", "entity", "count", "last", "organisation"];
    let mut table = Table::new("findings", &columns);
    for it in found {
        table.row([
            it.sighting.to_string(),
            it.title.clone(),
            code(it.severity),
            it.confidence.to_string(),
            it.entity.clone(),
            it.count.to_string(),
            it.last.to_string(),
            it.organisation.as_ref().map_or_else(String::new, ToString::to_string),
        ]);
    }
    table
}

/// How grave, and how that looks.
const fn severity(w: Words, severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Informational => (w.severity_informational(), "badge-quiet"),
        Severity::Low => (w.severity_low(), "badge-quiet"),
        Severity::Medium => (w.severity_medium(), "badge-warn"),
        Severity::High => (w.severity_high(), "badge-bad"),
        Severity::Critical => (w.severity_critical(), "badge-bad"),
    }
}

impl Asked {
    fn least(&self) -> Severity {
        let known = SEVERITIES.into_iter().find(|it| code(*it) == self.severity);
        known.unwrap_or(Severity::Informational)
    }
}

impl Findings {
    async fn read(console: &Console, signed: &Signed, asked: &Asked) -> Result<Self, Problem> {
        let w = signed.words();
        let found = read(console, signed, asked.least(), LISTED).await?;
        let (actor, outposts) = (signed.actor(), console.api().sensors());
        let of: BTreeSet<ItemId> = found.iter().map(|it| it.sighting_of.clone()).collect();
        let seen = console.ask(move |_| outposts.seen_by_each(&actor, &of)).await?;
        let severities = SEVERITIES.map(|it| Choice {
            label: severity(w, it).0,
            chosen: it == asked.least(),
            value: code(it),
        });
        Ok(Self {
            frame: Frame::of(console, &signed.visit, w.findings_title(), Section::Findings).live(),
            fault: None,
            severities: severities.into(),
            findings: found.iter().map(|it| Finding::of(console, signed, (it, &seen))).collect(),
        })
    }
}

impl Finding {
    fn of(
        console: &Console,
        signed: &Signed,
        (it, seen_by): (&Alert, &HashMap<ItemId, SeenBy>),
    ) -> Self {
        let others = seen_by.get(&it.sighting_of).filter(|it| it.organisations > 1);
        let (w, standing) = (signed.words(), console.house().standing());
        let (severity, look) = severity(w, it.severity);
        let actor = &signed.person.actor;
        let own = it.organisation.as_ref() == Some(&actor.organisation);
        let room = [Role::DutyOfficer, Role::Analyst];
        Self {
            sighting: it.sighting.to_string(),
            title: it.title.clone(),
            severity,
            look,
            sure: w.finding_sure(it.confidence),
            times: w.finding_times(it.count),
            entity: it.entity.clone(),
            techniques: it.techniques.join(", "),
            organisation: it.organisation.as_ref().map(|id| (id.to_string(), name(&standing, id))),
            seen: others.map(|it| seen(w, (it.organisations, it.regions), it.since)),
            first: Moment::of(it.first, w),
            last: Moment::of(it.last, w),
            judged: it.judged.as_ref().map(|judged| {
                let (verdict, look) = match judged.verdict {
                    Verdict::Harmless => (w.finding_harmless(), "badge-good"),
                    Verdict::Confirmed => (w.finding_confirmed(), "badge-bad"),
                };
                let until = w.finding_judged_until(Moment::of(judged.until, w).text());
                (verdict, look, judged.reason.clone(), person(&standing, &judged.by), until)
            }),
            may_judge: signed.may_do("/findings/{sighting}")
                && it.organisation.is_some()
                && (own || console.house().is_of_the_room(actor, &room)),
            typed: None,
        }
    }

    /// What was typed of a field; else what it begins with.
    fn typed(&self, field: &str, otherwise: &str) -> String {
        let typed = self.typed.as_ref().map(|sent| sent.text(field).to_owned());
        typed.unwrap_or_else(|| otherwise.to_owned())
    }
}
