//! What an event says happened, in the few shapes that the watches know.

use crate::event::{Event, Name};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// Somebody tried to log in.
    Login {
        /// Who.
        user: String,
        /// From where.
        from: String,
        /// How it ended.
        outcome: Outcome,
    },
    /// A connection.
    Connection {
        /// From where.
        from: String,
        /// Where to.
        to: String,
        /// To which port.
        port: u16,
        /// Bytes sent; 0 when not known.
        bytes: f64,
        /// How far it came.
        handshake: Handshake,
    },
    /// A request to a service.
    Request {
        /// From where.
        from: String,
        /// To which server; none is the one whose log it is.
        to: Option<String>,
        /// To which port, when it is told.
        port: Option<u16>,
        /// By which name: whoever asks says it.
        host: Option<String>,
    },
    /// A DNS query.
    Query {
        /// From where.
        from: String,
        /// For which name.
        name: String,
        /// Of which server; none is the one whose log it is.
        to: Option<String>,
        /// Of which port, when it is told.
        port: Option<u16>,
    },
    /// A program was started.
    Process {
        /// Where.
        host: String,
        /// The program.
        image: String,
    },
}

/// How far a connection came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handshake {
    /// It was begun (SYN) and never answered, or the answer never was.
    Unfinished,
    /// Anything else, or it is not told.
    Other,
}

/// How a login ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Let in.
    Success,
    /// Not let in.
    Failure,
}

const FROM: &[Name] = &[
    Name::of("src_ip"),
    Name::of("SourceIp"),
    Name::of("IpAddress"),
    Name::of("c-ip"),
    Name::of("sourceIPAddress"),
    // Flow records as goflow2 and nfdump write them.
    Name::of("src_addr"),
    Name::of("src4_addr"),
    Name::of("src6_addr"),
];
const TO: &[Name] = &[
    Name::of("dst_ip"),
    Name::of("DestinationIp"),
    Name::of("dst_addr"),
    Name::of("dst4_addr"),
    Name::of("dst6_addr"),
];
const PORT: &[Name] = &[Name::of("dst_port"), Name::of("DestinationPort")];
/// The server whose log it is.
const SERVER: &[Name] = &[Name::of("s-ip"), Name::of("Computer"), Name::of("host.name")];
const SERVER_PORT: &[Name] =
    &[Name::of("dst_port"), Name::of("DestinationPort"), Name::of("s-port")];
const HOST: &[Name] = &[Name::of("cs-host"), Name::of("host")];
const COMPUTER: &[Name] = &[Name::of("Computer"), Name::of("host.name"), Name::of("host")];
const USER: &[Name] =
    &[Name::of("TargetUserName"), Name::of("login.user"), Name::of("User"), Name::of("user.name")];
const QUERY: &[Name] = &[Name::of("query"), Name::of("QueryName")];
const SENT: &[Name] =
    &[Name::of("flow.bytes_toserver"), Name::of("orig_bytes"), Name::of("source.bytes")];

/// Longest name that is remembered, in bytes: what is longer names nothing.
const LONGEST: usize = 512;

/// What an event says happened.
#[must_use]
pub fn facts(event: &Event<'_>) -> Vec<Fact> {
    let first = |names: &[Name]| {
        let text = names.iter().find_map(|name| event.text(*name));
        let text = text.filter(|it| !it.is_empty() && *it != "-" && it.len() <= LONGEST);
        text.map(std::borrow::Cow::into_owned)
    };
    let number = |names: &[Name]| names.iter().find_map(|it| event.get(*it)?.number());
    let mut facts = Vec::new();
    let from = first(FROM);
    if let (Some(outcome), Some(user), Some(from)) = (outcome(event), first(USER), from.clone()) {
        facts.push(Fact::Login { user, from, outcome });
    }
    let categories = event.source().categories;
    let server = || first(TO).or_else(|| first(SERVER));
    let port = |names| number(names).map(|it| it as u16);
    if let (Some(from), Some(name)) = (from.clone(), first(QUERY)) {
        facts.push(Fact::Query { from, name, to: server(), port: port(SERVER_PORT) });
    } else if event.has(Name::of("cs-method")) {
        if let Some(from) = from {
            let (to, port, host) = (server(), port(SERVER_PORT), first(HOST));
            facts.push(Fact::Request { from, to, port, host });
        }
    } else if let (Some(from), Some(to), Some(port)) = (from, first(TO), port(PORT)) {
        let bytes = number(SENT).unwrap_or(0.0);
        facts.push(Fact::Connection { from, to, port, bytes, handshake: handshake(event) });
    }
    if categories.contains(&"process_creation")
        && let Some(image) = event.text(Name::of("Image"))
    {
        let host = first(COMPUTER).unwrap_or_default();
        facts.push(Fact::Process { host, image: image.to_ascii_lowercase() });
    }
    facts
}

/// As flow records tell it: the state that Suricata and Zeek saw, or flags that are SYN alone.
fn handshake(event: &Event<'_>) -> Handshake {
    let text = |name| event.text(Name::of(name));
    let is = |name, of: &[&str]| text(name).is_some_and(|said| of.contains(&&*said));
    let flags = |name| {
        let octets = event.get(Name::of(name)).and_then(crate::Value::integer) == Some(2);
        octets || text(name).is_some_and(|it| it.chars().filter(|it| *it != '.').eq(['S']))
    };
    let unfinished = is("tcp.state", &["syn_sent", "syn_recv"])
        || is("conn_state", &["S0", "SH", "RSTOS0"])
        || flags("tcp_flags")
        || flags("netflow.tcp_control_bits")
        || (is("event_type", &["netflow"]) && is("tcp.tcp_flags", &["02"]));
    if unfinished { Handshake::Unfinished } else { Handshake::Other }
}

fn outcome(event: &Event<'_>) -> Option<Outcome> {
    let said =
        event.text(Name::of("login.outcome")).or_else(|| event.text(Name::of("event.outcome")));
    let windows = (event.source().service == "security")
        .then(|| event.get(Name::of("EventID")).and_then(crate::Value::integer))
        .flatten();
    // Authentication of OCSF (class 3002): a logon that succeeded, or did not.
    let of_ocsf = event.get(Name::of("class_uid")).and_then(crate::Value::integer) == Some(3002);
    let ocsf = of_ocsf.then(|| event.get(Name::of("status_id"))?.integer()).flatten();
    match (said.as_deref(), windows, ocsf) {
        (Some("failure"), ..) | (_, Some(4625 | 4771 | 4776), _) | (.., Some(2)) => {
            Some(Outcome::Failure)
        }
        (Some("success"), ..) | (_, Some(4624), _) | (.., Some(1)) => Some(Outcome::Success),
        _ => None,
    }
}
