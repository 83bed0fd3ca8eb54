//! Attachments by what they are.

use vedetta_mail::{Limits, Nature, Obstacle, Trait, study_file};

use super::corpus::{corpus, sample};

struct Found {
    nature: Nature,
    traits: Vec<Trait>,
    links: Vec<String>,
    unread: Vec<Obstacle>,
}

fn study(name: &str) -> Found {
    let (attachments, links, unread) =
        study_file(name, &sample("mail_file", name), &Limits::default());
    Found {
        nature: attachments.last().unwrap().nature,
        traits: attachments.iter().flat_map(|file| file.traits.clone()).collect(),
        links: links.into_iter().map(|link| link.target.url).collect(),
        unread: unread.into_iter().map(|unread| unread.why).collect(),
    }
}

#[test]
fn codes_are_read_in_every_picture() {
    for name in ["code.png", "code.jpg", "code.gif", "code.pdf", "code_jpeg.pdf"] {
        let found = study(name);
        assert_eq!(found.links, ["https://accesso.invalid/qr?id=1"], "{name}");
        assert!(found.traits.contains(&Trait::Code), "{name}");
    }
}

#[test]
fn documents_tell_their_links_and_actions() {
    for (name, nature, link, what) in [
        ("link.pdf", Nature::Pdf, "https://documento.invalid/a(b)", Trait::AutoAction),
        ("macro.docm", Nature::OfficeXml, "https://modello.invalid/t.dotm", Trait::RemoteTemplate),
        ("form.html", Nature::Html, "https://raccolta.invalid/p.php", Trait::PasswordForm),
        ("smuggled.html", Nature::Html, "https://raccolta.invalid/q", Trait::Smuggling),
        ("hidden.svg", Nature::Svg, "https://svg.invalid/x", Trait::Redirect),
        ("start.lnk", Nature::Shortcut, "https://lnk.invalid/x", Trait::Executable),
        ("object.rtf", Nature::Rtf, "https://rtf.invalid/x", Trait::EmbeddedObject),
        ("program.zip", Nature::Zip, "https://leggi.invalid/x", Trait::DoubleExtension),
    ] {
        let found = study(name);
        assert_eq!(found.nature, nature, "{name}");
        assert!(found.links.contains(&link.to_owned()), "{name}: {:?}", found.links);
        assert!(found.traits.contains(&what), "{name}: {:?}", found.traits);
        assert_eq!(found.unread, [], "{name}");
    }
    assert!(study("macro.docm").traits.contains(&Trait::Macro));
    for (name, link) in [("text.gz", "gz"), ("note.tar", "tar"), ("invite.ics", "riunione")] {
        assert_eq!(study(name).links, [format!("https://{link}.invalid/x")], "{name}");
    }
}

#[test]
fn what_is_not_read_is_named() {
    for (name, why) in [
        ("locked.pdf", Obstacle::Encrypted),
        ("locked.zip", Obstacle::Encrypted),
        ("bomb.zip", Obstacle::TooLarge),
        ("within.zip", Obstacle::TooDeep),
        ("disk.iso", Obstacle::Unsupported),
        ("packed.7z", Obstacle::Unsupported),
        ("odd.bin", Obstacle::Unsupported),
    ] {
        assert_eq!(study(name).unread, [why], "{name}");
    }
    assert!(study("bomb.zip").traits.contains(&Trait::Bomb));
}

#[test]
fn a_document_read_in_part_says_so() {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packed, &vec![b' '; 5 << 20]).unwrap();
    let head = b"%PDF-1.4\n1 0 obj <</Filter /FlateDecode>> stream\n";
    let whole = [&head[..], &packed.finish().unwrap(), b"\nendstream endobj"].concat();
    let (_, _, unread) = study_file("grande.pdf", &whole, &Limits::default());
    assert_eq!(unread.first().map(|it| it.why), Some(Obstacle::TooLarge));
}

#[test]
fn files_cut_anywhere_are_an_answer() {
    for (name, bytes) in corpus("mail_file") {
        for cut in (0..bytes.len()).step_by((bytes.len() / 60).max(1)) {
            let (attachments, ..) = study_file(&name, &bytes[..cut], &Limits::default());
            assert!(!attachments.is_empty(), "{name} cut at {cut}");
        }
    }
}
