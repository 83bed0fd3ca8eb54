//! The mailbox of the operations room: what is written to it is a report at its queue.

use std::collections::BTreeSet;
use std::sync::Arc;

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
        if !receipt.repeated {
            desk.confirm(written, &number)?;
        }
        Ok(())
    }

    /// The report: for whom it comes from where that is proven, else for the room, which is told so.
    fn report_of(&self, written: &Written) -> NewReport {
        let from = clipped(&written.from, TITLE);
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
        words.push_str(clipped(&written.text, WORDS).trim());
        let title = clipped(written.subject.trim(), TITLE);
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

/// So many characters of a text, none that steers a terminal.
fn clipped(text: &str, most: usize) -> String {
    let text = text.chars().filter(|it| *it == '\n' || !it.is_control());
    text.take(most).collect()
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
    use vedetta_watch::{CaseWish, QueueWish};

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

    #[test]
    fn who_does_not_prove_it_is_heard_in_nobodys_name_and_not_answered() {
        let room = room();
        assert!(matches!(take(&room, &letter("none", "")), Heard::Written(_)));
        let automatic = letter("pass", "Auto-Submitted: auto-replied\r\n");
        assert_eq!(take(&room, &automatic), Heard::Passed);
        let (desk, watch) = (&room.0, &room.1.watch);
        let officer = watch.house().operator().unwrap();
        let waiting = watch.queue(&officer, &QueueWish { centre: None, limit: 9 }).unwrap().waiting;
        assert_eq!(waiting.len(), 1);
        assert_eq!(waiting[0].case.organisation.as_str(), "cnaipic");
        let words = &waiting[0].words;
        assert!(words.contains("Mittente non verificato (Comune di Terni)"), "{words}");
        assert!(words.contains("estensione strana"), "{words}");
        assert!(desk.due_answers(9).unwrap().is_empty());
    }
}
