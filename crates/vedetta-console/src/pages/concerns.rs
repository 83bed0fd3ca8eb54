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
use vedetta_frame::shown::{Line, Moment, Summary, happens, short};
use vedetta_frame::visit::Signed;
use vedetta_model::{Actor, Category, OrganisationNumber, Places};
use vedetta_words::Words;

/// Something that concerns us.
struct Concern {
    line: Line,
    because: Vec<String>,
    text: Option<String>,
    what_to_do: String,
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
    let found = console
        .watch(move |watch| watch.why_concerned(&actor, &newest(watch.house(), &actor)?))
        .await?;
    let places: Places = found.iter().map(|it| it.read.stamp.seq.0).collect();
    let concerns = found.iter().map(|it| Concern::of(console.house(), w, it)).collect();
    let assets = console.house().standing().directory.assets_of(&of).len();
    let frame = Frame::of(&console, &signed.visit, w.concerns_title(), Section::Concerns).live();
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

/// The newest that may concern an actor's organisation: what looks for something that it owns, and the
/// warnings that it received.
fn newest(house: &House, actor: &Actor) -> Result<Vec<ReadItem>, vedetta_flow::FlowError> {
    let standing = house.standing();
    let Some(own) = standing.directory.number(&actor.organisation) else { return Ok(Vec::new()) };
    let look = Look { before: None, limit: SHOWN, share: Share::Cleared, kinds: &[], tlp: None };
    let ours = |item: &ReadItem| house.source(item).is_some_and(|it| it.id == actor.organisation);
    let warns = |item: &ReadItem| house.category(item) == Some(Category::EarlyWarning);
    let found = house.newest_items(actor, &look, |item| {
        !ours(item) && (warns(item) || touches(&standing, own, item))
    })?;
    Ok(found.items)
}

impl Concern {
    fn of(house: &House, w: Words, it: &vedetta_watch::Concern) -> Self {
        let text = Summary::of(&it.read.body).description;
        Self {
            line: Line::of(house, &it.read, w),
            because: it.because.iter().map(|it| it.to(w.0).to_owned()).collect(),
            text: text.map(|text| short(happens(&text, w), 600)),
            what_to_do: it.what_to_do.to(w.0).to_owned(),
            acknowledged: it.acknowledged.is_some(),
            reminded: it.reminded.map(|at| Moment::of(at, w)),
        }
    }
}

/// Whether what an item looks for touches what an organisation owns.
fn touches(standing: &Standing, own: OrganisationNumber, item: &ReadItem) -> bool {
    let summary = Summary::of(&item.body);
    summary.pattern.iter().flat_map(|pattern| quoted(pattern)).any(|text| {
        Observable::read(text)
            .is_ok_and(|it| standing.relevance.concerned(&it).everyone().contains(own))
    })
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
