//! Acknowledgements that are overdue under agreements, with whom to call about each.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde_json::Value;
use vedetta_api::Problem;
use vedetta_api::access::Cost;
use vedetta_flow::{House, Standing};
use vedetta_frame::console::Console;
use vedetta_frame::export::Table;
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::organisation::name;
use vedetta_frame::shown::{Moment, left};
use vedetta_frame::visit::Signed;
use vedetta_model::{Actor, Contact};
use vedetta_timeliness::{Overdue, OverdueWish, Sides, Timeliness};

/// One of them.
struct Row {
    /// The item, and what it calls itself.
    item: (String, String),
    organisation: (String, String),
    agreement: (String, String),
    received: Moment,
    due: Moment,
    left: String,
    contacts: Vec<(String, Option<String>)>,
}

#[derive(Template)]
#[template(path = "overdue.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
}

/// As many as a page and a file hold.
const LISTED: usize = 500;

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let found = console.api().ask_at(Cost::Bulk, move |house| {
        let of = Timeliness::of(house);
        let wish = OverdueWish { limit: LISTED, ..OverdueWish::default() };
        let mut titles = BTreeMap::new();
        let overdue = of.overdue(&actor, &wish)?.into_iter();
        let rows = overdue.map(|it| {
            let title = titles.entry(it.item.clone()).or_insert_with(|| title(house, &actor, &it));
            (of.sides(&it), title.clone(), it)
        });
        Ok(rows.collect::<Vec<_>>())
    });
    let found = found.await?;
    if let Some(form) = signed.visit.exported() {
        return table(&found).answer((&console, &signed), form).await;
    }
    let (standing, now) = (console.house().standing(), console.house().now());
    let rows = found.iter().map(|(sides, title, it)| Row {
        item: (it.item.to_string(), title.clone()),
        organisation: (it.organisation.to_string(), name(&standing, &it.organisation)),
        agreement: (it.agreement.to_string(), agreement(&standing, it)),
        received: Moment::of(it.received, w),
        due: Moment::of(it.due, w),
        left: left(w, now, it.due),
        contacts: sides.contacts.iter().map(contact).collect(),
    });
    let rows = rows.collect();
    let frame = Frame::of(&console, &signed.visit, w.overdue_title(), Section::Overdue);
    page(&Page { frame, rows })
}

fn agreement(standing: &Standing, it: &Overdue) -> String {
    let known = standing.agreements.iter().find(|known| known.id == it.agreement);
    known.map_or_else(|| it.agreement.to_string(), |it| it.title.clone())
}

/// What an item calls itself; else its identifier.
fn title(house: &House, by: &Actor, it: &Overdue) -> String {
    let read = house.item(by, &it.item).ok();
    let item: Option<Value> = read.and_then(|it| serde_json::from_slice(&it.body).ok());
    let name = item.as_ref().and_then(|it| it["name"].as_str());
    name.map_or_else(|| it.item.to_string(), |name| name.chars().take(200).collect())
}

/// What a contact is called, and its telephone.
fn contact(it: &Contact) -> (String, Option<String>) {
    (format!("{}, {}", it.name, it.role), it.phone_24h.clone())
}

fn table(found: &[(Sides, String, Overdue)]) -> Table {
    let columns = ["item", "organisation", "agreement", "received", "due"];
    let mut table = Table::new("overdue", &columns);
    for (_, _, it) in found {
        table.row([
            it.item.to_string(),
            it.organisation.to_string(),
            it.agreement.to_string(),
            it.received.to_string(),
            it.due.to_string(),
        ]);
    }
    table
}
