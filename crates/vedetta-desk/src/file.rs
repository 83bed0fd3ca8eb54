//! What may be attached to a case: a few kinds of file, recognised by what they hold and not by
//! what they are called. Nothing that a browser or a desktop would run: an ending that is not of what the
//! file is, is followed by one that is.

use serde::Serialize;

/// The most octets of one file: 10 MiB.
pub const LARGEST: usize = 10 << 20;
/// No name is longer, in characters.
const LONGEST_NAME: usize = 120;

/// A file as recognised.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Checked {
    /// Its name, made harmless.
    pub name: String,
    /// What it is.
    pub media: &'static str,
}

/// Why a file is not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FileFault {
    /// Nothing in it.
    #[error("{0:?} is empty; choose another file")]
    Empty(String),
    /// Too large.
    #[error("{name:?} has {size} octets, more than {LARGEST}; send a smaller part of it")]
    Large {
        /// Its name.
        name: String,
        /// Its size.
        size: usize,
    },
    /// A name that says nothing.
    #[error("the file has no name that can be kept; give it one with letters or digits")]
    Name,
    /// Of no kind that is taken.
    #[error(
        "{name:?} holds {found}; attach text, CSV, JSON, mail, PDF, PNG, JPEG, or an office \
         document or archive as ZIP"
    )]
    Kind {
        /// Its name.
        name: String,
        /// What was found.
        found: &'static str,
    },
}

/// Recognises a file by its octets.
///
/// # Errors
/// Why it is not taken.
pub fn check(name: &str, octets: &[u8]) -> Result<Checked, FileFault> {
    let name = harmless(name).ok_or(FileFault::Name)?;
    if octets.is_empty() {
        return Err(FileFault::Empty(name));
    }
    if octets.len() > LARGEST {
        return Err(FileFault::Large { name, size: octets.len() });
    }
    match kind(&name, octets) {
        Ok(media) => Ok(Checked { name: quiet(name, media), media }),
        Err(found) => Err(FileFault::Kind { name, found }),
    }
}

/// A name without folders, control characters or what turns the writing around.
fn harmless(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let plain = |c: char| {
        if c.is_control() || turns(c) {
            None
        } else {
            Some(if "<>:\"|?*".contains(c) { '_' } else { c })
        }
    };
    let name: String = last.chars().filter_map(plain).collect();
    let name = name.trim().trim_start_matches('.');
    let name: String = match name.char_indices().rev().nth(LONGEST_NAME - 1) {
        // The ending tells what it is.
        Some((start, _)) => name[start..].to_owned(),
        None => name.to_owned(),
    };
    name.chars().any(char::is_alphanumeric).then_some(name)
}

/// A name whose ending is one of what the file is, or of nothing: no desktop runs that.
#[must_use]
pub fn quiet(name: String, media: &str) -> String {
    let usual: &[&str] = match media {
        "application/pdf" => &["pdf"],
        "image/png" => &["png"],
        "image/jpeg" => &["jpg", "jpeg"],
        it if it == office("") || it.starts_with("application/vnd.") => {
            &["zip", "docx", "xlsx", "pptx", "odt", "ods", "odp"]
        }
        _ => &[
            "txt", "log", "csv", "tsv", "json", "jsonl", "ndjson", "eml", "md", "yaml", "yml",
            "toml", "ini", "conf", "rules", "pem", "asc",
        ],
    };
    // Some desktops see nothing of what ends a name in dots or blanks.
    let ending = name.trim_end_matches(['.', ' ']).rsplit_once('.').map(|(_, ending)| ending);
    match ending {
        Some(it) if !usual.contains(&it.to_ascii_lowercase().as_str()) => {
            format!("{name}.{}", usual[0])
        }
        _ => name,
    }
}

/// The media type, or what was found instead.
fn kind(name: &str, octets: &[u8]) -> Result<&'static str, &'static str> {
    const SIGNS: [(&[u8], Result<&str, &str>); 10] = [
        (b"%PDF-", Ok("application/pdf")),
        (b"\x89PNG\r\n\x1a\n", Ok("image/png")),
        (b"\xff\xd8\xff", Ok("image/jpeg")),
        (b"PK\x03\x04", Ok("application/zip")),
        (b"MZ", Err("a program")),
        (b"\x7fELF", Err("a program")),
        (b"#!", Err("a script")),
        (b"\xca\xfe\xba\xbe", Err("a program")),
        (b"\xd0\xcf\x11\xe0", Err("an office document of the old kind, which may hold macros")),
        (b"Rar!", Err("an archive that is not ZIP")),
    ];
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let ending = ending.as_deref().unwrap_or_default();
    if let Some((_, told)) = SIGNS.iter().find(|(sign, _)| octets.starts_with(sign)) {
        return told.map(|media| if media == "application/zip" { office(ending) } else { media });
    }
    let text = std::str::from_utf8(octets).map_err(|_| "what is not text and not recognised")?;
    if text.contains('\0') {
        return Err("what is not text and not recognised");
    }
    let start = text.trim_start_matches(|it: char| it.is_whitespace() || it == '\u{feff}');
    let start: String = start.chars().take(64).collect::<String>().to_lowercase();
    if ["<!doctype", "<html", "<svg", "<script", "<?xml"].iter().any(|it| start.starts_with(it)) {
        return Err("a page or a drawing that may hold scripts");
    }
    Ok(match ending {
        "csv" => "text/csv",
        "json" if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => "application/json",
        "eml" => "message/rfc822",
        _ => "text/plain",
    })
}

fn office(ending: &str) -> &'static str {
    match ending {
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "odt" => "application/vnd.oasis.opendocument.text",
        "ods" => "application/vnd.oasis.opendocument.spreadsheet",
        _ => "application/zip",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_it_holds() {
        let media = |name: &str, octets: &[u8]| check(name, octets).map(|it| it.media);
        assert_eq!(media("a.exe", b"%PDF-1.7 ..."), Ok("application/pdf"));
        assert_eq!(media("a.json", b"{\"a\":1}"), Ok("application/json"));
        assert_eq!(media("a.json", b"{broken"), Ok("text/plain"));
        assert!(media("a.odt", b"PK\x03\x04...").unwrap().ends_with("opendocument.text"));
        for bad in [
            b"MZ\x90\0".as_slice(),
            b"\x7fELF",
            b"#!/bin/sh",
            b"  <!DOCTYPE html><script>",
            "\u{feff} <html>".as_bytes(),
            b"<svg onload=x>",
            b"\0\0\0",
            b"\xd0\xcf\x11\xe0",
        ] {
            let refused = media("fattura.pdf", bad);
            assert!(matches!(refused, Err(FileFault::Kind { .. })), "{refused:?}");
        }
        assert!(matches!(media("a.txt", b""), Err(FileFault::Empty(_))));
        let large = vec![b'a'; LARGEST + 1];
        assert!(matches!(media("a.txt", &large), Err(FileFault::Large { .. })));
    }

    #[test]
    fn a_name_leads_nowhere() {
        let name = |name: &str| check(name, b"text").map(|it| it.name);
        assert_eq!(name("../../etc/passwd").unwrap(), "passwd");
        assert_eq!(name("C:\\temp\\elenco.txt").unwrap(), "elenco.txt");
        assert_eq!(name("fattura\u{202e}fdp.exe\r\n").unwrap(), "fatturafdp.exe.txt");
        assert_eq!(name(".htaccess").unwrap(), "htaccess");
        assert_eq!(name(&format!("{}.txt", "è".repeat(500))).unwrap().chars().count(), 120);
        assert_eq!(name("a<b>.txt").unwrap(), "a_b_.txt");
        for ending in
            ["bat", "js", "PS1", "hta", "url", "vbs", "xhtml", "jnlp", "iqy", "jar", "lnk."]
        {
            let given = format!("prova.{ending}");
            assert_eq!(name(&given).unwrap(), format!("{given}.txt"), "a desktop would run it");
        }
        assert_eq!(check("a.jar", b"PK\x03\x04...").unwrap().name, "a.jar.zip");
        for bad in ["", "..", "///", "\u{202e}\0"] {
            assert_eq!(name(bad), Err(FileFault::Name), "{bad:?}");
        }
    }
}
