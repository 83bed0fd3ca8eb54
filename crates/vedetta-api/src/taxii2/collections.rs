//! Discovery, the API root and its collections.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use taxii::{ApiRoot, Collection, Collections, Discovery};
use vedetta_flow::{House, Share};
use vedetta_model::Actor;
use vedetta_model::agreement::Stage;

use super::message;
use crate::access::{Route, Verb};
use crate::api::Api;
use crate::extract::Params;
use crate::gate::Caller;
use crate::problem::{Kind, Problem};

/// The collections of every node. Their identifiers are the same everywhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shelf {
    /// Everything cleared to the caller.
    Cleared,
    /// What is TLP:CLEAR.
    Public,
    /// Where the caller adds, and reads what its organisation added.
    Submit,
}

impl Shelf {
    const ALL: [Self; 3] = [Self::Cleared, Self::Public, Self::Submit];

    /// The collection of an identifier or alias.
    pub(super) fn find(name: &str) -> Result<Self, Problem> {
        let named = |shelf: &Self| shelf.id() == name || shelf.alias() == name;
        Self::ALL.into_iter().find(named).ok_or_else(|| {
            let sentence = "there is no such collection; list them at /taxii2/root/collections/";
            Problem::new(Kind::Unknown, sentence).at("collection")
        })
    }

    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Cleared => "1637c0a0-fe57-4181-a970-0bcb5f3f1fb9",
            Self::Public => "af542b0c-6ce3-4318-ae0e-ced5e35c131f",
            Self::Submit => "40c83a8d-7879-4864-b4b5-d2ac54439151",
        }
    }

    pub(super) const fn alias(self) -> &'static str {
        match self {
            Self::Cleared => "cleared",
            Self::Public => "public",
            Self::Submit => "submit",
        }
    }

    pub(super) const fn share(self) -> Share {
        match self {
            Self::Cleared => Share::Cleared,
            Self::Public => Share::Public,
            Self::Submit => Share::Own,
        }
    }

    /// Refuses to add or withdraw where the caller may not.
    pub(super) fn require_writable(self) -> Result<(), Problem> {
        if self == Self::Submit {
            return Ok(());
        }
        let sentence = "this collection is read only; write to the collection submit";
        Err(Problem::new(Kind::Forbidden, sentence).at("collection"))
    }

    fn describe(self, api: &Api, actor: &Actor) -> Collection {
        let (title, mut description): (_, String) = match self {
            Self::Cleared => ("Cleared", "Everything that your organisation may read now.".into()),
            Self::Public => ("Public", "What is TLP:CLEAR.".into()),
            Self::Submit => ("Submit", "Add here; read here what your organisation added.".into()),
        };
        if self == Self::Cleared {
            description += &policies(api.house(), actor);
        }
        let adding = Route::find(Verb::Post, "/taxii2/root/collections/{collection}/objects/");
        let may_add = adding.is_some_and(|route| route.who.admits(Some(actor)));
        Collection {
            id: self.id().into(),
            title: title.into(),
            description: Some(description),
            alias: Some(self.alias().into()),
            can_read: true,
            can_write: self == Self::Submit && may_add,
            media_types: vec![taxii::STIX.into()],
        }
    }
}

/// Which exchange policies bind what comes under the agreements of the caller's organisation. An
/// object has no room for them: its bytes are its producer's.
fn policies(house: &House, actor: &Actor) -> String {
    let agreements = house.agreements(actor).into_iter();
    let named = agreements.filter_map(|it| {
        let iep = it.handling.iep.as_ref().filter(|_| matches!(it.stage, Stage::InForce { .. }))?;
        Some(format!("{} ({}), under {}", iep.name, iep.id, it.id))
    });
    let named: Vec<_> = named.collect();
    if named.is_empty() {
        return String::new();
    }
    let which = "GET /api/v1/items says which of them bind an item";
    format!(" FIRST IEP 2.0 policies bind some of it: {}; {which}.", named.join("; "))
}

pub(super) async fn discovery(State(api): State<Api>) -> Response {
    let settings = api.settings();
    let discovery = Discovery {
        title: settings.title.clone(),
        description: Some("What this operations room shares, and takes in.".into()),
        contact: settings.contact.clone(),
        default: Some("/taxii2/root/".into()),
        api_roots: vec!["/taxii2/root/".into()],
    };
    message(StatusCode::OK, &discovery)
}

pub(super) async fn api_root(State(api): State<Api>) -> Response {
    let root = ApiRoot {
        title: api.settings().title.clone(),
        description: Some("One root; what each account sees in it is cleared to it.".into()),
        versions: vec![taxii::TAXII.into()],
        max_content_length: crate::access::Cost::Bulk.largest_body() as u64,
    };
    message(StatusCode::OK, &root)
}

pub(super) async fn list(State(api): State<Api>, Caller(actor): Caller) -> Response {
    let collections = Shelf::ALL.map(|shelf| shelf.describe(&api, &actor)).into();
    message(StatusCode::OK, &Collections { collections })
}

pub(super) async fn get(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Result<Response, Problem> {
    let shelf = Shelf::find(&params.get::<String>("collection")?)?;
    Ok(message(StatusCode::OK, &shelf.describe(&api, &actor)))
}
