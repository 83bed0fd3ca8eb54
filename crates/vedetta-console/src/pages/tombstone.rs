//! An item that was withdrawn: what it was, who withdrew it, when and why, and who still holds it.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use vedetta_api::Problem;
use vedetta_flow::views::see_withdrawn::Holder;
use vedetta_flow::views::tombstone::Tombstone;
use vedetta_frame::audience::form_word;
use vedetta_frame::console::Console;
use vedetta_frame::frame::{Frame, Section, page_with};
use vedetta_frame::shown::{Line, Moment, short};
use vedetta_frame::visit::Signed;
use vedetta_model::{ItemId, OrganisationId};
use vedetta_words::Words;

/// One who holds it.
struct Holds {
    id: String,
    name: String,
    form: &'static str,
    door: Option<&'static str>,
    at: Option<Moment>,
    acknowledged: Option<(Moment, String)>,
}

#[derive(Template)]
#[template(path = "tombstone.html")]
struct TombstonePage {
    frame: Frame,
    id: String,
    kind: &'static str,
    /// As it was read last, where it was.
    line: Option<Line>,
    at: Moment,
    by: Option<String>,
    reason: String,
    /// Whether by whom and why is kept from who asks, rather than not known.
    untold: bool,
    holders: Option<Vec<Holds>>,
    count: String,
    hidden: usize,
}

/// Rows of those who hold it.
const ROWS: usize = 200;

/// The page of what is left of an item.
pub(super) fn page(
    (console, signed): (&Console, &Signed),
    id: &ItemId,
    left: &Tombstone,
) -> Result<Response, Problem> {
    let (w, house) = (signed.words(), console.house());
    let line = left.last.as_ref().map(|item| Line::of(house, item, w));
    let title = line.as_ref().map_or(w.item_withdrawn(), |line| &line.title);
    let count = left.holders.as_ref().map_or(0, Vec::len);
    let by = left.withdrawn.by.as_ref();
    page_with(
        StatusCode::GONE,
        &TombstonePage {
            frame: Frame::of(console, &signed.visit, &short(title, 80), Section::Items),
            id: id.to_string(),
            kind: w.stix_kind(id.kind()),
            at: Moment::of(left.withdrawn.at, w),
            by: by.map(|by| called(console, by)),
            reason: left.withdrawn.reason.clone(),
            untold: by.is_none() && left.holders.is_none(),
            holders: left.holders.as_ref().map(|all| rows(console, w, all)),
            count: w.number(count as u64),
            hidden: count.saturating_sub(ROWS),
            line,
        },
    )
}

/// An organisation by its name; an account, or another node, as it is.
fn called(console: &Console, by: &str) -> String {
    let standing = console.house().standing();
    let id = OrganisationId::new(by).ok();
    let known = id.and_then(|id| standing.directory.organisation(&id));
    known.map_or_else(|| by.to_owned(), |it| it.name.clone())
}

/// Those who have not acknowledged first.
fn rows(console: &Console, w: Words, holders: &[Holder]) -> Vec<Holds> {
    let mut sorted: Vec<_> = holders.iter().collect();
    sorted.sort_by_key(|it| (it.acknowledged.is_some(), it.at));
    let rows = sorted.into_iter().take(ROWS).map(|it| Holds {
        id: it.organisation.to_string(),
        name: called(console, it.organisation.as_str()),
        form: form_word(w, Some(it.form)),
        door: it.door.map(|door| w.door(door)),
        at: it.at.map(|at| Moment::of(at, w)),
        acknowledged: it.acknowledged.as_ref().map(|it| (Moment::of(it.at, w), w.who_by(it))),
    });
    rows.collect()
}
