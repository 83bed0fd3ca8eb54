//! The same message as people hand it on.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vedetta_mail::{Evidence, Limits};

/// Hands a message on.
pub type Wrap = fn(&[u8]) -> Vec<u8>;

/// Each form, by name.
pub const ALL: &[(&str, Wrap)] = &[
    ("attached", attached),
    ("pec", certified),
    ("inline text", inline_text),
    ("inline html", inline_html),
];

/// Sends a message back to who wrote it, as mail systems do: each way, by the system that has it.
pub const RETURNED: &[(&str, Wrap)] = &[
    ("report with the message", |letter| report(letter, "message/rfc822")),
    ("report with its header", |letter| report(head_of(letter), "text/rfc822-headers")),
    ("message in the text, whole", |letter| in_text(letter, COPY_FOLLOWS)),
    ("message in the text, its header", |letter| in_text(head_of(letter), HEADERS_FOLLOW)),
    ("receipt of certified mail", receipt),
];

const COPY_FOLLOWS: &str =
    "------ This is a copy of the message, including all the headers. ------";
const HEADERS_FOLLOW: &str = "--- Below this line is a copy of the message.";

fn head_of(letter: &[u8]) -> &[u8] {
    let ends = [&b"\r\n\r\n"[..], b"\n\n"]
        .map(|end| letter.windows(end.len()).position(|octets| octets == end));
    let end = ends.into_iter().flatten().min().unwrap_or(letter.len());
    letter.get(..end).unwrap_or(letter)
}

/// A report of delivery status (RFC 3464).
fn report(returned: &[u8], kind: &str) -> Vec<u8> {
    let head = format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.comune.example (Mail Delivery System)\r\nTo: ada.bianchi@comune.example\r\n\
         Subject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"rapporto\"\r\n\r\n--rapporto\r\n\
         Content-Description: Notification\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n\
         This is the mail system at host mx.comune.example.\r\n\r\nI'm sorry to have to inform you that your message could not\r\n\
         be delivered to one or more recipients. It's attached below.\r\n\r\nFor further assistance, please send mail to postmaster.\r\n\r\n\
         <assente@altrove.example>: host mail.altrove.example[192.0.2.25] said: 550 5.1.1\r\n    User unknown (in reply to RCPT TO command)\r\n\
         --rapporto\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.comune.example\r\n\r\n\
         Final-Recipient: rfc822; assente@altrove.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
         --rapporto\r\nContent-Description: Undelivered Message\r\nContent-Type: {kind}\r\n\r\n"
    );
    [head.as_bytes(), returned, b"\r\n--rapporto--\r\n"].concat()
}

/// As systems do that write no report.
fn in_text(returned: &[u8], follows: &str) -> Vec<u8> {
    let head = format!(
        "Return-Path: <>\r\nX-Failed-Recipients: assente@altrove.example\r\nAuto-Submitted: auto-replied\r\n\
         From: Mail Delivery System <Mailer-Daemon@mx.comune.example>\r\nTo: ada.bianchi@comune.example\r\n\
         Subject: Mail delivery failed: returning message to sender\r\n\r\n\
         This message was created automatically by mail delivery software.\r\n\r\n\
         A message that you sent could not be delivered to one or more of its\r\nrecipients. This is a permanent error. \
         The following address(es) failed:\r\n\r\n  assente@altrove.example\r\n    mailbox is full: retry timeout exceeded\r\n\r\n{follows}\r\n\r\n"
    );
    [head.as_bytes(), returned, b"\r\n"].concat()
}

/// That a certified message arrived, and what arrived (RFC 6109 §3.1.6).
fn receipt(letter: &[u8]) -> Vec<u8> {
    let head = "Return-Path: <posta-certificata@gestore.example>\r\nFrom: posta-certificata@gestore.example\r\nTo: protocollo@pec.comune.example\r\n\
         Subject: CONSEGNA: comunicazione\r\nX-Ricevuta: avvenuta-consegna\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"ricevuta\"\r\n\r\n--ricevuta\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         Ricevuta di avvenuta consegna\r\n\r\nIl giorno 17/11/2025 alle ore 10:00:00 (+0100) il messaggio \"comunicazione\" proveniente da\r\n\
         protocollo@pec.comune.example ed indirizzato a tizio@pec.example è stato consegnato nella casella di destinazione.\r\n\
         Identificativo messaggio: opec1.20251117100000.1.1.1.1@gestore.example\r\n--ricevuta\r\n\
         Content-Type: message/rfc822; name=\"postacert.eml\"\r\nContent-Disposition: attachment; filename=\"postacert.eml\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n";
    let body = STANDARD.encode(letter);
    [head.as_bytes(), body.as_bytes(), b"\r\n--ricevuta--\r\n"].concat()
}

const HEAD: &str = "From: Ada Bianchi <ada.bianchi@comune.example>\r\nTo: segnalazioni@vedetta.example\r\nMIME-Version: 1.0\r\n";

fn attached(letter: &[u8]) -> Vec<u8> {
    attached_below(
        "From: Ada Bianchi <ada.bianchi@comune.example>\r\nTo: segnalazioni@vedetta.example\r\n",
        letter,
    )
}

/// Attached to a letter that begins with these fields.
#[must_use]
pub fn attached_below(fields: &str, letter: &[u8]) -> Vec<u8> {
    let head = format!(
        "{fields}Subject: Segnalazione\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"fuori\"\r\n\r\n--fuori\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\nMi pare strana, potete guardare?\r\n--fuori\r\n\
         Content-Type: message/rfc822; name=\"messaggio.eml\"\r\nContent-Disposition: attachment\r\n\r\n"
    );
    [head.as_bytes(), letter, b"\r\n--fuori--\r\n"].concat()
}

fn certified(letter: &[u8]) -> Vec<u8> {
    let head = "From: \"Per conto di: tizio@pec.example\" <posta-certificata@gestore.example>\r\n\
         To: protocollo@pec.comune.example\r\nSubject: POSTA CERTIFICATA: comunicazione\r\nX-Trasporto: posta-certificata\r\n\
         X-Riferimento-Message-ID: <1@pec.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/signed; protocol=\"application/x-pkcs7-signature\"; micalg=sha-256; boundary=\"firma\"\r\n\r\n--firma\r\n\
         Content-Type: multipart/mixed; boundary=\"busta\"\r\n\r\n--busta\r\nContent-Type: text/plain\r\n\r\n\
         Messaggio di posta certificata\r\n--busta\r\nContent-Type: message/rfc822; name=\"postacert.eml\"\r\n\
         Content-Disposition: inline; filename=\"postacert.eml\"\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let tail = "\r\n--busta\r\nContent-Type: application/xml; name=\"daticert.xml\"\r\n\
         Content-Disposition: attachment; filename=\"daticert.xml\"\r\n\r\n\
         <?xml version=\"1.0\"?><postacert tipo=\"posta-certificata\" errore=\"nessuno\"><intestazione/>\
         <dati><gestore-emittente>Gestore di prova</gestore-emittente></dati></postacert>\r\n--busta--\r\n--firma\r\n\
         Content-Type: application/x-pkcs7-signature; name=\"smime.p7s\"\r\nContent-Transfer-Encoding: base64\r\n\r\n\
         MIAGCSqGSIb3\r\n--firma--\r\n";
    let body = STANDARD.encode(letter);
    [head.as_bytes(), body.as_bytes(), tail.as_bytes()].concat()
}

fn shown(letter: &[u8]) -> (Evidence, String, String, String) {
    let evidence = Evidence::read(letter, &Limits::default());
    let from = evidence
        .sender()
        .map(|sender| (sender.name.clone(), sender.address.clone()))
        .unwrap_or_default();
    let subject = evidence.subject.clone();
    (evidence, from.0, from.1, subject)
}

fn inline_text(letter: &[u8]) -> Vec<u8> {
    let (evidence, name, address, subject) = shown(letter);
    let mut out = format!(
        "{HEAD}Subject: Fwd: {subject}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nChe ne dite?\r\n\r\n\
         ---------- Forwarded message ---------\r\nDa: {name} <{address}>\r\nDate: lun 17 nov 2025 alle ore 10:00\r\n\
         Subject: {subject}\r\nTo: <ada.bianchi@comune.example>\r\n\r\n\r\n{}\r\n",
        evidence.text
    );
    for link in evidence.clickable().filter(|link| !link.shown.is_empty()) {
        write!(out, "<{}>\r\n", link.target.url).ok();
    }
    out.into_bytes()
}

fn inline_html(letter: &[u8]) -> Vec<u8> {
    let (evidence, name, address, subject) = shown(letter);
    let plain =
        |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('\n', "<br>\r\n");
    let mut out = format!(
        "{HEAD}Subject: I: {subject}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body><p>Guardate questa</p><div><p>\
         <b>Da:</b> {} &lt;{address}&gt;<br><b>Inviato:</b> luned&igrave; 17 novembre 2025 10:00<br>\
         <b>A:</b> Ada Bianchi<br><b>Oggetto:</b> {}</p></div><div>{}</div>",
        plain(&name),
        plain(&subject),
        plain(&evidence.text)
    );
    for link in evidence.clickable() {
        let (target, text) = (link.target.url.replace('"', "%22"), plain(&link.shown));
        write!(out, "<a href=\"{target}\">{text}</a> ").ok();
    }
    out.push_str("</body></html>");
    out.into_bytes()
}
