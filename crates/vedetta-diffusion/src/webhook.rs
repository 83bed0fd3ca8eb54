//! Webhooks: what is sent and signed, where to, and when again; and the client that connects. Redirects
//! are never followed: a destination is checked once, and a redirect would be another.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use vedetta_model::{Entropy, Instant, Tlp};
use vedetta_policy::{Cleared, Reader};

mod destination;
mod https;
mod signature;

pub use destination::{Destination, DestinationError, Inner};
pub use https::Https;
pub use signature::{Secret, SecretError, VerifyError, verify};

/// What a call tells.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Identifies the call; the same at each attempt, so that a receiver knows what it has.
    pub id: u64,
    /// The marking of what is told: TLP:RED is for persons, and never called out.
    pub tlp: Tlp,
    /// The body: one JSON object.
    pub body: Bytes,
}

/// An HTTP request to make.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// The method.
    pub method: &'static str,
    /// The whole URL.
    pub url: String,
    /// The headers; the client adds `Host` and `Content-Length`.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The body.
    pub body: Bytes,
}

/// What an answer means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// The receiver has it (200 to 299).
    Taken,
    /// To be tried again: no answer, a redirect, an error.
    Failed,
    /// The receiver wants no more calls (410).
    Gone,
}

/// What follows a failed attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// To be tried again then.
    At(Instant),
    /// Given up: to the list of dead letters, from which a person may send it again.
    DeadLetter,
}

/// The header that carries moment and signatures.
pub const SIGNATURE_HEADER: &str = "Vedetta-Signature";

/// Attempts before a call is given up.
pub const ATTEMPTS: u32 = 12;

/// The waits between the attempts, about half a day in all.
const WAITS: [Duration; ATTEMPTS as usize - 1] = [
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_mins(1),
    Duration::from_mins(2),
    Duration::from_mins(5),
    Duration::from_mins(15),
    Duration::from_mins(30),
    Duration::from_hours(1),
    Duration::from_hours(2),
    Duration::from_hours(4),
    Duration::from_hours(6),
];

/// The call for one attempt, from 1; nothing if the notice is not for the reader.
///
/// While a secret is being replaced, both are given and the call bears both signatures.
#[must_use]
pub fn call(
    notice: &Cleared<Notice>,
    reader: &Reader,
    destination: &Destination,
    secrets: &[Secret],
    attempt: u32,
    now: Instant,
) -> Option<Call> {
    let notice = notice.open(reader).filter(|notice| notice.tlp != Tlp::Red)?;
    Some(call_back((notice.id, &notice.body), destination, secrets, attempt, now))
}

/// The call for one attempt that tells a withdrawal to one who had the item: its body shows nothing
/// of the item but the name.
#[must_use]
pub fn call_back(
    (id, body): (u64, &Bytes),
    destination: &Destination,
    secrets: &[Secret],
    attempt: u32,
    now: Instant,
) -> Call {
    let headers = vec![
        ("Content-Type", "application/json".to_owned()),
        ("User-Agent", concat!("Vedetta/", env!("CARGO_PKG_VERSION")).to_owned()),
        ("Vedetta-Call", id.to_string()),
        ("Vedetta-Attempt", attempt.to_string()),
        (SIGNATURE_HEADER, signature::header(secrets, body, now)),
    ];
    let url = destination.url().to_owned();
    let headers = headers.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect();
    Call { method: "POST", url, headers, body: body.clone() }
}

/// What a status means; nothing came is no status.
#[must_use]
pub const fn answer(status: Option<u16>) -> Answer {
    match status {
        Some(200..=299) => Answer::Taken,
        Some(410) => Answer::Gone,
        _ => Answer::Failed,
    }
}

/// When to try again after attempt `attempt` (from 1) failed: each wait longer than the one before,
/// shortened or lengthened by up to a fifth, so that calls that failed together do not come back
/// together.
#[must_use]
pub fn again(attempt: u32, failed_at: Instant, entropy: &dyn Entropy) -> Next {
    let place = attempt.checked_sub(1).and_then(|place| usize::try_from(place).ok());
    let Some(wait) = place.and_then(|place| WAITS.get(place)) else { return Next::DeadLetter };
    let mut chance = [0; 2];
    entropy.fill(&mut chance);
    let part = u32::from(u16::from_le_bytes(chance));
    // From 0.8 to 1.2 in steps of 1 / 65,536.
    let jittered = *wait * 4 / 5 + *wait / 5 * 2 * part / 65_536;
    Next::At(failed_at.after(jittered))
}
