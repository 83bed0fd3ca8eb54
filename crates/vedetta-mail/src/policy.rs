//! SPF (RFC 7208) and DMARC (RFC 7489) judged from records that are at hand, where no receiver
//! recorded how they ended. Nothing is looked up: what a record leaves to a look-up is not judged.

use std::net::IpAddr;

use crate::authentication::{Authentication, Outcome};
use crate::url::registered;
use dkim::Keys;

/// Records that one judgement may read (RFC 7208 §4.6.4).
const MOST_RECORDS: usize = 10;

/// How SPF ends for a host that sends for a domain; `Absent` where the records at hand do not say.
pub(crate) fn spf(domain: &str, host: IpAddr, records: &dyn Keys) -> Outcome {
    let mut left = MOST_RECORDS;
    Walk { host, records, left: &mut left }.judge(domain)
}

struct Walk<'a> {
    host: IpAddr,
    records: &'a dyn Keys,
    left: &'a mut usize,
}

impl Walk<'_> {
    fn judge(&mut self, domain: &str) -> Outcome {
        let Some(record) = self.records.record(&domain.to_ascii_lowercase()) else {
            return Outcome::Absent;
        };
        let mut words = record.split_whitespace();
        if *self.left == 0 || words.next() != Some("v=spf1") {
            return Outcome::Error;
        }
        *self.left -= 1;
        let mut elsewhere = None;
        for word in words {
            let (outcome, mechanism) = qualified(word);
            if let Some(other) = word.strip_prefix("redirect=") {
                elsewhere = Some(other);
                continue;
            }
            match self.matches(mechanism) {
                Some(true) => return outcome,
                Some(false) => {}
                None => return Outcome::Absent,
            }
        }
        elsewhere.map_or(Outcome::Neutral, |other| self.judge(other))
    }

    /// Whether a mechanism fits the host; nothing where that needs a look-up.
    fn matches(&mut self, mechanism: &str) -> Option<bool> {
        let (name, value) = mechanism.split_once(':').unwrap_or((mechanism, ""));
        match name.to_ascii_lowercase().as_str() {
            "all" => Some(true),
            "ip4" | "ip6" => Some(within(self.host, value)),
            "include" => match self.judge(value) {
                Outcome::Pass => Some(true),
                Outcome::Absent | Outcome::Error => None,
                _ => Some(false),
            },
            // Modifiers that decide nothing.
            name if name.contains('=') => Some(false),
            _ => None,
        }
    }
}

fn qualified(word: &str) -> (Outcome, &str) {
    match word.split_at_checked(1) {
        Some(("+", rest)) => (Outcome::Pass, rest),
        Some(("-", rest)) => (Outcome::Fail, rest),
        Some(("~", rest)) => (Outcome::Softfail, rest),
        Some(("?", rest)) => (Outcome::Neutral, rest),
        _ => (Outcome::Pass, word),
    }
}

fn within(host: IpAddr, network: &str) -> bool {
    let (address, length) = network.split_once('/').unwrap_or((network, ""));
    let length = length.parse::<u32>();
    match (host.to_canonical(), address.parse::<IpAddr>()) {
        (IpAddr::V4(host), Ok(IpAddr::V4(network))) => {
            let shift = 32_u32.saturating_sub(length.unwrap_or(32));
            (host.to_bits() ^ network.to_bits()).checked_shr(shift).unwrap_or(0) == 0
        }
        (IpAddr::V6(host), Ok(IpAddr::V6(network))) => {
            let shift = 128_u32.saturating_sub(length.unwrap_or(128));
            (host.to_bits() ^ network.to_bits()).checked_shr(shift).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// How DMARC ends for the domain that people see; `Absent` where no policy is at hand, or where
/// neither SPF nor a signature is known to have ended.
pub(crate) fn dmarc(sender: &str, read: &Authentication, records: &dyn Keys) -> Outcome {
    let sender = sender.to_ascii_lowercase();
    let policy = |domain: &str| records.record(&format!("_dmarc.{domain}"));
    let Some(policy) = policy(&sender).or_else(|| policy(&registered(&sender))) else {
        return Outcome::Absent;
    };
    let mut tags = policy.split(';').map(str::trim);
    if tags.next() != Some("v=DMARC1") {
        return Outcome::Error;
    }
    let strict = |name: &str| policy.split(';').any(|tag| tag.trim() == format!("{name}=s"));
    let aligned = |domain: &String, tag: &str| match strict(tag) {
        true => *domain == sender,
        false => registered(domain) == registered(&sender),
    };
    let signed =
        read.dkim == Outcome::Pass && read.dkim_domains.iter().any(|it| aligned(it, "adkim"));
    if signed || read.spf == Outcome::Pass && aligned(&read.spf_domain, "aspf") {
        return Outcome::Pass;
    }
    let unsigned = !read.signed.iter().any(|it| aligned(it, "adkim"));
    let signature_known = unsigned || read.dkim.failed();
    if signature_known && read.spf != Outcome::Absent { Outcome::Fail } else { Outcome::Absent }
}

#[cfg(test)]
mod tests {
    use super::{dmarc, spf};
    use crate::authentication::{Authentication, Outcome};
    use dkim::Published;

    fn records() -> Published {
        Published::read(
            "comune.example v=spf1 ip4:192.0.2.0/24 include:posta.example -all\n\
             posta.example v=spf1 ip6:2001:db8:1::/48 ~all\n\
             altrove.example v=spf1 redirect=comune.example\n\
             guarda.example v=spf1 mx -all\n\
             giro.example v=spf1 include:giro.example -all\n\
             _dmarc.comune.example v=DMARC1; p=reject; aspf=s\n",
        )
        .unwrap()
    }

    #[test]
    fn what_the_records_say_is_judged_and_no_more() {
        for (domain, host, outcome) in [
            ("comune.example", "192.0.2.9", Outcome::Pass),
            ("comune.example", "2001:db8:1::25", Outcome::Pass),
            ("comune.example", "198.51.100.1", Outcome::Fail),
            ("posta.example", "198.51.100.1", Outcome::Softfail),
            ("altrove.example", "::ffff:192.0.2.1", Outcome::Pass),
            ("guarda.example", "192.0.2.1", Outcome::Absent),
            ("giro.example", "192.0.2.1", Outcome::Absent),
            ("nessuno.example", "192.0.2.1", Outcome::Absent),
        ] {
            assert_eq!(spf(domain, host.parse().unwrap(), &records()), outcome, "{domain} {host}");
        }
    }

    #[test]
    fn the_domain_that_people_see_must_be_the_one_that_vouches() {
        let read = |spf, domain: &str, signed: &[&str]| Authentication {
            spf,
            spf_domain: domain.into(),
            signed: signed.iter().map(|it| (*it).to_owned()).collect(),
            ..Authentication::default()
        };
        let judged = |read: &Authentication| dmarc("comune.example", read, &records());
        assert_eq!(judged(&read(Outcome::Pass, "comune.example", &[])), Outcome::Pass);
        assert_eq!(judged(&read(Outcome::Pass, "news.comune.example", &[])), Outcome::Fail);
        assert_eq!(judged(&read(Outcome::Pass, "evil.example", &[])), Outcome::Fail);
        // A signature that nobody verified may hold; a host that nobody knows may be the right one.
        let unknown = read(Outcome::Fail, "evil.example", &["comune.example"]);
        assert_eq!(judged(&unknown), Outcome::Absent);
        assert_eq!(judged(&read(Outcome::Absent, "", &[])), Outcome::Absent);
        assert_eq!(dmarc("senza.example", &unknown, &records()), Outcome::Absent);
    }
}
