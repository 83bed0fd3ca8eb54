//! HTML cut into tags and texts, as tolerantly as browsers do (WHATWG HTML §13.2, simplified).

use super::entity;

pub(super) enum Token<'a> {
    Text(&'a str),
    /// The text of an element whose content is no markup.
    Raw(&'static str, &'a str),
    Open(Tag<'a>),
    Close(String),
}

/// An opening tag.
pub(super) struct Tag<'a> {
    pub(super) name: String,
    pub(super) closed: bool,
    attributes: &'a str,
}

impl Tag<'_> {
    /// The value of an attribute, its references decoded.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let found =
            Attributes { rest: self.attributes }.find(|(of, _)| of.eq_ignore_ascii_case(name));
        found.map(|(_, value)| entity::decode(value))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        Attributes { rest: self.attributes }.any(|(of, _)| of.eq_ignore_ascii_case(name))
    }
}

const RAW: &[&str] = &["script", "style", "title", "textarea", "xmp"];

pub(super) struct Tokens<'a> {
    rest: &'a str,
    raw: Option<&'static str>,
}

impl<'a> Tokens<'a> {
    pub(super) const fn new(html: &'a str) -> Self {
        Self { rest: html, raw: None }
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn raw_text(&mut self, name: &'static str) -> Token<'a> {
        let end = closing(self.rest, name).unwrap_or(self.rest.len());
        Token::Raw(name, self.take(end))
    }

    fn markup(&mut self) -> Token<'a> {
        let rest = self.rest;
        let closes = rest.starts_with("</");
        let from = if closes { 2 } else { 1 };
        let body = rest.get(from..).unwrap_or_default();
        if !body.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Token::Text(self.take(1));
        }
        let length = tag_end(body);
        let inside = body.get(..length).unwrap_or_default();
        let split = inside.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(inside.len());
        let (name, attributes) = inside.split_at(split);
        let name = name.chars().take(40).collect::<String>().to_ascii_lowercase();
        self.take(from + length + 1);
        if closes {
            return Token::Close(name);
        }
        self.raw = RAW.iter().find(|raw| **raw == name).copied();
        Token::Open(Tag { closed: attributes.trim_end().ends_with('/'), name, attributes })
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if let Some(name) = self.raw.take() {
            return Some(self.raw_text(name));
        }
        loop {
            match memchr::memchr(b'<', self.rest.as_bytes()) {
                None if self.rest.is_empty() => return None,
                None => return Some(Token::Text(self.take(self.rest.len()))),
                Some(0) if is_skipped(self.rest) => {
                    let end = skipped(self.rest);
                    self.take(end);
                }
                Some(0) => return Some(self.markup()),
                Some(at) => return Some(Token::Text(self.take(at))),
            }
        }
    }
}

fn is_skipped(rest: &str) -> bool {
    rest.starts_with("<!") || rest.starts_with("<?")
}

/// The length of a comment or declaration. What Outlook alone shows is not what the others see.
fn skipped(rest: &str) -> usize {
    match rest.strip_prefix("<!--") {
        // `<!-->` and `<!--->` are whole; `--!>` ends one too (§13.2.5.43).
        Some(comment) if comment.starts_with('>') => 5,
        Some(comment) if comment.starts_with("->") => 6,
        Some(comment) => {
            let ends = ["-->", "--!>"].map(|end| comment.find(end).map(|at| at + 4 + end.len()));
            ends.into_iter().flatten().min().unwrap_or(rest.len())
        }
        None => rest.find('>').map_or(rest.len(), |at| at + 1),
    }
}

/// Where the closing tag of a raw element begins.
fn closing(text: &str, name: &str) -> Option<usize> {
    memchr::memmem::find_iter(text.as_bytes(), b"</").find(|at| {
        let after = text.as_bytes().get(at + 2..at + 2 + name.len()).unwrap_or_default();
        after.eq_ignore_ascii_case(name.as_bytes())
    })
}

/// Where a tag ends: at the first `>` outside quotes; quotes end with the line after 4 KiB.
fn tag_end(body: &str) -> usize {
    let mut quote = None;
    let mut before = b' ';
    for (at, byte) in body.bytes().enumerate() {
        match quote {
            None if byte == b'>' => return at,
            None if (byte == b'"' || byte == b'\'') && before == b'=' => quote = Some((byte, at)),
            Some((mark, _)) if byte == mark => quote = None,
            Some((_, from)) if byte == b'>' && at - from > 65_536 => return at,
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    match quote {
        // A quote that nobody closed: the tag ended where it could.
        Some((_, from)) => {
            body.get(from..).and_then(|rest| rest.find('>')).map_or(body.len(), |at| from + at)
        }
        None => body.len(),
    }
}

struct Attributes<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if text.is_empty() {
            return None;
        }
        let ends = |c: char| c.is_whitespace() || c == '=' || c == '/';
        let end = text.get(1..).and_then(|rest| rest.find(ends)).map_or(text.len(), |at| at + 1);
        let (name, rest) = text.split_at_checked(end)?;
        let after = rest.trim_start();
        let Some(value) = after.strip_prefix('=') else {
            self.rest = rest;
            return Some((name, ""));
        };
        let value = value.trim_start();
        let quoted = value.chars().next().filter(|c| *c == '"' || *c == '\'');
        let (value, rest) = match quoted {
            Some(mark) => value.get(1..)?.split_once(mark).unwrap_or((value.get(1..)?, "")),
            None => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
        };
        self.rest = rest;
        Some((name, value))
    }
}
