//! Acknowledgements that are overdue under agreements, with whom to call about each.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use vedetta_api::Problem;
use vedetta_api::access::Cost;
use vedetta_flow::Standing;
use vedetta_frame::console::Console;
use vedetta_frame::export::Table;
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::organisation::name;
use vedetta_frame::shown::{Moment, left};
use vedetta_frame::visit::Signed;
use vedetta_model::Contact;
use vedetta_timeliness::{Overdue, OverdueWish, Sides, Timeliness};

/// One of them.
struct Row {
    item: String,
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
        let overdue = of.overdue(&actor, &wish)?.into_iter();
        Ok(overdue.map(|it| (of.sides(&it), it)).collect::<Vec<_>>())
    });
    let found = found.await?;
    if let Some(form) = signed.visit.exported() {
        return table(&found).answer((&console, &signed), form).await;
    }
    let (standing, now) = (console.house().standing(), console.house().now());
    let rows = found.iter().map(|(sides, it)| Row {
        item: it.item.to_string(),
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

/// What a contact is called, and its telephone.
fn contact(it: &Contact) -> (String, Option<String>) {
    (format!("{}, {}", it.name, it.role), it.phone_24h.clone())
}

fn table(found: &[(Sides, Overdue)]) -> Table {
    let columns = ["item", "organisation", "agreement", "received", "due"];
    let mut table = Table::new("overdue", &columns);
    for (_, it) in found {
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
