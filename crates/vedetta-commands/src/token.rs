//! `vedetta token`.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use vedetta_model::{AccountId, Role};

use crate::node::{Node, plain};
use crate::table::{aligned, each, listed, word, words};
use crate::{Answer, At, Command, Use, named};

/// Tokens by which machines prove themselves: issue, list, revoke.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Token {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    at: At,
}

const EXAMPLES: &str = "\
Examples:
  vedetta token issue siem-perugia --purpose SIEM --days 90
  vedetta token list --account siem-perugia
  vedetta token revoke 6f1c2a9e";

/// What to do.
#[derive(Subcommand)]
enum What {
    /// Issue a token, shown once.
    #[command(
        after_help = "Examples:\n  vedetta token issue siem-perugia --purpose SIEM --days 90\n  vedetta token issue siem-perugia --purpose SIEM --days 90 --json"
    )]
    Issue(Issue),
    /// Show the tokens, without their secrets.
    #[command(after_help = "Example:\n  vedetta token list --account siem-perugia")]
    List {
        /// Only of this account.
        #[arg(long, value_name = "ID")]
        account: Option<AccountId>,
    },
    /// Revoke a token: its streams end within a minute.
    #[command(after_help = "Example:\n  vedetta token revoke 6f1c2a9e")]
    Revoke {
        /// The token, as `token list` names it.
        token: String,
    },
}

/// What the token is to be.
#[derive(Args)]
struct Issue {
    /// Whose.
    account: AccountId,
    /// What it is for.
    #[arg(long)]
    purpose: String,
    /// For how many days, 366 at most.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=366))]
    days: u32,
    /// Carry only this role of the account, several with several; all of them without it.
    #[arg(long = "scope", value_name = "ROLE", value_parser = named::<Role>)]
    scope: Vec<Role>,
}

impl Command for Token {
    fn at(&self) -> &At {
        &self.at
    }

    fn needs(&self) -> Use {
        if matches!(self.what, What::List { .. }) { Use::Read } else { Use::Write }
    }

    fn ask<N: Node>(&self, node: &mut N) -> Result<Answer, N::Failure> {
        let answer = match &self.what {
            What::Issue(issue) => {
                let scope: BTreeSet<_> = issue.scope.iter().collect();
                let body = json!({ "account": issue.account, "purpose": issue.purpose,
                    "days": issue.days, "scope": scope });
                node.post("/api/v1/tokens", &body)?
            }
            What::List { account } => {
                let mut told = node.get("/api/v1/tokens")?;
                if let (Some(account), Some(tokens)) = (account, told["tokens"].as_array_mut()) {
                    tokens.retain(|it| it["account"] == account.as_str());
                }
                told
            }
            What::Revoke { token } => {
                node.remove(&format!("/api/v1/tokens/{}", plain(token)))?;
                json!({ "revoked": token })
            }
        };
        Ok(Answer::whole(answer))
    }

    fn lines(&self, told: &Value) -> String {
        match &self.what {
            What::Issue(_) => format!(
                "{}\n{} of {}, good until {}; shown once\n",
                word(told, "token"),
                word(told, "id"),
                word(told, "account"),
                word(told, "expires")
            ),
            What::List { .. } => {
                let rows = each(told, "tokens").map(|it| {
                    let roles = words(it, "scope");
                    let roles = if roles.is_empty() { "all its roles".into() } else { roles };
                    let until = format!("until {}", word(it, "expires"));
                    vec![word(it, "id"), word(it, "account"), word(it, "purpose"), until, roles]
                });
                listed(aligned(&rows.collect::<Vec<_>>()))
            }
            What::Revoke { token } => format!("{token} opens nothing any more\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, parsed};

    #[test]
    fn a_token_is_issued_for_so_long_and_listed_by_account() {
        let issue: Token = parsed("issue siem --purpose SIEM --days 30 --scope machine");
        let told =
            json!({ "token": "vdt_1_2", "id": "1", "account": "siem", "expires": "2026-12-29" });
        let mut node = Scripted::new().gives(&told);
        issue.ask(&mut node).unwrap();
        let body = r#"{"account":"siem","purpose":"SIEM","days":30,"scope":["machine"]}"#;
        assert_eq!(node.told(), [format!("POST /api/v1/tokens {body}")]);
        assert!(issue.lines(&told).starts_with("vdt_1_2\n"));
        let list: Token = parsed("list --account siem");
        let tokens = json!({ "tokens": [{ "id": "1", "account": "siem", "purpose": "SIEM", "scope": [],
            "expires": "2026-12-29" }, { "id": "2", "account": "other" }] });
        let Answer { told: crate::Told::Value(told), .. } =
            list.ask(&mut Scripted::new().gives(&tokens)).unwrap()
        else {
            panic!("none")
        };
        let lines = list.lines(&told);
        assert_eq!(lines, "1  siem  SIEM  until 2026-12-29  all its roles\n");
    }
}
