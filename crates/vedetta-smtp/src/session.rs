//! A conversation as a machine: lines in, answers and acts out. Knows no socket.

use std::sync::Arc;

use smtp_proto::{Error, Request};

use crate::Taken;

/// Which of the two protocols is spoken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protocol {
    /// RFC 5321: one answer a letter.
    Smtp,
    /// RFC 2033: one answer a recipient; what a mail system speaks to a mailbox.
    Lmtp,
}

/// What holds for every conversation at a door.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The name that the door says it has.
    pub name: String,
    /// What is spoken.
    pub protocol: Protocol,
    /// Octets of a letter at most.
    pub largest: usize,
    /// The addresses that letters may be for, in lower case.
    pub mailboxes: Vec<String>,
}

/// What to do after an answer was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// Read the next line.
    Line,
    /// Read a letter until its dot, then call [`Session::letter`].
    Letter,
    /// Begin TLS, then call [`Session::secured`]. What was read after the line is thrown away.
    Tls,
    /// Close.
    Close,
}

/// An answer, and what to do after it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// Lines with their ends; may be empty.
    pub answer: String,
    /// What to do.
    pub act: Act,
}

/// Whether TLS may begin.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tls {
    Offered,
    None,
}

/// One conversation.
pub struct Session {
    terms: Arc<Terms>,
    tls: Tls,
    greeted: bool,
    /// The sender, once said; within it the empty one.
    from: Option<Option<String>>,
    to: Vec<String>,
    mistakes: usize,
}

/// Recipients of one letter.
const MOST_RECIPIENTS: usize = 50;
/// What is not understood or refused, before the door closes.
const MOST_MISTAKES: usize = 12;

impl Session {
    /// A conversation that begins; `secure` when TLS can be begun.
    #[must_use]
    pub fn new(terms: Arc<Terms>) -> Self {
        let to = Vec::new();
        Self { terms, tls: Tls::None, greeted: false, from: None, to, mistakes: 0 }
    }

    /// Offers STARTTLS.
    #[must_use]
    pub fn offering_tls(mut self) -> Self {
        self.tls = Tls::Offered;
        self
    }

    /// The first line of the door.
    #[must_use]
    pub fn greeting(&self) -> String {
        let protocol = match self.terms.protocol {
            Protocol::Smtp => "ESMTP",
            Protocol::Lmtp => "LMTP",
        };
        format!("220 {} {protocol}\r\n", self.terms.name)
    }

    /// The last line of a door that has no room, or closes.
    #[must_use]
    pub fn farewell(&self, why: &str) -> String {
        format!("421 4.3.2 {} {why}\r\n", self.terms.name)
    }

    /// What a line, with its end, is answered.
    pub fn line(&mut self, line: &[u8]) -> Step {
        match Request::parse(&mut line.iter()) {
            Ok(request) => self.request(request.into_owned()),
            Err(error) => self.mistake(misunderstood(&error)),
        }
    }

    fn request(&mut self, request: Request<String>) -> Step {
        match request {
            Request::Ehlo { host } | Request::Helo { host } | Request::Lhlo { host }
                if host.is_empty() =>
            {
                self.mistake("501 5.5.4 say your name")
            }
            Request::Ehlo { .. } if self.terms.protocol == Protocol::Smtp => self.hello(),
            Request::Lhlo { .. } if self.terms.protocol == Protocol::Lmtp => self.hello(),
            Request::Helo { .. } if self.terms.protocol == Protocol::Smtp => {
                self.forget();
                self.greeted = true;
                said(&format!("250 {}", self.terms.name))
            }
            Request::Ehlo { .. } | Request::Helo { .. } => {
                self.mistake("500 5.5.1 this is LMTP: say LHLO")
            }
            Request::Lhlo { .. } => self.mistake("500 5.5.1 this is SMTP: say EHLO"),
            Request::StartTls if self.tls == Tls::Offered => {
                Step { answer: "220 2.0.0 begin\r\n".into(), act: Act::Tls }
            }
            Request::Mail { from } => self.mail(from.address, from.size),
            Request::Rcpt { to } => self.recipient(&to.address),
            Request::Data => self.data(),
            Request::Rset => {
                self.forget();
                said("250 2.0.0 forgotten")
            }
            Request::Noop { .. } => said("250 2.0.0 here"),
            Request::Quit => Step { answer: "221 2.0.0 goodbye\r\n".into(), act: Act::Close },
            Request::Vrfy { .. } | Request::Expn { .. } => {
                said("252 2.5.0 send it, and it will be seen")
            }
            Request::Help { .. } => said("214 2.0.0 see RFC 5321"),
            _ => self.mistake("502 5.5.1 not here"),
        }
    }

    fn hello(&mut self) -> Step {
        self.forget();
        self.greeted = true;
        let Terms { name, largest, .. } = &*self.terms;
        let tls = if self.tls == Tls::Offered { "250-STARTTLS\r\n" } else { "" };
        let answer = format!(
            "250-{name}\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-SIZE {largest}\r\n\
             {tls}250 ENHANCEDSTATUSCODES\r\n"
        );
        Step { answer, act: Act::Line }
    }

    fn mail(&mut self, address: String, size: usize) -> Step {
        if !self.greeted {
            return self.mistake("503 5.5.1 say hello first");
        }
        if self.from.is_some() {
            return self.mistake("503 5.5.1 one sender a letter");
        }
        if size > self.terms.largest {
            return self.mistake("552 5.3.4 too large for this door");
        }
        self.from = Some(if address.is_empty() { None } else { Some(address) });
        said("250 2.1.0 sender noted")
    }

    fn recipient(&mut self, address: &str) -> Step {
        if self.from.is_none() {
            return self.mistake("503 5.5.1 say the sender first");
        }
        let address = address.to_lowercase();
        if !self.terms.mailboxes.contains(&address) {
            return self.mistake("550 5.1.1 no such mailbox here");
        }
        if self.to.len() >= MOST_RECIPIENTS {
            return self.mistake("452 4.5.3 too many recipients");
        }
        self.to.push(address);
        said("250 2.1.5 recipient noted")
    }

    fn data(&mut self) -> Step {
        if self.to.is_empty() {
            return self.mistake("503 5.5.1 say the recipients first");
        }
        let answer = "354 go on, and end with a dot alone\r\n".into();
        Step { answer, act: Act::Letter }
    }

    /// The envelope of the letter that is being read: sender and recipients.
    #[must_use]
    pub fn envelope(&self) -> (Option<String>, Vec<String>) {
        let mut to = self.to.clone();
        to.sort();
        to.dedup();
        (self.from.clone().flatten(), to)
    }

    /// The answer to a letter that was read to its dot.
    pub fn letter(&mut self, taken: &Taken) -> Step {
        let line = match taken {
            Taken::Kept => "250 2.0.0 taken in".to_owned(),
            Taken::Later(why) => format!("450 4.7.1 {}", plain(why)),
            Taken::Refused(why) => format!("550 5.7.1 {}", plain(why)),
        };
        let answers = match self.terms.protocol {
            Protocol::Smtp => 1,
            Protocol::Lmtp => self.to.len(),
        };
        self.forget();
        Step { answer: format!("{line}\r\n").repeat(answers), act: Act::Line }
    }

    /// The answer to a letter that went past the largest, read to its dot all the same.
    pub fn too_large(&mut self) -> Step {
        self.letter(&Taken::Refused("too large for this door".into()))
    }

    /// TLS has begun: the conversation starts anew (RFC 3207 §4.2).
    pub fn secured(&mut self) {
        self.forget();
        self.greeted = false;
        self.tls = Tls::None;
    }

    fn forget(&mut self) {
        self.from = None;
        self.to.clear();
    }

    fn mistake(&mut self, line: &str) -> Step {
        self.mistakes += 1;
        if self.mistakes < MOST_MISTAKES {
            return said(line);
        }
        let answer = format!("{line}\r\n{}", self.farewell("too many mistakes"));
        Step { answer, act: Act::Close }
    }
}

fn said(line: &str) -> Step {
    Step { answer: format!("{line}\r\n"), act: Act::Line }
}

fn misunderstood(error: &Error) -> &'static str {
    match error {
        Error::InvalidSenderAddress => "501 5.1.7 this is no address",
        Error::InvalidRecipientAddress => "501 5.1.3 this is no address",
        Error::SyntaxError { .. } => "501 5.5.4 not understood",
        Error::InvalidParameter { .. } | Error::UnsupportedParameter { .. } => {
            "555 5.5.4 a parameter that is not known here"
        }
        _ => "500 5.5.2 not understood",
    }
}

/// A reason as one line of ASCII.
fn plain(why: &str) -> String {
    why.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(protocol: Protocol) -> Session {
        let terms = Terms {
            name: "posta.example.org".into(),
            protocol,
            largest: 1000,
            mailboxes: vec!["segnalazioni@example.org".into(), "abuse@example.org".into()],
        };
        Session::new(Arc::new(terms)).offering_tls()
    }

    fn talk(session: &mut Session, lines: &[&str]) -> Vec<String> {
        let answer = |line: &&str| session.line(format!("{line}\r\n").as_bytes()).answer;
        lines.iter().map(answer).map(|answer| answer.chars().take(3).collect()).collect()
    }

    #[test]
    fn a_letter_needs_its_steps_in_order() {
        let mut smtp = session(Protocol::Smtp);
        let codes = talk(
            &mut smtp,
            &[
                "DATA",
                "MAIL FROM:<a@example.org>",
                "EHLO client.example.org",
                "RCPT TO:<abuse@example.org>",
                "MAIL FROM:<a@example.org> SIZE=2000",
                "MAIL FROM:<a@example.org> SIZE=900",
                "RCPT TO:<nobody@example.org>",
                "RCPT TO:<Abuse@Example.org>",
                "RCPT TO:<segnalazioni@example.org>",
                "DATA",
            ],
        );
        assert_eq!(codes, ["503", "503", "250", "503", "552", "250", "550", "250", "250", "354"]);
        let both = vec!["abuse@example.org".to_owned(), "segnalazioni@example.org".to_owned()];
        assert_eq!(smtp.envelope(), (Some("a@example.org".into()), both));
        assert_eq!(smtp.letter(&Taken::Kept).answer, "250 2.0.0 taken in\r\n");
        assert_eq!(smtp.envelope(), (None, Vec::new()));
    }

    #[test]
    fn lmtp_answers_for_each_recipient() {
        let mut lmtp = session(Protocol::Lmtp);
        let lines = [
            "EHLO x",
            "LHLO x",
            "MAIL FROM:<>",
            "RCPT TO:<abuse@example.org>",
            "RCPT TO:<segnalazioni@example.org>",
            "DATA",
        ];
        assert_eq!(talk(&mut lmtp, &lines), ["500", "250", "250", "250", "250", "354"]);
        assert_eq!(lmtp.envelope().0, None);
        let answer = lmtp.letter(&Taken::Later("più tardi\r\n250 ok".into())).answer;
        assert_eq!(answer, "450 4.7.1 pi tardi250 ok\r\n450 4.7.1 pi tardi250 ok\r\n");
    }

    #[test]
    fn after_tls_all_is_said_again() {
        let mut smtp = session(Protocol::Smtp);
        talk(&mut smtp, &["EHLO x", "MAIL FROM:<a@example.org>"]);
        assert_eq!(smtp.line(b"STARTTLS\r\n").act, Act::Tls);
        smtp.secured();
        assert_eq!(talk(&mut smtp, &["RCPT TO:<abuse@example.org>", "STARTTLS"]), ["503", "502"]);
        let hello = smtp.line(b"EHLO x\r\n").answer;
        assert!(!hello.contains("STARTTLS") && hello.contains("SIZE 1000"), "{hello}");
    }

    #[test]
    fn every_line_is_answered_whatever_it_is() {
        for said in [
            &include_bytes!("../tests/corpus/smtp_line/letter.txt")[..],
            include_bytes!("../tests/corpus/smtp_line/odd.txt"),
        ] {
            let mut smtp = session(Protocol::Smtp);
            for line in said.split_inclusive(|octet| *octet == b'\n') {
                let answer = smtp.line(line).answer;
                assert!(answer.ends_with("\r\n") && answer.is_ascii(), "{answer}");
            }
        }
    }

    #[test]
    fn who_only_errs_is_shown_out() {
        let mut smtp = session(Protocol::Smtp);
        let last = (0..MOST_MISTAKES).map(|_| smtp.line(b"\xff\xfe\r\n")).last();
        assert_eq!(last.map(|step| step.act), Some(Act::Close));
    }
}
