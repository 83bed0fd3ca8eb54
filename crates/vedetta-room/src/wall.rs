//! The wallboard: the same things in the same places, quiet until something is not as it should be.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use jiff::tz::TimeZone;
use serde::Deserialize;
use vedetta_api::Problem;
use vedetta_api::access::Cost;
use vedetta_api::problem::Kind;
use vedetta_flow::{Look, Share, Standing};
use vedetta_frame::assets::outline;
use vedetta_frame::console::{Console, Pace};
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::organisation::name;
use vedetta_frame::shown::{Gravity, Marking, Summary, date, left, rome, short};
use vedetta_frame::visit::Signed;
use vedetta_model::{Instant, Tlp};
use vedetta_postroom::{CampaignView, Stage};
use vedetta_watch::desk::OnDuty;
use vedetta_watch::{Counts, Picture};
use vedetta_words::Words;

use super::incidents::title_of;

/// What may be seen on the wall.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// The highest marking: GREEN while there are visitors, and unless somebody says more.
    tlp: String,
}

/// Open cases of one category.
struct Open {
    gravity: Gravity,
    count: usize,
    alarming: bool,
}

/// Something that happened.
struct Event {
    at: String,
    title: String,
    kind: &'static str,
    tlp: Option<Marking>,
}

/// A region, and how many open cases it has.
struct Region {
    name: String,
    path: Option<String>,
    cases: usize,
    look: &'static str,
}

/// One hour of the past day.
struct Hour {
    x: usize,
    y: usize,
    height: usize,
}

/// One of the clocks that press most.
struct Clock {
    number: String,
    what: String,
    left: String,
    look: &'static str,
    state: &'static str,
}

/// Who is on duty here.
struct Duty {
    people: String,
    nobody: bool,
    /// When they are relieved, and how long that is.
    relief: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "wall.html")]
struct Wall {
    frame: Frame,
    limit: &'static str,
    limits: Vec<(&'static str, bool)>,
    utc: String,
    rome: String,
    day: String,
    open: Vec<Open>,
    waiting: usize,
    oldest: Option<String>,
    gravest: Vec<(String, String, Gravity)>,
    regions: Vec<Region>,
    drawn: bool,
    down: Vec<String>,
    links: usize,
    pace: Pace,
    missing: String,
    events: Vec<Event>,
    hours: Vec<Hour>,
    today: usize,
    usual: String,
    clocks: Vec<Clock>,
    duty: Option<Duty>,
    mail: Option<(String, usize)>,
}

/// Clocks shown.
const CLOCKS: usize = 5;
/// Events shown.
const EVENTS: usize = 8;
/// The gravest cases shown.
const GRAVEST: usize = 5;
/// How high the tallest hour is drawn.
const TALLEST: usize = 60;

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let limit: Tlp = asked.tlp.parse().unwrap_or(Tlp::Green);
    let pace = console.pace(&actor).await?;
    let by = actor.clone();
    let picture = console.watch(move |watch| watch.picture(&by, GRAVEST)).await?;
    let events = events(&console, &signed, limit).await?;
    let clocks = clocks(&console, &signed).await?;
    let duty = duty(&console, &signed).await?;
    let mail = mail(&console, &signed).await?;
    let now = console.house().now();
    let standing = console.house().standing();
    let all = console.api().links().map(vedetta_api::Links::all).unwrap_or_default();
    let down = all.iter().filter(|link| !link.up).map(|link| name(&standing, &link.peer));
    let regions = regions(&console, &standing, &picture);
    let (hours, today, usual) = trend(w, &picture);
    // A case may be restricted: on the wall are its number and gravity, its title only when visitors
    // may not be there.
    let titled = limit >= Tlp::Amber;
    let gravest = picture.gravest.iter().map(|row| {
        let title =
            if titled { short(title_of(&row.title, w), 60) } else { w.stage(row.stage).to_owned() };
        (row.number.to_string(), title, Gravity::of(w, row.judged_category()))
    });
    page(&Wall {
        limit: limit.label(),
        limits: Tlp::ALL.map(|tlp| (tlp.label(), tlp == limit)).into(),
        utc: clock(now, &TimeZone::UTC, "%H:%M"),
        rome: clock(now, &rome(), "%H:%M"),
        day: day_of(now, w),
        open: tiles(w, &picture.counts),
        waiting: picture.counts.waiting,
        oldest: picture.counts.oldest_waiting.map(|at| w.ago(now.since(at))),
        gravest: gravest.collect(),
        drawn: regions.iter().any(|it| it.path.is_some()),
        regions,
        links: all.len(),
        down: down.collect(),
        missing: w.number(pace.missing),
        pace: pace.written(w),
        events,
        hours,
        today,
        usual,
        clocks,
        duty,
        mail,
        frame: Frame::of(&console, &signed.visit, w.wall_title(), Section::Wall).live(),
    })
}

/// The next clocks of the law, those that were missed first.
async fn clocks(console: &Console, signed: &Signed) -> Result<Vec<Clock>, Problem> {
    let groups = super::clocks::pressing(console, signed, CLOCKS * 4).await?;
    let rows = groups.into_iter().flat_map(|(.., rows)| rows).filter(|row| row.legal);
    let clocks = rows.take(CLOCKS).map(|row| Clock {
        number: row.number,
        what: row.what,
        left: row.left,
        look: row.look,
        state: row.state,
    });
    Ok(clocks.collect())
}

/// Who is on duty in the room that this is.
async fn duty(console: &Console, signed: &Signed) -> Result<Option<Duty>, Problem> {
    let (w, actor, now) = (signed.words(), signed.actor(), console.house().now());
    let own = actor.organisation.clone();
    let rooms = console.watch(move |watch| watch.on_duty(&actor)).await?;
    let room = rooms.into_iter().find(|it| it.organisation == own);
    Ok(room.map(|it| Duty {
        nobody: matches!(it.on_duty, OnDuty::Nobody { .. }),
        relief: it.next_change.map(|at| (clock(at, &rome(), "%H:%M"), left(w, now, at))),
        people: it.people.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", "),
    }))
}

/// Messages that were reported in a day, and waves that wait for a decision.
async fn mail(console: &Console, signed: &Signed) -> Result<Option<(String, usize)>, Problem> {
    if !console.admits(signed, "/mail") {
        return Ok(None);
    }
    let (w, actor) = (signed.words(), signed.actor());
    let found = console.mail(move |desk| {
        let waves = desk.campaigns(&actor)?;
        let wait = |it: &&CampaignView| matches!(it.campaign.stage, Stage::Proposed { .. });
        Ok((desk.statistics(&actor, 1)?.total.reports, waves.iter().filter(wait).count()))
    });
    match found.await {
        Ok((reports, waves)) => Ok(Some((w.number(reports as u64), waves))),
        // A node without a mail desk shows none.
        Err(problem) if problem.kind == Kind::Unknown => Ok(None),
        Err(problem) => Err(problem),
    }
}

async fn events(console: &Console, signed: &Signed, limit: Tlp) -> Result<Vec<Event>, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let found = console.api().ask_at(Cost::Light, move |house| {
        let look =
            Look { before: None, limit: EVENTS, share: Share::Cleared, kinds: &[], tlp: None };
        let found = house.newest_items(&actor, &look, |item| item.tlp <= limit)?;
        let events = found.items.iter().map(|item| {
            let summary = Summary::of(&item.body);
            Event {
                at: clock(item.stamp.at, &rome(), "%H:%M"),
                title: short(&summary.called(item.id.as_str(), w), 90),
                kind: w.stix_kind(item.id.kind()),
                tlp: Some(Marking(item.tlp)),
            }
        });
        Ok(events.collect())
    });
    found.await
}

/// The regions with their open cases, the gravest of which colours them.
fn regions(console: &Console, standing: &Standing, picture: &Picture) -> Vec<Region> {
    let mut counted: BTreeMap<String, (usize, Option<u8>)> = BTreeMap::new();
    for member in standing.directory.members() {
        if let Some(region) = &member.organisation.region {
            counted.entry(region.clone()).or_default();
        }
    }
    for (organisation, (open, gravest)) in &picture.organisations {
        let organisation = standing.directory.organisation(organisation);
        let Some(region) = organisation.and_then(|it| it.region.as_ref()) else { continue };
        if let Some(count) = counted.get_mut(region) {
            *count = (count.0 + open, count.1.into_iter().chain(*gravest).min());
        }
    }
    let regions = counted.into_iter().map(|(name, (cases, gravest))| Region {
        path: outline(console, &name),
        look: match (cases, gravest) {
            (0, _) => "calm",
            (_, Some(1..=2)) => "open-2",
            (_, Some(3..=4)) => "open-1",
            _ => "open-0",
        },
        name,
        cases,
    });
    regions.collect()
}

/// Reports hour by hour over the past day, how many they are, and how many a day had over four weeks.
fn trend(w: Words, picture: &Picture) -> (Vec<Hour>, usize, String) {
    let most = picture.hours.iter().copied().max().unwrap_or(0).max(1);
    let bars = picture.hours.iter().rev().enumerate().map(|(at, count)| {
        let height = count * TALLEST / most;
        Hour { x: at * 10, y: TALLEST - height, height }
    });
    let today = picture.hours.iter().sum();
    let tenths = picture.month * 10 / 28;
    let usual = format!("{}{}{}", tenths / 10, w.decimal(), tenths % 10);
    (bars.collect(), today, usual)
}

/// The day in Rome.
fn day_of(at: Instant, w: Words) -> String {
    let moment = jiff::Timestamp::from_microsecond(at.micros());
    moment.map_or_else(|_| "—".into(), |it| date(it.to_zoned(rome()).date(), w))
}

fn clock(at: Instant, zone: &TimeZone, form: &str) -> String {
    let moment = jiff::Timestamp::from_microsecond(at.micros());
    moment.map_or_else(|_| "—".into(), |it| it.to_zoned(zone.clone()).strftime(form).to_string())
}

/// What nobody judged yet, then the categories, the gravest first.
fn tiles(w: Words, counts: &Counts) -> Vec<Open> {
    let tile = |judged: Option<u8>, count| Open {
        gravity: Gravity::of(w, judged),
        count,
        alarming: judged.is_some_and(|it| it <= 2) && count > 0,
    };
    let unjudged = (counts.unjudged > 0).then(|| tile(None, counts.unjudged));
    let judged = (1..).zip(counts.open).map(|(category, count)| tile(Some(category), count));
    unjudged.into_iter().chain(judged).collect()
}
