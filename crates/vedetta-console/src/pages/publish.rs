//! Publishing: written once, seen by whom it would reach before it goes.

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use vedetta_api::{Problem, problem::Kind};
use vedetta_directory::Directory;
use vedetta_flow::{House, MOST_VICTIMS};
use vedetta_frame::audience::Audience;
use vedetta_frame::console::Console;
use vedetta_frame::fields::Choice;
use vedetta_frame::forms::{Done, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::refused::whole;
use vedetta_frame::said::Said;
use vedetta_frame::visit::Signed;
use vedetta_intake::written::Written;
use vedetta_intake::{DoorIn, stix_bundle, value};
use vedetta_model::{
    Bilingual, Category, Exercise, Handling, Instant, ItemId, OrganisationId, Pap, Tlp,
};
use vedetta_watch::desk::posture::marked;
use vedetta_words::Words;

/// What is written, as typed.
#[derive(Default)]
struct Typed {
    title: String,
    text: String,
    value: String,
    victims: String,
    exercise: String,
}

#[derive(Template)]
#[template(path = "publish.html")]
struct Publish {
    frame: Frame,
    fault: Option<String>,
    typed: Typed,
    whats: Vec<Choice>,
    tlps: Vec<Choice>,
    paps: Vec<Choice>,
    audience: Option<Audience>,
    /// Whether those who may not know the victim may yet have nothing.
    unsure: bool,
    /// Whom the text names, though no victim is given.
    named: String,
    /// Who may be meant as a victim: name and identifier.
    nearby: Vec<(String, String)>,
}

/// What can be published from a form: an indicator by the type of its value.
const WHATS: [&str; 8] = ["report", "incident", "domain", "ipv4", "ipv6", "url", "email", "sha256"];
/// What belongs to no exercise.
const REAL: &str = "real";
/// Organisations offered as victims.
const OFFERED: usize = 500;

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    page(&Publish::of(&console, &signed, &Sent::default()))
}

/// Shows whom it would reach; publishes it when that was seen.
pub(super) async fn send(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let exercise = match practised(&console, &signed, &sent).await {
        Ok(exercise) => exercise,
        Err(refused) => return refuse(&console, &signed, &sent, refused),
    };
    let wanted = match Wanted::read(&console, &signed, (&sent, exercise)) {
        Ok(wanted) => wanted,
        Err(fault) => return refuse(&console, &signed, &sent, (Kind::Invalid, fault)),
    };
    if sent.text("step") != "publish" {
        let handling = Arc::new(wanted.handling.clone());
        let object: Arc<str> = wanted.object(console.house().now()).into();
        let body = Arc::clone(&object);
        let by = actor.clone();
        let preview = move |house: &House| house.preview_object(&by, &handling, body.as_bytes());
        let preview = console.ask_through((&actor, &object), preview).await;
        return match preview {
            Ok(preview) => {
                let audience = Some(Audience::of(console.house(), w, &preview));
                let of = Publish::of(&console, &signed, &sent);
                let directory = &console.house().standing().directory;
                let named = preview.named.iter().filter_map(|it| directory.organisation(it));
                let named = named.map(|it| it.name.clone()).collect::<Vec<_>>().join(", ");
                page(&Publish { audience, named, unsure: preview.may_be_withheld, ..of })
            }
            Err(problem) => refuse(&console, &signed, &sent, (problem.kind, whole(w, &problem))),
        };
    }
    let object: Arc<str> = wanted.object(console.house().now()).into();
    let to = format!("/items/{}", wanted.id);
    let act = async {
        let (by, body) = (actor.clone(), Arc::clone(&object));
        let receipt = console.ask_through((&actor, &object), move |house| {
            let limits = stix_bundle::limits();
            let source = by.account.to_string();
            let arrival = stix_bundle::read(DoorIn::Api, &source, body.as_bytes(), &limits);
            house.accept(&by, arrival)
        });
        let receipt = receipt.await?;
        match receipt.rejected.first() {
            None => Ok(Done::to(to).said(Said::Published)),
            Some(fault) => Err(Problem::new(Kind::Invalid, fault.reason.clone())),
        }
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if problem.kind == Kind::Invalid => {
            refuse(&console, &signed, &sent, (problem.kind, whole(w, &problem)))
        }
        Err(problem) => Err(problem),
    }
}

/// The exercise to which it belongs. While one holds in which who publishes takes part, they say
/// whether it is real: nothing is taken for either.
async fn practised(
    console: &Console,
    signed: &Signed,
    sent: &Sent,
) -> Result<Option<Exercise>, (Kind, String)> {
    let w = signed.words();
    match sent.text("exercise") {
        REAL => Ok(None),
        "" if Publish::of(console, signed, sent).frame.exercises.is_empty() => Ok(None),
        "" => Err((Kind::Invalid, w.publish_exercise_missing().to_owned())),
        id => {
            let (actor, id) = (signed.actor(), id.to_owned());
            let found = console.watch(move |watch| watch.exercise(&actor, &id)).await;
            found.map(Some).map_err(|problem| (problem.kind, whole(w, &problem)))
        }
    }
}

/// The form with what was typed, and why it was refused.
fn refuse(
    console: &Console,
    signed: &Signed,
    sent: &Sent,
    (kind, fault): (Kind, String),
) -> Result<Response, Problem> {
    let status = match kind {
        Kind::Invalid | Kind::Unknown => StatusCode::UNPROCESSABLE_ENTITY,
        kind => kind.face().1,
    };
    page_with(status, &Publish { fault: Some(fault), ..Publish::of(console, signed, sent) })
}

/// What is to be published.
struct Wanted {
    id: ItemId,
    handling: Handling,
    title: String,
    text: String,
    pattern: Option<String>,
}

impl Wanted {
    fn read(
        console: &Console,
        signed: &Signed,
        (sent, exercise): (&Sent, Option<Exercise>),
    ) -> Result<Self, String> {
        let w = signed.words();
        let what = WHATS.into_iter().find(|it| *it == sent.text("what"));
        let what = what.ok_or_else(|| w.publish_what_missing().to_owned())?;
        let title = sent.given("title").ok_or_else(|| w.publish_title_missing().to_owned())?;
        let (kind, category) = match what {
            "report" => ("report", Category::EarlyWarning),
            "incident" => ("incident", Category::Incident),
            _ => ("indicator", Category::Indicator),
        };
        let pattern = match kind {
            "indicator" => {
                let given = sent.given("value");
                let given = given.ok_or_else(|| w.publish_value_missing().to_owned())?;
                let pattern = value::pattern(what, given);
                Some(pattern.map_err(|_| w.publish_value_wrong(given, w.published(what)))?)
            }
            _ => None,
        };
        let tlp: Tlp = sent.text("tlp").parse().map_err(|_| w.publish_tlp_missing().to_owned())?;
        let handling = Handling {
            producer: signed.person.actor.organisation.clone(),
            category,
            tlp,
            pap: sent.text("pap").parse().unwrap_or_default(),
            victims: victims(w, &console.house().standing().directory, sent.text("victims"))?,
            named: BTreeSet::new(),
            only_under: BTreeSet::new(),
            exercise,
            via: BTreeSet::new(),
        };
        let id = ItemId::of(kind, vedetta_model::chance::uuid(console.house().entropy()));
        let (title, text) = (title.to_owned(), sent.text("text").to_owned());
        Ok(Self { id, handling, title, text, pattern })
    }

    fn object(&self, at: Instant) -> String {
        let Self { id, title, text, handling, .. } = self;
        let pattern = self.pattern.as_deref();
        let called = Bilingual::new(title.as_str(), title.as_str());
        let called = marked(called, handling.exercise.as_ref().map(|it| &it.name));
        let title = &called.it;
        Written { id, at, title, text, pattern, handling }.object().to_string()
    }
}

/// The organisations that are named, each by identifier, name or alias.
fn victims(
    w: Words,
    directory: &Directory,
    text: &str,
) -> Result<BTreeSet<OrganisationId>, String> {
    let parts = text.split([',', ';', '\n']).map(str::trim).filter(|it| !it.is_empty());
    if parts.clone().count() > MOST_VICTIMS {
        return Err(w.publish_victims_many(&MOST_VICTIMS.to_string()));
    }
    let called = parts.map(|text| match directory.called(text) {
        Ok(member) => Ok(member.organisation.id.clone()),
        Err(meant) => {
            let meant = meant.iter().take(5);
            let meant =
                meant.map(|it| format!("{} ({})", it.organisation.name, it.organisation.id));
            Err(w.publish_victim_unknown(text, &meant.collect::<Vec<_>>().join(", ")))
        }
    });
    called.collect()
}

/// Those below the publisher in the tree, and itself: by whom it is most often done.
fn nearby(directory: &Directory, own: &OrganisationId) -> Vec<(String, String)> {
    let below = |id: &OrganisationId| directory.above(id).any(|it| it.organisation.id == *own);
    let members = directory.members().iter().map(|it| &it.organisation);
    let near = members.filter(|it| it.id == *own || below(&it.id)).take(OFFERED);
    near.map(|it| (it.name.clone(), it.id.to_string())).collect()
}

impl Publish {
    fn of(console: &Console, signed: &Signed, sent: &Sent) -> Self {
        let w = signed.words();
        let choice = |(name, first): (&str, &str), value: &str, label| {
            let chosen = sent.given(name).unwrap_or(first) == value;
            Choice { label, chosen, value: value.into() }
        };
        let whats = WHATS.map(|it| choice(("what", "report"), it, w.published(it)));
        // TLP:RED is for persons by name, and this page names none: it would reach nobody.
        let tlps = Tlp::ALL.into_iter().filter(|it| *it != Tlp::Red);
        let tlps = tlps.map(|it| choice(("tlp", "AMBER"), it.label(), it.label()));
        let paps = Pap::ALL.map(|it| choice(("pap", "GREEN"), it.label(), it.label()));
        let directory = &console.house().standing().directory;
        Self {
            frame: Frame::of(console, &signed.visit, w.publish_title(), Section::Publish),
            fault: None,
            typed: Typed {
                title: sent.text("title").to_owned(),
                text: sent.text("text").to_owned(),
                value: sent.text("value").to_owned(),
                victims: sent.text("victims").to_owned(),
                exercise: sent.text("exercise").to_owned(),
            },
            whats: whats.into(),
            tlps: tlps.collect(),
            paps: paps.into(),
            audience: None,
            unsure: false,
            named: String::new(),
            nearby: nearby(directory, &signed.person.actor.organisation),
        }
    }
}
