//! The authorisation matrix: every route of the machine doors, and who may use it.
//!
//! The router refuses to register a route that is not here, the gate before each route enforces
//! the line, the OpenAPI document is written from it, and a test tries every line as every role.
//! Actions check again what depends on the organisation or the item.

use std::time::Duration;

use axum::extract::Query;
use http::Uri;
use vedetta_model::{Actor, Role};

use crate::problem::{Kind, Problem, Style};

mod parameters;
mod table;

pub use table::TABLE;
pub use vedetta_schema::{Parameter, Shape};

/// One line of the matrix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Route {
    /// The method.
    pub verb: Verb,
    /// The path, variables in braces.
    pub path: &'static str,
    /// Who may.
    pub who: Who,
    /// How much it may cost.
    pub cost: Cost,
    /// In a few words.
    pub summary: &'static str,
    /// The URL parameters.
    pub query: &'static [Parameter],
    /// What it takes.
    pub takes: Option<Content>,
    /// What it takes instead.
    pub or_takes: &'static [Content],
    /// What it gives, when it succeeds.
    pub gives: Option<Content>,
    /// What it gives instead, to whoever asks for that.
    pub or_gives: &'static [Content],
}

/// A body: its media type, and the name of its schema when it is JSON of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Content {
    /// The media type.
    pub media: &'static str,
    /// The schema, of those in the OpenAPI document.
    pub schema: Option<&'static str>,
}

/// The methods in use.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Verb {
    /// Read.
    Get,
    /// Do, or add.
    Post,
    /// Put as given.
    Put,
    /// Remove.
    Delete,
}

/// Who may use a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    /// Whoever reaches it.
    Anyone,
    /// Every account.
    SignedIn,
    /// Accounts with one of these roles, of any organisation.
    Roles(&'static [Role]),
    /// Accounts with one of these roles, of the node's own organisation.
    Room(&'static [Role]),
    /// The operator at the machine, over the control socket: commands of the node's own.
    Operator,
}

/// What a request may cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cost {
    /// A question with a small body, answered at once.
    Light,
    /// Proving who one is: few tries.
    Proof,
    /// A large body, or long work.
    Bulk,
    /// An answer without end.
    Stream,
}

impl Verb {
    /// As written in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

impl Who {
    /// Whether an actor's roles suffice; `None` is somebody unproven. The gate looks besides
    /// whether the room is the actor's.
    #[must_use]
    pub fn admits(self, actor: Option<&Actor>) -> bool {
        match (self, actor) {
            (Self::Anyone, _) => true,
            (_, None) | (Self::Operator, _) => false,
            (Self::SignedIn, Some(actor)) => !actor.roles.is_empty(),
            (Self::Roles(roles) | Self::Room(roles), Some(actor)) => {
                roles.iter().any(|role| actor.is(*role))
            }
        }
    }
}

impl Cost {
    /// The largest body, in octets.
    #[must_use]
    pub const fn largest_body(self) -> usize {
        match self {
            Self::Light | Self::Stream => 1 << 20,
            Self::Proof => 4 << 10,
            Self::Bulk => 32 << 20,
        }
    }

    /// The longest time until the head of the answer.
    #[must_use]
    pub const fn longest(self) -> Duration {
        match self {
            Self::Light | Self::Proof | Self::Stream => Duration::from_secs(30),
            Self::Bulk => Duration::from_secs(300),
        }
    }
}

impl Route {
    /// The line of a method and path.
    #[must_use]
    pub fn find(verb: Verb, path: &str) -> Option<&'static Self> {
        TABLE.iter().find(|route| route.verb == verb && route.path == path)
    }

    /// Refuses URL parameters that it does not have: passing one over would answer another question.
    ///
    /// # Errors
    /// The first that is not in the table, and those that are.
    pub fn check_query(&self, uri: &Uri) -> Result<(), Problem> {
        let given = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|error| {
            Problem::new(Kind::NotUnderstood, format!("{error}; write it as name=value"))
                .at("query")
        })?;
        let known = |name: &str| self.query.iter().any(|it| it.name == name);
        let Some((name, _)) = given.0.iter().find(|(name, _)| !known(name)) else { return Ok(()) };
        let allowed: Vec<&str> = self.query.iter().map(|it| it.name).collect();
        let advice = match allowed.as_slice() {
            [] => "this address takes none".to_owned(),
            allowed => format!("this address takes {}", allowed.join(", ")),
        };
        let sentence = format!("there is no parameter {name:?} here; {advice}");
        Err(Problem::new(Kind::NotUnderstood, sentence).at(name.as_str()))
    }

    /// How its errors are written.
    #[must_use]
    pub fn style(&self) -> Style {
        Style::of_path(self.path)
    }
}

impl Style {
    /// How errors at a path are written.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        if path.starts_with("/taxii2") { Self::Taxii } else { Self::Problem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_route_is_written_twice() {
        for (index, route) in TABLE.iter().enumerate() {
            let same = |other: &Route| other.verb == route.verb && other.path == route.path;
            assert!(!TABLE[index + 1..].iter().any(same), "{} {}", route.verb.as_str(), route.path);
        }
    }

    #[test]
    fn what_anyone_may_is_a_short_list() {
        let open: Vec<_> =
            TABLE.iter().filter(|route| route.who == Who::Anyone).map(|route| route.path).collect();
        let looks = ["/health", "/ready", "/ca.pem", "/api/v1/openapi.json"];
        let with_a_secret = [
            "/api/v1/sensors/enrolments",
            "/api/v1/sessions",
            "/api/v1/sessions/emergency",
            "/api/v1/enrolments",
        ];
        assert_eq!(open, [&looks[..], &with_a_secret[..]].concat());
        let costs = |path: &&str| TABLE.iter().any(|it| it.path == *path && it.cost == Cost::Proof);
        assert!(with_a_secret.iter().all(costs), "each try to prove oneself is counted");
    }

    #[test]
    fn an_auditor_changes_nothing() {
        for route in TABLE.iter().filter(|route| route.verb != Verb::Get) {
            if let Who::Roles(roles) | Who::Room(roles) = route.who {
                assert!(!roles.contains(&Role::Auditor), "{} {}", route.verb.as_str(), route.path);
            }
        }
    }

    /// `VEDETTA_BLESS=1` writes it anew.
    #[test]
    fn the_matrix_is_in_the_reference() {
        let mut text = String::from(
            "# Who may ask for what\n\nWritten from the table that admits requests. What a role may, and who gives \
             it: [access](../administrators/access.md).\n\n| request | who | what |\n|---|---|---|\n",
        );
        for route in TABLE {
            let (verb, path, what) = (route.verb.as_str(), route.path, route.summary);
            let who = match route.who {
                Who::Anyone => "anyone".to_owned(),
                Who::SignedIn => "every account".to_owned(),
                Who::Operator => "the node's own commands".to_owned(),
                Who::Roles(roles) => names(roles),
                Who::Room(roles) => format!("{}, of the node's own organisation", names(roles)),
            };
            text.push_str(&format!("| `{verb} {path}` | {who} | {what} |\n"));
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/access.md");
        if std::env::var_os("VEDETTA_BLESS").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(kept, text, "VEDETTA_BLESS=1 rewrites it");
    }

    fn names(roles: &[Role]) -> String {
        let names = roles.iter().map(|role| serde_json::to_string(role).unwrap());
        let names: Vec<_> = names.map(|it| it.trim_matches('"').to_owned()).collect();
        names.join(", ")
    }

    #[test]
    fn every_taxii_endpoint_is_here() {
        for endpoint in taxii::endpoint::ALL {
            let path = match endpoint.path {
                path if path.starts_with("/taxii2") => path.to_owned(),
                path => format!("/taxii2/root{path}"),
            };
            let here = TABLE
                .iter()
                .any(|route| route.path == path && route.verb.as_str() == endpoint.verb.as_str());
            assert!(here, "{} {path}", endpoint.verb.as_str());
        }
    }
}
