//! What sshd and PAM say of logins, in fields. Names of accounts and of keys are written by whoever
//! tries: what could be read in two ways names no address.

use std::net::IpAddr;

use crate::event::Tape;

/// Reads a message and the program that it is of; whether it is about a login.
pub(super) fn read((message, program): (&str, &str), tape: &mut Tape) -> bool {
    let tried = if message.starts_with("pam_") {
        pam(message)
    } else if ["sshd", "sshd-session", "sshd-auth"].contains(&program) {
        sshd(message)
    } else {
        None
    };
    let Some(Tried { outcome, user, from }) = tried else { return false };
    tape.say("login.outcome", outcome);
    user.into_iter().for_each(|it| tape.say("login.user", it));
    from.into_iter().for_each(|it| tape.say("src_ip", it));
    true
}

struct Tried<'m> {
    outcome: &'static str,
    user: Option<&'m str>,
    from: Option<&'m str>,
}

/// `Failed password for invalid user NAME from ADDRESS port N ssh2`, with the key after a colon when
/// it was a key.
fn sshd(message: &str) -> Option<Tried<'_>> {
    let (outcome, rest) = match message.split_once(' ')? {
        ("Failed", rest) => ("failure", rest),
        ("Accepted", rest) => ("success", rest),
        _ => return None,
    };
    let (method, rest) = rest.split_once(" for ")?;
    let rest = rest.strip_prefix("invalid user ").unwrap_or(rest);
    let parted = if ["publickey", "hostbased"].contains(&method) {
        // A key may have a name, too.
        rest.split_once(" from ").filter(|(_, after)| !after.contains(" from "))
    } else {
        rest.rsplit_once(" from ")
    };
    let Some((user, after)) = parted else {
        return Some(Tried { outcome, user: None, from: None });
    };
    let (from, after) = after.split_once(" port ").unwrap_or((after, ""));
    let is_port = after.starts_with(|it: char| it.is_ascii_digit());
    let from = Some(from).filter(|it| is_port && it.parse::<IpAddr>().is_ok());
    Some(Tried { outcome, user: Some(user), from })
}

/// `pam_unix(sshd:auth): authentication failure; logname= uid=0 … rhost=ADDRESS  user=NAME`.
fn pam(message: &str) -> Option<Tried<'_>> {
    let (_, rest) = message.split_once("): ")?;
    let rest = rest.strip_prefix("authentication failure;")?;
    let once = |key: &str| {
        let (_, after) = rest.split_once(key)?;
        (!after.contains(key)).then_some(after)
    };
    let user = once(" user=").map(str::trim_end).filter(|it| !it.is_empty());
    let from = once(" rhost=").and_then(|it| it.split(' ').next()).filter(|it| !it.is_empty());
    Some(Tried { outcome: "failure", user, from })
}
