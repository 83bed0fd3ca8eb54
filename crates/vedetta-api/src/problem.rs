//! Errors as people and programs read them: RFC 9457 problem details, and the TAXII error message.
//!
//! The `type` of a problem points into the node's own OpenAPI document, where each is described.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value, json};
use vedetta_flow::FlowError;
use vedetta_flow::views::tombstone::Tombstone;
use vedetta_watch::WatchError;

/// The media type of problem details.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// What went wrong, where, and what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Which kind of problem.
    pub kind: Kind,
    /// What is wrong with this request.
    pub detail: String,
    /// Where: the parameter, property, line or identifier.
    pub place: Option<Box<str>>,
    /// What to do.
    pub what_to_do: Option<Box<str>>,
    /// How long to wait before trying again.
    pub retry_after: Option<Duration>,
    /// What lies behind it, for the operator at the machine alone.
    pub cause: Option<Box<str>>,
    /// What is wrong and what to do, for people who read Italian.
    pub italian: Option<Box<str>>,
    /// Further members of its own (RFC 9457, 3.2).
    pub members: Option<Box<Map<String, Value>>>,
}

/// The kinds of problem.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The request cannot be read.
    NotUnderstood,
    /// Who asks is not proven.
    Unproven,
    /// Who signs in must enrol an authenticator first.
    MustEnrol,
    /// Who asks may not.
    Forbidden,
    /// There is none, or not for who asks.
    Unknown,
    /// It was withdrawn, which who asks may know.
    Withdrawn,
    /// Not with this method.
    MethodNotAllowed,
    /// Nothing is served in a form that the client accepts.
    NotAcceptable,
    /// The request took too long to arrive or to answer.
    TimedOut,
    /// The present state does not allow it.
    Conflict,
    /// The body is too large.
    TooLarge,
    /// The body is of a media type that is not taken here.
    UnsupportedMedia,
    /// What was given breaks a rule.
    Invalid,
    /// More requests than allowed.
    TooMany,
    /// A fault of the node.
    Internal,
    /// The node cannot now.
    Unavailable,
}

/// In which words an error is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// RFC 9457.
    Problem,
    /// The TAXII error message.
    Taxii,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 16] = [
        Self::NotUnderstood,
        Self::Unproven,
        Self::MustEnrol,
        Self::Forbidden,
        Self::Unknown,
        Self::Withdrawn,
        Self::MethodNotAllowed,
        Self::NotAcceptable,
        Self::TimedOut,
        Self::Conflict,
        Self::TooLarge,
        Self::UnsupportedMedia,
        Self::Invalid,
        Self::TooMany,
        Self::Internal,
        Self::Unavailable,
    ];

    /// Its stable slug, HTTP status and title.
    #[must_use]
    pub const fn face(self) -> (&'static str, StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::NotUnderstood => ("not-understood", S::BAD_REQUEST, "Not understood"),
            Self::Unproven => ("unproven", S::UNAUTHORIZED, "Not signed in"),
            Self::MustEnrol => ("must-enrol", S::FORBIDDEN, "No authenticator yet"),
            Self::Forbidden => ("forbidden", S::FORBIDDEN, "Not allowed"),
            Self::Unknown => ("unknown", S::NOT_FOUND, "Not found"),
            Self::Withdrawn => ("withdrawn", S::GONE, "Withdrawn"),
            Self::MethodNotAllowed => {
                ("method-not-allowed", S::METHOD_NOT_ALLOWED, "Not with this method")
            }
            Self::NotAcceptable => ("not-acceptable", S::NOT_ACCEPTABLE, "Not acceptable"),
            Self::TimedOut => ("timed-out", S::REQUEST_TIMEOUT, "Took too long"),
            Self::Conflict => ("conflict", S::CONFLICT, "Not in this state"),
            Self::TooLarge => ("too-large", S::PAYLOAD_TOO_LARGE, "Too large"),
            Self::UnsupportedMedia => {
                ("unsupported-media", S::UNSUPPORTED_MEDIA_TYPE, "Not in this format")
            }
            Self::Invalid => ("invalid", S::UNPROCESSABLE_ENTITY, "Breaks a rule"),
            Self::TooMany => ("too-many", S::TOO_MANY_REQUESTS, "Too many requests"),
            Self::Internal => ("internal", S::INTERNAL_SERVER_ERROR, "A fault of the node"),
            Self::Unavailable => ("unavailable", S::SERVICE_UNAVAILABLE, "Not now"),
        }
    }
}

impl Kind {
    /// What to do where a sentence does not say it better.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::NotUnderstood => "write the request as /api/v1/openapi.json says",
            Self::Unproven => "sign in, or give a token that is good",
            Self::MustEnrol => "enrol an authenticator first",
            Self::Forbidden => "ask an administrator of the node",
            Self::Unknown => "check the identifier",
            Self::Withdrawn => "use it no more",
            Self::MethodNotAllowed => "use a method that `Allow` names",
            Self::NotAcceptable => "ask for a form that is served here",
            Self::TimedOut => "try again, with less at once",
            Self::Conflict => "read how it stands now, and decide anew",
            Self::TooLarge => "send it in parts",
            Self::UnsupportedMedia => "send it in a form that is taken here",
            Self::Invalid => "mend it, and send it again",
            Self::TooMany => "wait as long as `Retry-After` says",
            Self::Internal => "try again, and tell the node's operator if it stays",
            Self::Unavailable => "try again in a while",
        }
    }
}

impl Problem {
    /// From a sentence in the house's way: what is wrong, then after a semicolon what to do; as its kind
    /// says, when the sentence does not.
    #[must_use]
    pub fn new(kind: Kind, sentence: impl Into<String>) -> Self {
        let mut detail: String = sentence.into();
        let said: Option<Box<str>> = detail.split_once("; ").map(|(_, advice)| advice.into());
        if let Some(advice) = &said {
            detail.truncate(detail.len() - advice.len() - 2);
        }
        let what_to_do = Some(said.unwrap_or_else(|| kind.advice().into()));
        Self {
            kind,
            detail,
            place: None,
            what_to_do,
            retry_after: None,
            cause: None,
            italian: None,
            members: None,
        }
    }

    /// What is wrong, and what to do, in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match &self.what_to_do {
            Some(advice) => format!("{}; {advice}", self.detail),
            None => self.detail.clone(),
        }
    }

    /// With the place where it went wrong.
    #[must_use]
    pub fn at(self, place: impl Into<String>) -> Self {
        let place: String = place.into();
        Self { place: Some(place.into()), ..self }
    }

    /// With further members: those of a value that is written as an object.
    #[must_use]
    pub fn with(self, members: &impl Serialize) -> Self {
        match serde_json::to_value(members) {
            Ok(Value::Object(members)) => Self { members: Some(Box::new(members)), ..self },
            _ => self,
        }
    }

    /// With what people read in Italian.
    #[must_use]
    pub fn in_italian(self, sentence: Option<impl Into<Box<str>>>) -> Self {
        Self { italian: sentence.map(Into::into), ..self }
    }

    /// That an item was withdrawn, with what is told of it.
    #[must_use]
    pub fn withdrawn(left: &Tombstone) -> Self {
        let sentence = "this item was withdrawn; use it no more, and undo what rests on it";
        Self::new(Kind::Withdrawn, sentence).with(left)
    }

    /// With a time to wait.
    #[must_use]
    pub fn wait(self, time: Duration) -> Self {
        Self { retry_after: Some(time), ..self }
    }

    /// As the operator at the machine reads it: what lies behind, where something does.
    #[must_use]
    pub fn unveiled(self) -> Self {
        match self.cause {
            Some(cause) => Self { retry_after: self.retry_after, ..Self::new(self.kind, cause) },
            None => self,
        }
    }

    /// Writes it; `instance` is the path asked for.
    #[must_use]
    pub fn render(&self, style: Style, instance: Option<&str>) -> Response {
        let (slug, status, _) = self.kind.face();
        let (media, body) = match style {
            Style::Problem => (PROBLEM_JSON, self.details(instance)),
            Style::Taxii => (taxii::TAXII, self.message()),
        };
        let mut response = (status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
        if self.kind == Kind::Unproven {
            let schemes = r#"Bearer realm="vedetta", Basic realm="vedetta", charset="UTF-8""#;
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(schemes));
        }
        if let Some(time) = self.retry_after {
            let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        tracing::debug!(problem = slug, detail = self.detail, "refused");
        response.extensions_mut().insert(self.clone());
        response
    }

    fn details(&self, instance: Option<&str>) -> Value {
        let (slug, status, title) = self.kind.face();
        let mut body = Map::new();
        body.insert("type".into(), json!(format!("/api/v1/openapi.json#/x-problems/{slug}")));
        body.insert("title".into(), json!(title));
        body.insert("status".into(), json!(status.as_u16()));
        body.insert("detail".into(), json!(self.detail));
        for (name, value) in [
            ("instance", instance),
            ("where", self.place.as_deref()),
            ("what_to_do", self.what_to_do.as_deref()),
        ] {
            if let Some(value) = value {
                body.insert(name.into(), json!(value));
            }
        }
        for (name, value) in self.members.iter().flat_map(|it| it.iter()) {
            body.entry(name.as_str()).or_insert_with(|| value.clone());
        }
        Value::Object(body)
    }

    fn message(&self) -> Value {
        let (slug, status, title) = self.kind.face();
        let mut message = taxii::ErrorMessage::new(status.as_u16(), title, self.sentence());
        message.error_code = Some(slug.into());
        if let Some(place) = &self.place {
            message.details.insert("where".into(), place.to_string());
        }
        json!(message)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.render(Style::Problem, None)
    }
}

impl From<&FlowError> for Kind {
    fn from(error: &FlowError) -> Self {
        match error {
            FlowError::Unproven(_) => Self::Unproven,
            FlowError::MustEnrol => Self::MustEnrol,
            FlowError::Forbidden { .. } => Self::Forbidden,
            FlowError::Unknown { .. } => Self::Unknown,
            FlowError::Invalid { .. } => Self::Invalid,
            FlowError::Conflict(_) | FlowError::Changed { .. } => Self::Conflict,
            FlowError::Store(_) => Self::Unavailable,
        }
    }
}

impl From<FlowError> for Problem {
    fn from(error: FlowError) -> Self {
        let kind = Kind::from(&error);
        match &error {
            FlowError::MustEnrol => {
                let sentence = "this account signs in with a code; enrol an authenticator first: send \
                    account and password to /api/v1/enrolments";
                return Self::new(kind, sentence);
            }
            FlowError::Store(reason) => {
                // The place of the ledger is for the operator, not for clients.
                tracing::error!(%reason, "the ledger could not");
                let sentence = "the ledger cannot be used now; try again, or ask the operator";
                let problem = Self::new(kind, sentence).wait(Duration::from_secs(5));
                return Self { cause: Some(reason.to_string().into()), ..problem };
            }
            _ => {}
        }
        let italian = error.italian();
        let problem = match error {
            FlowError::Invalid { place, reason } => Self::new(kind, reason).at(place),
            FlowError::Changed { ref by, at } => {
                let members = json!({ "changed_by": by, "changed_at": at });
                Self::new(kind, error.to_string()).with(&members)
            }
            other => Self::new(kind, other.to_string()),
        };
        problem.in_italian(italian)
    }
}

impl From<WatchError> for Problem {
    fn from(error: WatchError) -> Self {
        match error {
            WatchError::Flow(error) => error.into(),
            WatchError::Refused { error, italian } => Self::from(error).in_italian(Some(italian)),
            WatchError::Stale(stale) => Self::new(Kind::Conflict, stale.to_string()).with(&stale),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_where_and_what_to_do() {
        let problem = Problem::new(Kind::Invalid, "7 is no TLP; write GREEN").at("line 3");
        let body = problem.details(Some("/api/v1/items"));
        assert_eq!(body["status"], 422);
        assert_eq!(body["detail"], "7 is no TLP");
        assert_eq!(body["where"], "line 3");
        assert_eq!(body["what_to_do"], "write GREEN");
        assert_eq!(body["instance"], "/api/v1/items");
        assert_eq!(body["type"], "/api/v1/openapi.json#/x-problems/invalid");
    }

    #[test]
    fn none_is_without_what_to_do() {
        for kind in Kind::ALL {
            let body = Problem::new(kind, "it is so").details(None);
            assert_eq!(
                (&body["detail"], &body["what_to_do"]),
                (&json!("it is so"), &json!(kind.advice()))
            );
        }
    }

    #[test]
    fn speaks_taxii_to_taxii_clients() {
        let problem = Problem::new(Kind::TooMany, "too fast; wait").wait(Duration::from_millis(1));
        let response = problem.render(Style::Taxii, None);
        assert_eq!(response.headers()[CONTENT_TYPE], taxii::TAXII);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        let message: taxii::ErrorMessage = serde_json::from_value(problem.message()).unwrap();
        assert_eq!(message.http_status.as_deref(), Some("429"));
        assert_eq!(message.description.as_deref(), Some("too fast; wait"));
    }
}
