//! What the ledger names, as people call it.

use vedetta_model::{Language, part};

use crate::Words;

/// The names of facts and of their values in Italian; in English they are words as they are.
const ITALIAN: &[(&str, &str)] = &[
    ("account", "utenza"),
    ("acknowledgement", "presa visione"),
    ("active", "attiva"),
    ("administrator", "amministratore"),
    ("after", "dopo"),
    ("agreement", "protocollo"),
    ("alarm", "allarme"),
    ("all", "tutti"),
    ("analyst", "analista"),
    ("asset", "risorsa"),
    ("at", "quando"),
    ("auditor", "revisore"),
    ("authority", "autorità"),
    ("awareness", "materiale informativo"),
    ("campaign", "campagna"),
    ("card", "identità di un nodo"),
    ("category", "categoria"),
    ("certificate", "certificato"),
    ("clearance", "decisione"),
    ("closed", "chiusa"),
    ("contact", "contatto"),
    ("context", "contesto"),
    ("count", "quanti"),
    ("deed", "atto"),
    ("deliveries", "consegne"),
    ("deliveries_count", "numero di consegne"),
    ("derived_from", "derivato da"),
    ("domain", "dominio"),
    ("door", "porta"),
    ("draft", "bozza"),
    ("duty-officer", "funzionario di turno"),
    ("early-warning", "allerta precoce"),
    ("expired", "cessato"),
    ("facts", "fatti"),
    ("form", "forma"),
    ("full", "integrale"),
    ("handover", "consegna di turno"),
    ("hold", "vincolo"),
    ("holders", "chi lo ha"),
    ("identity", "identità"),
    ("in-force", "in vigore"),
    ("incident", "incidente"),
    ("indicator", "indicatore"),
    ("items", "elementi"),
    ("items_count", "numero di elementi"),
    ("key", "chiave"),
    ("key-revoked", "chiave revocata"),
    ("kind", "tipo"),
    ("liaison", "referente"),
    ("live", "valido"),
    ("machine", "macchina"),
    ("mail-domain", "dominio di posta"),
    ("mail-report", "messaggio segnalato"),
    ("message-deleted", "messaggio cancellato"),
    ("message-read", "messaggio letto"),
    ("network", "rete"),
    ("note", "nota"),
    ("now", "ora"),
    ("number", "numero"),
    ("octets", "byte"),
    ("offered-again", "offerto di nuovo"),
    ("organisation", "organizzazione"),
    ("organisations", "organizzazioni"),
    ("organisations_count", "numero di organizzazioni"),
    ("origin", "origine"),
    ("passed", "passato oltre"),
    ("passkey added", "passkey aggiunta"),
    ("passkey removed", "passkey tolta"),
    ("password set", "parola d'ordine impostata"),
    ("peer", "nodo"),
    ("place", "posizione"),
    ("places", "posizioni"),
    ("playbook", "procedura"),
    ("preference", "preferenza"),
    ("presence", "chi è di turno"),
    ("producer", "produttore"),
    ("product", "prodotto"),
    ("purpose", "scopo"),
    ("read-again", "riletto"),
    ("reason", "motivo"),
    ("reasons", "motivi"),
    ("recommendation", "raccomandazione"),
    ("record", "scheda"),
    ("redacted", "senza la vittima"),
    ("refused", "rifiutato"),
    ("release", "rilascio"),
    ("removal", "rimozione"),
    ("retried", "ritentato"),
    ("revoked", "revocato"),
    ("role", "ruolo"),
    ("roles", "ruoli"),
    ("roster", "turni"),
    ("run", "procedura seguita"),
    ("said", "detto agli altri nodi"),
    ("scope", "ruoli concessi"),
    ("sensor", "sensore"),
    ("service", "servizio"),
    ("session", "sessione"),
    ("setting", "impostazione"),
    ("signed in by passkey", "entrato con una passkey"),
    ("since", "da"),
    ("source", "fonte"),
    ("stage", "stadio"),
    ("standing", "vigore di un protocollo"),
    ("stands", "vigore"),
    ("state", "stato"),
    ("stream", "flusso"),
    ("supplier", "fornitore"),
    ("suspended", "sospeso"),
    ("technical-report", "rapporto tecnico"),
    ("title", "titolo"),
    ("to", "a"),
    ("token", "chiave"),
    ("told-lapse", "detto che non vale più"),
    ("under", "in base a"),
    ("until", "fino a"),
    ("value", "valore"),
    ("version", "versione"),
    ("warning", "allerta precoce"),
    ("warning-list", "lista di falsi positivi"),
    ("why", "perché"),
    ("withdrawal", "ritiro"),
    ("withdrawn before it arrived", "ritirato prima che arrivasse"),
];

impl Words {
    /// What a name of the ledger is called; none where it is a word as it is.
    #[must_use]
    pub fn ledger(self, name: &str) -> Option<&'static str> {
        let place = match self.0 {
            Language::It => ITALIAN.binary_search_by_key(&name, |(it, _)| it).ok()?,
            Language::En => return None,
        };
        ITALIAN.get(place).map(|(_, called)| *called)
    }

    /// Who wrote an entry when that was no account of the directory: whoever gives commands at the
    /// machine, or a part of the node; none for an account. The node acts under the same name by itself,
    /// e.g. when a rule releases a wave, and only of alarms does the record say that it was so.
    #[must_use]
    pub fn writer(self, name: &str, record: Option<&str>) -> Option<&'static str> {
        let (it, en) = match name {
            // The node calls who is on duty by itself.
            part::OPERATOR if record == Some("alarm") => ("il nodo", "the node"),
            part::OPERATOR => {
                ("il nodo, o chi lo gestisce (vedetta)", "the node, or its operator (vedetta)")
            }
            part::EMERGENCY => ("l'accesso di emergenza", "the emergency account"),
            part::LEDGER => ("il registro delle consegne", "the record of deliveries"),
            part::NODE => ("il nodo", "the node"),
            part::PEER => ("un altro nodo", "another node"),
            part::UNKNOWN => ("uno sconosciuto", "somebody unknown"),
            part::CLEAR_ITEMS => ("le decisioni automatiche", "the automatic decisions"),
            part::CLEAR_NEWCOMERS => ("il recupero per chi è entrato", "catching up for newcomers"),
            part::SETTLE_TERMS => ("il controllo delle scadenze", "the check of terms"),
            part::TELL_LAPSES => ("gli avvisi di ciò che è venuto meno", "the notices of lapses"),
            part::CALL_WEBHOOKS => ("le chiamate dei webhook", "the calls of webhooks"),
            part::OFFER_AGAIN => {
                ("la nuova offerta agli altri nodi", "offering to other nodes anew")
            }
            part::GATHER => ("l'ascolto dei canali", "the hearing of the channels"),
            part::ROSTER => ("il calendario dei turni", "the roster"),
            part::WATCH_LINKS => ("il controllo dei collegamenti", "the watch over links"),
            part::WATCH_SENSORS => ("il controllo dei sensori", "the watch over sensors"),
            part::ANSWER_REPORT => ("il banco della posta", "the mail desk"),
            _ => return None,
        };
        Some(match self.0 {
            Language::It => it,
            Language::En => en,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_found() {
        assert!(ITALIAN.is_sorted());
        let it = Words(Language::It);
        assert_eq!((it.ledger("stage"), it.ledger("cosc-umbria")), (Some("stadio"), None));
        assert_eq!(Words(Language::En).ledger("stage"), None);
    }

    #[test]
    fn every_part_of_the_node_is_called_something() {
        let said = |it: Language| {
            part::ALL.iter().filter(move |name| Words(it).writer(name, None).is_none())
        };
        assert_eq!([Language::It, Language::En].map(|it| said(it).count()), [0, 0]);
    }

    #[test]
    fn what_the_node_or_its_operator_did_is_not_said_to_be_the_operators_alone() {
        let said = |of| [Language::It, Language::En].map(|it| Words(it).writer("vedetta", of));
        let operator =
            ["il nodo, o chi lo gestisce (vedetta)", "the node, or its operator (vedetta)"];
        assert_eq!(said(Some("hold")), operator.map(Some));
        assert_eq!(said(None), operator.map(Some));
        assert_eq!(said(Some("alarm")), ["il nodo", "the node"].map(Some));
    }
}
