//! Waves of messages: what they share, and whether they become items.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use vedetta_api::{Problem, problem::Kind};
use vedetta_frame::console::Console;
use vedetta_frame::export::Table;
use vedetta_frame::fields::Choice;
use vedetta_frame::forms::{Done, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::organisation::name;
use vedetta_frame::refused::{refusal_status, told_on_form, whole};
use vedetta_frame::said::Said;
use vedetta_frame::shown::Moment;
use vedetta_frame::visit::Signed;
use vedetta_postroom::{CampaignStep, CampaignView, QueueWish, Stage};
use vedetta_words::Words;

use super::mail::{Row, defanged, tlps, verdict_look};

/// A wave in a line.
struct Wave {
    id: String,
    subject: String,
    verdict: String,
    look: &'static str,
    stage: &'static str,
    stage_look: &'static str,
    reports: String,
    organisations: usize,
    since: Moment,
    last: Option<Moment>,
}

#[derive(Template)]
#[template(path = "mail_campaigns.html")]
struct Campaigns {
    frame: Frame,
    waves: Vec<Wave>,
}

#[derive(Template)]
#[template(path = "mail_campaign.html")]
struct Page {
    frame: Frame,
    fault: Option<String>,
    wave: Wave,
    text: Option<String>,
    links: Vec<String>,
    indicators: Vec<String>,
    organisations: Vec<(String, String)>,
    items: Vec<String>,
    rows: Vec<Row>,
    tlps: Vec<Choice>,
    open: bool,
}

/// Reports listed of one wave.
const LISTED: usize = 50;

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let found = console.mail(move |desk| desk.campaigns(&actor)).await?;
    if let Some(form) = signed.visit.exported() {
        return table(&found).answer((&console, &signed), form).await;
    }
    let waves = found.iter().map(|it| Wave::of(w, it)).collect();
    let title = w.mail_campaigns_title();
    let frame = Frame::of(&console, &signed.visit, title, Section::MailCampaigns).live();
    page(&Campaigns { frame, waves })
}

fn table(found: &[CampaignView]) -> Table {
    let columns = ["campaign", "since", "last", "verdict", "reports", "organisations"];
    let mut table = Table::new("campaigns", &columns);
    for it in found {
        table.row([
            it.campaign.id.to_string(),
            it.campaign.since.to_string(),
            it.last.map_or_else(String::new, |at| at.to_string()),
            vedetta_frame::fields::code(it.verdict),
            it.reports.to_string(),
            it.organisations.len().to_string(),
        ]);
    }
    table
}

pub(super) async fn one(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    page(&Page::read(&console, &signed, &id).await?)
}

/// Releases it as items, or dismisses it.
pub(super) async fn step(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let (w, actor, of) = (signed.words(), signed.actor(), id.clone());
    let tlp = sent.text("tlp").parse();
    let dismissed = sent.text("step") == "dismiss";
    let act = async {
        let step = match dismissed {
            true => CampaignStep::Dismiss,
            false => CampaignStep::Release {
                tlp: tlp.map_err(|_| Problem::new(Kind::Invalid, w.publish_tlp_missing()))?,
            },
        };
        console.mail(move |desk| desk.step_campaign(&actor, &of, &step)).await?;
        let said = if dismissed { Said::Saved } else { Said::Published };
        Ok::<_, Problem>(Done::to(format!("/mail/campaigns/{id}")).said(said))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if told_on_form(&problem) => {
            let mut told = Page::read(&console, &signed, &id).await?;
            told.fault = Some(whole(w, &problem));
            page_with(refusal_status(problem.kind), &told)
        }
        Err(problem) => Err(problem),
    }
}

impl Page {
    async fn read(console: &Console, signed: &Signed, id: &str) -> Result<Self, Problem> {
        let (w, actor, of) = (signed.words(), signed.actor(), id.to_owned());
        let (view, queue) = console
            .mail(move |desk| {
                let wish =
                    QueueWish { campaign: Some(of.clone()), limit: LISTED, ..QueueWish::default() };
                Ok((desk.campaign(&actor, &of)?, desk.queue(&actor, &wish)?))
            })
            .await?;
        let standing = console.house().standing();
        let wave = Wave::of(w, &view);
        let campaign = &view.campaign;
        let title = w.mail_campaign_title(&wave.subject);
        Ok(Self {
            frame: Frame::of(console, &signed.visit, &title, Section::MailCampaigns).live(),
            fault: None,
            text: view.sample.as_ref().map(|it| it.text.clone()),
            links: view.sample.iter().flat_map(|it| it.links.clone()).take(30).collect(),
            indicators: campaign.indicators.iter().map(|it| defanged(&it.value)).collect(),
            organisations: view
                .organisations
                .iter()
                .map(|it| (it.to_string(), name(&standing, it)))
                .collect(),
            items: campaign.items.iter().map(ToString::to_string).collect(),
            rows: queue.items.iter().map(|it| Row::of(console, w, it)).collect(),
            tlps: tlps("GREEN"),
            open: matches!(campaign.stage, Stage::Open | Stage::Proposed { .. }),
            wave,
        })
    }
}

impl Wave {
    fn of(w: Words, it: &CampaignView) -> Self {
        let campaign = &it.campaign;
        let sample = it.sample.as_ref().map(|it| it.subject.clone());
        let first = campaign.indicators.iter().next().map(|it| defanged(&it.value));
        let (stage, stage_look) = match campaign.stage {
            Stage::Open => (w.wave_open(), "badge-quiet"),
            Stage::Proposed { .. } => (w.wave_proposed(), "badge-warn"),
            Stage::Released { .. } => (w.wave_released(), "badge-good"),
            Stage::Dismissed { .. } => (w.wave_dismissed(), "badge-quiet"),
            Stage::Withdrawn { .. } => (w.wave_withdrawn(), "badge-quiet"),
        };
        Self {
            id: campaign.id.to_string(),
            subject: sample
                .filter(|it| !it.trim().is_empty())
                .or(first)
                .unwrap_or_else(|| w.mail_no_subject().to_owned()),
            verdict: it.verdict.word().to(w.0).to_owned(),
            look: verdict_look(it.verdict),
            stage,
            stage_look,
            reports: w.counted(it.reports, w.mail_one(), w.mail_many()),
            organisations: it.organisations.len(),
            since: Moment::of(campaign.since, w),
            last: it.last.map(|at| Moment::of(at, w)),
        }
    }
}
