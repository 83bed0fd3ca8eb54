//! `vedetta webhook`.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use vedetta_model::{Category, OrganisationId};

use crate::node::{Node, plain};
use crate::table::{each, listed, word, words};
use crate::{Answer, At, Command, Use, named};

/// Webhooks: where an organisation is called when something is released to it.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Webhook {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    at: At,
}

const EXAMPLES: &str = "\
Examples:
  vedetta webhook put siem https://siem.example/vedetta --organisation comune-054039
  vedetta webhook list
  vedetta webhook remove siem --organisation comune-054039";

/// What to do.
#[derive(Subcommand)]
enum What {
    /// Show the webhooks, how many calls wait and which fail.
    #[command(after_help = "Example:\n  vedetta webhook list --json")]
    List,
    /// Put one. The secret that signs its calls is shown once, when it is new.
    #[command(
        after_help = "Example:\n  vedetta webhook put siem https://siem.example/vedetta --kind indicator --category early-warning"
    )]
    Put(Put),
    /// Remove one.
    #[command(after_help = "Example:\n  vedetta webhook remove siem --organisation comune-054039")]
    Remove(Which),
}

#[derive(Args)]
struct Which {
    /// The webhook.
    webhook: String,
    /// Whose; the node's own organisation's without it.
    #[arg(long, value_name = "ID")]
    organisation: Option<OrganisationId>,
}

/// What a webhook is to be.
#[derive(Args)]
struct Put {
    #[command(flatten)]
    which: Which,
    /// Where to call.
    url: String,
    /// Only these STIX types, several with several; all without it.
    #[arg(long = "kind", value_name = "TYPE")]
    kinds: Vec<String>,
    /// Only these categories, several with several; all without it.
    #[arg(long = "category", value_name = "CATEGORY", value_parser = named::<Category>)]
    categories: Vec<Category>,
    /// Tell it of reminders too: early warnings that wait for an answer, deadlines.
    #[arg(long)]
    reminders: bool,
    /// Do not call it for now; it goes on where it paused.
    #[arg(long)]
    paused: bool,
}

impl Command for Webhook {
    fn at(&self) -> &At {
        &self.at
    }

    fn needs(&self) -> Use {
        if matches!(self.what, What::List) { Use::Read } else { Use::Write }
    }

    fn ask<N: Node>(&self, node: &mut N) -> Result<Answer, N::Failure> {
        let answer = match &self.what {
            What::List => node.get("/api/v1/webhooks")?,
            What::Put(put) => {
                let state = if put.paused { "paused" } else { "active" };
                let mut body = json!({ "url": put.url, "kinds": put.kinds,
                    "categories": put.categories, "state": state });
                if put.reminders {
                    body["reminders"] = json!(true);
                }
                if let Some(organisation) = &put.which.organisation {
                    body["organisation"] = json!(organisation);
                }
                node.put(&format!("/api/v1/webhooks/{}", plain(&put.which.webhook)), &body)?
            }
            What::Remove(which) => {
                let mut path = format!("/api/v1/webhooks/{}", plain(&which.webhook));
                path.extend(which.organisation.iter().map(|id| format!("?organisation={id}")));
                node.remove(&path)?;
                json!({ "removed": which.webhook })
            }
        };
        Ok(Answer::whole(answer))
    }

    fn lines(&self, told: &Value) -> String {
        match &self.what {
            What::List => listed(each(told, "webhooks").map(lines).collect()),
            What::Put(_) => match told["secret"].as_str() {
                Some(secret) => {
                    format!("{secret}\nsigns the calls of {}; shown once\n", word(told, "id"))
                }
                None => format!("{} has changed; its secret is as before\n", word(told, "id")),
            },
            What::Remove(which) => format!("{} is called no more\n", which.webhook),
        }
    }
}

fn lines(webhook: &Value) -> String {
    let [id, whose, url] = ["id", "organisation", "url"].map(|name| word(webhook, name));
    let mut said = vec![word(webhook, "state"), format!("{} waiting", webhook["waiting"])];
    said.extend([words(webhook, "kinds"), words(webhook, "categories")]);
    said.extend(webhook["paused_because"].as_str().map(str::to_owned));
    said.retain(|it| !it.is_empty());
    let mut text = format!("{id:<16} {whose:<20} {url}\n  {}\n", said.join(", "));
    if let Some(since) = webhook["failing_since"].as_str() {
        text.push_str(&format!("  fails since {since}: {}\n", word(webhook, "last_error")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, parsed};

    #[test]
    fn a_webhook_is_put_for_an_organisation_and_its_secret_shown_once() {
        let put: Webhook = parsed(
            "put siem https://siem.example/in --organisation comune-054039 --kind indicator --paused",
        );
        let new = json!({ "id": "siem", "secret": "c0ffee" });
        let mut node = Scripted::new().gives(&new);
        put.ask(&mut node).unwrap();
        let body = r#"{"url":"https://siem.example/in","kinds":["indicator"],"categories":[],"state":"paused","organisation":"comune-054039"}"#;
        assert_eq!(node.told(), [format!("PUT /api/v1/webhooks/siem {body}")]);
        assert!(put.lines(&new).starts_with("c0ffee\n"));
        let kept = put.lines(&json!({ "id": "siem" }));
        assert!(kept.contains("its secret is as before"), "{kept}");
    }

    #[test]
    fn one_that_fails_says_since_when_and_why() {
        let list: Webhook = parsed("list");
        let told =
            list.lines(&json!({ "webhooks": [{ "id": "siem", "organisation": "comune-054039",
            "url": "https://siem.example/in", "state": "active", "waiting": 7,
            "failing_since": "2026-11-29T10:00:00Z", "last_error": "refused" }] }));
        assert!(told.contains("active, 7 waiting"), "{told}");
        assert!(told.contains("fails since 2026-11-29T10:00:00Z: refused"), "{told}");
    }
}
