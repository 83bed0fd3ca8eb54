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

/// A page that draws the code of `code.png`: each dark run of a row by itself.
fn drawn(shape: fn(usize, usize, usize) -> String) -> Vec<u8> {
    let decoder = png::Decoder::new(std::io::Cursor::new(sample("mail_file", "code.png")));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    let (width, height) = (frame.width as usize, frame.height as usize);
    let (row, bytes) = (frame.line_size, frame.color_type.samples());
    let dark = |x: usize, y: usize| match frame.bit_depth {
        png::BitDepth::One => pixels[y * row + x / 8] >> (7 - x % 8) & 1 == 0,
        _ => pixels[y * row + x * bytes] < 128,
    };
    let mut page = "q 0.5 0 0 0.5 20 40 cm 1 g 0 0 9000 9000 re f 0 g\n".to_owned();
    for y in 0..height {
        let mut x = 0;
        while x < width {
            let run = (x..width).take_while(|x| dark(*x, y)).count();
            if run > 0 {
                page += &shape(x, height - y, run);
            }
            x += run + 1;
        }
    }
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, (page + "Q").as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let head =
        format!("%PDF-1.7\n1 0 obj << /Length {} /Filter /FlateDecode >> stream\n", packed.len());
    [head.as_bytes(), &packed, b"\nendstream endobj\n%%EOF"].concat()
}

#[test]
fn a_code_that_a_page_draws_is_read() {
    let shapes: [fn(usize, usize, usize) -> String; 2] = [
        |x, y, run| format!("{x} {y} {run} 1 re f\n"),
        |x, y, run| {
            let (end, top) = (x + run, y + 1);
            format!("{x} {y} m {end} {y} l {end} {top} l {x} {top} l h f*\n")
        },
    ];
    for shape in shapes {
        let (_, links, unread) = study_file("pagina.pdf", &drawn(shape), &Limits::default());
        let links: Vec<&str> = links.iter().map(|link| link.target.url.as_str()).collect();
        assert_eq!(links, ["https://accesso.invalid/qr?id=1"]);
        assert_eq!(unread, []);
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
