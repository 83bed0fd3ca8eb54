//! `vedetta peer`.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use vedetta_federation::key::KeyId;
use vedetta_federation::scope::Scope;
use vedetta_model::{AgreementId, Instant, OrganisationId};

use crate::mesh::scope;
use crate::node::{NodeArgs, Use};
use crate::outcome::{Failure, Outcome};
use crate::reach::{Reached, node_or_ledger};

/// Other nodes: invite them, accept their invitations, see and change the links.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Peer {
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

const EXAMPLES: &str = "\
Examples:
  vedetta peer invite --organisation cosc-umbria --agreement pro-c2si --serves region:Umbria
  vedetta peer accept CODE --serves everything --data ./umbria
  vedetta peer list --json
  vedetta peer suspend cosc-umbria --reason \"Key under examination\"
  vedetta peer resume cosc-umbria
  vedetta peer terms cosc-umbria --serves region:Umbria,below:cosc-umbria
  vedetta peer rotate --stolen
  vedetta peer request node.example.org
  vedetta peer revoke 5c2f0a… --reason \"Stolen with a laptop\"";

/// What to do.
#[derive(Subcommand)]
enum What {
    /// Make a one-time code for another node.
    ///
    /// Hand it to its administrator over a channel you trust: it is good once, for a day.
    #[command(
        after_help = "Example:\n  vedetta peer invite --organisation cosc-umbria --agreement pro-c2si --serves region:Umbria --data ./cnaipic"
    )]
    Invite(Invite),
    /// Accept the invitation of another node.
    #[command(
        after_help = "Example:\n  vedetta peer accept AHQB7A-… --serves everything --data ./umbria"
    )]
    Accept(Accept),
    /// Show the other nodes, how the links do, and what was refused.
    #[command(after_help = "Example:\n  vedetta peer list --json")]
    List,
    /// Give this node a new key. Its peers learn it over their links.
    #[command(after_help = "Example:\n  vedetta peer rotate --stolen")]
    Rotate {
        /// The old key is in other hands: nothing that it sealed is believed any more.
        #[arg(long)]
        stolen: bool,
    },
    /// Print a request for a certificate for this node's key, for an authority to sign.
    #[command(after_help = "Example:\n  vedetta peer request node.example.org > node.csr")]
    Request {
        /// By which names other nodes dial this one; without any, the one on its card.
        names: Vec<String>,
    },
    /// Tell the other nodes who is on duty here.
    #[command(after_help = "Example:\n  vedetta peer duty 3 --until 2026-03-02T20:00:00Z")]
    Duty {
        /// How many.
        on_duty: u16,
        /// Until when that is known.
        #[arg(long, value_name = "MOMENT")]
        until: Instant,
    },
    /// Take all trust from another node's key, which was stolen. Its node needs a new code.
    #[command(
        after_help = "Example:\n  vedetta peer revoke 5c2f0a… --reason \"Stolen with a laptop\""
    )]
    Revoke {
        /// The key, as `peer list` shows it: 32 digits.
        key: KeyId,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Take an invitation back that nobody used; `peer list` names them.
    #[command(after_help = "Example:\n  vedetta peer withdraw invitation-2")]
    Withdraw {
        /// Its name.
        invitation: String,
    },
    /// Say anew for whom a peer speaks.
    #[command(
        after_help = "Example:\n  vedetta peer terms cosc-umbria --serves region:Umbria,below:cosc-umbria"
    )]
    Terms {
        /// The peer.
        organisation: OrganisationId,
        #[command(flatten)]
        terms: Terms,
    },
    /// Stop a link for now.
    #[command(
        after_help = "Example:\n  vedetta peer suspend cosc-umbria --reason \"Key under examination\""
    )]
    Suspend(Stop),
    /// Let a suspended link work again.
    #[command(after_help = "Example:\n  vedetta peer resume cosc-umbria")]
    Resume {
        /// The peer.
        organisation: OrganisationId,
    },
    /// End a link for good; another needs a new code.
    #[command(
        after_help = "Example:\n  vedetta peer end cosc-umbria --reason \"The agreement has ended\""
    )]
    End(Stop),
}

/// On what terms another node is invited.
#[derive(Args)]
struct Invite {
    /// Whose node is invited: no other can use the code.
    #[arg(long, value_name = "ID")]
    organisation: OrganisationId,
    /// The agreement that the link rests on.
    #[arg(long, value_name = "ID")]
    agreement: AgreementId,
    #[command(flatten)]
    terms: Terms,
    /// Where the other node dials this one, instead of what the configuration says.
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<String>,
}

/// Whose invitation is accepted, and on what terms.
#[derive(Args)]
struct Accept {
    /// The code.
    code: String,
    #[command(flatten)]
    terms: Terms,
}

/// What the other node may say.
#[derive(Args)]
#[group(skip)]
struct Terms {
    /// For whom it speaks: everything, region:NAME, below:ID or ID, several with commas.
    #[arg(long, value_parser = scope)]
    serves: Scope,
    /// Whose cards it is believed about; everyone's only if it speaks for everything, else those
    /// of whom it speaks for.
    #[arg(long, value_enum)]
    vouches: Option<Vouches>,
}

/// Whose cards a peer is believed about.
#[derive(Clone, Copy, ValueEnum)]
enum Vouches {
    /// Everyone's.
    Everything,
    /// Those of whom it speaks for.
    Below,
}

/// Which link, and why.
#[derive(Args)]
struct Stop {
    /// The peer.
    organisation: OrganisationId,
    /// Why.
    #[arg(long)]
    reason: String,
}

impl Peer {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let usage = if matches!(self.what, What::List) { Use::Read } else { Use::Write };
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
        match self {
            Self::List => node.get("/api/v1/peers"),
            Self::Rotate { stolen } => {
                node.post("/api/v1/card/rotation", &json!({ "stolen": stolen }))
            }
            Self::Request { names } => {
                node.post("/api/v1/card/requests", &json!({ "names": names }))
            }
            Self::Revoke { key, reason } => {
                node.post("/api/v1/card/revocations", &json!({ "key": key, "reason": reason }))
            }
            Self::Withdraw { invitation } => {
                node.delete(&format!("/api/v1/peers/invitations/{invitation}"))?;
                Ok(json!({ "withdrawn": invitation }))
            }
            Self::Terms { organisation, terms } => {
                node.put(&format!("/api/v1/peers/{organisation}/terms"), &terms.body())?;
                Ok(json!({ "organisation": organisation, "serves": terms.serves }))
            }
            Self::Invite(invite) => {
                let mut body = invite.terms.body();
                body["organisation"] = json!(invite.organisation);
                body["agreement"] = json!(invite.agreement);
                if let Some(address) = &invite.address {
                    body["address"] = json!(address);
                }
                node.post("/api/v1/peers/invitations", &body)
            }
            Self::Accept(accept) => {
                let mut body = accept.terms.body();
                body["code"] = json!(accept.code);
                node.post("/api/v1/peers", &body)
            }
            Self::Duty { on_duty, until } => {
                node.post("/api/v1/presence", &json!({ "on_duty": on_duty, "until": until }))
            }
            Self::Suspend(stop) => step(node, &stop.organisation, &stop.step("suspend")),
            Self::End(stop) => step(node, &stop.organisation, &stop.step("end")),
            Self::Resume { organisation } => step(node, organisation, &json!({ "step": "resume" })),
        }
    }

    fn print(&self, answer: &Value) {
        let word = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        match self {
            Self::List => print_list(answer),
            Self::Invite(_) => {
                println!("{}", word("code"));
                println!("good once, until {}; hand it over in confidence", word("expires"));
            }
            Self::Rotate { .. } => {
                println!("new key {}, card {}", word("fingerprint"), answer["serial"]);
            }
            Self::Request { .. } => print!("{}", word("pem")),
            Self::Duty { .. } => {
                println!("{} on duty until {}", answer["on_duty"], word("until"));
            }
            Self::Revoke { key, .. } => {
                println!("{key} of {} counts for nothing any more", word("organisation"));
            }
            Self::Withdraw { invitation } => println!("{invitation} was taken back"),
            Self::Terms { organisation, .. } => println!("{organisation} has new terms"),
            Self::Accept(_) | Self::Suspend(_) | Self::Resume { .. } | Self::End(_) => {
                let stage = answer["stage"]["is"].as_str().unwrap_or_default();
                println!("{}: {stage}", word("organisation"));
            }
        }
    }
}

impl Terms {
    fn body(&self) -> Value {
        let mut body = json!({ "serves": self.serves });
        if let Some(vouches) = self.vouches.and_then(|it| it.to_possible_value()) {
            body["vouches"] = json!(vouches.get_name());
        }
        body
    }
}

impl Stop {
    fn step(&self, step: &str) -> Value {
        json!({ "step": step, "reason": self.reason })
    }
}

fn step(node: &mut Reached, peer: &OrganisationId, step: &Value) -> Result<Value, Failure> {
    node.post(&format!("/api/v1/peers/{peer}/steps"), step)
}

/// This node, and that it has no peers.
fn print_node(answer: &Value) {
    let node = &answer["node"];
    if let Some(organisation) = node["organisation"].as_str() {
        let fingerprint = node["fingerprint"].as_str().unwrap_or_default();
        println!("{organisation}  card {}  key {fingerprint}", node["serial"]);
    }
    if answer["peers"].as_array().is_none_or(Vec::is_empty) {
        println!("no peers");
    }
}

fn print_list(answer: &Value) {
    print_node(answer);
    for peer in answer["peers"].as_array().into_iter().flatten() {
        let (link, word) = (&peer["link"], |of: &Value| of.as_str().unwrap_or("-").to_owned());
        let state = match link["up"].as_bool() {
            Some(true) => format!("up since {}", word(&link["since"])),
            Some(false) => format!("down since {}", word(&link["since"])),
            None => "no link yet".into(),
        };
        let (name, stage) = (word(&peer["organisation"]), word(&peer["stage"]["is"]));
        println!("{name:<16} {stage:<10} under {:<20} {state}", word(&peer["agreement"]));
        if let Some(key) = peer["key"].as_str() {
            println!("  key {key}");
        }
        if link.is_object() {
            println!(
                "  lag {}  behind {}  sent {}  taken {}  known {}  refused {}  skew {}",
                link["lag"],
                link["behind"].as_u64().map_or("not known yet".into(), |it| it.to_string()),
                link["sent"],
                link["taken"],
                peer["known"],
                link["refused"],
                link["skew_ms"].as_i64().map_or("not measured yet".into(), |it| format!("{it} ms"))
            );
        }
        if let Some(count) = link["too_far"].as_u64().filter(|count| *count > 0) {
            println!(
                "  {count} went no further: through 256 nodes, or with a trail that fits no frame"
            );
        }
        if link["over_quota"] == json!(true) {
            println!(
                "  it waits: it brought what peer_quota lets it in a day, or the disk is full up to peer_reserve"
            );
        }
        if let Some(since) = peer["silent"].as_str() {
            println!("  ALARM: silent since {since}");
        }
        if let Some(at) = peer["future"].as_str() {
            println!(
                "  ALARM: at {at} it refused ours as from the future: one of the clocks is wrong"
            );
        }
        if peer["presence"].is_object() {
            let (count, until) = (&peer["presence"]["on_duty"], &peer["presence"]["until"]);
            println!("  {count} on duty there until {}", word(until));
        }
        if let (Some(reason), Some(false)) = (link["reason"].as_str(), link["up"].as_bool()) {
            println!("  {reason}");
        }
        for refusal in peer["refusals"].as_array().into_iter().flatten().rev().take(5) {
            println!("  refused at {}: {}", word(&refusal["at"]), word(&refusal["says"]));
        }
        for refusal in peer["refusals_there"].as_array().into_iter().flatten().rev().take(5) {
            let what = refusal["item"].as_str().or(refusal["what"].as_str()).unwrap_or("-");
            let (at, why) = (word(&refusal["at"]), word(&refusal["why"]));
            println!("  refused there at {at}: {what}: {why}");
        }
    }
    for invitation in answer["invitations"].as_array().into_iter().flatten() {
        let word = |name: &str| invitation[name].as_str().unwrap_or("-").to_owned();
        let (name, invited) = (word("id"), word("organisation"));
        println!("{name}: {invited} under {}, until {}", word("agreement"), word("expires"));
    }
}
