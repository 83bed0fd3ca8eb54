//! A door under test: requests in, answers out, no socket.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;
use vedetta_api::access::{Route, TABLE};
use vedetta_api::server::Peer;
use vedetta_api::{Api, Rate, Settings};
use vedetta_model::account::AccountState;
use vedetta_model::{Account, AccountId, Actor, Language, OrganisationId, Role};
use vedetta_testkit::MockClock;
use vedetta_testkit::TestHouse;

/// A node's machine doors over the small network.
pub(crate) struct Door {
    pub(crate) api: Api,
    pub(crate) clock: Arc<MockClock>,
    pub(crate) router: Router,
    pub(crate) admin: Actor,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Door {
    pub(crate) fn new() -> Self {
        let plenty = Rate { burst: 1_000_000, every: Duration::from_micros(1) };
        let settings = Settings {
            per_address: plenty,
            per_account: plenty,
            proofs: plenty,
            sign_ins: plenty,
            ..Settings::default()
        };
        Self::with(settings)
    }

    pub(crate) fn with(settings: Settings) -> Self {
        Self::over(TestHouse::small(), settings)
    }

    /// Of a house that stands already.
    pub(crate) fn over(test: TestHouse, settings: Settings) -> Self {
        let (admin, clock) = (test.administrator(), Arc::clone(&test.clock));
        let api = Api::new(Arc::new(test.house), settings, [7; 32]);
        let router = vedetta_api::router(&api);
        let door = Self { api, clock, router, admin };
        door.account("admin", "cnaipic", &[Role::Administrator]);
        door
    }

    /// Makes an account.
    pub(crate) fn account(&self, id: &str, organisation: &str, roles: &[Role]) {
        let account = Account {
            id: AccountId::new(id).unwrap(),
            name: id.into(),
            organisation: OrganisationId::new(organisation).unwrap(),
            roles: roles.iter().copied().collect(),
            language: Language::It,
            state: AccountState::Active,
        };
        self.api.house().put_account(&self.admin, &account).unwrap();
    }

    /// A token of an account.
    pub(crate) fn token(&self, account: &str) -> String {
        let (account, year) = (AccountId::new(account).unwrap(), Duration::from_secs(86_400 * 365));
        let issued =
            self.api.house().issue_token(&self.admin, &account, "test", BTreeSet::new(), year);
        issued.unwrap().token.reveal().to_owned()
    }

    /// The session of a person.
    pub(crate) fn session(&self, account: &str) -> String {
        vedetta_testkit::session(self.api.house(), account)
    }

    /// A token of an account that has a password, and how a body ends that proves it anew.
    pub(crate) fn with_password(&self, account: &str) -> (String, String) {
        const PASSWORD: &str = "una frase lunga";
        let id = AccountId::new(account).unwrap();
        self.api.house().set_password(&self.admin, &id, PASSWORD).unwrap();
        (self.token(account), format!(r#","own_password":"{PASSWORD}"}}"#))
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let endless = parts.headers.get("content-type").is_some_and(|it| it == "text/event-stream");
        let body = match endless {
            true => Vec::new(),
            false => body.collect().await.unwrap().to_bytes().to_vec(),
        };
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Sends a request with a token and, if any, a body.
    pub(crate) async fn ask(&self, token: &str, line: &str, body: Option<(&str, &str)>) -> Answer {
        let (method, uri) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(uri);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if uri.starts_with("/taxii2") {
            request = request.header("accept", taxii::TAXII);
        }
        let body = match body {
            Some((media, text)) => {
                request = request.header("content-type", media);
                Body::from(text.to_owned())
            }
            None => Body::empty(),
        };
        let answer = self.send(request.body(body).unwrap()).await;
        let path = uri.split('?').next().unwrap_or_default();
        let routes = TABLE.iter().filter(|it| it.verb.as_str() == method && leads(it.path, path));
        let route = routes.min_by_key(|it| it.path.matches('{').count());
        if let (true, Some(route)) = (answer.status.is_success(), route) {
            Self::check(route, line, &answer);
        }
        answer
    }

    /// Holds an answer to the matrix: its media type is one that the line gives, and what is JSON of ours
    /// is as the schema says.
    fn check(route: &Route, line: &str, answer: &Answer) {
        let media = answer.header("content-type").split(';').next().unwrap_or_default();
        let given = route.gives.iter().chain(route.or_gives);
        let named = |content: &&vedetta_api::access::Content| {
            content.media.split(';').next() == Some(media)
        };
        let Some(content) = given.clone().find(named) else {
            assert!(media.is_empty() && given.count() == 0, "{line} gives {media:?}");
            return;
        };
        if let Some(schema) = content.schema {
            let breaks = vedetta_schema::breaks(schema, &answer.json());
            assert_eq!(breaks, [""; 0], "{line}: {}", answer.text());
        }
    }

    /// Sends a request from an address, without a token.
    pub(crate) async fn ask_from(
        &self,
        address: [u8; 4],
        line: &str,
        (media, text): (&str, &str),
    ) -> Answer {
        let (method, uri) = line.split_once(' ').unwrap();
        let request = Request::builder().method(method).uri(uri).header("content-type", media);
        let mut request = request.body(Body::from(text.to_owned())).unwrap();
        let address = SocketAddr::from((address, 40_000));
        request.extensions_mut().insert(Peer { address, certificate: None });
        self.send(request).await
    }

    /// Asks for an answer without end, which goes on until it is dropped.
    pub(crate) async fn ask_open(&self, token: &str, line: &str) -> http::Response<Body> {
        let (method, uri) = line.split_once(' ').unwrap();
        let request = Request::builder().method(method).uri(uri);
        let request = request.header("authorization", format!("Bearer {token}"));
        self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    /// Asks for JSON that must be given.
    pub(crate) async fn get(&self, token: &str, uri: &str) -> Value {
        let answer = self.ask(token, &format!("GET {uri}"), None).await;
        assert!(answer.status.is_success(), "{uri}: {answer:?}");
        answer.json()
    }
}

/// Whether a path is one that a line of the matrix is for.
fn leads(line: &str, path: &str) -> bool {
    let [line, path]: [Vec<_>; 2] = [line, path].map(|it| it.split('/').collect());
    let fits = |(part, it): (&&str, &&str)| part == it || part.starts_with('{');
    line.len() == path.len() && line.iter().zip(&path).all(fits)
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}
