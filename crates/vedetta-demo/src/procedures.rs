//! What the room of the demonstration has of its own: a playbook with a request, one that a town agreed
//! to, the host that may be called, a recommendation.

use vedetta_flow::House;
use vedetta_model::language::Bilingual;
use vedetta_watch::desk::advice::Advice;
use vedetta_watch::desk::procedure::Step;
use vedetta_watch::{CallableHost, NewAdvice, PlaybookStep, Watch, WatchError};

use crate::organisation;
use crate::people::actor;

/// The playbook of our own.
const BLOCKING: &[u8] = include_bytes!("blocking.json");
/// Towns to which the playbook for phishing is put, and what they say.
const TOWNS: [(&str, Option<Step>); 3] = [
    ("comune-054039", Some(Step::Accept)),
    ("comune-055032", Some(Step::Accept)),
    ("comune-010025", None),
];

/// Writes them.
pub(crate) fn ready(house: &House, watch: &Watch) -> Result<(), WatchError> {
    let (Some(officer), Some(keeper)) =
        (actor(house, "turno-cnaipic"), house.keeper(&organisation("cnaipic")?))
    else {
        return Ok(());
    };
    watch.import_playbook(&officer, BLOCKING)?;
    let host = CallableHost { host: "firewall.example:8443".into(), authorization: None };
    watch.allow_hosts(&keeper, vec![host])?;
    let mut given = watch.playbooks(&officer)?.into_iter();
    if let Some(phishing) = given.find(|it| it.labels.iter().any(|it| it == "phishing")) {
        let to = TOWNS.iter().map(|(town, _)| organisation(town)).collect::<Result<_, _>>()?;
        let version = watch.playbook(&officer, &phishing.id)?.version;
        let propose = PlaybookStep { version, step: Step::Propose { to } };
        watch.step_playbook(&officer, &phishing.id, propose)?;
        for (town, said) in TOWNS {
            let Some((town, step)) = actor(house, &format!("referente-{town}")).zip(said) else {
                continue;
            };
            let version = watch.playbook(&town, &phishing.id)?.version;
            watch.step_playbook(&town, &phishing.id, PlaybookStep { version, step })?;
        }
    }
    let advice = Advice {
        id: "sportello-fatture".into(),
        title: Bilingual::new("Fatture: solo dallo sportello", "Invoices: from the portal alone"),
        text: Bilingual::new(
            "Le fatture elettroniche arrivano dal Sistema di Interscambio, mai con un collegamento in una \
             mail. Scrivetelo oggi a tutti gli uffici.",
            "Electronic invoices come from the exchange system, never by a link in a message. Write this \
             to all offices today.",
        ),
        topics: ["phishing".to_owned(), "fraud".to_owned()].into(),
    };
    watch.put_advice(
        &officer,
        "sportello-fatture",
        NewAdvice { version: None, advice: Some(advice) },
    )?;
    Ok(())
}
