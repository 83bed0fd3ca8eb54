//! Files that somebody hands in without the message that they came with.

use vedetta_mail::{
    Case, Desk, Evidence, Form, Header, Limits, Nature, Obstacle, Opinion, Reply, Verdict, letters,
};
use vedetta_model::Language;

use super::corpus::{corpus, sample};

fn judged(bytes: &[u8]) -> (Evidence, Opinion) {
    let desk = Desk::shipped();
    Evidence::read(bytes, &Limits::default()).judged(&desk)
}

#[test]
fn a_file_by_itself_is_studied_as_a_file() {
    for (name, nature, link) in [
        ("link.pdf", Nature::Pdf, "documento.invalid"),
        ("macro.docm", Nature::OfficeXml, "modello.invalid"),
        ("form.html", Nature::Html, "raccolta.invalid"),
        ("code.png", Nature::Picture, "accesso.invalid"),
        ("code_jpeg.pdf", Nature::Pdf, "accesso.invalid"),
        ("hidden.svg", Nature::Svg, "svg.invalid"),
        ("object.rtf", Nature::Rtf, "rtf.invalid"),
        ("program.zip", Nature::Zip, "leggi.invalid"),
        ("start.lnk", Nature::Shortcut, "lnk.invalid"),
        ("text.gz", Nature::Gzip, "gz.invalid"),
        ("note.tar", Nature::Tar, "tar.invalid"),
        ("invite.ics", Nature::Calendar, "riunione.invalid"),
    ] {
        let bytes = sample("mail_file", name);
        assert_eq!(letters(&bytes, 20, None).each.len(), 1, "{name}");
        let (evidence, _) = judged(&bytes);
        assert_eq!((evidence.form(), evidence.header), (Form::File, Header::None), "{name}");
        let file = evidence.attachments.iter().find(|file| file.nature == nature);
        assert_eq!(file.map(|file| file.sha256.len()), Some(64), "{name}");
        let hosts: Vec<&str> = evidence.links.iter().map(|it| it.target.host.as_str()).collect();
        assert!(hosts.contains(&link), "{name}: {hosts:?}");
        assert!(evidence.unread.iter().any(|it| it.why == Obstacle::NoMessage), "{name}");
    }
}

#[test]
fn no_file_by_itself_is_called_legitimate() {
    for (name, bytes) in corpus("mail_file") {
        let (evidence, opinion) = judged(&bytes);
        let alone = evidence.form() == Form::File;
        assert!(!alone || opinion.verdict != Verdict::ProbablyLegitimate, "{name}");
        assert!(!evidence.unread.is_empty(), "{name}");
    }
    for name in ["program.zip", "form.html", "smuggled.html", "start.lnk"] {
        let (_, opinion) = judged(&sample("mail_file", name));
        assert!(opinion.verdict <= Verdict::Suspicious, "{name}: {:?}", opinion.verdict);
    }
    let (evidence, opinion) = judged(b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n");
    assert_eq!(opinion.verdict, Verdict::Undetermined);
    let said = Reply::new(&opinion, &evidence, Language::It, &Case::default()).text;
    assert!(said.contains("un allegato (tipo PDF): è un file da solo"), "{said}");
    assert!(said.contains("mandi il messaggio con cui è arrivato"), "{said}");
}

#[test]
fn a_message_stays_one_however_it_begins() {
    for text in [
        "BM Italia le scrive: il pacco è in giacenza",
        "MZ: ciao\r\n\r\nCi vediamo domani in ufficio per il verbale",
        "Subject: %PDF-1.4 in allegato\r\n\r\nEcco",
        "From: a@b.example\r\nContent-Type: text/html\r\n\r\n<html><body>Ciao</body></html>",
        "From a@example.org Mon Nov 17 10:00:00 2025\nSubject: BM\n\n<html>",
    ] {
        assert_ne!(judged(text.as_bytes()).0.form(), Form::File, "{text}");
    }
    for (name, bytes) in corpus("mail_message") {
        let bytes = letters(&bytes, 20, None).each[0].to_vec();
        assert_ne!(judged(&bytes).0.form(), Form::File, "{name}");
    }
}

#[test]
fn what_was_signed_whole_is_the_message() {
    let letter =
        b"From: Poste <x@evil.invalid>\r\nSubject: Pacco\r\n\r\nhttps://lure.invalid/p\r\n";
    let data =
        [&[0x04, 0x82][..], &u16::try_from(letter.len()).unwrap().to_be_bytes(), letter].concat();
    let signed = [
        &b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80\x02\x01\x01\x31\x00\x30\x80"[..],
        b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\xa0\x80",
        &data,
        b"\0\0\0\0\0\0",
    ]
    .concat();
    let (evidence, _) = judged(&signed);
    assert_eq!((evidence.form(), evidence.subject.as_str()), (Form::Direct, "Pacco"));
    assert_eq!(evidence.links[0].target.host, "lure.invalid");
    assert_eq!(evidence.unread, []);
}

#[test]
fn messages_within_a_file_are_judged_with_it() {
    let mut zip = Vec::new();
    let lure = b"From: Poste Italiane <a@verifica.invalid>\nSubject: Conto sospeso\nContent-Type: text/html\n\n\
        <a href='http://192.0.2.7/poste'>https://www.poste.it/</a><form><input type=password></form>";
    let mut directory = Vec::new();
    for (name, content) in [("nota.txt", &b"ciao"[..]), ("lure.eml", lure)] {
        let (offset, size) =
            (u32::try_from(zip.len()).unwrap(), u32::try_from(content.len()).unwrap());
        let length = u16::try_from(name.len()).unwrap();
        zip.extend(b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0");
        zip.extend([size.to_le_bytes(), size.to_le_bytes()].concat());
        zip.extend([length.to_le_bytes(), [0, 0]].concat());
        zip.extend(name.bytes().chain(content.iter().copied()));
        directory.extend(b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0");
        directory.extend([size.to_le_bytes(), size.to_le_bytes()].concat());
        directory.extend(length.to_le_bytes());
        directory.extend([0; 12]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.bytes());
    }
    let at = u32::try_from(zip.len()).unwrap();
    zip.extend(directory);
    zip.extend(b"PK\x05\x06");
    zip.extend([0; 12]);
    zip.extend(at.to_le_bytes());
    zip.extend([0, 0]);
    let (evidence, opinion) = judged(&zip);
    assert_eq!((evidence.subject.as_str(), opinion.verdict), ("Conto sospeso", Verdict::Malicious));
}
