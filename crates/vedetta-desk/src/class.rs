//! What the values of RSIT and TC-ACN mean, in both languages.
//!
//! Sources: Reference Security Incident Taxonomy, version 1003 (class and value); Tassonomia Cyber of the
//! ACN, of which the values of the baseline characterisation are here; its others are told as they are
//! written, beside their kind.

use vedetta_model::language::Bilingual;

/// A value that incidents are classified with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Value {
    /// As it is written.
    pub value: &'static str,
    /// The taxonomy: `rsit` or `tc-acn`.
    pub of: &'static str,
    /// In Italian.
    pub it: &'static str,
    /// In English.
    pub en: &'static str,
}

/// The values to choose from, those of RSIT first.
pub fn vocabulary() -> impl Iterator<Item = Value> {
    let values = MEANINGS.iter().filter(|(value, ..)| value.contains(':'));
    let of = |value: &str| {
        let acn = BASELINE.iter().any(|kind| value.starts_with(kind));
        if acn { "tc-acn" } else { "rsit" }
    };
    let values = values.map(move |&(value, it, en)| Value { value, of: of(value), it, en });
    let (rsit, acn): (Vec<_>, Vec<_>) = values.partition(|it| it.of == "rsit");
    rsit.into_iter().chain(acn)
}

/// The kinds of the baseline characterisation of TC-ACN.
const BASELINE: [&str; 4] = ["impact:", "root-cause:", "severity:", "victim-geography:"];

/// A class as people read it: what it means, and the value itself; one that is not known as it is.
#[must_use]
pub fn named(class: &str) -> Bilingual {
    let kind = class.split_once(':').map_or(class, |(kind, _)| kind);
    match meaning(class).or_else(|| meaning(kind)) {
        Some((it, en)) => Bilingual::new(format!("{it} ({class})"), format!("{en} ({class})")),
        None => Bilingual::new(class, class),
    }
}

/// Several, one after the other.
#[must_use]
pub fn listed<'a>(classes: impl IntoIterator<Item = &'a String>) -> Bilingual {
    let named: Vec<_> = classes.into_iter().map(|class| named(class)).collect();
    let of = |which: fn(&Bilingual) -> &str| named.iter().map(which).collect::<Vec<_>>().join(", ");
    Bilingual::new(of(|it| &it.it), of(|it| &it.en))
}

fn meaning(of: &str) -> Option<(&'static str, &'static str)> {
    let place = MEANINGS.binary_search_by_key(&of, |(class, ..)| class).ok()?;
    MEANINGS.get(place).map(|(_, it, en)| (*it, *en))
}

/// In order of the value.
const MEANINGS: &[(&str, &str, &str)] = &[
    ("abusive-content", "contenuto abusivo", "abusive content"),
    ("abusive-content:harmful-speech", "espressioni offensive o minacciose", "harmful speech"),
    ("abusive-content:spam", "posta indesiderata", "spam"),
    (
        "abusive-content:violence",
        "contenuti violenti o di abuso sessuale",
        "violent or sexually abusive content",
    ),
    ("active-scanning", "scansione attiva", "active scanning"),
    ("adversary-motivation", "movente", "adversary motivation"),
    ("adversary-type", "tipo di avversario", "adversary type"),
    ("asset-source-geography", "da dove viene", "asset source geography"),
    ("availability", "disponibilità", "availability"),
    ("availability:ddos", "negazione del servizio distribuita", "distributed denial of service"),
    ("availability:dos", "negazione del servizio", "denial of service"),
    ("availability:misconfiguration", "errore di configurazione", "misconfiguration"),
    ("availability:outage", "interruzione", "outage"),
    ("availability:sabotage", "sabotaggio", "sabotage"),
    ("brand-abuse", "abuso di un marchio", "brand abuse"),
    ("data-exposure", "esposizione di dati", "data exposure"),
    ("fraud", "frode", "fraud"),
    ("fraud:copyright", "violazione del diritto d'autore", "copyright"),
    ("fraud:masquerade", "sostituzione d'identità", "masquerade"),
    ("fraud:phishing", "phishing", "phishing"),
    (
        "fraud:unauthorised-use-of-resources",
        "uso non autorizzato di risorse",
        "unauthorised use of resources",
    ),
    ("impact", "impatto", "impact"),
    ("impact:account-compromise", "account compromesso", "account compromise"),
    ("impact:application-compromise", "applicazione compromessa", "application compromise"),
    ("impact:availability", "disponibilità compromessa", "availability"),
    ("impact:data-exfiltration", "sottrazione di dati", "data exfiltration"),
    ("impact:data-exposure", "esposizione di dati", "data exposure"),
    ("impact:data-manipulation", "manipolazione di dati", "data manipulation"),
    ("impact:no-impact", "nessun impatto", "no impact"),
    ("impact:other", "altro impatto", "other impact"),
    ("impact:system-compromise", "sistema compromesso", "system compromise"),
    (
        "information-content-security",
        "sicurezza delle informazioni",
        "information content security",
    ),
    (
        "information-content-security:data-leak",
        "diffusione di informazioni riservate",
        "leak of confidential information",
    ),
    ("information-content-security:data-loss", "perdita di dati", "data loss"),
    (
        "information-content-security:unauthorised-information-access",
        "accesso non autorizzato a informazioni",
        "unauthorised access to information",
    ),
    (
        "information-content-security:unauthorised-information-modification",
        "modifica non autorizzata di informazioni",
        "unauthorised modification of information",
    ),
    ("information-gathering", "raccolta di informazioni", "information gathering"),
    ("information-gathering:scanner", "scansione", "scanning"),
    ("information-gathering:sniffing", "intercettazione del traffico", "sniffing"),
    ("information-gathering:social-engineering", "ingegneria sociale", "social engineering"),
    ("intrusion-attempts", "tentativo di intrusione", "intrusion attempt"),
    ("intrusion-attempts:brute-force", "tentativi di accesso ripetuti", "login attempts"),
    ("intrusion-attempts:exploit", "attacco di tipo nuovo", "new attack signature"),
    (
        "intrusion-attempts:ids-alert",
        "sfruttamento di vulnerabilità note",
        "exploitation of known vulnerabilities",
    ),
    ("intrusions", "intrusione", "intrusion"),
    ("intrusions:application-compromise", "applicazione compromessa", "application compromise"),
    ("intrusions:burglary", "effrazione", "burglary"),
    (
        "intrusions:privileged-account-compromise",
        "account privilegiato compromesso",
        "privileged account compromise",
    ),
    ("intrusions:system-compromise", "sistema compromesso", "system compromise"),
    (
        "intrusions:unprivileged-account-compromise",
        "account non privilegiato compromesso",
        "unprivileged account compromise",
    ),
    ("involved-asset", "risorsa coinvolta", "involved asset"),
    ("malicious-code", "codice malevolo", "malicious code"),
    ("malicious-code:c2-server", "server di comando e controllo", "command and control server"),
    ("malicious-code:infected-system", "sistema infetto", "infected system"),
    ("malicious-code:malware-configuration", "configurazione di malware", "malware configuration"),
    ("malicious-code:malware-distribution", "distribuzione di malware", "malware distribution"),
    ("other", "altro", "other"),
    ("other:other", "altro, senza una classe", "uncategorised"),
    ("other:undetermined", "non determinato", "undetermined"),
    ("outlook", "prospettiva", "outlook"),
    ("physical-security", "sicurezza fisica", "physical security"),
    ("root-cause", "causa", "root cause"),
    ("root-cause:human-errors", "errore umano", "human errors"),
    ("root-cause:malicious-actions", "azioni malevole", "malicious actions"),
    ("root-cause:natural-phenomena", "fenomeni naturali", "natural phenomena"),
    ("root-cause:system-failure", "guasto di un sistema", "system failure"),
    ("root-cause:third-party-failure", "guasto di un fornitore", "third-party failure"),
    ("severity", "gravità", "severity"),
    ("severity:high", "gravità alta", "high severity"),
    ("severity:low", "gravità bassa", "low severity"),
    ("severity:medium", "gravità media", "medium severity"),
    ("severity:none", "nessuna gravità", "no severity"),
    ("social-engineering", "ingegneria sociale", "social engineering"),
    ("test", "prova", "test"),
    ("test:test", "prova", "test"),
    ("vector", "vettore", "vector"),
    ("victim-geography", "dove è la vittima", "victim geography"),
    ("victim-geography:africa", "Africa", "Africa"),
    ("victim-geography:america", "America", "America"),
    ("victim-geography:antarctica", "Antartide", "Antarctica"),
    ("victim-geography:asia", "Asia", "Asia"),
    ("victim-geography:europe", "Europa", "Europe"),
    ("victim-geography:global", "più continenti", "global"),
    ("victim-geography:italy", "Italia", "Italy"),
    ("victim-geography:oceania", "Oceania", "Oceania"),
    ("vulnerability", "vulnerabilità", "vulnerability"),
    ("vulnerable", "esposizione", "vulnerable"),
    ("vulnerable:ddos-amplifier", "amplificatore di DDoS", "DDoS amplifier"),
    (
        "vulnerable:information-disclosure",
        "servizio che rivela informazioni",
        "information disclosure",
    ),
    (
        "vulnerable:potentially-unwanted-accessible",
        "servizio raggiungibile che non dovrebbe esserlo",
        "potentially unwanted accessible service",
    ),
    ("vulnerable:vulnerable-system", "sistema vulnerabile", "vulnerable system"),
    ("vulnerable:weak-crypto", "crittografia debole", "weak cryptography"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_told_by_its_meaning_and_its_value() {
        assert!(MEANINGS.is_sorted_by_key(|(class, ..)| class));
        assert_eq!(
            named("intrusions:system-compromise"),
            Bilingual::new(
                "sistema compromesso (intrusions:system-compromise)",
                "system compromise (intrusions:system-compromise)"
            )
        );
        assert_eq!(named("vector:email").it, "vettore (vector:email)");
        assert_eq!(named("in casa").it, "in casa");
        let values: Vec<_> = vocabulary().collect();
        let of = |taxonomy| values.iter().filter(|it| it.of == taxonomy).count();
        assert_eq!((of("rsit"), of("tc-acn")), (39, 26));
        assert_eq!(named("root-cause:human-errors").it, "errore umano (root-cause:human-errors)");
        let both = ["fraud:phishing".to_owned(), "altro".to_owned()];
        assert_eq!(listed(&both).en, "phishing (fraud:phishing), altro");
    }
}
