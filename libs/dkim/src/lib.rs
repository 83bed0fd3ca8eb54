//! Signatures of messages: DKIM (RFC 6376, RFC 8463) verified with keys that are at hand, ARC
//! (RFC 8617) likewise, and our own replies signed. Nothing is looked up: who has keys gives them.

mod canonical;
mod keys;
mod sign;
mod tags;

use canonical::{Field, Rule, body, divided, field};
use tags::Tags;

pub use keys::{Keys, NoKeys, Published};
pub use sign::{KeyFault, Signer};

/// How a signature ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Proof {
    /// It holds.
    Holds,
    /// It does not: the message is not as it was signed.
    Broken,
    /// It cannot be told: no key at hand, or a kind that is not known.
    Unknown,
}

/// What the signatures of a message prove.
#[derive(Default, Debug)]
pub struct Proven {
    /// The domains whose signature holds.
    pub domains: Vec<String>,
    /// Whether one was found broken.
    pub broken: bool,
    /// How the chain of intermediaries ended, where it can be told.
    pub chain: Option<Proof>,
    /// The last intermediary of a chain that holds.
    pub sealer: String,
}

const MOST_SIGNATURES: usize = 5;
/// Intermediaries of a chain (RFC 8617 §4.2.1 allows 50).
const MOST_SEALS: usize = 10;

/// Verifies what can be verified of a message.
#[must_use]
pub fn prove(message: &[u8], keys: &dyn Keys) -> Proven {
    let mut proven = Proven::default();
    if keys.is_empty() {
        return proven;
    }
    let (fields, text) = divided(message);
    let signatures = fields.iter().filter(|field| field.is("dkim-signature"));
    for signature in signatures.take(MOST_SIGNATURES) {
        let tags = Tags::read(signature.value());
        match signed_message(&fields, text, signature, &tags, keys) {
            Proof::Holds => proven.domains.extend(tags.get("d").map(str::to_lowercase)),
            Proof::Broken => proven.broken = true,
            Proof::Unknown => {}
        }
    }
    chain(&fields, text, keys, &mut proven);
    proven
}

/// A signature over the body and the header fields that it names (RFC 6376 §3.7).
fn signed_message(
    fields: &[Field<'_>],
    text: &[u8],
    signature: &Field<'_>,
    tags: &Tags<'_>,
    keys: &dyn Keys,
) -> Proof {
    let (Some(key), Some(covered)) = (keys::of(tags, keys), tags.get("h")) else {
        return Proof::Unknown;
    };
    let (head_rule, body_rule) = Rule::both(tags.get("c").unwrap_or("simple/simple"));
    let octets = body(text, body_rule);
    match tags.get("l").map(str::parse::<usize>) {
        None => {}
        Some(Ok(length)) if length == octets.len() => {}
        Some(Ok(length)) if length > octets.len() => return Proof::Broken,
        // What stands after the part that was counted may be anybody's.
        Some(_) => return Proof::Unknown,
    }
    if expired(fields, tags) || !is_own_identity(tags) {
        return Proof::Unknown;
    }
    if tags.octets("bh").as_deref() != Some(&keys::sha256(&octets)[..]) {
        return Proof::Broken;
    }
    let mut signed = Vec::new();
    let mut used = vec![false; fields.len()];
    let mut says_from = false;
    for name in covered.split(':').map(str::trim) {
        says_from |= name.eq_ignore_ascii_case("from");
        // The last one that was not used yet (RFC 6376 §5.4.2).
        let found = fields.iter().zip(&used).rposition(|(field, used)| !used && field.is(name));
        if let Some(at) = found {
            if let Some(used) = used.get_mut(at) {
                *used = true;
            }
            signed.extend(fields.get(at).map(|it| field(it, head_rule)).unwrap_or_default());
        }
    }
    signed.extend(field(&signature.without_signature(), head_rule).trim_ascii_end());
    let bytes = tags.octets("b").unwrap_or_default();
    if says_from || signature.is("arc-message-signature") {
        key.verify(&signed, &bytes)
    } else {
        Proof::Unknown
    }
}

/// Whether the signature had run out when the nearest receiver took the message, by its own record:
/// nobody here has a clock.
fn expired(fields: &[Field<'_>], tags: &Tags<'_>) -> bool {
    let Some(until) = tags.get("x") else { return false };
    let Ok(until) = until.parse::<i64>() else { return true };
    let made = tags.get("t").and_then(|made| made.parse::<i64>().ok());
    let received = fields.iter().find(|field| field.is("received"));
    let received =
        received.and_then(|field| field.value().rsplit_once(';')).and_then(|(_, date)| {
            let date = date.split('(').next().unwrap_or_default();
            let date = date.split_whitespace().collect::<Vec<_>>().join(" ");
            jiff::fmt::rfc2822::parse(&date).ok()
        });
    made.is_some_and(|made| made > until)
        || received.is_some_and(|moment| moment.timestamp().as_second() > until)
}

/// Whether who signs for (`i=`) is of the domain that signs (RFC 6376 §6.1.1).
fn is_own_identity(tags: &Tags<'_>) -> bool {
    let (Some(identity), Some(domain)) = (tags.get("i"), tags.get("d")) else { return true };
    // In a chain `i=` is the number of the intermediary.
    let Some((_, of)) = identity.rsplit_once('@') else {
        return identity.bytes().all(|digit| digit.is_ascii_digit());
    };
    let of = of.to_ascii_lowercase();
    let domain = domain.to_ascii_lowercase();
    of.strip_suffix(&domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The chain of intermediaries (RFC 8617 §5.2): each sealed all that came before it.
fn chain(fields: &[Field<'_>], text: &[u8], keys: &dyn Keys, proven: &mut Proven) {
    let set = |name: &str, instance: usize| {
        let is = |field: &&Field<'_>| {
            field.is(name)
                && Tags::read(field.value()).get("i").and_then(|i| i.parse().ok()) == Some(instance)
        };
        let mut found = fields.iter().filter(is);
        found.next().filter(|_| found.next().is_none())
    };
    let last = (1..=MOST_SEALS).take_while(|it| set("arc-seal", *it).is_some()).last();
    let Some(last) = last else { return };
    let mut signed = Vec::new();
    for instance in 1..=last {
        let parts = [
            set("arc-authentication-results", instance),
            set("arc-message-signature", instance),
            set("arc-seal", instance),
        ];
        let [Some(results), Some(message), Some(seal)] = parts else {
            proven.chain = Some(Proof::Broken);
            return;
        };
        let tags = Tags::read(seal.value());
        let said = if instance == 1 { "none" } else { "pass" };
        signed.extend(field(results, Rule::Relaxed));
        signed.extend(field(message, Rule::Relaxed));
        let Some(key) = keys::of(&tags, keys) else { return };
        let over =
            [&signed, field(&seal.without_signature(), Rule::Relaxed).trim_ascii_end()].concat();
        let proof = key.verify(&over, &tags.octets("b").unwrap_or_default());
        if proof != Proof::Holds || tags.get("cv") != Some(said) {
            proven.chain = Some(if proof == Proof::Unknown { proof } else { Proof::Broken });
            return;
        }
        signed.extend(field(seal, Rule::Relaxed));
        proven.sealer = tags.get("d").unwrap_or_default().to_lowercase();
    }
    // Only the last one saw the message as it is now.
    let message = set("arc-message-signature", last);
    proven.chain = message.map(|message| {
        let tags = Tags::read(message.value());
        signed_message(fields, text, message, &tags, keys)
    });
}

#[cfg(test)]
mod tests;
