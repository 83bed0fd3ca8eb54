//! Archives: what is in them is studied like what is attached; passwords come from the text.

use std::io::Read as _;

use super::zip::Member;
use super::{Nature, Place, Study, Trait, Zip};
use crate::budget::Obstacle;

/// A member that grows more than this is a bomb, when it is large too.
const STRETCH: usize = 200;
const LARGE: usize = 4 << 20;
/// What a try in vain costs, in times of what was tried.
const IN_VAIN: usize = 8;

pub(super) fn study(
    study: &mut Study<'_>,
    place: &Place<'_>,
    file: (Nature, &[u8]),
    traits: &mut Vec<Trait>,
) {
    let (nature, bytes) = file;
    match nature {
        Nature::Zip => zip(study, place, bytes, traits),
        Nature::Gzip => gzip(study, place, bytes, traits),
        Nature::Tar => tar(study, place, bytes),
        _ => study.budget.unread(place.name, Obstacle::Unsupported),
    }
}

fn zip(study: &mut Study<'_>, place: &Place<'_>, bytes: &[u8], traits: &mut Vec<Trait>) {
    let Some(zip) = Zip::read(bytes) else {
        study.budget.unread(place.name, Obstacle::Damaged);
        return;
    };
    if zip.beyond > 0 {
        study.budget.unread_all(place.name, Obstacle::TooMany, zip.beyond);
    }
    let mut password = None;
    for member in zip.members.iter().filter(|member| !member.name.ends_with('/')) {
        if study.budget.is_late() {
            break;
        }
        let most = study.budget.room();
        let content = if member.encrypted {
            traits.push(Trait::Encrypted);
            let content = locked(study, &zip, member, &mut password);
            if content.is_ok() {
                traits.push(Trait::OpenedWithPassword);
            }
            content
        } else {
            zip.content(member, None, most)
        };
        let content = match content {
            Ok(content) => content,
            Err(why) => {
                if why == Obstacle::TooLarge {
                    study.budget.expand(most);
                    traits.push(Trait::Bomb);
                }
                named_only(study, place, &member.name, traits);
                study.budget.unread(&member.name, why);
                continue;
            }
        };
        study.budget.expand(content.len());
        if content.len() > LARGE && content.len() / member.compressed.max(1) > STRETCH {
            traits.push(Trait::Bomb);
        }
        inner(study, place, &member.name, &content);
    }
}

/// Opens a member with a word of the text. What is deciphered and decompressed in vain is paid for
/// too, and what opened one member is tried alone on the next.
fn locked(
    study: &mut Study<'_>,
    zip: &Zip<'_>,
    member: &Member,
    opened: &mut Option<String>,
) -> Result<Vec<u8>, Obstacle> {
    let words: Vec<String> = match opened {
        Some(word) => vec![word.clone()],
        None => study.passwords.to_vec(),
    };
    for word in words {
        if !zip.may_open(member, &word) {
            continue;
        }
        if study.budget.room() < member.compressed {
            return Err(Obstacle::TooLarge);
        }
        study.budget.expand(member.compressed);
        match zip.content(member, Some(&word), study.budget.room()) {
            Ok(content) => {
                *opened = Some(word);
                return Ok(content);
            }
            // How much came out of it is not known: at least what went in, at most all there was.
            Err(_) => study.budget.expand(member.compressed.saturating_mul(IN_VAIN)),
        }
    }
    Err(Obstacle::Encrypted)
}

/// A member that stays closed still has a name.
fn named_only(study: &mut Study<'_>, place: &Place<'_>, name: &str, traits: &mut Vec<Trait>) {
    let nature = Nature::of(name, "", b"\x01\x02\x03\x04\x05\x06");
    let danger = match nature {
        Nature::Program => Trait::Executable,
        Nature::Shortcut => Trait::Shortcut,
        Nature::DiskImage => Trait::DiskImage,
        _ => return,
    };
    study.budget.part(place.name);
    traits.push(danger);
}

fn gzip(study: &mut Study<'_>, place: &Place<'_>, bytes: &[u8], traits: &mut Vec<Trait>) {
    let most = study.budget.room();
    let mut content = Vec::new();
    let bound = u64::try_from(most).unwrap_or(u64::MAX);
    let read = flate2::read::GzDecoder::new(bytes).take(bound).read_to_end(&mut content);
    study.budget.expand(content.len());
    if content.len() >= most {
        traits.push(Trait::Bomb);
        study.budget.unread(place.name, Obstacle::TooLarge);
    }
    if read.is_err() && content.is_empty() {
        study.budget.unread(place.name, Obstacle::Damaged);
        return;
    }
    let lower = place.name.to_lowercase();
    let name = lower.strip_suffix(".gz").map_or("content", |_| "");
    let stem = place.name.get(..place.name.len().saturating_sub(3)).unwrap_or(place.name);
    inner(study, place, if name.is_empty() { stem } else { name }, &content);
}

fn tar(study: &mut Study<'_>, place: &Place<'_>, bytes: &[u8]) {
    let mut at = 0;
    while let Some(header) = bytes.get(at..at + 512) {
        if header.iter().all(|byte| *byte == 0) {
            break;
        }
        let text = |from: usize, to: usize| {
            let field = header.get(from..to).unwrap_or_default();
            String::from_utf8_lossy(field).trim_matches(['\0', ' ']).to_owned()
        };
        let Ok(size) = usize::from_str_radix(&text(124, 136), 8) else {
            study.budget.unread(place.name, Obstacle::Damaged);
            break;
        };
        let content = bytes.get(at + 512..).unwrap_or_default();
        let content = content.get(..size).unwrap_or(content);
        if matches!(header.get(156), Some(b'0' | 0)) {
            inner(study, place, &text(0, 100), content);
        }
        at = at.saturating_add(512).saturating_add(size.div_ceil(512).saturating_mul(512));
    }
}

fn inner(study: &mut Study<'_>, place: &Place<'_>, name: &str, content: &[u8]) {
    let inner = Place { name, declared: "", within: Some(place.name), depth: place.depth + 1 };
    study.nested(&inner, content);
}
