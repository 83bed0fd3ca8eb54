//! What is made so that it is not read, or costs much to read: each is read, or named.

use std::io::Write as _;

use vedetta_mail::{Evidence, Limits, Obstacle, Origin};

fn read(letter: &[u8]) -> Evidence {
    Evidence::read(letter, &Limits::default())
}

fn why(evidence: &Evidence) -> Vec<Obstacle> {
    evidence.unread.iter().map(|unread| unread.why).collect()
}

fn with_file(kind: &str, content: &[u8]) -> Vec<u8> {
    let text = "Gentile utente, in allegato il documento che ci aveva chiesto. Cordiali saluti.";
    let head = format!(
        "From: a@b.example\nSubject: s\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n{text}\n\
         --b\nContent-Type: {kind}\nContent-Disposition: attachment\n\n"
    );
    [head.as_bytes(), content, b"\n--b--\n"].concat()
}

#[test]
fn texts_beside_one_another_are_all_read() {
    let letter = |kind: &str| {
        format!(
            "From: a@b.example\nSubject: s\nContent-Type: multipart/{kind}; boundary=b\n\n--b\nContent-Type: text/html\n\n\
             <p>Buongiorno, ecco il verbale della riunione.</p>\n--b\nContent-Type: text/plain\n\nVerifica il tuo account\n--b--\n"
        )
    };
    assert!(read(letter("mixed").as_bytes()).text.contains("Verifica il tuo account"));
    assert!(!read(letter("alternative").as_bytes()).text.contains("Verifica"));
}

#[test]
fn padding_hides_no_lure() {
    use vedetta_mail::{Desk, findings};
    let letter = format!(
        "From: a@b.example\nSubject: s\n\nCiao{}verifica il tuo account",
        " \n".repeat(40_000)
    );
    let found = findings(&read(letter.as_bytes()), &Desk::shipped());
    assert!(found.iter().any(|it| it.slug == "lure/credentials"));
    let links: String = (0..300).map(|n| format!("https://s{n}.example/ ")).collect();
    let letter = format!("From: a@b.example\nSubject: s\n\n{links} https://poste-verifica.com/");
    let found = findings(&read(letter.as_bytes()), &Desk::shipped());
    assert!(found.iter().any(|it| it.slug == "lookalike-domain/added-words"));
}

#[test]
fn what_is_in_a_text_as_a_file_is_a_file() {
    let letter = b"From: a@b.example\nSubject: s\n\nEcco il programma.\n\nbegin 644 fattura.exe\n\"35H`\n`\nend\n";
    let evidence = read(letter);
    assert_eq!(evidence.attachments[0].name, "fattura.exe");
}

#[test]
fn files_of_other_formats_are_named() {
    let pdf = |dictionary: &str, body: &str| {
        format!(
            "%PDF-1.4\n1 0 obj\n<< {dictionary} /Length 9 >>\nstream\n{body}\nendstream\nendobj\n"
        )
    };
    let webp = [b"RIFF\x00\x02\0\0WEBPVP8 ".as_slice(), &[7; 400]].concat();
    let bitmap = [b"BM".as_slice(), &[7; 400]].concat();
    let tiff = [b"II*\0".as_slice(), &[7; 400]].concat();
    let note = [b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d".as_slice(), &[7; 90]].concat();
    for (kind, content, expected) in [
        ("image/webp; name=a.webp", webp, Obstacle::Unsupported),
        ("image/bmp; name=a.bmp", bitmap, Obstacle::Unsupported),
        ("image/tiff; name=a.tif", tiff, Obstacle::Unsupported),
        ("application/onenote; name=a.one", note, Obstacle::Unsupported),
        (
            "application/pdf; name=a.pdf",
            pdf("/Filter /LZWDecode", "x").into_bytes(),
            Obstacle::Unsupported,
        ),
        (
            "application/pdf; name=a.pdf",
            pdf("/Filter [/ASCII#385Decode /FlateDecode]", "x").into_bytes(),
            Obstacle::Unsupported,
        ),
        (
            "application/octet-stream; name=a.pgp",
            b"-----BEGIN PGP MESSAGE-----\nx".to_vec(),
            Obstacle::Encrypted,
        ),
        ("application/pkcs7-mime; name=a.p7m", vec![0x30, 3, 2, 1, 1], Obstacle::Encrypted),
    ] {
        assert_eq!(why(&read(&with_file(kind, &content))), [expected], "{kind}");
    }
    let locked = "From: a@b.example\nSubject: s\nContent-Type: multipart/encrypted; boundary=b\n\n\
        --b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream\n\nx\n--b--\n";
    assert!(why(&read(locked.as_bytes())).contains(&Obstacle::Encrypted));
    let within = b"From: a@b.example\nSubject: s\n\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n";
    assert_eq!(why(&read(within)), [Obstacle::Encrypted]);
}

#[test]
fn a_name_in_escapes_is_read() {
    let pdf = b"%PDF-1.4\n1 0 obj\n<< /A << /UR#49 (https://raccolta.invalid/x) >> /#4aavaScript 1 >>\nendobj\n";
    let evidence = read(&with_file("application/pdf; name=a.pdf", pdf));
    let link = evidence.links.iter().find(|link| link.origin == Origin::Pdf);
    assert_eq!(link.map(|link| link.target.host.as_str()), Some("raccolta.invalid"));
}

/// An archive of members that say their own place, encrypted or not.
fn zip(members: &[(u32, u32)], flags: u16, body: &[u8]) -> Vec<u8> {
    let mut out = b"PK\x03\x04".to_vec();
    out.extend([0; 22]);
    out.extend(1_u16.to_le_bytes());
    out.extend(0_u16.to_le_bytes());
    out.push(b'a');
    out.extend(body);
    let directory = u32::try_from(out.len()).unwrap();
    for (offset, crc) in members {
        out.extend(b"PK\x01\x02");
        out.extend([20, 0, 20, 0]);
        out.extend(flags.to_le_bytes());
        out.extend(8_u16.to_le_bytes());
        out.extend([0; 4]);
        out.extend(crc.to_le_bytes());
        out.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
        out.extend(1_u32.to_le_bytes());
        out.extend(1_u16.to_le_bytes());
        out.extend([0; 12]);
        out.extend(offset.to_le_bytes());
        out.push(b'a');
    }
    out.extend(b"PK\x05\x06");
    out.extend([0; 12]);
    out.extend(directory.to_le_bytes());
    out.extend([0; 2]);
    out
}

#[test]
fn an_archive_whose_members_share_their_bytes_is_read_once() {
    let mut deflated = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    deflated.write_all(&vec![b'x'; 1 << 20]).unwrap();
    let body = deflated.finish().unwrap();
    let evidence = read(&with_file("application/zip; name=a.zip", &zip(&[(0, 0); 200], 0, &body)));
    let inside = evidence.attachments.iter().filter(|file| file.within.is_some()).count();
    assert!(inside <= 1 && why(&evidence).contains(&Obstacle::Damaged));
}
