//! How a written message comes: who sends it by which domain, by whose links, with which footer.
//! Legitimate mail is sent by others' systems, under names that say little, and counts its clicks
//! elsewhere: what is not written that way here would be learnt as a sign of a lure.

use std::fmt::Write as _;

use crate::samples::Writer;

/// On whose behalf a message is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    Legitimate,
    Lure,
}

/// What is around a text.
pub(crate) struct Dress {
    head: String,
    /// The hosts that links lead to instead of `from` hosts.
    moved: Option<(String, String)>,
    scheme: &'static str,
    footer: String,
    logo: String,
}

const OFFICES: &[&str] = &[
    "Ufficio Comunicazione",
    "La redazione",
    "Servizio Clienti",
    "Customer Care",
    "Newsletter",
    "No Reply",
    "Notifications",
    "Team",
    "Info",
    "Segreteria",
    "Assistenza",
    "Il gruppo di lavoro",
    "Accounts",
    "Members",
];
/// Where those who send for others count clicks and send from.
const SENDERS_FOR_OTHERS: &[&str] = &[
    "list-manage.com",
    "sendgrid.net",
    "hubspotlinks.com",
    "mlsend.com",
    "sendibm1.com",
    "rs6.net",
    "cmail20.com",
    "exct.net",
    "mailup.com",
    "contactlab.it",
    "kmail-lists.com",
    "mandrillapp.com",
    "emlfiles4.com",
    "amazonses.com",
];
const PLACES: &[&str] =
    &["facebook.com", "instagram.com", "linkedin.com", "twitter.com", "youtube.com"];

impl Writer {
    pub(crate) fn dress(&mut self, from: &str, shop: &str, named: Named) -> Dress {
        let name = from.split('<').next().unwrap_or_default().trim().to_owned();
        let address = from.rsplit('<').next().unwrap_or_default().trim_end_matches('>').trim();
        let domain = address.rsplit('@').next().unwrap_or_default().to_owned();
        let local = address.split('@').next().unwrap_or("info");
        // Whoever has a name of its own sends by itself.
        let label = shop.to_lowercase().replace(' ', "");
        let may_move = named == Named::Legitimate && domain.starts_with(&label);
        let (head, sender) = self.head(&name, (local, &domain), shop, (named, may_move));
        let mut dress = Dress {
            head,
            moved: None,
            scheme: if self.next(12) == 0 { "http://" } else { "https://" },
            footer: String::new(),
            logo: String::new(),
        };
        if may_move && self.next(10) < 4 {
            let to = self.clicks(shop, &domain);
            dress.moved = Some((domain.clone(), to));
        }
        let most = if named == Named::Legitimate { 5 } else { 2 };
        if self.next(10) < most {
            dress.footer = self.footer(shop, &domain);
            dress.logo = format!("<img src=\"https://cdn.{sender}/logo.png\" alt=\"{shop}\">");
        }
        dress
    }

    /// Where clicks are counted.
    fn clicks(&mut self, shop: &str, domain: &str) -> String {
        let label = shop.to_lowercase().replace(' ', "");
        let other = self.pick(SENDERS_FOR_OTHERS).to_owned();
        match self.next(4) {
            0 => format!("click.news.{domain}"),
            1 => format!("{label}.{other}"),
            2 => format!("u{}.ct.{other}", 10_000 + self.next(80_000)),
            _ => format!("{label}-news.{}", self.pick(&["com", "eu", "it", "net"])),
        }
    }

    fn head(
        &mut self,
        name: &str,
        (local, domain): (&str, &str),
        shop: &str,
        (named, may_move): (Named, bool),
    ) -> (String, String) {
        let person = format!("{} {}", self.name(), self.surname());
        let legitimate = named == Named::Legitimate;
        let name = match self.next(20) {
            0..=2 if may_move => self.pick(OFFICES).to_owned(),
            3 | 4 if may_move => person,
            5 | 6 if may_move => String::new(),
            _ => name.to_owned(),
        };
        let sender = match self.next(20) {
            0..=2 if may_move => {
                format!("{}.{domain}", self.pick(&["news", "email", "e", "mail"]))
            }
            3 | 4 if may_move => format!("mail.{}", self.pick(SENDERS_FOR_OTHERS)),
            // Somebody else's account, taken over.
            0..=3 if named == Named::Lure => format!("{}.it", shop.to_lowercase().replace(' ', "")),
            _ => domain.to_owned(),
        };
        let result = match (self.next(10), legitimate) {
            (0..=5, true) | (0..=4, false) => "pass",
            (6..=8, true) | (5..=6, false) => "",
            _ => "fail",
        };
        let mut head = match name.is_empty() {
            true => format!("From: {local}@{sender}\r\n"),
            false => format!("From: {name} <{local}@{sender}>\r\n"),
        };
        if legitimate && self.next(8) == 0 {
            write!(head, "Reply-To: risposte@{}\r\n", self.pick(SENDERS_FOR_OTHERS)).unwrap();
        }
        if !result.is_empty() {
            write!(
                head,
                "Authentication-Results: mx.example.org; spf={result} smtp.mailfrom={sender}; \
                 dkim={result} header.d={sender}; dmarc={result}\r\n"
            )
            .unwrap();
        }
        (head, sender)
    }

    fn footer(&mut self, shop: &str, domain: &str) -> String {
        let label = shop.to_lowercase().replace(' ', "");
        let mut footer = format!("\n\n{shop}, ");
        for _ in 0..self.next(4) {
            let place = self.pick(PLACES).to_owned();
            write!(footer, "[{place}](https://www.{place}/{label}) ").unwrap();
        }
        let (unsubscribe, privacy) = if self.next(2) == 0 {
            ("Disiscriviti", "Informativa privacy")
        } else {
            ("Unsubscribe", "Privacy policy")
        };
        let code = self.next(1 << 20);
        write!(
            footer,
            "[{unsubscribe}](https://www.{domain}/u/{code:x}) [{privacy}](https://www.{domain}/privacy)"
        )
        .unwrap();
        footer
    }
}

impl Dress {
    /// The body with its links and its footer as they come.
    pub(crate) fn body(&self, body: &str, kind: &str) -> String {
        let footer = crate::samples::links(&self.footer, kind);
        let whole = match kind {
            "html" => format!("{}{body}{footer}", self.logo),
            _ => format!("{body}{footer}"),
        };
        let whole = match &self.moved {
            Some((from, to)) => whole
                .replace(&format!("https://www.{from}"), &format!("https://{to}"))
                .replace(&format!("https://{from}"), &format!("https://{to}")),
            None => whole,
        };
        whole.replace("https://", self.scheme)
    }

    /// The whole letter.
    pub(crate) fn letter(&self, subject: &str, kind: &str, body: &str) -> String {
        format!(
            "{}To: ada@example.org\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/{kind}; charset=utf-8\r\n\r\n{body}\r\n",
            self.head
        )
    }
}
