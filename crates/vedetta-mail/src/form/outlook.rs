//! Outlook's own file ([MS-OXMSG]), rewritten as an ordinary message, so that one road serves both.

use std::fmt::Write as _;
use std::io::Cursor;

use base64::Engine as _;

use crate::attachment::{hex, office};
use crate::budget::{Budget, Obstacle};

type File<'a> = cfb::CompoundFile<Cursor<&'a [u8]>>;

const LARGEST: usize = 8 << 20;
const MOST_ATTACHMENTS: usize = 60;
const DEEPEST: usize = 4;

/// Whether the bytes are such a file.
pub(crate) fn is_outlook(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xd0\xcf\x11\xe0")
        && office::streams(bytes).is_some_and(|paths| {
            paths.iter().any(|path| path.starts_with("/__properties_version1.0"))
        })
}

/// The message as RFC 5322 bytes; `None` when it cannot be read.
pub(crate) fn rewritten(bytes: &[u8], budget: &mut Budget) -> Option<Vec<u8>> {
    let mut file = office::compound(bytes)?;
    let paths = office::streams(bytes)?;
    let mut room = LARGEST;
    let mut letter = Letter { file: &mut file, paths: &paths, room: &mut room, budget };
    Some(letter.write("", 0))
}

struct Letter<'f, 'a> {
    file: &'f mut File<'a>,
    paths: &'f [String],
    room: &'f mut usize,
    budget: &'f mut Budget,
}

impl Letter<'_, '_> {
    fn bytes(&mut self, folder: &str, property: &str) -> Option<Vec<u8>> {
        let path = format!("{folder}/__substg1.0_{property}");
        self.paths.iter().find(|known| **known == path)?;
        let content = office::stream(self.file, &path, *self.room)?;
        *self.room -= content.len();
        if *self.room == 0 {
            self.budget.unread("1", Obstacle::TooLarge);
        }
        Some(content)
    }

    /// A property as text: Unicode, else the old eight bits.
    fn text(&mut self, folder: &str, property: &str) -> Option<String> {
        if let Some(wide) = self.bytes(folder, &format!("{property}001F")) {
            return Some(encoding_rs::UTF_16LE.decode_without_bom_handling(&wide).0.into_owned());
        }
        let narrow = self.bytes(folder, &format!("{property}001E"))?;
        Some(transfer::charset::decode(&narrow, None))
    }

    fn write(&mut self, folder: &str, depth: usize) -> Vec<u8> {
        let boundary = format!("outlook-{depth}-{}", hex(folder.as_bytes()));
        let mut out = self.header(folder);
        write!(
            out,
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n"
        )
        .ok();
        let html =
            self.bytes(folder, "10130102").map(|html| transfer::charset::decode(&html, None));
        let html = html.or_else(|| self.text(folder, "1013"));
        let plain = self.text(folder, "1000");
        let rtf = self
            .bytes(folder, "10090102")
            .and_then(|rtf| crate::form::outlook::expand(&rtf, 4 << 20));
        let body = match (html, plain, rtf) {
            (Some(html), _, _) => ("text/html", html),
            (None, _, Some(rtf)) if rtf.contains("\\fromhtml") => ("text/html", html_of(&rtf)),
            (None, Some(plain), _) => ("text/plain", plain),
            (None, None, rtf) => ("text/plain", rtf.unwrap_or_default()),
        };
        let mut letter = out.into_bytes();
        part(&mut letter, &boundary, &format!("{}; charset=utf-8", body.0), body.1.as_bytes());
        // Numbers may be missing: the folders that are there count.
        let start = format!("{folder}/__attach_version1.0_#");
        let is_one =
            |path: &&String| path.strip_prefix(&start).is_some_and(|number| !number.contains('/'));
        for (number, attachment) in self.paths.iter().filter(is_one).enumerate() {
            if number >= MOST_ATTACHMENTS {
                self.budget.unread("1", Obstacle::TooMany);
                break;
            }
            self.attachment(&mut letter, &boundary, attachment, depth);
        }
        letter.extend(format!("--{boundary}--\r\n").bytes());
        letter
    }

    fn header(&mut self, folder: &str) -> String {
        let mut out = String::new();
        if let Some(transport) = self.text(folder, "007D").filter(|it| it.contains(':')) {
            let mut skipping = false;
            for line in transport.lines().filter(|line| !line.trim().is_empty()) {
                let folded = line.starts_with([' ', '\t']);
                if !folded {
                    let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
                    skipping = name.starts_with("content-")
                        || name == "mime-version"
                        || line.starts_with("Microsoft Mail");
                }
                if !skipping {
                    write!(out, "{}\r\n", line.trim_end_matches('\0')).ok();
                }
            }
            return out;
        }
        let name = self.text(folder, "0C1A").unwrap_or_default();
        let address =
            self.text(folder, "5D01").or_else(|| self.text(folder, "0C1F")).unwrap_or_default();
        let subject = self.text(folder, "0037").unwrap_or_default();
        let to = self.text(folder, "0E04").unwrap_or_default();
        let one_line = |text: &str| text.replace(['\r', '\n', '\0'], " ");
        for (field, value) in [
            ("From", format!("\"{}\" <{address}>", name.replace('"', ""))),
            ("To", to),
            ("Subject", subject),
        ] {
            write!(out, "{field}: {}\r\n", one_line(&value)).ok();
        }
        out
    }

    fn attachment(&mut self, letter: &mut Vec<u8>, boundary: &str, folder: &str, depth: usize) {
        let name =
            self.text(folder, "3707").or_else(|| self.text(folder, "3704")).unwrap_or_default();
        let name: String =
            name.chars().filter(|c| !c.is_control() && *c != '"').take(200).collect();
        let embedded = format!("{folder}/__substg1.0_3701000D");
        if self.paths.contains(&embedded) && depth >= DEEPEST {
            self.budget.unread("1", Obstacle::TooDeep);
            return;
        }
        if self.paths.contains(&embedded) {
            let inner = self.write(&embedded, depth + 1);
            part(letter, boundary, "message/rfc822", &inner);
            return;
        }
        let kind = self.text(folder, "370E").unwrap_or_default();
        let kind: String = kind.chars().filter(|c| c.is_ascii_graphic()).collect();
        let kind = if kind.contains('/') { kind } else { "application/octet-stream".into() };
        let content = self.bytes(folder, "37010102").unwrap_or_default();
        part(letter, boundary, &format!("{kind}; name=\"{name}\""), &content);
    }
}

fn part(letter: &mut Vec<u8>, boundary: &str, kind: &str, content: &[u8]) {
    let head = format!(
        "--{boundary}\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    );
    letter.extend(head.bytes());
    letter.extend(base64::engine::general_purpose::STANDARD.encode(content).bytes());
    letter.extend(b"\r\n");
}

/// What compressed RTF starts from ([MS-OXRTFCP] §2.1.2.1).
const DICTIONARY: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \
\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \
\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// Expands compressed RTF, to at most `most` bytes.
fn expand(bytes: &[u8], most: usize) -> Option<String> {
    let kind = bytes.get(8..12)?;
    let body = bytes.get(16..)?;
    if kind == b"MELA" {
        return Some(String::from_utf8_lossy(body).into_owned());
    }
    if kind != b"LZFu" {
        return None;
    }
    let mut out = DICTIONARY.to_vec();
    let start = out.len();
    let mut at = 0;
    'all: while let Some(&flags) = body.get(at) {
        at += 1;
        for bit in 0..8 {
            if flags >> bit & 1 == 0 {
                let Some(&byte) = body.get(at) else { break 'all };
                out.push(byte);
                at += 1;
                continue;
            }
            let (Some(&high), Some(&low)) = (body.get(at), body.get(at + 1)) else { break 'all };
            at += 2;
            let offset = usize::from(high) << 4 | usize::from(low >> 4);
            let end = out.len() & 4095;
            let back = (end + 4096 - offset) & 4095;
            if back == 0 || out.len() - start > most {
                break 'all;
            }
            for _ in 0..usize::from(low & 15) + 2 {
                let from = out.len().checked_sub(back)?;
                out.push(out.get(from).copied()?);
            }
        }
    }
    Some(String::from_utf8_lossy(out.get(start..)?).into_owned())
}

/// The HTML that Outlook wrapped in RTF ([MS-OXRTFEX]).
fn html_of(rtf: &str) -> String {
    let mut html = String::new();
    let mut rest = rtf;
    let mut muted = false;
    while let Some(letter) = rest.chars().next() {
        let mut taken = letter.len_utf8();
        if letter == '\\' {
            let word: String =
                rest.chars().skip(1).take_while(char::is_ascii_alphanumeric).take(30).collect();
            taken = 1 + word.len().max(1);
            let escaped = rest.get(1..2).unwrap_or_default();
            match word.as_str() {
                "" if escaped == "'" => {
                    let code = rest.get(2..4).and_then(|hex| u8::from_str_radix(hex, 16).ok());
                    html.push_str(&transfer::charset::decode(&[code.unwrap_or(b' ')], None));
                    taken = 4;
                }
                "" if matches!(escaped, "\\" | "{" | "}") => html.push_str(escaped),
                "" => {}
                "htmlrtf" => muted = true,
                "htmlrtf0" => muted = false,
                "par" | "line" if !muted => html.push('\n'),
                "tab" if !muted => html.push('\t'),
                _ => {}
            }
            if !word.is_empty() && rest.get(taken..).is_some_and(|after| after.starts_with(' ')) {
                taken += 1;
            }
        } else if !muted && !matches!(letter, '{' | '}' | '\r' | '\n') {
            html.push(letter);
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    html.find('<').and_then(|at| html.get(at..)).unwrap_or(&html).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{expand, html_of};

    #[test]
    fn compressed_rtf_is_expanded() {
        // The example of [MS-OXRTFCP] §3.1.1.
        let bytes = [
            0x2d, 0, 0, 0, 0x2b, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0,
            0x0a, 0, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68,
            0x65, 0x6c, 0x09, 0, 0x20, 0x62, 0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f,
            0xa0,
        ];
        let text = expand(&bytes, 1000);
        assert_eq!(text.as_deref(), Some("{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"));
    }

    #[test]
    fn html_comes_out_of_rtf() {
        let rtf = "{\\rtf1\\fromhtml1 {\\*\\htmltag64 <p>}\\htmlrtf \\par\\htmlrtf0 Citt\\'e0 {\\*\\htmltag84 <a href=\"x\">}";
        assert_eq!(html_of(rtf), "<p>Città <a href=\"x\">");
    }
}
