//! `vedetta item`.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde_json::Value;
use vedetta_model::ItemId;

use crate::node::{Node, plain};
use crate::table::{aligned, counted, each, word};
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
    ///
    /// Says how many have it, and by which door; `vedetta item holders` says who at any time.
    #[command(
        after_help = "Examples:\n  vedetta item withdraw indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f --reason \"A mistake\"\n  vedetta item withdraw indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f --reason \"A mistake\" --names"
    )]
    Withdraw {
        /// The item: its STIX identifier.
        item: ItemId,
        /// Why.
        #[arg(long)]
        reason: String,
        /// List who has it, instead of how many; `--json` always does.
        #[arg(long)]
        names: bool,
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
        if matches!(self.what, What::Withdraw { names: false, .. }) {
            return text + &counts(told);
        }
        let all = each(told, "holders").count();
        if all == 0 {
            return text + NOBODY;
        }
        let all = counted(all, "organisation has it", "organisations have it");
        let holders = each(told, "holders").map(|it| {
            let acknowledged = match word(it, "acknowledged") {
                none if none.is_empty() => none,
                at => format!("acknowledged {at} by {}", speaker(it)),
            };
            let (who, door, at) = (word(it, "organisation"), word(it, "door"), word(it, "at"));
            vec![who, form(it).to_owned(), door, at, acknowledged]
        });
        format!("{text}{all}\n{}", aligned(&holders.collect::<Vec<_>>()))
    }
}

/// When there is no holder.
const NOBODY: &str = "nobody has it\n";

fn form(holder: &Value) -> &'static str {
    if holder["form"] == "full" { "full" } else { "without the victim" }
}

/// How many have it: in all, and in each form by each door.
fn counts(told: &Value) -> String {
    let holders: Vec<_> = each(told, "holders").collect();
    if holders.is_empty() {
        return NOBODY.into();
    }
    let mut ways = BTreeMap::<_, (usize, usize)>::new();
    for holder in &holders {
        let (all, acknowledged) = ways.entry((form(holder), word(holder, "door"))).or_default();
        *all += 1;
        *acknowledged += usize::from(holder["acknowledged"].is_string());
    }
    let rows = ways.into_iter().map(|((form, door), (all, acknowledged))| {
        let read =
            if acknowledged > 0 { format!("{acknowledged} acknowledged") } else { String::new() };
        vec![format!("  {form}"), door, format!("{all:>6}"), read]
    });
    let who = counted(holders.len(), "organisation has it", "organisations have it");
    format!("{who}, and each is told; --names lists them\n{}", aligned(&rows.collect::<Vec<_>>()))
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
        let words =
            "withdraw indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f --reason mistaken --names";
        let withdraw: Item = parsed(words);
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
                    1 organisation has it\n\
                    a  full  stream  2026-11-28  acknowledged 2026-11-29 by anna: CED (turno)\n";
        assert_eq!(withdraw.lines(&told), said);
    }

    #[test]
    fn what_many_have_is_told_in_counts_and_their_names_when_asked() {
        let holder = |who: usize, form: &str, door: &str, acknowledged: Value| {
            json!({ "organisation": format!("comune-{who}"), "form": form, "door": door,
                "at": "2026-11-28", "acknowledged": acknowledged, "by": "anna" })
        };
        let mut holders = vec![
            holder(0, "full", "peer", Value::Null),
            holder(1, "full", "stream", json!("2026-11-29")),
        ];
        holders.extend((2..624).map(|who| holder(who, "derived", "stream", Value::Null)));
        let told = json!({ "withdrawn": { "at": "2026-11-29", "by": "vedetta", "reason": "mistaken" },
            "holders": holders });
        let words = "withdraw indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f --reason mistaken";
        let said = "withdrawn 2026-11-29 by vedetta: mistaken\n\
                    624 organisations have it, and each is told; --names lists them\n\
                    \x20 full                peer         1\n\
                    \x20 full                stream       1  1 acknowledged\n\
                    \x20 without the victim  stream     622\n";
        assert_eq!(parsed::<Item>(words).lines(&told), said);
        let named = parsed::<Item>(&format!("{words} --names")).lines(&told);
        assert_eq!(named.lines().count(), 626);
        assert_eq!(named.lines().nth(1), Some("624 organisations have it"));
        let nobody = json!({ "withdrawn": { "at": "2026-11-29", "by": "vedetta", "reason": "x" },
            "holders": [] });
        assert!(parsed::<Item>(words).lines(&nobody).ends_with("nobody has it\n"));
    }
}
