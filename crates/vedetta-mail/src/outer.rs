//! The message in which somebody hands another on: who reports, and whether anybody may be answered.

use crate::authentication::{Authentication, Outcome};
use crate::header::{Headers, Mailbox, uncommented};
use crate::url::registered;

/// The header of what was handed in, before anything is taken apart.
#[derive(Clone, Debug, Default)]
pub struct Outer {
    /// Who it says hands it in.
    pub from: Vec<Mailbox>,
    /// There is one `From`, of one address: nothing to choose from.
    pub plain: bool,
    /// Its number, to be answered.
    pub message_id: String,
    /// Its subject.
    pub subject: String,
    /// The numbers of the letters that it answers.
    pub answers: String,
    /// It was sent by a program: nobody waits for an answer (RFC 3834 §2).
    pub automatic: bool,
    /// It came through a list or a group (RFC 2919): somebody wrote it, and is not who handed it on.
    pub listed: bool,
    /// Its language, where it says so.
    pub language: String,
    /// The first record of its authentication, and who wrote it.
    pub authentication: Authentication,
}

impl Outer {
    /// Reads the header.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let headers = Headers::read(bytes).0;
        let said = |name: &str| headers.text(name).unwrap_or_default();
        let word = |name: &str| said(name).trim().to_lowercase();
        let submitted = word("auto-submitted");
        let has = |names: [&str; 2]| names.iter().any(|name| headers.raw(name).is_some());
        let listed = has(["list-id", "list-post"]) || word("precedence") == "list";
        Self {
            from: headers.mailboxes("from"),
            plain: is_plain(&headers),
            message_id: said("message-id").trim().to_owned(),
            subject: said("subject").trim().to_owned(),
            answers: said("in-reply-to") + &said("references"),
            listed,
            automatic: !matches!(submitted.as_str(), "" | "no")
                || ["all", "autoreply"]
                    .iter()
                    .any(|it| word("x-auto-response-suppress").contains(it))
                || !listed && matches!(word("precedence").as_str(), "bulk" | "junk")
                || !listed && has(["x-failed-recipients", "x-loop"]),
            language: word("content-language").chars().take(2).collect(),
            authentication: Authentication::read(&headers),
        }
    }

    /// Whether one of these receivers recorded that the sender is who they say: signed in when it
    /// was submitted, or that the domain of the sender vouches for it. What it recorded must be of
    /// that sender: a pass for somebody else proves nothing.
    #[must_use]
    pub fn is_proven(&self, receivers: &[String]) -> bool {
        let record = &self.authentication;
        let believed = receivers.iter().any(|name| name.eq_ignore_ascii_case(&record.recorded_by));
        let [sender] = self.from.as_slice() else { return false };
        believed
            && self.plain
            && (self.signed_in(sender)
                || record.dmarc == Outcome::Pass
                    && record.dmarc_domain.eq_ignore_ascii_case(sender.domain())
                || record.vouches_for(sender.domain()))
    }

    /// Whether who signed in is the sender. A name without a domain is of the receiver's own.
    fn signed_in(&self, sender: &Mailbox) -> bool {
        let record = &self.authentication;
        let Some((mailbox, domain)) = sender.address.split_once('@') else { return false };
        let account = record.account.as_str();
        let own = registered(&record.recorded_by) == registered(domain);
        record.submitted == Outcome::Pass
            && (account == sender.address || own && !account.is_empty() && account == mailbox)
    }
}

/// One field `From` (RFC 5322 §3.6), and in it, comments and quotes aside, one address.
fn is_plain(headers: &Headers) -> bool {
    let mut fields = headers.all("from");
    let (Some(only), None) = (fields.next(), fields.next()) else { return false };
    let (plain, _) = uncommented(only);
    let mut quoted = false;
    let outside = plain.chars().filter(|c| {
        quoted ^= *c == '"';
        !quoted && *c != '"'
    });
    let outside: String = outside.collect();
    !quoted
        && outside.matches('@').count() == 1
        && outside.matches('<').count() <= 1
        && !outside.contains([',', ';', '(', ')'])
}

#[cfg(test)]
mod tests {
    use super::Outer;

    #[test]
    fn only_a_believed_receiver_proves_who_reports() {
        let letter = |results: &str| {
            format!("Authentication-Results: {results}\r\nFrom: Ada <ada@comune.example>\r\n\r\nx")
        };
        let proven = |results: &str| {
            Outer::read(letter(results).as_bytes()).is_proven(&["mx.comune.example".into()])
        };
        assert!(proven("mx.comune.example; dmarc=pass header.from=comune.example"));
        assert!(proven("mx.comune.example; auth=pass (login) smtp.auth=ada"));
        assert!(proven("mx.comune.example 1; auth=pass smtp.auth=ada@comune.example"));
        assert!(proven("mx.comune.example; dkim=pass header.d=comune.example"));
        assert!(!proven("mx.comune.example; dkim=pass header.d=altro.example"));
        assert!(!proven("mx.comune.example; dmarc=fail"));
        assert!(!proven("mx.evil.example; dmarc=pass header.from=comune.example"));
        assert!(!proven("evil mx.comune.example; dmarc=pass header.from=comune.example"));
    }

    #[test]
    fn a_pass_for_somebody_else_proves_nothing() {
        let proven = |results: &str, from: &str| {
            let letter =
                format!("Authentication-Results: mx.ente.example; {results}\r\n{from}\r\n\r\nx");
            Outer::read(letter.as_bytes()).is_proven(&["mx.ente.example".into()])
        };
        let luca = "From: luca@comune.example";
        assert!(proven("dmarc=pass header.from=comune.example", luca));
        assert!(!proven("dmarc=pass header.from=evil.invalid", luca));
        assert!(!proven("dmarc=pass", luca));
        assert!(!proven("auth=pass", luca));
        assert!(!proven("auth=pass smtp.auth=mallory@comune.example", luca));
        assert!(!proven("auth=pass smtp.auth=luca", luca), "of another domain than the receiver's");
        assert!(!proven("spf=pass smtp.mailfrom=evil.invalid", luca));
        let pass = "dmarc=pass header.from=comune.example";
        for two in [
            "From: x@evil.invalid (<luca@comune.example>)",
            "From: luca@comune.example\r\nFrom: x@evil.invalid",
            "From: x@evil.invalid\r\nFrom: luca@comune.example",
            "From: luca@comune.example, x@evil.invalid",
            "From: x@evil.invalid <luca@comune.example>",
            "From: <x@evil.invalid> <luca@comune.example>",
            "From: a: luca@comune.example;",
        ] {
            assert!(!proven(pass, two), "{two}");
        }
        assert!(proven(pass, "From: \"Luca, <x@evil.invalid>\" <luca@comune.example>"));
    }

    #[test]
    fn what_one_receiver_recorded_in_several_fields_is_read_whole() {
        let proven = |fields: &str| {
            let letter = format!("{fields}From: Ada <ada@comune.example>\r\n\r\nx");
            Outer::read(letter.as_bytes()).is_proven(&["mx.comune.example".into()])
        };
        let dmarc =
            "Authentication-Results: mx.comune.example; dmarc=pass header.from=comune.example\r\n";
        let dkim = "Authentication-Results: mx.comune.example; dkim=none\r\n";
        let other = "Authentication-Results: mx.evil.invalid; dkim=none\r\n";
        assert!(proven(&format!("{dkim}{dmarc}")) && proven(&format!("{dmarc}{dkim}")));
        assert!(!proven(&format!("{other}{dmarc}")));
        assert!(!proven(&format!("{dkim}{other}{dmarc}")), "not one after the other");
        let hop = "Received: from a by b; x\r\n";
        assert!(proven(&format!("{hop}{dkim}{dmarc}")));
        assert!(!proven(&format!("{dkim}{hop}{dmarc}")), "it was there when the message came");
        let fails =
            "Authentication-Results: mx.comune.example; dmarc=fail header.from=comune.example\r\n";
        assert!(!proven(&format!("{fails}{dmarc}")), "the first word on each method counts");
    }

    #[test]
    fn what_a_program_sent_is_told_from_what_a_person_did() {
        let read = |line: &str| Outer::read(format!("{line}\r\n\r\n").as_bytes());
        let automatic = |line: &str| read(line).automatic;
        assert!(automatic("Auto-Submitted: auto-replied"));
        assert!(automatic("Precedence: bulk"));
        assert!(!automatic("Auto-Submitted: no") && !automatic("Subject: x"));
        let list = "Precedence: bulk\r\nX-Loop: x\r\nList-Id: <x.example.org>";
        assert!(read(list).listed && !automatic(list) && !read("Precedence: bulk").listed);
    }
}
