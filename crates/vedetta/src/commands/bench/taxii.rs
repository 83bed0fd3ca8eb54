//! `vedetta bench taxii`: objects added and paged over TAXII 2.1, through TLS.

mod client;
mod medallion;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use vedetta_flow::House;
use vedetta_model::OrganisationId;
use vedetta_store_sqlite::SqliteStore;

use super::{Style, scene};
use crate::doors::runtime;
use crate::outcome::{Failure, Outcome};
use client::{Collection, add, page_apart};
use vedetta_client::Node;

/// Objects added and paged over TAXII 2.1, through TLS.
///
/// Submissions of 1,000 objects over a few connections, each durable before it is answered; then
/// another organisation pages by 1,000, following `next`. Client and node share the machine.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  vedetta bench taxii --json\n  vedetta bench import --objects 10000000 --keep ./ten && vedetta bench taxii --ledger ./ten --json"
)]
pub(crate) struct Taxii {
    /// Objects added; none, with --ledger, unless given.
    #[arg(long)]
    objects: Option<u64>,
    /// Connections that add.
    #[arg(long, default_value_t = 4)]
    connections: u64,
    /// Pages read at most; all without it.
    #[arg(long)]
    pages: Option<usize>,
    /// Page this SQLite ledger, made by `vedetta bench import --keep`.
    #[arg(long, value_name = "DIR")]
    ledger: Option<PathBuf>,
    /// Measure another server beside this one.
    #[arg(long, value_parser = ["medallion"])]
    peer: Option<String>,
    /// The Python that has the other server.
    #[arg(long, value_name = "FILE", default_value = "python3")]
    peer_python: PathBuf,
    /// Objects added to and read from both when there is a peer.
    #[arg(long, default_value_t = 1_000)]
    peer_objects: u64,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// Objects added without `--objects`.
const OBJECTS: u64 = 200_000;
/// Who reads: the first municipality of the network.
const READER: &str = "comune-001001";

/// The node's own collections.
const SUBMIT: &str = "/taxii2/root/collections/submit/objects/";
const CLEARED: &str = "/taxii2/root/collections/cleared/objects/";

impl Taxii {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let data = super::scratch("taxii")?;
        let report = self.measure(data.path());
        drop(data);
        super::print(&report?, Style::of(&self.json));
        Ok(Outcome::Done)
    }

    fn measure(&self, data: &Path) -> Result<Value, Failure> {
        let house = match &self.ledger {
            Some(ledger) => scene::open(Arc::new(SqliteStore::open(ledger)?))?,
            None => scene::found(Arc::new(SqliteStore::open(data)?))?,
        };
        let tokens = tokens(&house)?;
        runtime()?.block_on(async {
            let doors = scene::doors(house, data).await?;
            let node = Node::at(doors.address, &doors.authority)
                .map_err(|error| Failure::system("trusting the node", error))?;
            let report = self.ask(&node, &tokens, data).await;
            doors.close().await;
            report.map_err(|error| Failure::system("asking over TAXII", error))
        })
    }

    async fn ask(
        &self,
        node: &Node,
        [bringer, reader]: &[String; 2],
        data: &Path,
    ) -> std::io::Result<Value> {
        let submit = Collection::of_node(node, bringer, SUBMIT);
        let cleared = Collection::of_node(node, reader, CLEARED);
        let mut report = json!({});
        if let Some(peer) = &self.peer {
            let count = self.peer_objects;
            let ours = client::both(&submit, &cleared, count).await?;
            let theirs = medallion::measure(&self.peer_python, data, count).await?;
            report[peer] = json!({
                "objects": count,
                "added_per_s": theirs.added.round(),
                "read_per_s": theirs.read.round(),
                "ours_added_per_s": ours.added.round(),
                "ours_read_per_s": ours.read.round(),
                "ratio_added": super::rounded(ours.added / theirs.added),
                "ratio_read": super::rounded(ours.read / theirs.read),
            });
        }
        let wanted = self.objects.unwrap_or(if self.ledger.is_some() { 0 } else { OBJECTS });
        let objects = wanted.div_ceil(client::TOGETHER) * client::TOGETHER;
        if objects > 0 {
            let mut added = add(&submit, objects, self.connections).await?;
            report["added"] = json!(objects);
            report["added_per_s"] = json!(added.rate.round());
            report["add_p50_ms"] = json!(added.times.millis(50));
            report["add_p99_ms"] = json!(added.times.millis(99));
        }
        let mut paged = page_apart(&cleared, self.pages.unwrap_or(usize::MAX)).await?;
        report["objects"] = json!(paged.objects);
        report["paged_per_s"] = json!(paged.rate.round());
        report["next_p50_ms"] = json!(paged.times.millis(50));
        report["next_p99_ms"] = json!(paged.times.millis(99));
        report["rss_mib"] = json!(super::peak_mib());
        Ok(report)
    }
}

/// Tokens of who brings and who reads.
fn tokens(house: &House) -> Result<[String; 2], Failure> {
    let keeper = scene::keeper(house)?;
    let reader = OrganisationId::new(READER).map_err(vedetta_flow::FlowError::from)?;
    let organisations = [keeper.organisation.clone(), reader];
    let day = std::time::Duration::from_secs(86_400);
    let enrolled = vedetta_outpost::enrol_machines(house, &keeper, &organisations, ("bench", day))?;
    let tokens: Vec<_> = enrolled.iter().map(|it| it.token.reveal().to_owned()).collect();
    tokens.try_into().map_err(|_| Failure::system("the measurement", "two tokens were asked for"))
}
