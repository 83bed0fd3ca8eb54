//! `vedetta item`.

use clap::{Args, Subcommand};
use serde_json::Value;
use vedetta_model::ItemId;

use crate::node::{NodeArgs, Use};
use crate::outcome::{Failure, Outcome};
use crate::reach::{node_or_ledger, plain};

/// Items: who holds one, and taking one back.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  vedetta item holders indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f\n  vedetta item withdraw indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f --reason \"A mistake\""
)]
pub(crate) struct Item {
    #[command(subcommand)]
    what: What,
    /// The node's data directory.
    #[arg(
        long,
        global = true,
        env = "VEDETTA_DATA",
        value_name = "DIR",
        default_value = "vedetta-data"
    )]
    data: std::path::PathBuf,
    /// Answer in JSON.
    #[arg(long, global = true)]
    json: bool,
}

/// What to do.
#[derive(Subcommand)]
enum What {
    /// List to whom an item was delivered, by which door and when; withdrawn or not.
    Holders {
        /// The item: its STIX identifier.
        item: ItemId,
    },
    /// Take an item back: no door of any node serves it any more, and whoever has it is told.
    Withdraw {
        /// The item: its STIX identifier.
        item: ItemId,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

impl Item {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let reads = matches!(self.what, What::Holders { .. });
        let usage = if reads { Use::Read } else { Use::Write };
        let mut node = node_or_ledger(&NodeArgs { data: self.data }, usage)?;
        let item = match &self.what {
            What::Holders { item } | What::Withdraw { item, .. } => plain(item.as_str()),
        };
        if let What::Withdraw { reason, .. } = &self.what {
            node.delete(&format!("/api/v1/items/{item}?reason={}", plain(reason)))?;
        }
        let answer: Value = node.get(&format!("/api/v1/items/{item}/holders"))?;
        if self.json {
            println!("{answer}");
        } else {
            print_holders(&answer);
        }
        Ok(Outcome::Done)
    }
}

fn print_holders(answer: &Value) {
    let word = |of: &Value| of.as_str().unwrap_or_default().to_owned();
    let withdrawn = &answer["withdrawn"];
    if withdrawn.is_object() {
        let (at, by) = (word(&withdrawn["at"]), word(&withdrawn["by"]));
        println!("withdrawn {at} by {by}: {}", word(&withdrawn["reason"]));
    }
    for holder in answer["holders"].as_array().into_iter().flatten() {
        let (who, door) = (word(&holder["organisation"]), word(&holder["door"]));
        println!("{who:<24} {door:<10} {}", word(&holder["at"]));
    }
}
