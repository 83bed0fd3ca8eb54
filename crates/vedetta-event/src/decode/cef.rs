//! Common Event Format (ArcSight, revision 25): `CEF:0|vendor|product|version|id|name|severity|…`.

use super::Fault;
use super::local::Local;
use crate::event::Tape;

const FORM: Fault = Fault::Form("CEF");
/// Most pairs of the extension.
const MOST: usize = 1_024;
const HEADER: [&str; 6] =
    ["deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "name", "severity"];

/// What Sigma calls the keys of CEF.
const NAMES: &[(&str, &str)] = &[
    ("src", "src_ip"),
    ("dst", "dst_ip"),
    ("spt", "src_port"),
    ("dpt", "dst_port"),
    ("suser", "User"),
    ("duser", "TargetUserName"),
    ("request", "c-uri"),
    ("requestMethod", "cs-method"),
    ("requestClientApplication", "c-useragent"),
    ("dhost", "cs-host"),
    ("fname", "TargetFilename"),
    ("filePath", "TargetFilename"),
    ("fileHash", "Hashes"),
    ("sproc", "Image"),
    ("dproc", "Image"),
    ("act", "action"),
    ("msg", "message"),
];

/// Reads an event.
pub(super) fn read(line: &str, local: Option<&Local>, tape: &mut Tape) -> Result<(), Fault> {
    let start = line.find("CEF:").ok_or(FORM)?;
    let mut rest = line.get(start + 4..).unwrap_or_default();
    rest = rest.split_once('|').ok_or(FORM)?.1;
    let mut vendor = String::new();
    for name in HEADER {
        let end = bar(rest).ok_or(FORM)?;
        let value = plain(rest.get(..end).unwrap_or_default());
        tape.say(name, &value);
        if name == "deviceVendor" {
            vendor = value.to_ascii_lowercase();
        }
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    let kind = match vendor.as_str() {
        "fortinet" => "fortigate",
        "palo alto networks" => "paloalto",
        "cisco" => "cisco",
        _ => "firewall",
    };
    tape.say("log.kind", kind);
    extension(rest, local, tape);
    Ok(())
}

/// Where the next bar is that is not escaped.
fn bar(text: &str) -> Option<usize> {
    let mut before = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte == b'|' && before != b'\\' {
            return Some(at);
        }
        before = if byte == b'\\' && before == b'\\' { 0 } else { byte };
    }
    None
}

/// A value reaches to the next `key=`.
fn extension(text: &str, local: Option<&Local>, tape: &mut Tape) {
    let mut rest = text.trim_start();
    for _ in 0..MOST {
        let Some((key, after)) = rest.split_once('=') else { return };
        let key = key.trim();
        let end = next_key(after);
        let value = plain(after.get(..end).unwrap_or_default().trim_end());
        tape.say(key, &value);
        if key == "rt"
            && let Some(at) = local.and_then(|it| it.read(&value))
        {
            tape.say("timestamp", &at.to_string());
        }
        if let Some((_, name)) = NAMES.iter().find(|(it, _)| *it == key) {
            tape.say(name, &value);
        }
        rest = after.get(end..).unwrap_or_default().trim_start();
    }
}

fn next_key(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(found) = memchr::memchr(b'=', bytes.get(from..).unwrap_or_default()) {
        let equals = from + found;
        let before = text.get(..equals).unwrap_or_default();
        let key = before.rfind(' ').map_or("", |at| before.get(at + 1..).unwrap_or_default());
        let is_key = !key.is_empty()
            && key.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'.' | b'-'));
        if is_key && !before.ends_with('\\') {
            return equals - key.len() - 1;
        }
        from = equals + 1;
    }
    text.len()
}

fn plain(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, true) => match letters.next() {
                Some('n') => plain.push('\n'),
                Some('r') => plain.push('\r'),
                Some(other @ ('|' | '\\' | '=')) => plain.push(other),
                Some(other) => plain.extend(['\\', other]),
                None => plain.push('\\'),
            },
            (letter, false) => plain.push(letter),
        }
    }
    plain
}
