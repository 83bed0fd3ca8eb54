//! `vedetta agreement`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use vedetta_flow::{Notation, read_agreement};
use vedetta_model::{AgreementId, OrganisationId};

use crate::node::{NodeArgs, Use};
use crate::outcome::{Failure, Outcome, Refusal};
use crate::reach::{Reached, node_or_ledger, plain};

/// Agreements: write, propose to other nodes, accept, suspend, end.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Agreement {
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
    data: PathBuf,
    /// Answer in JSON.
    #[arg(long, global = true)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  vedetta agreement put ./umbria-liguria.toml --data ./umbria
  vedetta agreement propose umbria-liguria --data ./umbria
  vedetta agreement show umbria-liguria --data ./liguria
  vedetta agreement accept umbria-liguria --digest 5cd2… --data ./liguria
  vedetta agreement suspend umbria-liguria --reason \"Under review\"
  vedetta agreement pace --days 7
  vedetta agreement overdue --organisation comune-054039";

/// What to do.
#[derive(Subcommand)]
enum What {
    /// Show the agreements and how they stand.
    #[command(after_help = "Example:\n  vedetta agreement list --data ./node")]
    List,
    /// Show one, and which nodes have signed its text.
    #[command(after_help = "Example:\n  vedetta agreement show umbria-liguria --json")]
    Show(Which),
    /// Write a draft: a file in TOML, or JSON when it ends so.
    #[command(
        after_help = "Example:\n  vedetta agreement put ./umbria-liguria.toml --data ./umbria"
    )]
    Put {
        /// The file.
        file: PathBuf,
    },
    /// Sign a draft for this node, and send it to the nodes of the other parties.
    ///
    /// It binds at all of them once each has accepted: all hold the same signed text.
    #[command(after_help = "Example:\n  vedetta agreement propose umbria-liguria --data ./umbria")]
    Propose(Which),
    /// Sign for this node what another proposed.
    #[command(
        after_help = "Example:\n  vedetta agreement accept umbria-liguria --digest 5cd2… --data ./liguria"
    )]
    Accept(Accept),
    /// Put a draft between organisations of this node in force.
    #[command(after_help = "Example:\n  vedetta agreement start umbria-liguria")]
    Start(Which),
    /// Stop everything under it for now, at every node.
    #[command(
        after_help = "Example:\n  vedetta agreement suspend umbria-liguria --reason \"Under review\""
    )]
    Suspend(Stop),
    /// Let it bind again.
    #[command(after_help = "Example:\n  vedetta agreement resume umbria-liguria")]
    Resume(Which),
    /// End it.
    #[command(after_help = "Example:\n  vedetta agreement end umbria-liguria")]
    End(Which),
    /// How fast what is given under each arrives, and is acknowledged.
    #[command(after_help = "Example:\n  vedetta agreement pace --days 7")]
    Pace {
        /// Over so many past days.
        #[arg(long, default_value_t = 30)]
        days: u32,
    },
    /// Which acknowledgements are overdue, and whom to call.
    #[command(after_help = "Example:\n  vedetta agreement overdue --organisation comune-054039")]
    Overdue(Owed),
}

/// Which of them.
#[derive(Args)]
struct Owed {
    /// Only under this agreement.
    #[arg(long, value_name = "ID")]
    agreement: Option<AgreementId>,
    /// Only of this organisation.
    #[arg(long, value_name = "ID")]
    organisation: Option<OrganisationId>,
}

#[derive(Args)]
struct Which {
    /// The agreement.
    agreement: AgreementId,
}

#[derive(Args)]
struct Stop {
    /// The agreement.
    agreement: AgreementId,
    /// Why.
    #[arg(long)]
    reason: String,
}

/// Which text is accepted.
#[derive(Args)]
struct Accept {
    /// The agreement.
    agreement: AgreementId,
    /// The digest of the text that was read, as `agreement show` prints it.
    #[arg(long)]
    digest: String,
}

impl Agreement {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let reads =
            matches!(self.what, What::List | What::Show(_) | What::Pace { .. } | What::Overdue(_));
        let usage = if reads { Use::Read } else { Use::Write };
        let mut node = node_or_ledger(&NodeArgs { data: self.data }, usage)?;
        let answer = self.what.ask(&mut node)?;
        if self.json {
            println!("{answer}");
        } else {
            self.what.print(&answer);
        }
        Ok(Outcome::Done)
    }
}

impl What {
    fn ask(&self, node: &mut Reached) -> Result<Value, Failure> {
        let step = |node: &mut Reached, which: &AgreementId, step: Value| {
            node.post(&format!("/api/v1/agreements/{which}/steps"), &step)
        };
        match self {
            Self::List => list(node, "/api/v1/agreements?limit=1000"),
            Self::Overdue(of) => list(node, &of.path()),
            Self::Show(Which { agreement }) => show(node, agreement),
            Self::Put { file } => put(node, file),
            Self::Propose(it) => step(node, &it.agreement, json!({ "step": "propose" })),
            Self::Accept(it) => {
                step(node, &it.agreement, json!({ "step": "accept", "digest": it.digest }))
            }
            Self::Start(it) => step(node, &it.agreement, json!({ "step": "put-in-force" })),
            Self::Resume(it) => step(node, &it.agreement, json!({ "step": "resume" })),
            Self::End(it) => step(node, &it.agreement, json!({ "step": "end" })),
            Self::Suspend(it) => {
                step(node, &it.agreement, json!({ "step": "suspend", "reason": it.reason }))
            }
            Self::Pace { days } => pace(node, *days),
        }
    }

    fn print(&self, answer: &Value) {
        match self {
            Self::List => answer["items"].as_array().into_iter().flatten().for_each(line),
            Self::Overdue(_) => answer["items"].as_array().into_iter().flatten().for_each(owed),
            Self::Pace { .. } => print_pace(answer),
            Self::Show(_) => {
                line(&answer["agreement"]);
                print_signatures(&answer["signatures"]);
            }
            _ => line(answer),
        }
    }
}

/// All pages of the list as one.
fn list(node: &mut Reached, path: &str) -> Result<Value, Failure> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let mut page: Value = node.get(&format!("{path}{after}"))?;
        all.append(page["items"].as_array_mut().unwrap_or(&mut Vec::new()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={}", plain(next)),
            None => return Ok(json!({ "items": all })),
        }
    }
}

impl Owed {
    fn path(&self) -> String {
        let mut path = "/api/v1/acknowledgements/overdue?limit=1000".to_owned();
        path.extend(self.agreement.iter().map(|id| format!("&agreement={id}")));
        path.extend(self.organisation.iter().map(|id| format!("&organisation={id}")));
        path
    }
}

fn owed(it: &Value) {
    let word = |name: &str| it[name].as_str().unwrap_or_default();
    println!("{:<28} {}  due {}", word("organisation"), word("item"), word("due"));
    println!("  received {} under {}", word("received"), word("agreement"));
    for (whose, side) in [("call", "contacts"), ("given by", "givers")] {
        for contact in it[side].as_array().into_iter().flatten() {
            let word = |name: &str| contact[name].as_str().unwrap_or_default();
            println!("  {whose} {} ({}) {}", word("name"), word("organisation"), word("phone_24h"));
        }
    }
}

fn show(node: &mut Reached, id: &AgreementId) -> Result<Value, Failure> {
    let agreement: Value = node.get(&format!("/api/v1/agreements/{id}"))?;
    // One that was never proposed to another node has none.
    let signatures = node.get::<Value>(&format!("/api/v1/agreements/{id}/signatures")).ok();
    Ok(json!({ "agreement": agreement, "signatures": signatures }))
}

fn put(node: &mut Reached, file: &std::path::Path) -> Result<Value, Failure> {
    let place = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| Failure::input(&place, error))?;
    let is_json = file.extension().is_some_and(|it| it.eq_ignore_ascii_case("json"));
    let notation = if is_json { Notation::Json } else { Notation::Toml };
    let agreement = read_agreement(&text, notation).map_err(|error| {
        Failure::Refused(Box::new(Refusal::new("invalid", &error.to_string()).at(&place)))
    })?;
    let path = format!("/api/v1/agreements/{}", agreement.id);
    node.put(&path, &agreement)?;
    node.get(&path)
}

/// What goes out and what comes in, side by side.
fn pace(node: &mut Reached, days: u32) -> Result<Value, Failure> {
    let given: Value = node.get(&format!("/api/v1/reports/sharing?days={days}"))?;
    let peers: Value = node.get("/api/v1/peers")?;
    Ok(json!({ "given": given["agreements"], "received": peers["arriving"] }))
}

fn line(agreement: &Value) {
    let word = |of: &Value| of.as_str().unwrap_or_default().to_owned();
    let (id, title, stage) =
        (word(&agreement["id"]), word(&agreement["title"]), word(&agreement["stage"]["is"]));
    println!("{id:<28} {stage:<10} {title}");
    if let Some(reason) = agreement["stage"]["reason"].as_str() {
        println!("  {reason}");
    }
}

fn print_signatures(signatures: &Value) {
    let names = |of: &Value| {
        let names = of.as_array().into_iter().flatten().filter_map(Value::as_str);
        names.collect::<Vec<_>>().join(", ")
    };
    if signatures.is_object() {
        println!("  revision {}  {}", signatures["revision"], signatures["digest"]);
        println!("  signed by {}", names(&signatures["signed_by"]));
        println!("  to be signed by {}", names(&signatures["signatories"]));
    }
}

fn print_pace(answer: &Value) {
    let quantiles = |what: &str, of: &Value| {
        if of["count"].as_u64().unwrap_or(0) > 0 {
            println!(
                "  {what:<28} {:>8}  p50 {} ms  p95 {} ms  p99 {} ms",
                of["count"], of["p50_ms"], of["p95_ms"], of["p99_ms"]
            );
        }
    };
    for given in answer["given"].as_array().into_iter().flatten() {
        println!("{}", given["agreement"].as_str().unwrap_or_default());
        quantiles("given, until received", &given["share"]);
        quantiles("received, until acknowledged", &given["acknowledge"]);
        if let Some(duty) = given["duty"].as_object() {
            let counts: Vec<_> =
                duty.iter().map(|(name, count)| format!("{name} {count}")).collect();
            println!("  acknowledged as agreed        {}", counts.join(", "));
        }
    }
    for received in answer["received"].as_array().into_iter().flatten() {
        let word = |name: &str| received[name].as_str().unwrap_or_default();
        println!("{} from {}", word("agreement"), word("peer"));
        quantiles("given there, until here", &received["share"]);
    }
}
