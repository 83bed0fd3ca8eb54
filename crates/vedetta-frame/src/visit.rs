//! Who visits: the person behind the session, and how pages are shown to them.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::response::Response;
use http::header::{ACCEPT_LANGUAGE, COOKIE, HOST, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use vedetta_api::Problem;
use vedetta_api::access::Verb;
use vedetta_api::problem::Kind;
use vedetta_model::{Actor, Language};

use crate::access::Line;
use crate::export;
use vedetta_watch::desk::posture::Posture;
use vedetta_words::Words;

/// The cookie of the session. The prefix binds it to this host, to `/`, and to TLS.
pub const SESSION: &str = "__Host-vedetta";
/// The cookie that ties the form of signing in to the browser that asked for it.
pub const DOORSTEP: &str = "__Host-vedetta-doorstep";
/// The cookie of an attempt to sign in at a provider.
pub const ATTEMPT: &str = "__Host-vedetta-attempt";
/// The cookie of the chosen language.
pub const LANGUAGE: &str = "__Host-vedetta-language";
/// The cookie of the chosen theme.
pub const THEME: &str = "__Host-vedetta-theme";

/// The cookie that says whether keys are heard.
pub const KEYS: &str = "__Host-vedetta-keys";

/// Day or night.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Theme {
    /// As the device says.
    #[default]
    Device,
    /// Dark on light.
    Day,
    /// Light on dark.
    Night,
}

/// One visit of a page.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The language to speak.
    pub words: Words,
    /// The theme to show.
    pub(crate) theme: Theme,
    /// Whether single keys do something: some who speak to their computer want none.
    pub(crate) keys: bool,
    /// The address asked for, with its query.
    pub here: String,
    /// The host that was asked, as the browser knows it.
    pub host: String,
    /// From where, to count by.
    pub address: IpAddr,
    /// The place of the ledger when the page was asked for: it shows at least what was before.
    pub(crate) since: u64,
    /// The doorstep of a browser that has not signed in.
    pub(crate) doorstep: Option<String>,
    /// Who it is, once proven.
    pub person: Option<Arc<Person>>,
}

/// A person who has signed in.
#[derive(Clone, Debug)]
pub struct Person {
    /// Who acts.
    pub actor: Actor,
    /// The name.
    pub name: String,
    /// The organisation's name.
    pub organisation: String,
    /// The session's identifier.
    pub session: String,
    /// What every form must carry.
    pub(crate) seal: String,
    /// Whether the organisation is the one whose node this is.
    pub at_home: bool,
    /// The crises and exercises that hold for them.
    pub(crate) postures: Vec<Posture>,
    /// The alarms that call them; nothing of whom none ever calls.
    pub called: Option<Arc<[String]>>,
}

/// The person of a page that only those who signed in see.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The visit.
    pub visit: Visit,
    /// Who it is.
    pub person: Arc<Person>,
}

impl Theme {
    /// As it was chosen.
    pub fn read(text: &str) -> Self {
        match text {
            "day" => Self::Day,
            "night" => Self::Night,
            _ => Self::Device,
        }
    }

    /// As in a form and a cookie.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Day => "day",
            Self::Night => "night",
        }
    }
}

impl Signed {
    /// Whether the roles suffice for a page, wherever they are.
    pub fn may(&self, path: &str) -> bool {
        Line::find(Verb::Get, path).is_some_and(|line| line.who.admits(Some(&self.person.actor)))
    }

    /// Whether the roles suffice for an action, wherever they are.
    pub fn may_do(&self, path: &str) -> bool {
        Line::find(Verb::Post, path).is_some_and(|line| line.who.admits(Some(&self.person.actor)))
    }

    /// Who acts.
    pub fn actor(&self) -> Actor {
        self.person.actor.clone()
    }

    /// In which language one is spoken to.
    pub fn words(&self) -> Words {
        self.visit.words
    }
}

impl Visit {
    /// As the request's head says, before anybody is proven.
    pub(crate) fn of(parts: &Parts) -> Self {
        let here = parts.uri.path_and_query().map_or("/", |it| it.as_str()).to_owned();
        let host = parts.headers.get(HOST).and_then(|value| value.to_str().ok());
        let host = host.or_else(|| parts.uri.authority().map(|it| it.as_str()));
        Self {
            host: host.unwrap_or("localhost").to_owned(),
            words: Words(language(&parts.headers)),
            theme: cookie(&parts.headers, THEME).map_or(Theme::Device, Theme::read),
            keys: cookie(&parts.headers, KEYS) != Some("off"),
            here,
            since: 0,
            address: vedetta_api::gate::address_of(parts),
            doorstep: cookie(&parts.headers, DOORSTEP).map(str::to_owned),
            person: None,
        }
    }
}

impl Visit {
    /// Whom a challenge is for: this session, or this browser before anybody signed in.
    pub fn holder(&self) -> String {
        match (&self.person, &self.doorstep) {
            (Some(person), _) => format!("session {}", person.session),
            (None, doorstep) => format!("doorstep {}", doorstep.as_deref().unwrap_or_default()),
        }
    }

    /// As which file the list of this page is wanted, if it is.
    pub fn exported(&self) -> Option<export::Form> {
        export::Form::of(&self.here)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self::of(parts)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let visit = Visit::from_request_parts(parts, state).await?;
        let person = visit.person.clone();
        let person = person.ok_or_else(|| Problem::new(Kind::Unproven, "not signed in"))?;
        Ok(Self { visit, person })
    }
}

/// A cookie's value; one given twice is none.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs =
        values.flat_map(|value| value.split(';')).filter_map(|it| it.trim().split_once('='));
    let mut found = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Sets a cookie of this host, that scripts do not see.
pub fn set(response: &mut Response, name: &str, value: &str, same_site: &str) {
    let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite={same_site}");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// As chosen; else the first of ours that the browser prefers, Italian before English.
fn language(headers: &HeaderMap) -> Language {
    let chosen = cookie(headers, LANGUAGE).map(str::to_owned);
    let asked = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let wish = chosen.as_deref().or(asked).unwrap_or_default();
    let ours = wish.split(',').find_map(|range| match range.trim().get(..2)? {
        "it" => Some(Language::It),
        "en" => Some(Language::En),
        _ => None,
    });
    ours.unwrap_or(if wish.is_empty() { Language::It } else { Language::En })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(http::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_cookie_given_twice_is_none() {
        let once = headers(&[(COOKIE, "a=1; __Host-vedetta=x")]);
        assert_eq!(cookie(&once, SESSION), Some("x"));
        let twice = headers(&[(COOKIE, "__Host-vedetta=x; __Host-vedetta=y")]);
        assert_eq!(cookie(&twice, SESSION), None);
    }

    #[test]
    fn the_choice_goes_before_what_the_browser_prefers() {
        assert_eq!(language(&headers(&[])), Language::It);
        assert_eq!(language(&headers(&[(ACCEPT_LANGUAGE, "de,fr;q=0.8")])), Language::En);
        assert_eq!(language(&headers(&[(ACCEPT_LANGUAGE, "de,it;q=0.8,en")])), Language::It);
        let chosen = headers(&[(ACCEPT_LANGUAGE, "it"), (COOKIE, "__Host-vedetta-language=en")]);
        assert_eq!(language(&chosen), Language::En);
    }
}
