//! HTML and SVG files: forms, pages unpacked by script (smuggling), redirections.

use super::{Study, Trait};
use crate::budget::Obstacle;
use crate::html::Page;
use crate::link::Origin;

const LARGEST: usize = 2 << 20;

/// What unpacks a file within the page.
const UNPACK: &[&str] =
    &["createobjecturl", "mssaveoropenblob", "new blob(", "new file(", ".download="];
/// What turns letters into code.
const DECODE: &[&str] = &[
    "atob(",
    "unescape(",
    "fromcharcode",
    "eval(",
    "document.write(",
    "decodeuricomponent(",
    "xor",
];
const GO: &[&str] = &[
    "location.href",
    "location.replace",
    "window.location",
    "location =",
    "location=",
    "location.assign",
];

pub(super) fn study(study: &mut Study<'_>, name: &str, bytes: &[u8], traits: &mut Vec<Trait>) {
    if bytes.len() > LARGEST {
        study.budget.unread(name, Obstacle::TooLarge);
    }
    let html = transfer::charset::decode(bytes.get(..LARGEST).unwrap_or(bytes), None);
    page(study, name, &Page::read(&html), traits);
    let (hidden, whole) = unpacked(&html);
    if !whole {
        study.budget.unread(name, Obstacle::TooLarge);
    }
    if !hidden.is_empty() {
        let inner = Page::read(&hidden);
        page(study, name, &inner, traits);
        study.text_links(name, &hidden, Origin::Attachment);
    }
}

fn page(study: &mut Study<'_>, name: &str, page: &Page, traits: &mut Vec<Trait>) {
    if page.cut {
        study.budget.unread(name, Obstacle::TooMany);
    }
    for form in &page.forms {
        traits.push(if form.asks_password { Trait::PasswordForm } else { Trait::WebForm });
        study.link("", &form.action, Origin::Form);
    }
    for anchor in &page.anchors {
        study.link(&anchor.shown, &anchor.target, Origin::Attachment);
    }
    for frame in &page.frames {
        study.link("", frame, Origin::Attachment);
    }
    if let Some(to) = &page.refresh {
        traits.push(Trait::Redirect);
        study.link("", to, Origin::Redirect);
    }
    study.add_text(name, &page.text);
    let script = page.script.to_ascii_lowercase();
    let count = |words: &[&str]| words.iter().filter(|word| script.contains(**word)).count();
    if count(UNPACK) > 0 && count(DECODE) > 0 || count(DECODE) > 1 {
        traits.push(Trait::Smuggling);
    }
    if count(GO) > 0 {
        traits.push(Trait::Redirect);
    }
    study.text_links(name, &page.script, Origin::Attachment);
}

/// Literals that are decoded, and what comes out of them at most.
const MOST_LITERALS: usize = 2_000;
const MOST_UNPACKED: usize = 1 << 19;

/// What the literals of a page say once decoded: base64 and percent-encoding, once; and whether all
/// of them were.
fn unpacked(html: &str) -> (String, bool) {
    let mut found = String::new();
    let literals = html.split(['"', '\'', '`']).filter(|literal| literal.len() > 40);
    for (number, literal) in literals.enumerate() {
        if number >= MOST_LITERALS || found.len() > MOST_UNPACKED {
            return (found, false);
        }
        let base64ish =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'\n' | b'\r');
        let bytes = if literal.bytes().all(base64ish) {
            transfer::base64(literal.as_bytes(), MOST_UNPACKED).0
        } else if literal.matches('%').count() > 10 {
            crate::header::percent(literal)
        } else {
            continue;
        };
        if let Ok(text) = String::from_utf8(bytes) {
            found.push_str(&text);
            found.push('\n');
        }
    }
    (found, true)
}
