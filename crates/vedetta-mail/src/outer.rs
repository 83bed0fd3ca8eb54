//! The message in which somebody hands another on: who reports, and whether anybody may be answered.

use crate::authentication::{Authentication, Outcome};
use crate::header::{Headers, Mailbox};

/// The header of what was handed in, before anything is taken apart.
#[derive(Clone, Debug, Default)]
pub struct Outer {
    /// Who it says hands it in.
    pub from: Vec<Mailbox>,
    /// Its number, to be answered.
    pub message_id: String,
    /// Its subject.
    pub subject: String,
    /// It was sent by a program, or to a list: nobody waits for an answer (RFC 3834 §2).
    pub automatic: bool,
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
        let list = ["list-id", "list-post", "x-failed-recipients", "x-loop"];
        Self {
            from: headers.mailboxes("from"),
            message_id: said("message-id").trim().to_owned(),
            subject: said("subject").trim().to_owned(),
            automatic: !matches!(submitted.as_str(), "" | "no")
                || matches!(word("precedence").as_str(), "bulk" | "junk" | "list")
                || ["all", "autoreply"]
                    .iter()
                    .any(|it| word("x-auto-response-suppress").contains(it))
                || list.iter().any(|name| headers.raw(name).is_some()),
            language: word("content-language").chars().take(2).collect(),
            authentication: Authentication::read(&headers),
        }
    }

    /// Whether one of these receivers recorded that the sender is who they say: signed in when it
    /// was submitted, or that the domain of the sender vouches for it.
    #[must_use]
    pub fn is_proven(&self, receivers: &[String]) -> bool {
        let record = &self.authentication;
        let believed = receivers.iter().any(|name| name.eq_ignore_ascii_case(&record.recorded_by));
        let domain = self.from.first().map_or("", Mailbox::domain);
        believed
            && self.from.len() == 1
            && (record.submitted == Outcome::Pass
                || record.dmarc == Outcome::Pass
                || record.vouches_for(domain))
    }
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
        assert!(proven("mx.comune.example; dkim=pass header.d=comune.example"));
        assert!(!proven("mx.comune.example; dkim=pass header.d=altro.example"));
        assert!(!proven("mx.comune.example; dmarc=fail"));
        assert!(!proven("mx.evil.example; dmarc=pass"));
        let two = "Authentication-Results: mx.comune.example; dmarc=pass\r\nFrom: a@comune.example, b@comune.example\r\n\r\n";
        assert!(!Outer::read(two.as_bytes()).is_proven(&["mx.comune.example".into()]));
    }

    #[test]
    fn what_a_program_sent_is_told_from_what_a_person_did() {
        let automatic = |line: &str| Outer::read(format!("{line}\r\n\r\n").as_bytes()).automatic;
        assert!(automatic("Auto-Submitted: auto-replied"));
        assert!(automatic("Precedence: bulk"));
        assert!(automatic("List-Id: <x.example.org>"));
        assert!(!automatic("Auto-Submitted: no") && !automatic("Subject: x"));
    }
}
