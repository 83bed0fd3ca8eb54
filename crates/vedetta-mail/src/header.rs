//! Header fields (RFC 5322 §2.2), encoded words (RFC 2047), parameters (RFC 2231), addresses.

use transfer::{Transfer, charset};

/// Header fields in their order: names in lower case, values unfolded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Headers {
    fields: Vec<(String, String)>,
    cut: bool,
}

/// Somebody's address as a header shows it.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct Mailbox {
    /// The name that clients show.
    pub name: String,
    /// The address, in lower case; empty when there is none.
    pub address: String,
}

impl Mailbox {
    /// The domain of the address, in lower case; empty when there is none.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

const MOST_FIELDS: usize = 500;
const LONGEST_VALUE: usize = 32 << 10;
const LONGEST_HEADER: usize = 256 << 10;
/// What says how the rest is to be read: kept however much stands before it, the first of each.
const VITAL: &[&str] = &[
    "from",
    "reply-to",
    "subject",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "list-unsubscribe",
    "authentication-results",
];

impl Headers {
    /// Whether a header begins here, by its first field; after a line of a mailbox file, perhaps.
    pub(crate) fn begin(raw: &[u8]) -> bool {
        let mut lines = raw.split(|byte| *byte == b'\n').skip_while(|it| it.starts_with(b"From "));
        let name = lines.next().and_then(field).map(|(name, _)| name).unwrap_or_default();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        !name.is_empty() && name.chars().all(fits)
    }

    /// Reads the fields at the beginning of `raw`; what follows them is the body.
    pub(crate) fn read(raw: &[u8]) -> (Self, &[u8]) {
        let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
        let (mut rest, mut taken, mut keeps, mut cut) = (raw, 0, true, false);
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
            let (line, after) = rest.split_at(end);
            let text = line.trim_ascii_end();
            if text.is_empty() {
                rest = after;
                break;
            }
            let folded = matches!(line.first(), Some(b' ' | b'\t'));
            match (folded, field(text)) {
                (true, _) => {
                    if let Some((_, value)) = fields.last_mut().filter(|_| keeps) {
                        value.push(b' ');
                        value.extend(text.trim_ascii().iter().take(LONGEST_VALUE));
                        value.truncate(LONGEST_VALUE);
                    }
                }
                (false, Some((name, value))) => {
                    let full = fields.len() >= MOST_FIELDS || taken > LONGEST_HEADER;
                    let vital = || VITAL.contains(&name.as_str());
                    keeps = !full || vital() && !fields.iter().any(|(known, _)| *known == name);
                    cut |= full;
                    if keeps {
                        let value = value.get(..LONGEST_VALUE).unwrap_or(value);
                        fields.push((name, value.to_vec()));
                    }
                }
                (false, None) if fields.is_empty() && line.starts_with(b"From ") => {}
                (false, None) => break,
            }
            rest = after;
            taken += end;
        }
        let text = |(name, value): (String, Vec<u8>)| (name, charset::decode(&value, None));
        (Self { fields: fields.into_iter().map(text).collect(), cut }, rest)
    }

    /// Whether there are more fields than were kept.
    pub(crate) const fn is_cut(&self) -> bool {
        self.cut
    }

    /// Of fields made elsewhere (an Outlook message, an inline forward).
    pub(crate) fn of(fields: Vec<(String, String)>) -> Self {
        Self { fields, cut: false }
    }

    /// The first field of that name, raw.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The first field of that name, its encoded words decoded.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.raw(name).map(decode_words)
    }

    /// Every field of that name, raw, in order.
    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(of, _)| of == name).map(|(_, value)| value.as_str())
    }

    /// Every field, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(crate) fn mailboxes(&self, name: &str) -> Vec<Mailbox> {
        self.raw(name).map(mailboxes).unwrap_or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

fn field(line: &[u8]) -> Option<(String, &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    let (name, value) = line.split_at(colon);
    let name = name.trim_ascii();
    let fits = !name.is_empty() && name.len() <= 80 && name.iter().all(|b| b.is_ascii_graphic());
    let name = || String::from_utf8_lossy(name).to_ascii_lowercase();
    fits.then(|| (name(), value.get(1..).unwrap_or_default().trim_ascii()))
}

/// A value with parameters: `text/html; charset="utf-8"; name*0*=utf-8''a`.
pub(crate) struct Valued {
    pub(crate) value: String,
    parameters: Vec<(String, String)>,
}

impl Valued {
    pub(crate) fn read(text: &str) -> Self {
        let mut pieces = split_outside_quotes(text, ';').into_iter();
        let value = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
        let mut parameters: Vec<(String, String)> = Vec::new();
        for piece in pieces.take(60) {
            let Some((name, value)) = piece.split_once('=') else { continue };
            let name = name.trim().to_ascii_lowercase();
            let value = unquote(value.trim());
            let Some((base, _)) = name.split_once('*') else {
                parameters.push((name, decode_words(&value)));
                continue;
            };
            let value = if name.ends_with('*') { extended(&value) } else { value };
            match parameters.iter_mut().find(|(known, _)| known == base) {
                Some((_, known)) => known.push_str(&value),
                None => parameters.push((base.into(), value)),
            }
        }
        Self { value, parameters }
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
    }
}

fn extended(value: &str) -> String {
    let mut parts = value.splitn(3, '\'');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(label), Some(_), Some(text)) => charset::decode(&percent(text), Some(label)),
        _ => charset::decode(&percent(value), None),
    }
}

/// Percent-encoding undone; what is not an escape stays.
pub(crate) fn percent(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let raw = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        let pair = raw.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| byte == b'%') {
            Some(value) => {
                bytes.push(value);
                at += 3;
            }
            None => {
                bytes.push(byte);
                at += 1;
            }
        }
    }
    bytes
}

fn split_outside_quotes(text: &str, mark: char) -> Vec<&str> {
    let (mut pieces, mut from, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == '"' {
            quoted = !quoted;
        } else if c == mark && !quoted {
            pieces.push(text.get(from..at).unwrap_or_default());
            from = at + c.len_utf8();
        }
    }
    pieces.push(text.get(from..).unwrap_or_default());
    pieces
}

fn unquote(text: &str) -> String {
    let inner = text.strip_prefix('"').map(|rest| rest.strip_suffix('"').unwrap_or(rest));
    match inner {
        None => text.trim_matches('\'').into(),
        Some(inner) => {
            let mut plain = String::with_capacity(inner.len());
            let mut letters = inner.chars();
            while let Some(c) = letters.next() {
                plain.push(if c == '\\' { letters.next().unwrap_or(c) } else { c });
            }
            plain
        }
    }
}

/// Encoded words undone; between two of them white space falls away (RFC 2047 §6.2).
pub(crate) fn decode_words(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    let mut pending: Option<(String, Vec<u8>)> = None;
    while let Some(start) = rest.find("=?") {
        let (before, from) = rest.split_at(start);
        let Some((label, bytes, after)) = encoded_word(from) else {
            flush(&mut plain, &mut pending);
            plain.push_str(before);
            plain.push_str("=?");
            rest = from.get(2..).unwrap_or_default();
            continue;
        };
        if !before.trim().is_empty() || pending.is_none() {
            flush(&mut plain, &mut pending);
            plain.push_str(before);
        }
        match &mut pending {
            Some((known, held)) if known.eq_ignore_ascii_case(label) => held.extend(bytes),
            _ => {
                flush(&mut plain, &mut pending);
                pending = Some((label.into(), bytes));
            }
        }
        rest = after;
    }
    flush(&mut plain, &mut pending);
    plain.push_str(rest);
    plain
}

fn flush(plain: &mut String, pending: &mut Option<(String, Vec<u8>)>) {
    if let Some((label, bytes)) = pending.take() {
        plain.push_str(&charset::decode(&bytes, Some(&label)));
    }
}

fn encoded_word(text: &str) -> Option<(&str, Vec<u8>, &str)> {
    let (label, rest) = text.strip_prefix("=?")?.split_once('?')?;
    let (kind, rest) = rest.split_once('?')?;
    let (word, rest) = rest.split_once("?=")?;
    if label.len() > 40 || label.contains(' ') {
        return None;
    }
    let label = label.split('*').next().unwrap_or(label);
    let bytes = match kind {
        "B" | "b" => transfer::base64(word.as_bytes(), LONGEST_VALUE).0,
        "Q" | "q" => {
            let spaced = word.replace('_', " ");
            transfer::decode(spaced.as_bytes(), Transfer::QuotedPrintable, LONGEST_VALUE).bytes
        }
        _ => return None,
    };
    Some((label, bytes, rest))
}

/// The addresses of a header value; tolerant of what people and kits write.
pub(crate) fn mailboxes(value: &str) -> Vec<Mailbox> {
    let pieces = split_outside_quotes(value, ',');
    let mut boxes: Vec<Mailbox> = Vec::new();
    let mut name_before = String::new();
    for piece in pieces.into_iter().take(100) {
        let piece = piece.trim();
        if !piece.contains('@') && !piece.contains('<') {
            // A comma that nobody quoted, within a name.
            name_before.push_str(piece);
            name_before.push(' ');
            continue;
        }
        let mut one = mailbox(piece);
        if !name_before.is_empty() {
            one.name = format!("{}{}", decode_words(&name_before), one.name).trim().into();
            name_before.clear();
        }
        boxes.push(one);
    }
    let name = name_before.trim();
    if boxes.is_empty() && !name.is_empty() {
        boxes.push(Mailbox { name: decode_words(&unquote(name)), address: String::new() });
    }
    boxes
}

fn mailbox(piece: &str) -> Mailbox {
    let clean = |address: &str| {
        let address = address.trim().trim_matches(['<', '>', '"', '\'', '[', ']']);
        let address = address.strip_prefix("mailto:").unwrap_or(address);
        address.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase()
    };
    let (plain, comment) = uncommented(piece);
    match opening(&plain) {
        Some(open) => {
            let (name, rest) = plain.split_at(open);
            let address = rest.get(1..).unwrap_or_default();
            let address = address.split('>').next().unwrap_or_default();
            Mailbox { name: decode_words(&unquote(name.trim())), address: clean(address) }
        }
        None => {
            let address = plain.split_whitespace().find(|word| word.contains('@'));
            let name = decode_words(comment.trim());
            Mailbox { name, address: clean(address.unwrap_or(&plain)) }
        }
    }
}

/// The last `<` outside quotes: what clients take for the address.
fn opening(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped, mut found) = (false, false, None);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => found = Some(at),
            _ => {}
        }
    }
    // A quote that nobody closed hides nothing.
    found.or_else(|| if quoted { text.rfind('<') } else { None })
}

/// A text without its comments (RFC 5322 §3.2.2), and what they say.
pub(crate) fn uncommented(text: &str) -> (String, String) {
    let (mut plain, mut comment) = (String::with_capacity(text.len()), String::new());
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for c in text.chars() {
        let was_escaped = std::mem::take(&mut escaped);
        match c {
            '\\' if !was_escaped => escaped = true,
            '"' if depth == 0 && !was_escaped => quoted = !quoted,
            '(' if !quoted && !was_escaped => {
                depth += 1;
                continue;
            }
            ')' if !quoted && !was_escaped && depth > 0 => {
                depth -= 1;
                continue;
            }
            _ => {}
        }
        if depth == 0 { &mut plain } else { &mut comment }.push(c);
    }
    (plain, comment)
}

#[cfg(test)]
mod tests {
    use super::{Headers, Mailbox, Valued, decode_words, mailboxes};

    #[test]
    fn folded_and_damaged_fields_are_read() {
        let raw = b"From x Mon\r\nSubject: a\r\n b\r\nTO: c@example.org\r\n\r\nbody\r\n";
        let (headers, body) = Headers::read(raw);
        assert_eq!(headers.raw("subject"), Some("a b"));
        assert_eq!(headers.raw("to"), Some("c@example.org"));
        assert_eq!(body, b"body\r\n");
        let (headers, body) = Headers::read(b"Subject: a\nno field here\nmore");
        assert_eq!((headers.raw("subject"), body), (Some("a"), &b"no field here\nmore"[..]));
    }

    #[test]
    fn no_number_of_fields_hides_what_says_how_to_read() {
        for junk in ["X-A: b\r\n".repeat(600), format!("X-A: {}\r\n", "b".repeat(300 << 10))] {
            let raw = format!("{junk}X-Last: a\r\n z\r\nContent-Type: text/html\r\n\r\n<p>x");
            let (headers, body) = Headers::read(raw.as_bytes());
            assert_eq!(headers.raw("content-type"), Some("text/html"));
            assert_eq!(body, b"<p>x");
            assert!(headers.is_cut());
        }
    }

    #[test]
    fn encoded_words_join() {
        assert_eq!(decode_words("=?utf-8?Q?Citt=C3?= =?utf-8?Q?=A0_x?= y"), "Città x y");
        assert_eq!(decode_words("=?iso-8859-1?B?Y2l0dOA=?="), "città");
        assert_eq!(decode_words("a =?broken"), "a =?broken");
    }

    #[test]
    fn parameters_continue() {
        let value =
            Valued::read("application/pdf; name*0*=utf-8''fat%C3; name*1*=%A0.pdf; x=\"a;b\"");
        assert_eq!(value.value, "application/pdf");
        assert_eq!(value.parameter("x"), Some("a;b"));
        assert!(value.parameter("name").is_some_and(|name| name.ends_with(".pdf")));
    }

    #[test]
    fn addresses_are_found_in_what_people_write() {
        let one =
            |name: &str, address: &str| Mailbox { name: name.into(), address: address.into() };
        let two = mailboxes("\"Rossi, A\" <A@Example.org>, b@example.org (Bi)");
        assert_eq!(two, [one("Rossi, A", "a@example.org"), one("Bi", "b@example.org")]);
        assert_eq!(mailboxes("Rossi, Ada <a@example.org>"), [one("Rossi Ada", "a@example.org")]);
        assert_eq!(mailboxes("Only a name"), [one("Only a name", "")]);
        let hidden = "x@evil.invalid (<luca@comune.example>)";
        assert_eq!(mailboxes(hidden), [one("<luca@comune.example>", "x@evil.invalid")]);
        let quoted = "\"Luca <luca@comune.example>\" <x@evil.invalid>";
        assert_eq!(mailboxes(quoted), [one("Luca <luca@comune.example>", "x@evil.invalid")]);
        let nested = "Luca (a (b) \\) <luca@comune.example>) <x@evil.invalid>";
        assert_eq!(mailboxes(nested), [one("Luca", "x@evil.invalid")]);
    }
}
