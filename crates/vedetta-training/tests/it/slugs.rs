//! A letter for each finding that the model weighs: what people would hand in, and what is noticed.

use base64::Engine as _;
use vedetta_mail::{Desk, Evidence, Limits, findings};

use super::sample;

fn found(letter: &[u8]) -> Vec<&'static str> {
    let evidence = Evidence::read(letter, &Limits::default());
    findings(&evidence, &Desk::shipped()).into_iter().map(|it| it.slug).collect()
}

/// A letter whose head and body are parted by `|`.
fn letter(text: &str) -> Vec<u8> {
    let (head, body) = text.split_once('|').unwrap_or(("", text));
    let from = if head.contains("From:") { "" } else { "From: Ada <ada@vicino.example>\n" };
    let subject = if head.contains("Subject:") { "" } else { "Subject: avviso\n" };
    let kind = if body.contains('<') { "text/html" } else { "text/plain" };
    let head = if head.is_empty() { String::new() } else { format!("{head}\n") };
    format!("{from}{subject}{head}Content-Type: {kind}; charset=utf-8\n\n{body}").into_bytes()
}

fn with_file(said: &str, name: &str, bytes: &[u8]) -> Vec<u8> {
    let content = base64::engine::general_purpose::STANDARD.encode(bytes);
    format!(
        "From: Ada <ada@vicino.example>\nSubject: documenti\nContent-Type: multipart/mixed; boundary=b\n\n\
         --b\nContent-Type: text/plain\n\n{said}\n--b\nContent-Type: application/octet-stream; name=\"{name}\"\n\
         Content-Transfer-Encoding: base64\n\n{content}\n--b--\n"
    )
    .into_bytes()
}

const HERE: &str = "Buongiorno, in allegato il documento che ci aveva chiesto per la pratica.";

const FILES: &[(&str, &str, &str)] = &[
    ("attachment-danger/code", "code.pdf", HERE),
    ("attachment-danger/linked-pdf", "link.pdf", HERE),
    ("link-mismatch/code", "code.png", HERE),
    ("attachment-danger/locked", "locked.zip", HERE),
    ("attachment-danger/page", "form.html", HERE),
    ("attachment-danger/smuggling", "smuggled.html", HERE),
    ("credential-form/password", "form.html", HERE),
    ("kit-structure/attachment-only", "note.tar", ""),
];

const WRITTEN: &[(&str, &str, &[u8])] = &[
    ("attachment-danger/disguised-name", "fattura.pdf.exe", b"MZ\x90\x00"),
    (
        "attachment-danger/embedded",
        "modulo.pdf",
        b"%PDF-1.7\n1 0 obj << /Type /EmbeddedFile >> endobj",
    ),
    (
        "attachment-danger/form",
        "domanda.pdf",
        b"%PDF-1.7\n1 0 obj << /S /SubmitForm /F (https://lontano.invalid/) >> endobj",
    ),
    (
        "attachment-danger/redirect",
        "pagina.html",
        b"<html><meta http-equiv=refresh content='0; url=https://lontano.invalid/'></html>",
    ),
];

const LETTERS: &[(&str, &str)] = &[
    (
        "authentication-failed/dkim",
        "Authentication-Results: mx.example.org; dkim=fail header.d=vicino.example|ciao",
    ),
    (
        "authentication-failed/dmarc",
        "Authentication-Results: mx.example.org; dmarc=fail header.from=vicino.example|ciao",
    ),
    (
        "authentication-failed/spf",
        "Authentication-Results: mx.example.org; spf=fail smtp.mailfrom=vicino.example|ciao",
    ),
    ("borrowed-name/sender", "From: Poste Italiane <a@vicino.example>|Buongiorno"),
    ("borrowed-name/subject", "Subject: Poste Italiane: un avviso per lei|Buongiorno"),
    (
        "borrowed-name/text",
        "|Il servizio clienti di Poste Italiane la informa: https://lontano.invalid/a",
    ),
    (
        "credential-form/form",
        "|<p>Risponda qui</p><form action='https://lontano.invalid/p'><input name=a></form>",
    ),
    (
        "hidden-text/invisible-letters",
        "|V\u{200b}e\u{200b}r\u{200b}i\u{200b}f\u{200b}i\u{200b}c\u{200b}a\u{200b} \u{200b}s\u{200b}u\u{200b}b\u{200b}i\u{200b}t\u{200b}o\u{200b} \u{200b}i\u{200b}l\u{200b} \u{200b}c\u{200b}o\u{200b}n\u{200b}t\u{200b}o",
    ),
    ("hidden-text/mixed-letters", "|Il suo conto P\u{430}yPal è fermo"),
    ("hosting-pattern/address-in-link", "|Apra https://lontano.invalid/?u=ada@comune.example"),
    ("hosting-pattern/all-elsewhere", "|Apra https://lontano.invalid/"),
    ("hosting-pattern/borrowed-site", "|Apra https://lontano.invalid/wp-content/a.php"),
    ("hosting-pattern/cheap-ending", "|Apra https://lontano.top/"),
    ("hosting-pattern/data", "|<a href='data:text/html;base64,PGI+'>Apra</a>"),
    ("hosting-pattern/deep-name", "|Apra https://a.b.c.d.lontano.invalid/"),
    ("hosting-pattern/form", "|Apra https://docs.google.com/forms/d/e/1/viewform"),
    ("hosting-pattern/hyphens", "|Apra https://il-suo-conto-fermo.invalid/"),
    ("hosting-pattern/idn", "|Apra https://xn--caff-dma.invalid/"),
    ("hosting-pattern/numeric", "|Apra http://192.0.2.7/"),
    ("hosting-pattern/plain-http", "|<a href='http://lontano.invalid/'>Apra</a>"),
    ("hosting-pattern/port", "|Apra https://lontano.invalid:8443/"),
    ("hosting-pattern/random-name", "|Apra https://xk3v9qzt7.invalid/"),
    ("hosting-pattern/shared", "|Apra https://conto.web.app/"),
    ("hosting-pattern/shortener", "|Apra https://bit.ly/3xYz"),
    ("hosting-pattern/wrapped", "|Apra https://www.google.com/url?q=https://lontano.invalid/a"),
    ("kit-structure/no-boundary", "Content-Type: multipart/mixed|ciao"),
    (
        "kit-structure/picture-only",
        "|<a href='https://lontano.invalid/'><img src='https://lontano.invalid/a.png'></a>",
    ),
    ("kit-structure/unfilled", "|Gentile {{name}}, apra il messaggio"),
    ("link-mismatch/brand", "|<a href='https://lontano.invalid/'>https://www.poste.it/</a>"),
    (
        "link-mismatch/brand-by-sender",
        "From: a@lontano.com|<a href='https://lontano.com/'>https://www.poste.it/</a>",
    ),
    ("link-mismatch/shown", "|<a href='https://lontano.invalid/'>www.giardino.com</a>"),
    (
        "link-mismatch/tracked",
        "From: a@lontano.com|<a href='https://t.lontano.com/'>www.giardino.com</a>",
    ),
    ("link-mismatch/user", "|Apra https://www.poste.it@lontano.invalid/"),
    ("lookalike-domain/added-words", "|Apra https://poste-verifica.com/"),
    ("lookalike-domain/ending", "|Apra https://unicredit.top/"),
    ("lookalike-domain/prefix", "|Apra https://www.poste.it.lontano.invalid/"),
    ("lookalike-domain/typo", "|Apra https://intesasanpalo.com/"),
    ("lure/bank-change", "|Da oggi usi il nuovo IBAN per lo stipendio"),
    ("lure/blocked", "|La casella verrà sospesa"),
    ("lure/call-back", "|Chiami subito lo 06 555 0100"),
    ("lure/chief", "|Sono in riunione, ho bisogno di un favore"),
    ("lure/credentials", "|Verifica il tuo account"),
    ("lure/document", "|Visualizza il documento"),
    ("lure/extortion", "|Ho registrato con la tua webcam: paga in bitcoin"),
    ("lure/fine", "|Multa non pagata"),
    ("lure/gift-card", "|Mi servono tre carte regalo"),
    ("lure/greeting", "|Gentile cliente, buongiorno"),
    ("lure/parcel", "|Il suo pacco è in giacenza"),
    ("lure/payment", "|Il bonifico e la fattura scaduta"),
    ("lure/prize", "|Congratulazioni, hai vinto"),
    ("lure/public-service", "|Rinnova SPID adesso"),
    ("lure/remedies", "|Viagra e casino: clicca qui"),
    ("lure/tax", "|Hai diritto a un rimborso"),
    ("lure/urgency", "|Risponda entro 24 ore"),
    ("return-path-mismatch/elsewhere", "Return-Path: <a@lontano.invalid>|ciao"),
    ("return-path-mismatch/free-mail", "Return-Path: <a@gmail.com>|ciao"),
    (
        "sender-mismatch/name-is-an-address",
        "From: \"capo@comune.example\" <a@lontano.invalid>|ciao",
    ),
    ("sender-mismatch/no-address", "From: Il capo|ciao"),
    ("sender-mismatch/reply-to", "Reply-To: a@lontano.invalid|ciao"),
    ("sender-mismatch/reply-to-free-mail", "Reply-To: a@gmail.com|ciao"),
    ("sender-mismatch/role-at-free-mail", "From: Ufficio Personale <a@gmail.com>|ciao"),
    ("sender-mismatch/unrelated-name", "From: Nordlicht Spedizioni <q7@lontano.invalid>|ciao"),
    ("true-sender/links", "|Il verbale è su https://www.vicino.example/verbale"),
    ("true-sender/name", "From: Vicino <info@vicino.example>|Buongiorno"),
];

#[test]
fn each_finding_that_weighs_has_a_letter_that_shows_it() {
    let mut shown = vec!["much-to-read", "hidden-text/padding", "lookalike-domain/among-many"];
    let mut missing = Vec::new();
    let files = FILES
        .iter()
        .map(|(slug, name, said)| (*slug, with_file(said, name, &sample("mail_file", name))));
    let written = WRITTEN.iter().map(|(slug, name, bytes)| (*slug, with_file(HERE, name, bytes)));
    let letters = LETTERS.iter().map(|(slug, text)| (*slug, letter(text)));
    for (slug, bytes) in files.chain(written).chain(letters) {
        let found = found(&bytes);
        if !found.contains(&slug) {
            missing.push((slug, found));
        }
        shown.push(slug);
    }
    assert_eq!(missing, []);
    let weights = include_str!("../../../vedetta-mail/data/weights.json");
    let weights: serde_json::Value = serde_json::from_str(weights).unwrap();
    for slug in weights["findings"].as_object().unwrap().keys() {
        assert!(shown.contains(&slug.as_str()), "{slug} has no letter");
    }
}

#[test]
fn an_ordinary_letter_shows_none_of_them() {
    let found = found(&letter(
        "|Ciao Luca, la riunione è giovedì alle dieci in sala giunta. A presto, Ada",
    ));
    assert!(
        found.iter().all(|slug| matches!(*slug, "text-model" | "true-sender/links")),
        "{found:?}"
    );
}

/// A newsletter of `sites` sites, its articles long enough to be read.
fn newsletter(sites: usize, more: &str) -> Vec<u8> {
    let article = "La redazione racconta come una piccola biblioteca ha riaperto dopo tre anni di lavori, con \
        una sala per i bambini, un cortile e un calendario di letture che comincia sabato mattina. ";
    let articles: String = (0..sites.max(9))
        .map(|n| {
            format!("<p>{article}<a href='https://giornale{}.example/{n}'>Leggi</a></p>", n % sites)
        })
        .collect();
    letter(&format!("|{articles}{more}"))
}

#[test]
fn what_one_of_many_sites_is_called_says_little_in_a_newsletter() {
    const ODD: &str =
        "<a href='https://poste-verifica.com/'>qui</a> <a href='https://lontano.top:8443/'>qui</a>";
    let many = found(&newsletter(12, ODD));
    assert!(
        many.contains(&"much-to-read") && many.contains(&"lookalike-domain/among-many"),
        "{many:?}"
    );
    assert!(
        !many.contains(&"hosting-pattern/port") && !many.contains(&"hosting-pattern/cheap-ending")
    );
    let few = found(&newsletter(2, ODD));
    assert!(
        few.contains(&"lookalike-domain/added-words") && few.contains(&"hosting-pattern/port"),
        "{few:?}"
    );
}

#[test]
fn of_a_long_text_one_phrase_is_no_lure() {
    let long = found(&newsletter(40, "<p>Le iscrizioni chiudono entro 24 ore.</p>"));
    assert!(!long.contains(&"lure/urgency"), "{long:?}");
    let often = "<p>Ultimo avviso: agisci ora, entro 24 ore. Azione richiesta immediatamente.</p>";
    assert!(found(&newsletter(40, often)).contains(&"lure/urgency"));
}

#[test]
fn text_that_nobody_sees_is_noticed_as_padding() {
    let hidden = "parole qualunque ".repeat(200);
    let padded =
        found(&letter(&format!("|<p>Apra subito</p><div style='display:none'>{hidden}</div>")));
    assert!(padded.contains(&"hidden-text/padding"), "{padded:?}");
}

#[test]
fn a_name_and_an_address_that_agree_say_nothing_where_the_sender_may_be_forged() {
    let agree =
        |head: &str| found(&letter(&format!("{head}|Buongiorno"))).contains(&"true-sender/name");
    assert!(agree("From: Giardino <info@giardino.example>"));
    let failed =
        "Authentication-Results: mx.example.org; spf=fail smtp.mailfrom=giardino.example\n";
    assert!(!agree(&format!("{failed}From: Giardino <info@giardino.example>")));
    assert!(!agree("From: Poste Italiane <info@poste.it>"), "nobody vouches for it");
    assert!(!agree("From: Poste Verifica <info@poste-verifica.com>"), "it imitates another");
}
