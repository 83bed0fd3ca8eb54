//! Why something was refused, for people: each refusal in Italian, beside the English that it has as an
//! error.

use crate::escalation::LadderError;
use crate::file::{FileFault, LARGEST};
use crate::handover::HandoverError;
use crate::http_call::CallError;
use crate::incident::ChangeError;
use crate::procedure::ProcedureError;
use crate::roster::RosterError;
use crate::run::RunError;

/// A refusal that people read in their language.
pub trait Refusal {
    /// In Italian: what is wrong, and what to do.
    fn italian(&self) -> String;
}

impl Refusal for ChangeError {
    fn italian(&self) -> String {
        match self {
            Self::Stage { stage, .. } => format!(
                "un caso {} non lo permette: ricarica, guarda a che punto è, e fai prima il passo che manca",
                italian(stage)
            ),
            Self::Empty(what) => format!("manca {}: dillo in una frase", italian(what)),
            Self::Long { what, most } => {
                format!("{} ha più di {most} caratteri: allega un file", italian(what))
            }
            Self::Many { what, most } => format!(
                "un caso ha al massimo {most} {}: apri un altro caso e collega i due",
                italian(what)
            ),
            Self::Future { what, .. } => {
                format!("{} è nel futuro: indica un momento già passato", italian(what))
            }
            Self::Past { what, .. } => {
                format!("{} è già passato: indica un momento che deve venire", italian(what))
            }
            Self::Itself => "un caso non è parte di se stesso: indicane un altro".into(),
            Self::Missing { what, name } if what.starts_with("identifier") => format!(
                "«{name}» non può essere un identificativo: usa lettere minuscole, cifre e trattini"
            ),
            Self::Missing { name, .. } => {
                format!("nel caso non c'è {name}: ricarica e guarda di nuovo")
            }
            Self::Held { authority, reference } => format!(
                "il provvedimento {reference} di {authority} tiene fermo il caso: va prima rilasciato"
            ),
        }
    }
}

impl Refusal for RosterError {
    fn italian(&self) -> String {
        match self {
            Self::Zone(zone) => format!("il fuso «{zone}» non esiste: scrivilo come Europe/Rome"),
            Self::Empty(what) => format!("manca {}: mettine almeno uno", italian(what)),
            Self::Shift { name, .. } => {
                format!("«{name}» non è tra i turni della giornata: aggiungilo, o correggi il nome")
            }
            Self::Backwards(_) => "un periodo finisce prima di cominciare: scambia le date".into(),
        }
    }
}

impl Refusal for HandoverError {
    fn italian(&self) -> String {
        match self {
            Self::Over => "è già firmata da tutti e due: guarda la prossima".into(),
            Self::Same(who) => format!("l'ha consegnata {who}: la prende un'altra persona"),
            Self::Unseen { count, .. } => format!(
                "{count} righe non sono spuntate: guardale una per una, spuntale, e firma di nuovo"
            ),
            Self::Long => "le note hanno più di 20.000 caratteri: allega un file a un caso".into(),
        }
    }
}

impl Refusal for RunError {
    fn italian(&self) -> String {
        match self {
            Self::Over => "questa procedura è finita: cominciala di nuovo".into(),
            Self::Closed(_) => "quel passo non è più aperto: guarda com'è adesso".into(),
            Self::Otherwise { .. } => {
                "con quel passo non si fa così: guarda che cosa chiede adesso".into()
            }
            Self::Answer(given, answers) => {
                format!("«{given}» non è una risposta: scegli tra {answers}")
            }
            Self::Value { name, what } => format!("{name}: {}", italian(what)),
            Self::Text(error) => error.italian(),
            Self::Endless => {
                "la procedura gira senza che nessuno decida: correggila, poi ricomincia".into()
            }
            Self::Many => "questo percorso è troppo lungo: abbandonalo e ricomincia".into(),
        }
    }
}

impl Refusal for ProcedureError {
    fn italian(&self) -> String {
        match self {
            Self::Retired => "la procedura è ritirata: prima riprendila".into(),
            Self::Stranger(who) => format!("non è proposta a {who}: prima proponila"),
            Self::Nothing(what) => italian(what).into(),
            Self::Many => "è proposta a troppe organizzazioni: scegline meno".into(),
            Self::Text(error) => error.italian(),
        }
    }
}

impl Refusal for CallError {
    fn italian(&self) -> String {
        match self {
            Self::Unknown { .. } => {
                "quel passo non ha questa richiesta: guarda com'è adesso".into()
            }
            Self::Method(method) => {
                format!("«{method}» non è un metodo: nella procedura va GET, POST, PUT o un altro")
            }
            Self::Address(address) => {
                format!("«{address}» non è un indirizzo https: correggilo nella procedura")
            }
            Self::Missing(name) => format!("{name} non si sa ancora: prima va trovato"),
            Self::Large(name) => {
                format!("con {name} la richiesta è troppo lunga: serve qualcosa di più breve")
            }
            Self::Header(name) => {
                format!("una procedura non può impostare l'intestazione «{name}»: toglila")
            }
            Self::Host(host) => format!(
                "{host} non è tra gli host che le procedure possono chiamare: chiedi a un amministratore di aggiungerlo"
            ),
        }
    }
}

impl Refusal for LadderError {
    fn italian(&self) -> String {
        match self {
            Self::Rungs => "serve almeno un gradino, e al massimo venti".into(),
            Self::Means(rung) => format!("il gradino {rung} non chiama con nulla: scegli un mezzo"),
            Self::Order(rung) => {
                format!("il gradino {rung} viene prima del precedente: correggi i minuti")
            }
            Self::Category(rung) => format!("gradino {rung}: una categoria va da 1 a 6"),
            Self::First => "il primo gradino vale per tutte le categorie: scrivi 6".into(),
            Self::Pace => {
                "il passo è di sei numeri da 1 a 96: per quanto si moltiplicano i minuti".into()
            }
            Self::Again => {
                "si richiama dopo almeno 5 minuti: chi è chiamato deve poter rispondere".into()
            }
        }
    }
}

impl Refusal for FileFault {
    fn italian(&self) -> String {
        match self {
            Self::Empty(name) => format!("{name:?} è vuoto: scegli un altro file"),
            Self::Large { name, size } => format!(
                "{name:?} è di {size} ottetti, più di {LARGEST}: mandane una parte più piccola"
            ),
            Self::Name => {
                "il file non ha un nome che si possa tenere: dagliene uno con lettere o cifre"
                    .into()
            }
            Self::Kind { name, found } => format!(
                "{name:?} contiene {}: allega testo, CSV, JSON, posta, PDF, PNG, JPEG, o un documento o archivio ZIP",
                italian(found)
            ),
        }
    }
}

/// What the errors name, in Italian; a name that is not here stays as it is.
fn italian(word: &str) -> &str {
    WORDS.iter().find(|(en, _)| *en == word).map_or(word, |(_, it)| it)
}

/// Each as the errors say it, and in Italian.
const WORDS: &[(&str, &str)] = &[
    ("reported", "segnalato"),
    ("triaged", "preso in carico"),
    ("confirmed", "confermato"),
    ("contained", "contenuto"),
    ("recovered", "ripristinato"),
    ("closed", "chiuso"),
    ("dismissed", "archiviato"),
    ("merged", "unito a un altro"),
    ("a program", "un programma"),
    ("a script", "uno script"),
    ("an archive that is not ZIP", "un archivio che non è ZIP"),
    (
        "an office document of the old kind, which may hold macros",
        "un documento del vecchio tipo, che può contenere macro",
    ),
    (
        "a page or a drawing that may hold scripts",
        "una pagina o un disegno che può contenere script",
    ),
    ("what is not text and not recognised", "qualcosa che non è testo e non si riconosce"),
    ("who takes part", "chi partecipa"),
    ("what is stated", "ciò che è scritto"),
    ("the name", "il nome"),
    ("team", "una squadra"),
    ("shift", "un turno"),
    ("day in its cycle", "un giorno del ciclo"),
    ("a class", "una classe"),
    ("a service", "un servizio"),
    ("an observable", "un elemento"),
    ("observables", "elementi"),
    ("tasks", "cose da fare"),
    ("files", "file"),
    ("notices", "notifiche"),
    ("people", "persone"),
    ("participants", "partecipanti"),
    ("classes", "classi"),
    ("items", "informazioni"),
    ("messages", "messaggi"),
    ("a message", "un messaggio"),
    ("services", "servizi"),
    ("how it was checked", "come è stato verificato"),
    ("the authority", "l'autorità"),
    ("the cause", "la causa"),
    ("the contact", "il recapito"),
    ("the evidence", "che cosa lo mostra"),
    ("the lesson", "che cosa si è imparato"),
    ("the note", "la nota"),
    ("the order's number", "il numero del provvedimento"),
    ("the proof", "la prova dell'invio"),
    ("the reason", "il motivo"),
    ("the recommendation", "la raccomandazione"),
    ("the report", "la segnalazione"),
    ("the task", "che cosa c'è da fare"),
    ("the text, in each language,", "il testo, in ogni lingua,"),
    ("the title", "il titolo"),
    ("the value", "ciò che è stato trovato"),
    ("the identifier", "l'identificativo"),
    ("a topic", "un argomento"),
    ("answer true or false", "rispondi sì o no"),
    ("write a number", "scrivi un numero"),
    ("write an address", "scrivi un indirizzo IP"),
    ("it is a constant", "è una costante"),
    ("it is no variable of this playbook", "non è tra ciò che questa procedura chiede"),
    (
        "it is put to nobody; name an organisation",
        "non è proposta a nessuno: indica un'organizzazione",
    ),
    ("it is not retired; there is nothing to do", "non è ritirata: non resta nulla da fare"),
    ("the title, in each language,", "il titolo, in ogni lingua,"),
    ("what to do, in each language,", "che cosa fare, in ogni lingua,"),
    ("what was done", "che cosa è stato fatto"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_in_italian_what_is_missing() {
        let stage = ChangeError::Stage { stage: "triaged", wanted: "closed", remedy: "recover it" };
        assert!(stage.italian().starts_with("un caso preso in carico"));
        assert_eq!(
            ChangeError::Empty("the evidence").italian(),
            "manca che cosa lo mostra: dillo in una frase"
        );
        assert_eq!(RosterError::Empty("team").italian(), "manca una squadra: mettine almeno uno");
        let unseen = HandoverError::Unseen { count: 3, first: "case/2026-000001".into() };
        assert!(unseen.italian().starts_with("3 righe non sono spuntate"));
    }
}
