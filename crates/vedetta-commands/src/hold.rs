//! `vedetta hold`.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use vedetta_model::hold::HoldScope;
use vedetta_model::{Hold as Order, HoldId, Instant, ItemId, OrganisationId};

use crate::node::{Node, plain};
use crate::table::{each, listed, word};
use crate::{Answer, At, Command, Use};

/// Investigative holds: an authority's order that stops diffusion.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Hold {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    at: At,
}

const EXAMPLES: &str = "\
Examples:
  vedetta hold put hold-1 --authority \"Procura della Repubblica di Perugia\" --through cnaipic \\
      --victim comune-055032 --reason \"decreto 12/2026\"
  vedetta hold list
  vedetta hold end hold-1";

/// What to do.
#[derive(Subcommand)]
enum What {
    /// Show every hold, past ones too.
    #[command(after_help = "Example:\n  vedetta hold list --json")]
    List,
    /// Put one: what it covers is read by its producer and through one organisation, by nobody else.
    #[command(
        after_help = "Example:\n  vedetta hold put hold-1 --authority \"Procura di Perugia\" --through cnaipic --producer comune-055032 --reason \"decreto 12/2026\" --until 2027-01-31T00:00:00Z"
    )]
    Put(Put),
    /// End one now: what it kept is released to whom it is for.
    #[command(after_help = "Example:\n  vedetta hold end hold-1")]
    End {
        /// The hold.
        hold: HoldId,
    },
}

/// What the order says.
#[derive(Args)]
struct Put {
    /// The hold.
    hold: HoldId,
    /// The authority, as named in the order.
    #[arg(long)]
    authority: String,
    /// The organisation through which the authority reads what is held.
    #[arg(long, value_name = "ORGANISATION")]
    through: OrganisationId,
    #[command(flatten)]
    scope: Scope,
    /// Why, e.g. the number of the order.
    #[arg(long)]
    reason: String,
    /// From when; from now without it.
    #[arg(long, value_name = "MOMENT")]
    from: Option<Instant>,
    /// Until when; until it is ended without it.
    #[arg(long, value_name = "MOMENT")]
    until: Option<Instant>,
}

/// What is held: one of these.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Scope {
    /// One item, all its versions and its form without the victim.
    #[arg(long, value_name = "ID")]
    item: Option<ItemId>,
    /// Everything that names this organisation as a victim.
    #[arg(long, value_name = "ORGANISATION")]
    victim: Option<OrganisationId>,
    /// Everything that this organisation produces.
    #[arg(long, value_name = "ORGANISATION")]
    producer: Option<OrganisationId>,
}

impl Scope {
    fn held(&self) -> Option<HoldScope> {
        let item = self.item.clone().map(HoldScope::Item);
        let victim = self.victim.clone().map(HoldScope::Victim);
        item.or(victim).or_else(|| self.producer.clone().map(HoldScope::Producer))
    }
}

impl Command for Hold {
    fn at(&self) -> &At {
        &self.at
    }

    fn needs(&self) -> Use {
        if matches!(self.what, What::List) { Use::Read } else { Use::Write }
    }

    fn ask<N: Node>(&self, node: &mut N) -> Result<Answer, N::Failure> {
        let answer = match &self.what {
            What::List => node.get("/api/v1/holds")?,
            What::Put(put) => put.ask(node)?,
            What::End { hold } => {
                let path = format!("/api/v1/holds/{}/end", plain(hold.as_str()));
                node.post(&path, &json!({}))?
            }
        };
        Ok(Answer::whole(answer))
    }

    fn lines(&self, told: &Value) -> String {
        match &self.what {
            What::List => listed(each(told, "holds").map(line).collect()),
            What::Put(_) => line(told),
            What::End { hold } => {
                let ended = each(told, "holds").filter(|it| it["id"] == hold.as_str());
                ended.map(line).collect()
            }
        }
    }
}

impl Put {
    fn ask<N: Node>(&self, node: &mut N) -> Result<Value, N::Failure> {
        let Some(scope) = self.scope.held() else {
            let sentence = "nothing is held; give --item, --victim or --producer";
            return Err(crate::Fault::Usage(sentence.into()).into());
        };
        let order = Order {
            id: self.hold.clone(),
            authority: self.authority.clone(),
            organisation: self.through.clone(),
            scope,
            reason: self.reason.clone(),
            from: self.from.unwrap_or_else(|| node.now()),
            until: self.until,
        };
        node.put(&format!("/api/v1/holds/{}", plain(self.hold.as_str())), &order)
    }
}

fn line(hold: &Value) -> String {
    let scope = hold["scope"].as_object().into_iter().flatten().next();
    let scope = scope.map(|(kind, of)| format!("{kind} {}", of.as_str().unwrap_or_default()));
    let until = match hold["until"].as_str() {
        Some(until) => format!(" until {until}"),
        None => String::new(),
    };
    format!(
        "{:<16} {} from {}{until}\n  {}, through {}: {}\n",
        word(hold, "id"),
        scope.unwrap_or_default(),
        word(hold, "from"),
        word(hold, "authority"),
        word(hold, "organisation"),
        word(hold, "reason")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, parsed};

    #[test]
    fn an_order_binds_from_now_and_says_what_it_covers() {
        let put: Hold = parsed(
            "put hold-1 --authority Procura --through cnaipic --victim comune-055032 --reason 12/2026",
        );
        let mut node = Scripted::new();
        put.ask(&mut node).unwrap();
        let body = r#"{"id":"hold-1","authority":"Procura","organisation":"cnaipic","scope":{"victim":"comune-055032"},"reason":"12/2026","from":"2026-11-29T12:00:00.000000Z"}"#;
        let asked: Value = serde_json::from_slice(&node.asked[0].body).unwrap();
        let mut expected: Value = serde_json::from_str(body).unwrap();
        expected["from"] = json!(node.now());
        assert_eq!(asked, expected);
        let lines = put.lines(&asked);
        assert!(lines.contains("victim comune-055032 from 2026-11-29"), "{lines}");
        assert!(lines.contains("Procura, through cnaipic: 12/2026"), "{lines}");
    }
}
