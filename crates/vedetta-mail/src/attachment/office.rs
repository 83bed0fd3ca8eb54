//! Office documents, old and new: macros, remote templates, embedded files, locked packages.

use std::io::{Cursor, Read as _};

use super::{Study, Trait, Zip};
use crate::budget::Obstacle;
use crate::html::Page;
use crate::link::Origin;

const LARGEST_PART: usize = 2 << 20;

pub(super) fn study_xml(study: &mut Study<'_>, name: &str, bytes: &[u8], traits: &mut Vec<Trait>) {
    let Some(zip) = Zip::read(bytes) else {
        study.budget.unread(name, Obstacle::Damaged);
        return;
    };
    if zip.beyond > 0 {
        study.budget.unread_all(name, Obstacle::TooMany, zip.beyond);
    }
    for member in &zip.members {
        if study.budget.is_late() {
            break;
        }
        let path = member.name.to_ascii_lowercase();
        if path.ends_with("vbaproject.bin")
            || path.starts_with("basic/")
            || path.contains("macrosheets/")
        {
            traits.push(Trait::Macro);
        }
        if path.contains("/embeddings/") || path.contains("/activex/") {
            traits.push(Trait::EmbeddedObject);
        }
        let body = path.ends_with("document.xml")
            || path.ends_with("sharedstrings.xml")
            || path.contains("slides/slide")
            || path == "content.xml";
        if !body && !path.ends_with(".rels") {
            continue;
        }
        let most = study.budget.room().min(LARGEST_PART);
        match zip.content(member, None, most) {
            Ok(content) => {
                study.budget.expand(content.len());
                part(study, name, &String::from_utf8_lossy(&content), traits);
            }
            Err(why) => study.budget.unread(&format!("{name}: {}", member.name), why),
        }
    }
}

fn part(study: &mut Study<'_>, name: &str, xml: &str, traits: &mut Vec<Trait>) {
    if xml.contains("<Relationships") {
        for relation in xml.split("<Relationship ").skip(1) {
            let get = |name: &str| {
                let (_, rest) = relation.split_once(name)?;
                rest.split_once('"').map(|(value, _)| value.replace("&amp;", "&"))
            };
            let Some(target) = get("Target=\"").filter(|_| relation.contains("\"External\""))
            else {
                continue;
            };
            let kind = get("Type=\"").unwrap_or_default();
            let fetched = ["attachedTemplate", "oleObject", "frame", "subDocument"];
            if fetched.iter().any(|it| kind.ends_with(it)) || target.starts_with("mhtml:") {
                traits.push(Trait::RemoteTemplate);
            }
            study.link("", &target, Origin::Attachment);
        }
        return;
    }
    if xml.contains("DDEAUTO") || xml.contains(" DDE ") {
        traits.push(Trait::Dde);
    }
    let page = Page::read(xml);
    if page.cut {
        study.budget.unread(name, Obstacle::TooMany);
    }
    study.add_text(name, &page.text);
}

pub(super) fn study_ole(study: &mut Study<'_>, name: &str, bytes: &[u8], traits: &mut Vec<Trait>) {
    let Some(streams) = streams(bytes) else {
        study.budget.unread(name, Obstacle::Damaged);
        return;
    };
    for path in streams {
        let last = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        match last.as_str() {
            "_vba_project" | "vba" | "macros" => traits.push(Trait::Macro),
            "\u{1}ole10native" | "objectpool" => traits.push(Trait::EmbeddedObject),
            "encryptedpackage" => {
                traits.push(Trait::Encrypted);
                study.budget.unread(name, Obstacle::Encrypted);
            }
            _ => {}
        }
    }
    let narrow: String = bytes
        .iter()
        .take(LARGEST_PART)
        .filter(|b| b.is_ascii_graphic() || **b == b' ')
        .map(|b| char::from(*b))
        .collect();
    if bytes.len() > LARGEST_PART {
        study.budget.unread(name, Obstacle::TooLarge);
    }
    study.text_links(name, &narrow, Origin::Attachment);
}

/// The paths of a compound file, at most a thousand.
pub(crate) fn streams(bytes: &[u8]) -> Option<Vec<String>> {
    let file = compound(bytes)?;
    let guarded = std::panic::AssertUnwindSafe(|| {
        file.walk().take(1000).map(|entry| entry.path().to_string_lossy().into_owned()).collect()
    });
    std::panic::catch_unwind(guarded).ok()
}

/// Opens a compound file; the reader is not ours, so that its failing is contained.
pub(crate) fn compound(bytes: &[u8]) -> Option<cfb::CompoundFile<Cursor<&[u8]>>> {
    std::panic::catch_unwind(|| cfb::CompoundFile::open(Cursor::new(bytes))).ok()?.ok()
}

/// A stream of a compound file, at most `most` bytes.
pub(crate) fn stream(
    file: &mut cfb::CompoundFile<Cursor<&[u8]>>,
    path: &str,
    most: usize,
) -> Option<Vec<u8>> {
    let guarded = std::panic::AssertUnwindSafe(|| {
        let stream = file.open_stream(path).ok()?;
        let mut content = Vec::new();
        stream.take(u64::try_from(most).ok()?).read_to_end(&mut content).ok()?;
        Some(content)
    });
    std::panic::catch_unwind(guarded).ok()?
}

pub(super) fn study_rtf(study: &mut Study<'_>, name: &str, bytes: &[u8], traits: &mut Vec<Trait>) {
    let part = bytes.get(..LARGEST_PART).unwrap_or(bytes);
    if part.len() < bytes.len() {
        study.budget.unread(name, Obstacle::TooLarge);
    }
    let text = String::from_utf8_lossy(part);
    if text.contains("\\objdata") || text.contains("\\objupdate") {
        traits.push(Trait::EmbeddedObject);
    }
    if text.contains("\\*\\template") {
        traits.push(Trait::RemoteTemplate);
    }
    study.text_links(name, &text, Origin::Attachment);
    let mut plain = String::new();
    for word in text.split(['\\', '{', '}']) {
        if let Some((control, words)) = word.split_once(' ')
            && control.len() < 20
        {
            plain.push_str(words);
        }
    }
    study.add_text(name, &plain);
}
