//! What a message teaches: values that others can look for.

use serde::{Deserialize, Serialize};

use crate::attachment::{Nature, Trait};
use crate::brands::Brands;
use crate::desk::{Desk, Sought};
use crate::evidence::Evidence;
use crate::hosting::{self, Hosting};

/// A value worth looking for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Indicator {
    /// What it is.
    pub kind: Sought,
    /// The value in its one spelling; live, for machines.
    pub value: String,
}

const MOST: usize = 60;

/// The values of a message that are not everybody's: brands' own sites, free-mail and hosting
/// domains are left out; their whole addresses are not.
#[must_use]
pub fn indicators(evidence: &Evidence, desk: &Desk<'_>) -> Vec<Indicator> {
    let mut found: Vec<Indicator> = Vec::new();
    let mut add = |kind, value: &str| {
        let indicator = Indicator { kind, value: value.to_owned() };
        if !value.is_empty() && found.len() < MOST && !found.contains(&indicator) {
            found.push(indicator);
        }
    };
    for mailbox in evidence.from.iter().chain(&evidence.reply_to) {
        if mailbox.address.contains('@')
            && desk
                .brands
                .owner(mailbox.domain())
                .is_none_or(|_| hosting::of(mailbox.domain()).is_some())
        {
            add(Sought::Address, &mailbox.address);
        }
    }
    for link in evidence.clickable().filter(|link| !is_everybodys(&link.target.host, desk.brands)) {
        add(Sought::Url, &link.target.url);
        if hosting::of(&link.target.host).is_none() {
            add(Sought::Domain, &link.target.host);
        }
    }
    for file in &evidence.attachments {
        let harmless = matches!(
            file.nature,
            Nature::Picture | Nature::Signature | Nature::Text | Nature::Empty | Nature::Calendar
        );
        if !harmless || file.traits.contains(&Trait::Code) {
            add(Sought::File, &file.sha256);
        }
    }
    for account in evidence.accounts.ibans.iter().chain(&evidence.accounts.wallets) {
        add(Sought::Account, account);
    }
    if let Some(client) = evidence.authentication.client {
        add(Sought::Ip, &client.to_string());
    }
    found
}

fn is_everybodys(host: &str, brands: &Brands) -> bool {
    let form = matches!(hosting::of(host), Some(Hosting::Form | Hosting::Shared));
    brands.owner(host).is_some() && !form
}
