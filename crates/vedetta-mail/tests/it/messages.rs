//! Messages in the forms in which people hand them on.

use base64::Engine as _;
use vedetta_mail::{Evidence, Form, Header, Limits, Obstacle, Outcome, letters};

use super::corpus::{corpus, sample};

fn read(name: &str) -> Evidence {
    Evidence::read(&sample("mail_message", name), &Limits::default())
}

fn unread(evidence: &Evidence) -> Vec<Obstacle> {
    evidence.unread.iter().map(|unread| unread.why).collect()
}

#[test]
fn the_same_lure_comes_out_of_every_form() {
    for (name, forms) in [
        ("direct.eml", vec![]),
        ("attached.eml", vec![Form::Attached]),
        ("attached_base64.eml", vec![Form::Attached]),
        ("pec.eml", vec![Form::Pec]),
        ("inline_outlook.eml", vec![Form::Inline]),
        ("inline_gmail.eml", vec![Form::Inline]),
    ] {
        let inline = forms.contains(&Form::Inline);
        let evidence = read(name);
        assert_eq!(evidence.forms, forms, "{name}");
        assert_eq!(evidence.from[0].address, "avvisi@spedizioni.invalid", "{name}");
        assert_eq!(evidence.from[0].name, "Poste Italiane", "{name}");
        assert_eq!(evidence.subject, "Il pacco è in giacenza", "{name}");
        assert!(evidence.text.trim().starts_with("Gentile cliente, il pacco è"), "{name}");
        let targets: Vec<_> = evidence.links.iter().map(|link| link.target.host.as_str()).collect();
        assert!(targets.contains(&"tracking.invalid"), "{name}");
        assert!(
            !targets.contains(&"comune.example"),
            "{name}: the reporter's own links are left out"
        );
        assert_eq!(evidence.header == Header::Quoted, inline, "{name}");
        let spf = if inline { Outcome::Absent } else { Outcome::Fail };
        assert_eq!(evidence.authentication.spf, spf, "{name}");
        assert_eq!(evidence.unread, [], "{name}");
    }
    let certificate = read("pec.eml").certificate.unwrap();
    assert_eq!(certificate.sender, "tizio@pec.example");
}

#[test]
fn certified_mail_is_told_from_what_was_only_put_in_its_envelope() {
    let pec = String::from_utf8(sample("mail_message", "pec.eml")).unwrap();
    let forwarded = |letter: &str| {
        let head = "From: ada@comune.example\r\nSubject: Fwd: sospetta\r\nMIME-Version: 1.0\r\n\
            Content-Type: multipart/mixed; boundary=f\r\n\r\n--f\r\n\r\nGuardate\r\n--f\r\n\
            Content-Type: message/rfc822; name=\"segnalata.eml\"\r\n\r\n";
        Evidence::read(format!("{head}{letter}\r\n--f--\r\n").as_bytes(), &Limits::default())
    };
    let within = forwarded(&pec);
    assert_eq!(within.forms, [Form::Attached, Form::Pec]);
    assert_eq!(within.from[0].address, "avvisi@spedizioni.invalid");
    assert_eq!(within.certificate.map(|it| it.sender), Some("tizio@pec.example".into()));

    // Ordinary mail to a certified mailbox: signed by the provider, certified by nobody.
    let (head, _) = pec.split_once("Content-Type: application/xml").unwrap();
    let anomaly = head
        .replace("POSTA CERTIFICATA: pacco", "ANOMALIA MESSAGGIO: pacco")
        .replace("X-Trasporto: posta-certificata", "X-Trasporto: errore")
        .replace("name=\"postacert.eml\"", "name=\"messaggio.eml\"");
    let anomaly =
        format!("{}--\n--s--\n", anomaly.trim_end().trim_end_matches("--o").to_owned() + "--o");
    for (evidence, forms) in [
        (Evidence::read(anomaly.as_bytes(), &Limits::default()), vec![Form::Pec]),
        (forwarded(&anomaly), vec![Form::Attached, Form::Pec]),
    ] {
        assert_eq!(evidence.forms, forms);
        assert_eq!(evidence.from[0].address, "avvisi@spedizioni.invalid");
        assert_eq!(evidence.certificate, None);
        assert_eq!(evidence.unread, []);
        let desk = vedetta_mail::Desk::shipped();
        let (judged, _) = evidence.judged(&desk);
        assert_eq!(judged.subject, "Il pacco è in giacenza", "the provider is not the sender");
    }
    let forged = anomaly.replace("posta-certificata@gestore", "avvisi@gestore");
    let evidence = Evidence::read(forged.as_bytes(), &Limits::default());
    assert_eq!(evidence.forms, [Form::Attached], "a field is anybody's");
}

#[test]
fn several_handed_on_together_are_looked_at_each() {
    let packed = sample("mail_message", "zip_of_two.eml");
    let hosts = |bytes: &[u8]| -> Vec<String> {
        let read = |letter: &[u8]| Evidence::read(letter, &Limits::default());
        let found = letters(bytes, 20, None);
        assert_eq!(found.left_out, 0);
        found.each.iter().map(|letter| read(letter).links[0].target.host.clone()).collect()
    };
    assert_eq!(hosts(&packed), ["lure1.invalid", "lure2.invalid"]);
    let part = |n: usize| {
        format!(
            "--b\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n\
             From: x@lure{n}.invalid\r\nSubject: s\r\n\r\nhttp://lure{n}.invalid/\r\n"
        )
    };
    let both = |more: &str| {
        format!(
            "From: ada@comune.example\r\nSubject: due\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=b\r\n\r\n{}{}{more}--b--\r\n",
            part(3),
            part(4)
        )
    };
    assert_eq!(hosts(both("").as_bytes()), ["lure3.invalid", "lure4.invalid"]);
    let link = "--b\r\nContent-Type: text/plain\r\n\r\nhttp://lure5.invalid/\r\n";
    let luring = both(link);
    let count = |by| letters(luring.as_bytes(), 20, by).each.len();
    assert_eq!(
        count(Some("Ada@comune.example")),
        2,
        "a link in the signature of who hands them in"
    );
    let around = [None, Some("luca@comune.example")].map(count);
    assert_eq!(around, [1, 1], "what is around is somebody else's, and lures");
    let program = "--b\r\nContent-Type: application/octet-stream; name=a.exe\r\n\r\nMZ\r\n";
    let carrying = both(program);
    assert_eq!(
        letters(carrying.as_bytes(), 20, None).each.len(),
        1,
        "what carries more is looked at as it is"
    );
    let picture = |bytes: &[u8]| {
        let body = base64::engine::general_purpose::STANDARD.encode(bytes);
        let part =
            "--b\r\nContent-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64";
        both(&format!("{part}\r\n\r\n{body}\r\n"))
    };
    let logo = picture(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01");
    assert_eq!(hosts(logo.as_bytes()), ["lure3.invalid", "lure4.invalid"]);
    for (name, host) in [("form.html", "raccolta.invalid"), ("code.png", "accesso.invalid")] {
        let hidden = picture(&sample("mail_file", name));
        assert_eq!(letters(hidden.as_bytes(), 20, None).each.len(), 1, "{name}");
        let evidence = Evidence::read(hidden.as_bytes(), &Limits::default());
        let mut links = evidence.layers.iter().flat_map(|it| &it.links);
        assert!(links.any(|it| it.target.host == host), "{name}");
    }
}

/// A message as Outlook saves it ([MS-OXMSG]).
fn outlook(header: &str, subject: &str, text: &str) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(std::io::Cursor::new(Vec::new())).unwrap();
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for (name, content) in [
        ("/__properties_version1.0", vec![0; 32]),
        ("/__substg1.0_0037001F", wide(subject)),
        ("/__substg1.0_007D001F", wide(header)),
        ("/__substg1.0_1000001F", wide(text)),
    ] {
        std::io::Write::write_all(&mut file.create_stream(name).unwrap(), &content).unwrap();
    }
    file.flush().unwrap();
    file.into_inner().into_inner()
}

#[test]
fn what_outlook_saves_is_read_with_its_header() {
    let header = "From: Poste Italiane <avvisi@spedizioni.invalid>\r\nTo: ada@comune.example\r\n\
                  Subject: =?utf-8?Q?Il_pacco_=C3=A8_in_giacenza?=\r\nAuthentication-Results: mx.comune.example; spf=fail smtp.mailfrom=spedizioni.invalid\r\n";
    let saved = outlook(header, "Il pacco è in giacenza", "Paghi qui: https://tracking.invalid/p");
    let evidence = Evidence::read(&saved, &Limits::default());
    assert_eq!(evidence.forms, [Form::Outlook]);
    assert_eq!(evidence.from[0].address, "avvisi@spedizioni.invalid");
    assert_eq!(evidence.subject, "Il pacco è in giacenza");
    assert_eq!(evidence.links[0].target.host, "tracking.invalid");
    assert_eq!(evidence.authentication.spf, Outcome::Fail);
}

#[test]
fn what_is_shown_is_kept_beside_where_it_goes() {
    let evidence = read("direct.eml");
    let link = evidence.links.iter().find(|link| !link.shown.is_empty()).unwrap();
    assert_eq!(link.shown_host().map(|shown| shown.host), Some("www.poste.it".into()));
    assert_eq!(link.target.host, "tracking.invalid");
    let hidden = read("hidden.eml");
    assert!(hidden.text.contains("Password scaduta") && hidden.invisible == 2);
    assert!(hidden.hidden.contains("torta di mele"));
    let code = read("code.eml");
    assert_eq!(code.links[0].target.host, "accesso.invalid");
    let drawn = base64::engine::general_purpose::STANDARD.encode(sample("mail_file", "code.png"));
    let escaped = drawn.replace('=', "%3D").replace('/', "%2f");
    for source in [
        format!("data:image/png;base64,{drawn}"),
        format!(" DATA:Image/PNG;charset=x; BASE64,{escaped}"),
        format!("data:;base64,{drawn}"),
    ] {
        let head = "From: a@b.example\nSubject: s\nContent-Type: text/html\n\n";
        let page = format!("{head}<img src=\"{source}\">");
        let within = Evidence::read(page.as_bytes(), &Limits::default());
        let host = within.links.first().map(|link| link.target.host.as_str());
        assert_eq!(host, Some("accesso.invalid"), "drawn in the page itself: {source}");
    }
}

#[test]
fn an_archive_is_opened_with_the_password_of_the_text() {
    let opened = read("locked_zip.eml");
    assert!(opened.links.iter().any(|link| link.target.host == "raccolta.invalid"));
    assert_eq!(opened.unread, []);
    assert_eq!(unread(&read("locked_zip_silent.eml")), [Obstacle::Encrypted]);
}

#[test]
fn collections_are_their_messages() {
    for name in ["mailbox.mbox", "packed.zip"] {
        let bytes = sample("mail_message", name);
        let letters = letters(&bytes, 20, None).each;
        assert_eq!(letters.len(), 2, "{name}");
        let first = Evidence::read(&letters[0], &Limits::default());
        let second = Evidence::read(&letters[1], &Limits::default());
        assert_eq!(
            (first.subject.as_str(), second.subject.as_str()),
            ("Il pacco è in giacenza", "Ciao"),
            "{name}"
        );
    }
}

#[test]
fn what_is_not_read_is_named() {
    assert_eq!(unread(&read("picture.eml")), [Obstacle::Remote]);
    assert_eq!(unread(&read("empty.eml")), [Obstacle::Empty]);
    assert_eq!(unread(&read("twelve_levels.eml")), [Obstacle::TooDeep]);
    let bounce = read("bounce.eml");
    assert!(bounce.bounce && bounce.forms.is_empty());
    let limits = Limits { message: 100, ..Limits::default() };
    let cut = Evidence::read(&sample("mail_message", "direct.eml"), &limits);
    assert!(unread(&cut).contains(&Obstacle::TooLarge));
}

#[test]
fn a_lure_that_comes_back_within_a_notice_is_judged_and_the_notice_is_not_blamed() {
    let notice = "From: Mailer-Daemon@mx.example.org\nSubject: Mail delivery failed\nAuto-Submitted: auto-replied\n\n\
        The message could not be delivered.\n\n------ This is a copy of the message, including all the headers. ------\n\n";
    let with = |name: &str| [notice.as_bytes(), &sample("mail_message", name)].concat();
    let evidence = Evidence::read(&with("direct.eml"), &Limits::default());
    assert!(evidence.text.trim_end().ends_with("delivered.") && evidence.links.is_empty());
    assert_eq!(evidence.layers[0].subject, "Il pacco è in giacenza");
    let (judged, opinion) = evidence.judged(&vedetta_mail::Desk::shipped());
    assert_eq!(judged.from[0].address, "avvisi@spedizioni.invalid");
    assert!(opinion.verdict <= vedetta_mail::Verdict::Suspicious);
}

#[test]
fn hostile_sizes_are_bounded() {
    let line = [b"Subject: x\r\n\r\n".to_vec(), vec![b'a'; 30 << 20]].concat();
    assert!(unread(&Evidence::read(&line, &Limits::default())).contains(&Obstacle::TooLarge));
    let folded = [b"Subject: x\r\n".to_vec(), b" y\r\n".repeat(1 << 20)].concat();
    assert!(Evidence::read(&folded, &Limits::default()).subject.len() < 40_000);
}

#[test]
fn messages_cut_anywhere_are_an_answer() {
    for (_, bytes) in corpus("mail_message") {
        for cut in (0..bytes.len()).step_by((bytes.len() / 60).max(1)) {
            let evidence = Evidence::read(&bytes[..cut], &Limits::default());
            assert!(evidence.forms.len() <= 7);
        }
    }
}
