//! Syslog: RFC 5424, RFC 3164, and lines of log files without a priority. A message that is JSON,
//! CEF, LEEF, an audit record, a DNS query or a line of a web server or proxy is read as such.

use super::local::{self, Local};
use super::{Fault, audit, cef, dns, json, leef, login, pairs, web};
use crate::event::{Span, Tape};

const FORM: Fault = Fault::Form("syslog");
/// Longest header field (RFC 5424, section 6: 48 for the longest, generously).
const LONGEST_FIELD: usize = 256;

/// A message and the program that it is of.
type Message<'l> = (&'l str, &'l str);

/// Reads a line; a moment without a year or a zone is read by a clock, when there is one.
pub(super) fn read(line: &str, local: Option<&Local>, tape: &mut Tape) -> Result<(), Fault> {
    let mut rest = line.trim_ascii_start();
    let has_priority = rest.starts_with('<');
    if let Some(after) = rest.strip_prefix('<') {
        let (priority, after) = after.split_once('>').ok_or(FORM)?;
        let priority: u8 = priority.parse().ok().filter(|it| *it <= 191).ok_or(FORM)?;
        tape.say_number("syslog.facility", i64::from(priority / 8));
        tape.say_number("syslog.severity", i64::from(priority % 8));
        rest = after;
    }
    let message = match rest.strip_prefix("1 ") {
        Some(rest) => structured(rest, tape)?,
        None => match moment(rest) {
            Some(head) => plain(head, local, tape)?,
            // What follows a priority and is no moment is all content (RFC 3164, section 4.3.2).
            None if has_priority => (rest, ""),
            None => return Err(FORM),
        },
    };
    body(line, message, local, tape)
}

/// RFC 5424 after its version: the message.
fn structured<'l>(rest: &'l str, tape: &mut Tape) -> Result<Message<'l>, Fault> {
    let (mut rest, mut program) = (rest, "");
    for name in ["timestamp", "host", "syslog.program", "pid", "syslog.message_id"] {
        let (value, after) = rest.split_once(' ').ok_or(FORM)?;
        if value.len() > LONGEST_FIELD {
            return Err(FORM);
        }
        if value != "-" {
            tape.say(name, value);
        } else if name == "syslog.program" {
            tape.say(name, "");
        }
        program = if name == "syslog.program" { value } else { program };
        rest = after;
    }
    if let Some(after) = rest.strip_prefix('-') {
        return Ok((after.trim_start().trim_start_matches('\u{feff}'), program));
    }
    while let Some(after) = rest.strip_prefix('[') {
        let end = end_of_element(after).ok_or(FORM)?;
        let element = after.get(..end).unwrap_or_default();
        let (id, named) = element.split_once(' ').unwrap_or((element, ""));
        for (key, value) in pairs::pairs(named) {
            tape.say(&format!("{id}.{key}"), value);
        }
        rest = after.get(end + 1..).unwrap_or_default();
    }
    Ok((rest.trim_start().trim_start_matches('\u{feff}'), program))
}

/// Where the bracket closes, outside of quotes.
fn end_of_element(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (Quoted::No, Escaped::No);
    for (at, byte) in text.bytes().enumerate() {
        match (byte, quoted, escaped) {
            (_, _, Escaped::Yes) => escaped = Escaped::No,
            (b'\\', Quoted::Yes, _) => escaped = Escaped::Yes,
            (b'"', Quoted::Yes, _) => quoted = Quoted::No,
            (b'"', Quoted::No, _) => quoted = Quoted::Yes,
            (b']', Quoted::No, _) => return Some(at),
            _ => {}
        }
    }
    None
}

#[derive(Clone, Copy)]
enum Quoted {
    Yes,
    No,
}

#[derive(Clone, Copy)]
enum Escaped {
    Yes,
    No,
}

/// RFC 3164 after its priority, or a line of a log file: the moment, and the message after it.
fn plain<'l>(
    (at, rest): (&str, &'l str),
    local: Option<&Local>,
    tape: &mut Tape,
) -> Result<Message<'l>, Fault> {
    match local.and_then(|it| it.read(at)) {
        Some(at) => tape.say("timestamp", &at.to_string()),
        None => tape.say("timestamp", at),
    }
    let (host, rest) = rest.trim_start().split_once(' ').ok_or(FORM)?;
    let rest = rest.trim_start();
    tape.say("host", host);
    if ["CEF:", "LEEF:"].iter().any(|it| rest.starts_with(it)) {
        return Ok((rest, ""));
    }
    let end = rest.find([':', ' ', '[']).unwrap_or(rest.len());
    let program = rest.get(..end.min(LONGEST_FIELD)).unwrap_or_default();
    let mut after = rest.get(end..).unwrap_or_default();
    if !after.starts_with([':', '[']) {
        tape.say("syslog.program", "");
        return Ok((rest, ""));
    }
    let program = program.rsplit('/').next().unwrap_or(program);
    tape.say("syslog.program", program);
    if let Some(inside) = after.strip_prefix('[') {
        let (pid, left) = inside.split_once(']').ok_or(FORM)?;
        tape.say("pid", pid);
        after = left;
    }
    Ok((after.strip_prefix(':').unwrap_or(after).trim_start(), program))
}

/// The moment at the beginning: `Oct 19 10:00:00`, with a year or not, or RFC 3339.
fn moment(text: &str) -> Option<(&str, &str)> {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        let (at, rest) = text.split_once(' ')?;
        crate::event::moment::read(at)?;
        return Some((at, rest));
    }
    if !local::begins(text) {
        return None;
    }
    let time = text.find(':').filter(|at| *at < 24)?;
    let end = text.get(time..)?.find(' ')? + time;
    Some((text.get(..end)?, text.get(end..)?))
}

/// The message, read as what it is.
fn body(
    line: &str,
    (message, program): Message<'_>,
    local: Option<&Local>,
    tape: &mut Tape,
) -> Result<(), Fault> {
    let start = message.as_ptr() as usize - line.as_ptr() as usize;
    let inner = message.strip_prefix("@cee:").unwrap_or(message).trim_ascii_start();
    if inner.starts_with('{') {
        let from = inner.as_ptr() as usize - line.as_ptr() as usize;
        return json::read(line, from, tape);
    }
    tape.say_span("message", Span::of(start, start + message.len()));
    inside((message, program), local, tape)
}

/// What a message of a program says in a form of its own.
pub(super) fn inside(
    (message, program): Message<'_>,
    local: Option<&Local>,
    tape: &mut Tape,
) -> Result<(), Fault> {
    if login::read((message, program), tape) {
        return Ok(());
    }
    if message.starts_with("CEF:") {
        return cef::read(message, local, tape);
    }
    if message.starts_with("LEEF:") {
        return leef::read(message, local, tape);
    }
    if message.starts_with("type=") && message.contains("msg=audit(") {
        return audit::read(message, tape);
    }
    if dns::seems(message) {
        return dns::read(message, tape);
    }
    if web::seems(message) {
        return web::read(message, tape);
    }
    if web::seems_squid(message) {
        return web::read_squid(message, tape);
    }
    if message.starts_with("logver=") || message.starts_with("date=") {
        fortigate(message, tape);
    }
    Ok(())
}

/// `date=2026-10-19 time=10:00:00 tz="+0200" devname=…`.
fn fortigate(message: &str, tape: &mut Tape) {
    let said = |wanted: &str| pairs::pairs(message).find(|(key, _)| *key == wanted);
    tape.say("log.kind", "fortigate");
    if let (Some((_, date)), Some((_, time))) = (said("date"), said("time")) {
        let zone = said("tz").map_or("", |(_, zone)| zone);
        tape.say("timestamp", &format!("{date}T{time}{zone}"));
    }
    pairs::say(message, tape);
}
