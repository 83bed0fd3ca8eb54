//! `vedetta explain`.

use clap::Args;
use serde_json::Value;
use vedetta_model::ItemId;

use crate::node::{Node, plain};
use crate::table::word;
use crate::{Answer, At, Command, Use};

/// Say why an organisation has an item, or has it not.
///
/// In JSON: `allowed`, `form`, `agreement`, `reason_it`, `reason_en`; of what other nodes brought
/// `paths`: by which of them it came, on each way.
#[derive(Args)]
#[command(
    after_help = "Example:\n  vedetta explain --item indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f \\\n      --organisation comune-054039 --data ./node"
)]
pub struct Explain {
    /// The item: its STIX identifier.
    #[arg(long, value_name = "ID")]
    item: ItemId,
    /// The organisation: its identifier in the directory, its name or an alias.
    #[arg(long, value_name = "ORGANISATION")]
    organisation: String,
    #[command(flatten)]
    at: At,
}

impl Command for Explain {
    fn at(&self) -> &At {
        &self.at
    }

    fn needs(&self) -> Use {
        Use::Read
    }

    fn ask<N: Node>(&self, node: &mut N) -> Result<Answer, N::Failure> {
        let (item, organisation) = (plain(self.item.as_str()), plain(&self.organisation));
        let path = format!("/api/v1/items/{item}/explanation?organisation={organisation}");
        Ok(Answer::whole(node.get(&path)?))
    }

    fn lines(&self, told: &Value) -> String {
        let names = |path: &Value| {
            let nodes = path.as_array().into_iter().flatten().filter_map(Value::as_str);
            format!("by {}\n", nodes.collect::<Vec<_>>().join(", "))
        };
        let paths: String = told["paths"].as_array().into_iter().flatten().map(names).collect();
        format!("{}\n{}\n{paths}", word(told, "reason_it"), word(told, "reason_en"))
    }
}
