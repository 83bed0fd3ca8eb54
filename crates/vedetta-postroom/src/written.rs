//! A letter to the operations room itself: what somebody writes of an incident. It is read and not kept
//! here; the room keeps the report that it becomes.

use std::sync::{MutexGuard, PoisonError};

use vedetta_flow::FlowError;
use vedetta_mail::{Enclosure, Note, Outer, Reply};
use vedetta_model::{Language, OrganisationId};

use crate::hearing::{Circle, Hearing, Voice};
use crate::outbox::Task;
use crate::postroom::Postroom;
use crate::report::Standing;
use crate::reporter::{Acquainted, Reporter};
use crate::sealing::Cover;
use crate::take::Handed;

/// What somebody writes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// Whose mailbox it comes from, where the directory knows it; of certified mail whose it is that
    /// the envelope names.
    pub organisation: Option<OrganisationId>,
    /// Whether a receiver that is believed says that it comes from there (RFC 8601).
    pub standing: Standing,
    /// Who writes, to be answered; of certified mail who wrote to the provider.
    pub from: String,
    /// In a line.
    pub subject: String,
    /// The text, with what it quotes.
    pub text: String,
    /// The messages that are with it, of others.
    pub enclosed: Vec<Enclosure>,
    /// How many other files are with it: they are not kept.
    pub files: usize,
    /// In which language.
    pub language: Language,
    /// The same for the same letter, however often it comes.
    pub key: String,
    /// A program wrote it: nobody waits for an answer (RFC 3834 §2).
    pub automatic: bool,
    mailbox: String,
    message_id: String,
}

/// What became of a letter to the room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// Somebody writes.
    Written(Box<Written>),
    /// It is a failure, a receipt of certified mail, or our own letter.
    Passed,
    /// More came within the hour than is taken; later, perhaps.
    Limited,
}

impl Postroom {
    /// Reads a letter to the room: its writer's words, whatever it encloses.
    #[must_use]
    pub fn hear(&self, handed: &Handed<'_>) -> Heard {
        let outer = Outer::read(handed.bytes);
        let Reporter::Mailbox(envelope) = &handed.by else { return Heard::Passed };
        let note = Note::read(handed.bytes, &self.limits());
        if note.receipt || self.comes_back(envelope.as_deref(), &outer) {
            let (from, number) = (envelope.as_deref().unwrap_or("<>"), &outer.message_id);
            tracing::info!(from, number, "a letter to the room is a failure, a receipt or our own");
            return Heard::Passed;
        }
        let around = self.around();
        let mut who = Acquainted::of(&handed.by, &outer, &around.mailboxes, &self.settings);
        let key = self.handing(handed.bytes, &who, &outer);
        let certified = note.certificate.as_ref().map(|it| it.sender.to_lowercase());
        if let Some(sender) = certified.as_ref().filter(|_| who.standing != Standing::Enrolled) {
            who.organisation = around.mailboxes.owner(sender).cloned();
        }
        if !self.hearing().admits(self.voice(&who, certified, &key), &self.settings) {
            return Heard::Limited;
        }
        let Note { from, subject, text, enclosed, files, .. } = note;
        let from = from.map(|it| it.address).filter(|it| !it.is_empty());
        let Acquainted { standing, organisation, language, mailbox, .. } = who;
        Heard::Written(Box::new(Written {
            organisation,
            standing,
            from: from.unwrap_or_else(|| mailbox.clone()),
            subject,
            text,
            enclosed,
            files,
            language,
            key,
            automatic: outer.automatic,
            mailbox,
            message_id: outer.message_id,
        }))
    }

    /// For whom a letter counts: who proves it for themselves, of a provider of certified mail each
    /// mailbox that it names, else the domain.
    fn voice(&self, who: &Acquainted, certified: Option<String>, key: &str) -> Voice {
        let domain = || who.mailbox.rsplit('@').next().unwrap_or_default().to_owned();
        let (circle, of) = match (who.standing, &who.organisation) {
            (Standing::Enrolled, _) => (Circle::Proven, who.mailbox.clone()),
            (_, Some(_)) => (Circle::Known, certified.unwrap_or_else(domain)),
            (_, None) => (Circle::Stranger, certified.unwrap_or_else(domain)),
        };
        Voice { key: key.to_owned(), circle, of, at: self.house.now(), confirmed: false }
    }

    fn hearing(&self) -> MutexGuard<'_, Hearing> {
        self.hearing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues the answer to who proved who they are: the number that the report has. Of a letter that
    /// comes again within the hour it is queued once.
    ///
    /// # Errors
    /// What the ledger said.
    pub fn confirm(&self, written: &Written, number: &str) -> Result<(), FlowError> {
        let Written { standing, mailbox, message_id, language, key, automatic, .. } = written;
        if *standing != Standing::Enrolled || mailbox.is_empty() || *automatic {
            return Ok(());
        }
        let at = self.house.now();
        let name = self.named(&format!("mailbox {mailbox}"));
        if self.hearing().is_confirmed(key)
            || !self.state().within(&name, self.settings.answers, at)
        {
            return Ok(());
        }
        // Named for the letter: while its answer waits there is one.
        let case = format!("incident-{key}");
        let cover = Cover { mailbox: mailbox.clone(), message_id: message_id.clone() };
        let sealed = self.sealed(&case, (&cover, b""))?;
        let task = Task::explanation(&case, &receipt(number, *language));
        self.house.write(move |unit| {
            sealed.keep(unit, &case)?;
            task.enqueue(unit, at)
        })?;
        self.hearing().confirm(key);
        Ok(())
    }
}

/// That a report came, under which number.
fn receipt(number: &str, language: Language) -> Reply {
    let (subject, text) = match language {
        Language::It => (
            format!("Segnalazione {number} ricevuta"),
            format!(
                "Abbiamo ricevuto la sua segnalazione: ha il numero {number}.\n\nLa sala operativa la prende in carico. Per aggiungere qualcosa telefoni e dica il numero, oppure la apra nella console.\n"
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
