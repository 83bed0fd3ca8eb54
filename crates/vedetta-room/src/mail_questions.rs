//! What one's organisation is asked of waves of messages: whether its people received them, too.

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
use vedetta_postroom::{Question, Telling};
use vedetta_words::Words;

use super::duty::person;

/// One of them.
struct Asked {
    id: String,
    subject: String,
    item: String,
    since: Moment,
    /// What was answered, by whom, when, and what was added.
    told: Option<(&'static str, String, Moment, String)>,
    mailboxes: String,
    note: String,
}

#[derive(Template)]
#[template(path = "mail_questions.html")]
struct Questions {
    frame: Frame,
    fault: Option<String>,
    asked: Vec<Asked>,
    may_answer: bool,
}

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    page(&Questions::read(&console, &signed).await?)
}

pub(super) async fn answer(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let (w, actor, of) = (signed.words(), signed.actor(), id.clone());
    let said = telling(w, &sent);
    let act = async {
        let said = said.map_err(|fault| Problem::new(Kind::Invalid, fault))?;
        console.mail(move |desk| desk.answer_question(&actor, &of, &said)).await?;
        Ok::<_, Problem>(Done::to("/mail/questions").said(Said::Answered))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if told_on_form(&problem) => {
            let mut told = Questions::read(&console, &signed).await?;
            told.fault = Some(whole(w, &problem));
            if let Some(it) = told.asked.iter_mut().find(|it| it.id == id) {
                it.mailboxes = sent.text("mailboxes").to_owned();
                it.note = sent.text("note").to_owned();
            }
            page_with(refusal_status(problem.kind), &told)
        }
        Err(problem) => Err(problem),
    }
}

/// What a form says.
fn telling(w: Words, sent: &Sent) -> Result<Telling, &'static str> {
    let mailboxes = sent.given("mailboxes").map(str::parse).transpose();
    Ok(Telling {
        received: sent.text("received") == "yes",
        mailboxes: mailboxes.map_err(|_| w.question_number_wrong())?,
        note: sent.text("note").to_owned(),
    })
}

impl Questions {
    async fn read(console: &Console, signed: &Signed) -> Result<Self, Problem> {
        let (w, actor) = (signed.words(), signed.actor());
        let found = console.mail(move |desk| Ok(desk.questions(&actor))).await?;
        let frame =
            Frame::of(console, &signed.visit, w.questions_title(), Section::MailQuestions).live();
        Ok(Self {
            frame,
            fault: None,
            asked: found.iter().map(|it| Asked::of(console, w, it)).collect(),
            may_answer: signed.may_do("/mail/questions/{campaign}"),
        })
    }
}

impl Asked {
    fn of(console: &Console, w: Words, it: &Question) -> Self {
        let standing = console.house().standing();
        let told = it.told.as_ref().map(|told| {
            let answer = if told.received { w.question_yes() } else { w.question_no() };
            let by = w.question_told(&person(&standing, &told.by));
            (answer, by, Moment::of(told.at, w), told.note.clone())
        });
        Self {
            id: it.campaign.to_string(),
            subject: it.subject.clone().unwrap_or_else(|| w.question_nameless().to_owned()),
            item: it.item.to_string(),
            since: Moment::of(it.since, w),
            told,
            mailboxes: String::new(),
            note: String::new(),
        }
    }
}
