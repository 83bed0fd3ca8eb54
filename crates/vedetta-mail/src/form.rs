//! The forms in which people hand a message on, and what is the message in them.

pub(crate) mod inline;
pub(crate) mod outlook;
pub(crate) mod pec;
pub(crate) mod returned;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::attachment::{Zip, is_idle_picture};
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
    /// No message: a file by itself.
    File,
}

/// The messages within another.
pub(crate) struct Enclosed {
    /// How it hands them on; nothing where it speaks for itself, and only carries them.
    pub(crate) form: Option<Form>,
    /// Their bytes; the one that is handed on first.
    pub(crate) letters: Vec<Vec<u8>>,
}

/// Messages within one that are looked at.
pub(crate) const MOST_ENCLOSED: usize = 8;

/// The messages that `mime` carries, and whether it was written to hand one on.
pub(crate) fn enclosed(mime: &Mime<'_>, budget: &mut Budget) -> Enclosed {
    let certified = pec::is_envelope(mime);
    let is_report = mime.kind == "multipart/report" && !certified;
    let mut leaves: Vec<&Leaf<'_>> = mime.leaves.iter().filter(|leaf| is_letter(leaf)).collect();
    leaves.sort_by_key(|leaf| certified && !leaf.name.eq_ignore_ascii_case("postacert.eml"));
    if let Some(first) = leaves.get(MOST_ENCLOSED) {
        budget.unread_all(first.label(), Obstacle::TooMany, leaves.len() - MOST_ENCLOSED);
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
    others.count() > 0 || says_much(mime, SIGNATURE, budget)
}

/// Links that somebody's signature may have.
const SIGNATURE: usize = 3;

fn says_much(mime: &Mime<'_>, links_of_a_signature: usize, budget: &mut Budget) -> bool {
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
        links > links_of_a_signature || text.len() > 3000
    })
}

/// The messages in what was handed in.
#[derive(Debug)]
pub struct Letters<'a> {
    /// Those that are to be looked at, each by itself.
    pub each: Vec<Cow<'a, [u8]>>,
    /// How many more there are.
    pub left_out: usize,
}

/// The messages in what was handed in, at most so many: one, those of a mailbox file, those of an
/// archive, or several attached to one letter. `by` is the mailbox of who hands them in, if it is known: what is
/// around the attached ones is theirs only when it comes from there, and with any link it is looked at otherwise.
#[must_use]
pub fn letters<'a>(bytes: &'a [u8], most: usize, by: Option<&str>) -> Letters<'a> {
    let (each, all) = if bytes.starts_with(b"From ") {
        let (found, all) = mailbox(bytes, most);
        (found.into_iter().map(Cow::Borrowed).collect(), all)
    } else {
        let (found, all) = match bytes.starts_with(b"PK\x03\x04") {
            true => packed(bytes, (most, LARGEST_PACKED)),
            false => attached(bytes, most, by),
        };
        (found.into_iter().map(Cow::Owned).collect::<Vec<_>>(), all)
    };
    if each.is_empty() {
        return Letters { each: vec![Cow::Borrowed(bytes)], left_out: 0 };
    }
    Letters { left_out: all.saturating_sub(each.len()), each }
}

/// The messages that one hands on together, at most so many, and how many there are: several
/// attached, or an archive of them. None when it carries anything else than pictures that lead
/// nowhere, has much to say itself, or does not come apart whole: then it is looked at as it is.
fn attached(bytes: &[u8], most: usize, by: Option<&str>) -> (Vec<Vec<u8>>, usize) {
    const NONE: (Vec<Vec<u8>>, usize) = (Vec::new(), 0);
    let count = |word: &str| memchr::memmem::find_iter(bytes, word.as_bytes()).take(2).count();
    let several = ["message/rfc822", ".eml", ".msg", "ms-outlook"].iter().any(|it| count(it) > 1);
    if !several && count("zip") == 0 || count("multipart/") == 0 {
        return NONE;
    }
    let mut budget = Budget::new(Limits::default());
    let mime = Mime::read(bytes, &mut budget);
    if pec::is_envelope(&mime) || mime.kind == "multipart/report" {
        return NONE;
    }
    let mut from = mime.headers.mailboxes("from").into_iter();
    let is_theirs = by.is_some_and(|by| from.any(|it| it.address.eq_ignore_ascii_case(by)));
    if says_much(&mime, if is_theirs { SIGNATURE } else { 0 }, &mut budget) {
        return NONE;
    }
    let (mut letters, mut all, mut archives) = (Vec::new(), 0, 0);
    for leaf in mime.leaves.iter().filter(|leaf| !leaf.is_text()) {
        let room = most.saturating_sub(letters.len());
        if is_letter(leaf) {
            all += 1;
            if room > 0 {
                letters.push(leaf.decode(&mut budget).into_owned());
            }
            continue;
        }
        let held = leaf.decode(&mut budget);
        let (inside, count) = match held.starts_with(b"PK\x03\x04") {
            true => packed(&held, (room, budget.room())),
            false => NONE,
        };
        archives += usize::from(count > 0);
        if count == 0 && !is_idle_picture(leaf.label(), &held, &mut budget) {
            return NONE;
        }
        all += count;
        budget.expand(inside.iter().map(Vec::len).sum());
        letters.extend(inside);
    }
    let whole = budget.into_unread().is_empty();
    if whole && (archives > 0 || all > 1) { (letters, all) } else { NONE }
}

const LARGEST_PACKED: usize = 16 << 20;

/// The messages of an archive that holds nothing else, at most so many and so large together, and
/// how many it holds.
fn packed(bytes: &[u8], (most, mut room): (usize, usize)) -> (Vec<Vec<u8>>, usize) {
    const NONE: (Vec<Vec<u8>>, usize) = (Vec::new(), 0);
    let Some(zip) = Zip::read(bytes) else { return NONE };
    let files = || zip.members.iter().filter(|member| !member.name.ends_with('/'));
    let is_letter = |name: &str| {
        let name = name.to_lowercase();
        name.ends_with(".eml") || name.ends_with(".msg")
    };
    if !files().all(|member| is_letter(&member.name)) {
        return NONE;
    }
    let mut letters = Vec::new();
    for member in files().take(most) {
        // What does not open is among those that are not looked at.
        let Ok(letter) = zip.content(member, None, room) else { continue };
        room -= letter.len();
        letters.push(letter);
    }
    // Where none opens, the archive is looked at, and says why.
    if letters.is_empty() && most > 0 { NONE } else { (letters, files().count() + zip.beyond) }
}

/// The messages of a mailbox file (RFC 4155), each after a line that begins with `From `; at most so
/// many, and how many there are.
fn mailbox(bytes: &[u8], most: usize) -> (Vec<&[u8]>, usize) {
    let (mut starts, mut all) = (vec![0], 1);
    for at in memchr::memmem::find_iter(bytes, b"\nFrom ") {
        let blank = at == 0
            || matches!(bytes.get(at - 1), Some(b'\n'))
            || bytes.get(..at).is_some_and(|b| b.ends_with(b"\r\n\r"));
        let line = bytes.get(at + 1..).unwrap_or_default();
        let line =
            line.get(..memchr::memchr(b'\n', line).unwrap_or(line.len())).unwrap_or_default();
        let year = line.windows(4).any(|four| four.iter().all(u8::is_ascii_digit));
        if blank && year && line.len() < 200 {
            all += 1;
            if starts.len() <= most {
                starts.push(at + 1);
            }
        }
    }
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    let found = starts.iter().zip(ends).filter_map(|(from, to)| bytes.get(*from..to));
    (found.take(most).collect(), all)
}

#[cfg(test)]
mod tests {
    use super::letters;

    #[test]
    fn a_mailbox_is_its_messages() {
        let text = b"From a@example.org Mon Nov 17 10:00:00 2025\nSubject: 1\n\nFrom here on\n\n\
                     From b@example.org Mon Nov 17 10:00:00 2025\nSubject: 2\n\nx\n";
        let found = letters(text, 9, None);
        assert_eq!((found.each.len(), found.left_out), (2, 0));
        assert!(found.each[1].starts_with(b"From b@"));
        let first = letters(text, 1, None);
        assert_eq!((first.each.len(), first.left_out), (1, 1));
        assert_eq!(first.each[0], found.each[0], "what follows it is not its own");
        assert_eq!(letters(b"Subject: x\n\ny", 9, None).each.len(), 1);
    }
}
