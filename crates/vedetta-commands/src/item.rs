//! `vedetta item`.

use clap::{Args, Subcommand};
use serde_json::Value;
use vedetta_model::ItemId;

use crate::node::{Node, plain};
use crate::table::{aligned, each, word};
use crate::{Answer, At, Command, Use};

/// Items: who holds one, and taking one back.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  vedetta item holders indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f\n  vedetta item withdraw indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f --reason \"A mistake\""
)]
pub struct Item {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    at: At,
}

/// What to do.
#[derive(Subcommand)]
enum What {
    /// List who has an item: in which form, by which door, since when, and who acknowledged.
    #[command(
        after_help = "Example:\n  vedetta item holders indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f --json"
    )]
    Holders {
        /// The item: its STIX identifier.
        item: ItemId,
    },
    /// Take an item back: no door of any node serves it any more, and whoever has it is told.
    #[command(
        after_help = "Example:\n  vedetta item withdraw indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f --reason \"A mistake\""
    )]
    Withdraw {
        /// The item: its STIX identifier.
        item: ItemId,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

impl Command for Item {
    fn at(&self) -> &At {
        &self.at
    }

    fn needs(&self) -> Use {
        if matches!(self.what, What::Holders { .. }) { Use::Read } else { Use::Write }
    }

    fn ask<N: Node>(&self, node: &mut N) -> Result<Answer, N::Failure> {
        let item = match &self.what {
            What::Holders { item } | What::Withdraw { item, .. } => plain(item.as_str()),
        };
        if let What::Withdraw { reason, .. } = &self.what {
            node.remove(&format!("/api/v1/items/{item}?reason={}", plain(reason)))?;
        }
        Ok(Answer::whole(node.get(&format!("/api/v1/items/{item}/holders"))?))
    }

    fn lines(&self, told: &Value) -> String {
        let mut text = String::new();
        let withdrawn = &told["withdrawn"];
        if withdrawn.is_object() {
            let (at, by) = (word(withdrawn, "at"), word(withdrawn, "by"));
            text = format!("withdrawn {at} by {by}: {}\n", word(withdrawn, "reason"));
        }
        let holders = each(told, "holders").map(|it| {
            let form = if it["form"] == "full" { "full" } else { "without the victim" };
            let acknowledged = match word(it, "acknowledged") {
                none if none.is_empty() => none,
                at => format!("acknowledged {at} by {}", speaker(it)),
            };
            let (who, door, at) = (word(it, "organisation"), word(it, "door"), word(it, "at"));
            vec![who, form.to_owned(), door, at, acknowledged]
        });
        text + &aligned(&holders.collect::<Vec<_>>())
    }
}

/// Who acknowledged: an account, and whose it is among the contacts.
fn speaker(holder: &Value) -> String {
    let (by, contact) = (word(holder, "by"), &holder["contact"]);
    match contact.is_object() {
        true => format!("{by}: {} ({})", word(contact, "name"), word(contact, "role")),
        false => by,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scripted::{Scripted, parsed};

    #[test]
    fn a_withdrawal_gives_its_reason_and_says_who_has_it_all_the_same() {
        let withdraw: Item =
            parsed("withdraw indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f --reason mistaken");
        let told = json!({ "withdrawn": { "at": "2026-11-29", "by": "vedetta", "reason": "mistaken" },
            "holders": [{ "organisation": "a", "form": "full", "door": "stream", "at": "2026-11-28",
                "acknowledged": "2026-11-29", "by": "anna",
                "contact": { "role": "turno", "name": "CED" } }] });
        let mut node = Scripted::new().gives_nothing().gives(&told);
        withdraw.ask(&mut node).unwrap();
        let item = "/api/v1/items/indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
        assert_eq!(
            node.told(),
            [format!("DELETE {item}?reason=mistaken"), format!("GET {item}/holders")]
        );
        let said = "withdrawn 2026-11-29 by vedetta: mistaken\n\
                    a  full  stream  2026-11-28  acknowledged 2026-11-29 by anna: CED (turno)\n";
        assert_eq!(withdraw.lines(&told), said);
    }
}
