//! The journal of systemd in its export format: a field a line, records parted by empty lines.
//! Values with control characters are written as their length (8 bytes, little endian) and bytes.

use super::local::Local;
use super::{Fault, syslog};
use crate::event::{Name, Tape};

const FORM: Fault = Fault::Form("the journal's export format");
/// Most fields of a record.
const MOST: usize = 1_024;

/// The records of an export.
pub fn records(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        while let Some(left) = rest.strip_prefix(b"\n") {
            rest = left;
        }
        if rest.is_empty() {
            return None;
        }
        let mut at = 0;
        while let Some((_, end)) = line_at(rest, at) {
            at = end;
            if matches!(rest.get(at), Some(b'\n') | None) {
                break;
            }
        }
        let record = rest.get(..at).unwrap_or(rest);
        rest = rest.get(at.max(1)..).unwrap_or_default();
        Some(record)
    })
}

/// A name and a value.
type Field<'t> = (&'t [u8], &'t [u8]);

/// A field from some byte on, and where the next begins.
fn line_at(text: &[u8], at: usize) -> Option<(Field<'_>, usize)> {
    let rest = text.get(at..).filter(|it| !it.is_empty())?;
    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    let line = rest.get(..end)?;
    if let Some(equals) = memchr::memchr(b'=', line) {
        let pair = (line.get(..equals)?, line.get(equals + 1..)?);
        return Some((pair, (at + end + 1).min(text.len())));
    }
    let mut len = [0; 8];
    len.copy_from_slice(rest.get(end + 1..end + 9)?);
    let len = usize::try_from(u64::from_le_bytes(len)).ok()?;
    let start = end + 9;
    let value = rest.get(start..start.checked_add(len)?)?;
    Some(((line, value), (at + start + len + 1).min(text.len())))
}

/// Reads a record.
pub(super) fn read(record: &str, tape: &mut Tape) -> Result<(), Fault> {
    let (mut at, mut count) = (0, 0);
    while let Some(((key, value), next)) = line_at(record.as_bytes(), at) {
        if count == MOST {
            break;
        }
        let key = std::str::from_utf8(key).map_err(|_| FORM)?;
        if !key.is_empty() {
            tape.say(key, &String::from_utf8_lossy(value));
            count += 1;
        }
        at = next;
    }
    if count == 0 { Err(FORM) } else { Ok(()) }
}

/// Reads what the message of a record says, however the record was written: as JSON or exported.
pub(super) fn message(line: &str, local: Option<&Local>, tape: &mut Tape) {
    const MESSAGE: Name = Name::of("MESSAGE");
    const PROGRAM: Name = Name::of("SYSLOG_IDENTIFIER");
    let said = |name| tape.text(line, name).unwrap_or_default().into_owned();
    if tape.text(line, MESSAGE).is_some() && tape.text(line, PROGRAM).is_some() {
        let (message, program) = (said(MESSAGE), said(PROGRAM));
        // What only seemed to have a form is a message like any other.
        let _plain = syslog::inside((&message, &program), local, tape);
    }
}
