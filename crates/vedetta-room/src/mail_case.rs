//! One reported message, taken apart: what weighs and why, what it teaches, and an analyst's word.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use vedetta_api::{Problem, problem::Kind};
use vedetta_frame::console::Console;
use vedetta_frame::fields::code;
use vedetta_frame::forms::{Done, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::refused::{refusal_status, told_on_form, whole};
use vedetta_frame::said::Said;
use vedetta_frame::shown::Moment;
use vedetta_frame::visit::Signed;
use vedetta_postroom::{Dissected, Keeping, Overruling, Reach, Verdict};
use vedetta_words::Words;

use super::duty::person;
use super::mail::{Row, defanged, verdict_look};

/// A reason, and how much it weighs.
struct Weighs {
    text: String,
    check: String,
    weight: String,
    share: u32,
    against: bool,
}

/// A file that came with it.
struct File {
    name: String,
    size: String,
    sha256: String,
}

/// The message, as an analyst sees it.
struct Seen {
    from: String,
    reply_to: String,
    subject: String,
    date: String,
    text: String,
    links: Vec<String>,
    files: Vec<File>,
    /// What was not read of it, and why.
    unread: Vec<String>,
}

#[derive(Template)]
#[template(path = "mail_case.html")]
struct Page {
    frame: Frame,
    fault: Option<String>,
    row: Row,
    said: String,
    said_look: &'static str,
    standing: &'static str,
    model: String,
    kept: String,
    is_kept: bool,
    ruling: Option<(String, Moment, String)>,
    reasons: Vec<Weighs>,
    seen: Option<Seen>,
    sample: Option<(String, String)>,
    told: Option<String>,
    contest: Option<String>,
    left_out: usize,
    indicators: Vec<String>,
    verdicts: Vec<(String, String, bool)>,
    note: String,
    only_this: bool,
    reason: String,
}

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Path(case): Path<String>,
) -> Result<Response, Problem> {
    page(&Page::read(&console, &signed, &case, &Sent::default()).await?)
}

/// The message as it was handed in: saved, never shown here.
pub(super) async fn message(
    State(console): State<Console>,
    signed: Signed,
    Path(case): Path<String>,
) -> Result<Response, Problem> {
    let (actor, of) = (signed.actor(), case.clone());
    let octets = console.mail(move |desk| desk.message(&actor, &of)).await?;
    let plain: String =
        case.chars().filter(|it| it.is_ascii_alphanumeric() || *it == '-').collect();
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{plain}.eml\"")),
    ];
    Ok((headers, octets).into_response())
}

/// An analyst's word, or the end of a message.
pub(super) async fn change(
    State(console): State<Console>,
    signed: Signed,
    Path(case): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let (w, actor, of, asked) = (signed.words(), signed.actor(), case.clone(), sent.clone());
    let act = async {
        let to = format!("/mail/{case}");
        if asked.text("does") == "delete" {
            if asked.given("reason").is_none() {
                return Err(Problem::new(Kind::Invalid, w.reason_missing()));
            }
            let delete = move |desk: &vedetta_postroom::Postroom| {
                desk.delete_message(&actor, &of, asked.text("reason"))
            };
            console.mail(delete).await?;
            return Ok(Done::to(to).said(Said::Removed));
        }
        let verdict = Verdict::ALL.into_iter().find(|it| code(*it) == asked.text("verdict"));
        let verdict =
            verdict.ok_or_else(|| Problem::new(Kind::Invalid, w.mail_verdict_missing()))?;
        let only = asked.text("of") == "report";
        let of_what = if only { Reach::Report } else { Reach::Campaign };
        let said = Overruling { verdict, note: asked.text("note").to_owned(), of: of_what };
        console.mail(move |desk| desk.overrule(&actor, &of, &said)).await?;
        Ok::<_, Problem>(Done::to(to).said(Said::Overruled))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if told_on_form(&problem) => {
            let mut told = Page::read(&console, &signed, &case, &sent).await?;
            told.fault = Some(whole(w, &problem));
            page_with(refusal_status(problem.kind), &told)
        }
        Err(problem) => Err(problem),
    }
}

impl Page {
    async fn read(
        console: &Console,
        signed: &Signed,
        case: &str,
        sent: &Sent,
    ) -> Result<Self, Problem> {
        let (actor, of) = (signed.actor(), case.to_owned());
        let found = console.mail(move |desk| desk.dissect(&actor, &of)).await?;
        Ok(Self::of(console, signed, &found, sent))
    }

    fn of(console: &Console, signed: &Signed, found: &Dissected, sent: &Sent) -> Self {
        let (w, report) = (signed.words(), &found.report);
        let title = w.mail_case_title(&report.case);
        let standing = console.house().standing();
        let chosen = sent.given("verdict").map_or_else(|| code(report.holds()), str::to_owned);
        let most = found.reasons.iter().map(|it| it.weight.abs()).fold(0.1, f32::max);
        let reasons = found.reasons.iter().filter(|it| it.weight.abs() >= 0.05);
        Self {
            frame: Frame::of(console, &signed.visit, &title, Section::Mail),
            fault: None,
            row: Row::of(console, w, report),
            said: report.verdict.word().to(w.0).to_owned(),
            said_look: verdict_look(report.verdict),
            standing: w.mail_standing(report.standing),
            model: report.model.clone(),
            kept: match &report.keeping {
                Keeping::Kept { until } => w.mail_kept(Moment::of(*until, w).text()),
                Keeping::Deleted { at, .. } => w.mail_gone(Moment::of(*at, w).text()),
            },
            is_kept: report.is_kept(),
            ruling: report
                .ruling
                .as_ref()
                .map(|it| (person(&standing, &it.by), Moment::of(it.at, w), it.note.clone())),
            reasons: reasons.map(|it| Weighs::of(w, it, most)).collect(),
            seen: found.evidence.as_ref().map(|it| Seen::of(w, it)),
            sample: found.sample.as_ref().map(|it| (it.subject.clone(), it.text.clone())),
            told: found.answer.clone(),
            contest: found.contest.clone(),
            left_out: report.left_out,
            indicators: report.indicators.iter().map(|it| defanged(&it.value)).collect(),
            verdicts: Verdict::ALL
                .map(|it| (code(it), it.word().to(w.0).to_owned(), code(it) == chosen))
                .into(),
            note: sent.text("note").to_owned(),
            only_this: sent.text("of") == "report",
            reason: sent.text("reason").to_owned(),
        }
    }
}

impl Weighs {
    fn of(w: Words, it: &vedetta_postroom::mail::Reason, most: f32) -> Self {
        let share = (it.weight.abs() / most * 100.0).clamp(1.0, 100.0);
        let text = it.finding.analyst.to(w.0);
        let text = if text.is_empty() { it.finding.reporter.to(w.0) } else { text };
        Self {
            text: text.to_owned(),
            check: it.finding.slug.to_owned(),
            weight: format!("{:+.1}", it.weight),
            // Between 1 and 100.
            share: share.round() as u32,
            against: it.weight < 0.0,
        }
    }
}

impl Seen {
    fn of(w: Words, it: &vedetta_postroom::mail::Evidence) -> Self {
        let mailboxes = |of: &[vedetta_postroom::mail::Mailbox]| {
            let shown = of.iter().map(|it| {
                let address = defanged(&it.address);
                if it.name.is_empty() { address } else { format!("{} <{address}>", it.name) }
            });
            shown.collect::<Vec<_>>().join(", ")
        };
        let files = it.attachments.iter().map(|it| File {
            name: it.name.clone(),
            size: w.octets(it.size as u64),
            sha256: it.sha256.clone(),
        });
        Self {
            from: mailboxes(&it.from),
            reply_to: mailboxes(&it.reply_to),
            subject: it.subject.clone(),
            date: it.date.clone(),
            text: vedetta_frame::shown::short(&it.text, 6_000),
            links: links(w, it),
            files: files.collect(),
            unread: unread(w, it),
        }
    }
}

/// Links of a message in the page.
const MOST_LINKS: usize = 50;

fn links(w: Words, it: &vedetta_postroom::mail::Evidence) -> Vec<String> {
    let shown = it.links.iter().take(MOST_LINKS).map(|it| it.target.defanged());
    let more = it.links.len().saturating_sub(MOST_LINKS);
    shown.chain((more > 0).then(|| w.mail_unread_more(more))).collect()
}

fn unread(w: Words, it: &vedetta_postroom::mail::Evidence) -> Vec<String> {
    let line = |it: &vedetta_postroom::mail::Unread| {
        let why = it.why.words();
        let more = match it.count {
            0 | 1 => String::new(),
            count => format!(" ({})", w.mail_unread_more(count - 1)),
        };
        format!("{}{more}: {}", it.what, why.to(w.0))
    };
    it.unread.iter().map(line).collect()
}
