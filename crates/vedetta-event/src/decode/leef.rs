//! Log Event Extended Format 1.0 and 2.0 (IBM QRadar).

use super::Fault;
use super::local::Local;
use crate::event::Tape;

const FORM: Fault = Fault::Form("LEEF");
const HEADER: [&str; 4] = ["vendor", "product", "version", "eventId"];
/// Most pairs.
const MOST: usize = 1_024;

/// What Sigma calls the keys of LEEF.
const NAMES: &[(&str, &str)] = &[
    ("src", "src_ip"),
    ("dst", "dst_ip"),
    ("srcPort", "src_port"),
    ("dstPort", "dst_port"),
    ("usrName", "User"),
    ("url", "c-uri"),
    ("devTime", "timestamp"),
];

/// Reads an event.
pub(super) fn read(line: &str, local: Option<&Local>, tape: &mut Tape) -> Result<(), Fault> {
    let start = line.find("LEEF:").ok_or(FORM)?;
    let rest = line.get(start + 5..).unwrap_or_default();
    let (version, mut rest) = rest.split_once('|').ok_or(FORM)?;
    for name in HEADER {
        let (value, after) = rest.split_once('|').ok_or(FORM)?;
        tape.say(name, value);
        rest = after;
    }
    let mut between = '\t';
    if version.starts_with('2') {
        let (given, after) = rest.split_once('|').ok_or(FORM)?;
        between = delimiter(given).ok_or(FORM)?;
        rest = after;
    }
    tape.say("log.kind", "firewall");
    for pair in rest.split(between).take(MOST) {
        let Some((key, value)) = pair.split_once('=') else { continue };
        let key = key.trim();
        tape.say(key, value);
        if key == "devTime"
            && let Some(at) = local.and_then(|it| it.read(value))
        {
            tape.say("timestamp", &at.to_string());
        }
        if let Some((_, name)) = NAMES.iter().find(|(it, _)| *it == key) {
            tape.say(name, value);
        }
    }
    Ok(())
}

/// A character, or its number as `0x09` or `x09`.
fn delimiter(given: &str) -> Option<char> {
    let hex = given.strip_prefix("0x").or_else(|| given.strip_prefix('x'));
    match hex.filter(|it| !it.is_empty()) {
        Some(hex) => u32::from_str_radix(hex, 16).ok().and_then(char::from_u32),
        None => given.chars().next().or(Some('\t')),
    }
}
