//! What was received and must no longer be used: by which agreement or organisation, since when, why,
//! and what to do.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use vedetta_api::Problem;
use vedetta_api::access::Cost;
use vedetta_flow::views::lapses::{Cause, Lapse, Lapsed, Wanted};
use vedetta_flow::{FlowError, House, Sequence};
use vedetta_frame::console::Console;
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::shown::Moment;
use vedetta_frame::visit::Signed;
use vedetta_model::{Actor, ItemId};
use vedetta_words::Words;

/// One lapse.
struct Row {
    name: String,
    id: String,
    address: String,
    word: &'static str,
    look: &'static str,
    since: Moment,
    told: Moment,
    reason: Option<String>,
    advice: String,
    holders: Vec<(String, String)>,
    more_holders: usize,
    items: Vec<String>,
    /// Where all of them are, when these may be but some.
    more_items: Option<String>,
}

/// A lapse, and items that the asker's organisation had by it.
struct Found {
    lapse: Lapse,
    items: Vec<ItemId>,
    /// Whether there may be more of them.
    partly: bool,
}

#[derive(Template)]
#[template(path = "lapses.html")]
struct Lapses {
    frame: Frame,
    rows: Vec<Row>,
    hidden: usize,
}

/// Lapses on a page, and holders and items of each.
const LISTED: usize = 50;
/// Times that the house is asked for items, for one page.
const ASKED: usize = 200;

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    let w = signed.words();
    let actor = Actor { language: w.0, ..signed.actor() };
    let asked = console.api().ask_at(Cost::Bulk, move |house| find(house, &actor));
    let (lapses, hidden) = asked.await?;
    let rows = lapses.into_iter().map(|it| Row::of(&console, w, it)).collect();
    let frame = Frame::of(&console, &signed.visit, w.lapses_title(), Section::Agreements);
    page(&Lapses { frame, rows, hidden })
}

/// The latest lapses, and how many there are besides.
fn find(house: &House, by: &Actor) -> Result<(Vec<Found>, usize), FlowError> {
    let mut lapses = house.lapses(by)?;
    lapses.sort_by_key(|it| std::cmp::Reverse(it.notice.place));
    let hidden = lapses.len().saturating_sub(LISTED);
    lapses.truncate(LISTED);
    let (mut found, mut left) = (Vec::new(), ASKED);
    for lapse in lapses {
        let mut it = Found { lapse, items: Vec::new(), partly: false };
        if it.lapse.holders.contains(&by.organisation) {
            it.read(house, by, &mut left)?;
        }
        found.push(it);
    }
    Ok((found, hidden))
}

impl Found {
    /// Reads on until there are enough: what is read together may hold few that were had, or none.
    fn read(&mut self, house: &House, by: &Actor, left: &mut usize) -> Result<(), FlowError> {
        let mut next = Some(Sequence::START);
        while let Some(after) = next.filter(|_| self.items.len() <= LISTED && *left > 0) {
            let cause = self.lapse.notice.cause.clone();
            let page = house.lapsed_items(by, &Wanted { cause, holder: None, after })?;
            self.items.extend(page.items.into_iter().map(|it| it.item));
            (next, *left) = (page.next, *left - 1);
        }
        self.partly = next.is_some() || self.items.len() > LISTED;
        self.items.truncate(LISTED);
        Ok(())
    }
}

impl Row {
    fn of(console: &Console, w: Words, Found { lapse, items, partly }: Found) -> Self {
        let standing = console.house().standing();
        let organisation = |id: &vedetta_model::OrganisationId| {
            let known = standing.directory.organisation(id);
            known.map_or_else(|| id.to_string(), |it| it.name.clone())
        };
        let Lapse { notice, holders } = lapse;
        let (name, id, address) = match &notice.cause {
            Cause::Agreement(id) => {
                let known = standing.agreements.iter().find(|it| it.id == *id);
                let name = known.map_or_else(|| id.to_string(), |it| it.title.clone());
                (name, id.to_string(), format!("/agreements/{id}"))
            }
            Cause::Organisation(id) => {
                (organisation(id), id.to_string(), format!("/directory/{id}"))
            }
        };
        let (word, look) = match notice.now {
            Lapsed::Suspended => (w.lapse_suspended(), "badge-warn"),
            Lapsed::Ended => (w.lapse_ended(), "badge-bad"),
            Lapsed::Removed => (w.lapse_removed(), "badge-bad"),
            Lapsed::Excluded => (w.lapse_excluded(), "badge-warn"),
            Lapsed::Restored => (w.lapse_restored(), "badge-good"),
        };
        let named = holders.iter().take(LISTED).map(|id| (id.to_string(), organisation(id)));
        Self {
            word,
            look,
            since: Moment::of(notice.since, w),
            told: Moment::of(notice.at, w),
            reason: notice.reason,
            advice: notice.advice,
            holders: named.collect(),
            more_holders: holders.len().saturating_sub(LISTED),
            items: items.iter().map(ItemId::to_string).collect(),
            more_items: notice.items.filter(|_| partly),
            name,
            id,
            address,
        }
    }
}
