//! What towns and operators of the demonstration report, and how far their cases have come. Invented, on
//! documentation addresses.

use vedetta_model::Instant;
use vedetta_watch::desk::incident::Origin;
use vedetta_watch::desk::notice::Element;
use vedetta_watch::desk::severity::{Factor, Grade};
use vedetta_watch::desk::{Audience, Change};

use crate::organisation;

/// A report, and how far its case has come.
pub(super) struct Report {
    pub(super) organisation: &'static str,
    pub(super) title: &'static str,
    pub(super) words: &'static str,
    pub(super) services: &'static [&'static str],
    pub(super) minutes_ago: u64,
    pub(super) grades: &'static [(Factor, Grade)],
    pub(super) confirmed: Option<&'static str>,
    pub(super) laws: &'static [(&'static str, Option<Sending>)],
    /// By its label, the playbook that is followed.
    pub(super) playbook: Option<&'static str>,
    /// What was done next: so many minutes after the report.
    pub(super) further: &'static [(u64, Deed)],
    /// What is attached then: names, and what they hold.
    pub(super) files: &'static [(&'static str, &'static str)],
}

/// What somebody does, as of a moment.
type Deed = fn(Instant) -> Change;

const BLANK: Report = Report {
    organisation: "",
    title: "",
    words: "",
    services: &[],
    minutes_ago: 0,
    grades: &[],
    confirmed: None,
    laws: &[],
    playbook: None,
    further: &[],
    files: &[],
};

/// A notice that was sent: which step, so many minutes ago, with which proof.
pub(super) type Sending = (&'static str, u64, &'static str);

pub(super) const REPORTS: [Report; 12] = [
    Report {
        organisation: "comune-037006",
        title: "Stampanti dell'ufficio tecnico raggiungibili da internet",
        words: "Un cittadino ci scrive che vede le nostre stampanti da casa. È vero: tre rispondono.",
        services: &["stampa"],
        minutes_ago: 1_790,
        grades: &[(Factor::FunctionalImpact, Grade::Low), (Factor::Activity, Grade::Low)],
        confirmed: Some("Tre stampanti rispondono da fuori; nessun lavoro di stampa di estranei."),
        further: &[
            (25, |_| Change::Contain {
                measures: "Chiusa la regola sbagliata del firewall.".into(),
            }),
            (40, |_| Change::Recover { checked: "Provato da fuori: non rispondono più.".into() }),
            (50, |_| Change::Close {
                cause: "Una regola di prova, mai tolta.".into(),
                lesson: "Le regole di prova hanno una scadenza.".into(),
            }),
        ],
        ..BLANK
    },
    Report {
        organisation: "ospedale-esempio",
        title: "Casella di un reparto usata per scrivere ai fornitori",
        words: "Fornitori ricevono da un nostro reparto un IBAN nuovo. Non l'abbiamo scritto noi.",
        services: &["posta"],
        minutes_ago: 1_720,
        grades: &[
            (Factor::FunctionalImpact, Grade::Moderate),
            (Factor::Activity, Grade::High),
            (Factor::Location, Grade::Moderate),
            (Factor::InformationImpact, Grade::High),
            (Factor::Dependency, Grade::Low),
        ],
        confirmed: Some(
            "Accessi da 198.51.100.61; una regola della casella nascondeva le risposte.",
        ),
        further: &[
            (25, |_| Change::Contain {
                measures: "Sessioni chiuse, password cambiata, secondo fattore acceso.".into(),
            }),
            (45, |_| Change::Recover {
                checked: "Fornitori avvisati uno per uno; nessun pagamento al nuovo IBAN.".into(),
            }),
        ],
        ..BLANK
    },
    Report {
        organisation: "servizi-gestiti-esempio",
        title: "Assistenza remota usata da estranei",
        words: "Il nostro accesso di assistenza è stato usato di notte verso due clienti pubblici.",
        services: &["assistenza remota"],
        minutes_ago: 1_650,
        grades: &[
            (Factor::FunctionalImpact, Grade::High),
            (Factor::Activity, Grade::High),
            (Factor::Location, Grade::High),
            (Factor::InformationImpact, Grade::Moderate),
            (Factor::Recoverability, Grade::Moderate),
            (Factor::Dependency, Grade::High),
        ],
        confirmed: Some("Due sessioni da 203.0.113.140, con le credenziali di un tecnico."),
        further: &[
            (26, |_| Change::Contain {
                measures: "Accesso di assistenza spento per tutti i clienti.".into(),
            }),
            (40, |now| Change::Hold {
                authority: "Procura della Repubblica di Padova".into(),
                reference: "proc. 4417/2026".into(),
                until: Some(now.after(std::time::Duration::from_hours(240))),
            }),
        ],
        ..BLANK
    },
    Report {
        organisation: "comune-058091",
        title: "Lettera di estorsione senza alcun dato dentro",
        words: "Una mail dice di avere i nostri archivi e chiede denaro. Non porta alcuna prova.",
        minutes_ago: 1_600,
        further: &[(20, |_| Change::Dismiss {
            reason: "Testo identico a mille altri; nessuna traccia nei registri.".into(),
        })],
        ..BLANK
    },
    Report {
        organisation: "comune-054018",
        title: "Telefonata che imita la voce del sindaco",
        words: "La ragioneria ha ricevuto una telefonata con la voce del sindaco che chiedeva un bonifico. \
            Non è stato fatto.",
        services: &[],
        minutes_ago: 1_560,
        grades: &[],
        ..BLANK
    },
    Report {
        organisation: "comune-010025",
        title: "Accessi alla VPN con le credenziali di un dipendente in ferie",
        words: "Nei registri della VPN ci sono accessi notturni di un dipendente che è in ferie. L'utenza è \
            bloccata; stiamo guardando che cosa ha aperto.",
        services: &["accesso remoto"],
        minutes_ago: 1_500,
        grades: &[
            (Factor::FunctionalImpact, Grade::Low),
            (Factor::Activity, Grade::High),
            (Factor::InformationImpact, Grade::Moderate),
            (Factor::Dependency, Grade::Low),
        ],
        confirmed: Some("Sessioni da 198.51.100.14 nelle notti del fine settimana."),
        laws: &[("law-90", None)],
        ..BLANK
    },
    Report {
        organisation: "comune-055032",
        title: "Falsa fattura a trenta caselle del Comune",
        words: "Da stamattina trenta caselle hanno ricevuto una fattura con un collegamento a \
            accesso-sportello.example. Due persone hanno scritto la password.",
        services: &["posta"],
        minutes_ago: 300,
        grades: &[
            (Factor::FunctionalImpact, Grade::Moderate),
            (Factor::Activity, Grade::High),
            (Factor::InformationImpact, Grade::High),
            (Factor::Dependency, Grade::Moderate),
        ],
        confirmed: Some("Accessi da 203.0.113.77 con le due password, nei registri della posta."),
        laws: &[("gdpr", None), ("law-90", None)],
        further: &[
            (23, |_| classified("fraud:phishing")),
            (24, |_| {
                state(Element::Subjects, "chi ha scritto alle due caselle: circa 400 cittadini")
            }),
            (25, |_| recommended("change-stolen-passwords")),
        ],
        ..BLANK
    },
    Report {
        organisation: "comune-054039",
        title: "Anagrafe e pagamenti fermi: chiesto un riscatto",
        words: "I computer dell'anagrafe mostrano una richiesta di riscatto. Abbiamo staccato la rete \
            dell'ufficio. Le copie di ieri notte sembrano intatte.",
        services: &["anagrafe", "pagamenti"],
        minutes_ago: 180,
        grades: &[
            (Factor::FunctionalImpact, Grade::Extreme),
            (Factor::Activity, Grade::Extreme),
            (Factor::Location, Grade::High),
            (Factor::InformationImpact, Grade::High),
            (Factor::Recoverability, Grade::High),
            (Factor::Dependency, Grade::High),
            (Factor::PotentialImpact, Grade::High),
        ],
        confirmed: Some("File cifrati su quattro server; nota di riscatto acquisita."),
        laws: &[
            ("law-90", Some(("first-report", 135, "prot. 2026/01183, ricevuta PEC 8841"))),
            ("gdpr", None),
            ("nis2", None),
        ],
        playbook: Some("ransomware"),
        further: &[
            (23, |_| classified("malicious-code:infected-system")),
            (23, |_| state(Element::Users, "circa 160.000 residenti: certificati e pagamenti")),
            (24, |_| state(Element::Assets, "quattro server dell'anagrafe, dodici postazioni")),
            (24, |_| state(Element::CrossBorder, "no: solo utenti del Comune")),
            (25, |_| state(Element::Measures, "rete dell'ufficio staccata, accessi remoti chiusi")),
            (25, |_| state(Element::Underway, "ripristino dalle copie di ieri alle 23:10")),
            (26, |_| recommended("isolate-do-not-switch-off")),
            (26, |_| recommended("offline-backup")),
            (27, |_| Change::Finish {
                task: 1,
                note: "Richiamato: rete staccata, nulla spento.".into(),
            }),
            (28, |_| Change::Task {
                text: "Raccogliere l'elenco dei dati personali toccati".into(),
                organisation: organisation("comune-054039").ok(),
                assignee: None,
                due: None,
            }),
            (29, |_| Change::Note {
                text: "Il centro regionale è sul posto con due tecnici.".into(),
                audience: Audience::Participants,
            }),
        ],
        files: &[
            (
                "nota-di-riscatto.txt",
                "I vostri file sono cifrati. Scrivete a riscatto@posta.example.\n",
            ),
            (
                "server-cifrati.csv",
                "server,sistema,prima cifratura\nanagrafe-1,anagrafe,08:52\nanagrafe-2,anagrafe,08:53\n\
                 pagamenti-1,pagamenti,08:57\nfile-1,documenti,09:04\n",
            ),
        ],
    },
    Report {
        organisation: "comune-058091",
        title: "Prima pagina del sito sostituita",
        words: "Al posto della prima pagina c'è un messaggio politico. Il resto del sito risponde.",
        services: &["sito istituzionale"],
        minutes_ago: 120,
        grades: &[(Factor::FunctionalImpact, Grade::Low), (Factor::Activity, Grade::Moderate)],
        ..BLANK
    },
    Report {
        organisation: "comune-010025",
        title: "Portale dei tributi lentissimo da un'ora",
        words: "Migliaia di richieste al secondo da indirizzi esteri. Il fornitore sta filtrando.",
        services: &["tributi"],
        minutes_ago: 60,
        grades: &[
            (Factor::FunctionalImpact, Grade::Moderate),
            (Factor::Activity, Grade::High),
            (Factor::Location, Grade::Moderate),
            (Factor::Dependency, Grade::Moderate),
            (Factor::PotentialImpact, Grade::Moderate),
        ],
        ..BLANK
    },
    Report {
        organisation: "comune-055032",
        title: "Ancora false fatture, da un altro mittente",
        words: "Altre caselle ricevono la falsa fattura da fatture@accesso-sportello.example.",
        services: &["posta"],
        minutes_ago: 14,
        grades: &[],
        ..BLANK
    },
    Report {
        organisation: "comune-037006",
        title: "Un fornitore avvisa: accesso non autorizzato ai suoi sistemi",
        words: "Il fornitore del protocollo informatico scrive che qualcuno è entrato nei suoi server \
            dell'assistenza. Non sappiamo se ci riguarda.",
        services: &["protocollo"],
        minutes_ago: 5,
        grades: &[],
        ..BLANK
    },
];

fn state(about: Element, says: &str) -> Change {
    Change::State { about, says: says.into() }
}

fn classified(class: &str) -> Change {
    Change::Classify { classes: [class.to_owned()].into(), origin: Origin::Common }
}

fn recommended(id: &str) -> Change {
    Change::Recommend { recommendation: id.into(), text: String::new() }
}
