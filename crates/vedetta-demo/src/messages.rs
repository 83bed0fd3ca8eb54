//! What people of the demonstration hand in as suspicious: lures of our own making, on reserved domains.

use vedetta_flow::{FlowError, House};
use vedetta_model::Tlp;
use vedetta_postroom::{
    CampaignStep, Handed, Overruling, Postroom, QueueWish, Reach, Reporter, Telling, Verdict,
};

use crate::past::Past;
use crate::people::actor;

/// A message, as it is handed in.
type Message = fn() -> String;

/// Who hands in, and which message.
const HANDED: [(&str, Message); 8] = [
    ("referente-comune-055032", || invoice(1)),
    ("referente-comune-055032", || invoice(2)),
    ("referente-comune-054039", || invoice(3)),
    ("referente-comune-054018", || invoice(4)),
    ("referente-comune-058091", parcel),
    ("referente-comune-037006", newsletter),
    ("referente-comune-010025", meeting),
    ("turno-cosc-umbria", director),
];

/// Hands them in, has the wave of them released, and one town asked of it answer.
pub(crate) fn ready(house: &House, desk: &Postroom, past: &Past) -> Result<(), FlowError> {
    let Some(officer) = actor(house, "turno-cnaipic") else { return Ok(()) };
    for (minutes, (who, message)) in (0..).zip(HANDED) {
        past.minutes_ago(520 - 8 * minutes);
        if let Some(by) = actor(house, who) {
            desk.take(&Handed { bytes: message().as_bytes(), by: Reporter::Account(by) })?;
        }
    }
    past.minutes_ago(430);
    let all = QueueWish { limit: 100, ..QueueWish::default() };
    let by_town = |it: &&std::sync::Arc<vedetta_postroom::Report>| {
        it.account.as_ref().is_some_and(|it| it.as_str() == "referente-comune-037006")
    };
    let reports = desk.queue(&officer, &all)?.items;
    if let Some(report) = reports.iter().find(by_town) {
        let note = "Rivista a cui l'ufficio è abbonato: verificato con il referente.".into();
        let said = Overruling { verdict: Verdict::Spam, note, of: Reach::Report };
        desk.overrule(&officer, &report.case, &said)?;
    }
    past.minutes_ago(410);
    let wave = desk.campaigns(&officer)?.into_iter().max_by_key(|it| it.reports);
    let Some(wave) = wave else { return Ok(()) };
    let of = wave.campaign.id.to_string();
    desk.step_campaign(&officer, &of, &CampaignStep::Release { tlp: Tlp::Green })?;
    past.minutes_ago(380);
    let Some(town) = actor(house, "referente-comune-055032") else { return Ok(()) };
    let note = "Trenta caselle; il filtro ora le ferma.".into();
    let told = Telling { received: true, mailboxes: Some(30), note };
    for question in desk.questions(&town).into_iter().take(1) {
        desk.answer_question(&town, question.campaign.as_str(), &told)?;
    }
    Ok(())
}

fn letter(from: &str, to: &str, subject: &str, body: &str) -> String {
    format!(
        "Received: from mail.example (198.51.100.23) by mx.comune.example; Mon, 2 Mar 2026 08:12:00 +0100\r\n\
         From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: Mon, 2 Mar 2026 08:11:58 +0100\r\n\
         Message-ID: <{}@mail.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/html; charset=utf-8\r\n\r\n<html><body>{body}</body></html>\r\n",
        subject.len() * 7919
    )
}

fn invoice(number: u32) -> String {
    letter(
        &format!("Sportello fatture <fatture{number}@accesso-sportello.example>"),
        "Ufficio protocollo <protocollo@comune.example>",
        &format!("Fattura elettronica scaduta n. 2026/0{number}7"),
        "<p>Gentile ufficio,</p><p>la fattura allegata risulta <b>scaduta</b>. Per evitare il blocco della \
         casella confermi entro 24 ore le credenziali della posta allo sportello.</p><p><a \
         href=\"http://203.0.113.77/sportello/login.php\">https://sportello.comune.example/fatture</a></p>\
         <form action=\"http://accesso-sportello.example/entra.php\"><input name=\"email\"><input \
         type=\"password\" name=\"password\"></form>",
    )
}

fn parcel() -> String {
    letter(
        "Corriere Pacchi <avviso@pacchi-giacenza.example>",
        "Anagrafe <anagrafe@comune.example>",
        "Il suo pacco e in giacenza",
        "<p>Il suo pacco si trova in giacenza: mancano le spese di spedizione di 1,99 \
         euro. Confermi i dati e la carta di pagamento entro oggi, altrimenti torna al mittente.</p><p><a \
         href=\"http://pacchi-giacenza.example/conferma/login.php\">https://corriere.example/pacco</a></p>",
    )
}

fn newsletter() -> String {
    letter(
        "Rivista degli enti locali <redazione@rivista.example>",
        "Segreteria <segreteria@comune.example>",
        "Le novita della settimana",
        "<p>In questo numero: il bilancio consolidato, i concorsi, il calendario dei corsi.</p><p><a \
         href=\"https://rivista.example/numero-12\">Leggi la rivista</a> · <a \
         href=\"https://rivista.example/disiscrizione\">Annulla l'iscrizione</a></p>",
    )
}

fn meeting() -> String {
    letter(
        "Segreteria generale <segreteria@comune.example>",
        "Tributi <tributi@comune.example>",
        "Riunione di domani",
        "<p>Ciao, la riunione sul bilancio si sposta alle undici, in sala verde. A domani.</p>",
    )
}

fn director() -> String {
    letter(
        "Il dirigente <dirigente.urgente@posta-gratis.example>",
        "Ragioneria <ragioneria@ente.example>",
        "Bonifico urgente e riservato",
        "<p>Sono in riunione e non posso parlare. Serve un bonifico di 48.000 euro entro un'ora al conto \
         che ti mando. E riservato: non ne parlare con nessuno, rispondi solo a questo indirizzo.</p>",
    )
}
