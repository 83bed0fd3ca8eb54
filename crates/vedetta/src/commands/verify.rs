//! `vedetta verify`.

use clap::Args;
use serde_json::json;
use vedetta_store::{StoreError, Verification};

use crate::node::{NodeArgs, Use};
use crate::outcome::{Failure, Outcome};

/// Prove that the ledger is whole, or name the first bad entry.
///
/// Every link of the hash chain is computed again from the entries. Works beside a running node.
#[derive(Args)]
#[command(after_help = "Example:\n  vedetta verify --data ./node --json")]
pub(crate) struct Verify {
    #[command(flatten)]
    node: NodeArgs,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let store = self.node.store(Use::Read)?;
        let mut found = None;
        store.read(&mut |reader| {
            found = Some(vedetta_store::verify(reader)?);
            Ok(())
        })?;
        let found = found.ok_or_else(|| StoreError::Refused("nothing was read".into()))?;
        match &found {
            Verification::Sound { entries, head } if self.json => {
                println!(
                    "{}",
                    json!({ "sound": true, "entries": entries, "head": head.to_string() })
                );
            }
            Verification::Sound { entries, head } => {
                println!("sound: {entries} entries, head {head}");
            }
            Verification::Broken { seq, reason } if self.json => {
                println!("{}", json!({ "sound": false, "seq": seq, "reason": reason }));
            }
            Verification::Broken { seq, reason } => println!("broken at entry {seq}: {reason}"),
        }
        Ok(match found {
            Verification::Sound { .. } => Outcome::Done,
            Verification::Broken { .. } => Outcome::Partly,
        })
    }
}
