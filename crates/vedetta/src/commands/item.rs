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
    /// List who has an item: in which form, by which door, since when, acknowledged or not.
    #[command(
        after_help = "Example:\n  vedetta item holders indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f --json"
    )]
    Holders {
        /// The item: its STIX identifier.
        item: ItemId,
    },
    /// Take an item back: no door of any node serves it any more, and whoever has it is told.
    #[command(
        after_help = "Example:\n  vedetta item withdraw indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f --reason \"A mistake\""
    )]
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
    let holders = answer["holders"].as_array().into_iter().flatten().map(|it| {
        let form = if it["form"] == "full" { "full" } else { "without the victim" };
        let (door, at) = (word(&it["door"]), word(&it["at"]));
        let acknowledged = match word(&it["acknowledged"]) {
            none if none.is_empty() => none,
            at => format!("acknowledged {at}"),
        };
        [word(&it["organisation"]), form.to_owned(), door, at, acknowledged]
    });
    print_aligned(&holders.collect::<Vec<_>>());
}

/// Rows whose columns are each as wide as the widest in it.
fn print_aligned<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) {
    let mut widths = [0; COLUMNS];
    for row in rows {
        let wide = row.iter().map(|cell| cell.chars().count());
        widths.iter_mut().zip(wide).for_each(|(width, wide)| *width = wide.max(*width));
    }
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}
