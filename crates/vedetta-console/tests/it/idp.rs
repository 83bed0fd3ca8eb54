//! A provider of identities of our own, over real HTTP on loopback.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use vedetta_keyring::Provider;
use vedetta_keyring::oidc::{Client, Profile, Proof, Signer};
use vedetta_model::Role;
use vedetta_testkit::TestHouse;

use crate::browser::{Node, plenty};
use crate::signing_in::with_password;

pub(crate) const P256: &[u8] = include_bytes!("../../../vedetta-signin/tests/keys/p256.pem");
pub(crate) const RSA: &[u8] = include_bytes!("../../../vedetta-signin/tests/keys/rsa.pem");
pub(crate) const FISCAL_NUMBER: &str = "https://attributes.eid.gov.it/fiscal_number";

/// A provider.
#[derive(Clone)]
pub(crate) struct Idp(pub(crate) Arc<Mutex<Desk>>);

pub(crate) struct Desk {
    pub(crate) issuer: String,
    /// The keys that it publishes.
    pub(crate) shown: Value,
    pub(crate) signer: Signer,
    /// What it says of who came with a code, each code once.
    pub(crate) codes: HashMap<String, Value>,
    /// Forms that were sent to redeem codes.
    pub(crate) redeemed: Vec<HashMap<String, String>>,
    /// How often its keys were asked for.
    pub(crate) asked: usize,
    /// And what it says of itself.
    pub(crate) described: usize,
}

impl Idp {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let signer = Signer::read(P256, Some("k1".into())).unwrap();
        let shown = signer.public();
        let (codes, redeemed) = (HashMap::new(), Vec::new());
        let desk = Desk { issuer, shown, signer, codes, redeemed, asked: 0, described: 0 };
        let idp = Self(Arc::new(Mutex::new(desk)));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/keys", get(keys))
            .route("/token", post(redeem))
            .with_state(idp.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        idp
    }

    pub(crate) fn provider(&self, name: &str, profile: Profile) -> Provider {
        let proof = match profile {
            Profile::Generic => Proof::Secret("shared with the node".into()),
            _ => Proof::Key(Signer::read(RSA, Some("node".into())).unwrap()),
        };
        let client = Client {
            issuer: self.0.lock().unwrap().issuer.clone(),
            id: "vedetta".into(),
            redirect: "https://node.example/sign-in/callback".into(),
            profile,
            acr: None,
            proof,
        };
        Provider { name: name.into(), label: name.to_uppercase(), client }
    }

    pub(crate) fn node(&self) -> Node {
        let providers = [("ente", Profile::Generic), ("spid", Profile::Spid)];
        let providers = providers.map(|(name, profile)| self.provider(name, profile));
        let node = Node::opened_by(TestHouse::small(), plenty(), providers.into());
        with_password(&node, "analista", Role::Analyst);
        with_password(&node, "capo", Role::Administrator);
        node
    }

    /// Whoever was sent to an address comes back with a code, of whom it says these claims.
    pub(crate) fn comes_back(&self, node: &Node, address: &str, said: Value) -> (String, String) {
        let of = |name: &str| {
            let start = format!("{name}=");
            let pairs = address.split_once('?').unwrap().1.split('&');
            pairs.filter_map(|it| it.strip_prefix(&start)).next().unwrap().to_owned()
        };
        let at = node.console.house().now().micros() / 1_000_000;
        let mut desk = self.0.lock().unwrap();
        let mut claims = json!({ "iss": desk.issuer, "aud": "vedetta", "sub": "anna-conti",
            "nonce": of("nonce"), "iat": at, "exp": at + 300 });
        for (name, value) in said.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let code = format!("code-{}", desk.codes.len());
        desk.codes.insert(code.clone(), claims);
        (code, of("state"))
    }
}

async fn describe(State(idp): State<Idp>) -> Json<Value> {
    let mut desk = idp.0.lock().unwrap();
    desk.described += 1;
    let issuer = desk.issuer.clone();
    Json(json!({ "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys") }))
}

async fn keys(State(idp): State<Idp>) -> Json<Value> {
    let mut desk = idp.0.lock().unwrap();
    desk.asked += 1;
    Json(desk.shown.clone())
}

async fn redeem(
    State(idp): State<Idp>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Result<Json<Value>, StatusCode> {
    let mut desk = idp.0.lock().unwrap();
    let proven = headers.contains_key("authorization") || form.contains_key("client_assertion");
    let claims = form.get("code").and_then(|code| desk.codes.remove(code));
    desk.redeemed.push(form);
    let claims = claims.filter(|_| proven).ok_or(StatusCode::BAD_REQUEST)?;
    Ok(Json(json!({ "token_type": "Bearer", "id_token": desk.signer.sign(&claims).unwrap() })))
}
