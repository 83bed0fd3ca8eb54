//! The early warnings of the demonstration: one that was answered, one withdrawn, one being written.

use std::collections::BTreeSet;

use vedetta_flow::House;
use vedetta_model::language::Bilingual;
use vedetta_model::organisation::Sector;
use vedetta_model::{Pap, Tlp};
use vedetta_watch::desk::warning::{Acted, WarningText};
use vedetta_watch::{NewReaction, SavedView, Watch, WatchError};

use crate::past::Past;
use crate::people::actor;

/// Who answers the warning that was sent, and what they say.
const ANSWERS: [(&str, Acted, &str); 4] = [
    ("referente-comune-054039", Acted::Done, "Bloccati dominio e indirizzo; avvisati gli uffici."),
    ("referente-comune-058091", Acted::Done, "Password cambiate alle caselle che hanno risposto."),
    ("referente-comune-037006", Acted::NotConcerned, "Nessuna traccia nei registri della posta."),
    ("referente-comune-010025", Acted::Read, ""),
];

/// Writes them.
pub(crate) fn ready(house: &House, watch: &Watch, past: &Past) -> Result<(), WatchError> {
    let Some(officer) = actor(house, "turno-cnaipic") else { return Ok(()) };
    let withdrawn = watch.put_warning(&officer, (None, None), portal())?;
    watch.send_warning(&officer, &withdrawn.id, withdrawn.version)?;
    past.minutes_ago(245);
    let reason = "Il fornitore ha corretto: la versione colpita è soltanto la 4.2.".to_owned();
    watch.withdraw_warning(&officer, &withdrawn.id, reason)?;
    past.minutes_ago(240);
    let sent = watch.put_warning(&officer, (None, None), invoices())?;
    watch.send_warning(&officer, &sent.id, sent.version)?;
    for (minutes, (who, did, note)) in (0..).zip(ANSWERS) {
        past.minutes_ago(232 - 6 * minutes);
        if let Some(town) = actor(house, who) {
            let answer = NewReaction { did, note: note.into() };
            // A town that the agreements do not reach has nothing to answer.
            if let Err(error) = watch.answer_warning(&town, &sent.id, answer) {
                tracing::debug!(%error, who, "no answer in the demonstration");
            }
        }
    }
    watch.remind_warning(&officer, &sent.id)?;
    watch.put_warning(&officer, (None, None), voice())?;
    for (name, address) in [
        ("Indicatori TLP:AMBER", "/items?kind=indicator&tlp=AMBER"),
        ("Casi confermati", "/incidents?stage=confirmed"),
    ] {
        let view = SavedView { name: name.into(), address: address.into() };
        watch.save_view(&officer, view)?;
    }
    Ok(())
}

fn text(title: [&str; 2], says: [&str; 2], to_do: [&str; 2]) -> WarningText {
    let both = |[it, en]: [&str; 2]| Bilingual::new(it, en);
    WarningText {
        title: both(title),
        text: both(says),
        what_to_do: both(to_do),
        tlp: Tlp::Green,
        pap: Pap::Green,
        sectors: BTreeSet::new(),
        regions: BTreeSet::new(),
        observables: BTreeSet::new(),
        incident: None,
        exercise: None,
        only_under: BTreeSet::new(),
    }
}

fn invoices() -> WarningText {
    let sectors = BTreeSet::from([Sector::PublicAdministration]);
    let observables = ["accesso-sportello.example", "203.0.113.77"].map(str::to_owned).into();
    let text = text(
        ["False fatture agli sportelli dei Comuni", "False invoices to municipal offices"],
        [
            "Da stamattina caselle di Comuni ricevono una fattura con un collegamento a \
             accesso-sportello.example, che chiede la password della posta. Con le password rubate \
             qualcuno entra da 203.0.113.77 e scrive ad altri Comuni.",
            "Since this morning mailboxes of municipalities get an invoice with a link to \
             accesso-sportello.example, which asks for the mail password. With stolen passwords \
             somebody comes in from 203.0.113.77 and writes to further municipalities.",
        ],
        [
            "1. Bloccate accesso-sportello.example e 203.0.113.77.\n2. Cercateli nei registri degli \
             ultimi sette giorni.\n3. Chi ha scritto la password la cambi subito, e lo segnali.",
            "1. Block accesso-sportello.example and 203.0.113.77.\n2. Look for them in the logs of the \
             past seven days.\n3. Who typed the password changes it at once, and reports it.",
        ],
    );
    WarningText { sectors, observables, ..text }
}

fn portal() -> WarningText {
    text(
        ["Falla in un portale dei tributi molto usato", "A flaw in a widely used tax portal"],
        [
            "Il fornitore segnala che chi non è entrato può leggere gli allegati dei pagamenti.",
            "The supplier says that who has not signed in can read the attachments of payments.",
        ],
        [
            "Chiedete al fornitore la versione 4.3 e installatela oggi.",
            "Ask the supplier for version 4.3, and install it today.",
        ],
    )
}

fn voice() -> WarningText {
    text(
        ["Telefonate che imitano la voce del sindaco", "Calls that imitate the mayor's voice"],
        [
            "Ragionerie ricevono telefonate con la voce del sindaco che chiedono un bonifico urgente.",
            "Accounting offices get calls in the mayor's voice that ask for an urgent transfer.",
        ],
        [
            "Richiamate al numero che avete già. Nessun bonifico su una richiesta a voce.",
            "Call back at the number that you have. No transfer on a spoken request.",
        ],
    )
}
