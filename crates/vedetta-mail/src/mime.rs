//! A message as its leaves (RFC 2045, 2046), bounded in parts and depth, whatever the damage.

use std::borrow::Cow;

use crate::budget::{Budget, Obstacle};
use crate::header::{Headers, Valued};
use transfer::{Transfer, charset};

/// A message: its header and the leaves of its tree, in order.
pub(crate) struct Mime<'a> {
    pub(crate) headers: Headers,
    pub(crate) leaves: Vec<Leaf<'a>>,
    /// What the outermost part says it is.
    pub(crate) kind: String,
    /// Boundaries that never come, missing headers: what kits leave behind.
    pub(crate) damage: Vec<Damage>,
}

/// A malformation that says something about the sender's software.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Damage {
    /// A multipart whose boundary never comes.
    NoBoundary,
    /// A body whose encoding is broken.
    BrokenEncoding,
    /// No header at all.
    NoHeader,
}

/// A part that is not divided further.
pub(crate) struct Leaf<'a> {
    pub(crate) kind: String,
    pub(crate) charset: Option<String>,
    pub(crate) name: String,
    pub(crate) place: String,
    pub(crate) attached: bool,
    /// Another part says the same in another way.
    pub(crate) alternative: bool,
    transfer: Transfer,
    body: &'a [u8],
}

impl Leaf<'_> {
    /// The decoded body; what the budget cuts or damage spoils is named.
    pub(crate) fn decode(&self, budget: &mut Budget) -> Cow<'_, [u8]> {
        if budget.is_late() {
            return Cow::Borrowed(&[]);
        }
        let most = budget.room();
        if self.transfer == Transfer::Plain && self.body.len() <= most {
            return Cow::Borrowed(self.body);
        }
        let decoded = transfer::decode(self.body, self.transfer, most);
        budget.expand(decoded.bytes.len());
        if decoded.cut {
            budget.unread(self.label(), Obstacle::TooLarge);
        }
        if decoded.damaged {
            budget.unread(self.label(), Obstacle::Damaged);
        }
        Cow::Owned(decoded.bytes)
    }

    /// The body as text, within the limit for texts.
    pub(crate) fn text(&self, budget: &mut Budget) -> String {
        let most = budget.limits.text;
        let bytes = self.decode(budget);
        let part = bytes.get(..most).unwrap_or(&bytes);
        if part.len() < bytes.len() {
            budget.unread(self.label(), Obstacle::TooLarge);
        }
        charset::decode(part, self.charset.as_deref())
    }

    /// What people call it.
    pub(crate) fn label(&self) -> &str {
        if self.name.is_empty() { &self.place } else { &self.name }
    }

    pub(crate) fn is_text(&self) -> bool {
        !self.attached && (self.kind == "text/plain" || self.kind == "text/html")
    }
}

impl<'a> Mime<'a> {
    pub(crate) fn read(raw: &'a [u8], budget: &mut Budget) -> Self {
        let (headers, body) = Headers::read(raw);
        let mut tree = Tree { leaves: Vec::new(), damage: Vec::new(), budget };
        if headers.is_empty() {
            tree.damage.push(Damage::NoHeader);
        }
        if headers.is_cut() {
            tree.budget.unread("1", Obstacle::TooMany);
        }
        let kind =
            tree.part(&headers, body, Position { place: "1".into(), depth: 0, alternative: false });
        let Tree { leaves, mut damage, .. } = tree;
        damage.dedup();
        Self { headers, leaves, kind, damage }
    }
}

struct Tree<'a, 'b> {
    leaves: Vec<Leaf<'a>>,
    damage: Vec<Damage>,
    budget: &'b mut Budget,
}

struct Position {
    place: String,
    depth: usize,
    /// One of several ways of saying the same.
    alternative: bool,
}

impl<'a> Tree<'a, '_> {
    fn part(&mut self, headers: &Headers, body: &'a [u8], at: Position) -> String {
        let kind = Valued::read(headers.raw("content-type").unwrap_or_default());
        if !self.budget.part(&at.place) {
            return kind.value;
        }
        if kind.value == "multipart/encrypted" {
            self.budget.unread(&at.place, Obstacle::Encrypted);
        }
        if kind.value.starts_with("multipart/") && self.divided(&kind, body, &at) {
            return kind.value;
        }
        let disposition = Valued::read(headers.raw("content-disposition").unwrap_or_default());
        let named = disposition.parameter("filename").or_else(|| kind.parameter("name"));
        let name: String = named.unwrap_or_default().chars().take(200).collect();
        let value = match kind.value.as_str() {
            "" | "text" => "text/plain".into(),
            value if value.starts_with("multipart/") => "text/plain".into(),
            value => value.to_owned(),
        };
        let attached = disposition.value == "attachment" || !name.is_empty();
        self.leaves.push(Leaf {
            charset: kind.parameter("charset").map(Into::into),
            attached,
            alternative: at.alternative,
            name,
            place: at.place,
            transfer: Transfer::of(headers.raw("content-transfer-encoding").unwrap_or_default()),
            kind: value,
            body,
        });
        kind.value
    }

    /// Reads the parts between the boundaries; false when there is none.
    fn divided(&mut self, kind: &Valued, body: &'a [u8], at: &Position) -> bool {
        if at.depth >= self.budget.limits.depth {
            self.budget.unread(&at.place, Obstacle::TooDeep);
            return true;
        }
        let boundary = kind.parameter("boundary").map(str::to_owned);
        let boundary = boundary.filter(|boundary| !boundary.is_empty()).or_else(|| guess(body));
        let parts = boundary.map(|boundary| between(body, &boundary)).unwrap_or_default();
        if parts.is_empty() {
            self.damage.push(Damage::NoBoundary);
            return false;
        }
        for (number, part) in parts.into_iter().enumerate() {
            let (headers, body) = Headers::read(part);
            let place = format!("{}.{}", at.place, number + 1);
            let alternative = at.alternative || kind.value == "multipart/alternative";
            let inner = Position { place, depth: at.depth + 1, alternative };
            self.part(&headers, body, inner);
        }
        true
    }
}

/// The boundary that the body itself shows first.
fn guess(body: &[u8]) -> Option<String> {
    let line = body.split(|byte| *byte == b'\n').take(20).find(|line| line.starts_with(b"--"))?;
    let text = std::str::from_utf8(line.get(2..)?).ok()?.trim();
    (text.len() > 4 && text.len() < 100).then(|| text.to_owned())
}

fn between<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let mark = format!("--{}", boundary.trim_end());
    let mut parts = Vec::new();
    let mut open: Option<usize> = None;
    for at in memchr::memmem::find_iter(body, mark.as_bytes()) {
        let at_line_start = at == 0 || body.get(at - 1) == Some(&b'\n');
        let after = body.get(at + mark.len()..).unwrap_or_default();
        let closes = after.starts_with(b"--");
        let ends = closes || after.is_empty() || after.first().is_some_and(u8::is_ascii_whitespace);
        if !at_line_start || !ends {
            continue;
        }
        if let Some(from) = open.take() {
            parts.push(without_last_break(body.get(from..at).unwrap_or_default()));
        }
        if closes {
            break;
        }
        let line = memchr::memchr(b'\n', after).map_or(after.len(), |end| end + 1);
        open = Some(at + mark.len() + line);
        if parts.len() > 1000 {
            break;
        }
    }
    if let Some(from) = open {
        parts.push(body.get(from..).unwrap_or_default());
    }
    parts
}

fn without_last_break(part: &[u8]) -> &[u8] {
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    part.strip_suffix(b"\r").unwrap_or(part)
}

#[cfg(test)]
mod tests {
    use super::{Damage, Mime};
    use crate::budget::{Budget, Limits, Obstacle};

    fn leaves(raw: &str) -> (Vec<(String, String)>, Vec<Damage>, Vec<Obstacle>) {
        let mut budget = Budget::new(Limits { parts: 50, ..Limits::default() });
        let mime = Mime::read(raw.as_bytes(), &mut budget);
        let leaves =
            mime.leaves.iter().map(|leaf| (leaf.kind.clone(), leaf.text(&mut budget))).collect();
        let why = budget.into_unread().into_iter().map(|unread| unread.why).collect();
        (leaves, mime.damage, why)
    }

    #[test]
    fn parts_are_found_without_their_closing() {
        let raw = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\
                   Content-Type: text/html\n\n<p>two";
        let (leaves, damage, unread) = leaves(raw);
        assert_eq!(leaves[0], ("text/plain".into(), "one".into()));
        assert_eq!(leaves[1], ("text/html".into(), "<p>two".into()));
        assert!(damage.is_empty() && unread.is_empty());
    }

    #[test]
    fn a_boundary_that_never_comes_leaves_text() {
        let (leaves, damage, _) = leaves("Content-Type: multipart/mixed; boundary=b\n\nhello");
        assert_eq!(leaves[0].1, "hello");
        assert_eq!(damage, [Damage::NoBoundary]);
    }

    #[test]
    fn a_thousand_parts_and_levels_are_bounded_and_named() {
        let many =
            format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(1000));
        let (leaves_of_many, _, unread) = leaves(&many);
        assert!(leaves_of_many.len() < 50 && unread.contains(&Obstacle::TooMany));
        let mut deep = String::new();
        for level in 0..1000 {
            deep.push_str(&format!(
                "Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n"
            ));
        }
        let (_, _, unread) = leaves(&deep);
        assert!(unread.contains(&Obstacle::TooDeep));
    }
}
