//! What concerns us: of all that one may read, what touches one's own organisation, in plain words,
//! with what to do and one button.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use vedetta_api::Problem;
use vedetta_directory::Observable;
use vedetta_flow::{Door, House, Look, ReadItem, Share, Standing};
use vedetta_frame::console::Console;
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::shown::{Line, Moment, Summary, short, spoken};
use vedetta_frame::visit::Signed;
use vedetta_model::{Actor, ItemId, OrganisationNumber, Places};
use vedetta_words::Words;

/// Something that concerns us.
pub(super) struct Concern {
    line: Line,
    /// Where it was released.
    place: u64,
    because: Vec<String>,
    text: Option<String>,
    what_to_do: &'static str,
    acknowledged: bool,
    /// When the room last reminded of it.
    reminded: Option<Moment>,
}

#[derive(Template)]
#[template(path = "concerns.html")]
struct Concerns {
    frame: Frame,
    concerns: Vec<Concern>,
    assets: usize,
    may_acknowledge: bool,
    may_report: bool,
}

/// Shown at most.
const SHOWN: usize = 30;

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let of = actor.organisation.clone();
    console.api().room_to_deliver().await?;
    let mut concerns = console.ask(move |house| find(house, &actor, w, SHOWN)).await?;
    let ids = concerns.iter().filter_map(|it| ItemId::new(&it.line.id).ok());
    let (by, ids) = (signed.actor(), ids.collect::<Vec<_>>());
    let reminded = console.watch(move |watch| watch.reminded(&by, &ids)).await?;
    for it in &mut concerns {
        let at = reminded.iter().find(|(id, _)| id.as_str() == it.line.id);
        it.reminded = at.map(|(_, at)| Moment::of(*at, w));
    }
    let assets = console.house().standing().directory.assets_of(&of).len();
    let frame = Frame::of(&console, &signed.visit, w.concerns_title(), Section::Concerns).live();
    let places: Places = concerns.iter().map(|it| it.place).collect();
    let answer = page(&Concerns {
        frame,
        concerns,
        assets,
        may_report: console.admits(&signed, "/report"),
        may_acknowledge: signed.may_do("/items/{item}/acknowledgement"),
    })?;
    // What it says, why, and what to do stand there: whoever reads it has received it.
    Ok(console.api().delivering(answer, &signed.person.actor, Door::Console, places))
}

/// The newest that concern an actor's organisation.
pub(super) fn find(
    house: &House,
    actor: &Actor,
    w: Words,
    most: usize,
) -> Result<Vec<Concern>, vedetta_flow::FlowError> {
    let standing = house.standing();
    let Some(own) = standing.directory.number(&actor.organisation) else { return Ok(Vec::new()) };
    let look = Look { before: None, limit: most, share: Share::Cleared, kinds: &[], tlp: None };
    let ours = |item: &ReadItem| house.source(item).is_some_and(|it| it.id == actor.organisation);
    let found = house.newest_items(actor, &look, |item| {
        !ours(item) && !because(&standing, own, item, w).is_empty()
    })?;
    found
        .items
        .iter()
        .map(|item| {
            let summary = Summary::of(&item.body);
            let mine = house.deliveries(actor, item)?.into_iter();
            let mut mine = mine.filter(|it| it.organisation == actor.organisation);
            Ok(Concern {
                place: item.stamp.seq.0,
                because: because(&standing, own, item, w),
                text: summary.description.map(|text| short(spoken(&text, w), 600)),
                what_to_do: match summary.kind.as_str() {
                    "indicator" => w.do_indicator(),
                    "incident" => w.do_incident(),
                    "vulnerability" => w.do_vulnerability(),
                    _ => w.do_warning(),
                },
                reminded: None,
                acknowledged: mine.any(|it| it.acknowledged.is_some()),
                line: Line::of(house, item, w),
            })
        })
        .collect()
}

/// Why an item concerns an organisation: what it looks for touches what the organisation owns, or it is
/// a warning cleared to it.
fn because(standing: &Standing, own: OrganisationNumber, item: &ReadItem, w: Words) -> Vec<String> {
    if item.id.kind() == "report" {
        return vec![w.because_warning().to_owned()];
    }
    let summary = Summary::of(&item.body);
    let texts = summary.pattern.iter().flat_map(|pattern| quoted(pattern));
    let touched = texts.filter(|text| {
        Observable::read(text)
            .is_ok_and(|it| standing.relevance.concerned(&it).everyone().contains(own))
    });
    touched.take(3).map(|text| w.because_owned(text)).collect()
}

/// What stands between quotes in a pattern.
fn quoted(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split('\'').skip(1).step_by(2).filter(|text| !text.is_empty()).take(50)
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn what_a_pattern_looks_for_is_between_quotes() {
        let pattern = "[domain-name:value = 'a.example' OR ipv4-addr:value = '192.0.2.1']";
        assert_eq!(quoted(pattern).collect::<Vec<_>>(), ["a.example", "192.0.2.1"]);
        assert_eq!(quoted("[x]").count(), 0);
    }
}
