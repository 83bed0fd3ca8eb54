//! What the values of RSIT and TC-ACN mean, in both languages.
//!
//! Sources: Reference Security Incident Taxonomy, version 1003 (class and value); Tassonomia Cyber of the
//! ACN (kind and value). Both write some values alike, as `availability:ddos`: these are of either.

mod tc_acn;

use std::sync::LazyLock;

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

/// The values to choose from, those of RSIT first; of each taxonomy those of a kind together.
pub fn vocabulary() -> impl Iterator<Item = Value> {
    let values = RSIT.iter().filter(|(value, ..)| value.contains(':'));
    let rsit = values.map(|&(value, it, en)| Value { value, of: "rsit", it, en });
    rsit.chain(ACN.iter().copied())
}

/// The values of TC-ACN, each with its kind.
static ACN: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let values = tc_acn::KINDS.iter().flat_map(|&(kind, .., values)| {
        values.iter().map(move |&(value, it, en)| {
            let value = &*String::leak(format!("{kind}:{value}"));
            Value { value, of: "tc-acn", it, en }
        })
    });
    values.collect()
});

impl Value {
    /// Its kind: `availability` of `availability:ddos`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.value.split_once(':').map_or(self.value, |(kind, _)| kind)
    }
}

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
    let place = RSIT.binary_search_by_key(&of, |(class, ..)| class).ok();
    if let Some((_, it, en)) = place.and_then(|place| RSIT.get(place)) {
        return Some((*it, *en));
    }
    let value = ACN.iter().find(|it| it.value == of).map(|it| (it.it, it.en));
    let kind = || tc_acn::KINDS.iter().find(|(kind, ..)| *kind == of);
    value.or_else(|| kind().map(|(_, it, en, _)| (*it, *en)))
}

/// In order of the value.
const RSIT: &[(&str, &str, &str)] = &[
    ("abusive-content", "contenuto abusivo", "abusive content"),
    ("abusive-content:harmful-speech", "espressioni offensive o minacciose", "harmful speech"),
    ("abusive-content:spam", "posta indesiderata", "spam"),
    (
        "abusive-content:violence",
        "contenuti violenti o di abuso sessuale",
        "violent or sexually abusive content",
    ),
    ("availability", "disponibilità", "availability"),
    ("availability:ddos", "negazione del servizio distribuita", "distributed denial of service"),
    ("availability:dos", "negazione del servizio", "denial of service"),
    ("availability:misconfiguration", "errore di configurazione", "misconfiguration"),
    ("availability:outage", "interruzione", "outage"),
    ("availability:sabotage", "sabotaggio", "sabotage"),
    ("fraud", "frode", "fraud"),
    ("fraud:copyright", "violazione del diritto d'autore", "copyright"),
    ("fraud:masquerade", "sostituzione d'identità", "masquerade"),
    ("fraud:phishing", "phishing", "phishing"),
    (
        "fraud:unauthorised-use-of-resources",
        "uso non autorizzato di risorse",
        "unauthorised use of resources",
    ),
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
    ("malicious-code", "codice malevolo", "malicious code"),
    ("malicious-code:c2-server", "server di comando e controllo", "command and control server"),
    ("malicious-code:infected-system", "sistema infetto", "infected system"),
    ("malicious-code:malware-configuration", "configurazione di malware", "malware configuration"),
    ("malicious-code:malware-distribution", "distribuzione di malware", "malware distribution"),
    ("other", "altro", "other"),
    ("other:other", "altro, senza una classe", "uncategorised"),
    ("other:undetermined", "non determinato", "undetermined"),
    ("test", "prova", "test"),
    ("test:test", "prova", "test"),
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
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_class_is_told_by_its_meaning_and_its_value() {
        assert!(RSIT.is_sorted_by_key(|(class, ..)| class));
        assert_eq!(
            named("intrusions:system-compromise"),
            Bilingual::new(
                "sistema compromesso (intrusions:system-compromise)",
                "system compromise (intrusions:system-compromise)"
            )
        );
        assert_eq!(named("vector:e-mail").it, "posta elettronica (vector:e-mail)");
        assert_eq!(named("vector:piccione").it, "vettore (vector:piccione)");
        assert_eq!(named("in casa").it, "in casa");
        let values: Vec<_> = vocabulary().collect();
        let of = |taxonomy| values.iter().filter(|it| it.of == taxonomy).count();
        assert_eq!((of("rsit"), of("tc-acn")), (39, 219));
        assert_eq!(named("root-cause:human-errors").it, "errore umano (root-cause:human-errors)");
        // Every value is there once, in both languages, and no two of a taxonomy read alike.
        for taxonomy in ["rsit", "tc-acn"] {
            let own = || values.iter().filter(|it| it.of == taxonomy);
            let count = |set: BTreeSet<(&str, &str)>| set.len();
            assert_eq!(count(own().map(|it| (it.value, "")).collect()), own().count());
            for read in [|it: &Value| it.it, |it: &Value| it.en] {
                assert!(own().all(|it| !read(it).is_empty()));
                assert_eq!(count(own().map(|it| (it.kind(), read(it))).collect()), own().count());
            }
        }
        let both = ["fraud:phishing".to_owned(), "altro".to_owned()];
        assert_eq!(listed(&both).en, "phishing (fraud:phishing), altro");
    }
}
