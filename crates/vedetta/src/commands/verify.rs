//! `vedetta verify`.

use std::str::FromStr;

use clap::Args;
use serde_json::json;
use vedetta_store::{Digest, Reader, Sequence, StoreError, Verification};

use crate::node::{NodeArgs, Use};
use crate::outcome::{Failure, Outcome, Refusal};
use crate::progress::Progress;

/// Prove that the ledger is whole, or name the first bad entry.
///
/// Every link of the hash chain is computed again from the entries. A head that was printed before and
/// kept elsewhere shows besides that nothing up to there was taken away or written anew. Works beside a
/// running node.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  vedetta verify --data ./node --json\n  vedetta verify --data ./node --head 62ec…7a99@26144"
)]
pub(crate) struct Verify {
    #[command(flatten)]
    node: NodeArgs,
    /// A head kept from before, which the ledger must still have: HASH or HASH@ENTRIES.
    #[arg(long)]
    head: Option<Head>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// A head as printed.
#[derive(Clone, Copy)]
struct Head {
    hash: Digest,
    place: Option<Sequence>,
}

/// What to do when it cannot be read at all.
const RESTORE: &str = "stop the node, put the file aside, and restore the last backup as \
    docs/operators/keep.md says";

impl Head {
    /// What is told of a sound ledger that must have had this head.
    fn among(
        &self,
        reader: &mut dyn Reader,
        entries: u64,
        head: Digest,
    ) -> Result<Verification, StoreError> {
        if vedetta_store::has_head(reader, self.hash, self.place)? {
            return Ok(Verification::Sound { entries, head });
        }
        let hash = self.hash;
        let reason = format!("no entry has the head {hash} there: the ledger was cut or rewritten");
        Ok(Verification::Broken { seq: self.place.unwrap_or(Sequence(entries)), reason })
    }
}

impl FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (hash, place) = text.split_once('@').map_or((text, None), |it| (it.0, Some(it.1)));
        let place = place.map(|place| {
            place.parse().map(Sequence).map_err(|_| format!("{place:?} is no number of entries"))
        });
        Ok(Self { hash: hash.parse()?, place: place.transpose()? })
    }
}

impl Verify {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        self.prove().map_err(|failure| match failure {
            Failure::Store(StoreError::Damaged { place, what, reason }) => {
                let sentence = format!("{what} does not read back ({reason}); {RESTORE}");
                Failure::Unable(Box::new(Refusal::new("ledger", &sentence).at(place)))
            }
            other => other,
        })
    }

    fn prove(&self) -> Result<Outcome, Failure> {
        let store = self.node.store(Use::Read)?;
        let mut found = None;
        store.read(&mut |reader| {
            let entries = reader.head()?.map_or(0, |(stamp, _)| stamp.seq.0);
            let progress = Progress::things(entries);
            progress.step("verifying");
            let walked = vedetta_store::verify_telling(reader, &mut |seq| progress.at(seq.0))?;
            found = Some(match (walked, &self.head) {
                (Verification::Sound { entries, head }, Some(kept)) => {
                    kept.among(reader, entries, head)?
                }
                (walked, _) => walked,
            });
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
                println!("sound: {entries} entries, head {head}@{entries}");
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
