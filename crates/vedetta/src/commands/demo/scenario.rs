//! The story told at one node: what reaches how many after how long, and why.

use std::sync::Arc;
use std::time::Duration;

use vedetta_demo::story::{SCENES, Scene};
use vedetta_demo::table::{Row, Table};
use vedetta_flow::{House, Sequence};
use vedetta_intake::{DoorIn, stix_bundle};
use vedetta_model::{Clock, Instant, ItemId};

use crate::outcome::Failure;
use crate::system::SystemClock;

use super::audience::Audience;
use super::organisation;

/// Plays the story over some time.
pub(super) async fn play(
    house: &Arc<House>,
    audience: &Audience,
    (length, table): (Duration, Table),
) -> Result<(), Failure> {
    let began = SystemClock.now();
    table.head();
    let mut warning = None;
    for scene in &SCENES {
        let due = began.after(length * scene.at / 100);
        tokio::time::sleep(due.since(SystemClock.now())).await;
        let item = show(house, audience, scene, (began, table)).await?;
        if scene.who == "cosc-umbria" && warning.is_none() {
            warning = Some(item);
        }
    }
    acknowledge(house, audience)?;
    if let Some(item) = warning {
        table.question(&item);
        for id in ["comune-054039", "comune-010025", "comune-054052", "europol"] {
            table.answer(&item, id, &house.explain_any(&item, &organisation(id)?)?);
        }
    }
    Ok(())
}

async fn show(
    house: &Arc<House>,
    audience: &Audience,
    scene: &Scene,
    (began, table): (Instant, Table),
) -> Result<ItemId, Failure> {
    let actor = audience.actor(scene.who)?;
    let (id, text) = scene.text(SystemClock.now());
    let arrival = stix_bundle::read(DoorIn::Api, "demo", text.as_bytes(), &stix_bundle::limits());
    let receipt = house.accept(actor, arrival)?;
    let Some(accepted) = receipt.accepted.first() else {
        let reason = receipt.rejected.first().map(|fault| fault.reason.clone());
        return Err(Failure::Usage(format!("{}: {}", scene.what, reason.unwrap_or_default())));
    };
    let standing = house.standing();
    let who = standing.directory.organisation(&actor.organisation);
    // The item itself, and behind it its derived form where there is one.
    let releases = house.releases(Sequence(accepted.stamp.seq.0 - 1), 8)?.items;
    for release in &releases {
        let live: Vec<_> = release
            .audience()
            .iter()
            .filter(|number| audience.numbers().contains(number))
            .collect();
        let Some(read) =
            live.first().and_then(|number| release.open(&vedetta_policy::Reader::machine(*number)))
        else {
            continue;
        };
        let arrivals = audience.arrivals(read.stamp.seq.0, live.len()).await;
        let derived = read.form == vedetta_policy::Form::Redacted;
        let what = if derived { "   ↳ without the victim" } else { scene.what };
        table.row(&Row {
            at: SystemClock.now().since(began).as_secs(),
            who: who.map_or("", |it| if derived { "" } else { it.name.as_str() }),
            what,
            tlp: scene.tlp.0,
            cleared: release.audience().len(),
            connected: live.len(),
            accepted: read.stamp.at,
            arrivals: &arrivals,
        });
    }
    Ok(id)
}

/// People of the centre and of one municipality acknowledge what their organisation had before the last.
fn acknowledge(house: &House, audience: &Audience) -> Result<(), Failure> {
    for id in ["cnaipic", "comune-054039"] {
        let actor = audience.actor(id)?;
        let wish = vedetta_flow::Wish::all(Sequence::START, vedetta_flow::VersionFilter::Last);
        let before = house.page(actor, &wish)?.items.into_iter().rev().nth(1);
        if let Some(item) = before {
            let person = house.keeper(&actor.organisation);
            let person =
                person.ok_or_else(|| Failure::Usage(format!("the network has no {id}")))?;
            house.acknowledge(&person, &item.id, Some("ricevuto".into()))?;
        }
    }
    Ok(())
}
