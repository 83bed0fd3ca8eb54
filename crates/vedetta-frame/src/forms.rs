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
use vedetta_intake::urlencoded;
pub use vedetta_intake::urlencoded::escaped;

use crate::said::Said;
use crate::visit::Person;

/// The field that proves that the form is of this session.
pub(crate) const SEAL: &str = "seal";
/// The field that names this one sending.
pub const ONCE: &str = "once";
/// The field that says what the editor saw.
pub const SEEN: &str = "seen";

/// Sendings remembered at most.
const REMEMBERED: usize = 8_192;

/// What a form sent, in order.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    fields: Arc<Vec<(String, String)>>,
    files: Arc<Vec<(String, File)>>,
}

/// Where an action leads, and what is said there.
#[derive(Clone, Debug)]
pub struct Done {
    to: String,
    said: Option<Said>,
}

/// What was sent before, by whom.
#[derive(Default)]
pub struct Memory(Mutex<Remembered>);

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
            let parts = multipart::read(body, boundary);
            return parts.map(Self::of).map_err(|fault| {
                let problem = Problem::new(Kind::NotUnderstood, fault.to_string());
                problem.in_italian(Some(fault.italian()))
            });
        }
        let media = whole.and_then(|text| text.split(';').next()).unwrap_or_default().trim();
        if !media.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let sentence = format!("a form was expected, not {media:?}; send it from its page");
            return Err(Problem::new(Kind::UnsupportedMedia, sentence));
        }
        let fields = urlencoded::read(body);
        let fields = fields.map_err(|error| Problem::new(Kind::TooLarge, error.to_string()))?;
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
    pub fn file(&self, name: &str) -> Option<File> {
        let found = self.files.iter().find(|(key, _)| key == name).map(|(_, file)| file.clone());
        found.filter(|file| !file.octets.is_empty())
    }

    /// The first value of a field, without blanks around it; empty when it was not sent.
    pub fn text(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// A field, unless it was left empty.
    pub fn given(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Every value of a field.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let name = name.to_owned();
        self.fields.iter().filter(move |(key, _)| *key == name).map(|(_, value)| value.trim())
    }

    /// A field as it was typed, blanks and all: of a password.
    pub fn raw(&self, name: &str) -> &str {
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
        let own = |name: &str| [SEAL, "password", "code", "authorization"].contains(&name);
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
    pub fn to(address: impl Into<String>) -> Self {
        Self { to: address.into(), said: None }
    }

    /// And says there what was done.
    pub fn said(self, said: Said) -> Self {
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
    pub async fn once<E>(
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_apart() {
        let headers = [(CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap())];
        let sent = Sent::read(&headers.into_iter().collect(), b"a=+x+y%21&b=1&b=2&e").unwrap();
        assert_eq!((sent.text("a"), sent.raw("a")), ("x y!", " x y!"));
        assert_eq!(sent.all("b").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((sent.given("e"), sent.given("f")), (None, None));
    }
}
