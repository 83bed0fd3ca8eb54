//! The real program, loaded at its machine doors and killed (`SIGKILL`) a hundred times: nothing that
//! it acknowledged is lost, and a follower of the live stream has everything once.
//!
//! Moments are counted, not timed: so many more answers, then so many more requests on their way, then
//! so many turns of a loop. `VEDETTA_TEST_KILLS` and `VEDETTA_TEST_SEED` play it longer, or otherwise.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../beside/database.rs"]
mod database;
mod follower;
mod load;
mod node;
mod oracle;
mod submitter;

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::database::Database;
use crate::follower::follow;
use crate::node::{Place, READER, TOWNS, Town};
use crate::oracle::Readings;
use crate::submitter::{Door, Submitter, Tally};

/// How often to kill, where nobody says otherwise.
const KILLS: u64 = 100;
/// And the node on PostgreSQL.
const FEW: u64 = 10;
/// What chance begins with, where nobody says otherwise.
const SEED: u64 = 20_260_406;

/// Chance that can be played again (SplitMix64).
struct Chance(u64);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_loaded_node_killed_a_hundred_times_loses_nothing_that_it_acknowledged() {
    let (town, place) = Town::found("sqlite").await;
    kill(said("VEDETTA_TEST_KILLS", KILLS), town, place).await;
}

#[test]
fn nor_does_one_on_postgresql() {
    // Its client waits by itself, and must not within a runtime.
    let Some(database) = Database::new("vedetta_killed") else { return };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    runtime.unwrap().block_on(async {
        let (town, place) = Town::found(&database.address()).await;
        kill(said("VEDETTA_TEST_KILLS", FEW).min(FEW), town, place).await;
    });
}

fn said(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}

/// Kills a node under load, starts it again, and asks at the end what there is.
async fn kill(kills: u64, mut town: Town, place: Place) {
    let seed = said("VEDETTA_TEST_SEED", SEED);
    println!("seed {seed}");
    let (mut chance, tally) = (Chance(seed), Arc::new(Tally::default()));
    let (moved, place) = watch::channel(place);
    let (ends, upto) = watch::channel(u64::MAX);
    let follower = tokio::spawn(follow(town.token(READER), place.clone(), upto));
    let bringing = submitters(&town, &tally, &place);
    for _ in 0..kills {
        tally.answers(1 + chance.below(12)).await;
        tally.requests(chance.below(8)).await;
        for turn in 0..chance.below(3_000_000) {
            std::hint::black_box(turn);
        }
        town.kill();
        moved.send_replace(town.start());
    }
    tally.answers(20).await;
    tally.stop();
    let mut loads = Vec::new();
    for task in bringing {
        loads.extend(task.await.unwrap());
    }
    let readings = Readings::of(&town, &place.borrow().clone()).await;
    let figures = readings.hold(&loads);
    ends.send_replace(readings.last());
    let heard = follower.await.unwrap();
    readings.were_heard(&heard.events);
    town.stop();
    town.is_sound();
    println!("{kills} kills, {figures}, the follower came back {} times", heard.breaks);
    assert!(heard.breaks >= kills / 2, "the follower followed while it was killed");
}

/// For each town, by each door, one who brings without end.
fn submitters(
    town: &Town,
    tally: &Arc<Tally>,
    place: &watch::Receiver<Place>,
) -> Vec<JoinHandle<Vec<load::Load>>> {
    let doors = TOWNS.iter().flat_map(|producer| Door::ALL.map(|door| (*producer, door)));
    let submitters = doors.map(|(producer, door)| {
        let (token, tally) = (town.token(producer), Arc::clone(tally));
        tokio::spawn(Submitter { producer, door, token, tally }.bring(place.clone()))
    });
    submitters.collect()
}

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (it ^ (it >> 31)) % bound
    }
}
