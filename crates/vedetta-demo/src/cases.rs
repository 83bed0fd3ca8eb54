//! What the desk of the demonstration has before it: reports of towns, some of them taken on. Invented,
//! on documentation addresses.

use std::collections::BTreeSet;
use std::time::Duration;

use vedetta_flow::House;
use vedetta_model::Actor;
use vedetta_watch::desk::incident::{Affected, Channel, Sent, ServiceStatus};
use vedetta_watch::desk::run::{Act, Outcome};
use vedetta_watch::desk::severity::{Factor, Grade};
use vedetta_watch::desk::{Audience, Change, StepName};
use vedetta_watch::{CaseWish, Edit, NewReport, NewRun, RunStep, Watch, WatchError};

use crate::organisation;
use crate::people::actor;

/// A report, and how far its case has come.
struct Report {
    organisation: &'static str,
    title: &'static str,
    words: &'static str,
    services: &'static [&'static str],
    hours_ago: u64,
    grades: &'static [(Factor, Grade)],
    confirmed: Option<&'static str>,
    laws: &'static [(&'static str, Option<Sending>)],
}

/// A notice that was sent: which step, so many minutes ago, with which proof.
type Sending = (&'static str, u64, &'static str);

/// The officer who has them before them.
const OFFICER: &str = "turno-cnaipic";

const REPORTS: [Report; 7] = [
    Report {
        organisation: "comune-055032",
        title: "Falsa fattura a trenta caselle del Comune",
        words: "Da stamattina trenta caselle hanno ricevuto una fattura con un collegamento a \
            accesso-sportello.example. Due persone hanno scritto la password.",
        services: &["posta"],
        hours_ago: 5,
        grades: &[
            (Factor::FunctionalImpact, Grade::Moderate),
            (Factor::Activity, Grade::High),
            (Factor::InformationImpact, Grade::High),
            (Factor::Dependency, Grade::Moderate),
        ],
        confirmed: Some("Accessi da 203.0.113.77 con le due password, nei registri della posta."),
        laws: &[("gdpr", None), ("law-90", None)],
    },
    Report {
        organisation: "comune-054039",
        title: "Anagrafe e pagamenti fermi: chiesto un riscatto",
        words: "I computer dell'anagrafe mostrano una richiesta di riscatto. Abbiamo staccato la rete \
            dell'ufficio. Le copie di ieri notte sembrano intatte.",
        services: &["anagrafe", "pagamenti"],
        hours_ago: 3,
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
            ("law-90", Some(("first-report", 45, "prot. 2026/01183, ricevuta PEC 8841"))),
            ("gdpr", None),
            ("nis2", None),
        ],
    },
    Report {
        organisation: "comune-058091",
        title: "Prima pagina del sito sostituita",
        words: "Al posto della prima pagina c'è un messaggio politico. Il resto del sito risponde.",
        services: &["sito istituzionale"],
        hours_ago: 2,
        grades: &[(Factor::FunctionalImpact, Grade::Low), (Factor::Activity, Grade::Moderate)],
        confirmed: None,
        laws: &[],
    },
    Report {
        organisation: "comune-010025",
        title: "Portale dei tributi lentissimo da un'ora",
        words: "Migliaia di richieste al secondo da indirizzi esteri. Il fornitore sta filtrando.",
        services: &["tributi"],
        hours_ago: 1,
        grades: &[(Factor::FunctionalImpact, Grade::Moderate)],
        confirmed: None,
        laws: &[],
    },
    Report {
        organisation: "comune-054018",
        title: "Telefonata che imita la voce del sindaco",
        words: "La ragioneria ha ricevuto una telefonata con la voce del sindaco che chiedeva un bonifico. \
            Non è stato fatto.",
        services: &[],
        hours_ago: 26,
        grades: &[],
        confirmed: None,
        laws: &[],
    },
    Report {
        organisation: "comune-055032",
        title: "Ancora false fatture, da un altro mittente",
        words: "Altre caselle ricevono la falsa fattura da fatture@accesso-sportello.example.",
        services: &["posta"],
        hours_ago: 0,
        grades: &[],
        confirmed: None,
        laws: &[],
    },
    Report {
        organisation: "comune-037006",
        title: "Un fornitore avvisa: accesso non autorizzato ai suoi sistemi",
        words: "Il fornitore del protocollo informatico scrive che qualcuno è entrato nei suoi server \
            dell'assistenza. Non sappiamo se ci riguarda.",
        services: &["protocollo"],
        hours_ago: 0,
        grades: &[],
        confirmed: None,
        laws: &[],
    },
];

/// Reports them, once, and takes some of them on.
pub(crate) fn ready(house: &House, watch: &Watch) -> Result<(), WatchError> {
    let Some(officer) = actor(house, OFFICER) else { return Ok(()) };
    if watch.cases(&officer, &CaseWish { limit: 1, ..CaseWish::default() })?.total > 0 {
        return Ok(());
    }
    REPORTS.iter().try_for_each(|report| tell(house, watch, &officer, report))?;
    follow(watch, &officer)
}

/// Follows the playbook for ransomware, some steps far.
fn follow(watch: &Watch, officer: &Actor) -> Result<(), WatchError> {
    const NOTES: [&str; 3] = [
        "Parlato con il responsabile del CED al numero in rubrica; rete dell'ufficio staccata, nulla spento.",
        "VPN, desktop remoto e collegamento con il fornitore chiusi alle 9:40.",
        "Server delle copie staccato; l'ultima copia è di ieri alle 23:10.",
    ];
    let wish = CaseWish { text: Some("riscatto".into()), limit: 1, ..CaseWish::default() };
    let case = watch.cases(officer, &wish)?.cases.into_iter().next();
    let mut ours = watch.playbooks(officer)?.into_iter();
    let playbook = ours.find(|it| it.labels.iter().any(|label| label == "ransomware"));
    let (Some(case), Some(playbook)) = (case, playbook) else { return Ok(()) };
    let number = case.number.to_string();
    let run =
        watch.begin_run(officer, &number, NewRun { playbook: playbook.id, within: None })?.run;
    for note in NOTES {
        let seen = watch.run(officer, &number, run)?;
        let Some(step) = seen.current.first() else { break };
        let act = Act::Finish {
            node: step.node,
            outcome: Outcome::Done,
            found: Default::default(),
            note: note.into(),
        };
        watch.act_in_run(officer, &number, run, RunStep { version: seen.version, act })?;
    }
    Ok(())
}

fn tell(house: &House, watch: &Watch, officer: &Actor, it: &Report) -> Result<(), WatchError> {
    let Ok(of) = organisation(it.organisation) else { return Ok(()) };
    if house.standing().directory.organisation(&of).is_none() {
        return Ok(());
    }
    let services: BTreeSet<String> = it.services.iter().map(|it| (*it).to_owned()).collect();
    let receipt = watch.report(
        officer,
        NewReport {
            channel: Channel::Telephone,
            organisation: Some(of.clone()),
            title: it.title.into(),
            words: it.words.into(),
            contact: Some("referente di turno".into()),
            awareness: Some(house.now().before(Duration::from_secs(3_600 * it.hours_ago + 600))),
            items: BTreeSet::new(),
            services: services.clone(),
            key: None,
        },
    )?;
    let number = receipt.number.to_string();
    let change = |change: Change| -> Result<(), WatchError> {
        let version = watch.case(officer, &number)?.version;
        watch.change_case(officer, &number, Edit { version, change }).map(drop)
    };
    if it.grades.is_empty() {
        return Ok(());
    }
    change(Change::Triage)?;
    for (factor, grade) in it.grades {
        change(Change::Judge { factor: *factor, grade: *grade })?;
    }
    let status = if it.confirmed.is_some() { ServiceStatus::Down } else { ServiceStatus::Degraded };
    change(Change::Affect { organisation: of, affected: Affected { services, status } })?;
    if let Some(evidence) = it.confirmed {
        change(Change::Confirm { evidence: evidence.into() })?;
        let text = "Raccolti i registri; avvisato il centro regionale.".into();
        change(Change::Note { text, audience: Audience::Room })?;
        let text = "Richiamare il referente con le prime misure".into();
        change(Change::Task { text, organisation: None, assignee: None, due: None })?;
    }
    for (regime, step) in it.laws {
        let reason = "L'ente è tra quelli che la norma elenca.".into();
        change(Change::Apply { regime: (*regime).into(), reason })?;
        let Some((step, minutes_ago, proof)) = *step else { continue };
        let at = house.now().before(Duration::from_secs(60 * minutes_ago));
        let step = StepName { regime: (*regime).into(), step: step.into() };
        change(Change::Send { step, sent: Sent { at, proof: proof.into(), file: None } })?;
    }
    Ok(())
}
