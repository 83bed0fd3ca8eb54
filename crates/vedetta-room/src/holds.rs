//! Investigative holds: who ordered what to be kept, until when and why; placed and lifted here. The
//! holds of cases are beside them.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use vedetta_api::{Problem, problem::Kind};
use vedetta_frame::console::Console;
use vedetta_frame::forms::{Done, ONCE, Sent};
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::organisation::name;
use vedetta_frame::refused::{OfForm, shown_again};
use vedetta_frame::said::Said;
use vedetta_frame::shown::{Moment, moment_of};
use vedetta_frame::visit::Signed;
use vedetta_model::hold::HoldScope;
use vedetta_model::{Hold, HoldId, Instant, ItemId, OrganisationId};
use vedetta_words::Words;

/// One hold.
struct Row {
    id: String,
    authority: String,
    through: String,
    what: String,
    on: String,
    address: Option<String>,
    reason: String,
    from: Moment,
    until: Option<Moment>,
    binds: bool,
}

/// What was typed.
#[derive(Default)]
struct Typed {
    authority: String,
    organisation: String,
    scope: String,
    on: String,
    reason: String,
    until: String,
}

#[derive(Template)]
#[template(path = "holds.html")]
struct Page {
    frame: Frame,
    fault: Option<String>,
    rows: Vec<Row>,
    cases: Vec<(String, String, String, Option<Moment>)>,
    typed: Typed,
}

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    page(&Page::read(&console, &signed, &Sent::default()).await?)
}

/// Places one.
pub(super) async fn place(
    State(console): State<Console>,
    signed: Signed,
    sent: Sent,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let hold = hold(w, &sent, console.house().now(), &console.nonce());
    let act = async {
        let hold = hold.map_err(|fault| Problem::new(Kind::Invalid, fault))?;
        console.ask(move |house| house.place_hold(&actor, &hold)).await?;
        Ok::<_, Problem>(Done::to("/holds").said(Said::Saved))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) => shown_again::<Page>(&console, &signed, &sent, problem).await,
    }
}

/// Lifts one now.
pub(super) async fn lift(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let actor = signed.actor();
    let act = async {
        let id =
            HoldId::new(&id).map_err(|error| Problem::new(Kind::Unknown, error.to_string()))?;
        console.ask(move |house| house.lift_hold(&actor, &id)).await?;
        Ok::<_, Problem>(Done::to("/holds").said(Said::Saved))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) => shown_again::<Page>(&console, &signed, &sent, problem).await,
    }
}

/// The hold that a form asks for; its identifier is the sending's.
fn hold(w: Words, sent: &Sent, now: Instant, nonce: &str) -> Result<Hold, String> {
    let organisation = |text: &str| OrganisationId::new(text).map_err(|error| error.to_string());
    let on = sent.text("on");
    let plain: String = sent.given(ONCE).unwrap_or(nonce).to_lowercase();
    let plain: String = plain.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
    let until =
        sent.given("until").map(|text| moment_of(text).ok_or_else(|| w.moment_wrong().to_owned()));
    let (authority, reason) = (sent.given("authority"), sent.given("reason"));
    let (Some(authority), Some(reason)) = (authority, reason) else {
        return Err(w.hold_missing().to_owned());
    };
    Ok(Hold {
        id: HoldId::new(&format!("hold-{plain}")).map_err(|error| error.to_string())?,
        authority: authority.to_owned(),
        organisation: organisation(sent.text("organisation"))?,
        scope: match sent.text("scope") {
            "item" => HoldScope::Item(ItemId::new(on).map_err(|error| error.to_string())?),
            "producer" => HoldScope::Producer(organisation(on)?),
            _ => HoldScope::Victim(organisation(on)?),
        },
        reason: reason.to_owned(),
        from: now,
        until: until.transpose()?,
    })
}

impl OfForm for Page {
    async fn read(console: &Console, signed: &Signed, sent: &Sent) -> Result<Self, Problem> {
        let (w, actor) = (signed.words(), signed.actor());
        let held = console.watch(move |watch| watch.held_cases(&actor)).await?;
        let (standing, now) = (console.house().standing(), console.house().now());
        let mut holds: Vec<_> = standing.holds.iter().collect();
        holds.sort_by_key(|it| (!it.binds(now), std::cmp::Reverse(it.from)));
        let text = |name: &str| sent.text(name).to_owned();
        Ok(Self {
            frame: Frame::of(console, &signed.visit, w.holds_title(), Section::Holds),
            fault: None,
            rows: holds.into_iter().map(|it| Row::of(console, w, it)).collect(),
            cases: held
                .into_iter()
                .map(|(number, hold)| {
                    let until = hold.until.map(|at| Moment::of(at, w));
                    (number.to_string(), hold.authority, hold.reference, until)
                })
                .collect(),
            typed: Typed {
                authority: text("authority"),
                organisation: text("organisation"),
                scope: text("scope"),
                on: text("on"),
                reason: text("reason"),
                until: text("until"),
            },
        })
    }

    fn fault(&mut self, fault: String) {
        self.fault = Some(fault);
    }
}

impl Row {
    fn of(console: &Console, w: Words, hold: &Hold) -> Self {
        let standing = console.house().standing();
        let organisation =
            |id: &OrganisationId| (name(&standing, id), Some(format!("/directory/{id}")));
        let (what, (on, address)) = match &hold.scope {
            HoldScope::Item(id) => (w.hold_item(), (id.to_string(), Some(format!("/items/{id}")))),
            HoldScope::Victim(id) => (w.hold_victim(), organisation(id)),
            HoldScope::Producer(id) => (w.hold_producer(), organisation(id)),
        };
        Self {
            id: hold.id.to_string(),
            authority: hold.authority.clone(),
            through: name(&standing, &hold.organisation),
            what: what.to_owned(),
            on,
            address,
            reason: hold.reason.clone(),
            from: Moment::of(hold.from, w),
            until: hold.until.map(|at| Moment::of(at, w)),
            binds: hold.binds(console.house().now()),
        }
    }
}
