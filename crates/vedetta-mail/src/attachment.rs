//! Attachments by what they are, not by what they say: never opened by a program, only read.

mod archive;
mod calendar;
mod drawn;
mod markup;
pub(crate) mod office;
mod pdf;
mod picture;
mod program;
mod signed;
mod sniff;
mod zip;

use serde::Serialize;
use sha2::Digest as _;

use crate::budget::{Budget, Limits, Obstacle, Unread};
use crate::header::Headers;
use crate::link::{Link, Origin};

pub use sniff::Nature;
pub(crate) use zip::Zip;

/// A file that came with the message, or within another.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Attachment {
    /// The name it has.
    pub name: String,
    /// The type it declares.
    pub declared: String,
    /// What it is.
    pub nature: Nature,
    /// Bytes, decoded.
    pub size: usize,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
    /// SHA-1, lower-case hexadecimal.
    pub sha1: String,
    /// MD5, lower-case hexadecimal.
    pub md5: String,
    /// TLSH, where the file is long and varied enough.
    pub tlsh: Option<String>,
    /// What is remarkable in it.
    pub traits: Vec<Trait>,
    /// The name of the file that it was in.
    pub within: Option<String>,
}

/// Something remarkable in a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trait {
    /// A program, or a script that the system runs.
    Executable,
    /// A shortcut that starts something.
    Shortcut,
    /// A disk image: what is in it escapes the mark of the web.
    DiskImage,
    /// Macros.
    Macro,
    /// A template or object fetched from elsewhere when it is opened.
    RemoteTemplate,
    /// A field that starts a program (DDE).
    Dde,
    /// A file within a document.
    EmbeddedObject,
    /// A PDF with scripts.
    Script,
    /// A PDF that acts by itself when opened.
    AutoAction,
    /// A PDF that starts a program.
    Launch,
    /// A page that asks for a password.
    PasswordForm,
    /// A page that sends a form.
    WebForm,
    /// A page that unpacks a file or a page by script.
    Smuggling,
    /// A page that goes elsewhere by itself.
    Redirect,
    /// Locked with a password.
    Encrypted,
    /// Locked, and the password stands in the text of the message.
    OpenedWithPassword,
    /// The name hides what it is (`fattura.pdf.exe`).
    DoubleExtension,
    /// The name says one type, the content is another.
    Disguised,
    /// A QR code with a link.
    Code,
    /// Unpacked it is hundreds of times larger.
    Bomb,
}

/// What is gathered while attachments are studied.
pub(crate) struct Study<'a> {
    pub(crate) budget: &'a mut Budget,
    /// Words of the text that may be passwords.
    pub(crate) passwords: &'a [String],
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) links: Vec<Link>,
    /// What documents say.
    pub(crate) text: String,
    /// Messages within archives and signatures, to be looked at as messages.
    pub(crate) letters: Vec<Vec<u8>>,
}

/// Messages within files that are looked at.
const MOST_LETTERS: usize = 8;

const LONGEST_TEXT: usize = 256 << 10;
const LARGEST_FUZZY: usize = 4 << 20;

impl<'a> Study<'a> {
    pub(crate) fn new(budget: &'a mut Budget, passwords: &'a [String]) -> Self {
        let (attachments, links, letters) = (Vec::new(), Vec::new(), Vec::new());
        Self { budget, passwords, attachments, links, text: String::new(), letters }
    }

    /// Studies a file and what is in it.
    pub(crate) fn file(&mut self, name: &str, declared: &str, bytes: &[u8]) {
        self.nested(&Place { name, declared, within: None, depth: 0 }, bytes);
    }

    fn nested(&mut self, place: &Place<'_>, bytes: &[u8]) {
        let name = place.name;
        if !self.budget.part(name) {
            return;
        }
        if place.depth > self.budget.limits.depth / 2 {
            self.budget.unread(name, Obstacle::TooDeep);
            return;
        }
        let nature = Nature::of(name, place.declared, bytes);
        let mut traits = sniff::disguises(name, nature);
        let links = self.links.len();
        match nature {
            Nature::Pdf => pdf::study(self, name, bytes, &mut traits),
            Nature::Zip
            | Nature::Gzip
            | Nature::Tar
            | Nature::SevenZip
            | Nature::Rar
            | Nature::OtherArchive => {
                archive::study(self, place, (nature, bytes), &mut traits);
            }
            Nature::OfficeXml | Nature::OpenDocument => {
                office::study_xml(self, name, bytes, &mut traits)
            }
            Nature::Ole => office::study_ole(self, name, bytes, &mut traits),
            Nature::Rtf => office::study_rtf(self, name, bytes, &mut traits),
            Nature::OneNote => {
                traits.push(Trait::EmbeddedObject);
                self.budget.unread(name, Obstacle::Unsupported);
            }
            Nature::Html | Nature::Svg => markup::study(self, name, bytes, &mut traits),
            Nature::Picture => picture::study(self, name, bytes, &mut traits),
            Nature::Calendar => calendar::study(self, name, bytes),
            Nature::Shortcut => program::study_shortcut(self, name, bytes, &mut traits),
            Nature::Program => traits.push(Trait::Executable),
            Nature::DiskImage => {
                traits.push(Trait::DiskImage);
                self.budget.unread(name, Obstacle::Unsupported);
            }
            Nature::Text => self.read_text(name, bytes),
            Nature::Message => self.letter(name, bytes),
            Nature::Signature => signed::study(self, place, bytes),
            Nature::Empty | Nature::Media => {}
            Nature::Tnef => self.budget.unread(name, Obstacle::Unsupported),
            Nature::Unknown => self.unknown(name, bytes),
        }
        self.links.truncate(self.budget.limits.links.max(links));
        traits.sort_unstable();
        traits.dedup();
        self.attachments.push(described(place, nature, bytes, traits));
    }

    fn letter(&mut self, name: &str, bytes: &[u8]) {
        if self.letters.len() < MOST_LETTERS {
            self.letters.push(bytes.to_vec());
        } else {
            self.budget.unread(name, Obstacle::TooMany);
        }
    }

    fn read_text(&mut self, name: &str, bytes: &[u8]) {
        let part = bytes.get(..self.budget.limits.text).unwrap_or(bytes);
        if part.len() < bytes.len() {
            self.budget.unread(name, Obstacle::TooLarge);
        }
        let text = transfer::charset::decode(part, None);
        self.add_text(name, &text);
        self.text_links(name, &text, Origin::Attachment);
    }

    /// What nobody recognises may hold anything.
    fn unknown(&mut self, name: &str, bytes: &[u8]) {
        self.budget.unread(name, Obstacle::Unsupported);
        let text = String::from_utf8_lossy(bytes.get(..65_536).unwrap_or(bytes));
        self.text_links(name, &text, Origin::Attachment);
    }

    fn add_text(&mut self, name: &str, text: &str) {
        let room = LONGEST_TEXT.saturating_sub(self.text.len());
        let end = text.floor_char_boundary(room);
        self.text.push_str(text.get(..end).unwrap_or_default());
        self.text.push('\n');
        if end < text.len() {
            self.budget.unread(name, Obstacle::TooLarge);
        }
    }

    fn text_links(&mut self, name: &str, text: &str, origin: Origin) {
        let most = self.budget.limits.links;
        let mut urls = crate::text::urls(text);
        for written in urls.by_ref().take(most) {
            self.link("", written, origin);
        }
        if urls.next().is_some() {
            self.budget.unread(name, Obstacle::TooMany);
        }
    }

    fn link(&mut self, shown: &str, written: &str, origin: Origin) {
        for link in Link::all(shown, written, origin) {
            if self.links.contains(&link) {
                continue;
            }
            if self.links.len() < self.budget.limits.links {
                self.links.push(link);
            } else {
                self.budget.unread("1", Obstacle::TooMany);
            }
        }
    }
}

/// The name under which bytes are looked at that are a file and no message; none when they may be one.
pub(crate) fn alone(bytes: &[u8]) -> Option<&'static str> {
    if signed::is_envelope(bytes) {
        return Some("smime.p7m");
    }
    let nature = Nature::of("", "", bytes);
    let written =
        matches!(nature, Nature::Pdf | Nature::Rtf | Nature::Html | Nature::Svg | Nature::Calendar);
    // An invitation begins as a header does; of what else is text, all may be a message.
    let headed = nature != Nature::Calendar && Headers::begin(bytes);
    if headed || !written && sniff::is_text(bytes) {
        return None;
    }
    let name = match nature {
        Nature::Text | Nature::Message | Nature::Empty => return None,
        Nature::Html => "file.html",
        Nature::Svg => "file.svg",
        Nature::Pdf => "file.pdf",
        Nature::OfficeXml | Nature::OpenDocument | Nature::Ole => "file.doc",
        Nature::Rtf => "file.rtf",
        Nature::OneNote => "file.one",
        Nature::Calendar => "file.ics",
        Nature::Tnef => "file.dat",
        Nature::Zip => "file.zip",
        Nature::Gzip => "file.gz",
        Nature::Tar => "file.tar",
        Nature::SevenZip => "file.7z",
        Nature::Rar => "file.rar",
        Nature::DiskImage => "file.iso",
        Nature::Shortcut => "file.lnk",
        Nature::Program => "file.exe",
        Nature::Picture
        | Nature::OtherArchive
        | Nature::Media
        | Nature::Signature
        | Nature::Unknown => "file",
    };
    Some(name)
}

/// Studies one file by itself: what it is, what is in it, where it links, what stayed unread.
#[must_use]
pub fn study_file(
    name: &str,
    bytes: &[u8],
    limits: &Limits,
) -> (Vec<Attachment>, Vec<Link>, Vec<Unread>) {
    let mut budget = Budget::new(limits.clone());
    let mut study = Study::new(&mut budget, &[]);
    study.file(name, "", bytes);
    let Study { attachments, links, .. } = study;
    (attachments, links, budget.into_unread())
}

/// Whether a file is a picture, whatever it says it is, and nothing is found in it.
pub(crate) fn is_idle_picture(name: &str, bytes: &[u8], budget: &mut Budget) -> bool {
    let mut study = Study::new(budget, &[]);
    study.file(name, "", bytes);
    let picture = |it: &Attachment| it.nature == Nature::Picture && it.traits.is_empty();
    study.links.is_empty() && study.attachments.iter().all(picture)
}

/// Where a file stands.
#[derive(Clone, Copy)]
struct Place<'p> {
    name: &'p str,
    declared: &'p str,
    within: Option<&'p str>,
    depth: usize,
}

fn described(place: &Place<'_>, nature: Nature, bytes: &[u8], traits: Vec<Trait>) -> Attachment {
    let fuzzy = bytes.get(..LARGEST_FUZZY).unwrap_or(bytes);
    let tlsh = tlsh2::TlshDefaultBuilder::build_from(fuzzy);
    Attachment {
        name: place.name.chars().filter(|c| !c.is_control()).take(200).collect(),
        declared: place.declared.into(),
        nature,
        size: bytes.len(),
        sha256: hex(&sha2::Sha256::digest(bytes)),
        sha1: hex(&sha1::Sha1::digest(bytes)),
        md5: hex(&md5::Md5::digest(bytes)),
        tlsh: tlsh.map(|tlsh| String::from_utf8_lossy(tlsh.hash().as_slice()).into_owned()),
        traits,
        within: place.within.map(Into::into),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS.get(usize::from(value)).map_or('0', |digit| char::from(*digit));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
