//! Publishing: written once, seen by whom it would reach before it goes.

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde_json::{Value, json};
use vedetta_api::{Problem, problem::Kind};
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_model::item::HANDLING_EXTENSION;
use vedetta_model::{Category, Handling, ItemId, OrganisationId, Pap, Tlp};

use super::item::Audience;
use super::{Choice, code, whole};
use crate::console::Console;
use crate::forms::{Done, Sent};
use crate::frame::{Frame, Section, page, page_with};
use crate::said::Said;
use crate::visit::Signed;
use vedetta_words::Words;

/// What is written, as typed.
#[derive(Default)]
struct Typed {
    title: String,
    text: String,
    value: String,
    victims: String,
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
}

/// What can be published from a form, and the observable that its pattern looks for.
const WHATS: [(&str, Option<&str>); 8] = [
    ("report", None),
    ("incident", None),
    ("domain", Some("domain-name:value")),
    ("ipv4", Some("ipv4-addr:value")),
    ("ipv6", Some("ipv6-addr:value")),
    ("url", Some("url:value")),
    ("email", Some("email-addr:value")),
    ("sha-256", Some("file:hashes.'SHA-256'")),
];

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
    let wanted = match Wanted::read(w, &signed, &sent) {
        Ok(wanted) => wanted,
        Err(fault) => return refuse(&console, &signed, &sent, (Kind::Invalid, fault)),
    };
    if sent.text("step") != "publish" {
        let handling = Arc::new(wanted.handling.clone());
        let preview = console.ask(move |house| house.preview(&actor, &handling)).await;
        return match preview {
            Ok(preview) => {
                let audience = Some(Audience::of(console.house(), w, &preview));
                page(&Publish { audience, ..Publish::of(&console, &signed, &sent) })
            }
            Err(problem) => refuse(&console, &signed, &sent, (problem.kind, whole(w, &problem))),
        };
    }
    let uuid = vedetta_model::chance::uuid(console.house().entropy());
    let id = ItemId::of(wanted.kind, uuid);
    let (object, to) = (wanted.object(&id, console.house().now()), format!("/items/{id}"));
    let act = async {
        let receipt = console.ask(move |house| {
            let limits = stix_bundle::limits();
            let source = actor.account.to_string();
            let arrival = stix_bundle::read(DoorIn::Api, &source, object.as_bytes(), &limits);
            house.accept(&actor, arrival)
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
    kind: &'static str,
    handling: Handling,
    title: String,
    text: String,
    pattern: Option<String>,
}

impl Wanted {
    fn read(w: Words, signed: &Signed, sent: &Sent) -> Result<Self, String> {
        let what = WHATS.into_iter().find(|(what, _)| *what == sent.text("what"));
        let (what, observable) = what.ok_or_else(|| w.publish_what_missing().to_owned())?;
        let title = sent.given("title").ok_or_else(|| w.publish_title_missing().to_owned())?;
        let (kind, category) = match what {
            "report" => ("report", Category::EarlyWarning),
            "incident" => ("incident", Category::Incident),
            _ => ("indicator", Category::Indicator),
        };
        let pattern = match observable {
            None => None,
            Some(observable) => {
                let value =
                    sent.given("value").ok_or_else(|| w.publish_value_missing().to_owned())?;
                let value = value.replace('\\', "\\\\").replace('\'', "\\'");
                Some(format!("[{observable} = '{value}']"))
            }
        };
        let tlp: Tlp = sent.text("tlp").parse().map_err(|_| w.publish_tlp_missing().to_owned())?;
        let pap: Pap = sent.text("pap").parse().unwrap_or_default();
        let victims: Result<BTreeSet<OrganisationId>, _> = sent
            .text("victims")
            .split([',', ' ', '\n'])
            .filter(|it| !it.trim().is_empty())
            .map(|it| OrganisationId::new(it.trim()))
            .collect();
        let handling = Handling {
            producer: signed.person.actor.organisation.clone(),
            category,
            tlp,
            pap,
            victims: victims.map_err(|error| error.to_string())?,
            named: BTreeSet::new(),
            only_under: BTreeSet::new(),
            via: BTreeSet::new(),
        };
        let (title, text) = (title.to_owned(), sent.text("text").to_owned());
        Ok(Self { kind, handling, title, text, pattern })
    }

    /// As an object of STIX 2.1.
    fn object(&self, id: &ItemId, now: vedetta_model::Instant) -> String {
        let handling = &self.handling;
        let marking = match handling.tlp {
            Tlp::Clear => "94868c89-83c2-464b-929b-a1a8aa3c8487",
            Tlp::Green => "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
            Tlp::Amber => "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
            Tlp::AmberStrict => "939a9414-2ddd-4d32-a0cd-375ea402b003",
            Tlp::Red => "e828b379-4e03-4974-9ac4-e53a884c97c1",
        };
        let marking = format!("marking-definition--{marking}");
        let victims: Vec<Value> =
            handling.victims.iter().map(|it| json!(it.identity().as_str())).collect();
        let mut extension = json!({
            "extension_type": "property-extension",
            "category": code(handling.category),
            "pap": handling.pap.label(),
        });
        if !victims.is_empty() {
            extension["victim_refs"] = Value::Array(victims);
        }
        let mut object = json!({
            "type": self.kind,
            "spec_version": "2.1",
            "id": id.as_str(),
            "created": now,
            "modified": now,
            "name": self.title,
            "object_marking_refs": [marking],
            "extensions": { HANDLING_EXTENSION: extension },
        });
        if !self.text.is_empty() {
            object["description"] = json!(self.text);
        }
        if let Some(pattern) = &self.pattern {
            object["pattern"] = json!(pattern);
            object["pattern_type"] = json!("stix");
            object["valid_from"] = json!(now);
        }
        if self.kind == "report" {
            object["published"] = json!(now);
            object["object_refs"] = json!([marking]);
        }
        object.to_string()
    }
}

impl Publish {
    fn of(console: &Console, signed: &Signed, sent: &Sent) -> Self {
        let w = signed.words();
        let chosen = |name: &str, value: &str, first: &str| match sent.given(name) {
            Some(given) => given == value,
            None => value == first,
        };
        let whats = WHATS.map(|(value, _)| Choice {
            label: w.published(value),
            chosen: chosen("what", value, "report"),
            value: value.into(),
        });
        let tlps = Tlp::ALL.map(|tlp| Choice {
            label: tlp.label(),
            chosen: chosen("tlp", tlp.label(), "AMBER"),
            value: tlp.label().into(),
        });
        let paps = Pap::ALL.map(|pap| Choice {
            label: pap.label(),
            chosen: chosen("pap", pap.label(), "GREEN"),
            value: pap.label().into(),
        });
        Self {
            frame: Frame::of(console, &signed.visit, w.publish_title(), Section::Publish),
            fault: None,
            typed: Typed {
                title: sent.text("title").to_owned(),
                text: sent.text("text").to_owned(),
                value: sent.text("value").to_owned(),
                victims: sent.text("victims").to_owned(),
            },
            whats: whats.into(),
            tlps: tlps.into(),
            paps: paps.into(),
            audience: None,
        }
    }
}
