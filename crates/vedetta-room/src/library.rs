//! The library of recommendations: read, given in a case, and written.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use vedetta_api::{Problem, problem::Kind};
use vedetta_flow::Sequence;
use vedetta_frame::console::Console;
use vedetta_frame::fields::{Field, FieldKind};
use vedetta_frame::forms::{Done, SEEN, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::refused::{refusal_status, told_on_form, whole};
use vedetta_frame::said::Said;
use vedetta_frame::visit::Signed;
use vedetta_model::language::Bilingual;
use vedetta_watch::desk::advice::Advice;
use vedetta_watch::{AdviceRow, NewAdvice};
use vedetta_words::Words;

/// One recommendation.
struct Row {
    id: String,
    title: String,
    text: String,
    topics: String,
    own: bool,
}

/// The case in which one is to be given: its number, its title, its version.
type Case = (String, String, u64);

#[derive(Template)]
#[template(path = "library.html")]
struct Library {
    frame: Frame,
    rows: Vec<Row>,
    case: Option<Case>,
    may_write: bool,
}

#[derive(Template)]
#[template(path = "record_edit.html")]
struct Edit {
    frame: Frame,
    fault: Option<String>,
    back: (String, String),
    address: String,
    fields: Vec<Field>,
    saw: String,
    removal: Option<String>,
}

/// In which case one is to be given.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    case: String,
}

/// What a recommendation that is being written is called in addresses: none has this identifier, since
/// it would be hidden.
const FRESH: &str = "new";

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let (found, case) = console
        .watch(move |watch| {
            let case = match asked.case.as_str() {
                "" => None,
                number => Some(watch.case(&actor, number)?),
            };
            Ok((watch.library(&actor)?, case.filter(|it| it.may.contains("recommend"))))
        })
        .await?;
    let case =
        case.map(|it| (it.incident.number.to_string(), it.incident.title.clone(), it.version.0));
    page(&Library {
        frame: Frame::of(&console, &signed.visit, w.library_title(), Section::Library),
        rows: found.into_iter().map(|it| Row::of(w, it)).collect(),
        case,
        may_write: console.admits(&signed, "/recommendations/{recommendation}"),
    })
}

pub(super) async fn edit(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    page(&Edit::read(&console, &signed, &id).await?)
}

/// Writes one, or takes it out of the library.
pub(super) async fn save(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let gone = sent.text("removal") == "yes";
    let name = if id == FRESH { sent.text("id").to_owned() } else { id.clone() };
    let typed = advice(&name, &sent);
    let seen = sent.given(SEEN).and_then(|it| it.parse().ok()).map(Sequence);
    let act = async {
        let change = console.watch(move |watch| {
            // Taken out is what is there now; written is what was read.
            let there = watch.library(&actor)?.into_iter().find(|it| it.advice.id == name);
            let version = if gone { there.and_then(|it| it.version) } else { seen };
            let advice = (!gone).then_some(typed);
            watch.put_advice(&actor, &name, NewAdvice { version, advice })
        });
        change.await?;
        let said = if gone { Said::Removed } else { Said::Saved };
        Ok::<_, Problem>(Done::to("/recommendations").said(said))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if told_on_form(&problem) => {
            let mut told = Edit::read(&console, &signed, &id).await?;
            told.fields.iter_mut().for_each(|field| field.retype(&sent));
            told.fault = Some(whole(w, &problem));
            page_with(refusal_status(problem.kind), &told)
        }
        Err(problem) => Err(problem),
    }
}

/// What was typed.
fn advice(id: &str, sent: &Sent) -> Advice {
    let both = |it: &str, en: &str| Bilingual::new(sent.text(it), sent.text(en));
    let topics = sent.text("topics").split([',', '\n']).map(str::trim);
    Advice {
        id: id.to_owned(),
        title: both("title-it", "title-en"),
        text: both("text-it", "text-en"),
        topics: topics.filter(|it| !it.is_empty()).map(str::to_owned).collect(),
    }
}

impl Row {
    fn of(w: Words, AdviceRow { advice, version }: AdviceRow) -> Self {
        Self {
            title: advice.title.to(w.0).to_owned(),
            text: advice.text.to(w.0).to_owned(),
            topics: advice.topics.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
            own: version.is_some(),
            id: advice.id,
        }
    }
}

impl Edit {
    async fn read(console: &Console, signed: &Signed, id: &str) -> Result<Self, Problem> {
        let (w, actor) = (signed.words(), signed.actor());
        let library = console.watch(move |watch| watch.library(&actor)).await?;
        let found = library.into_iter().find(|it| it.advice.id == id);
        if found.is_none() && id != FRESH {
            return Err(Problem::new(Kind::Unknown, "there is no such recommendation"));
        }
        let title = if found.is_some() { w.library_edit() } else { w.library_new() };
        let version = found.as_ref().and_then(|it| it.version);
        let address = format!("/recommendations/{id}");
        Ok(Self {
            frame: Frame::of(console, &signed.visit, title, Section::Library),
            fault: None,
            back: ("/recommendations".into(), w.library_title().into()),
            removal: found.is_some().then(|| address.clone()),
            saw: version.map_or_else(String::new, |it| it.0.to_string()),
            fields: fields(w, found.map(|it| it.advice)),
            address,
        })
    }
}

fn fields(w: Words, advice: Option<Advice>) -> Vec<Field> {
    let id = match &advice {
        Some(it) => {
            let field = Field::line("id", w.library_id(), &*it.id);
            Field { kind: FieldKind::Fixed, ..field }
        }
        None => Field::line("id", w.library_id(), "").required().hint(w.library_id_hint()),
    };
    let (title, text, topics) = advice.map_or_else(
        || (Bilingual::new("", ""), Bilingual::new("", ""), String::new()),
        |it| (it.title, it.text, it.topics.into_iter().collect::<Vec<_>>().join(", ")),
    );
    vec![
        id,
        Field::line("title-it", w.library_title_it(), title.it).required(),
        Field::line("title-en", w.library_title_en(), title.en).required(),
        Field::line("text-it", w.library_text_it(), text.it).lines(),
        Field::line("text-en", w.library_text_en(), text.en).lines(),
        Field::line("topics", w.library_topics(), topics),
    ]
}
