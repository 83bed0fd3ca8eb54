//! Handing in a suspicious message: the file as saved; and what became of what one handed in.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use vedetta_api::{Problem, problem::Kind};
use vedetta_frame::console::Console;
use vedetta_frame::forms::{Done, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::refused::{refusal_status, told_on_form, whole};
use vedetta_frame::said::Said;
use vedetta_frame::shown::Moment;
use vedetta_frame::visit::Signed;
use vedetta_postroom::{Contesting, Handed, OwnAnswer, Received, Reporter, Verdict};
use vedetta_words::Words;

use super::mail::verdict_look;

/// What became of a message.
struct Own {
    case: String,
    at: Moment,
    word: String,
    look: &'static str,
    to_do: &'static str,
    reviewed: Option<Moment>,
    /// What was said before an analyst said otherwise.
    before: Option<String>,
    /// The answer as it was given, while its message is kept.
    answer: Option<String>,
    contested: Option<Moment>,
    kept: bool,
    /// What somebody typed against it and could not send.
    why: String,
}

#[derive(Template)]
#[template(path = "mail_report.html")]
struct Page {
    frame: Frame,
    fault: Option<String>,
    own: Vec<Own>,
}

/// Answers shown.
const SHOWN: usize = 50;

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    page(&Page::read(&console, &signed).await?)
}

pub(super) async fn send(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let (w, actor, file) = (signed.words(), signed.actor(), sent.file("message"));
    let act = async {
        let file = file.ok_or_else(|| Problem::new(Kind::Invalid, w.mail_file_missing()))?;
        let handed = console.mail(move |desk| {
            desk.take(&Handed { bytes: &file.octets, by: Reporter::Account(actor) })
        });
        match handed.await? {
            Received::Taken(_) => Ok(Done::to("/mail/report#answers").said(Said::HandedIn)),
            _ => Err(Problem::new(Kind::Invalid, w.mail_file_empty())),
        }
    };
    let done = console.sent().once(&signed.person, &sent, act).await;
    told(&console, &signed, done, ("", "")).await
}

/// Whoever reported a message disagrees with the answer.
pub(super) async fn contest(
    State(console): State<Console>,
    signed: Signed,
    Path(case): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let (actor, of, said) =
        (signed.actor(), case.clone(), Contesting { text: sent.text("why").to_owned() });
    let act = async {
        console.mail(move |desk| desk.contest_own(&actor, &of, &said)).await?;
        Ok::<_, Problem>(Done::to("/mail/report#answers").said(Said::Contested))
    };
    let done = console.sent().once(&signed.person, &sent, act).await;
    told(&console, &signed, done, (&case, sent.text("why"))).await
}

/// Leads on, or says on the page what was wrong; what was typed against a case stays.
async fn told(
    console: &Console,
    signed: &Signed,
    done: Result<Done, Problem>,
    (case, why): (&str, &str),
) -> Result<Response, Problem> {
    match done {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if told_on_form(&problem) => {
            let mut told = Page::read(console, signed).await?;
            told.fault = Some(whole(signed.words(), &problem));
            for own in told.own.iter_mut().filter(|own| own.case == case) {
                why.clone_into(&mut own.why);
            }
            page_with(refusal_status(problem.kind), &told)
        }
        Err(problem) => Err(problem),
    }
}

impl Page {
    async fn read(console: &Console, signed: &Signed) -> Result<Self, Problem> {
        let (w, actor) = (signed.words(), signed.actor());
        let own = console.mail(move |desk| desk.own_answers(&actor)).await?;
        let title = w.mail_report_title();
        let frame = Frame::of(console, &signed.visit, title, Section::MailReport).live();
        let own = own.iter().take(SHOWN).map(|it| Own::of(w, it)).collect();
        Ok(Self { frame, fault: None, own })
    }
}

impl Own {
    fn of(w: Words, it: &OwnAnswer) -> Self {
        Self {
            case: it.case.clone(),
            at: Moment::of(it.at, w),
            word: it.verdict.word().to(w.0).to_owned(),
            look: verdict_look(it.verdict),
            to_do: match it.verdict {
                Verdict::Malicious => w.mail_do_malicious(),
                Verdict::Suspicious => w.mail_do_suspicious(),
                Verdict::Spam => w.mail_do_spam(),
                Verdict::ProbablyLegitimate => w.mail_do_legitimate(),
                Verdict::Undetermined => w.mail_do_undetermined(),
            },
            reviewed: it.reviewed.map(|at| Moment::of(at, w)),
            before: it.before.map(|before| before.word().to(w.0).to_owned()),
            answer: it.text.clone(),
            contested: it.contested.map(|at| Moment::of(at, w)),
            kept: it.kept,
            why: String::new(),
        }
    }
}
