//! What was received and must no longer be used: by which agreement or organisation, since when, why,
//! and what to do.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use vedetta_api::Problem;
use vedetta_flow::Sequence;
use vedetta_flow::views::lapses::{Cause, Lapse, Lapsed, Wanted};
use vedetta_frame::console::Console;
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::shown::Moment;
use vedetta_frame::visit::Signed;
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
    more_items: bool,
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

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let own = actor.organisation.clone();
    let (lapses, hidden) = console
        .ask(move |house| {
            let mut lapses = house.lapses(&actor)?;
            lapses.sort_by_key(|it| std::cmp::Reverse(it.notice.place));
            let hidden = lapses.len().saturating_sub(LISTED);
            lapses.truncate(LISTED);
            let mut found = Vec::new();
            for lapse in lapses {
                let cause = lapse.notice.cause.clone();
                let wanted = Wanted { cause, holder: None, after: Sequence::START };
                let items = match lapse.holders.contains(&own) {
                    true => house.lapsed_items(&actor, &wanted)?.items,
                    false => Vec::new(),
                };
                let items = items.into_iter().map(|it| it.item.to_string()).collect();
                found.push((lapse, items));
            }
            Ok((found, hidden))
        })
        .await?;
    let rows = lapses.into_iter().map(|it| Row::of(&console, w, it)).collect();
    let frame = Frame::of(&console, &signed.visit, w.lapses_title(), Section::Agreements);
    page(&Lapses { frame, rows, hidden })
}

impl Row {
    fn of(console: &Console, w: Words, (lapse, mut items): (Lapse, Vec<String>)) -> Self {
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
        let more_items = items.len() > LISTED;
        items.truncate(LISTED);
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
            items,
            more_items,
            name,
            id,
            address,
        }
    }
}
