//! The mailbox of the operations room: what is written to it is a report at its queue.

use std::collections::BTreeSet;
use std::sync::Arc;

use vedetta_postroom::mail::{Enclosure, is_invisible};
use vedetta_postroom::{Handed, Heard, Postroom, Standing, Written};
use vedetta_watch::desk::incident::Channel;
use vedetta_watch::{NewReport, Watch, WatchError};

/// Where incidents are written to, and who takes the reports.
pub struct IncidentMail {
    /// The address, in lower case.
    pub mailbox: String,
    /// Where the queue is.
    pub watch: Arc<Watch>,
}

/// Characters of a title and of the words; what is longer is cut, and the letter is still its writer's.
const TITLE: usize = 200;
const WORDS: usize = 10_000;

impl IncidentMail {
    /// Takes a letter in as a report, once however often it comes; says what became of it.
    ///
    /// # Errors
    /// What the ledger said: it may be brought again.
    pub fn take(&self, desk: &Postroom, handed: &Handed<'_>) -> Result<Heard, WatchError> {
        let heard = desk.hear(handed);
        if let Heard::Written(written) = &heard {
            self.report(desk, written)?;
        }
        Ok(heard)
    }

    fn report(&self, desk: &Postroom, written: &Written) -> Result<(), WatchError> {
        let room = self.watch.house().operator()?;
        let receipt = self.watch.report(&room, self.report_of(written))?;
        let number = receipt.number.to_string();
        tracing::info!(number, repeated = receipt.repeated, "an incident was reported by mail");
        // Of one that came before too: what stopped between the report and the answer ends here.
        desk.confirm(written, &number)?;
        Ok(())
    }

    /// The report: for whom it comes from where that is proven, else for the room, which is told so.
    fn report_of(&self, written: &Written) -> NewReport {
        let from = line(&written.from);
        let mut words = format!("Per posta elettronica da {from}. / By e-mail from {from}.\n");
        let proven =
            written.organisation.clone().filter(|_| written.standing == Standing::Enrolled);
        if proven.is_none() {
            let standing = self.watch.house().standing();
            let known = written.organisation.as_ref();
            let known = known.and_then(|id| standing.directory.organisation(id));
            let of = known.map(|it| format!(" ({})", it.name)).unwrap_or_default();
            words.push_str(&format!(
                "⚠ Mittente non verificato{of}: richiama a un numero già noto. / Sender not verified{of}: call back on a number known before.\n"
            ));
        }
        if written.files > 0 {
            let files = written.files;
            words.push_str(&format!(
                "File allegati, non conservati: {files}. / Files with it, not kept: {files}.\n"
            ));
        }
        words.push('\n');
        words.push_str(clipped(&letter(written), WORDS).trim());
        let title = line(&written.subject);
        NewReport {
            channel: Channel::Mail,
            organisation: proven,
            title: if title.is_empty() { "Segnalazione senza oggetto".into() } else { title },
            words,
            contact: Some(from),
            awareness: None,
            items: BTreeSet::new(),
            services: BTreeSet::new(),
            exercise: None,
            key: Some(written.key.clone()),
        }
    }
}

/// What the writer says; below it, marked, what others wrote that is with it.
fn letter(written: &Written) -> String {
    let mut text = written.text.trim().to_owned();
    for Enclosure { from, subject, text: inner } in &written.enclosed {
        let (from, subject) = (line(from), line(subject));
        text.push_str(&format!(
            "\n\n--- Messaggio allegato / Message with it ---\nDa / From: {from}\nOggetto / Subject: {subject}\n\n{}",
            inner.trim()
        ));
    }
    text
}

/// So many characters of a text, none that steers a terminal or turns the direction of writing.
fn clipped(text: &str, most: usize) -> String {
    let text = text.chars().filter(|it| *it == '\n' || !it.is_control() && !is_invisible(*it));
    text.take(most).collect()
}

/// A text in one line, as long as a title may be.
fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    clipped(&words.join(" "), TITLE)
}

#[cfg(test)]
mod tests {
    use vedetta_api::{Api, Settings};
    use vedetta_directory::directory::Records;
    use vedetta_model::contact::{Channel as At, Contact};
    use vedetta_model::{ContactId, OrganisationId};
    use vedetta_postroom::mail::{Evidence, Limits, Published};
    use vedetta_postroom::{MasterKey, Reporter, Settings as Desk};
    use vedetta_testkit::TestHouse;
    use vedetta_watch::{CaseWish, QueueWish, Waiting};

    use super::*;

    const RECEIVER: &str = "mx.vedetta.example";
    const CED: &str = "ced@terni.example";

    fn room() -> (Postroom, IncidentMail) {
        let test = TestHouse::small();
        test.house.set_own(&OrganisationId::new("cnaipic").unwrap()).unwrap();
        let contact = Contact {
            id: ContactId::new("ced-terni").unwrap(),
            organisation: OrganisationId::new("terni").unwrap(),
            role: "sistemi".into(),
            name: "CED".into(),
            substitute: None,
            phone_24h: None,
            channels: vec![At::Email(CED.into())],
            keys: Vec::new(),
            account: None,
            last_verified: None,
        };
        let records = Records { contacts: vec![contact], ..Records::default() };
        test.house.put_records(&test.administrator(), records).unwrap();
        let api = Api::new(Arc::new(test.house), Settings::default(), [7; 32]);
        let settings = Desk { receivers: vec![RECEIVER.into()], ..Desk::default() };
        let (house, master) = (Arc::clone(api.house()), MasterKey::new([7; 32]));
        let desk = Postroom::open(house, settings, master, Published::default()).unwrap();
        let mailbox = "incidenti@vedetta.example".into();
        (desk, IncidentMail { mailbox, watch: Arc::clone(api.watch()) })
    }

    /// A letter as the receiver that is believed hands it on.
    fn letter(proven: &str, head: &str) -> String {
        format!(
            "Authentication-Results: {RECEIVER}; dmarc={proven} header.from=terni.example\r\nFrom: <{CED}>\r\n\
             To: <incidenti@vedetta.example>\r\nMessage-ID: <1@terni.example>\r\n{head}Subject: Server cifrati\r\n\r\n\
             Da stamattina i file hanno un'estensione strana.\r\n"
        )
    }

    fn take((desk, incidents): &(Postroom, IncidentMail), text: &str) -> Heard {
        let by = Reporter::Mailbox(Some(CED.into()));
        incidents.take(desk, &Handed { bytes: text.as_bytes(), by }).unwrap()
    }

    #[test]
    fn what_is_written_is_one_report_of_who_wrote_and_answered_with_its_number() {
        let room = room();
        for _ in 0..2 {
            assert!(matches!(take(&room, &letter("pass", "")), Heard::Written(_)));
        }
        let (desk, watch) = (&room.0, &room.1.watch);
        let officer = watch.house().operator().unwrap();
        let wish = CaseWish { limit: 9, ..CaseWish::default() };
        let cases = watch.cases(&officer, &wish).unwrap().cases;
        assert_eq!(cases.len(), 1, "{cases:?}");
        assert_eq!((&*cases[0].title, cases[0].channel), ("Server cifrati", Channel::Mail));
        assert_eq!(cases[0].organisation.as_str(), "terni");
        let due = desk.due_answers(9).unwrap();
        assert_eq!((due.len(), due[0].to.as_str()), (1, CED));
        let read = Evidence::read(&due[0].letter, &Limits::default());
        assert!(read.text.contains(&cases[0].number.to_string()), "{}", read.text);
    }

    fn waiting((_, incidents): &(Postroom, IncidentMail)) -> Vec<Waiting> {
        let officer = incidents.watch.house().operator().unwrap();
        incidents.watch.queue(&officer, &QueueWish { centre: None, limit: 99 }).unwrap().waiting
    }

    /// A letter of the CED in several parts: its words, and what is with them.
    fn with(words: &str, part: &str) -> String {
        let head = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n";
        let plain = letter("pass", head);
        let (head, _) = plain.split_once("\r\n\r\n").unwrap();
        format!("{head}\r\n\r\n--b\r\n\r\n{words}\r\n--b\r\n{part}\r\n--b--\r\n")
    }

    const LURE: &str =
        "From: Poste <avviso@giacenza.invalid>\r\nSubject: Il suo pacco\r\n\r\nPaghi subito.\r\n";
    const OWN: &str = "30 postazioni cifrate dopo questa mail.";

    #[test]
    fn the_words_are_the_writers_and_what_they_enclose_is_below() {
        let attached = with(OWN, &format!("Content-Type: message/rfc822\r\n\r\n{LURE}"));
        let forwarded = letter("pass", "").replace("Subject: ", "Subject: I: ").replace(
            "Da stamattina",
            &format!(
                "{OWN}\r\n\r\n-----Messaggio originale-----\r\nDa: Poste <avviso@giacenza.invalid>\r\n\
                 Inviato: lunedì 2 marzo 2026 08:00\r\nA: CED\r\nOggetto: Il suo pacco\r\n\r\nPaghi subito.\r\nDa stamattina"
            ),
        );
        let certified = format!(
            "From: \"Per conto di: {CED}\" <posta-certificata@gestore.example>\r\nSubject: POSTA CERTIFICATA: Server cifrati\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nMessaggio di posta certificata\r\n\
             --c\r\nContent-Type: message/rfc822; name=postacert.eml\r\n\r\n{attached}\r\n--c\r\n\
             Content-Type: application/xml; name=daticert.xml\r\n\r\n<postacert><mittente>{CED}</mittente></postacert>\r\n--c--\r\n"
        );
        for (text, title) in [
            (attached.as_str(), "Server cifrati"),
            (&forwarded, "I: Server cifrati"),
            (&certified, "Server cifrati"),
        ] {
            let room = room();
            assert!(matches!(take(&room, text), Heard::Written(_)));
            let waiting = waiting(&room);
            let (case, words) = (&waiting[0].case, &waiting[0].words);
            assert_eq!(&*case.title, title);
            assert!(words.contains(&format!("da {CED}")), "{words}");
            let (own, lure) = (words.find(OWN), words.find("Paghi subito."));
            assert!(own.is_some() && own < lure, "{words}");
            assert!(words.contains("avviso@giacenza.invalid"), "{words}");
        }
    }

    #[test]
    fn what_a_program_writes_is_a_report_without_an_answer() {
        let room = room();
        let ticket = letter("pass", "Auto-Submitted: auto-generated\r\nPrecedence: bulk\r\n");
        assert!(matches!(take(&room, &ticket), Heard::Written(_)));
        assert_eq!(waiting(&room)[0].case.organisation.as_str(), "terni");
        assert!(room.0.due_answers(9).unwrap().is_empty());
        let (desk, incidents) = &room;
        let failure = Handed { bytes: ticket.as_bytes(), by: Reporter::Mailbox(None) };
        assert_eq!(incidents.take(desk, &failure).unwrap(), Heard::Passed);
        let own = ticket.replace(CED, &desk.settings().mailbox);
        assert_eq!(take(&room, &own), Heard::Passed);
        assert_eq!(take(&room, &letter("pass", "X-Ricevuta: accettazione\r\n")), Heard::Passed);
        assert_eq!(waiting(&room).len(), 1);
    }

    /// The same letter from another, with another number.
    fn by(room: &(Postroom, IncidentMail), from: &str, number: usize) -> Heard {
        let text = letter("none", "").replace(CED, from).replace("<1@", &format!("<{number}@"));
        let by = Reporter::Mailbox(Some(from.into()));
        room.1.take(&room.0, &Handed { bytes: text.as_bytes(), by }).unwrap()
    }

    #[test]
    fn a_flood_ends_with_its_sender_and_shuts_nobody_out_whom_the_directory_knows() {
        let room = room();
        let most = room.0.settings().strangers;
        let strange = |number| by(&room, "chi@altrove.invalid", number);
        for number in 0..most {
            let junk = format!("From: <x@altrove.invalid>\r\nMessage-ID: <{number}>\r\n\r\nx\r\n");
            let by = Reporter::Mailbox(Some("x@altrove.invalid".into()));
            room.0.take(&Handed { bytes: junk.as_bytes(), by }).unwrap();
        }
        for number in 0..most {
            assert!(matches!(strange(number), Heard::Written(_)), "the reports desk has its own");
        }
        assert_eq!(strange(most), Heard::Limited);
        assert!(matches!(strange(0), Heard::Written(_)), "what comes again is no more");
        let elsewhere = |number: usize| by(&room, &format!("a@d{number}.invalid"), 1);
        for number in most..3 * most {
            assert!(matches!(elsewhere(number), Heard::Written(_)), "{number}");
        }
        assert_eq!(elsewhere(3 * most), Heard::Limited);
        assert_eq!(waiting(&room).len(), 3 * most);
        assert!(matches!(by(&room, CED, 1), Heard::Written(_)));
    }

    #[test]
    fn mailboxes_of_one_provider_of_certified_mail_do_not_share_a_limit() {
        let room = room();
        let provider = "posta-certificata@gestore.example";
        let from = |mailbox: &str, number: usize| {
            let text = format!(
                "From: <{provider}>\r\nMessage-ID: <{number}>\r\nMIME-Version: 1.0\r\n\
                 Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: message/rfc822; name=postacert.eml\r\n\r\n\
                 From: <{mailbox}>\r\nSubject: Guasto {number}\r\n\r\nx\r\n--c\r\nContent-Type: application/xml; name=daticert.xml\r\n\r\n\
                 <postacert><mittente>{mailbox}</mittente></postacert>\r\n--c--\r\n"
            );
            let by = Reporter::Mailbox(Some(provider.into()));
            room.1.take(&room.0, &Handed { bytes: text.as_bytes(), by }).unwrap()
        };
        for number in 0..room.0.settings().strangers {
            assert!(matches!(from("a@pec.invalid", number), Heard::Written(_)));
        }
        assert_eq!(from("a@pec.invalid", 99), Heard::Limited);
        assert!(matches!(from("b@pec.invalid", 99), Heard::Written(_)));
        assert!(matches!(from(CED, 99), Heard::Written(_)));
        let told = waiting(&room);
        let known = told.iter().find(|it| it.words.contains(CED)).unwrap();
        assert!(known.words.contains("non verificato (Comune di Terni)"), "{}", known.words);
    }

    #[test]
    fn a_mailbox_that_proves_itself_and_loops_is_limited_too() {
        let room = room();
        let sent =
            |number: usize| take(&room, &letter("pass", "").replace("<1@", &format!("<{number}@")));
        for number in 0..room.0.settings().answers {
            assert!(matches!(sent(number), Heard::Written(_)));
        }
        assert_eq!(sent(99), Heard::Limited);
    }

    #[test]
    fn a_report_whose_answer_was_not_queued_is_answered_when_it_comes_again() {
        let room = room();
        let (desk, incidents) = &room;
        let text = letter("pass", "");
        let by = Reporter::Mailbox(Some(CED.into()));
        let heard = desk.hear(&Handed { bytes: text.as_bytes(), by });
        let Heard::Written(written) = heard else { panic!("{heard:?}") };
        let officer = incidents.watch.house().operator().unwrap();
        incidents.watch.report(&officer, incidents.report_of(&written)).unwrap();
        take(&room, &text);
        let mut due = desk.due_answers(9).unwrap();
        assert_eq!(due.len(), 1);
        desk.answer_sent(due.remove(0).lease).unwrap();
        take(&room, &text);
        assert!(desk.due_answers(9).unwrap().is_empty(), "it was answered");
    }

    #[test]
    fn nothing_of_a_letter_turns_the_writing_or_breaks_a_title() {
        assert_eq!(line("a\nb\u{202e}c\td\u{1b}"), "a bc d");
        assert_eq!(clipped("a\nb\u{202e}c\u{1b}", 9), "a\nbc");
        let room = room();
        take(&room, &letter("pass", "").replace("Server cifrati", "=?utf-8?q?a=0Ab=E2=80=AEc?="));
        assert_eq!(&*waiting(&room)[0].case.title, "a bc");
    }

    #[test]
    fn who_does_not_prove_it_is_heard_in_nobodys_name_and_not_answered() {
        let room = room();
        assert!(matches!(take(&room, &letter("none", "")), Heard::Written(_)));
        let waiting = waiting(&room);
        assert_eq!(waiting.len(), 1);
        assert_eq!(waiting[0].case.organisation.as_str(), "cnaipic");
        let words = &waiting[0].words;
        assert!(words.contains("Mittente non verificato (Comune di Terni)"), "{words}");
        assert!(words.contains("estensione strana"), "{words}");
        assert!(room.0.due_answers(9).unwrap().is_empty());
    }
}
