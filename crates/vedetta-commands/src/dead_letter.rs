//! `vedetta dead-letter`.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::node::Node;
use crate::table::{each, listed, word};
use crate::{Answer, At, Command, Use};

/// Work that the node gave up: see it, take it up again, discard it.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct DeadLetter {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    at: At,
}

const EXAMPLES: &str = "\
Examples:
  vedetta dead-letter list
  vedetta dead-letter retry 12
  vedetta dead-letter retry --all
  vedetta dead-letter discard 12";

/// What to do.
#[derive(Subcommand)]
enum What {
    /// Show the work that was given up, and why.
    #[command(after_help = "Example:\n  vedetta dead-letter list --json")]
    List,
    /// Take work up again.
    #[command(
        after_help = "Examples:\n  vedetta dead-letter retry 12 13\n  vedetta dead-letter retry --all"
    )]
    Retry(Which),
    /// Discard work for good.
    #[command(after_help = "Example:\n  vedetta dead-letter discard 12")]
    Discard(Which),
}

/// Which of them.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The work, by its number in the list.
    #[arg(value_name = "NUMBER")]
    numbers: Vec<u64>,
    /// All of it.
    #[arg(long)]
    all: bool,
}

const ALL: &str = "/api/v1/dead-letters";

impl Command for DeadLetter {
    fn at(&self) -> &At {
        &self.at
    }

    fn needs(&self) -> Use {
        if matches!(self.what, What::List) { Use::Read } else { Use::Write }
    }

    fn ask<N: Node>(&self, node: &mut N) -> Result<Answer, N::Failure> {
        let answer = match &self.what {
            What::List => node.get(ALL)?,
            What::Retry(which) => {
                let numbers = which.numbers(node)?;
                for number in &numbers {
                    node.post(&format!("{ALL}/{number}/retry"), &json!({}))?;
                }
                json!({ "retried": numbers })
            }
            What::Discard(which) => {
                let numbers = which.numbers(node)?;
                for number in &numbers {
                    node.remove(&format!("{ALL}/{number}"))?;
                }
                json!({ "discarded": numbers })
            }
        };
        Ok(Answer::whole(answer))
    }

    fn lines(&self, told: &Value) -> String {
        let many = |name: &str| each(told, name).count();
        match &self.what {
            What::List => listed(each(told, "letters").map(line).collect()),
            What::Retry(_) => format!("{} taken up again\n", many("retried")),
            What::Discard(_) => format!("{} discarded\n", many("discarded")),
        }
    }
}

impl Which {
    fn numbers<N: Node>(&self, node: &mut N) -> Result<Vec<u64>, N::Failure> {
        if !self.all {
            return Ok(self.numbers.clone());
        }
        let told = node.get(ALL)?;
        Ok(each(&told, "letters").filter_map(|it| it["id"].as_u64()).collect())
    }
}

fn line(letter: &Value) -> String {
    let (step, key) = (word(letter, "step"), word(letter, "key"));
    let (given_up, error) = (word(letter, "given_up"), word(letter, "last_error"));
    let (id, tries) = (&letter["id"], &letter["attempts"]);
    format!("{id:<8} {step:<16} {key}\n  given up {given_up} after {tries} tries: {error}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, parsed};

    #[test]
    fn all_or_some_are_taken_up_again() {
        let letters = json!({ "letters": [{ "id": 3, "step": "call_webhooks", "key": "a siem",
            "attempts": 12, "last_error": "refused", "given_up": "2026-11-29T10:00:00Z" }, { "id": 5 }] });
        let all: DeadLetter = parsed("retry --all");
        let mut node = Scripted::new().gives(&letters).gives_nothing().gives_nothing();
        let told = all.ask(&mut node).unwrap();
        assert_eq!(told, Answer::whole(json!({ "retried": [3, 5] })));
        assert_eq!(node.asked[1].path, "/api/v1/dead-letters/3/retry");
        let one: DeadLetter = parsed("discard 5");
        let mut node = Scripted::new().gives_nothing();
        one.ask(&mut node).unwrap();
        assert_eq!(node.told(), ["DELETE /api/v1/dead-letters/5"]);
        let list: DeadLetter = parsed("list");
        assert!(list.lines(&letters).contains("after 12 tries: refused"));
    }
}
