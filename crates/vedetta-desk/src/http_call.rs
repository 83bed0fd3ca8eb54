//! The request of an `http-api` command, ready to be made: variables filled in, nothing smuggled,
//! to a host that is allowed and to no other.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use cacao::{CommandKind, Http, LONGEST_FILLING, Playbook, StepKind, fill};
use serde::{Deserialize, Serialize};

use crate::run::Run;

/// A request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prepared {
    /// The method.
    pub method: &'static str,
    /// The whole address.
    pub url: String,
    /// The host with its port, as it is allowed.
    pub host: String,
    /// The headers, without those that the connection sets.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub content: Vec<u8>,
}

/// The hosts that playbooks may call, e.g. `siem.example.org` or `firewall.example.org:8443`.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hosts(pub BTreeSet<String>);

/// Why a request is not made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CallError {
    /// No such command.
    #[error("step {node} has no http-api command {command}; look at the run again")]
    Unknown {
        /// The open step.
        node: u32,
        /// The command, from 0.
        command: usize,
    },
    /// A method that is none.
    #[error("{0:?} is no method; write GET, HEAD, POST, PUT, PATCH or DELETE")]
    Method(String),
    /// No address, or one that leads astray.
    #[error("{0:?} is no https address; give the agent one, or write it whole in the command")]
    Address(String),
    /// A variable that nobody has found out.
    #[error("{0} is not known; find it out first")]
    Missing(String),
    /// A variable with which the request is longer than it may be.
    #[error("with {0} the request is too long; find out something shorter")]
    Large(String),
    /// A header that is not the playbook's to set.
    #[error("the header {0:?} cannot be set by a playbook; take it away")]
    Header(String),
    /// A host that is not allowed.
    #[error("{0} is not among the hosts that playbooks may call; an administrator can allow it")]
    Host(String),
}

impl Hosts {
    /// Whether each is a host name or address, with a port or without.
    ///
    /// # Errors
    /// The first that is none.
    pub fn check(&self) -> Result<(), String> {
        let wrong = self.0.iter().find(|host| !is_host(host));
        wrong.map_or(Ok(()), |host| {
            Err(format!("{host:?} is no host; write siem.example.org or siem.example.org:8443"))
        })
    }
}

/// Prepares the request of a command of an open step.
///
/// # Errors
/// Why it is not made.
pub fn prepare(
    run: &Run,
    playbook: &Playbook,
    (node, command): (u32, usize),
    hosts: &Hosts,
) -> Result<Prepared, CallError> {
    let unknown = CallError::Unknown { node, command };
    let step = run.open.get(&node).filter(|open| open.branches == 0);
    let step = step.and_then(|open| playbook.step(&open.step)).ok_or(unknown.clone())?;
    let StepKind::Action { commands, agent, targets, .. } = &step.kind else {
        return Err(unknown);
    };
    let Some(CommandKind::Http(http)) = commands.get(command).map(|it| &it.kind) else {
        return Err(unknown);
    };
    let addresses = targets.iter().chain([agent]).filter_map(|id| playbook.agents.get(id));
    let base = addresses.filter_map(|it| it.address.as_deref()).next().unwrap_or_default();
    let url = address(run, http, base)?;
    let host = host_of(&url).ok_or_else(|| CallError::Address(url.clone()))?;
    if !hosts.0.contains(&host) {
        return Err(CallError::Host(host));
    }
    let method = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
    let method = method.into_iter().find(|it| *it == http.method);
    let method = method.ok_or_else(|| CallError::Method(http.method.clone()))?;
    Ok(Prepared { method, url, host, headers: headers(run, http)?, content: content(run, http)? })
}

fn address(run: &Run, http: &Http, base: &str) -> Result<String, CallError> {
    let target = filled(run, &http.target, percent)?;
    let whole = target.starts_with("https://") || target.starts_with("http://");
    let url = if whole {
        target
    } else {
        let base = filled(run, base, percent)?;
        format!("{}/{}", base.trim_end_matches('/'), target.trim_start_matches('/'))
    };
    let plain = url.chars().all(|c| c.is_ascii_graphic());
    if plain { Ok(url) } else { Err(CallError::Address(url)) }
}

/// The host of an https address, in lower case, with its port where it is not 443.
fn host_of(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.to_ascii_lowercase();
    let host = host.strip_suffix(":443").map(str::to_owned).unwrap_or(host);
    is_host(&host).then_some(host)
}

/// A name or address and a port: no account, nothing encoded.
fn is_host(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, "443"));
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
    !name.is_empty() && name.chars().all(letter) && port.parse::<u16>().is_ok()
}

fn headers(run: &Run, http: &Http) -> Result<Vec<(String, String)>, CallError> {
    const NOT: [&str; 8] = [
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "upgrade",
        "te",
        "trailer",
        "expect",
    ];
    let headers = http.headers.iter().map(|(name, value)| {
        let token = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        let lower = name.to_ascii_lowercase();
        let value = filled(run, value, |value| value.to_owned())?;
        let wrong = name.is_empty() || !name.chars().all(token) || NOT.contains(&lower.as_str());
        if wrong || value.chars().any(char::is_control) {
            return Err(CallError::Header(name.clone()));
        }
        Ok((name.clone(), value))
    });
    headers.collect()
}

fn content(run: &Run, http: &Http) -> Result<Vec<u8>, CallError> {
    let Ok(text) = std::str::from_utf8(&http.content) else { return Ok(http.content.clone()) };
    let json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let filled = filled(run, text, |value| if json { within_json(value) } else { value.into() })?;
    Ok(filled.into_bytes())
}

/// A text with its variables, each written so that it stays what it is there.
fn filled(run: &Run, text: &str, written: impl Fn(&str) -> String) -> Result<String, CallError> {
    let (wrong, room) = (RefCell::new(None), Cell::new(LONGEST_FILLING));
    let filled = fill(text, &|name| {
        if wrong.borrow().is_some() {
            return None;
        }
        let value = run.value(name).map(|value| written(&value));
        let left = value.as_ref().map(|value| room.get().checked_sub(value.len()));
        match left {
            Some(Some(left)) => room.set(left),
            Some(None) => *wrong.borrow_mut() = Some(CallError::Large(name.to_owned())),
            None => *wrong.borrow_mut() = Some(CallError::Missing(name.to_owned())),
        }
        value
    });
    wrong.into_inner().map_or(Ok(filled), Err)
}

/// As it stands in a path or query (RFC 3986).
fn percent(value: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let written = value.as_bytes().iter().map(|byte| match byte {
        byte if plain(byte) => char::from(*byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    written.collect()
}

/// As it stands between the quotes of a JSON string.
fn within_json(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    let inner = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
