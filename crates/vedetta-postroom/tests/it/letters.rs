//! Messages of our own making: lures, and letters that hand them on.

/// A lure, the `n`th of its wave: another sender, the same text and site.
pub(crate) fn lure(n: usize, site: &str) -> String {
    format!(
        "Received: from x (192.0.2.7) by mx.comune.example; Mon, 2 Mar 2026 08:00:00 +0100\r\n\
         From: Poste Italiane <avviso{n}@{site}>\r\nTo: Ada Bianchi <ada.bianchi@comune.perugia.example>\r\n\
         Subject: Il suo pacco e in giacenza {n}\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/html; charset=utf-8\r\n\r\n\
         <html><body><p>Gentile Ada Bianchi,</p><p>il suo pacco delle Poste Italiane si trova in giacenza presso il \
         nostro deposito perch&eacute; mancano le spese di spedizione di 1,99 euro. Per evitare la restituzione al \
         mittente la preghiamo di confermare i suoi dati e la carta di pagamento entro 24 ore, altrimenti il conto \
         sar&agrave; bloccato.</p><p><a href=\"http://{site}/poste/login.php?u=ada.bianchi@comune.perugia.example\">\
         https://www.poste.it/pacco</a></p></body></html>\r\n"
    )
}

/// One of the same wave that tells less of itself: nobody's name, and a link that does not lie.
pub(crate) fn milder(n: usize, site: &str) -> String {
    let letter = lure(n, site).replace("Poste Italiane <", "Ufficio consegne <");
    letter.replace("https://www.poste.it/pacco", "Conferma")
}

/// A letter of a colleague that nobody should worry about.
pub(crate) fn harmless() -> String {
    "From: Luca Verdi <luca.verdi@comune.perugia.example>\r\nTo: ada.bianchi@comune.perugia.example\r\n\
     Subject: Riunione di domani\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
     Ciao Ada, la riunione sul bilancio si sposta alle undici in sala verde. A domani, Luca\r\n"
        .into()
}

/// A message attached to a letter, with what a receiver recorded of the letter.
pub(crate) fn handing_on(from: &str, recorded: &str, message: &str) -> Vec<u8> {
    format!(
        "Authentication-Results: {recorded}\r\nFrom: Chi segnala <{from}>\r\n\
         To: segnalazioni@vedetta.example\r\nSubject: Guardate questa\r\nMessage-ID: <lettera-1@comune.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"x\"\r\n\r\n--x\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\nMi sembra strana.\r\n--x\r\n\
         Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename=\"m.eml\"\r\n\r\n{message}\r\n--x--\r\n"
    )
    .into_bytes()
}

/// What the receiver of these tests records of who proved themselves.
pub(crate) const PROVEN: &str = "mx.comune.example; dmarc=pass header.from=comune.perugia.example";
