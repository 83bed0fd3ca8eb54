//! `vedetta account`.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use vedetta_model::{AccountId, Language, OrganisationId, Role};

use crate::node::{Fault, Node, plain};
use crate::table::{aligned, each, listed, word, words};
use crate::{Answer, At, Command, Use, named};

/// Accounts of people and machines: write, close, passwords, authenticators.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Account {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    at: At,
}

const EXAMPLES: &str = "\
Examples:
  vedetta account put anna.conti --name \"Anna Conti\" --organisation cosc-umbria --role duty-officer
  vedetta account password anna.conti
  vedetta account list --organisation cosc-umbria
  vedetta account enrol administrator
  vedetta account close anna.conti";

/// What to do.
#[derive(Subcommand)]
enum What {
    /// Show the accounts.
    #[command(after_help = "Example:\n  vedetta account list --organisation cosc-umbria --json")]
    List {
        /// Only of this organisation.
        #[arg(long, value_name = "ID")]
        organisation: Option<OrganisationId>,
    },
    /// Write one: a new one, or what is given anew of one that is there.
    #[command(
        after_help = "Examples:\n  vedetta account put siem-perugia --name \"SIEM di Perugia\" --organisation comune-054039 --role machine\n  vedetta account put anna.conti --role duty-officer --role analyst --language it"
    )]
    Put(Put),
    /// Close one: its sessions, tokens and certificates end.
    #[command(after_help = "Example:\n  vedetta account close anna.conti")]
    Close(Which),
    /// Give one a new password, shown once. Its sessions and tokens end.
    #[command(after_help = "Example:\n  vedetta account password anna.conti")]
    Password(Which),
    /// Enrol a new authenticator, in place of one that was lost.
    #[command(after_help = "Example:\n  vedetta account enrol administrator")]
    Enrol(Which),
}

#[derive(Args)]
struct Which {
    /// The account.
    account: AccountId,
}

/// What an account is to be.
#[derive(Args)]
struct Put {
    /// The account.
    account: AccountId,
    /// The person's name, or the machine's purpose.
    #[arg(long)]
    name: Option<String>,
    /// The organisation that it acts for.
    #[arg(long, value_name = "ID")]
    organisation: Option<OrganisationId>,
    /// What it may do, several with several: administrator, duty-officer, analyst, liaison, auditor or
    /// machine.
    #[arg(long = "role", value_name = "ROLE", value_parser = named::<Role>)]
    roles: Vec<Role>,
    /// The language to speak to it in: it or en.
    #[arg(long, value_name = "LANGUAGE", value_parser = named::<Language>)]
    language: Option<Language>,
    /// Open it again.
    #[arg(long)]
    open: bool,
}

impl Command for Account {
    fn at(&self) -> &At {
        &self.at
    }

    fn needs(&self) -> Use {
        if matches!(self.what, What::List { .. }) { Use::Read } else { Use::Write }
    }

    fn ask<N: Node>(&self, node: &mut N) -> Result<Answer, N::Failure> {
        let answer = match &self.what {
            What::List { organisation } => {
                let mut path = ALL.to_owned();
                path.extend(organisation.iter().map(|id| format!("&organisation={id}")));
                json!({ "items": node.list(&path)? })
            }
            What::Put(put) => put.ask(node)?,
            What::Close(Which { account }) => {
                let unknown = || Fault::Unknown(format!("no account {account}; check its name"));
                let mut before = find(node, account)?.ok_or_else(unknown)?;
                before["state"] = json!("closed");
                node.put(&path(account), &before)?
            }
            What::Password(Which { account }) => {
                let password = node.fresh_password();
                let path = format!("{}/password", path(account));
                node.put(&path, &json!({ "password": password }))?;
                json!({ "account": account, "password": password })
            }
            What::Enrol(Which { account }) => {
                let told = node.post(&format!("{}/totp", path(account)), &json!({}))?;
                json!({ "account": account, "address": told["address"] })
            }
        };
        Ok(Answer::whole(answer))
    }

    fn lines(&self, told: &Value) -> String {
        let account = word(told, "account");
        match &self.what {
            What::List { .. } => listed(aligned(&each(told, "items").map(row).collect::<Vec<_>>())),
            What::Put(_) | What::Close(_) => aligned(&[row(told)]),
            What::Password(_) => {
                format!(
                    "{account} signs in with the password {} (shown once)\n",
                    word(told, "password")
                )
            }
            What::Enrol(_) => format!(
                "{}\nthe authenticator of {account}, shown once; hand it over in confidence\n",
                word(told, "address")
            ),
        }
    }
}

const ALL: &str = "/api/v1/accounts?limit=1000";

fn path(account: &AccountId) -> String {
    format!("/api/v1/accounts/{}", plain(account.as_str()))
}

/// An account as it is.
fn find<N: Node>(node: &mut N, account: &AccountId) -> Result<Option<Value>, N::Failure> {
    let all = node.list(ALL)?;
    Ok(all.into_iter().find(|it| it["id"] == account.as_str()))
}

impl Put {
    fn ask<N: Node>(&self, node: &mut N) -> Result<Value, N::Failure> {
        let before = find(node, &self.account)?;
        let given = self.name.is_some() && self.organisation.is_some() && !self.roles.is_empty();
        if before.is_none() && !given {
            let sentence = format!(
                "{} is new: it wants --name, --organisation and --role; or check its name",
                self.account
            );
            return Err(Fault::Usage(sentence).into());
        }
        let mut account = before.unwrap_or_else(|| json!({ "id": self.account }));
        if let Some(name) = &self.name {
            account["name"] = json!(name);
        }
        if let Some(organisation) = &self.organisation {
            account["organisation"] = json!(organisation);
        }
        if !self.roles.is_empty() {
            account["roles"] = json!(self.roles.iter().collect::<BTreeSet<_>>());
        }
        if let Some(language) = &self.language {
            account["language"] = json!(language);
        }
        if self.open {
            account["state"] = json!("active");
        }
        node.put(&path(&self.account), &account)
    }
}

fn row(account: &Value) -> Vec<String> {
    let closed = if account["state"] == "closed" { "closed" } else { "" };
    let (id, whose) = (word(account, "id"), word(account, "organisation"));
    vec![id, whose, words(account, "roles"), word(account, "name"), closed.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Refused, Scripted, parsed};

    fn anna() -> Value {
        json!({ "id": "anna.conti", "name": "Anna Conti", "organisation": "cosc-umbria",
            "roles": ["analyst"], "language": "it", "state": "active" })
    }

    #[test]
    fn what_is_not_given_stays_as_it_was() {
        let put: Account = parsed("put anna.conti --role duty-officer --role analyst");
        let mut node = Scripted::new().gives(&json!({ "items": [anna()] })).gives(&anna());
        put.ask(&mut node).unwrap();
        let mut expected = anna();
        expected["roles"] = json!(["duty-officer", "analyst"]);
        assert_eq!(node.told()[1], format!("PUT /api/v1/accounts/anna.conti {expected}"));
    }

    #[test]
    fn a_new_one_wants_to_be_said_whole() {
        let put: Account = parsed("put ugo --name Ugo");
        let mut node = Scripted::new().gives(&json!({ "items": [anna()] }));
        let Err(Refused::Command(Fault::Usage(said))) = put.ask(&mut node) else { panic!("put") };
        assert!(said.contains("--organisation") && node.asked.len() == 1, "{said}");
        let close: Account = parsed("close ugo");
        let mut node = Scripted::new().gives(&json!({ "items": [] }));
        let refused = close.ask(&mut node).unwrap_err();
        assert!(matches!(refused, Refused::Command(Fault::Unknown(_))), "{refused:?}");
    }

    #[test]
    fn a_password_is_the_nodes_and_shown_once() {
        let password: Account = parsed("password anna.conti");
        let mut node = Scripted::new().gives_nothing();
        let Answer { told: crate::Told::Value(told), .. } = password.ask(&mut node).unwrap() else {
            panic!("none")
        };
        assert_eq!(
            node.told(),
            [r#"PUT /api/v1/accounts/anna.conti/password {"password":"a fresh password"}"#]
        );
        assert!(password.lines(&told).contains("a fresh password (shown once)"));
    }
}
