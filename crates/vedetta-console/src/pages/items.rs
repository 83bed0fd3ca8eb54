//! The items that one may read, the newest first.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use vedetta_api::Problem;
use vedetta_flow::{Found, Look, Sequence, Share};
use vedetta_frame::console::Console;
use vedetta_frame::export::Table;
use vedetta_frame::fields::Choice;
use vedetta_frame::forms::escaped;
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::shown::{Line, Summary};
use vedetta_frame::visit::Signed;
use vedetta_model::Tlp;
use vedetta_words::Words;

/// What is looked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    text: String,
    kind: String,
    tlp: String,
    own: String,
    before: Option<u64>,
}

/// One item in the list: also what appears on open pages by itself.
#[derive(Template)]
#[template(path = "item_line.html")]
pub(crate) struct Item {
    line: Line,
    w: Words,
}

#[derive(Template)]
#[template(path = "items.html")]
struct Items {
    frame: Frame,
    asked: Asked,
    kinds: Vec<Choice>,
    tlps: Vec<Choice>,
    items: Vec<Item>,
    older: Option<String>,
    looked_far: bool,
    may_publish: bool,
}

/// Items on a page.
const PAGE: usize = 40;
/// Items in a file at most.
const EXPORTED: usize = 500;
/// The types that people look for.
const KINDS: [&str; 12] = [
    "indicator",
    "incident",
    "report",
    "malware",
    "vulnerability",
    "attack-pattern",
    "campaign",
    "intrusion-set",
    "threat-actor",
    "course-of-action",
    "sighting",
    "note",
];

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let w = signed.words();
    let (actor, wanted) = (signed.actor(), asked.clone());
    if let Some(form) = signed.visit.exported() {
        let table =
            console.ask(move |house| Ok(table(house, &wanted.find(house, &actor, EXPORTED)?)));
        return table.await?.answer((&console, &signed), form).await;
    }
    let found = console
        .ask(move |house| {
            let found = wanted.find(house, &actor, PAGE)?;
            let items = found.items.iter().map(|item| Item::of(Line::of(house, item, w), w));
            Ok((items.collect::<Vec<_>>(), found.before))
        })
        .await?;
    let (items, before) = found;
    let frame = Frame::of(&console, &signed.visit, w.items_title(), Section::Items);
    let older = before.map(|place| asked.address(Some(place)));
    let looked_far = items.len() < PAGE && older.is_some();
    let frame = if asked.is_plain() { frame.live() } else { frame };
    let may_publish = signed.may("/publish");
    let kinds = KINDS.map(|value| Choice {
        value: value.into(),
        label: w.stix_kind(value),
        chosen: asked.kind == value,
    });
    let tlps = Tlp::ALL.map(|tlp| {
        let value = tlp.label();
        Choice { value: value.into(), label: value, chosen: asked.tlp == value }
    });
    page(&Items {
        frame,
        asked,
        kinds: kinds.into(),
        tlps: tlps.into(),
        items,
        older,
        looked_far,
        may_publish,
    })
}

fn table(house: &vedetta_flow::House, found: &Found) -> Table {
    let columns = ["id", "type", "title", "tlp", "pap", "producer", "version"];
    let mut table = Table::new("items", &columns);
    for it in &found.items {
        let summary = Summary::of(&it.body);
        table.row([
            it.id.to_string(),
            it.id.kind().to_owned(),
            summary.title().unwrap_or_default().to_owned(),
            it.tlp.label().to_owned(),
            it.pap.label().to_owned(),
            house.source(it).map_or_else(String::new, |it| it.id.to_string()),
            it.version.to_string(),
        ]);
    }
    table
}

impl Asked {
    fn find(
        &self,
        house: &vedetta_flow::House,
        actor: &vedetta_model::Actor,
        limit: usize,
    ) -> Result<Found, vedetta_flow::FlowError> {
        let kinds: Vec<String> =
            KINDS.into_iter().filter(|kind| *kind == self.kind).map(str::to_owned).collect();
        let look = Look {
            before: self.before.map(Sequence),
            limit,
            share: if self.own.is_empty() { Share::Cleared } else { Share::Own },
            kinds: &kinds,
            tlp: self.tlp.parse().ok(),
        };
        let text = self.text.trim().to_lowercase();
        house.newest_items(actor, &look, |item| {
            text.is_empty() || item.id.as_str() == text || Summary::of(&item.body).mentions(&text)
        })
    }

    /// Whether nothing was narrowed: then what is new belongs on top.
    fn is_plain(&self) -> bool {
        self.text.is_empty()
            && self.kind.is_empty()
            && self.tlp.is_empty()
            && self.own.is_empty()
            && self.before.is_none()
    }

    fn address(&self, before: Option<Sequence>) -> String {
        let mut pairs = Vec::new();
        let fields =
            [("text", &self.text), ("kind", &self.kind), ("tlp", &self.tlp), ("own", &self.own)];
        for (name, value) in fields {
            if !value.is_empty() {
                pairs.push(format!("{name}={}", escaped(value)));
            }
        }
        pairs.extend(before.map(|place| format!("before={}", place.0)));
        if pairs.is_empty() { "/items".into() } else { format!("/items?{}", pairs.join("&")) }
    }
}

impl Item {
    pub(crate) fn of(line: Line, w: Words) -> Self {
        Self { line, w }
    }

    /// As HTML; empty when the template cannot be written.
    pub(crate) fn html(&self) -> String {
        self.render().unwrap_or_default()
    }
}
