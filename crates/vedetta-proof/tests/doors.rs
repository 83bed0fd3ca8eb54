//! One property over every door out: in random small networks, along random histories of acts,
//! each reader has through every door, the pages of items among them, exactly what a slow and
//! independent oracle grants it.
//!
//! `VEDETTA_DOORS_SEED=7` replays one history and tells its acts; `VEDETTA_DOORS_SEEDS=500` runs so
//! many (`cargo xtask doors`).

// What a test is built from may fail like the test itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "doors/acts.rs"]
mod acts;
#[path = "doors/dice.rs"]
mod dice;
#[path = "doors/items.rs"]
mod items;
#[path = "doors/lines.rs"]
mod lines;
#[path = "doors/node.rs"]
mod node;
// The policy's own oracle: the same independent answer, asked of a whole node.
#[path = "../../vedetta-policy/tests/it/oracle.rs"]
mod oracle;
#[path = "doors/readers.rs"]
mod readers;
#[path = "doors/truth.rs"]
mod truth;
#[path = "doors/worlds.rs"]
mod worlds;

use acts::History;

/// Histories of the ordinary run: the first, and those that found what no other did.
const SEEDS: [u64; 8] = [0, 1, 2, 3, 9, 16, 22, 40];
/// Acts in each.
const ACTS: usize = 24;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_door_gives_what_is_granted_and_nothing_else() {
    let seeds = match (number("VEDETTA_DOORS_SEED"), number("VEDETTA_DOORS_SEEDS")) {
        (Some(seed), _) => vec![seed],
        (None, Some(many)) => (0..many).collect(),
        (None, None) => SEEDS.to_vec(),
    };
    let alone = seeds.len() == 1;
    for seed in seeds {
        let mut history = History::new(seed).await;
        for act in 1..=ACTS {
            let told = history.act();
            if alone {
                println!("{act}. {told}");
            }
            history.log.push(told);
            if let Err(wrong) = history.look().await {
                let log = history.log.join("\n  ");
                panic!("VEDETTA_DOORS_SEED={seed}, after act {act}: {wrong}\nthe acts:\n  {log}");
            }
        }
    }
}
