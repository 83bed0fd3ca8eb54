//! `vedetta agreement`.

mod printed;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use serde_json::{Value, json};
use vedetta_model::agreement::Term;
use vedetta_model::{AgreementId, Instant, OrganisationId};
use vedetta_policy::{LONGEST_AGREEMENT, Notation, last_day, read_agreement};

use crate::node::{Fault, Node, file, plain};
use crate::{Answer, At, Command, Use};

/// Agreements: write, propose to other nodes, accept, suspend, renew, end.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Agreement {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    at: At,
}

const EXAMPLES: &str = "\
Examples:
  vedetta agreement put ./umbria-liguria.toml --data ./umbria
  vedetta agreement propose umbria-liguria --data ./umbria
  vedetta agreement show umbria-liguria --data ./liguria
  vedetta agreement accept umbria-liguria --digest 5cd2… --data ./liguria
  vedetta agreement list --ends-within 60
  vedetta agreement renew umbria-liguria --until 2032-01-31
  vedetta agreement suspend umbria-liguria --reason \"Under review\"
  vedetta agreement pace --days 7
  vedetta agreement overdue --organisation comune-054039";

/// What to do.
#[derive(Subcommand)]
enum What {
    /// Show the agreements, how they stand, how many adhere, and until when they bind.
    #[command(
        after_help = "Examples:\n  vedetta agreement list --data ./node\n  vedetta agreement list --all\n  vedetta agreement list --ends-within 60\n  vedetta agreement list --stage draft --json"
    )]
    List(Listed),
    /// Show one: term and renewal, parties and their contacts, handling, duties, who does what, and
    /// which nodes have signed its text.
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
    /// Throw a draft away. What was signed is ended, not thrown away.
    #[command(after_help = "Example:\n  vedetta agreement discard umbria-liguria")]
    Discard(Which),
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
    /// Give it a later last day, as the parties have agreed: in force or suspended.
    #[command(after_help = "Example:\n  vedetta agreement renew umbria-liguria --until 2032-01-31")]
    Renew(Longer),
    /// End it.
    #[command(after_help = "Example:\n  vedetta agreement end umbria-liguria")]
    End(Which),
    /// How fast what is given under each arrives, and is acknowledged; and what comes from other nodes,
    /// of each agreement the newest thousand since the node started.
    #[command(after_help = "Example:\n  vedetta agreement pace --days 7")]
    Pace {
        /// Over so many past days what this node gives.
        #[arg(long, default_value_t = 30)]
        days: u32,
    },
    /// Which acknowledgements are overdue, and whom to call.
    #[command(after_help = "Example:\n  vedetta agreement overdue --organisation comune-054039")]
    Overdue(Owed),
}

/// Which of them.
#[derive(Args)]
struct Listed {
    /// Only in this stage.
    #[arg(long, value_enum)]
    stage: Option<StageName>,
    /// Only those that end within so many days, or go on tacitly: their last day to object.
    #[arg(long, value_name = "DAYS")]
    ends_within: Option<u32>,
    /// Every adhesion too, instead of how many there are to each: of a stage, of those that end soon
    /// and with `--json` they always are.
    #[arg(long)]
    all: bool,
}

/// A stage in the life of an agreement.
#[derive(Clone, Copy, ValueEnum)]
enum StageName {
    /// Being written.
    Draft,
    /// Binding within its term.
    InForce,
    /// Stopped for now.
    Suspended,
    /// Over.
    Expired,
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

#[derive(Args)]
struct Longer {
    /// The agreement.
    agreement: AgreementId,
    /// Its new last day, as 2032-01-31.
    #[arg(long, value_name = "DAY")]
    until: Date,
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

impl Command for Agreement {
    fn at(&self) -> &At {
        &self.at
    }

    fn needs(&self) -> Use {
        match self.what {
            What::List(_) | What::Show(_) | What::Pace { .. } | What::Overdue(_) => Use::Read,
            _ => Use::Write,
        }
    }

    fn ask<N: Node>(&self, node: &mut N) -> Result<Answer, N::Failure> {
        self.what.ask(node).map(Answer::whole)
    }

    fn lines(&self, told: &Value) -> String {
        match &self.what {
            What::List(which) if !which.folds() => printed::all(told),
            What::List(_) => printed::list(told),
            What::Overdue(_) => printed::overdue(told),
            What::Pace { .. } => printed::pace(told),
            What::Show(_) => printed::whole(told),
            What::Discard(it) => format!("{}: the draft is gone\n", it.agreement),
            _ => printed::line(told),
        }
    }
}

impl What {
    fn ask<N: Node>(&self, node: &mut N) -> Result<Value, N::Failure> {
        match self {
            Self::List(which) => which.list(node),
            Self::Overdue(of) => Ok(json!({ "items": node.list(&of.path())? })),
            Self::Show(Which { agreement }) => show(node, agreement),
            Self::Put { file } => put(node, file),
            Self::Discard(Which { agreement }) => {
                node.remove(&format!("/api/v1/agreements/{agreement}"))?;
                Ok(json!({ "discarded": agreement }))
            }
            Self::Propose(it) => step(node, &it.agreement, &json!({ "step": "propose" })),
            Self::Accept(it) => {
                step(node, &it.agreement, &json!({ "step": "accept", "digest": it.digest }))
            }
            Self::Start(it) => step(node, &it.agreement, &json!({ "step": "put-in-force" })),
            Self::Resume(it) => step(node, &it.agreement, &json!({ "step": "resume" })),
            Self::Renew(it) => {
                step(node, &it.agreement, &json!({ "step": "renew", "until": it.until }))
            }
            Self::End(it) => step(node, &it.agreement, &json!({ "step": "end" })),
            Self::Suspend(it) => {
                step(node, &it.agreement, &json!({ "step": "suspend", "reason": it.reason }))
            }
            Self::Pace { days } => pace(node, *days),
        }
    }
}

fn step<N: Node>(node: &mut N, which: &AgreementId, step: &Value) -> Result<Value, N::Failure> {
    node.post(&format!("/api/v1/agreements/{which}/steps"), step)
}

impl Listed {
    /// Whether adhesions are only counted: who asks for some wants to know which.
    const fn folds(&self) -> bool {
        !self.all && self.stage.is_none() && self.ends_within.is_none()
    }

    /// With the last day of each, and the first to end before the others where that was asked.
    fn list<N: Node>(&self, node: &mut N) -> Result<Value, N::Failure> {
        let mut path = "/api/v1/agreements?limit=1000".to_owned();
        let stage = self.stage.and_then(|it| it.to_possible_value());
        path.extend(stage.iter().map(|it| format!("&stage={}", it.get_name())));
        path.extend(self.ends_within.iter().map(|days| format!("&ends_within_days={days}")));
        let mut items = node.list(&path)?;
        let now = node.now();
        items.iter_mut().for_each(|it| date(it, now));
        if self.ends_within.is_some() {
            items.sort_by_key(|it| it["last_day"].as_str().map(str::to_owned));
        }
        Ok(json!({ "items": items }))
    }
}

/// Notes the last day on which an agreement binds, as it stands, and how many days there are to it.
fn date(agreement: &mut Value, now: Instant) {
    let Ok(term) = serde_json::from_value::<Term>(agreement["term"].clone()) else { return };
    let stands = matches!(agreement["stage"]["is"].as_str(), Some("in-force" | "suspended"));
    let last = if stands { last_day(&term, now.day()) } else { term.until };
    agreement["last_day"] = json!(last);
    if let (true, Ok(left)) = (stands, now.day().until((jiff::Unit::Day, last))) {
        agreement["days_left"] = json!(left.get_days());
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

fn show<N: Node>(node: &mut N, id: &AgreementId) -> Result<Value, N::Failure> {
    let mut agreement = node.get(&format!("/api/v1/agreements/{id}"))?;
    date(&mut agreement, node.now());
    // One that was never proposed to another node has none.
    let signatures = node.get(&format!("/api/v1/agreements/{id}/signatures")).ok();
    let contacts = contacts(node, &agreement)?;
    Ok(json!({ "agreement": agreement, "contacts": contacts, "signatures": signatures }))
}

/// The contacts that the parties name, each as the directory has it; without its name one that the
/// directory has not.
fn contacts<N: Node>(node: &mut N, agreement: &Value) -> Result<Vec<Value>, N::Failure> {
    let parties = agreement["party"].as_array().into_iter().flatten();
    let named = parties.flat_map(|it| it["contacts"].as_array().into_iter().flatten());
    let mut named: Vec<&Value> = named.collect();
    named.sort_by_key(|id| id.as_str());
    named.dedup();
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let known = node.list("/api/v1/contacts?limit=1000")?;
    let of = |id: &Value| known.iter().find(|it| it["id"] == *id).cloned();
    let named = named.into_iter().map(|id| {
        let mut contact = of(id).unwrap_or_else(|| json!({ "id": id }));
        // Whom to call then, by name too.
        if let Some(substitute) = of(&contact["substitute"]) {
            contact["substitute_name"] = substitute["name"].clone();
        }
        contact
    });
    Ok(named.collect())
}

fn put<N: Node>(node: &mut N, path: &Path) -> Result<Value, N::Failure> {
    let place = path.display().to_string();
    let octets = file(path, LONGEST_AGREEMENT)?;
    let invalid = |sentence: String| Fault::Invalid { place: path.display().to_string(), sentence };
    let text = std::str::from_utf8(&octets).map_err(|error| {
        invalid(format!("octet {} is not UTF-8; write it in UTF-8", error.valid_up_to()))
    })?;
    let is_json = path.extension().is_some_and(|it| it.eq_ignore_ascii_case("json"));
    let notation = if is_json { Notation::Json } else { Notation::Toml };
    let agreement = read_agreement(text, notation).map_err(|error| invalid(error.to_string()))?;
    let path = format!("/api/v1/agreements/{}", plain(agreement.id.as_str()));
    node.put(&path, &agreement).map_err(|failure| N::about(failure, &place))
}

/// What goes out and what comes in, side by side.
fn pace<N: Node>(node: &mut N, days: u32) -> Result<Value, N::Failure> {
    let given = node.get(&format!("/api/v1/reports/sharing?days={days}"))?;
    let peers = node.get("/api/v1/peers")?;
    Ok(json!({ "given": given["agreements"], "received": peers["arriving"] }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Refused, Scripted, parsed};

    fn tacit(id: &str, until: &str) -> Value {
        json!({
            "id": id, "title": "Patto", "stage": { "is": "in-force", "since": "2026-01-01T00:00:00Z", "by": "a" },
            "term": { "from": "2024-02-01", "until": until, "renewal": "tacit" },
        })
    }

    #[test]
    fn those_that_end_first_come_first_with_their_last_day() {
        let page = json!({ "items": [
            { "id": "b", "title": "Later", "stage": { "is": "in-force" },
                "term": { "from": "2026-01-01", "until": "2027-01-10" } },
            tacit("c", "2025-01-31"),
        ], "next": null });
        let list: Agreement = parsed("list --ends-within 90");
        let mut node = Scripted::new().gives(&page);
        let Answer { told: crate::Told::Value(told), .. } = list.ask(&mut node).unwrap() else {
            panic!("no list")
        };
        assert_eq!(node.told(), ["GET /api/v1/agreements?limit=1000&ends_within_days=90"]);
        assert_eq!(
            (&told["items"][0]["id"], &told["items"][0]["days_left"]),
            (&json!("b"), &json!(42))
        );
        assert_eq!(told["items"][1]["last_day"], "2027-01-31", "it went on, tacitly");
        let lines = list.lines(&told);
        assert!(lines.contains("ends on 2027-01-10, in 42 days"), "{lines}");
        assert!(lines.contains("goes on after 2027-01-31, in 63 days"), "{lines}");
    }

    #[test]
    fn adhesions_are_counted_under_what_they_adhere_to() {
        let adhesion = |id: &str, parent: &str, stage: &str| {
            json!({ "id": id, "title": "Adesione", "parent": parent, "stage": { "is": stage },
                "adhesion": { "party": "towns", "organisation": id } })
        };
        let told = json!({ "items": [
            adhesion("a-1", "pact", "in-force"),
            { "id": "alone", "title": "Nobody adheres", "stage": { "is": "draft" } },
            { "id": "pact", "title": "The pact", "last_day": "2032-06-30", "days_left": 2039,
                "stage": { "is": "suspended", "since": "2026-10-01T08:00:00Z", "by": "anna",
                    "reason": "Under review" },
                "term": { "renewal": "tacit" } },
            adhesion("a-2", "pact", "suspended"),
            adhesion("a-3", "pact", "in-force"),
            adhesion("a-4", "elsewhere", "in-force"),
        ] });
        let list: Agreement = parsed("list");
        let said = "\
alone                 draft                                                                                                             Nobody adheres
pact                  suspended  since 2026-10-01T08:00:00Z, by anna  3 adhesions, 1 suspended  goes on after 2032-06-30, in 2039 days  The pact
  Under review
adhesions: elsewhere                                                  1 adhesion
2 agreements and 4 adhesions: --all lists each
";
        assert_eq!(list.lines(&told), said);
        for each in ["list --all", "list --stage in-force", "list --ends-within 60"] {
            let lines = parsed::<Agreement>(each).lines(&told);
            assert!((1..5).all(|it| lines.contains(&format!("a-{it} "))), "{each}: {lines}");
        }
    }

    #[test]
    fn what_is_shown_names_whom_to_call_and_whom_nobody_can() {
        let mut agreement = tacit("patto", "2028-01-31");
        agreement["party"] = json!([
            { "name": "centre", "organisations": ["cosc-umbria"], "gives": ["early-warning"],
              "receives": ["incident"], "contacts": ["umbria-h24", "nobody"] },
            { "name": "towns", "select": { "kinds": ["municipality"], "regions": ["Umbria"],
              "population_above": 20_000, "adhesion": "required" }, "receives": ["early-warning"] },
        ]);
        agreement["raci"] = json!([{ "activity": "ransomware", "responsible": ["towns"], "accountable": ["centre"] }]);
        agreement["handling"] = json!({ "highest_tlp": "AMBER+STRICT", "default_tlp": "AMBER",
            "victim": "named", "history": { "days": 30 }, "redistribution": "lineage",
            "iep": { "id": "p-1", "name": "No resale", "start_date": "2026-01-01T00:00:00Z",
                "permitted_actions": "none", "unmodified_resale": "must not" } });
        agreement["duties"] = json!({ "acknowledge_minutes": 60, "acknowledge": ["early-warning"], "training": "yearly" });
        let contact = json!({ "id": "umbria-h24", "organisation": "cosc-umbria", "role": "desk",
            "name": "Sala operativa", "phone_24h": "+39 075 000", "substitute": "umbria-2",
            "last_verified": "2026-10-01" });
        let node = Scripted::new().gives(&agreement);
        let mut node = node.refuses(json!({ "code": "unknown" })).gives(
            &json!({ "items": [contact, { "id": "umbria-2", "name": "Capoturno" }], "next": null }),
        );
        let show: Agreement = parsed("show patto");
        let Answer { told: crate::Told::Value(told), .. } = show.ask(&mut node).unwrap() else {
            panic!("nothing shown")
        };
        assert_eq!(told["contacts"][0], json!({ "id": "nobody" }));
        let lines = show.lines(&told);
        for said in [
            "from 2024-02-01",
            "goes on after 2028-01-31",
            "tacit renewal",
            "centre: cosc-umbria",
            "towns: municipality, in Umbria, above 20000 residents, that has adhered",
            "call Sala operativa (cosc-umbria, desk) +39 075 000, then Capoturno (umbria-2), verified 2026-10-01",
            "nobody: not in the directory, so nobody is called",
            "at most TLP:AMBER+STRICT, without a label TLP:AMBER",
            "victims named",
            "the last 30 days",
            "since 2026-01-01T00:00:00Z, by a\n",
            "policy     No resale (p-1); from 2026-01-01T00:00:00Z; permitted actions: none; unmodified resale: must not\n",
            "acknowledge early-warning within 60 minutes",
            "training yearly",
            "ransomware: responsible towns, accountable centre",
        ] {
            assert!(lines.contains(said), "{said:?} is not in\n{lines}");
        }
    }

    #[test]
    fn a_draft_is_thrown_away_and_a_term_made_longer() {
        let renew: Agreement = parsed("renew patto --until 2032-01-31");
        assert_eq!(renew.needs(), Use::Write);
        let mut node = Scripted::new().gives(&tacit("patto", "2032-01-31"));
        renew.ask(&mut node).unwrap();
        let discard: Agreement = parsed("discard patto");
        discard.ask(&mut node).unwrap();
        assert_eq!(
            node.told(),
            [
                r#"POST /api/v1/agreements/patto/steps {"step":"renew","until":"2032-01-31"}"#,
                "DELETE /api/v1/agreements/patto",
            ]
        );
    }

    #[test]
    fn a_text_that_is_none_is_refused_by_file_and_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("patto.toml");
        std::fs::write(&path, "id = 7\n").unwrap();
        let put: Agreement = parsed(&format!("put {}", path.display()));
        let mut node = Scripted::new();
        let Err(Refused::Command(Fault::Invalid { place, sentence })) = put.ask(&mut node) else {
            panic!("it was taken")
        };
        assert!(place.ends_with("patto.toml") && sentence.contains("line 1"), "{sentence}");
        assert_eq!(node.asked, []);
    }
}
