//! A relying party of OpenID Connect (Core 1.0 with errata 2): the authorization code flow (§3.1) with PKCE
//! S256 (RFC 7636), state and nonce.
//!
//! What a provider says is believed about one thing: that the person before the browser is the one it calls
//! so. Who that is here, and what they may, is decided here.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use vedetta_model::Instant;

use crate::jose::{self, JwsError};
use crate::jwk::LARGEST;
use crate::written;

pub use crate::jose::{Signer, SignerError};
pub use crate::jwk::KeySet;

/// What a provider is asked, and what is believed of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Any provider: `sub` names the person.
    #[default]
    Generic,
    /// SPID: the fiscal number names the person, at level 2 or above. Levels and claims are those of the
    /// public rules of both (italia/spid-cie-oidc-docs: `metadata_oidc_op`, `attributi_utente`).
    Spid,
    /// Electronic identity card (CIE id): the same claims and levels.
    Cie,
}

/// How the node proves to the provider which client it is.
#[derive(Clone, Debug)]
pub enum Proof {
    /// `client_secret_basic`.
    Secret(String),
    /// `private_key_jwt` (§9); the authorization request is signed with it too (§6.1).
    Key(Signer),
}

/// The node as one provider knows it.
#[derive(Clone, Debug)]
pub struct Client {
    /// The provider's issuer identifier.
    pub issuer: String,
    /// The client identifier.
    pub id: String,
    /// Where the provider sends people back to.
    pub redirect: String,
    /// What is asked.
    pub profile: Profile,
    /// The least authentication context, where the profile does not say one.
    pub acr: Option<String>,
    /// How the node proves itself.
    pub proof: Proof,
}

/// What a provider says of itself (OpenID Connect Discovery 1.0 §3).
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Discovery {
    /// Its issuer identifier.
    pub issuer: String,
    /// Where people are sent.
    pub authorization_endpoint: String,
    /// Where codes are redeemed.
    pub token_endpoint: String,
    /// Where its keys are.
    pub jwks_uri: String,
}

/// What one attempt is tied to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attempt {
    /// What the provider sends back.
    pub state: String,
    /// What the identity token must say.
    pub nonce: String,
    /// The verifier of PKCE: 43 characters or more.
    pub verifier: String,
}

/// A request to the provider: `POST`, a form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenRequest {
    /// Where to.
    pub url: String,
    /// The value of `Authorization`, if there is one.
    pub authorization: Option<String>,
    /// The form.
    pub body: String,
}

/// Somebody, as a provider calls them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The provider's issuer identifier.
    pub issuer: String,
    /// Its name for the person: `sub`, or the fiscal number.
    pub subject: String,
}

/// Why nobody is known by what a provider said.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// A document of the provider.
    #[error("the provider's {0} cannot be used; ask who runs it")]
    Document(&'static str),
    /// The token cannot be read, or is signed otherwise than it may be.
    #[error("the identity token cannot be read, or is signed with an algorithm that is not taken")]
    Token,
    /// A key that the provider does not publish.
    #[error("the identity token is signed with a key that the provider does not publish")]
    Key,
    /// The signature.
    #[error("the identity token's signature is wrong")]
    Signature,
    /// A claim that is not as it must be.
    #[error("the identity token's {0} is not as it must be; begin again, and check the clocks")]
    Claim(&'static str),
    /// The person was not proven well enough.
    #[error(
        "the provider proved who you are less well than this node wants ({0}); use a stronger way"
    )]
    Weak(String),
    /// No name for the person.
    #[error("the provider did not say {0}, by which accounts are known here")]
    Nameless(&'static str),
}

/// The claim of the fiscal number, of SPID and CIE.
const FISCAL_NUMBER: &str = "https://attributes.eid.gov.it/fiscal_number";
/// The level that SPID and CIE are asked for, unless the settings say another.
const LEVEL: &str = "https://www.spid.gov.it/SpidL2";
/// The levels, weakest first.
const LEVELS: [&str; 3] = [
    "https://www.spid.gov.it/SpidL1",
    "https://www.spid.gov.it/SpidL2",
    "https://www.spid.gov.it/SpidL3",
];
/// What stands beside a signed request as in it (SPID/CIE OpenID Connect, authorization endpoint).
const BESIDE: [&str; 6] = [
    "response_type",
    "scope",
    "client_id",
    "redirect_uri",
    "code_challenge",
    "code_challenge_method",
];
/// By how much clocks may differ, in seconds.
const SKEW: i64 = 60;
/// How old an identity token may be, in seconds.
const OLDEST: i64 = 600;
/// The longest name for a person.
const LONGEST_SUBJECT: usize = 255;

impl Discovery {
    /// Where it is told, given the issuer (§4).
    #[must_use]
    pub fn address(issuer: &str) -> String {
        format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
    }

    /// Reads it; it must be that issuer's own (§4.3).
    ///
    /// # Errors
    /// [`Refusal::Document`].
    pub fn read(body: &[u8], issuer: &str) -> Result<Self, Refusal> {
        let refused = Refusal::Document("description of itself");
        if body.len() > LARGEST {
            return Err(refused);
        }
        let read: Self = serde_json::from_slice(body).map_err(|_| refused.clone())?;
        // An issuer within the machine may speak plainly; nobody is led elsewhere so.
        let plain = issuer.starts_with("http://");
        let safe =
            |url: &String| url.starts_with("https://") || (plain && url.starts_with("http://"));
        let led = [&read.authorization_endpoint, &read.token_endpoint, &read.jwks_uri];
        let ours = read.issuer == issuer && led.into_iter().all(safe);
        if ours { Ok(read) } else { Err(refused) }
    }
}

impl Client {
    /// The least authentication context that is taken.
    #[must_use]
    pub fn wanted(&self) -> Option<&str> {
        let usual = (self.profile != Profile::Generic).then_some(LEVEL);
        self.acr.as_deref().or(usual)
    }

    /// Where to send a person (§3.1.2.1).
    ///
    /// # Errors
    /// When the request cannot be signed.
    pub fn authorization(
        &self,
        provider: &Discovery,
        attempt: &Attempt,
        now: Instant,
    ) -> Result<String, SignerError> {
        let challenge = written(digest(&SHA256, attempt.verifier.as_bytes()).as_ref());
        let mut asked = json!({
            "response_type": "code",
            "scope": "openid",
            "client_id": self.id,
            "redirect_uri": self.redirect,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        });
        if let Some(acr) = self.wanted() {
            asked["acr_values"] = json!(acr);
        }
        if self.profile != Profile::Generic {
            asked["prompt"] = json!("consent login");
            let wanted = json!({ FISCAL_NUMBER: { "essential": true } });
            asked["claims"] = json!({ "id_token": wanted, "userinfo": wanted });
        }
        let parameters = match (&self.proof, self.profile) {
            (Proof::Key(key), Profile::Spid | Profile::Cie) => {
                asked["iss"] = json!(self.id);
                asked["aud"] = json!([provider.issuer]);
                asked["iat"] = json!(seconds(now));
                asked["exp"] = json!(seconds(now) + OLDEST);
                let request = key.sign(&asked)?;
                // What the rules of SPID and CIE want beside the signed request, too.
                let mut beside = json!({});
                for name in BESIDE {
                    beside[name] = asked[name].clone();
                }
                beside["request"] = json!(request);
                beside
            }
            _ => asked,
        };
        let joint = if provider.authorization_endpoint.contains('?') { '&' } else { '?' };
        Ok(format!("{}{joint}{}", provider.authorization_endpoint, form(&parameters)))
    }

    /// The request that redeems a code (§3.1.3.1). `id` names this very request, for providers that take
    /// each assertion once.
    ///
    /// # Errors
    /// When the assertion cannot be signed.
    pub fn redemption(
        &self,
        provider: &Discovery,
        (code, attempt): (&str, &Attempt),
        (id, now): (&str, Instant),
    ) -> Result<TokenRequest, SignerError> {
        let mut fields = json!({
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect,
            "code_verifier": attempt.verifier,
        });
        let authorization = match &self.proof {
            Proof::Secret(secret) => {
                // Both are written as a form is, before they are joined (RFC 6749 §2.3.1).
                let pair = format!("{}:{}", escaped(&self.id), escaped(secret));
                Some(format!("Basic {}", STANDARD.encode(pair)))
            }
            Proof::Key(key) => {
                let assertion = json!({ "iss": self.id, "sub": self.id, "aud": provider.token_endpoint,
                    "jti": id, "iat": seconds(now), "exp": seconds(now) + OLDEST });
                fields["client_id"] = json!(self.id);
                fields["client_assertion"] = json!(key.sign(&assertion)?);
                fields["client_assertion_type"] =
                    json!("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
                None
            }
        };
        let (url, body) = (provider.token_endpoint.clone(), form(&fields));
        Ok(TokenRequest { url, authorization, body })
    }

    /// Who it is, by an identity token that came from the provider (§3.1.3.7).
    ///
    /// # Errors
    /// Why nobody is known by it.
    pub fn judge(
        &self,
        token: &str,
        (keys, nonce): (&KeySet, &str),
        now: Instant,
    ) -> Result<Identity, Refusal> {
        let claims = jose::verify(token, keys).map_err(|error| match error {
            JwsError::Unreadable | JwsError::Algorithm => Refusal::Token,
            JwsError::Key => Refusal::Key,
            JwsError::Signature => Refusal::Signature,
        })?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if text("iss") != Some(self.issuer.as_str()) {
            return Err(Refusal::Claim("iss"));
        }
        self.check_audience(&claims)?;
        let (now, number) = (seconds(now), |name: &str| claims.get(name).and_then(Value::as_f64));
        let moment = |name: &'static str| {
            // Written with a fraction by some; whole seconds are enough.
            number(name).map(|it| it as i64).ok_or(Refusal::Claim(name))
        };
        if moment("exp")?.saturating_add(SKEW) <= now {
            return Err(Refusal::Claim("exp"));
        }
        let issued = moment("iat")?;
        if issued > now + SKEW || issued < now - OLDEST {
            return Err(Refusal::Claim("iat"));
        }
        if text("nonce") != Some(nonce) {
            return Err(Refusal::Claim("nonce"));
        }
        self.check_context(text("acr"))?;
        let (name, claim) = match self.profile {
            Profile::Generic => ("sub", "sub"),
            Profile::Spid | Profile::Cie => ("the fiscal number", FISCAL_NUMBER),
        };
        let subject = text(claim).map(|it| self.spelled(it));
        let subject = subject.filter(|it| !it.is_empty() && it.len() <= LONGEST_SUBJECT);
        let subject = subject.ok_or(Refusal::Nameless(name))?;
        Ok(Identity { issuer: self.issuer.clone(), subject })
    }

    /// A name for a person in one spelling: fiscal numbers are written with and without `TINIT-`.
    #[must_use]
    pub fn spelled(&self, subject: &str) -> String {
        if self.profile == Profile::Generic {
            return subject.to_owned();
        }
        let upper = subject.trim().to_ascii_uppercase();
        upper.strip_prefix("TINIT-").map(str::to_owned).unwrap_or(upper)
    }

    /// Steps 3 to 5: for this client; when for others too, given to this one.
    fn check_audience(&self, claims: &Map<String, Value>) -> Result<(), Refusal> {
        let (ours, several) = match claims.get("aud") {
            Some(Value::String(one)) => (*one == self.id, false),
            Some(Value::Array(all)) => (all.contains(&json!(self.id)), all.len() > 1),
            _ => (false, false),
        };
        if !ours {
            return Err(Refusal::Claim("aud"));
        }
        match claims.get("azp") {
            Some(party) if *party != json!(self.id) => Err(Refusal::Claim("azp")),
            None if several => Err(Refusal::Claim("azp")),
            _ => Ok(()),
        }
    }

    /// Step 12: at least as strong as wanted, where levels are known; the very same otherwise.
    fn check_context(&self, told: Option<&str>) -> Result<(), Refusal> {
        let Some(wanted) = self.wanted() else { return Ok(()) };
        let level = |text: &str| LEVELS.iter().position(|it| *it == text);
        let enough = match (told, told.and_then(level), level(wanted)) {
            (Some(_), Some(told), Some(wanted)) => told >= wanted,
            (told, ..) => told == Some(wanted),
        };
        if enough { Ok(()) } else { Err(Refusal::Weak(wanted.to_owned())) }
    }
}

/// The identity token in the answer to a redemption (§3.1.3.3).
///
/// # Errors
/// [`Refusal::Document`].
pub fn token_in(body: &[u8]) -> Result<String, Refusal> {
    #[derive(Deserialize)]
    struct Answer {
        id_token: String,
    }
    let refused = Refusal::Document("answer to the code");
    if body.len() > LARGEST {
        return Err(refused);
    }
    serde_json::from_slice(body).map(|answer: Answer| answer.id_token).map_err(|_| refused)
}

/// Which key a token says signed it.
#[must_use]
pub fn key_of(token: &str) -> Option<String> {
    jose::key_of(token)
}

fn seconds(at: Instant) -> i64 {
    at.micros().div_euclid(1_000_000)
}

/// A form's fields, as an address has them (RFC 6749 appendix B).
fn form(fields: &Value) -> String {
    let mut text = String::new();
    for (name, value) in fields.as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let joint = if text.is_empty() { "" } else { "&" };
        let _ = write!(text, "{joint}{}={}", escaped(name), escaped(&value));
    }
    text
}

fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for octet in text.bytes() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                written.push(char::from(octet));
            }
            _ => {
                let _ = write!(written, "%{octet:02X}");
            }
        }
    }
    written
}

#[cfg(test)]
#[path = "oidc/tests.rs"]
mod tests;
