//! The accounts of the demonstration: made once, kept in a file that only its owner reads.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vedetta_flow::House;
use vedetta_model::AccountId;

use crate::certificates::write_secret;
use crate::commands::init::new_password;
use crate::outcome::Failure;

use super::organisation;

/// The accounts to sign in with.
#[derive(Serialize, Deserialize)]
pub(super) struct Accounts {
    /// Every person's password.
    password: String,
    /// What each one's authenticator is set up with, for those who sign in with a code.
    secrets: Vec<(String, String)>,
    /// The duty officer's token, for machines and `curl`.
    token: String,
}

/// The people that the demonstration introduces.
const PEOPLE: [&str; 5] =
    ["amministratore", "turno-cnaipic", "turno-cosc-umbria", "referente-comune-054039", "revisore"];
/// The one whose token is shown.
const OFFICER: &str = "turno-cosc-umbria";

impl Accounts {
    /// Reads them, or makes them at the first start.
    pub(super) fn ready(house: &House, data: &Path) -> Result<Self, Failure> {
        let file = data.join("demo-accounts.json");
        let kept = std::fs::read(&file).ok();
        if let Some(kept) = kept.and_then(|text| serde_json::from_slice(&text).ok()) {
            return Ok(kept);
        }
        let keeper = house.keeper(&organisation("cnaipic")?);
        let keeper = keeper.ok_or_else(|| Failure::Usage("the network has no cnaipic".into()))?;
        let password = new_password();
        let mut secrets = Vec::new();
        for person in PEOPLE {
            let id = AccountId::new(person).map_err(vedetta_flow::FlowError::from)?;
            house.set_password(&keeper, &id, &password)?;
            let address = house.enrol_totp(&keeper, &id)?;
            let secret = address.split(['=', '&']).nth(1).unwrap_or_default();
            secrets.push((person.to_owned(), secret.to_owned()));
        }
        let officer = AccountId::new(OFFICER).map_err(vedetta_flow::FlowError::from)?;
        let month = Duration::from_secs(30 * 86_400);
        let session = house.issue_token(&keeper, &officer, "demo", [].into(), month)?;
        let accounts = Self { password, secrets, token: session.token.reveal().to_owned() };
        let text = serde_json::to_string_pretty(&accounts)
            .map_err(|error| Failure::system("writing the accounts", error))?;
        write_secret(&file, &text)?;
        Ok(accounts)
    }

    /// The password, and who there is with the secret of each authenticator.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines =
            vec![format!("password {}, and the code of (oathtool --totp -b …):", self.password)];
        lines.extend(self.secrets.iter().map(|(who, secret)| format!("  {who:<26}{secret}")));
        lines
    }

    /// What `curl -u` takes.
    pub(super) fn example(&self) -> String {
        format!("{OFFICER}:{}", self.token)
    }
}
