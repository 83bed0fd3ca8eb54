//! A letter to the operations room itself: what somebody writes of an incident. It is read and not kept
//! here; the room keeps the report that it becomes.

use vedetta_flow::FlowError;
use vedetta_mail::{Evidence, Letters, Outer, Reply, letters};
use vedetta_model::{Language, OrganisationId};

use crate::outbox::Task;
use crate::postroom::Postroom;
use crate::report::Standing;
use crate::reporter::Acquainted;
use crate::sealing::Cover;
use crate::take::Handed;

/// What somebody writes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// Whose mailbox it comes from, where the directory knows it.
    pub organisation: Option<OrganisationId>,
    /// Whether a receiver that is believed says that it comes from there (RFC 8601).
    pub standing: Standing,
    /// Who writes, to be answered; of certified mail who wrote to the provider.
    pub from: String,
    /// In a line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// How many files are with it: they are not kept.
    pub files: usize,
    /// In which language.
    pub language: Language,
    /// The same for the same letter, however often it comes.
    pub key: String,
    mailbox: String,
    message_id: String,
}

/// What became of a letter to the room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// Somebody writes.
    Written(Box<Written>),
    /// It is automatic, a failure, or our own letter.
    Passed,
    /// More came than is taken of who does not prove who they are; later, perhaps.
    Limited,
}

impl Postroom {
    /// Reads a letter to the room.
    #[must_use]
    pub fn hear(&self, handed: &Handed<'_>) -> Heard {
        let outer = Outer::read(handed.bytes);
        if self.is_no_report(&handed.by, &outer) {
            return Heard::Passed;
        }
        let around = self.around();
        let who = Acquainted::of(&handed.by, &outer, &around.mailboxes, &self.settings);
        if who.standing != Standing::Enrolled && !self.has_room_for(&who.mailbox, self.house.now())
        {
            return Heard::Limited;
        }
        let key = self.handing(handed.bytes, &who, &outer);
        // Certified mail carries the letter within its envelope.
        let Letters { each, .. } = letters(handed.bytes, 1, Some(&who.mailbox));
        let letter = each.first().map_or(handed.bytes, |letter| letter.as_ref());
        let Evidence { from, subject, text, attachments, .. } =
            Evidence::read(letter, &self.limits());
        let from = from.into_iter().next().map(|it| it.address);
        let Acquainted { standing, organisation, language, mailbox, .. } = who;
        Heard::Written(Box::new(Written {
            organisation,
            standing,
            from: from.filter(|it| !it.is_empty()).unwrap_or_else(|| mailbox.clone()),
            subject,
            text,
            files: attachments.len(),
            language,
            key,
            mailbox,
            message_id: outer.message_id,
        }))
    }

    /// Queues the answer to who proved who they are: the number that the report has.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn confirm(&self, written: &Written, number: &str) -> Result<(), FlowError> {
        let Written { standing, mailbox, message_id, language, .. } = written;
        if *standing != Standing::Enrolled || mailbox.is_empty() {
            return Ok(());
        }
        let at = self.house.now();
        let name = self.named(&format!("mailbox {mailbox}"));
        if !self.state().within(&name, self.settings.answers, at) {
            return Ok(());
        }
        let case = self.number(at);
        let cover = Cover { mailbox: mailbox.clone(), message_id: message_id.clone() };
        let sealed = self.sealed(&case, (&cover, b""))?;
        let task = Task::explanation(&case, &receipt(number, *language));
        self.house.write(move |unit| {
            sealed.keep(unit, &case)?;
            task.enqueue(unit, at)
        })?;
        Ok(())
    }
}

/// That a report came, under which number.
fn receipt(number: &str, language: Language) -> Reply {
    let (subject, text) = match language {
        Language::It => (
            format!("Segnalazione {number} ricevuta"),
            format!(
                "Abbiamo ricevuto la tua segnalazione: ha il numero {number}.\n\nLa sala operativa la prende in carico. Per aggiungere qualcosa telefona e di' il numero, oppure aprila nella console.\n"
            ),
        ),
        Language::En => (
            format!("Report {number} received"),
            format!(
                "We have your report: its number is {number}.\n\nThe operations room takes it on. To add something call and say the number, or open it in the console.\n"
            ),
        ),
    };
    Reply { subject, text }
}
