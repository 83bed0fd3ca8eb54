//! A relying party of WebAuthn (Web Authentication, Level 3; sections as of Level 2 where they are the same).
//!
//! A passkey stands for password and code together: user verification is required. Which device made it is
//! not asked: attestation `none` is requested, and the statement of any other is passed over (§7.1 step 21,
//! as a relying party may that trusts no maker).

use std::time::Duration;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use vedetta_model::{Entropy, Instant};

use crate::authenticator::{AuthenticatorData, LONGEST_ID};
use crate::cbor::{self, Value};
use crate::cose::PublicKey;
use crate::seal::Seal;
use crate::{octets, written};

pub use crate::cose::ALGORITHMS;

/// How long a challenge lasts (§15.1 recommends five minutes at least, and ten at most).
pub const LASTS: Duration = Duration::from_secs(600);
/// The largest client data, in octets.
const LARGEST_CLIENT_DATA: usize = 4 << 10;
/// The largest attestation object or authenticator data, in octets.
const LARGEST_DATA: usize = 16 << 10;
/// The largest signature, in octets: RSA of 8,192 bits.
const LARGEST_SIGNATURE: usize = 1 << 10;

/// For whom passkeys are made.
#[derive(Clone, Debug)]
pub struct RelyingParty {
    id: String,
    origin: String,
    seal: Seal,
}

/// What is kept of a passkey.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Credential {
    /// Its identifier, in base64url.
    pub id: String,
    /// Its public key, COSE in base64url.
    pub key: String,
    /// Whether it may be on several devices (flag BE, which never changes).
    pub backup_eligible: bool,
}

/// What changes of a passkey with each use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Use {
    /// The signature counter; 0 of an authenticator that does not count.
    pub sign_count: u32,
    /// Whether it is on several devices now (flag BS).
    pub backed_up: bool,
}

/// A challenge that came back: it may come back once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answered {
    /// The challenge.
    pub challenge: String,
    /// After which it is no longer taken anyway.
    pub until: Instant,
}

/// What a browser sends of a passkey just made, each part in base64url (§5.2.1).
#[derive(Clone, Debug, Default)]
pub struct Made {
    /// `response.clientDataJSON`.
    pub client_data: String,
    /// `response.attestationObject`.
    pub attestation: String,
}

/// What a browser sends of a passkey just used, each part in base64url (§5.2.2).
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// `rawId`.
    pub id: String,
    /// `response.clientDataJSON`.
    pub client_data: String,
    /// `response.authenticatorData`.
    pub authenticator_data: String,
    /// `response.signature`.
    pub signature: String,
    /// `response.userHandle`.
    pub user: String,
}

/// Why a passkey is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// It cannot be read.
    #[error("the {0} of the passkey cannot be read; try again, or use another device")]
    Unreadable(&'static str),
    /// It answers something else.
    #[error("the passkey answers another question than was asked; open the page again")]
    Type,
    /// The challenge is not ours, somebody else's, or over.
    #[error("the question that the passkey answers is over; try again")]
    Challenge,
    /// It was shown to another page.
    #[error("the passkey was shown to another site; open the node by the address in its settings")]
    Origin,
    /// It is another relying party's.
    #[error("the passkey is of another site; use the one that you made here")]
    RelyingParty,
    /// Nobody was there.
    #[error("nobody confirmed on the device; try again")]
    Absent,
    /// The device did not check who was there.
    #[error("the device did not check who you are; set a PIN, a fingerprint or a face on it")]
    Unverified,
    /// There is no key in it, or of an algorithm that is not taken.
    #[error("the passkey has no key of a kind that is taken (ES256, EdDSA, RS256)")]
    Key,
    /// The signature is wrong.
    #[error("the passkey's signature is wrong; use the one that you made here")]
    Signature,
    /// It is somebody else's.
    #[error("the passkey is of another account; use your own")]
    User,
    /// What it says of itself for good is not what it said (flag BE).
    #[error("the passkey is not as it was made; remove it, and make another")]
    Changed,
    /// Its counter did not go on: there may be two of it.
    #[error("the passkey counts backwards: it may have been copied; remove it, and make another")]
    Count,
}

/// Client data (§5.8.1). What else it says is passed over.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
}

impl RelyingParty {
    /// With the host's name and the address at which people open the node, e.g. `https://node.example:8443`.
    /// `None` when that is no name that passkeys are made for: they want `https` and a name, not an address.
    #[must_use]
    pub fn new(origin: &str, seal: Seal) -> Option<Self> {
        let id = name_in(origin)?.to_owned();
        Some(Self { id, origin: origin.to_owned(), seal })
    }

    /// Its identifier (§5.4.2).
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The host of its pages, as browsers send it.
    #[must_use]
    pub fn host(&self) -> &str {
        self.origin.strip_prefix("https://").unwrap_or(&self.origin)
    }

    /// A challenge for whoever `holder` names (§13.4.3).
    #[must_use]
    pub fn challenge(&self, holder: &str, now: Instant, entropy: &dyn Entropy) -> String {
        self.seal.challenge(holder, (now, LASTS), entropy)
    }

    /// Registers a new credential (§7.1).
    ///
    /// # Errors
    /// Why it is refused.
    pub fn register(
        &self,
        made: &Made,
        holder: &str,
        now: Instant,
    ) -> Result<(Credential, Use, Answered), Refusal> {
        let (_, answered) =
            self.client_data(&made.client_data, ("webauthn.create", holder), now)?;
        let attestation = octets(&made.attestation, LARGEST_DATA);
        let attestation = attestation.ok_or(Refusal::Unreadable("attestation"))?;
        let (object, rest) = cbor::read(&attestation).ok_or(Refusal::Unreadable("attestation"))?;
        let part = |name| object.get(&Value::Text(name));
        let format = part("fmt").and_then(Value::text);
        let data = part("authData").and_then(Value::bytes);
        let (Some(_), Some(data), []) = (format, data, rest) else {
            return Err(Refusal::Unreadable("attestation"));
        };
        let data = self.authenticator_data(data)?;
        let attested = data.attested.as_ref().ok_or(Refusal::Key)?;
        let credential = Credential {
            id: written(attested.id),
            key: written(attested.key),
            backup_eligible: data.backup_eligible(),
        };
        Ok((credential, Use::of(&data), answered))
    }

    /// Judges the use of a credential (§7.2) as it is kept; what is to be kept of it now.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn judge(
        &self,
        shown: &Shown,
        (credential, before, user): (&Credential, Use, &str),
        holder: &str,
        now: Instant,
    ) -> Result<(Use, Answered), Refusal> {
        if shown.id != credential.id {
            return Err(Refusal::Signature);
        }
        if shown.user != user {
            return Err(Refusal::User);
        }
        let (client_data, answered) =
            self.client_data(&shown.client_data, ("webauthn.get", holder), now)?;
        let octets_of =
            |text: &str, most, what| octets(text, most).ok_or(Refusal::Unreadable(what));
        let told = octets_of(&shown.authenticator_data, LARGEST_DATA, "data")?;
        let data = self.authenticator_data(&told)?;
        let key = octets_of(&credential.key, LARGEST_DATA, "key")?;
        let (key, _) = PublicKey::read(&key).ok_or(Refusal::Key)?;
        let signature = octets_of(&shown.signature, LARGEST_SIGNATURE, "signature")?;
        let signed = [&told, digest(&SHA256, &client_data).as_ref()].concat();
        if !key.verifies(&signed, &signature) {
            return Err(Refusal::Signature);
        }
        if data.backup_eligible() != credential.backup_eligible {
            return Err(Refusal::Changed);
        }
        // Step 22: one that counts goes on counting.
        let counts = before.sign_count != 0 || data.sign_count != 0;
        if counts && data.sign_count <= before.sign_count {
            return Err(Refusal::Count);
        }
        Ok((Use::of(&data), answered))
    }

    /// Client data, and the challenge in it: ours, of this holder, not over.
    fn client_data(
        &self,
        text: &str,
        (kind, holder): (&str, &str),
        now: Instant,
    ) -> Result<(Vec<u8>, Answered), Refusal> {
        let unreadable = Refusal::Unreadable("client data");
        let raw = octets(text, LARGEST_CLIENT_DATA).ok_or(unreadable)?;
        let said: ClientData = serde_json::from_slice(&raw).map_err(|_| unreadable)?;
        if said.kind != kind {
            return Err(Refusal::Type);
        }
        if said.origin != self.origin || said.cross_origin {
            return Err(Refusal::Origin);
        }
        let until = self.seal.lasts(&said.challenge, holder, now).ok_or(Refusal::Challenge)?;
        Ok((raw, Answered { challenge: said.challenge, until }))
    }

    /// Authenticator data for this very relying party, of somebody who was there and was verified.
    fn authenticator_data<'a>(&self, octets: &'a [u8]) -> Result<AuthenticatorData<'a>, Refusal> {
        let data = AuthenticatorData::read(octets).ok_or(Refusal::Unreadable("data"))?;
        if data.rp_id_hash != digest(&SHA256, self.id.as_bytes()).as_ref() {
            Err(Refusal::RelyingParty)
        } else if !data.user_present() {
            Err(Refusal::Absent)
        } else if !data.user_verified() {
            Err(Refusal::Unverified)
        } else {
            Ok(data)
        }
    }
}

impl Use {
    const fn of(data: &AuthenticatorData<'_>) -> Self {
        Self { sign_count: data.sign_count, backed_up: data.backed_up() }
    }
}

/// Whether an address is one that passkeys are made for: `https`, a name in lower case, and a port unless
/// it is 443.
#[must_use]
pub fn is_origin(text: &str) -> bool {
    name_in(text).is_some()
}

fn name_in(origin: &str) -> Option<&str> {
    let host = origin.strip_prefix("https://")?;
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || ".-".contains(it);
    let last = name.rsplit('.').next().unwrap_or_default();
    let named = name.chars().all(plain) && !last.chars().all(|it| it.is_ascii_digit());
    let reached = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port != 443));
    (named && reached).then_some(name)
}

/// Reads what an authenticator may send, as a stranger may send it: how many octets of key are in it. For
/// the corpus and the fuzzer.
#[must_use]
pub fn read(octets: &[u8]) -> Option<usize> {
    let of = |data: &[u8]| Some(AuthenticatorData::read(data)?.attested?.key.len());
    let object = cbor::read(octets).map(|(object, _)| object);
    let inner = object.as_ref().and_then(|it| it.get(&Value::Text("authData"))?.bytes());
    inner.map_or_else(|| of(octets), of)
}

/// Whether a text may be the identifier of a credential.
#[must_use]
pub fn is_id(text: &str) -> bool {
    octets(text, LONGEST_ID).is_some_and(|octets| !octets.is_empty())
}

#[cfg(test)]
#[path = "webauthn/tests.rs"]
mod tests;
