//! What a message teaches: values that others can look for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::attachment::{Nature, Trait};
use crate::brands::Brands;
use crate::checks::{self, Scene};
use crate::desk::{Desk, Sought};
use crate::evidence::Evidence;
use crate::hosting::{self, Hosting};
use crate::url::registered;

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
/// domains are left out; their whole addresses are not. Of its links, those to hosts that a check
/// names: a lure also leads to whom it imitates. Who it says it is from, where somebody vouches for
/// it.
#[must_use]
pub fn indicators(evidence: &Evidence, desk: &Desk<'_>) -> Vec<Indicator> {
    let scene = Scene::new(evidence, desk);
    let findings = checks::run(&scene);
    let named: BTreeSet<&str> =
        findings.iter().flat_map(|it| &it.hosts).map(String::as_str).collect();
    let mut found: Vec<Indicator> = Vec::new();
    let mut add = |kind, value: &str| {
        let indicator = Indicator { kind, value: value.to_owned() };
        if !value.is_empty() && found.len() < MOST && !found.contains(&indicator) {
            found.push(indicator);
        }
    };
    let own = |domain: &str| {
        let of = registered(domain);
        desk.own_domains.iter().any(|own| registered(own) == of)
    };
    let written = evidence.from.iter().chain(&evidence.reply_to).filter(|_| scene.vouched);
    for mailbox in written.filter(|mailbox| !own(mailbox.domain())) {
        if mailbox.address.contains('@')
            && desk
                .brands
                .owner(mailbox.domain())
                .is_none_or(|_| hosting::of(mailbox.domain()).is_some())
        {
            add(Sought::Address, &mailbox.address);
        }
    }
    let elsewhere = |slug: &str| findings.iter().any(|it| it.slug == slug);
    if elsewhere("sender-mismatch/reply-to-free-mail") {
        evidence.reply_to.first().into_iter().for_each(|it| add(Sought::Address, &it.address));
    }
    for mailbox in evidence.from.iter().chain(&evidence.reply_to) {
        // Whoever owns a name that imitates another's answers there; nobody else's is called so.
        let host = mailbox.domain();
        if named.contains(host) && !own(host) && desk.brands.owner(host).is_none() {
            add(Sought::Address, &mailbox.address);
            if hosting::of(host).is_none() {
                add(Sought::Domain, host);
            }
        }
    }
    let links = evidence.clickable().filter(|link| {
        let host = &link.target.host;
        named.contains(host.as_str()) && !own(host) && !is_everybodys(host, desk.brands)
    });
    for link in links {
        add(Sought::Url, &link.target.url);
        if hosting::of(&link.target.host).is_none() && !link.target.is_numeric() {
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
    let read = &evidence.authentication;
    if let Some(client) = read.client.filter(|_| desk.believes(&read.recorded_by)) {
        add(Sought::Ip, &client.to_string());
    }
    found
}

fn is_everybodys(host: &str, brands: &Brands) -> bool {
    let form = matches!(hosting::of(host), Some(Hosting::Form | Hosting::Shared));
    brands.owner(host).is_some() && !form
}

#[cfg(test)]
mod tests {
    use super::indicators;
    use crate::budget::Limits;
    use crate::desk::Desk;
    use crate::evidence::Evidence;

    fn values(letter: &str, own: &[String]) -> Vec<String> {
        let evidence = Evidence::read(letter.as_bytes(), &Limits::default());
        let desk = Desk { own_domains: own, ..Desk::shipped() };
        indicators(&evidence, &desk).into_iter().map(|it| it.value).collect()
    }

    #[test]
    fn whom_a_lure_imitates_is_no_indicator() {
        let letter = "From: Comune <tributi@vicino.example>\nSubject: TARI\nContent-Type: text/html\n\n\
            <a href='https://www.vicino.example/privacy'>Privacy</a> <a href='http://www.w3.org/x'>.</a>\
            <a href='https://poste-verifica.com/tari'>Paga</a>";
        let found = values(letter, &[]);
        assert_eq!(found, ["https://poste-verifica.com/tari", "poste-verifica.com"]);
    }

    #[test]
    fn a_sender_that_imitates_another_is_an_indicator() {
        let letter = |from: &str, reply: &str| {
            format!(
                "From: {from}\nReply-To: {reply}\nSubject: Conto\n\nGentile cliente, ci scriva."
            )
        };
        let found = values(&letter("Poste <a@poste-verifica.com>", "b@poste.it"), &[]);
        assert_eq!(found, ["a@poste-verifica.com", "poste-verifica.com"]);
        let found = values(&letter("Poste <a@poste.it>", "b@poste-verifica.com"), &[]);
        assert_eq!(found, ["b@poste-verifica.com", "poste-verifica.com"]);
        let found = values(&letter("Poste <a@poste.it>", "poste.verifica@gmail.com"), &[]);
        assert_eq!(found, ["poste.verifica@gmail.com"]);
        assert_eq!(values(&letter("Ada <ada@gmail.com>", "ada@gmail.com"), &[]), [""; 0]);
    }

    #[test]
    fn a_sender_nobody_vouches_for_may_be_forged() {
        let letter = |by: &str| {
            format!(
                "Authentication-Results: {by}; dmarc=pass header.from=evil.invalid; \
                 dkim=pass header.d=evil.invalid; spf=pass smtp.mailfrom=evil.invalid\n\
                 Received-SPF: pass client-ip=192.0.2.9;\nFrom: x@evil.invalid\nSubject: s\n\nciao"
            )
        };
        let own = ["comune.example".to_owned()];
        assert_eq!(values(&letter("mx.evil.invalid"), &own), [""; 0]);
        assert_eq!(values(&letter("mx.comune.example"), &own), ["x@evil.invalid", "192.0.2.9"]);
    }
}
