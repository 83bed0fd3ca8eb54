//! `vedetta explain`.

use clap::Args;
use vedetta_model::{ItemId, OrganisationId};

use crate::node::{NodeArgs, Use};
use crate::outcome::{Failure, Outcome};

/// Say why an organisation has an item, or has it not.
#[derive(Args)]
#[command(
    after_help = "Example:\n  vedetta explain --item indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f \\\n      --organisation comune-054039 --data ./node"
)]
pub(crate) struct Explain {
    #[command(flatten)]
    node: NodeArgs,
    /// The item: its STIX identifier.
    #[arg(long, value_name = "ID")]
    item: ItemId,
    /// The organisation: its identifier in the directory.
    #[arg(long, value_name = "ID")]
    organisation: OrganisationId,
    /// Answer in JSON: `allowed`, `agreement`, `reason_it`, `reason_en`.
    #[arg(long)]
    json: bool,
}

impl Explain {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let house = self.node.house(Use::Read)?;
        let answer = house.explain_any(&self.item, &self.organisation)?;
        if self.json {
            let text = serde_json::to_string(&answer);
            println!("{}", text.map_err(|error| Failure::system("writing JSON", error))?);
        } else {
            println!("{}", answer.reason_it);
            println!("{}", answer.reason_en);
        }
        Ok(Outcome::Done)
    }
}
