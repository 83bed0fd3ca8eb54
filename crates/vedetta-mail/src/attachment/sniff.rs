//! What a file is, by its first bytes, then by its name.

use serde::Serialize;

use super::Trait;

/// What a file is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Nature {
    Empty,
    Text,
    Html,
    Svg,
    Pdf,
    OfficeXml,
    OpenDocument,
    Ole,
    Rtf,
    OneNote,
    Picture,
    Media,
    Calendar,
    Message,
    Signature,
    Tnef,
    Zip,
    Gzip,
    Tar,
    SevenZip,
    Rar,
    OtherArchive,
    DiskImage,
    Shortcut,
    Program,
    Unknown,
}

const MAGIC: &[(&[u8], Nature)] = &[
    (b"%PDF", Nature::Pdf),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Nature::Ole),
    (b"{\\rt", Nature::Rtf),
    (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", Nature::OneNote),
    (b"\x89PNG", Nature::Picture),
    (b"\xff\xd8\xff", Nature::Picture),
    (b"GIF8", Nature::Picture),
    (b"BM", Nature::Picture),
    (b"\x00\x00\x01\x00", Nature::Picture),
    (b"II*\0", Nature::Picture),
    (b"MM\0*", Nature::Picture),
    (b"\x1f\x8b", Nature::Gzip),
    (b"7z\xbc\xaf\x27\x1c", Nature::SevenZip),
    (b"Rar!\x1a\x07", Nature::Rar),
    (b"MSCF", Nature::OtherArchive),
    (b"BZh", Nature::OtherArchive),
    (b"\xfd7zXZ", Nature::OtherArchive),
    (b"\x28\xb5\x2f\xfd", Nature::OtherArchive),
    (b"\x60\xea", Nature::OtherArchive),
    (b"\x4c\0\0\0\x01\x14\x02\0", Nature::Shortcut),
    (b"MZ", Nature::Program),
    (b"\x7fELF", Nature::Program),
    (b"\xca\xfe\xba\xbe", Nature::Program),
    (b"\xcf\xfa\xed\xfe", Nature::Program),
    (b"conectix", Nature::DiskImage),
    (b"vhdxfile", Nature::DiskImage),
    (b"\x78\x9f\x3e\x22", Nature::Tnef),
    (b"ITSF", Nature::Program),
    (b"BEGIN:VCALENDAR", Nature::Calendar),
    (b"ID3", Nature::Media),
    (b"OggS", Nature::Media),
    (b"wOFF", Nature::Media),
    (b"fLaC", Nature::Media),
];

/// Names that the system runs.
const RUN: &[&str] = &[
    "exe",
    "scr",
    "com",
    "pif",
    "bat",
    "cmd",
    "ps1",
    "psm1",
    "vbs",
    "vbe",
    "js",
    "jse",
    "wsf",
    "wsh",
    "hta",
    "msi",
    "msp",
    "msc",
    "cpl",
    "dll",
    "jar",
    "reg",
    "inf",
    "chm",
    "xll",
    "iqy",
    "slk",
    "gadget",
    "application",
    "appinstaller",
    "msix",
    "apk",
    "dmg",
    "pkg",
    "command",
    "scpt",
    "ade",
    "ws",
    "library-ms",
    "search-ms",
    "settingcontent-ms",
    "rdp",
];

impl Nature {
    pub(super) fn of(name: &str, declared: &str, bytes: &[u8]) -> Self {
        let start = bytes.trim_ascii_start();
        let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
        let extension = extension(name);
        if start.is_empty() {
            return Self::Empty;
        }
        if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
            return zipped(bytes);
        }
        if let Some((_, nature)) = MAGIC.iter().find(|(magic, _)| start.starts_with(magic)) {
            return *nature;
        }
        if bytes.get(257..262) == Some(b"ustar") {
            return Self::Tar;
        }
        if bytes.get(0x8001..0x8006) == Some(b"CD001")
            || matches!(extension, "iso" | "img" | "vhd" | "vhdx")
        {
            return Self::DiskImage;
        }
        if is_media(bytes) {
            let pictures: [&[u8]; 5] = [b"WEBP", b"avif", b"heic", b"heix", b"mif1"];
            let is_picture = bytes.get(8..12).is_some_and(|four| pictures.contains(&four));
            return if is_picture { Self::Picture } else { Self::Media };
        }
        if bytes.get(..1024).unwrap_or(bytes).windows(5).any(|five| five == b"%PDF-") {
            return Self::Pdf;
        }
        Self::by_words(start, extension, declared)
    }

    fn by_words(start: &[u8], extension: &str, declared: &str) -> Self {
        let head: String =
            start.iter().take(2048).map(|b| char::from(b.to_ascii_lowercase())).collect();
        let has = |words: &[&str]| words.iter().any(|word| head.contains(word));
        let htmlish = head.starts_with('<')
            && has(&[
                "<html",
                "<!doctype html",
                "<body",
                "<script",
                "<head",
                "<meta",
                "<form",
                "<iframe",
                "<a ",
                "<div",
            ]);
        let extension = extension.to_ascii_lowercase();
        match extension.as_str() {
            "lnk" | "url" => Self::Shortcut,
            "svg" => Self::Svg,
            "htm" | "html" | "shtml" | "xhtml" | "mht" | "mhtml" => Self::Html,
            "p7s" | "p7m" | "asc" | "sig" | "pgp" | "gpg" => Self::Signature,
            "eml" | "msg" => Self::Message,
            "ics" => Self::Calendar,
            other if RUN.contains(&other) => Self::Program,
            _ if head.starts_with('<') && head.contains("<svg") => Self::Svg,
            _ if htmlish => Self::Html,
            _ if declared.starts_with("text/calendar") => Self::Calendar,
            _ if declared.starts_with("text/html") => Self::Html,
            _ if declared.contains("pkcs7") || declared.contains("pgp-") => Self::Signature,
            _ if is_text(start) => Self::Text,
            _ if declared.starts_with("image/") => Self::Picture,
            _ => Self::Unknown,
        }
    }
}

fn is_media(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") || bytes.get(4..8) == Some(b"ftyp")
}

pub(super) fn is_text(bytes: &[u8]) -> bool {
    let head = bytes.get(..4096).unwrap_or(bytes);
    let odd = head.iter().filter(|b| b.is_ascii_control() && !b.is_ascii_whitespace()).count();
    odd * 100 <= head.len()
}

fn zipped(bytes: &[u8]) -> Nature {
    let head = bytes.get(..4096).unwrap_or(bytes);
    let has = |word: &[u8]| memchr::memmem::find(head, word).is_some();
    let anywhere = |word: &[u8]| memchr::memmem::rfind(bytes, word).is_some();
    if has(b"mimetypeapplication/vnd.oasis") {
        Nature::OpenDocument
    } else if has(b"[Content_Types].xml") || anywhere(b"[Content_Types].xml") {
        Nature::OfficeXml
    } else {
        Nature::Zip
    }
}

pub(super) fn extension(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, extension)| extension.trim())
}

/// What a name hides.
pub(super) fn disguises(name: &str, nature: Nature) -> Vec<Trait> {
    let mut traits = Vec::new();
    let lower = name.to_lowercase();
    let last = extension(&lower);
    let before = lower.rsplit_once('.').map_or("", |(stem, _)| extension(stem.trim_end()));
    let document =
        |e: &str| matches!(e, "pdf" | "doc" | "docx" | "xls" | "xlsx" | "jpg" | "png" | "txt");
    let reversed = name.contains(['\u{202e}', '\u{202d}', '\u{2066}', '\u{2067}']);
    let runs =
        RUN.contains(&last) || matches!(last, "lnk" | "html" | "htm" | "shtml" | "svg" | "url");
    if runs && document(before) || reversed {
        traits.push(Trait::DoubleExtension);
    }
    let expected = match last {
        "pdf" => Some(Nature::Pdf),
        "jpg" | "jpeg" | "png" | "gif" => Some(Nature::Picture),
        "docx" | "xlsx" | "pptx" => Some(Nature::OfficeXml),
        _ => None,
    };
    let locked = matches!(last, "docx" | "xlsx" | "pptx") && nature == Nature::Ole;
    let harmless = matches!(nature, Nature::Picture | Nature::Text | Nature::Empty | Nature::Media);
    if expected.is_some_and(|expected| expected != nature) && !locked && !harmless {
        traits.push(Trait::Disguised);
    }
    traits
}
