//! What the receiver recorded of SPF, DKIM, DMARC and ARC (RFC 8601, RFC 7208 §9.1, RFC 8617), and
//! what was verified here.
//!
//! Only the topmost records of one receiver count: they are the nearest one's; those below came with
//! the message. A receiver's milters may write a field each.

use serde::Serialize;

use crate::header::{Headers, Valued, uncommented};
use crate::policy;
use crate::url::registered;
use dkim::{Keys, Proof, Proven};

/// How one method ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Nobody recorded it.
    #[default]
    Absent,
    /// Passed.
    Pass,
    /// Failed.
    Fail,
    /// Failed softly.
    Softfail,
    /// Nothing published, or nothing signed.
    None,
    /// Neither.
    Neutral,
    /// Could not be evaluated.
    Error,
}

impl Outcome {
    fn of(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "pass" | "bestguesspass" => Self::Pass,
            "fail" | "hardfail" | "reject" => Self::Fail,
            "softfail" => Self::Softfail,
            "none" => Self::None,
            "neutral" | "policy" => Self::Neutral,
            "temperror" | "permerror" | "error" => Self::Error,
            _ => Self::Absent,
        }
    }

    /// For people, in Italian and English.
    pub(crate) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Absent => ("non registrato", "not recorded"),
            Self::Pass => ("superato", "passed"),
            Self::Fail => ("non superato", "failed"),
            Self::Softfail => ("non superato (esito debole)", "failed softly"),
            Self::None => ("non pubblicato", "nothing published"),
            Self::Neutral => ("senza esito", "neutral"),
            Self::Error => ("non valutabile", "could not be evaluated"),
        }
    }

    /// Failed, softly or not.
    #[must_use]
    pub const fn failed(self) -> bool {
        matches!(self, Self::Fail | Self::Softfail)
    }
}

/// What is recorded of a message's authentication.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Authentication {
    /// Whether the sending host may send for the envelope's domain.
    pub spf: Outcome,
    /// Whether a signature holds.
    pub dkim: Outcome,
    /// Whether either is of the domain that people see.
    pub dmarc: Outcome,
    /// Whether the chain of intermediaries holds.
    pub arc: Outcome,
    /// Whether who submitted it had signed in (RFC 8601 §2.7.4).
    pub submitted: Outcome,
    /// The account that signed in, in lower case.
    pub account: String,
    /// Of which domain DMARC ended so.
    pub dmarc_domain: String,
    /// The envelope's domain.
    pub spf_domain: String,
    /// The domains whose signature held, as recorded.
    pub dkim_domains: Vec<String>,
    /// The domains whose signature was verified here.
    pub verified: Vec<String>,
    /// The domains that claim to have signed.
    pub signed: Vec<String>,
    /// The host that sent it, by the receiver's word.
    pub client: Option<std::net::IpAddr>,
    /// The host that handed it to the nearest receiver, by the topmost `Received`, when it is one
    /// of the public Internet.
    #[serde(skip)]
    pub handed_in_by: Option<std::net::IpAddr>,
    /// Who recorded it.
    pub recorded_by: String,
    /// The last intermediary of a chain that was verified here.
    pub sealed_by: String,
}

impl Authentication {
    pub(crate) fn read(headers: &Headers) -> Self {
        let mut read = Self::default();
        let nearest = topmost(headers);
        if let Some(first) = nearest.first() {
            read.recorded_by = identifier(first);
        } else if let Some(chain) = headers.raw("arc-authentication-results") {
            // It came with the message: who wrote it is not known.
            read.results(chain);
        }
        nearest.into_iter().for_each(|results| read.results(results));
        if let Some(line) = headers.raw("received-spf") {
            if read.spf == Outcome::Absent {
                read.spf = Outcome::of(line.split_whitespace().next().unwrap_or_default());
            }
            read.client =
                read.client.or_else(|| after(line, "client-ip=").and_then(|ip| ip.parse().ok()));
        }
        for signature in headers.all("dkim-signature").take(5) {
            let tags = Valued::read(&format!("x;{signature}"));
            read.signed.extend(tags.parameter("d").map(str::to_lowercase));
        }
        read.handed_in_by = headers.raw("received").and_then(handing_in);
        read
    }

    /// Takes what a field says: of each method, the first word.
    fn results(&mut self, line: &str) {
        let before = self.clone();
        let first = |known: Outcome| known == Outcome::Absent;
        let line = uncommented(line).0;
        for piece in line.split(';').take(30) {
            let words: Vec<(&str, &str)> =
                piece.split_whitespace().filter_map(|word| word.split_once('=')).collect();
            for (method, value) in &words {
                let outcome = Outcome::of(value);
                let of = |method: &str| words.iter().any(|(name, _)| *name == method);
                let signed = || words.iter().any(|it| matches!(it, ("dkim", "pass")));
                match *method {
                    "spf" if first(before.spf) => self.spf = outcome,
                    "dmarc" if first(before.dmarc) => self.dmarc = outcome,
                    "arc" if first(before.arc) => self.arc = outcome,
                    "auth" if first(before.submitted) => self.submitted = outcome,
                    "dkim" if first(before.dkim) && self.dkim != Outcome::Pass => {
                        self.dkim = outcome;
                    }
                    "smtp.mailfrom" if first(before.spf) && of("spf") => {
                        self.spf_domain = domain(value)
                    }
                    "smtp.auth" if first(before.submitted) && of("auth") => {
                        self.account = value.trim_matches(['"', '<', '>']).to_lowercase();
                    }
                    "header.from" if first(before.dmarc) && of("dmarc") => {
                        self.dmarc_domain = domain(value);
                    }
                    "header.d" | "header.i" if first(before.dkim) && signed() => {
                        self.dkim_domains.push(domain(value));
                    }
                    _ => {}
                }
            }
        }
    }

    /// Takes what was verified here over what somebody recorded. A signature found broken here may
    /// have held where it was recorded: handing on changes messages.
    pub(crate) fn believe(&mut self, proven: Proven) {
        if !proven.domains.is_empty() {
            self.dkim = Outcome::Pass;
            self.verified.extend(proven.domains.iter().cloned());
            self.dkim_domains.extend(proven.domains);
        } else if proven.broken && self.dkim == Outcome::Absent {
            self.dkim = Outcome::Fail;
        }
        match proven.chain {
            Some(Proof::Holds) => {
                self.arc = Outcome::Pass;
                self.sealed_by = proven.sealer;
            }
            Some(Proof::Broken) if self.arc == Outcome::Absent => self.arc = Outcome::Fail,
            _ => {}
        }
    }

    /// Judges SPF and DMARC by the records at hand, where nobody recorded how they ended.
    pub(crate) fn judge(&mut self, sender: &str, envelope: &str, records: &dyn Keys) {
        if self.spf == Outcome::Absent
            && !envelope.is_empty()
            && let Some(host) = self.handed_in_by
        {
            self.spf = policy::spf(envelope, host, records);
            self.spf_domain = envelope.to_lowercase();
        }
        if self.dmarc == Outcome::Absent && !sender.is_empty() {
            self.dmarc = policy::dmarc(sender, self, records);
        }
    }

    /// Whether a signature or envelope that holds is of the registered domain `of`.
    #[must_use]
    pub fn vouches_for(&self, of: &str) -> bool {
        let same = |domain: &String| !of.is_empty() && registered(domain) == registered(of);
        self.dkim == Outcome::Pass && self.dkim_domains.iter().any(same)
            || self.spf == Outcome::Pass && same(&self.spf_domain)
    }

    /// Whether anybody recorded anything.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        [self.spf, self.dkim, self.dmarc].iter().any(|outcome| *outcome != Outcome::Absent)
    }
}

fn domain(value: &str) -> String {
    let value = value.trim_matches(['"', '<', '>', ',']);
    value.rsplit('@').next().unwrap_or(value).trim_end_matches('.').to_lowercase()
}

fn after<'t>(text: &'t str, mark: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(mark)?;
    rest.split([';', ' ', ')']).next().map(|word| word.trim_matches(['"', '[', ']']))
}

/// `from helo (name [address]) by …`: the address.
fn handing_in(received: &str) -> Option<std::net::IpAddr> {
    let before = received.split(" by ").next()?;
    let inside = before.rsplit('[').next()?.split(']').next()?;
    let address = inside.trim_start_matches("IPv6:").parse::<std::net::IpAddr>().ok()?;
    let inner = match address {
        std::net::IpAddr::V4(it) => it.is_private() || it.is_loopback() || it.is_link_local(),
        std::net::IpAddr::V6(it) => it.is_loopback() || it.is_unique_local(),
    };
    (!inner).then_some(address)
}

/// The topmost fields, as long as they are of one receiver and nobody received the message between
/// them.
fn topmost(headers: &Headers) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for (name, value) in headers.iter() {
        match name {
            "received" if !found.is_empty() => break,
            "authentication-results" if found.len() < 10 => {
                if found.first().is_some_and(|first| identifier(first) != identifier(value)) {
                    break;
                }
                found.push(value);
            }
            _ => {}
        }
    }
    found
}

/// Who wrote the field (RFC 8601 §2.2): its first word, and after it at most a version. Empty where
/// nobody says.
fn identifier(results: &str) -> String {
    let plain = uncommented(results).0;
    let mut words = plain.split(';').next().unwrap_or_default().split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(name), None, None) if !name.contains('=') => name.into(),
        (Some(name), Some(version), None) if version.bytes().all(|b| b.is_ascii_digit()) => {
            name.into()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Authentication, Outcome};
    use crate::header::Headers;
    use dkim::Published;

    fn read(raw: &str) -> Authentication {
        Authentication::read(&Headers::read(raw.as_bytes()).0)
    }

    #[test]
    fn the_nearest_record_is_believed() {
        let read = read(
            "Authentication-Results: spf=fail (sender IP is 192.0.2.1)\n smtp.mailfrom=a@x.example; dkim=none (no) \
             header.d=none;dmarc=none action=none\nAuthentication-Results: mx.evil.example; spf=pass; dkim=pass; dmarc=pass\n\
             Received-SPF: Fail (x) client-ip=192.0.2.1; helo=x;\nDKIM-Signature: v=1; a=rsa-sha256;\n d=Y.example; s=1\n\n",
        );
        assert_eq!(
            (read.spf, read.dkim, read.dmarc),
            (Outcome::Fail, Outcome::None, Outcome::None)
        );
        assert_eq!(read.spf_domain, "x.example");
        assert_eq!(read.signed, ["y.example"]);
        assert_eq!(read.client.map(|ip| ip.to_string()), Some("192.0.2.1".into()));
    }

    #[test]
    fn policies_at_hand_are_judged_where_nobody_recorded_them() {
        let keys = Published::read(
            "x.example v=spf1 ip4:192.0.2.0/24 -all\n_dmarc.x.example v=DMARC1; p=reject\n",
        )
        .unwrap();
        let judged = |from: &str| {
            let received = format!("Received: from a (b [{from}]) by mx.example.org; x\n\n");
            let mut read = read(&received);
            read.judge("x.example", "x.example", &keys);
            (read.spf, read.dmarc)
        };
        assert_eq!(judged("192.0.2.1"), (Outcome::Pass, Outcome::Pass));
        assert_eq!(judged("198.51.100.1"), (Outcome::Fail, Outcome::Fail));
        assert_eq!(judged("10.0.0.1"), (Outcome::Absent, Outcome::Absent));
        let mut recorded =
            read("Authentication-Results: mx; spf=pass smtp.mailfrom=y.example; dmarc=fail\n\n");
        recorded.judge("x.example", "x.example", &keys);
        assert_eq!((recorded.spf, recorded.dmarc), (Outcome::Pass, Outcome::Fail));
    }

    #[test]
    fn only_what_passed_vouches() {
        let read = read(
            "Authentication-Results: mx.example.org; dkim=pass header.i=@news.x.example header.s=1; spf=softfail smtp.mailfrom=y.example\n\n",
        );
        assert!(read.vouches_for("www.x.example") && !read.vouches_for("y.example"));
        assert_eq!(read.recorded_by, "mx.example.org");
    }
}
