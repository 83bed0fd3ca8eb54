//! The situation: the first page, for whoever works here.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use vedetta_api::Problem;
use vedetta_flow::{Look, Share};
use vedetta_frame::console::Console;
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::shown::Line;
use vedetta_frame::visit::Signed;
use vedetta_room::clocks::Row as ClockRow;
use vedetta_watch::desk::escalation::Stands;
use vedetta_watch::{Counts, SavedView};

use super::items::Item;

/// A figure with what it counts, and where to see more.
struct Figure {
    value: String,
    label: &'static str,
    address: &'static str,
    alarming: bool,
}

/// An agreement whose term ends soon.
struct Ending {
    id: String,
    title: String,
    days: String,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    frame: Frame,
    figures: Vec<Figure>,
    items: Vec<Item>,
    ending: Vec<Ending>,
    views: Vec<SavedView>,
    clocks: Vec<ClockRow>,
}

/// Clocks on the first page.
const CLOCKS: usize = 5;
/// Lines on the first page.
const LINES: usize = 10;
/// How many days before its end an agreement is shown.
const SOON: u32 = 90;

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let items = console.ask(move |house| {
        let look =
            Look { before: None, limit: LINES, share: Share::Cleared, kinds: &[], tlp: None };
        let found = house.newest_items(&actor, &look, |_| true)?;
        Ok(found.items.iter().map(|item| Item::of(Line::of(house, item, w), w)).collect())
    });
    let items = items.await?;
    let actor = signed.actor();
    let views = console.watch(move |watch| watch.saved_views(&actor)).await?;
    let clocks = clocks(&console, &signed).await?;
    let frame = Frame::of(&console, &signed.visit, w.situation_title(), Section::Situation).live();
    let actor = signed.actor();
    let counts = console.watch(move |watch| watch.counts(&actor)).await?;
    let mut figures = figures(&console, &signed);
    figures.extend(cases(&console, &signed, &counts));
    figures.extend(alarms(&console, &signed).await?);
    let ending = ending(&console, &signed);
    page(&Home { frame, figures, items, ending, views, clocks })
}

/// The cases that are open, and for the room those that wait.
fn cases(console: &Console, signed: &Signed, counts: &Counts) -> Vec<Figure> {
    let w = signed.words();
    let cases = counts.open.iter().sum::<usize>() + counts.unjudged;
    let open = Figure {
        value: w.number(cases as u64),
        label: if cases == 1 { w.figure_case() } else { w.figure_cases() },
        address: "/incidents",
        alarming: counts.open.iter().take(2).any(|count| *count > 0),
    };
    let waiting = console.admits(signed, "/queue").then(|| Figure {
        value: w.number(counts.waiting as u64),
        label: if counts.waiting == 1 { w.figure_waiting_one() } else { w.figure_waiting() },
        address: "/queue",
        alarming: counts.waiting > 0,
    });
    [Some(open), waiting].into_iter().flatten().collect()
}

/// The alarms that nobody answered, for those who may.
async fn alarms(console: &Console, signed: &Signed) -> Result<Option<Figure>, Problem> {
    if !console.admits(signed, "/alarms") {
        return Ok(None);
    }
    let (w, actor) = (signed.words(), signed.actor());
    let alarms = console.watch(move |watch| watch.alarms(&actor)).await?;
    let calling = alarms.iter().filter(|it| it.alarm.stands == Stands::Calling).count();
    Ok(Some(Figure {
        value: w.number(calling as u64),
        label: if calling == 1 { w.figure_alarm() } else { w.figure_alarms() },
        address: "/alarms",
        alarming: calling > 0,
    }))
}

/// The clocks that press most.
async fn clocks(console: &Console, signed: &Signed) -> Result<Vec<ClockRow>, Problem> {
    let groups = vedetta_room::clocks::pressing(console, signed, CLOCKS).await?;
    Ok(groups.into_iter().flat_map(|(.., rows)| rows).take(CLOCKS).collect())
}

fn figures(console: &Console, signed: &Signed) -> Vec<Figure> {
    let (w, house) = (signed.words(), console.house());
    let standing = house.standing();
    let in_force = house.agreements(&signed.person.actor);
    let in_force = in_force.iter().filter(|it| it.stage.name() == "in-force").count();
    let mut figures = vec![
        Figure {
            value: w.number(standing.directory.members().len() as u64),
            label: w.figure_organisations(),
            address: "/directory",
            alarming: false,
        },
        Figure {
            value: w.number(in_force as u64),
            label: w.figure_agreements(),
            address: "/agreements",
            alarming: false,
        },
    ];
    if let Some(links) = console.api().links().filter(|_| signed.person.at_home) {
        let down = links.all().iter().filter(|link| !link.up).count();
        figures.push(Figure {
            value: w.number(down as u64),
            label: w.figure_silent_links(),
            address: "/links",
            alarming: down > 0,
        });
    }
    figures
}

fn ending(console: &Console, signed: &Signed) -> Vec<Ending> {
    let seen = console.house().agreements(&signed.person.actor);
    let expiring = console.house().expiring(SOON).into_iter();
    let mine = expiring.filter_map(|ending| {
        let agreement = seen.iter().find(|it| it.id == ending.agreement)?;
        let days = signed.words().days_left(ending.days_left);
        Some(Ending { id: agreement.id.to_string(), title: agreement.title.clone(), days })
    });
    mine.take(LINES).collect()
}
