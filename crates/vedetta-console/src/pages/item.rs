//! One item: what it says, what may be done with it, who has it and why.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use vedetta_api::{Problem, problem::Kind};
use vedetta_flow::views::tombstone::Tombstone;
use vedetta_flow::{Answer, Delivery, Door, House, Preview, ReadItem};
use vedetta_frame::audience::{Audience, form_word};
use vedetta_frame::console::Console;
use vedetta_frame::forms::{Done, Sent, escaped};
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::said::Said;
use vedetta_frame::shown::{Line, Moment, Summary, pap, seen, short};
use vedetta_frame::visit::Signed;
use vedetta_mesh::{Nodes, RefusedThere};
use vedetta_model::{Actor, ItemId, Language, OrganisationId, Places, Role};
use vedetta_outpost::{Outposts, SeenBy};
use vedetta_words::Words;

use super::links::Refusal;
use super::tombstone;
use super::who_has::{WhoHas, acknowledged};

#[derive(Template)]
#[template(path = "item.html")]
struct ItemPage {
    frame: Frame,
    line: Line,
    summary: Summary,
    version: Moment,
    pap: String,
    pap_means: &'static str,
    facts: Vec<(&'static str, String)>,
    raw: String,
    /// By how many it was seen.
    seen: Option<String>,
    /// How many sensors have looked for it in what they remember.
    looked: Option<String>,
    why: Option<String>,
    paths: Vec<String>,
    who_has: WhoHas,
    /// Who has what one's own organisation brought under the same name, where another's is shown.
    own: Option<WhoHas>,
    /// Which other nodes refused it.
    refused: Vec<(String, Refusal)>,
    reached: usize,
    acknowledgements: usize,
    audience: Option<Audience>,
    mine_acknowledged: Option<(Moment, String)>,
    may_acknowledge: bool,
    may_withdraw: bool,
    may_ask: bool,
}

#[derive(Template)]
#[template(path = "why.html")]
struct WhyPage {
    frame: Frame,
    id: ItemId,
    /// As it is read, or was last; absent of what was withdrawn and is not for who asks.
    item: Option<Line>,
    asked: String,
    matches: Vec<(String, String, String)>,
    answer: Option<(String, bool, &'static str, String)>,
}

/// What the house says of an item.
struct Told {
    item: ReadItem,
    deliveries: Vec<Delivery>,
    /// Those of one's own line, where another's is shown.
    own: Option<Vec<Delivery>>,
    refused: BTreeMap<OrganisationId, Vec<RefusedThere>>,
    answer: Option<Answer>,
    preview: Option<Preview>,
    seen: Option<SeenBy>,
    /// Sensors that have looked for it, and all; of what none looks for, nobody.
    looked: (usize, usize),
}

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (id, actor) = (named(&id)?, signed.actor());
    console.api().room_to_deliver().await?;
    let (asked, outposts) = (id.clone(), console.api().sensors());
    let ask = move |nodes: &Nodes| Told::of((nodes, &outposts), &actor, &id);
    let told = match console.api().ask_nodes(ask).await? {
        Ok(told) => told,
        Err(left) => return tombstone::page((&console, &signed), &asked, &left),
    };
    let place = told.item.stamp.seq.0;
    let answer = page(&told.page(&console, &signed))?;
    let (actor, places) = (&signed.person.actor, Places::between(place, place));
    Ok(console.api().delivering(answer, actor, Door::Console, places))
}

pub(super) async fn acknowledge(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let (id, actor) = (named(&id)?, signed.actor());
    let to = sent.given("to").filter(|to| to.starts_with("/concerns"));
    let to = to.map_or_else(|| format!("/items/{id}"), str::to_owned);
    let note = sent.given("note").map(str::to_owned);
    let act = async {
        let first = console.ask(move |house| house.acknowledge(&actor, &id, note)).await?;
        let said = if first.is_some() { Said::Acknowledged } else { Said::AcknowledgedBefore };
        Ok::<_, Problem>(Done::to(to).said(said))
    };
    Ok(console.sent().once(&signed.person, &sent, act).await?.into_response())
}

pub(super) async fn withdraw(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let (id, actor) = (named(&id)?, signed.actor());
    let reason = sent.text("reason").to_owned();
    if reason.is_empty() {
        let sentence = signed.words().reason_missing();
        return Err(Problem::new(Kind::Invalid, sentence).at("reason"));
    }
    let act = async {
        console.ask(move |house| house.withdraw(&actor, &id, &reason)).await?;
        Ok::<_, Problem>(Done::to("/items").said(Said::Withdrawn))
    };
    Ok(console.sent().once(&signed.person, &sent, act).await?.into_response())
}

/// About whom.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct About {
    organisation: String,
    text: String,
}

pub(super) async fn why(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    Query(about): Query<About>,
) -> Result<Response, Problem> {
    let (id, actor, w) = (named(&id)?, signed.actor(), signed.words());
    let standing = console.house().standing();
    let asked = about.organisation.parse::<OrganisationId>().ok();
    let (by, of) = (actor.clone(), id.clone());
    let item = console.ask(move |house| house.item_or_tombstone(&by, &of)).await?;
    let item = item.map_or_else(|left| left.last, Some);
    let item = item.map(|item| Line::of(console.house(), &item, w));
    let known = id.clone();
    let answer = match asked {
        Some(organisation) => {
            let name = standing.directory.organisation(&organisation).map(|it| it.name.clone());
            let name = name.unwrap_or_else(|| organisation.to_string());
            let told = console.ask(move |house| house.explain(&actor, &id, &organisation)).await?;
            let form = form_word(w, told.form);
            Some((name, told.allowed, form, said(w, &told.reason_it, &told.reason_en)))
        }
        None => None,
    };
    let found = standing.directory.search(about.text.trim(), 12);
    let matches = found.into_iter().map(|member| {
        let organisation = &member.organisation;
        (organisation.id.to_string(), organisation.name.clone(), w.kind(organisation.kind).into())
    });
    let matches = if about.text.trim().is_empty() { Vec::new() } else { matches.collect() };
    let frame = Frame::of(&console, &signed.visit, w.why_title(), Section::Items);
    page(&WhyPage { frame, id: known, item, asked: about.text, matches, answer })
}

/// The identifier in an address; what is none is nobody's.
fn named(id: &str) -> Result<ItemId, Problem> {
    ItemId::new(id).map_err(|error| Problem::new(Kind::Unknown, format!("{error}")))
}

fn said(w: Words, it: &str, en: &str) -> String {
    if w.0 == Language::It { it } else { en }.to_owned()
}

impl Told {
    /// Of an item, or what is left of it.
    fn of(
        (nodes, outposts): (&Nodes, &Outposts),
        actor: &Actor,
        id: &ItemId,
    ) -> Result<Result<Self, Tombstone>, vedetta_flow::FlowError> {
        let house = nodes.house();
        let item = match house.item_or_tombstone(actor, id)? {
            Ok(item) => item,
            Err(left) => return Ok(Err(left)),
        };
        let own = house.standing().directory.number(&actor.organisation);
        let own = own.filter(|own| *own != item.producer);
        let own = own.and_then(|own| house.item_of(actor, id, own).ok());
        Ok(Ok(Self {
            deliveries: house.deliveries(actor, &item)?,
            own: own.map(|own| house.deliveries(actor, &own)).transpose()?,
            refused: nodes.refused_by(actor, id)?,
            answer: house.explain(actor, id, &actor.organisation).ok(),
            preview: house.audience_of(actor, &item)?,
            seen: outposts.seen_by(actor, id)?,
            looked: match id.as_str().starts_with("indicator--") {
                true => outposts.looked(actor, item.stamp.seq)?,
                false => (0, 0),
            },
            item,
        }))
    }

    fn page(self, console: &Console, signed: &Signed) -> ItemPage {
        let (w, house, actor) = (signed.words(), console.house(), &signed.person.actor);
        let line = Line::of(house, &self.item, w);
        let summary = Summary::of(&self.item.body);
        let own = self.deliveries.iter().find(|it| it.organisation == actor.organisation);
        let mine = own.and_then(|it| acknowledged(it, w));
        let count = |has: fn(&&Delivery) -> bool| self.deliveries.iter().filter(has).count();
        let room = house.is_of_the_room(actor, &[Role::DutyOfficer]);
        let own_item = house.source(&self.item).is_some_and(|it| it.id == actor.organisation);
        let producer = !actor.is(Role::Auditor) || actor.roles.len() > 1;
        let title = short(&line.title, 80);
        ItemPage {
            frame: Frame::of(console, &signed.visit, &title, Section::Items),
            version: Moment::of(self.item.version, w),
            pap: self.item.pap.to_string(),
            pap_means: pap(w, self.item.pap),
            facts: facts(w, &self.item, &summary),
            looked: (self.looked.1 > 0).then(|| w.seen_looked(self.looked.0, self.looked.1)),
            seen: self.seen.map(|it| seen(w, (it.organisations, it.regions), it.since)),
            raw: pretty(&self.item.body),
            why: self.answer.as_ref().map(|it| said(w, &it.reason_it, &it.reason_en)),
            paths: self.answer.iter().flat_map(|it| &it.paths).map(|it| path(house, it)).collect(),
            who_has: WhoHas::delivered(house, w, &self.deliveries),
            own: self.own.as_ref().map(|own| WhoHas::delivered(house, w, own)),
            refused: refused(house, w, &self.refused),
            reached: count(|it| it.at.is_some()),
            acknowledgements: count(|it| it.acknowledged.is_some()),
            audience: self.preview.as_ref().map(|preview| Audience::of(house, w, preview)),
            may_acknowledge: producer && mine.is_none(),
            mine_acknowledged: mine,
            may_withdraw: producer && (own_item || room),
            may_ask: house
                .is_of_the_room(actor, &[Role::DutyOfficer, Role::Analyst, Role::Auditor]),
            line,
            summary,
        }
    }
}

/// By which nodes an item came, by name.
fn path(house: &House, nodes: &[OrganisationId]) -> String {
    nodes.iter().map(|node| name(house, node)).collect::<Vec<_>>().join(" → ")
}

fn name(house: &House, node: &OrganisationId) -> String {
    let known = house.standing().directory.organisation(node).map(|it| it.name.clone());
    known.unwrap_or_else(|| node.to_string())
}

/// Which nodes refused it, by name, the latest first.
fn refused(
    house: &House,
    w: Words,
    all: &BTreeMap<OrganisationId, Vec<RefusedThere>>,
) -> Vec<(String, Refusal)> {
    let of = |(node, some): (&OrganisationId, &Vec<RefusedThere>)| {
        let name = name(house, node);
        some.iter().rev().map(move |it| (name.clone(), Refusal::of(it, w))).collect::<Vec<_>>()
    };
    all.iter().flat_map(of).collect()
}

/// What the object says of itself beside its name, in words.
fn facts(w: Words, item: &ReadItem, summary: &Summary) -> Vec<(&'static str, String)> {
    let mut facts = vec![(w.fact_identifier(), item.id.to_string())];
    if let Some(pattern) = &summary.pattern {
        facts.push((w.fact_pattern(), pattern.clone()));
    }
    if let Some(confidence) = summary.confidence {
        facts.push((w.fact_confidence(), format!("{confidence}/100")));
    }
    for (label, moment) in
        [(w.fact_valid_from(), &summary.valid_from), (w.fact_valid_until(), &summary.valid_until)]
    {
        if let Some(moment) = moment {
            let read = moment.parse().map(|at| Moment::of(at, w).text().to_owned());
            facts.push((label, read.unwrap_or_else(|_| moment.clone())));
        }
    }
    facts
}

fn pretty(body: &[u8]) -> String {
    let value: Result<BTreeMap<String, serde_json::Value>, _> = serde_json::from_slice(body);
    let text = value.ok().and_then(|value| serde_json::to_string_pretty(&value).ok());
    text.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned())
}

impl WhyPage {
    fn address(&self, organisation: &str) -> String {
        let text = escaped(&self.asked);
        format!("/items/{}/why?organisation={organisation}&text={text}", self.id)
    }
}
