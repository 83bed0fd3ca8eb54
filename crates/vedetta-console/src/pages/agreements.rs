//! The agreements: which there are, and who shares what with whom.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use jiff::civil::Date;
use serde::Deserialize;
use vedetta_api::Problem;
use vedetta_flow::{Standing, last_day};
use vedetta_frame::assets::outline;
use vedetta_frame::console::Console;
use vedetta_frame::fields::Choice;
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::shown::{date, fold};
use vedetta_frame::visit::Signed;
use vedetta_model::agreement::Stage;
use vedetta_model::{Agreement, Category};
use vedetta_words::Words;

use super::agreement::party_of;

/// Which ones.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    stage: String,
    text: String,
    adhesions: String,
}

/// One agreement in the list.
struct Row {
    id: String,
    title: String,
    stage: StageWord,
    until: String,
    parties: String,
    adhesion: bool,
}

/// A stage, by word and look.
#[derive(Clone, Copy)]
pub(super) struct StageWord {
    pub(super) word: &'static str,
    pub(super) look: &'static str,
}

#[derive(Template)]
#[template(path = "agreements.html")]
struct Agreements {
    frame: Frame,
    asked: Asked,
    stages: Vec<Choice>,
    rows: Vec<Row>,
    hidden: usize,
    may_change: bool,
}

/// What one side of an agreement gives to another.
struct Flow {
    agreement: String,
    title: String,
    from: String,
    to: String,
    what: String,
    tlp: &'static str,
    stage: StageWord,
}

/// A region on the map: how many of it exchange under agreements in force.
struct Region {
    name: String,
    path: Option<String>,
    members_text: String,
    bound_text: String,
    shade: usize,
}

#[derive(Template)]
#[template(path = "sharing.html")]
struct Sharing {
    frame: Frame,
    flows: Vec<Flow>,
    regions: Vec<Region>,
    drawn: bool,
}

/// Agreements on a page.
const LISTED: usize = 200;
/// The stages, as they are named.
const STAGES: [&str; 4] = ["draft", "in-force", "suspended", "expired"];

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let (w, house) = (signed.words(), console.house());
    let standing = house.standing();
    let text = fold(&asked.text);
    let mut seen = house.agreements(&signed.person.actor);
    seen.retain(|it| {
        let stage = asked.stage.is_empty() || it.stage.name() == asked.stage;
        let kind = !asked.adhesions.is_empty() || it.adhesion.is_none() || !text.is_empty();
        stage && kind && (fold(&it.title).contains(&text) || it.id.as_str().contains(&text))
    });
    seen.sort_by(|a, b| (a.adhesion.is_some(), &a.title).cmp(&(b.adhesion.is_some(), &b.title)));
    let now = (&*standing, house.now().day());
    let rows = seen.iter().take(LISTED).map(|it| Row::of(it, now, w)).collect();
    let stages = STAGES.map(|value| Choice {
        value: value.into(),
        label: word_of(w, value).word,
        chosen: asked.stage == value,
    });
    page(&Agreements {
        frame: Frame::of(&console, &signed.visit, w.agreements_title(), Section::Agreements),
        stages: stages.into(),
        rows,
        hidden: seen.len().saturating_sub(LISTED),
        may_change: house.is_of_the_room(&signed.person.actor, &[]),
        asked,
    })
}

pub(super) async fn sharing(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    let (w, house) = (signed.words(), console.house());
    let seen = house.agreements(&signed.person.actor);
    let signed_ones = seen.iter().filter(|it| it.adhesion.is_none() && it.stage != Stage::Draft);
    let standing = house.standing();
    let flows = signed_ones.flat_map(|it| flows(it, w, &standing)).collect();
    let regions = regions(&console, w, &seen);
    page(&Sharing {
        frame: Frame::of(&console, &signed.visit, w.sharing_title(), Section::Sharing),
        drawn: regions.iter().any(|it| it.path.is_some()),
        flows,
        regions,
    })
}

/// Who gives what to whom under one agreement: a line for each pair of sides.
fn flows(agreement: &Agreement, w: Words, standing: &Standing) -> Vec<Flow> {
    let mut flows = Vec::new();
    for giver in &agreement.parties {
        for taker in &agreement.parties {
            let within = giver.name == taker.name;
            if within && giver.within != vedetta_model::agreement::Within::Together {
                continue;
            }
            let what: BTreeSet<Category> = &giver.gives & &taker.receives;
            if what.is_empty() {
                continue;
            }
            let what: Vec<_> = what.into_iter().map(|it| w.category(it)).collect();
            flows.push(Flow {
                agreement: agreement.id.to_string(),
                title: agreement.title.clone(),
                from: party_of(giver, w, standing),
                to: party_of(taker, w, standing),
                what: what.join(", "),
                tlp: agreement.handling.highest_tlp.label(),
                stage: word_of(w, agreement.stage.name()),
            });
        }
    }
    flows
}

/// The regions, with how many of their organisations are bound by an agreement in force.
fn regions(console: &Console, w: Words, seen: &[std::sync::Arc<Agreement>]) -> Vec<Region> {
    let standing = console.house().standing();
    let in_force = seen.iter().filter(|it| matches!(it.stage, Stage::InForce { .. }));
    let mut bound = vedetta_model::Audience::nobody();
    for agreement in in_force.filter(|it| it.adhesion.is_none()) {
        bound.absorb(&standing.members(&agreement.id));
    }
    let mut counted: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for member in standing.directory.members() {
        let Some(region) = &member.organisation.region else { continue };
        let count = counted.entry(region.clone()).or_default();
        count.0 += 1;
        count.1 += usize::from(bound.contains(member.number));
    }
    let regions = counted.into_iter().map(|(name, (members, bound))| Region {
        path: outline(console, &name),
        shade: if bound == 0 { 0 } else { 1 + bound * 4 / members.max(1) },
        name,
        members_text: w.number(members as u64),
        bound_text: w.number(bound as u64),
    });
    regions.collect()
}

/// A stage in words.
pub(super) fn word_of(w: Words, stage: &str) -> StageWord {
    let (word, look) = match stage {
        "draft" => (w.stage_draft(), "badge-quiet"),
        "in-force" => (w.stage_in_force(), "badge-good"),
        "suspended" => (w.stage_suspended(), "badge-warn"),
        _ => (w.stage_expired(), "badge-quiet"),
    };
    StageWord { word, look }
}

impl Row {
    fn of(agreement: &Agreement, (standing, today): (&Standing, Date), w: Words) -> Self {
        let parties = match &agreement.adhesion {
            Some(adhesion) => standing
                .directory
                .organisation(&adhesion.organisation)
                .map_or_else(|| adhesion.organisation.to_string(), |it| it.name.clone()),
            None => {
                let names = agreement.parties.iter().map(|party| party_of(party, w, standing));
                names.collect::<Vec<_>>().join(" · ")
            }
        };
        Self {
            id: agreement.id.to_string(),
            title: agreement.title.clone(),
            stage: word_of(w, agreement.stage.name()),
            until: date(last_day(&agreement.term, today), w),
            parties,
            adhesion: agreement.adhesion.is_some(),
        }
    }
}
