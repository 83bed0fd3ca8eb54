//! What forms send, and that sending twice does once.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;
use vedetta_api::{Problem, problem::Kind};
use vedetta_intake::multipart::{self, File, Part};

use crate::said::Said;
use crate::visit::Person;

/// The field that proves that the form is of this session.
pub(crate) const SEAL: &str = "seal";
/// The field that names this one sending.
pub(crate) const ONCE: &str = "once";
/// The field that says what the editor saw.
pub(crate) const SEEN: &str = "seen";

/// Fields of a form at most.
const FIELDS: usize = 2_000;
/// Sendings remembered at most.
const REMEMBERED: usize = 8_192;

/// What a form sent, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    fields: Arc<Vec<(String, String)>>,
    files: Arc<Vec<(String, File)>>,
}

/// Where an action leads, and what is said there.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    to: String,
    said: Option<Said>,
}

/// What was sent before, by whom.
#[derive(Default)]
pub(crate) struct Memory(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    known: HashMap<String, Arc<OnceCell<Done>>>,
    order: VecDeque<String>,
}

impl Sent {
    /// Reads the body of a form.
    pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Problem> {
        let whole = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if let Some(boundary) = whole.and_then(multipart::boundary) {
            return Ok(Self::of(multipart::read(body, boundary)));
        }
        let media = whole.and_then(|text| text.split(';').next()).unwrap_or_default().trim();
        if !media.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let sentence = format!("a form was expected, not {media:?}; send it from its page");
            return Err(Problem::new(Kind::UnsupportedMedia, sentence));
        }
        let mut fields = Vec::new();
        for pair in body.split(|octet| *octet == b'&').filter(|pair| !pair.is_empty()) {
            if fields.len() == FIELDS {
                let sentence = format!("the form has over {FIELDS} fields; send less");
                return Err(Problem::new(Kind::TooLarge, sentence));
            }
            let at = pair.iter().position(|octet| *octet == b'=').unwrap_or(pair.len());
            let (name, value) = pair.split_at(at);
            fields.push((unescaped(name), unescaped(value.get(1..).unwrap_or_default())));
        }
        Ok(Self { fields: Arc::new(fields), files: Arc::default() })
    }

    fn of(parts: Vec<Part>) -> Self {
        let (mut fields, mut files) = (Vec::new(), Vec::new());
        for part in parts {
            match part {
                Part::Field(name, value) => fields.push((name, value)),
                Part::File(name, file) => files.push((name, file)),
            }
        }
        Self { fields: Arc::new(fields), files: Arc::new(files) }
    }

    /// A file, unless none was chosen.
    pub(crate) fn file(&self, name: &str) -> Option<File> {
        let found = self.files.iter().find(|(key, _)| key == name).map(|(_, file)| file.clone());
        found.filter(|file| !file.octets.is_empty())
    }

    /// The first value of a field, without blanks around it; empty when it was not sent.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// A field, unless it was left empty.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Every value of a field.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let name = name.to_owned();
        self.fields.iter().filter(move |(key, _)| *key == name).map(|(_, value)| value.trim())
    }

    /// A field as it was typed, blanks and all: of a password.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// What tells this content from any other.
    fn digest(&self) -> String {
        let mut digest = Sha256::new();
        let fields = self.fields.iter().map(|(name, value)| (name, value.as_bytes()));
        let files = self.files.iter().map(|(name, file)| (name, &*file.octets));
        for (name, value) in fields.chain(files) {
            for octets in [name.as_bytes(), value] {
                digest.update((octets.len() as u64).to_be_bytes());
                digest.update(octets);
            }
        }
        digest.finalize().iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// What was typed, without what the page itself put there.
    pub(crate) fn typed(&self) -> Vec<(String, String)> {
        let own = |name: &str| [SEAL, "password", "code"].contains(&name);
        self.fields.iter().filter(|(name, _)| !own(name)).cloned().collect()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Sent {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

impl Done {
    /// Goes to a page.
    pub(crate) fn to(address: impl Into<String>) -> Self {
        Self { to: address.into(), said: None }
    }

    /// And says there what was done.
    pub(crate) fn said(self, said: Said) -> Self {
        Self { said: Some(said), ..self }
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        let mut to = self.to;
        if let Some(said) = self.said {
            let (path, fragment) =
                to.split_once('#').map_or((to.as_str(), None), |(a, b)| (a, Some(b)));
            let joint = if path.contains('?') { '&' } else { '?' };
            let mut whole = format!("{path}{joint}said={}", said.slug());
            if let Some(fragment) = fragment {
                let _ = write!(whole, "#{fragment}");
            }
            to = whole;
        }
        Redirect::to(&to).into_response()
    }
}

impl Memory {
    /// Does what a form asks, once however often it is sent: whoever sends it again, even at the same
    /// time, is led where the first was. What was refused was not done, and may be sent again.
    ///
    /// # Errors
    /// As the action.
    pub(crate) async fn once<E>(
        &self,
        person: &Person,
        sent: &Sent,
        act: impl Future<Output = Result<Done, E>>,
    ) -> Result<Done, E> {
        let Some(once) = sent.given(ONCE) else { return act.await };
        let cell = self.cell(format!("{} {once} {}", person.session, sent.digest()));
        cell.get_or_try_init(|| act).await.cloned()
    }

    fn cell(&self, key: String) -> Arc<OnceCell<Done>> {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = memory.known.get(&key) {
            return Arc::clone(cell);
        }
        if memory.order.len() >= REMEMBERED
            && let Some(oldest) = memory.order.pop_front()
        {
            memory.known.remove(&oldest);
        }
        let cell = Arc::new(OnceCell::new());
        memory.known.insert(key.clone(), Arc::clone(&cell));
        memory.order.push_back(key);
        cell
    }
}

/// A text as a part of an address.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~/".contains(&octet) {
            out.push(char::from(octet));
        } else {
            let _ = write!(out, "%{octet:02X}");
        }
    }
    out
}

fn unescaped(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(octet) = rest.next() {
        match octet {
            b'+' => out.push(b' '),
            b'%' => match rest.as_slice() {
                [high, low, ..] => match (digit(*high), digit(*low)) {
                    (Some(high), Some(low)) => {
                        out.push(high * 16 + low);
                        rest = rest.as_slice().get(2..).unwrap_or_default().iter();
                    }
                    _ => out.push(b'%'),
                },
                _ => out.push(b'%'),
            },
            octet => out.push(*octet),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn digit(octet: u8) -> Option<u8> {
    char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(body: &str) -> Sent {
        let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap())];
        Sent::read(&headers.into_iter().collect(), body.as_bytes()).unwrap()
    }

    #[test]
    fn fields_are_read_as_browsers_write_them() {
        let sent = form("a=+x+y%21&b=1&b=2&c=%E0%A4&d=%zz&e");
        assert_eq!(sent.text("a"), "x y!");
        assert_eq!(sent.raw("a"), " x y!");
        assert_eq!(sent.all("b").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(sent.text("d"), "%zz");
        assert_eq!((sent.given("e"), sent.given("f")), (None, None));
    }

    #[test]
    fn too_many_fields_are_refused() {
        let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap())];
        let body = "a=1&".repeat(FIELDS + 1);
        let refused = Sent::read(&headers.into_iter().collect(), body.as_bytes());
        assert_eq!(refused.unwrap_err().kind, Kind::TooLarge);
    }

    #[test]
    fn an_address_survives_being_escaped() {
        let text = "/items?text=a b&kind=è";
        assert_eq!(unescaped(escaped(text).as_bytes()), text);
    }
}
