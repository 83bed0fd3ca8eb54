//! What handlers take from a request, with errors that say what, where and what to do.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use tokio::sync::OwnedSemaphorePermit;

use crate::access::Route;
use crate::api::{Api, Sending};
use crate::gate::{Caller, too_large};
use crate::problem::{Kind, Problem};

/// A body, whole. Its size is bounded by the cost of the route, its arrival by time, and all bodies
/// together by the node's room for them.
#[derive(Debug)]
pub struct Octets {
    /// The octets.
    pub bytes: Bytes,
    /// The media type, without parameters, in lower case.
    pub media: Option<String>,
}

/// A JSON body.
#[derive(Debug)]
pub struct Given<T>(pub T);

/// What a person proves anew with the own password, beside it.
pub(crate) struct Proven<T> {
    pub(crate) what: T,
    /// Empty when none was given.
    pub(crate) own_password: String,
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Proven<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut what = Map::deserialize(deserializer)?;
        let own_password = match what.remove("own_password") {
            None => String::new(),
            Some(Value::String(text)) => text,
            Some(_) => return Err(D::Error::custom("own_password: a text is expected")),
        };
        let what = T::deserialize(Value::Object(what)).map_err(D::Error::custom)?;
        Ok(Self { what, own_password })
    }
}

/// The variables of the path.
#[derive(Debug)]
pub struct Params(Vec<(String, String)>);

/// The URL parameters.
#[derive(Debug)]
pub struct Asked<T>(pub T);

/// Octets that hold their room until the last of them is dropped.
struct Held {
    bytes: Bytes,
    _room: (Option<Sending>, OwnedSemaphorePermit),
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The longest time for a small body to arrive; a large one has the time of its route.
const ARRIVAL: Duration = Duration::from_secs(30);

impl FromRequest<Api> for Octets {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let route = request.extensions().get::<&'static Route>();
        let largest = route.map_or(1 << 20, |route| route.cost.largest_body());
        let arrival = route.map_or(ARRIVAL, |route| route.cost.longest());
        let media = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media = media.and_then(|text| text.split(';').next());
        let media = media.map(|text| text.trim().to_ascii_lowercase());
        // Without a length it may be as large as any.
        let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let length = length.and_then(|text| text.parse().ok()).unwrap_or(largest).min(largest);
        let share = share(&request, api, length)?;
        let room = tokio::time::timeout(ARRIVAL, api.room_for(length)).await;
        let room = room.ok().flatten().ok_or_else(|| {
            let sentence = "too many large bodies arrive at once; try again in a minute";
            Problem::new(Kind::Unavailable, sentence).wait(ARRIVAL)
        })?;
        let whole = Limited::new(request.into_body(), largest).collect();
        match tokio::time::timeout(arrival, whole).await {
            Ok(Ok(body)) => {
                let _room = (share, room);
                let bytes = Bytes::from_owner(Held { bytes: body.to_bytes(), _room });
                Ok(Self { bytes, media })
            }
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(largest)),
            Ok(Err(error)) => {
                let sentence = format!("the body did not arrive whole ({error}); send it again");
                Err(Problem::new(Kind::NotUnderstood, sentence))
            }
            Err(_) => {
                let sentence = "the body did not arrive in time; send it again";
                Err(Problem::new(Kind::TimedOut, sentence))
            }
        }
    }
}

/// The sender's share in the room for bodies; none where nobody needs to prove who they are.
fn share(request: &Request, api: &Api, length: usize) -> Result<Option<Sending>, Problem> {
    let Some(Caller(actor)) = request.extensions().get() else { return Ok(None) };
    api.share_of(&actor.account, length).map(Some).ok_or_else(|| {
        let sentence = "too many large bodies of this account at once; send them one by one";
        Problem::new(Kind::TooMany, sentence).wait(Duration::from_secs(1))
    })
}

impl<T: DeserializeOwned> FromRequest<Api> for Given<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Api) -> Result<Self, Problem> {
        let octets = Octets::from_request(request, state).await?;
        if octets.media.as_deref() != Some("application/json") {
            let found = octets.media.as_deref().unwrap_or("of no media type");
            let sentence = format!("the body is {found}; send it as application/json");
            return Err(Problem::new(Kind::UnsupportedMedia, sentence).at("Content-Type"));
        }
        read_json(&octets.bytes).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params =
            params.map_err(|error| Problem::new(Kind::NotUnderstood, error.to_string()))?;
        Ok(Self(params.iter().map(|(name, value)| (name.into(), value.into())).collect()))
    }
}

impl Params {
    /// A variable, read as what it is.
    ///
    /// # Errors
    /// A text that is not one: there is nothing of that name.
    pub fn get<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T, Problem> {
        let text = self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value);
        text.parse().map_err(|error: T::Err| {
            Problem::new(Kind::Unknown, format!("{error}; check the address")).at(name)
        })
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        axum::extract::Query::try_from_uri(&parts.uri).map(|query| Self(query.0)).map_err(|error| {
            let error = error.to_string();
            // After the framework's own words: the parameter, and why.
            let said = error.split_once("query string: ").map_or(error.as_str(), |(_, it)| it);
            let (place, reason) = said.split_once(": ").unwrap_or(("query", said));
            let reason = match reason {
                "invalid digit found in string" | "cannot parse integer from empty string" => {
                    "is not a whole number of 0 or more"
                }
                other => other,
            };
            let sentence = format!("{place}: {reason}; see the parameters in /api/v1/openapi.json");
            Problem::new(Kind::NotUnderstood, sentence).at(place)
        })
    }
}

/// Reads JSON, saying at which line and column it is not what is wanted.
///
/// # Errors
/// What is wrong with it, and where.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        let kind = if error.is_data() { Kind::Invalid } else { Kind::NotUnderstood };
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default();
        let property = unknown_variant(reason).and_then(|it| property_with(bytes, it));
        let property = property.map(|it| format!("{it}: ")).unwrap_or_default();
        let sentence = format!("{property}{reason}; see the schema in /api/v1/openapi.json");
        let problem = Problem::new(kind, sentence);
        // Of what is read in two steps, the place is not known.
        match (error.line(), error.column()) {
            (0, _) => problem,
            (line, column) => problem.at(format!("line {line} column {column}")),
        }
    })
}

/// The word that is none of those that a property may have, as the reader complains of it.
fn unknown_variant(reason: &str) -> Option<&str> {
    reason.strip_prefix("unknown variant `")?.split_once("`, expected").map(|(word, _)| word)
}

/// Octets of where a property is; what is called longer is told by line and column alone. Whoever wrote
/// it could have a name repeated as often as there are values below it.
const LONGEST_PLACE: usize = 200;

/// Which property of a body has a word as its value; nothing where several have it.
fn property_with(bytes: &[u8], word: &str) -> Option<String> {
    let body: Value = serde_json::from_slice(bytes).ok()?;
    let (mut found, mut open) = (None, vec![(String::new(), &body)]);
    while let Some((path, value)) = open.pop() {
        if path.len() > LONGEST_PLACE {
            // What is below it has its place before its own.
            continue;
        }
        let below = |name: &str| match path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        match value {
            Value::String(text) if text == word && found.is_some() => return None,
            Value::String(text) if text == word => found = Some(path).filter(|it| !it.is_empty()),
            Value::Array(all) => {
                let each = all.iter().enumerate();
                open.extend(each.map(|(place, it)| (format!("{path}[{place}]"), it)));
            }
            Value::Object(all) => open.extend(all.iter().map(|(name, it)| (below(name), it))),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fmt::Debug;

    use serde::Serialize;
    use vedetta_model::organisation::OrganisationKind;
    use vedetta_model::{Account, Asset, Contact, Hold, Organisation};

    use super::*;

    fn tried<T: DeserializeOwned + Serialize + PartialEq + Debug>(body: &[u8]) -> bool {
        match read_json::<T>(body) {
            Ok(read) => {
                let again = serde_json::to_vec(&read).unwrap();
                assert_eq!(read_json::<T>(&again).unwrap(), read);
                true
            }
            Err(problem) => {
                assert!(!problem.detail.is_empty() && problem.detail.len() < 2_000 + body.len());
                false
            }
        }
    }

    #[test]
    fn the_corpus_api_json_is_refused_or_read_again_as_the_same() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/api_json");
        let mut read = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let body = std::fs::read(file.unwrap().path()).unwrap();
            let of = [tried::<Organisation>, tried::<Account>, tried::<Asset>];
            read += of.iter().filter(|tried| tried(&body)).count();
            read += usize::from(tried::<Contact>(&body)) + usize::from(tried::<Hold>(&body));
        }
        assert!(read >= 5, "each is there once: {read}");
    }

    #[test]
    fn a_long_name_is_not_repeated_for_each_value_below_it() {
        let refused = |name: &str| {
            let body = format!(r#"{{"{name}":"castle"}}"#);
            read_json::<BTreeMap<String, OrganisationKind>>(body.as_bytes()).unwrap_err().detail
        };
        assert!(refused("kind").starts_with("kind: unknown variant `castle`"));
        assert!(refused(&"k".repeat(10_000)).starts_with("unknown variant `castle`"));
    }
}
