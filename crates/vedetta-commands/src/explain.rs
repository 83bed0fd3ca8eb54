//! `vedetta explain`.

use clap::Args;
use serde_json::Value;
use vedetta_model::ItemId;

use crate::node::{Node, plain};
use crate::table::word;
use crate::{Answer, At, Command, Use};

/// Say why an organisation has an item, or has it not.
///
/// In JSON: `allowed`, `agreement`, `reason_it`, `reason_en`.
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
        format!("{}\n{}\n", word(told, "reason_it"), word(told, "reason_en"))
    }
}
