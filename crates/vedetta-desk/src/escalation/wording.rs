//! What is said to those whom an alarm calls.

use vedetta_model::language::{Bilingual, Language};

use super::About;
use crate::notice::rome;

impl About {
    /// What a call says: the number of the case and what is due, or who owes an acknowledgement; nothing of
    /// what it is about.
    #[must_use]
    pub fn say(&self, language: Language) -> (String, String) {
        let due = |language| rome(self.due, language);
        let (it, en) = match (self.missed, self.is_silence() || self.seal) {
            (_, true) => ("dal", "since"),
            (true, false) => ("SCADUTO il", "MISSED, was due"),
            (false, false) => ("in scadenza il", "due"),
        };
        let (of_it, of_en) = match self.number {
            Some(number) => (format!("caso {number}, "), format!("case {number}, ")),
            None => Default::default(),
        };
        let subject = Bilingual::new(
            format!("Vedetta: {of_it}{} {it} {}", self.name.it, due(Language::It)),
            format!("Vedetta: {of_en}{} {en} {}", self.name.en, due(Language::En)),
        );
        let (what_it, what_en) = match (self.number, &self.sensor, self.sensors) {
            (Some(_), ..) => ("Aprire il caso", "Open the case"),
            (None, Some(_), _) => ("Guardare il sensore", "Look at the sensor"),
            (None, None, Some(_)) => (
                "Guardare i sensori, e se il nodo si raggiunge",
                "Look at the sensors, and whether the node is reached",
            ),
            (None, None, None) if self.seal => (
                "Chiarire chi l'ha rotto e perché, e sigillarlo di nuovo",
                "Find out who broke it and why, and seal it anew",
            ),
            (None, None, None) => {
                ("Guardare le prese visione scadute", "Look at the overdue acknowledgements")
            }
        };
        let text = Bilingual::new(
            format!(
                "{}. {what_it} nella sala operativa e rispondere all'allarme: finché nessuno risponde si chiama il gradino successivo.",
                subject.it
            ),
            format!(
                "{}. {what_en} in the operations room and answer the alarm: until somebody does, the next rung is called.",
                subject.en
            ),
        );
        (subject.to(language).to_owned(), text.to(language).to_owned())
    }

    /// What the organisation is told whose sensor is silent, in both languages: its contacts have none.
    #[must_use]
    pub fn tell_owner(&self) -> (String, String) {
        let (it, en) = (rome(self.due, Language::It), rome(self.due, Language::En));
        let Bilingual { it: name_it, en: name_en } = &self.name;
        let subject = format!("Vedetta: {name_it} dal {it} / {name_en} since {en}");
        let text = format!(
            "{name_it}: dal {it} la sala operativa non ne riceve segni di vita, e ciò che i suoi registri contengono non si vede. Guardare se la macchina e il servizio funzionano (vedetta sensor status) e se raggiungono il nodo.\n\n{name_en}: since {en} the operations room has had no sign of life of it, and what its logs hold is not seen. Look whether the machine and the service work (vedetta sensor status) and reach the node."
        );
        (subject, text)
    }
}
