//! Logs of web servers (common and combined log format) and of Squid, under the names of W3C
//! extended that Sigma uses.

use super::Fault;
use crate::event::Tape;

const FORM: Fault = Fault::Form("a web server's log");
const SQUID: Fault = Fault::Form("Squid's log");

/// Whether it looks like one: an address, and a moment in brackets.
pub(super) fn seems(line: &str) -> bool {
    let host = line.split(' ').next().unwrap_or_default();
    let bracket = line.bytes().take(512).position(|it| it == b'[');
    host.len() < 256
        && bracket.is_some_and(|at| {
            let inside = line.as_bytes().get(at + 1..at + 21).unwrap_or_default();
            inside.get(2) == Some(&b'/') && inside.get(6) == Some(&b'/')
        })
}

/// Reads a line as `host ident user [moment] "request" status bytes "referer" "agent"`.
pub(super) fn read(line: &str, tape: &mut Tape) -> Result<(), Fault> {
    let (head, rest) = line.split_once(" [").ok_or(FORM)?;
    let mut head = head.split(' ');
    tape.say("log.kind", "web");
    tape.say("c-ip", head.next().ok_or(FORM)?);
    if let Some(user) = head.nth(1).filter(|it| *it != "-") {
        tape.say("cs-username", user);
    }
    let (at, rest) = rest.split_once(']').ok_or(FORM)?;
    if let Some(at) = moment(at) {
        tape.say("timestamp", &at);
    }
    let rest = rest.trim_start().strip_prefix('"').ok_or(FORM)?;
    let (asked, rest) = quoted(rest).ok_or(FORM)?;
    request(&asked, tape);
    let mut numbers = rest.trim_start().splitn(3, ' ');
    let status = numbers.next().ok_or(FORM)?;
    tape.say("sc-status", status);
    if let Some(bytes) = numbers.next() {
        tape.say("sc-bytes", bytes);
    }
    let mut rest = numbers.next().unwrap_or_default();
    for name in ["cs-referer", "cs-user-agent"] {
        let Some(inside) = rest.trim_start().strip_prefix('"') else { break };
        let Some((value, after)) = quoted(inside) else { break };
        if value != "-" {
            tape.say(name, &value);
        }
        rest = after;
    }
    Ok(())
}

fn request(asked: &str, tape: &mut Tape) {
    let (method, rest) = asked.split_once(' ').unwrap_or(("", asked));
    let target = rest.rsplit_once(' ').map_or(rest, |(target, protocol)| {
        if protocol.starts_with("HTTP/") { target } else { rest }
    });
    tape.say("cs-method", method);
    address(target, tape);
}

/// What was asked for, whole and in parts.
fn address(target: &str, tape: &mut Tape) {
    tape.say("cs-uri", target);
    let (stem, query) = target.split_once('?').unwrap_or((target, ""));
    tape.say("cs-uri-stem", stem);
    if !query.is_empty() {
        tape.say("cs-uri-query", query);
    }
    if let Some((_, rest)) = target.split_once("://") {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        tape.say("cs-host", host.rsplit_once('@').map_or(host, |(_, it)| it));
    }
}

/// Up to the closing quote, escapes (`\"`, `\x41`) resolved.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut plain = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        match (bytes.get(at)?, bytes.get(at + 1)) {
            (b'"', _) => {
                let plain = String::from_utf8_lossy(&plain).into_owned();
                return Some((plain, text.get(at + 1..).unwrap_or_default()));
            }
            (b'\\', Some(b'x')) => {
                let digits = text.get(at + 2..at + 4);
                match digits.and_then(|it| u8::from_str_radix(it, 16).ok()) {
                    Some(byte) => {
                        plain.push(byte);
                        at += 4;
                    }
                    None => {
                        plain.push(b'\\');
                        at += 1;
                    }
                }
            }
            (b'\\', Some(other)) => {
                plain.push(*other);
                at += 2;
            }
            (other, _) => {
                plain.push(*other);
                at += 1;
            }
        }
    }
}

/// `19/Oct/2026:10:00:00 +0200` in RFC 3339.
fn moment(text: &str) -> Option<String> {
    let at = jiff::Zoned::strptime("%d/%b/%Y:%H:%M:%S %z", text).ok()?;
    Some(at.timestamp().to_string())
}

/// Whether it looks like Squid's: seconds with a fraction, then how long it took.
pub(super) fn seems_squid(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let (at, took) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    at.len() == 14
        && at.as_bytes().get(10) == Some(&b'.')
        && took.bytes().all(|it| it.is_ascii_digit())
        && words.nth(1).is_some_and(|it| it.contains('/'))
}

/// Reads a line as `moment took client code/status bytes method URL user hierarchy type`.
pub(super) fn read_squid(line: &str, tape: &mut Tape) -> Result<(), Fault> {
    let words: Vec<&str> = line.split_ascii_whitespace().take(12).collect();
    let [at, _took, client, result, bytes, method, url, rest @ ..] = words.as_slice() else {
        return Err(SQUID);
    };
    tape.say("log.kind", "proxy");
    tape.say("timestamp", at);
    tape.say("c-ip", client);
    let (code, status) = result.split_once('/').ok_or(SQUID)?;
    tape.say("action", code);
    tape.say("sc-status", status);
    tape.say("sc-bytes", bytes);
    tape.say("cs-method", method);
    address(url, tape);
    if !url.contains("://") {
        tape.say("cs-host", url.split(':').next().unwrap_or(url));
    }
    if let Some(user) = rest.first().filter(|it| **it != "-") {
        tape.say("cs-username", user);
    }
    if let Some((_, peer)) = rest.get(1).and_then(|it| it.split_once('/')) {
        tape.say("dst_ip", peer);
    }
    Ok(())
}
