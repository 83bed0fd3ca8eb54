//! An item that was withdrawn: what it was, who withdrew it, when and why, and who still holds it.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use vedetta_api::Problem;
use vedetta_flow::authority::ROOM_AND_AUDITORS;
use vedetta_flow::views::tombstone::Tombstone;
use vedetta_frame::console::Console;
use vedetta_frame::frame::{Frame, Section, page_with};
use vedetta_frame::shown::{Line, Moment, short};
use vedetta_frame::visit::Signed;
use vedetta_model::{ItemId, OrganisationId};

use super::who_has::WhoHas;

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
    holders: Option<WhoHas>,
    may_ask: bool,
}

/// The page of what is left of an item.
pub(super) fn page(
    (console, signed): (&Console, &Signed),
    id: &ItemId,
    left: &Tombstone,
) -> Result<Response, Problem> {
    let (w, house) = (signed.words(), console.house());
    let line = left.last.as_ref().map(|item| Line::of(house, item, w));
    let title = line.as_ref().map_or(w.item_withdrawn(), |line| &line.title);
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
            holders: left.holders.as_ref().map(|all| WhoHas::holding(house, w, all)),
            may_ask: house.is_of_the_room(&signed.person.actor, ROOM_AND_AUDITORS),
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
