//! What the desk of the demonstration has before it: reports of towns, some of them taken on. Invented,
//! on documentation addresses.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use vedetta_flow::House;
use vedetta_model::Actor;
use vedetta_watch::desk::incident::{Affected, Channel, Sent, ServiceStatus};
use vedetta_watch::desk::run::{Act, Outcome};
use vedetta_watch::desk::severity::{Factor, Grade};
use vedetta_watch::desk::{Audience, Change, StepName};
use vedetta_watch::{CaseWish, Edit, NewReport, NewRun, RunStep, Watch, WatchError};

use crate::organisation;
use crate::past::Past;
use crate::people::actor;

/// A report, and how far its case has come.
struct Report {
    organisation: &'static str,
    title: &'static str,
    words: &'static str,
    services: &'static [&'static str],
    minutes_ago: u64,
    grades: &'static [(Factor, Grade)],
    confirmed: Option<&'static str>,
    laws: &'static [(&'static str, Option<Sending>)],
    /// By its label, the playbook that is followed.
    playbook: Option<&'static str>,
}

/// A notice that was sent: which step, so many minutes ago, with which proof.
type Sending = (&'static str, u64, &'static str);

/// The officer who has them before them.
const OFFICER: &str = "turno-cnaipic";

const REPORTS: [Report; 8] = [
    Report {
        organisation: "comune-054018",
        title: "Telefonata che imita la voce del sindaco",
        words: "La ragioneria ha ricevuto una telefonata con la voce del sindaco che chiedeva un bonifico. \
            Non è stato fatto.",
        services: &[],
        minutes_ago: 1_560,
        grades: &[],
        confirmed: None,
        laws: &[],
        playbook: None,
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
        playbook: None,
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
        playbook: None,
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
    },
    Report {
        organisation: "comune-058091",
        title: "Prima pagina del sito sostituita",
        words: "Al posto della prima pagina c'è un messaggio politico. Il resto del sito risponde.",
        services: &["sito istituzionale"],
        minutes_ago: 120,
        grades: &[(Factor::FunctionalImpact, Grade::Low), (Factor::Activity, Grade::Moderate)],
        confirmed: None,
        laws: &[],
        playbook: None,
    },
    Report {
        organisation: "comune-010025",
        title: "Portale dei tributi lentissimo da un'ora",
        words: "Migliaia di richieste al secondo da indirizzi esteri. Il fornitore sta filtrando.",
        services: &["tributi"],
        minutes_ago: 60,
        grades: &[(Factor::FunctionalImpact, Grade::Moderate)],
        confirmed: None,
        laws: &[],
        playbook: None,
    },
    Report {
        organisation: "comune-055032",
        title: "Ancora false fatture, da un altro mittente",
        words: "Altre caselle ricevono la falsa fattura da fatture@accesso-sportello.example.",
        services: &["posta"],
        minutes_ago: 14,
        grades: &[],
        confirmed: None,
        laws: &[],
        playbook: None,
    },
    Report {
        organisation: "comune-037006",
        title: "Un fornitore avvisa: accesso non autorizzato ai suoi sistemi",
        words: "Il fornitore del protocollo informatico scrive che qualcuno è entrato nei suoi server \
            dell'assistenza. Non sappiamo se ci riguarda.",
        services: &["protocollo"],
        minutes_ago: 5,
        grades: &[],
        confirmed: None,
        laws: &[],
        playbook: None,
    },
];

/// Reports those of a span of minutes ago, and takes some of them on.
pub(crate) fn between(
    house: &House,
    watch: &Watch,
    past: &Past,
    minutes: RangeInclusive<u64>,
) -> Result<(), WatchError> {
    let Some(officer) = actor(house, OFFICER) else { return Ok(()) };
    let told = REPORTS.iter().filter(|it| minutes.contains(&it.minutes_ago));
    for report in told {
        past.minutes_ago(report.minutes_ago);
        if let Some(number) = tell(house, watch, &officer, (report, past))? {
            past.minutes_ago(report.minutes_ago.saturating_sub(30));
            follow(watch, &officer, &number, report.playbook)?;
        }
    }
    Ok(())
}

/// Whether none was reported yet.
pub(crate) fn none(house: &House, watch: &Watch) -> Result<bool, WatchError> {
    let Some(officer) = actor(house, OFFICER) else { return Ok(false) };
    Ok(watch.cases(&officer, &CaseWish { limit: 1, ..CaseWish::default() })?.total == 0)
}

/// Follows a playbook, some steps far.
fn follow(
    watch: &Watch,
    officer: &Actor,
    number: &str,
    label: Option<&str>,
) -> Result<(), WatchError> {
    const NOTES: [&str; 3] = [
        "Parlato con il responsabile del CED al numero in rubrica; rete dell'ufficio staccata, nulla spento.",
        "VPN, desktop remoto e collegamento con il fornitore chiusi alle 9:40.",
        "Server delle copie staccato; l'ultima copia è di ieri alle 23:10.",
    ];
    let mut ours = watch.playbooks(officer)?.into_iter();
    let wanted = |it: &String| label.is_some_and(|label| it == label);
    let Some(playbook) = ours.find(|it| it.labels.iter().any(wanted)) else { return Ok(()) };
    let run = watch.begin_run(officer, number, NewRun { playbook: playbook.id, within: None })?.run;
    for note in NOTES {
        let seen = watch.run(officer, number, run)?;
        let Some(step) = seen.current.first() else { break };
        let act = Act::Finish {
            node: step.node,
            outcome: Outcome::Done,
            found: Default::default(),
            note: note.into(),
        };
        watch.act_in_run(officer, number, run, RunStep { version: seen.version, act })?;
    }
    Ok(())
}

/// The number under which it is confirmed, where it is.
fn tell(
    house: &House,
    watch: &Watch,
    officer: &Actor,
    (it, past): (&Report, &Past),
) -> Result<Option<String>, WatchError> {
    let Ok(of) = organisation(it.organisation) else { return Ok(None) };
    if house.standing().directory.organisation(&of).is_none() {
        return Ok(None);
    }
    let later = |minutes| past.minutes_ago(it.minutes_ago.saturating_sub(minutes));
    let services: BTreeSet<String> = it.services.iter().map(|it| (*it).to_owned()).collect();
    let receipt = watch.report(
        officer,
        NewReport {
            channel: Channel::Telephone,
            organisation: Some(of.clone()),
            title: it.title.into(),
            words: it.words.into(),
            contact: Some("referente di turno".into()),
            awareness: Some(house.now().before(Duration::from_mins(10))),
            items: BTreeSet::new(),
            services: services.clone(),
            exercise: None,
            key: None,
        },
    )?;
    let number = receipt.number.to_string();
    let change = |change: Change| -> Result<(), WatchError> {
        let version = watch.case(officer, &number)?.version;
        watch.change_case(officer, &number, Edit { version, change }).map(drop)
    };
    if it.grades.is_empty() {
        return Ok(None);
    }
    later(6);
    change(Change::Triage)?;
    for (factor, grade) in it.grades {
        change(Change::Judge { factor: *factor, grade: *grade })?;
    }
    let status = if it.confirmed.is_some() { ServiceStatus::Down } else { ServiceStatus::Degraded };
    change(Change::Affect { organisation: of, affected: Affected { services, status } })?;
    if let Some(evidence) = it.confirmed {
        later(17);
        change(Change::Confirm { evidence: evidence.into() })?;
        let text = "Raccolti i registri; avvisato il centro regionale.".into();
        change(Change::Note { text, audience: Audience::Room })?;
        let text = "Richiamare il referente con le prime misure".into();
        change(Change::Task { text, organisation: None, assignee: None, due: None })?;
    }
    later(22);
    for (regime, step) in it.laws {
        let reason = "L'ente è tra quelli che la norma elenca.".into();
        change(Change::Apply { regime: (*regime).into(), class: None, reason })?;
        let Some((step, minutes_ago, proof)) = *step else { continue };
        past.minutes_ago(minutes_ago);
        let at = house.now();
        let step = StepName { regime: (*regime).into(), step: step.into() };
        change(Change::Send { step, sent: Sent { at, proof: proof.into(), file: None } })?;
    }
    Ok(it.confirmed.map(|_| number))
}
