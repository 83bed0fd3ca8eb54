//! The node under test, and its doors by their addresses.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;
use vedetta_api::webhooks::{Caller, Inner, Later, Troubles, work};
use vedetta_api::{Api, Rate, Settings, live};
use vedetta_console::Console;
use vedetta_diffusion::webhook::Call;
use vedetta_flow::House;
use vedetta_flow::steps::call_webhooks::Remaining;
use vedetta_store::Store;
use vedetta_testkit::{MockClock, TestHouse};

pub(crate) struct Node {
    pub(crate) api: Api,
    pub(crate) clock: Arc<MockClock>,
    router: Router,
    store: Arc<dyn Store>,
    receiver: Arc<Receiver>,
}

/// Everybody's receiver of webhooks.
#[derive(Default)]
struct Receiver(Mutex<Vec<(String, Value)>>);

impl Caller for Receiver {
    fn resolve(&self, _: String, _: u16) -> Later<Vec<SocketAddr>> {
        Box::pin(async { vec![SocketAddr::from(([8, 8, 8, 8], 443))] })
    }

    fn call(&self, call: Call, _: Vec<SocketAddr>) -> Later<Result<u16, String>> {
        let told = serde_json::from_slice(&call.body).unwrap();
        self.0.lock().unwrap().push((call.url, told));
        Box::pin(async { Ok(200) })
    }
}

impl Node {
    pub(crate) fn new(test: TestHouse) -> Self {
        let TestHouse { house, clock, store } = test;
        let (api, router) = doors(house);
        Self { api, clock, router, store, receiver: Arc::default() }
    }

    /// The process ends, and another begins over the same ledger.
    pub(crate) fn restart(&mut self) {
        let TestHouse { house, clock, .. } = TestHouse::over(Arc::clone(&self.store));
        clock.advance(self.api.house().now().since(house.now()));
        (self.api, self.router) = doors(house);
        self.clock = clock;
    }

    /// What was released goes out to followers and webhooks.
    pub(crate) async fn diffuse(&self) {
        let house = self.api.house();
        while self.api.hub().place() < house.bell().last().0 {
            live::pour(house, self.api.hub()).await.unwrap();
        }
        let caller = Arc::clone(&self.receiver) as Arc<dyn Caller>;
        while work(house, &caller, (&Inner::default(), &Troubles::default())).await.unwrap()
            == Remaining::Something
        {}
    }

    /// What was called out since the last time, by address.
    pub(crate) fn called(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.receiver.0.lock().unwrap())
    }

    /// Asks; the status and the body.
    pub(crate) async fn get(&self, token: &str, uri: &str) -> (u16, Vec<u8>) {
        let response = self.router.clone().oneshot(request(token, uri, "")).await.unwrap();
        let status = response.status().as_u16();
        (status, response.into_body().collect().await.unwrap().to_bytes().to_vec())
    }

    /// Opens a page in a person's browser; the status, and what is in the page beside its frame.
    pub(crate) async fn open(&self, session: &str, uri: &str) -> (u16, String) {
        let request = Request::get(uri).header("cookie", format!("__Host-vedetta={session}"));
        let request = request.header("accept", "text/html").body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let page = response.into_body().collect().await.unwrap().to_bytes();
        let page = String::from_utf8(page.to_vec()).unwrap();
        let page = between(&page, "<main", "</main>").unwrap_or_default();
        (status, page.replace("&#34;", "\"").replace("&#39;", "'").replace("&#38;", "&"))
    }

    /// Opens a live stream after a place; `None` when it is refused.
    pub(crate) async fn follow(&self, token: &str, after: u64) -> Option<Body> {
        let request = request(token, "/api/v1/stream", &after.to_string());
        let response = self.router.clone().oneshot(request).await.unwrap();
        response.status().is_success().then(|| response.into_body())
    }

    /// So much later that every silent stream gives a sign of life.
    pub(crate) fn breathe(&self) {
        self.clock.advance(Duration::from_secs(15));
    }
}

fn doors(house: House) -> (Api, Router) {
    let plenty = Rate { burst: 100_000_000, every: Duration::from_micros(1) };
    let settings = Settings {
        per_address: plenty,
        per_account: plenty,
        proofs: plenty,
        sign_ins: plenty,
        ..Settings::default()
    };
    let api = Api::new(Arc::new(house), settings, [7; 32]);
    let pages = Console::new(api.clone(), [9; 32]);
    let router = vedetta_console::router(&pages, vedetta_api::router(&api));
    (api, router)
}

/// What stands between two texts, the first time.
pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(text.split_once(before)?.1.split_once(after)?.0)
}

fn request(token: &str, uri: &str, after: &str) -> Request<Body> {
    let accept = match uri.starts_with("/taxii2") {
        true => taxii::TAXII,
        false => "application/x-ndjson, */*",
    };
    let request = Request::get(uri).header("authorization", format!("Bearer {token}"));
    let request = request.header("accept", accept).header("last-event-id", after);
    request.body(Body::empty()).unwrap()
}
