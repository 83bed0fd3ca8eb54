//! Each check finds what it is for, and says so to the reporter and to the analyst, in both languages.

use vedetta_mail::{Desk, Evidence, Limits, findings};

use super::corpus::sample;

/// A letter: fields, then a text.
fn letter(fields: &str, text: &str) -> Vec<u8> {
    let from = if fields.contains("From:") { "" } else { "From: Anna <anna@a.example>\n" };
    format!("{from}Subject: s\n{fields}\n\n{text}\n").into_bytes()
}

fn page(html: &str) -> Vec<u8> {
    letter("Content-Type: text/html; charset=utf-8", html)
}

fn with_file(name: &str) -> Vec<u8> {
    let head = "Content-Type: multipart/mixed; boundary=b";
    let part = format!("--b\nContent-Disposition: attachment; filename={name}\n\n");
    let mut bytes = letter(head, &part);
    bytes.extend(sample("mail_file", name));
    bytes.extend(b"\n--b--\n");
    bytes
}

fn recorded(results: &str) -> Vec<u8> {
    letter(&format!("Authentication-Results: mx.a.example; {results}"), "Buongiorno.")
}

#[test]
fn each_check_finds_what_it_is_for_and_tells_everybody() {
    let from = |sender: &str| letter(&format!("From: {sender}"), "Buongiorno, a domani.");
    let to = |link: &str| letter("X: y", &format!("Ecco il documento: {link}"));
    let messages: Vec<(&str, Vec<u8>)> = vec![
        ("authentication-failed/dmarc", recorded("dmarc=fail header.from=a.example")),
        ("authentication-failed/spf", recorded("spf=fail smtp.mailfrom=a.example")),
        ("authentication-failed/dkim", recorded("dkim=fail header.d=a.example")),
        ("sender-mismatch/reply-to", letter("Reply-To: <x@b.example>", "Buongiorno.")),
        ("sender-mismatch/reply-to-free-mail", letter("Reply-To: <x@gmail.com>", "Buongiorno.")),
        ("sender-mismatch/name-is-an-address", from("\"sindaco@b.example\" <x@a.example>")),
        ("sender-mismatch/no-address", from("\"Anna\" <anna>")),
        ("sender-mismatch/role-at-free-mail", from("\"Assistenza clienti\" <x@gmail.com>")),
        ("sender-mismatch/unrelated-name", from("\"Giulia Fontana\" <qk@zzv.example>")),
        ("return-path-mismatch/elsewhere", letter("Return-Path: <x@b.example>", "Buongiorno.")),
        ("return-path-mismatch/free-mail", letter("Return-Path: <x@gmail.com>", "Buongiorno.")),
        ("borrowed-name/sender", from("Poste Italiane <x@a.example>")),
        ("lookalike-domain/added-words", to("https://poste-verifica.com/x")),
        ("lookalike-domain/typo", from("Anna <x@posteitalanie.it>")),
        ("link-mismatch/brand", page("<a href='https://a.invalid/x'>https://www.poste.it/</a>")),
        ("link-mismatch/shown", page("<a href='https://a.invalid/x'>www.comune.roma.it</a>")),
        ("link-mismatch/user", to("https://www.poste.it@a.invalid/x")),
        ("link-mismatch/code", with_file("code.png")),
        ("hosting-pattern/numeric", to("http://192.0.2.7/x")),
        ("hosting-pattern/port", to("https://a.invalid:8443/x")),
        ("hosting-pattern/idn", to("https://xn--pste-5na.example/x")),
        ("hosting-pattern/shared", to("https://accesso.web.app/x")),
        ("hosting-pattern/form", to("https://forms.gle/x")),
        ("hosting-pattern/shortener", to("https://bit.ly/x")),
        ("hosting-pattern/cheap-ending", to("https://accesso.top/x")),
        ("hosting-pattern/hyphens", to("https://la-mia-area-utente.example/x")),
        ("hosting-pattern/deep-name", to("https://www.a.b.c.d.example/x")),
        ("hosting-pattern/address-in-link", to("https://a.invalid/?u=ada@comune.example")),
        ("hosting-pattern/plain-http", to("http://a.invalid/x")),
        ("hosting-pattern/all-elsewhere", to("https://b.invalid/x")),
        (
            "credential-form/password",
            page("<form action='https://a.invalid/p'><input type=password></form>"),
        ),
        ("credential-form/form", page("<form action='https://a.invalid/p'><input name=a></form>")),
        ("attachment-danger/macro", with_file("macro.docm")),
        ("attachment-danger/remote-template", with_file("macro.docm")),
        ("attachment-danger/shortcut", with_file("start.lnk")),
        ("attachment-danger/disk-image", with_file("disk.iso")),
        ("attachment-danger/smuggling", with_file("smuggled.html")),
        ("attachment-danger/bomb", with_file("bomb.zip")),
        ("attachment-danger/locked", with_file("locked.zip")),
        ("attachment-danger/disguised-name", with_file("program.zip")),
        ("attachment-danger/auto-action", with_file("link.pdf")),
        ("lure/credentials", letter("X: y", "Verifica il tuo account.")),
        ("lure/bank-change", letter("X: y", "Le comunichiamo il nuovo IBAN.")),
        ("lure/gift-card", letter("X: y", "Mi servono carte regalo.")),
        ("lure/parcel", letter("X: y", "Il suo pacco in giacenza.")),
        ("lure/public-service", letter("X: y", "Rinnova SPID.")),
        ("hidden-text/mixed-letters", letter("X: y", "Il tuo \u{440}\u{430}ypal.")),
        ("kit-structure/unfilled", letter("X: y", "Caro ##email##, buongiorno.")),
        (
            "kit-structure/picture-only",
            page("<a href='https://a.invalid/x'><img src='https://a.invalid/i.png'></a>"),
        ),
        ("true-sender/name", from("Anagrafica <x@anagrafica.example>")),
        ("text-model", letter("X: y", "Your account was suspended, verify your password.")),
    ];
    for (slug, bytes) in messages {
        let found = findings(&Evidence::read(&bytes, &Limits::default()), &Desk::shipped());
        let slugs: Vec<&str> = found.iter().map(|finding| finding.slug).collect();
        assert!(slugs.contains(&slug), "{slug}: {slugs:?}");
        for finding in found {
            for said in [&finding.reporter, &finding.analyst] {
                assert!(!said.it.is_empty() && !said.en.is_empty(), "{}", finding.slug);
            }
            let told = format!("{} {}", finding.reporter.it, finding.reporter.en);
            assert!(!told.contains("://"), "{}: no live link: {told}", finding.slug);
            let noted = format!("{} {}", finding.analyst.it, finding.analyst.en);
            assert!(!noted.contains("https://"), "{}: defanged: {noted}", finding.slug);
        }
    }
}
