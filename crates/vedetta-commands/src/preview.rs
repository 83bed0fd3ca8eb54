//! `vedetta preview`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use vedetta_model::{AgreementId, Category, Naming, OrganisationId, Pap, Tlp};

use crate::node::{Node, Request, Verb, file, read};
use crate::table::{counted, each, word, words};
use crate::{Answer, At, Command, Use, named};

/// Say who would have an item handled so, or the items of a file, in which form, who would not, and why.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  vedetta preview ./bundle.json --names\n  vedetta preview --category incident --tlp AMBER --producer comune-055032 --victim comune-055032\n  vedetta preview --category indicator --tlp GREEN --names --json"
)]
pub struct Preview {
    /// A STIX object or bundle, brought by the node's own organisation; what is handled alike is said once.
    #[arg(conflicts_with_all = ["category", "tlp", "pap", "producer", "victims", "named", "only_under"])]
    file: Option<PathBuf>,
    /// What it would be: indicator, incident, technical-report, early-warning, awareness or context.
    #[arg(long, value_parser = named::<Category>, required_unless_present = "file")]
    category: Option<Category>,
    /// How far it might go: CLEAR, GREEN, AMBER, AMBER+STRICT or RED.
    #[arg(long, required_unless_present = "file")]
    tlp: Option<Tlp>,
    /// What might be done with it: CLEAR, GREEN, AMBER or RED.
    #[arg(long)]
    pap: Option<Pap>,
    /// Who would bring it; the node's own organisation without it.
    #[arg(long, value_name = "ID")]
    producer: Option<OrganisationId>,
    /// Whose misfortune it would tell, several with several.
    #[arg(long = "victim", value_name = "ID")]
    victims: Vec<OrganisationId>,
    /// Whom TLP:RED would name, as ACCOUNT or ACCOUNT@ORGANISATION, several with several.
    #[arg(long = "named", value_name = "PERSON")]
    named: Vec<Naming>,
    /// Only under this agreement, several with several.
    #[arg(long, value_name = "ID")]
    only_under: Vec<AgreementId>,
    /// Name every organisation of a group and every item; the first few without it.
    #[arg(long)]
    names: bool,
    #[command(flatten)]
    at: At,
}

/// Organisations of a group, and items, that are named.
const SHOWN: usize = 5;
/// The longest file, in octets: what the route takes.
const LONGEST: usize = 1 << 20;

impl Command for Preview {
    fn at(&self) -> &At {
        &self.at
    }

    fn needs(&self) -> Use {
        Use::Read
    }

    fn ask<N: Node>(&self, node: &mut N) -> Result<Answer, N::Failure> {
        if let Some(file) = &self.file {
            return items(node, file);
        }
        let victims: BTreeSet<_> = self.victims.iter().collect();
        let only_under: BTreeSet<_> = self.only_under.iter().collect();
        let named: BTreeSet<String> = self.named.iter().map(ToString::to_string).collect();
        let mut body = json!({ "category": self.category, "tlp": self.tlp, "victims": victims,
            "named": named, "only_under": only_under });
        if let Some(pap) = &self.pap {
            body["pap"] = json!(pap);
        }
        if let Some(producer) = &self.producer {
            body["producer"] = json!(producer);
        }
        Ok(Answer::whole(node.post("/api/v1/preview", &body)?))
    }

    fn lines(&self, told: &Value) -> String {
        if self.file.is_none() {
            return self.preview(told);
        }
        let mut text = String::new();
        for preview in each(told, "previews") {
            let (handling, items) = (&preview["handling"], each(preview, "items").count());
            let (category, tlp) = (word(handling, "category"), word(handling, "tlp"));
            let many = counted(items, "item", "items");
            let _ = writeln!(text, "{many}, {category} TLP:{tlp}: {}", self.some(preview, "items"));
            text.push_str(&self.preview(preview));
        }
        for fault in each(told, "rejected") {
            let (place, reason) = (word(fault, "place"), word(fault, "reason"));
            let _ = writeln!(text, "would be refused: {place}: {reason}");
        }
        text
    }
}

/// Of the items of a file.
fn items<N: Node>(node: &mut N, path: &Path) -> Result<Answer, N::Failure> {
    let place = path.display().to_string();
    let request = Request::new(Verb::Post, "/api/v1/preview").with(file(path, LONGEST)?);
    let body = node.send(request.of("application/stix+json"));
    let told = read(&body.map_err(|failure| N::about(failure, &place))?)?;
    let whole = told["rejected_count"] == json!(0);
    Ok(if whole { Answer::whole(told) } else { Answer::partly(told) })
}

impl Preview {
    fn preview(&self, told: &Value) -> String {
        let count = |name: &str| told[name].as_u64().unwrap_or(0);
        let mut text = format!(
            "{} would have it in full, {} without the victim, {} not at all\n",
            count("full"),
            count("redacted"),
            count("nobody")
        );
        for group in each(told, "groups") {
            let form = match group["form"].as_str() {
                Some("full") => "in full",
                Some(_) => "without the victim",
                None => "not at all",
            };
            let many = usize::try_from(group["count"].as_u64().unwrap_or(0)).unwrap_or(0);
            let many = counted(many, "organisation", "organisations");
            let _ = writeln!(text, "{form}, {many}: {}", self.some(group, "organisations"));
            let _ =
                writeln!(text, "  {}\n  {}", word(group, "reason_it"), word(group, "reason_en"));
            if let Some(remedy) = group.get("remedy") {
                let _ = writeln!(text, "  {}\n  {}", word(remedy, "it"), word(remedy, "en"));
            }
        }
        text
    }

    /// The first of a list, or all of it.
    fn some(&self, of: &Value, name: &str) -> String {
        if self.names || each(of, name).count() <= SHOWN {
            return words(of, name);
        }
        let first = each(of, name).take(SHOWN).filter_map(Value::as_str);
        format!("{}, … (--names for all)", first.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, parsed, refused};

    #[test]
    fn each_group_says_who_and_why() {
        let preview: Preview = parsed(
            "--category incident --tlp amber --producer comune-055032 --victim comune-055032",
        );
        let told = json!({ "full": 2, "redacted": 6, "nobody": 0, "groups": [
            { "form": "full", "count": 1, "reason_it": "lo produce", "reason_en": "it is its own",
              "organisations": ["comune-055032"] },
            { "form": "redacted", "count": 6, "reason_it": "sì", "reason_en": "yes",
              "organisations": ["a", "b", "c", "d", "e", "f"] },
            { "form": null, "count": 1, "reason_it": "no", "reason_en": "no", "organisations": ["g"],
              "remedy": { "it": "firmalo", "en": "sign it" } }] });
        let mut node = Scripted::new().gives(&told);
        preview.ask(&mut node).unwrap();
        let body = r#"{"category":"incident","tlp":"AMBER","victims":["comune-055032"],"named":[],"only_under":[],"producer":"comune-055032"}"#;
        assert_eq!(node.told(), [format!("POST /api/v1/preview {body}")]);
        let lines = preview.lines(&told);
        assert!(lines.starts_with("2 would have it in full, 6 without the victim, 0 not at all\n"));
        assert!(
            lines.contains("in full, 1 organisation: comune-055032\n  lo produce\n  it is its own")
        );
        assert!(lines.contains("6 organisations: a, b, c, d, e, … (--names for all)"), "{lines}");
        assert!(lines.ends_with("  no\n  no\n  firmalo\n  sign it\n"), "{lines}");
        let all: Preview = parsed("--category incident --tlp amber --names");
        assert!(all.lines(&told).contains("a, b, c, d, e, f\n"));
    }

    #[test]
    fn the_items_of_a_file_are_said_by_how_they_are_handled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bundle.json");
        std::fs::write(&path, "{}").unwrap();
        let preview: Preview = parsed(&path.display().to_string());
        let told = json!({ "previews": [{ "items": ["indicator--1", "indicator--2"],
                "handling": { "category": "indicator", "tlp": "AMBER" },
                "full": 1, "redacted": 0, "nobody": 0, "groups": [{ "form": "full", "count": 1,
                    "reason_it": "sì", "reason_en": "yes", "organisations": ["terni"] }] }],
            "rejected": [{ "place": "objects[2].id", "reason": "it has none" }], "rejected_count": 1 });
        let mut node = Scripted::new().gives(&told);
        let answer = preview.ask(&mut node).unwrap();
        assert_eq!(answer.ended, crate::Ended::Partly);
        assert_eq!(node.told(), ["POST /api/v1/preview {}"]);
        assert_eq!(node.asked[0].media, "application/stix+json");
        let lines = preview.lines(&told);
        let said = "\
2 items, indicator TLP:AMBER: indicator--1, indicator--2
1 would have it in full, 0 without the victim, 0 not at all
in full, 1 organisation: terni
  sì
  yes
would be refused: objects[2].id: it has none
";
        assert_eq!(lines, said);
        let both = refused::<Preview>("bundle.json --tlp amber");
        assert!(both.contains("cannot be used with"), "{both}");
        assert!(refused::<Preview>("--tlp amber").contains("--category"));
    }
}
