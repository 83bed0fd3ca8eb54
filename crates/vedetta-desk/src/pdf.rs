//! A document as PDF: A4, in the two faces that every reader has, one column, pages numbered.

use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};
use unicode_normalization::UnicodeNormalization as _;
use vedetta_model::language::Language;

use crate::document::Block;

/// A page, in points.
const PAGE: (f32, f32) = (595.0, 842.0);
/// What stays white around the text.
const MARGIN: f32 = 56.0;
/// Where the value of a fact begins.
const COLUMN: f32 = 150.0;
/// No document has more pages; what follows is left out, and that is said.
const MOST_PAGES: usize = 500;

/// How a piece of text looks.
#[derive(Clone, Copy)]
struct Face {
    bold: bool,
    size: f32,
}

const TITLE: Face = Face { bold: true, size: 17.0 };
const HEADING: Face = Face { bold: true, size: 12.5 };
const BODY: Face = Face { bold: false, size: 10.5 };
const LABEL: Face = Face { bold: true, size: 10.5 };
const FOOT: Face = Face { bold: false, size: 8.5 };

/// A line set on a page.
struct Line {
    face: Face,
    at: (f32, f32),
    text: Vec<u8>,
}

/// Pages being set, from the top.
struct Pages {
    pages: Vec<Vec<Line>>,
    y: f32,
}

/// A document as PDF.
pub(crate) fn write(title: &str, language: Language, blocks: &[Block]) -> Vec<u8> {
    let mut pages = Pages { pages: vec![Vec::new()], y: PAGE.1 - MARGIN };
    pages.set(&[(TITLE, 0.0, title)], 12.0);
    for block in blocks {
        match block {
            Block::Heading(text) => pages.set(&[(HEADING, 0.0, text)], 14.0),
            Block::Paragraph(text) => {
                text.lines().for_each(|line| pages.set(&[(BODY, 0.0, line)], 4.0));
            }
            Block::Item(text) => pages.set(&[(BODY, 0.0, "•"), (BODY, 12.0, text)], 3.0),
            Block::Fact(what, value) => {
                pages.set(&[(LABEL, 0.0, what), (BODY, COLUMN, value)], 3.0);
            }
        }
    }
    assemble(title, language, pages.pages)
}

impl Pages {
    /// Sets columns side by side, below a gap.
    fn set(&mut self, columns: &[(Face, f32, &str)], gap: f32) {
        let ends = columns.iter().skip(1).map(|(_, x, _)| *x - 6.0);
        let ends: Vec<f32> = ends.chain([PAGE.0 - 2.0 * MARGIN]).collect();
        let broken: Vec<Vec<Vec<u8>>> = columns
            .iter()
            .zip(ends)
            .map(|((face, x, text), end)| wrap(text, *face, end - x))
            .collect();
        let tall = columns.iter().map(|(face, ..)| face.size * 1.35).fold(0.0, f32::max);
        let rows = broken.iter().map(Vec::len).max().unwrap_or(0);
        self.y -= gap;
        // A heading takes two lines of what follows with it.
        let headed = columns.iter().any(|(face, ..)| face.size > BODY.size);
        if headed && self.y - 4.0 * tall < MARGIN {
            self.turn();
        }
        for row in 0..rows {
            if self.y - tall < MARGIN {
                self.turn();
            }
            self.y -= tall;
            for ((face, x, _), lines) in columns.iter().zip(&broken) {
                if let (Some(text), Some(page)) = (lines.get(row), self.pages.last_mut()) {
                    let at = (MARGIN + x, self.y);
                    page.push(Line { face: *face, at, text: text.clone() });
                }
            }
        }
    }

    fn turn(&mut self) {
        if self.pages.len() < MOST_PAGES {
            self.pages.push(Vec::new());
        } else if let Some(page) = self.pages.last_mut() {
            page.clear();
            let at = (MARGIN, PAGE.1 - MARGIN);
            page.push(Line { face: LABEL, at, text: encode("[…]") });
        }
        self.y = PAGE.1 - MARGIN;
    }
}

/// Breaks a text into lines of a width, in octets of the face.
fn wrap(text: &str, face: Face, width: f32) -> Vec<Vec<u8>> {
    let (mut lines, mut line) = (Vec::new(), Vec::new());
    for word in text.split_whitespace() {
        let word = encode(word);
        let space = if line.is_empty() { &b""[..] } else { b" " };
        if measure(&[&line[..], space, &word].concat(), face) <= width {
            line = [&line[..], space, &word].concat();
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        // A word longer than the line is broken where it must be.
        for octet in word {
            line.push(octet);
            if measure(&line, face) > width && line.len() > 1 {
                line.pop();
                lines.push(std::mem::replace(&mut line, vec![octet]));
            }
        }
    }
    lines.push(line);
    lines
}

fn measure(text: &[u8], face: Face) -> f32 {
    let units: f32 = text.iter().map(|octet| f32::from(width(*octet, face))).sum();
    units * face.size / 1_000.0
}

/// The octets of a text as Windows-1252, which the faces have; what it has not loses its accent, or
/// becomes a question mark.
fn encode(text: &str) -> Vec<u8> {
    const HIGH: [(char, u8); 17] = [
        ('€', 0x80),
        ('‚', 0x82),
        ('„', 0x84),
        ('…', 0x85),
        ('Š', 0x8a),
        ('Œ', 0x8c),
        ('Ž', 0x8e),
        ('‘', 0x91),
        ('’', 0x92),
        ('“', 0x93),
        ('”', 0x94),
        ('•', 0x95),
        ('–', 0x96),
        ('—', 0x97),
        ('š', 0x9a),
        ('œ', 0x9c),
        ('ž', 0x9e),
    ];
    let known = |c: char| match u32::from(c) {
        code @ (0x20..=0x7e | 0xa0..=0xff) => u8::try_from(code).ok(),
        _ => HIGH.iter().find(|(high, _)| *high == c).map(|(_, octet)| *octet),
    };
    let octet = |c: char| known(c).or_else(|| std::iter::once(c).nfd().find_map(known));
    let told = text.chars().filter(|c| !c.is_control());
    told.map(|c| octet(c).unwrap_or(b'?')).collect()
}

/// The width of a letter in thousandths of its size, as the makers of the faces publish them; of
/// letters with accents that of the letter, of rare signs the widest.
fn width(octet: u8, face: Face) -> u16 {
    #[rustfmt::skip]
    const PLAIN: [u16; 95] = [
        278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
        556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
        611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
        667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
        222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
    ];
    #[rustfmt::skip]
    const BOLD: [u16; 95] = [
        278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
        556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667,
        611, 778, 722, 278, 556, 722, 611, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
        667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556,
        278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
    ];
    let table = if face.bold { &BOLD } else { &PLAIN };
    let plain = match octet {
        0x20..=0x7e => octet,
        0xc0..=0xc5 => b'A',
        0xc8..=0xcb => b'E',
        0xcc..=0xcf => b'I',
        0xd2..=0xd6 => b'O',
        0xd9..=0xdc => b'U',
        0xe0..=0xe5 => b'a',
        0xe8..=0xeb => b'e',
        0xec..=0xef => b'f',
        0xf2..=0xf6 | 0xf9..=0xfc | 0xab | 0xbb | 0x80 | 0x96 => b'o',
        0x91 | 0x92 | 0x82 | 0xa0 => b'!',
        0x93..=0x95 | 0x84 => b'-',
        _ => return 1_000,
    };
    table.get(usize::from(plain.wrapping_sub(0x20))).copied().unwrap_or(1_000)
}

fn assemble(title: &str, language: Language, pages: Vec<Vec<Line>>) -> Vec<u8> {
    const FACES: [(&[u8], &[u8]); 2] = [(b"F1", b"Helvetica"), (b"F2", b"Helvetica-Bold")];
    let mut next = 1..;
    let mut fresh = || Ref::new(next.next().unwrap_or(i32::MAX));
    let (catalog, tree, info) = (fresh(), fresh(), fresh());
    let faces = [fresh(), fresh()];
    let mut pdf = Pdf::new();
    let tag = match language {
        Language::It => "it",
        Language::En => "en",
    };
    pdf.catalog(catalog).pages(tree).lang(TextStr(tag));
    pdf.document_info(info).title(TextStr(title));
    for (id, (_, base)) in faces.iter().zip(FACES) {
        let mut font = pdf.type1_font(*id);
        font.base_font(Name(base)).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    let count = pages.len();
    let ids: Vec<(Ref, Ref)> = pages.iter().map(|_| (fresh(), fresh())).collect();
    let kids = ids.iter().map(|(page, _)| *page);
    pdf.pages(tree).kids(kids).count(i32::try_from(count).unwrap_or(i32::MAX));
    for (place, (lines, (id, content))) in pages.into_iter().zip(ids).enumerate() {
        let mut page = pdf.page(id);
        page.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).parent(tree).contents(content);
        let mut resources = page.resources();
        let mut fonts = resources.fonts();
        for (id, (name, _)) in faces.iter().zip(FACES) {
            fonts.pair(Name(name), *id);
        }
        fonts.finish();
        resources.finish();
        page.finish();
        let foot = encode(&format!("{title} · {}/{count}", place + 1));
        let foot = Line { face: FOOT, at: (MARGIN, MARGIN / 2.0), text: foot };
        pdf.stream(content, &set(lines.into_iter().chain([foot])));
    }
    pdf.finish()
}

fn set(lines: impl Iterator<Item = Line>) -> Vec<u8> {
    let mut content = Content::new();
    for Line { face, at, text } in lines {
        content.begin_text();
        content.set_font(Name(if face.bold { b"F2" } else { b"F1" }), face.size);
        content.next_line(at.0, at.1);
        content.show(Str(&text));
        content.end_text();
    }
    content.finish().to_vec()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_the_faces_have_is_written_and_the_rest_loses_its_accent() {
        assert_eq!(encode("È già «così»: 5 €"), b"\xc8 gi\xe0 \xabcos\xec\xbb: 5 \x80");
        assert_eq!(encode("Krč\u{0}→"), b"Krc?");
    }

    #[test]
    fn a_long_document_is_many_numbered_pages() {
        let items = (0..300).map(|n| Block::Item(format!("riga {n}")));
        let blocks: Vec<_> =
            [Block::Heading("Cronologia".into())].into_iter().chain(items).collect();
        let pdf = write("Rapporto", Language::It, &blocks);
        let text = String::from_utf8_lossy(&pdf);
        assert!(text.starts_with("%PDF-") && text.trim_end().ends_with("%%EOF"));
        let count = text.matches("/Contents").count();
        assert!((5..20).contains(&count), "{count}");
        assert!(text.contains("riga 0") && text.contains("riga 299"));
    }

    proptest! {
        #[test]
        fn no_line_leaves_its_page(text in "[a-zA-Zà ]{0,400}", bold in any::<bool>()) {
            let face = Face { bold, size: 10.5 };
            for line in wrap(&text, face, 200.0) {
                prop_assert!(measure(&line, face) <= 200.0);
            }
        }
    }
}
