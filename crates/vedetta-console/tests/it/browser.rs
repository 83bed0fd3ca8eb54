//! A browser without a screen: it keeps cookies, and fills in forms.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::json;
use tower::ServiceExt as _;
use vedetta_api::webhooks::Https;
use vedetta_api::{Api, Rate, Settings};
use vedetta_console::{Console, Providers};
use vedetta_keyring::{Keyring, Provider, Ways};
use vedetta_model::account::AccountState;
use vedetta_model::{Account, AccountId, Actor, Language, OrganisationId, Role};
use vedetta_outpost::enrol::NewSensor;
use vedetta_testkit::{MockClock, TestHouse};

/// The pages of a node over the small network.
pub(crate) struct Node {
    pub(crate) console: Console,
    pub(crate) clock: Arc<MockClock>,
    pub(crate) router: Router,
    pub(crate) admin: Actor,
}

/// Nobody is ever asked to wait.
pub(crate) fn plenty() -> Settings {
    let plenty = Rate { burst: 1_000_000, every: Duration::from_micros(1) };
    Settings {
        title: "CNAIPIC".into(),
        per_address: plenty,
        per_account: plenty,
        proofs: plenty,
        sign_ins: plenty,
        ..Settings::default()
    }
}

/// One browser.
pub(crate) struct Browser<'a> {
    node: &'a Node,
    pub(crate) cookies: BTreeMap<String, String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Node {
    pub(crate) fn new() -> Self {
        Self::over(TestHouse::small())
    }

    pub(crate) fn over(test: TestHouse) -> Self {
        Self::with(test, plenty())
    }

    pub(crate) fn with(test: TestHouse, settings: Settings) -> Self {
        Self::opened_by(test, settings, Vec::new())
    }

    /// With providers that people may come from.
    pub(crate) fn opened_by(test: TestHouse, settings: Settings, providers: Vec<Provider>) -> Self {
        let (admin, clock) = (test.administrator(), Arc::clone(&test.clock));
        let api = Api::new(Arc::new(test.house), settings, [7; 32]);
        let console = Console::new(api.clone(), [9; 32]);
        let ways = Ways { passkeys: Some("https://node.example".into()), providers };
        let keyring = Keyring::open(Arc::clone(api.house()), ways).unwrap();
        console.show_keyring(Arc::new(keyring), Providers::over(Https::new(b"").unwrap()));
        let router = vedetta_console::router(&console, vedetta_api::router(&api));
        let node = Self { console, clock, router, admin };
        node.account("admin", "cnaipic", &[Role::Administrator]);
        node
    }

    /// A code for a sensor of an organisation, which has not spoken yet.
    pub(crate) fn invited(&self, organisation: &str) -> String {
        let new = NewSensor {
            organisation: OrganisationId::new(organisation).unwrap(),
            name: "perimetro".into(),
            address: "node.example:8443".into(),
            authority: "00".repeat(32),
        };
        let code = self.console.api().sensors().invite(&self.admin, &new).unwrap();
        code.secret.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// The sensor, once it has used its code.
    pub(crate) fn enrolled(&self, secret: &str) -> Actor {
        let enrolment = serde_json::from_value(json!({ "secret": secret, "version": "1" }));
        let enrolled = self.console.api().sensors().enrol(&enrolment.unwrap()).unwrap();
        self.console.house().actor_by_token(&enrolled.token).unwrap()
    }

    /// Makes an account.
    pub(crate) fn account(&self, id: &str, organisation: &str, roles: &[Role]) {
        let account = Account {
            id: AccountId::new(id).unwrap(),
            name: format!("Persona {id}"),
            organisation: OrganisationId::new(organisation).unwrap(),
            roles: roles.iter().copied().collect(),
            language: Language::It,
            state: AccountState::Active,
        };
        self.console.house().put_account(&self.admin, &account).unwrap();
    }

    /// A browser in which nobody has signed in.
    pub(crate) fn stranger(&self) -> Browser<'_> {
        Browser { node: self, cookies: BTreeMap::new() }
    }

    /// A browser in which an account is signed in.
    pub(crate) fn browser(&self, account: &str) -> Browser<'_> {
        let token = vedetta_testkit::session(self.console.house(), account);
        let mut browser = self.stranger();
        browser.cookies.insert("__Host-vedetta".into(), token);
        browser
    }
}

impl Browser<'_> {
    pub(crate) async fn send(&mut self, request: Request<Body>) -> Answer {
        let response = self.node.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all("set-cookie") {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            match value {
                "" => drop(self.cookies.remove(name)),
                value => drop(self.cookies.insert(name.into(), value.into())),
            }
        }
        let endless = parts.headers.get("content-type").is_some_and(|it| it == "text/event-stream");
        let bytes = match endless {
            true => Vec::new(),
            false => body.collect().await.unwrap().to_bytes().to_vec(),
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    pub(crate) fn request(&self, method: &str, uri: &str) -> http::request::Builder {
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, it)| format!("{name}={it}")).collect();
        Request::builder()
            .method(method)
            .uri(uri)
            .header("accept", "text/html")
            .header("host", "node.example")
            .header("cookie", cookies.join("; "))
    }

    /// Opens a page.
    pub(crate) async fn open(&mut self, uri: &str) -> Answer {
        let request = self.request("GET", uri).body(Body::empty()).unwrap();
        self.send(request).await
    }

    /// Sends a form as it is, with the headers that a browser adds.
    pub(crate) async fn post(&mut self, uri: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self
            .request("POST", uri)
            .header("sec-fetch-site", "same-origin")
            .header("origin", "https://node.example")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(written(fields)))
            .unwrap();
        self.send(request).await
    }

    /// Opens a page, and sends one of its forms with these fields.
    pub(crate) async fn fill(&mut self, page: &str, to: &str, fields: &[(&str, &str)]) -> Answer {
        let opened = self.open(page).await;
        let (seal, once) = (opened.field("seal"), opened.field("once"));
        let mut all = vec![("seal", seal.as_str()), ("once", once.as_str())];
        all.extend_from_slice(fields);
        self.post(to, &all).await
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The value of the first attribute of a name.
    pub(crate) fn attribute(&self, name: &str) -> String {
        let start = format!(" {name}=\"");
        let found = self.text.split_once(&start);
        let (_, rest) = found.unwrap_or_else(|| panic!("no {name} in {}", self.text));
        rest.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&")
    }

    /// The value of the first hidden field of a name.
    pub(crate) fn field(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let at = self.text.find(&start).unwrap_or_else(|| panic!("no {name} in {}", self.text));
        let rest = &self.text[at + start.len()..];
        rest.split('"').next().unwrap().to_owned()
    }
}

fn written(fields: &[(&str, &str)]) -> String {
    let escaped = |text: &str| {
        let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~".contains(&octet);
        text.bytes()
            .map(|octet| match plain(octet) {
                true => char::from(octet).to_string(),
                false => format!("%{octet:02X}"),
            })
            .collect::<String>()
    };
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
    pairs.collect::<Vec<_>>().join("&")
}
