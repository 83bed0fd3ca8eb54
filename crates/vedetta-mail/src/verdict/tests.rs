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
    assert_eq!(passed.weightiest().len(), 3);
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
fn friendly_words_do_not_talk_a_grave_fact_away() {
    const FRIENDLY: &str = "Ciao Luca, come d'accordo ti mando il verbale della riunione di giovedì in sala giunta. \
        Se trovi qualcosa da correggere scrivimi pure, domani sono in ufficio tutto il giorno. Un caro saluto a te e \
        ai colleghi della segreteria, a presto, Ada";
    let with = |kind: &str, body: &str| {
        opinion(&format!(
            "From: Ada Neri <ada.neri@studioneri.example>\nSubject: Verbale della riunione\n\
             Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n\
             <p>{FRIENDLY}</p>\n--b\nContent-Type: {kind}\n\n{body}\n--b--\n"
        ))
    };
    let program = with("application/octet-stream; name=verbale.exe", "MZ");
    let script = with("text/javascript; name=verbale.js", "var a = 1;");
    let smuggled = with(
        "text/html; name=verbale.html",
        "<script>var b = new Blob([atob(x)]); URL.createObjectURL(b);</script>",
    );
    let elsewhere =
        with("text/html", "<a href='http://192.0.2.7/accedi'>https://www.poste.it/accedi</a>");
    for (said, what) in [(program, "exe"), (script, "js"), (smuggled, "page"), (elsewhere, "link")]
    {
        let suspicious = matches!(said.verdict, Verdict::Suspicious | Verdict::Malicious);
        assert!(suspicious, "{what}: {:?} {}", said.verdict, said.probability);
    }
}

#[test]
fn unwanted_needs_a_sign_of_advertising_and_near_certainty_is_suspicious() {
    use super::{Confidence, Finding, Group, Reason, Severity, word};
    let finding = Finding::new(
        "kit-structure/no-boundary",
        Group::Structure,
        Severity::Low,
        Confidence::Medium,
    );
    let odd = [Reason { weight: 0.4, finding }];
    assert_eq!(word(&odd, 0.95, (true, true)), Verdict::Suspicious);
    assert_eq!(word(&odd, 0.7, (true, true)), Verdict::Spam);
    assert_eq!(word(&odd, 0.7, (true, false)), Verdict::Undetermined);
    assert_eq!(word(&odd, 0.7, (false, true)), Verdict::Undetermined);
    assert_eq!(word(&odd, 0.3, (true, false)), Verdict::ProbablyLegitimate);
}

const LURE: &str = "From: Poste <a@verifica.invalid>\nSubject: Conto sospeso\nContent-Type: text/html\n\n\
    Gentile cliente, verifichi il conto entro 24 ore: <a href='http://192.0.2.7/p'>https://www.poste.it/</a>";
const HARMLESS: &str = "From: Ada <ada@comune.example>\nSubject: Riunione di giovedì\n\n\
    Ciao Luca, ti confermo la riunione di giovedì alle dieci in sala giunta. A presto, Ada";

fn carrying(header: &str, text: &str, inner: &str, name: &str) -> String {
    format!(
        "{header}\nContent-Type: multipart/mixed; boundary=out\n\n--out\nContent-Type: text/html\n\n{text}\n\
         --out\nContent-Type: message/rfc822; name={name}\nContent-Disposition: attachment; filename={name}\n\n{inner}\n--out--\n"
    )
}

#[test]
fn the_worst_of_what_was_handed_in_as_one_is_judged() {
    let (head, text) = LURE.split_once("Content-Type: text/html\n\n").unwrap();
    let lure_around = carrying(head.trim_end(), text, HARMLESS, "verbale.eml");
    let envelope = carrying(
        &format!("{}\nX-Trasporto: posta-certificata", head.trim_end()),
        text,
        HARMLESS,
        "a.eml",
    );
    let reporter = "From: Luca <luca@comune.example>\nSubject: I: Conto";
    let carried = carrying(reporter, "Lo segnalo. Luca", LURE, "lure.eml");
    let twice =
        carrying(reporter, "Lo segnalo. Luca", &lure_around.replace("out", "in"), "lure.eml");
    let long = format!("{} <a href=https://www.facebook.com/c>.</a>", "Buongiorno. ".repeat(400));
    let beside = carrying(reporter, &long, LURE, "lure.eml");
    for (letter, what) in [
        (lure_around, "around"),
        (envelope, "envelope"),
        (carried, "carried"),
        (twice, "twice"),
        (beside, "beside"),
    ] {
        let own = ["comune.example".to_owned()];
        let desk = Desk { own_domains: &own, ..Desk::shipped() };
        let read = Evidence::read(letter.as_bytes(), &Limits::default());
        let (evidence, said) = read.judged(&desk);
        assert_eq!(said.verdict, Verdict::Malicious, "{what}");
        assert_eq!(evidence.from[0].address, "a@verifica.invalid", "{what}");
        assert_eq!(
            Opinion::of(&Evidence::read(letter.as_bytes(), &Limits::default()), &desk).verdict,
            Verdict::Malicious
        );
    }
    let own = ["comune.example".to_owned()];
    let desk = Desk { own_domains: &own, ..Desk::shipped() };
    let note = "È sospetta? Chiede di verificare il tuo account entro 24 ore. Luca <a href=https://www.comune.example/>.</a>";
    let harmless = carrying(reporter, note, HARMLESS, "verbale.eml");
    let (evidence, said) = Evidence::read(harmless.as_bytes(), &Limits::default()).judged(&desk);
    assert_eq!(
        evidence.from[0].address, "ada@comune.example",
        "what the reporter writes is no lure"
    );
    assert!(!matches!(said.verdict, Verdict::Malicious), "{:?}", said.reasons);
}

#[test]
fn what_stands_above_a_quotation_is_judged_too() {
    let letter = "From: Poste <a@verifica.invalid>\nSubject: I: Conto\nContent-Type: text/html\n\n\
        <p>Verifichi il conto entro 24 ore: <a href='http://192.0.2.7/p'>https://www.poste.it/</a></p>\
        <p>Da: Ada &lt;ada@comune.example&gt;<br>Inviato: lunedì<br>A: Luca<br>Oggetto: Riunione</p>\
        <p>Ciao Luca, ti confermo la riunione di giovedì alle dieci in sala giunta. A presto, Ada</p>";
    let (evidence, said) =
        Evidence::read(letter.as_bytes(), &Limits::default()).judged(&Desk::shipped());
    assert_eq!(said.verdict, Verdict::Malicious);
    assert_eq!(evidence.from[0].address, "a@verifica.invalid");
    assert!(evidence.clickable().any(|link| link.target.host == "192.0.2.7"));
}

#[test]
fn a_message_within_an_archive_or_a_signature_is_judged() {
    let der = |tag: u8, inside: &[u8]| {
        let length = u32::try_from(inside.len()).unwrap().to_be_bytes();
        [&[tag, 0x84], &length[..], inside].concat()
    };
    let oid = |last: u8| [b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07", &[last][..]].concat();
    let data = [oid(1), der(0xa0, &der(0x04, LURE.as_bytes()))].concat();
    let signed = [oid(2), der(0xa0, &der(0x30, &der(0x30, &data)))].concat();
    let coded =
        |octets: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, octets);
    let letter = |octets: &[u8]| {
        format!(
            "From: Ada <ada@comune.example>\nSubject: verbale\nContent-Type: application/pkcs7-mime; name=smime.p7m\n\
             Content-Transfer-Encoding: base64\n\n{}",
            coded(octets)
        )
    };
    assert_eq!(opinion(&letter(&der(0x30, &signed))).verdict, Verdict::Malicious);
    let locked = der(0x30, &[oid(3), der(0xa0, b"x")].concat());
    assert_eq!(opinion(&letter(&locked)).verdict, Verdict::Undetermined);
}

#[test]
fn a_place_that_is_known_needs_a_second_fact() {
    struct One(Sought);
    impl Known for One {
        fn look_up(&self, kind: Sought, value: &str) -> Option<Acquaintance> {
            let known = kind == self.0 && value.contains("noto.invalid");
            known.then(|| Acquaintance {
                source: "indicator--1".into(),
                campaign: Some("campaign--1".into()),
            })
        }
    }
    let letter = "From: Ada <ada@comune.example>\nSubject: verbale\n\nEcco il verbale: https://noto.invalid/x A presto";
    let of = |kind, letter: &str| {
        let one = One(kind);
        let desk = Desk { known: &one, ..Desk::shipped() };
        Opinion::of(&Evidence::read(letter.as_bytes(), &Limits::default()), &desk)
    };
    let said = of(Sought::Url, letter);
    assert_eq!(
        (said.verdict, said.reasons[0].finding.slug),
        (Verdict::Malicious, "known-indicator")
    );
    assert!(
        !said.reasons[0].finding.reporter.it.contains("campaign"),
        "a number says nothing to people"
    );
    assert_eq!(of(Sought::Domain, letter).verdict, Verdict::Suspicious);
    let more = letter
        .replace("verbale: ", "verbale: http://192.0.2.7/x ")
        .replace("Ada <", "Poste Italiane <");
    assert_eq!(of(Sought::Domain, &more).verdict, Verdict::Malicious);
}

#[test]
fn what_came_with_a_message_vouches_for_nobody() {
    let own = ["comune.example".to_owned()];
    let desk = Desk { own_domains: &own, ..Desk::shipped() };
    let slugs = |results: &str| -> Vec<&'static str> {
        let letter =
            format!("{results}From: Ada <ada@comune.example>\nSubject: s\n\nCiao, a presto");
        let said = Opinion::of(&Evidence::read(letter.as_bytes(), &Limits::default()), &desk);
        said.reasons
            .iter()
            .map(|it| it.finding.slug)
            .filter(|it| it.contains("own-domain"))
            .collect()
    };
    let pass =
        |by: &str| format!("Authentication-Results: {by}; dkim=pass header.d=comune.example\n");
    assert_eq!(slugs(&pass("mx.comune.example")), [""; 0]);
    assert_eq!(slugs(&pass("mx.evil.invalid")), ["sender-mismatch/own-domain-unrecorded"]);
    let chain =
        "ARC-Authentication-Results: i=1; mx.comune.example; dkim=pass header.d=comune.example\n";
    assert_eq!(slugs(chain), ["sender-mismatch/own-domain-unrecorded"]);
    assert_eq!(slugs(""), ["sender-mismatch/own-domain-unrecorded"]);
    let fails =
        "Authentication-Results: mx.comune.example; dkim=none; spf=fail smtp.mailfrom=x.invalid\n";
    assert_eq!(slugs(fails), ["sender-mismatch/own-domain"]);
}

#[test]
fn an_envelope_that_names_another_sender_is_odd() {
    let envelope = |declared: &str| {
        format!(
            "From: \"Per conto di: x\" <posta-certificata@gestore.example>\nSubject: POSTA CERTIFICATA: s\n\
             Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822; name=postacert.eml\n\n\
             From: Ada <ada@pec.example>\nSubject: s\n\nCiao, a presto.\n--b\nContent-Type: application/xml; name=daticert.xml\n\n\
             <postacert><mittente>{declared}</mittente></postacert>\n--b--\n"
        )
    };
    let odd = |declared: &str| {
        opinion(&envelope(declared))
            .reasons
            .iter()
            .any(|it| it.finding.slug == "sender-mismatch/certified")
    };
    assert!(odd("altri@pec.example") && !odd("Ada@pec.example"));
}

#[test]
fn a_number_to_call_is_what_a_message_without_links_wants() {
    let said = opinion(
        "From: Assistenza <a@fatture.invalid>\nSubject: Addebito\n\nAbbiamo addebitato 489 euro. Se non ha autorizzato il pagamento chiami subito il numero 06 5550 1234.",
    );
    assert!(said.reasons.iter().any(|it| it.finding.slug == "lure/call-back"));
    let plain =
        opinion("From: a@b.example\nSubject: s\n\nSe non ha autorizzato altri, venga di persona.");
    assert!(!plain.reasons.iter().any(|it| it.finding.slug == "lure/call-back"));
}
