//! Queries as BIND, dnsmasq and Unbound log them.

use super::Fault;
use crate::event::Tape;

const FORM: Fault = Fault::Form("a log of DNS queries");

/// What a line says.
struct Query<'l> {
    name: &'l str,
    kind: &'l str,
    client: &'l str,
    /// Where it was taken, when that is told.
    server: Option<&'l str>,
}

/// Whether it looks like one.
pub(super) fn seems(line: &str) -> bool {
    query(line).is_some()
}

/// Reads a line.
pub(super) fn read(line: &str, tape: &mut Tape) -> Result<(), Fault> {
    let Query { name, kind, client, server } = query(line).ok_or(FORM)?;
    tape.say("log.kind", "dns");
    let name = name.trim_end_matches('.');
    tape.say("query", name);
    tape.say("QueryName", name);
    tape.say("record_type", kind);
    tape.say("src_ip", client);
    if let Some(server) = server {
        tape.say("dst_ip", server);
    }
    if let Some((at, _)) = line.split_once(" queries: ")
        && let Ok(at) = jiff::civil::DateTime::strptime("%d-%b-%Y %H:%M:%S%.f", at.trim())
    {
        tape.say("timestamp", &at.to_string());
    }
    Ok(())
}

fn query(line: &str) -> Option<Query<'_>> {
    bind(line).or_else(|| dnsmasq(line)).or_else(|| unbound(line))
}

/// `client @0x7f 192.0.2.1#5353 (example.org): query: example.org IN A +E(0)K (192.0.2.53)`
fn bind(line: &str) -> Option<Query<'_>> {
    let (before, after) = line.split_once(": query: ")?;
    // Another program's line, with a name in it that looks like this.
    if before.split("client ").next()?.contains('[') {
        return None;
    }
    let client = before.split(' ').find_map(|it| it.split_once('#'))?.0;
    let mut words = after.split(' ');
    let (name, _class, kind) = (words.next()?, words.next()?, words.next()?);
    // What comes after it (`[ECS 198.51.100.0/24/0]`) is of another.
    Some(Query { name, kind, client, server: words.find_map(address) })
}

/// An address in parentheses; of those of a link, with the link that it is of.
fn address(word: &str) -> Option<&str> {
    let inside = word.strip_prefix('(')?.strip_suffix(')')?;
    let address = inside.split_once('%').map_or(inside, |(address, _)| address);
    address.parse::<std::net::IpAddr>().is_ok().then_some(inside)
}

/// `query[A] example.org from 192.0.2.1`
fn dnsmasq(line: &str) -> Option<Query<'_>> {
    let (before, after) = line.split_once("query[")?;
    if !before.is_empty() && !is_of("dnsmasq", before) {
        return None;
    }
    let (kind, after) = after.split_once("] ")?;
    let (name, client) = after.split_once(" from ")?;
    let client = client.split(' ').next()?;
    Some(Query { name, kind, client, server: None })
}

/// `[1767225600] unbound[1:0] info: 192.0.2.1 example.org. A IN`
fn unbound(line: &str) -> Option<Query<'_>> {
    let (before, after) = line.split_once("unbound")?;
    if before.contains('[') && !before.starts_with('[') {
        return None;
    }
    let (_, after) = after.split_once("info: ")?;
    let mut words = after.split(' ');
    let (client, name, kind) = (words.next()?, words.next()?, words.next()?);
    client.parse::<std::net::IpAddr>().ok()?;
    words.next().filter(|it| *it == "IN")?;
    Some(Query { name, kind, client, server: None })
}

/// Whether the first program that a line names is this one.
fn is_of(program: &str, line: &str) -> bool {
    line.split_once('[').is_some_and(|(before, _)| before.ends_with(program))
}
