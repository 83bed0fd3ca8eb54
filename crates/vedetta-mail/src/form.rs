//! The forms in which people hand a message on, and what is the message in them.

pub(crate) mod inline;
pub(crate) mod outlook;
pub(crate) mod pec;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::attachment::Zip;
use crate::budget::{Budget, Limits, Obstacle};
use crate::mime::{Leaf, Mime};

/// How a message was handed on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// As it came.
    Direct,
    /// Attached to another.
    Attached,
    /// Quoted within the text of another.
    Inline,
    /// In the envelope of certified mail.
    Pec,
    /// As Outlook keeps it.
    Outlook,
}

/// The messages within another.
pub(crate) struct Enclosed {
    /// How it hands them on; nothing where it speaks for itself, and only carries them.
    pub(crate) form: Option<Form>,
    /// Their bytes; the one that is handed on first.
    pub(crate) letters: Vec<Vec<u8>>,
}

/// Messages within one that are looked at.
const MOST_ENCLOSED: usize = 8;

/// The messages that `mime` carries, and whether it was written to hand one on.
pub(crate) fn enclosed(mime: &Mime<'_>, budget: &mut Budget) -> Enclosed {
    let certified = pec::is_envelope(mime);
    let is_report = mime.kind == "multipart/report" && !certified;
    let mut leaves: Vec<&Leaf<'_>> = mime.leaves.iter().filter(|leaf| is_letter(leaf)).collect();
    leaves.sort_by_key(|leaf| certified && !leaf.name.eq_ignore_ascii_case("postacert.eml"));
    if let Some(more) = leaves.get(MOST_ENCLOSED) {
        budget.unread(more.label(), Obstacle::TooMany);
    }
    let hands_on = !leaves.is_empty() && (certified || !is_report && !has_own_voice(mime, budget));
    let mut letters = Vec::new();
    for leaf in leaves.into_iter().take(MOST_ENCLOSED) {
        let bytes = leaf.decode(budget).into_owned();
        if bytes.trim_ascii().is_empty() {
            budget.unread(leaf.label(), Obstacle::Empty);
        } else {
            letters.push(bytes);
        }
    }
    let form = if certified { Form::Pec } else { Form::Attached };
    Enclosed { form: Some(form).filter(|_| hands_on && !letters.is_empty()), letters }
}

pub(crate) fn is_letter(leaf: &Leaf<'_>) -> bool {
    let name = leaf.name.to_lowercase();
    matches!(leaf.kind.as_str(), "message/rfc822" | "message/global")
        || leaf.kind == "application/vnd.ms-outlook"
        || name.ends_with(".eml")
        || name.ends_with(".msg")
}

/// Whether the outer message says or carries so much itself that it is what must be judged:
/// a lure may have a message attached.
fn has_own_voice(mime: &Mime<'_>, budget: &mut Budget) -> bool {
    let others = mime.leaves.iter().filter(|leaf| {
        let kind = leaf.kind.as_str();
        leaf.attached
            && !kind.starts_with("message/")
            && !kind.starts_with("image/")
            && !is_letter(leaf)
    });
    others.count() > 0 || says_much(mime, budget)
}

fn says_much(mime: &Mime<'_>, budget: &mut Budget) -> bool {
    let mut texts = mime.leaves.iter().filter(|leaf| leaf.is_text());
    texts.any(|leaf| {
        let text = leaf.text(budget);
        let (text, links) = if leaf.kind == "text/html" {
            let page = crate::html::Page::read(&text);
            (
                page.text,
                page.anchors.iter().filter(|anchor| anchor.target.starts_with("http")).count(),
            )
        } else {
            let links = crate::text::urls(&text).count();
            (text, links)
        };
        links > 3 || text.len() > 3000
    })
}

/// The messages in what was handed in: one, those of a mailbox file, those of an archive, or
/// several attached to one letter.
#[must_use]
pub fn letters(bytes: &[u8]) -> Vec<Cow<'_, [u8]>> {
    if bytes.starts_with(b"PK\x03\x04") {
        let packed = packed(bytes);
        if !packed.is_empty() {
            return packed.into_iter().map(Cow::Owned).collect();
        }
    }
    if bytes.starts_with(b"From ") {
        return mailbox(bytes).into_iter().map(Cow::Borrowed).collect();
    }
    let attached = attached(bytes);
    if attached.is_empty() {
        return vec![Cow::Borrowed(bytes)];
    }
    attached.into_iter().map(Cow::Owned).collect()
}

/// The messages that one hands on together: several attached, or an archive of them. None when it
/// carries anything else, or has much to say itself.
fn attached(bytes: &[u8]) -> Vec<Vec<u8>> {
    let count = |word: &str| memchr::memmem::find_iter(bytes, word.as_bytes()).take(2).count();
    let several = ["message/rfc822", ".eml", ".msg", "ms-outlook"].iter().any(|it| count(it) > 1);
    if !several && count("zip") == 0 || count("multipart/") == 0 {
        return Vec::new();
    }
    let mut budget = Budget::new(Limits::default());
    let mime = Mime::read(bytes, &mut budget);
    if pec::is_envelope(&mime) || mime.kind == "multipart/report" || says_much(&mime, &mut budget) {
        return Vec::new();
    }
    let (mut letters, mut archives) = (Vec::new(), 0);
    for leaf in mime.leaves.iter().filter(|leaf| !leaf.is_text()) {
        if is_letter(leaf) {
            letters.push(leaf.decode(&mut budget).into_owned());
            continue;
        }
        let held = leaf.decode(&mut budget);
        let inside = if held.starts_with(b"PK\x03\x04") { packed(&held) } else { Vec::new() };
        archives += usize::from(!inside.is_empty());
        if inside.is_empty() && !leaf.kind.starts_with("image/") {
            return Vec::new();
        }
        letters.extend(inside);
    }
    letters.truncate(MOST_PACKED);
    if archives > 0 || letters.len() > 1 { letters } else { Vec::new() }
}

const MOST_LETTERS: usize = 10_000;
const MOST_PACKED: usize = 50;
const LARGEST_PACKED: usize = 16 << 20;

/// The messages of an archive that holds nothing else.
fn packed(bytes: &[u8]) -> Vec<Vec<u8>> {
    let Some(zip) = Zip::read(bytes) else { return Vec::new() };
    let files = || zip.members.iter().filter(|member| !member.name.ends_with('/'));
    let is_letter = |name: &str| {
        let name = name.to_lowercase();
        name.ends_with(".eml") || name.ends_with(".msg")
    };
    if zip.cut || files().count() > MOST_PACKED || !files().all(|member| is_letter(&member.name)) {
        return Vec::new();
    }
    let mut room = LARGEST_PACKED;
    let mut letters = Vec::new();
    for member in files() {
        let Ok(letter) = zip.content(member, None, room) else { return Vec::new() };
        room -= letter.len();
        letters.push(letter);
    }
    letters
}

/// The messages of a mailbox file (RFC 4155): each after a line that begins with `From `.
fn mailbox(bytes: &[u8]) -> Vec<&[u8]> {
    let mut starts = vec![0];
    for at in memchr::memmem::find_iter(bytes, b"\nFrom ") {
        let blank = at == 0
            || matches!(bytes.get(at - 1), Some(b'\n'))
            || bytes.get(..at).is_some_and(|b| b.ends_with(b"\r\n\r"));
        let line = bytes.get(at + 1..).unwrap_or_default();
        let line =
            line.get(..memchr::memchr(b'\n', line).unwrap_or(line.len())).unwrap_or_default();
        let year = line.windows(4).any(|four| four.iter().all(u8::is_ascii_digit));
        if blank && year && line.len() < 200 && starts.len() < MOST_LETTERS {
            starts.push(at + 1);
        }
    }
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    starts.iter().zip(ends).filter_map(|(from, to)| bytes.get(*from..to)).collect()
}

#[cfg(test)]
mod tests {
    use super::letters;

    #[test]
    fn a_mailbox_is_its_messages() {
        let text = b"From a@example.org Mon Nov 17 10:00:00 2025\nSubject: 1\n\nFrom here on\n\n\
                     From b@example.org Mon Nov 17 10:00:00 2025\nSubject: 2\n\nx\n";
        let found = letters(text);
        assert_eq!(found.len(), 2);
        assert!(found[1].starts_with(b"From b@"));
        assert_eq!(letters(b"Subject: x\n\ny").len(), 1);
    }
}
