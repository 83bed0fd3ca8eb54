use super::{Opinion, Verdict};
use crate::budget::Limits;
use crate::desk::{Acquaintance, Desk, Known, Sought};
use crate::evidence::Evidence;

fn opinion(letter: &str) -> Opinion {
    Opinion::of(&Evidence::read(letter.as_bytes(), &Limits::default()), &Desk::shipped())
}

const FORM: &str = "From: Poste Italiane <avvisi@verifica.invalid>\nSubject: Conto sospeso\n\
    Authentication-Results: mx.example.org; spf=pass; dkim=pass header.d=verifica.invalid; dmarc=pass\n\
    Content-Type: text/html\n\n<p>Gentile cliente, il conto verrà sospeso entro 24 ore. \
    <a href='http://192.0.2.7/poste/login.php'>https://www.poste.it/accedi</a></p>\
    <form action='http://192.0.2.7/p'><input type=password></form>";

#[test]
fn a_pass_reassures_nobody() {
    let passed = opinion(FORM);
    assert_eq!(passed.verdict, Verdict::Malicious);
    assert_eq!(passed.weightiest().count(), 3);
    let unrecorded = opinion(&FORM.replace("Authentication-Results", "X-Other"));
    assert_eq!(unrecorded.probability, passed.probability);
}

#[test]
fn words_alone_are_never_malicious() {
    let words = "Urgente! Il tuo account verrà sospeso entro 24 ore: verifica il tuo account, password scade, \
                 hai vinto, gift card, nuovo iban, bitcoin la tua webcam, dear customer. ";
    let said = opinion(&format!(
        "From: a <a@somewhere.example>\nSubject: urgente\n\n{}",
        words.repeat(20)
    ));
    assert_ne!(said.verdict, Verdict::Malicious);
    assert_ne!(said.verdict, Verdict::ProbablyLegitimate);
}

#[test]
fn what_was_not_read_is_never_legitimate() {
    for unread in [
        "Content-Type: application/x-7z-compressed; name=a.7z\nContent-Transfer-Encoding: base64\n\nN3q8ryccAAQ=",
        "Content-Type: text/html\n\n<img src=https://a.example/x.png>",
        "\n",
    ] {
        let said = opinion(&format!("From: Ada <ada@comune.example>\nSubject: ciao\n{unread}"));
        assert_ne!(said.verdict, Verdict::ProbablyLegitimate, "{unread}");
        assert_ne!(said.verdict, Verdict::Spam, "{unread}");
    }
}

#[test]
fn an_ordinary_message_is_probably_legitimate() {
    let said = opinion(
        "From: Ada <ada@comune.example>\nSubject: Riunione di giovedì\n\nCiao Luca, ti confermo la riunione di giovedì alle dieci in sala giunta. Porto io le copie del verbale. A presto, Ada",
    );
    assert_eq!(said.verdict, Verdict::ProbablyLegitimate);
}

#[test]
fn what_is_known_decides() {
    struct One;
    impl Known for One {
        fn look_up(&self, kind: Sought, value: &str) -> Option<Acquaintance> {
            let known = kind == Sought::Domain && value == "noto.invalid";
            known.then(|| Acquaintance { source: "indicator--1".into(), campaign: None })
        }
    }
    let letter = "From: Ada <ada@comune.example>\nSubject: verbale\n\nEcco il verbale: https://noto.invalid/x A presto";
    let desk = Desk { known: &One, ..Desk::shipped() };
    let said = Opinion::of(&Evidence::read(letter.as_bytes(), &Limits::default()), &desk);
    assert_eq!(said.verdict, Verdict::Malicious);
    assert_eq!(said.reasons[0].finding.slug, "known-indicator");
}
