//! How people are called when an alarm is raised: rung by rung.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use vedetta_api::{Problem, problem::Kind};
use vedetta_frame::console::Console;
use vedetta_frame::fields::code;
use vedetta_frame::forms::{Done, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::refused::{refusal_status, told_on_form, whole};
use vedetta_frame::said::Said;
use vedetta_frame::visit::Signed;
use vedetta_watch::desk::escalation::{Ladder, Means, Rung as Called, Whom};
use vedetta_words::Words;

/// One of several, as it is sent and in words, and whether it is chosen.
type Choice = (String, &'static str, bool);

/// A rung, with what is in its fields.
struct Rung {
    heading: String,
    after: String,
    whom: Vec<Choice>,
    by: Vec<Choice>,
    category: String,
}

#[derive(Template)]
#[template(path = "ladder.html")]
struct Page {
    frame: Frame,
    fault: Option<String>,
    rungs: Vec<Rung>,
    again: String,
    pace: String,
    may_change: bool,
}

const WHOM: [Whom; 4] = [Whom::OnDuty, Whom::Room, Whom::NationalOnDuty, Whom::NationalRoom];
const MEANS: [Means; 4] = [Means::Browser, Means::Email, Means::Sms, Means::Webhook];
/// A form has no more rungs.
const MOST: usize = 21;

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    let actor = signed.actor();
    let ladder = console.watch(move |watch| watch.ladder(&actor)).await?;
    page(&Page::of(&console, &signed, &ladder))
}

pub(super) async fn save(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let (w, actor, wanted) = (signed.words(), signed.actor(), wanted(&sent));
    let act = async {
        let ladder = wanted.ok_or_else(|| Problem::new(Kind::Invalid, w.ladder_number_wrong()))?;
        console.watch(move |watch| watch.put_ladder(&actor, ladder)).await?;
        Ok::<_, Problem>(Done::to("/ladder").said(Said::Saved))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if told_on_form(&problem) => {
            let mut told =
                Page::of(&console, &signed, &Ladder { rungs: vec![], ..Ladder::default() });
            told.fault = Some(whole(w, &problem));
            told.rungs = (0..MOST)
                .filter(|at| sent.given(&field("whom", *at)).is_some())
                .map(|at| Rung::typed(w, at, &sent))
                .collect();
            told.again = sent.text("again").to_owned();
            told.pace = sent.text("pace").to_owned();
            page_with(refusal_status(problem.kind), &told)
        }
        Err(problem) => Err(problem),
    }
}

/// The name of a field of a rung.
fn field(name: &str, at: usize) -> String {
    format!("{name}-{at}")
}

/// The ladder that a form asks for; nothing when a number is none.
fn wanted(sent: &Sent) -> Option<Ladder> {
    let mut rungs = Vec::new();
    for at in 0..MOST {
        let Some(after) = sent.given(&field("after", at)) else { continue };
        let whom = sent.text(&field("whom", at)).to_owned();
        let by: Vec<_> = sent.all(&field("by", at)).map(str::to_owned).collect();
        rungs.push(Called {
            after_minutes: after.parse().ok()?,
            whom: WHOM.into_iter().find(|it| code(*it) == whom)?,
            by: MEANS.into_iter().filter(|it| by.contains(&code(*it))).collect(),
            category: sent.text(&field("category", at)).parse().ok()?,
        });
    }
    let pace = match sent.given("pace") {
        Some(text) => {
            let numbers = text.split_whitespace().map(|it| it.parse().ok());
            numbers.collect::<Option<Vec<u32>>>()?.try_into().ok()?
        }
        None => Ladder::default().pace,
    };
    let again_minutes = sent.text("again").parse().ok()?;
    Some(Ladder { rungs, again_minutes, pace })
}

const fn whom(w: Words, whom: Whom) -> &'static str {
    match whom {
        Whom::OnDuty => w.whom_on_duty(),
        Whom::Room => w.whom_room(),
        Whom::NationalOnDuty => w.whom_national_on_duty(),
        Whom::NationalRoom => w.whom_national_room(),
    }
}

/// By what somebody is called.
pub(super) const fn means(w: Words, by: Means) -> &'static str {
    match by {
        Means::Browser => w.means_browser(),
        Means::Email => w.means_email(),
        Means::Sms => w.means_sms(),
        Means::Webhook => w.means_webhook(),
    }
}

impl Page {
    fn of(console: &Console, signed: &Signed, ladder: &Ladder) -> Self {
        let w = signed.words();
        let may_change = console.admits(signed, "/accounts/new");
        let mut rungs: Vec<_> = ladder
            .rungs
            .iter()
            .enumerate()
            .map(|(at, it)| {
                let (whom, by) = (code(it.whom), it.by.iter().map(|by| code(*by)));
                let (after, category) = (it.after_minutes.to_string(), it.category.to_string());
                let heading = w.ladder_rung(at + 1);
                Rung::of(w, heading, (after, category), (&whom, &by.collect::<Vec<_>>()))
            })
            .collect();
        if may_change {
            let fresh = (String::new(), "6".to_owned());
            rungs.push(Rung::of(w, w.ladder_new().to_owned(), fresh, ("", &[])));
        }
        Self {
            frame: Frame::of(console, &signed.visit, w.ladder_title(), Section::Ladder),
            fault: None,
            rungs,
            again: ladder.again_minutes.to_string(),
            pace: ladder.pace.map(|it| it.to_string()).join(" "),
            may_change,
        }
    }
}

impl Rung {
    fn of(
        w: Words,
        heading: String,
        (after, category): (String, String),
        (chosen, by): (&str, &[String]),
    ) -> Self {
        let called = WHOM.map(|it| (code(it), whom(w, it), code(it) == chosen));
        let means = MEANS.map(|it| (code(it), means(w, it), by.contains(&code(it))));
        Self { heading, after, whom: called.into(), by: means.into(), category }
    }

    /// As it was typed.
    fn typed(w: Words, at: usize, sent: &Sent) -> Self {
        let text = |name: &str| sent.text(&field(name, at)).to_owned();
        let by: Vec<_> = sent.all(&field("by", at)).map(str::to_owned).collect();
        let heading = w.ladder_rung(at + 1);
        Self::of(w, heading, (text("after"), text("category")), (&text("whom"), &by))
    }

    /// When, in words.
    fn when(&self, w: &Words) -> String {
        match self.after.as_str() {
            "0" => w.ladder_at_once().to_owned(),
            text => text
                .parse::<u32>()
                .map_or_else(|_| text.to_owned(), |it| w.ladder_after_minutes(it)),
        }
    }

    /// By what, in words.
    fn means(&self) -> String {
        let chosen = self.by.iter().filter(|(.., chosen)| *chosen).map(|(_, words, _)| *words);
        chosen.collect::<Vec<_>>().join(", ")
    }

    /// Whom, in words.
    fn people(&self) -> &'static str {
        self.whom.iter().find(|(.., chosen)| *chosen).map_or("", |(_, words, _)| words)
    }
}
