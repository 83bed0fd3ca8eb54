//! One agreement: what it binds whom to, and the steps of its life.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use jiff::ToSpan as _;
use jiff::civil::Date;
use vedetta_api::{Problem, problem::Kind};
use vedetta_flow::{Standing, Step, last_day};
use vedetta_frame::console::Console;
use vedetta_frame::forms::{Done, Sent};
use vedetta_frame::frame::{Frame, Section, page, page_with};
use vedetta_frame::said::Said;
use vedetta_frame::shown::{Moment, date};
use vedetta_frame::visit::Signed;
use vedetta_model::agreement::{
    AdhesionRule, History, Party, Redistribution, Renewal, Selector, Stage, VictimVisibility,
};
use vedetta_model::{AccountId, Agreement, AgreementId, Contact, ContactId, Iep, Instant};
use vedetta_words::Words;

use super::agreements::{StageWord, word_of};

/// One side.
struct Side {
    name: String,
    members: Vec<(String, String)>,
    others: usize,
    count: String,
    selects: Vec<String>,
    gives: String,
    receives: String,
    /// Whom it names, and what the directory has of them.
    contacts: Vec<(String, Option<Contact>, Substitute)>,
}

/// Who is called when a contact does not answer: the identifier, and the name if it is known.
type Substitute = Option<(String, Option<String>)>;

#[derive(Template)]
#[template(path = "agreement.html")]
struct Page {
    frame: Frame,
    fault: Option<String>,
    agreement: Arc<Agreement>,
    stage: StageWord,
    since: Option<(Moment, Option<String>, Option<String>)>,
    today: Date,
    adheres: Option<String>,
    parent: Option<(String, String)>,
    sides: Vec<Side>,
    adhesions: Vec<(String, String)>,
    more_adhesions: usize,
    /// What the names of its parties stand for.
    names: BTreeMap<String, String>,
    text: String,
    may_change: bool,
    reason: String,
    until: String,
}

/// Members and adhesions listed.
const LISTED: usize = 40;

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    page(&Page::of(&console, &signed, &named(&id)?).await?)
}

pub(super) async fn step(
    State(console): State<Console>,
    signed: Signed,
    Path(id): Path<String>,
    sent: Sent,
) -> Result<Response, Problem> {
    let (id, actor, w) = (named(&id)?, signed.actor(), signed.words());
    let step = match asked(w, &sent) {
        Ok(step) => step,
        Err(fault) => {
            return again(&console, &signed, &id, &sent, (Kind::Invalid, fault)).await;
        }
    };
    let stepped = id.clone();
    let act = async {
        console.ask(move |house| house.step_agreement(&actor, &stepped, &step)).await?;
        Ok::<_, Problem>(Done::to(format!("/agreements/{id}")).said(Said::AgreementStepped))
    };
    match console.sent().once(&signed.person, &sent, act).await {
        Ok(done) => Ok(done.into_response()),
        Err(problem) if matches!(problem.kind, Kind::Conflict | Kind::Invalid) => {
            let told = (problem.kind, problem.detail);
            again(&console, &signed, &named(id.as_str())?, &sent, told).await
        }
        Err(problem) => Err(problem),
    }
}

/// The page with what was typed, and why it was refused.
async fn again(
    console: &Console,
    signed: &Signed,
    id: &AgreementId,
    sent: &Sent,
    (kind, fault): (Kind, String),
) -> Result<Response, Problem> {
    let told = Page {
        fault: Some(fault),
        reason: sent.text("reason").to_owned(),
        until: sent.text("until").to_owned(),
        ..Page::of(console, signed, id).await?
    };
    page_with(kind.face().1, &told)
}

/// The step that a form asks for.
fn asked(w: Words, sent: &Sent) -> Result<Step, String> {
    let reason = sent.text("reason");
    match sent.text("step") {
        "put-in-force" => Ok(Step::PutInForce),
        "resume" => Ok(Step::Resume),
        "end" => Ok(Step::End),
        "suspend" if reason.is_empty() => Err(w.reason_missing().to_owned()),
        "suspend" => Ok(Step::Suspend { reason: reason.to_owned() }),
        "renew" => match sent.text("until").parse::<Date>() {
            Ok(until) => Ok(Step::Renew { until }),
            Err(_) => Err(w.date_wrong().to_owned()),
        },
        _ => Err(w.step_unknown().to_owned()),
    }
}

fn named(id: &str) -> Result<AgreementId, Problem> {
    AgreementId::new(id).map_err(|error| Problem::new(Kind::Unknown, error.to_string()))
}

impl Page {
    async fn of(console: &Console, signed: &Signed, id: &AgreementId) -> Result<Self, Problem> {
        let (w, house, actor) = (signed.words(), console.house(), &signed.person.actor);
        let standing = house.standing();
        let seen = house.agreements(actor);
        let agreement = seen.iter().find(|it| it.id == *id).ok_or_else(|| {
            Problem::new(Kind::Unknown, format!("there is no agreement {id}; check the address"))
        })?;
        let draft = Arc::clone(agreement);
        let drafted = console.ask(move |house| house.drafted(&draft)).await?;
        let name = |id: &vedetta_model::OrganisationId| {
            let known = standing.directory.organisation(id);
            known.map_or_else(|| id.to_string(), |it| it.name.clone())
        };
        let sides = agreement.parties.iter().map(|party| {
            let members = standing.network.members(id, &party.name);
            let listed = members.iter().take(LISTED).filter_map(|number| {
                let organisation = standing.directory.numbered(number)?;
                Some((organisation.id.to_string(), organisation.name.clone()))
            });
            let contact = |id: &ContactId| {
                let known = standing.directory.contact(id).cloned();
                let substitute = known.as_ref().and_then(|it| it.substitute.as_ref()).map(|id| {
                    let name = standing.directory.contact(id).map(|it| it.name.clone());
                    (id.to_string(), name)
                });
                (id.to_string(), known, substitute)
            };
            let called = party_of(party, w, &standing);
            let side = Side::of((party, called), w, listed.collect(), members.len());
            Side { contacts: party.contacts.iter().map(contact).collect(), ..side }
        });
        let adhering = seen.iter().filter(|it| it.parent.as_ref() == Some(id));
        let adhering: Vec<_> = adhering.filter(|it| it.adhesion.is_some()).collect();
        let parent = agreement.parent.as_ref().and_then(|parent| {
            let known = standing.network.agreement(parent)?;
            Some((parent.to_string(), known.title.clone()))
        });
        let text = vedetta_flow::write_agreement(agreement).unwrap_or_default();
        Ok(Self {
            frame: Frame::of(console, &signed.visit, &agreement.title, Section::Agreements),
            fault: None,
            stage: word_of(w, agreement.stage.name()),
            since: since((w, &standing), &agreement.stage, drafted),
            today: house.now().day(),
            adheres: agreement.adhesion.as_ref().map(|it| name(&it.organisation)),
            agreement: Arc::clone(agreement),
            parent,
            sides: sides.collect(),
            more_adhesions: adhering.len().saturating_sub(LISTED),
            adhesions: (adhering.iter().take(LISTED))
                .map(|it| (it.id.to_string(), it.title.clone()))
                .collect(),
            names: names_in(agreement, w, &standing),
            text,
            may_change: house.is_of_the_room(actor, &[]),
            reason: String::new(),
            until: String::new(),
        })
    }
}

/// What a party is called: the organisations themselves when they are few, else what its members are.
pub(super) fn party_of(party: &Party, w: Words, standing: &Standing) -> String {
    let kinds = party.select.iter().flat_map(|it| it.kinds.iter().map(|kind| w.kinds(*kind)));
    let listed = party.organisations.iter().filter_map(|id| standing.directory.organisation(id));
    let listed: Vec<_> = listed.collect();
    let names = match listed.as_slice() {
        // Many of one kind.
        [first, rest @ ..] if rest.len() >= FEW && rest.iter().all(|it| it.kind == first.kind) => {
            vec![w.kinds(first.kind)]
        }
        listed => listed.iter().map(|it| it.name.as_str()).take(FEW + 1).collect(),
    };
    let names: Vec<_> = names.into_iter().chain(kinds).collect();
    if names.is_empty() || names.len() > FEW { party.name.clone() } else { names.join(", ") }
}

/// What those are called whom the lines on responsibility name: parties, and organisations.
fn names_in(agreement: &Agreement, w: Words, standing: &Standing) -> BTreeMap<String, String> {
    let parties = agreement.parties.iter();
    parties.map(|it| (it.name.clone(), party_of(it, w, standing))).collect()
}

/// Organisations that are named in the place of a party.
const FEW: usize = 3;

/// Days after which somebody should look whether a contact still answers.
const STALE: i64 = 183;

impl Page {
    fn day(&self, day: impl std::borrow::Borrow<Date>) -> String {
        date(*day.borrow(), self.frame.w)
    }

    /// Parties as people call them.
    fn called(&self, parties: &[String]) -> String {
        let called = parties.iter().map(|it| self.names.get(it).unwrap_or(it).as_str());
        called.collect::<Vec<_>>().join(", ")
    }

    /// What an exchange policy says: each clause, its field and its value.
    fn policy<'i>(&self, iep: &'i Iep) -> Vec<(&'static str, &'static str, &'i str)> {
        let w = self.frame.w;
        let clauses = [
            (w.iep_encryption(), "encrypt_in_transit", &iep.encrypt_in_transit),
            (w.iep_actions(), "permitted_actions", &iep.permitted_actions),
            (
                w.iep_notifications(),
                "affected_party_notifications",
                &iep.affected_party_notifications,
            ),
            (w.iep_attribution(), "attribution", &iep.attribution),
            (w.iep_resale(), "unmodified_resale", &iep.unmodified_resale),
        ];
        let said = clauses.into_iter();
        said.filter_map(|(what, field, said)| Some((what, field, said.as_deref()?))).collect()
    }

    fn last_day(&self) -> Date {
        last_day(&self.agreement.term, self.today)
    }

    /// Whether nobody has looked for long whether a contact answers.
    fn is_stale(&self, contact: &Contact) -> bool {
        let since = self.today.saturating_sub(STALE.days());
        contact.last_verified.is_none_or(|day| day < since)
    }
}

fn since(
    (w, standing): (Words, &Standing),
    stage: &Stage,
    drafted: Option<(String, Instant)>,
) -> Option<(Moment, Option<String>, Option<String>)> {
    let name = |by: &AccountId| {
        let known = standing.directory.account(by);
        known.map_or_else(|| by.to_string(), |it| it.name.clone())
    };
    match stage {
        Stage::Draft => drafted.map(|(by, since)| {
            let by = AccountId::new(&by).map_or(by, |it| name(&it));
            (Moment::of(since, w), Some(by), None)
        }),
        Stage::InForce { since, by } => Some((Moment::of(*since, w), Some(name(by)), None)),
        Stage::Suspended { since, by, reason } => {
            Some((Moment::of(*since, w), Some(name(by)), Some(reason.clone())))
        }
        Stage::Expired { since, by } => Some((Moment::of(*since, w), by.as_ref().map(name), None)),
    }
}

impl Side {
    fn of(
        (party, name): (&Party, String),
        w: Words,
        members: Vec<(String, String)>,
        count: usize,
    ) -> Self {
        let said = |set: &std::collections::BTreeSet<vedetta_model::Category>| {
            let words: Vec<_> = set.iter().map(|it| w.category(*it)).collect();
            if words.is_empty() { w.nothing().to_owned() } else { words.join(", ") }
        };
        Self {
            name,
            others: count.saturating_sub(members.len()),
            members,
            count: w.number(count as u64),
            selects: party.select.as_ref().map(|it| selects(w, it)).unwrap_or_default(),
            gives: said(&party.gives),
            receives: said(&party.receives),
            contacts: Vec::new(),
        }
    }
}

/// What a selector asks for, in words.
fn selects(w: Words, selector: &Selector) -> Vec<String> {
    let mut said = Vec::new();
    if !selector.kinds.is_empty() {
        said.push(selector.kinds.iter().map(|it| w.kind(*it)).collect::<Vec<_>>().join(", "));
    }
    let places = selector.regions.iter().chain(&selector.provinces);
    let places: Vec<_> = places.map(String::as_str).collect();
    if !places.is_empty() {
        said.push(places.join(", "));
    }
    if !selector.sectors.is_empty() {
        said.push(selector.sectors.iter().map(|it| w.sector(*it)).collect::<Vec<_>>().join(", "));
    }
    if let Some(people) = selector.population_above {
        said.push(w.people_above(&w.number(people.into())));
    }
    if selector.adhesion == AdhesionRule::Required {
        said.push(w.adhesion_required().to_owned());
    }
    said
}
