//! Items: bringing, reading, withdrawing, acknowledging; why, and who would.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use vedetta_flow::{
    Answer as Explained, Door, FlowError, House, ItemsPreview, Look, Obligations, Preview,
    Previews, ReadItem, ReadPage, Sequence, Share, VersionFilter, Wish, check_kinds,
};
use vedetta_indicator::tells_of;
use vedetta_intake::DoorIn;
use vedetta_intake::indicator_csv::Bringer;
use vedetta_model::{
    Actor, AgreementId, Category, Exercise, Handling, Instant, ItemId, Naming, OrganisationId, Pap,
    Person, Places, Tlp,
};

use super::{Answer, Page, page_limit, place};
use crate::access::Cost;
use crate::api::Api;
use crate::brought::{self, Brought, Faults};
use crate::extract::{Asked, Given, Octets, Params, read_json};
use crate::gate::Caller;
use crate::problem::{Kind, Problem};
use crate::reads::Carried;
use crate::recorder;
use crate::worth::{Said, Worth};

/// The largest body, in octets, that is read beside questions; few larger ones are at once.
const SMALL_BODY: usize = 64 << 10;

/// Which items.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    after: Option<String>,
    limit: Option<usize>,
    kind: Option<String>,
    share: ShareName,
    versions: VersionsName,
    order: Option<Order>,
    value: Option<String>,
}

/// In which order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Order {
    Oldest,
    Newest,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ShareName {
    #[default]
    Cleared,
    Public,
    Own,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum VersionsName {
    #[default]
    Last,
    First,
    All,
}

/// One item as read.
#[derive(Debug, Serialize)]
pub(super) struct ItemLine {
    place: u64,
    date_added: Instant,
    id: ItemId,
    version: Instant,
    tlp: Tlp,
    pap: Pap,
    #[serde(skip_serializing_if = "Option::is_none")]
    iep: Option<Arc<Obligations>>,
    /// Of an indicator.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<u8>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warning: Vec<String>,
    object: Box<RawValue>,
}

/// Why an item is withdrawn.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Why {
    reason: String,
}

/// What the contact writes.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NewAcknowledgement {
    note: Option<String>,
}

/// Whether the acknowledgement was the first of the organisation, which counts.
#[derive(Debug, Serialize)]
pub(super) struct Acknowledged {
    first: bool,
}

/// About whom.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct About {
    /// By identifier, name or alias.
    organisation: Option<String>,
}

/// What would become of the items of a body.
#[derive(Debug, Serialize)]
struct WouldBecome {
    previews: Vec<ItemsPreview>,
    #[serde(flatten)]
    faults: Faults,
}

/// How an item would be handled.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WouldBe {
    #[serde(default)]
    producer: Option<OrganisationId>,
    category: Category,
    tlp: Tlp,
    #[serde(default)]
    pap: Pap,
    /// By identifier, name or alias.
    #[serde(default)]
    victims: BTreeSet<String>,
    /// The object itself, where it is at hand.
    #[serde(default)]
    object: Option<Box<RawValue>>,
    #[serde(default)]
    named: BTreeSet<Naming>,
    #[serde(default)]
    only_under: BTreeSet<AgreementId>,
    #[serde(default)]
    exercise: Option<Exercise>,
}

pub(super) async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    Asked(which): Asked<Which>,
) -> Result<Response, Problem> {
    let backwards = which.is_backwards()?;
    let wish = which.wish()?;
    let (who, share) = (actor.clone(), wish.share);
    recorder::room(&api).await?;
    let worth = Worth::to(&api, &actor).await?;
    let cost = if backwards { Cost::Bulk } else { Cost::Light };
    let (items, next) = api
        .ask_at(cost, move |house| {
            let page = match backwards {
                true => which.newest(house, &who, &wish)?,
                false => house.page(&who, &wish)?,
            };
            let lines = page.items.into_iter().filter_map(|item| ItemLine::of(item, &worth));
            Ok((lines.collect::<Vec<_>>(), page.next))
        })
        .await?;
    let places: Places = items.iter().map(|item| item.place).collect();
    // What one brought oneself is not delivered by reading it back.
    let carried = (share != Share::Own)
        .then(|| Carried::to(api.house(), &actor, Door::Api, places).map(Extension));
    let page = Page { items, next: next.map(|place| place.to_string()) };
    Ok((carried.flatten(), Json(page)).into_response())
}

pub(super) async fn add(
    State(api): State<Api>,
    Caller(actor): Caller,
    body: Octets,
) -> Result<Response, Problem> {
    let csv = match body.media.as_deref() {
        Some("text/csv") => true,
        Some("application/json" | "application/stix+json" | "application/taxii+json") => false,
        found => {
            let found = found.unwrap_or("of no media type");
            let sentence = format!("the body is {found}; send application/json or text/csv");
            return Err(Problem::new(Kind::UnsupportedMedia, sentence).at("Content-Type"));
        }
    };
    api.count_brought(&actor, body.bytes.len())?;
    let source = actor.account.to_string();
    let cost = if body.bytes.len() > SMALL_BODY { Cost::Bulk } else { Cost::Light };
    let answer = api.ask_at(cost, move |house| {
        let arrival = match csv {
            true => {
                let identity = &actor.organisation.identity();
                let bringer = Bringer { identity, at: house.now() };
                brought::table(DoorIn::Api, &source, &body.bytes, &bringer)
            }
            false => brought::bundle(DoorIn::Api, &source, &body.bytes),
        };
        let became = match arrival {
            Ok(arrival) => received(Brought::of(house.accept(&actor, arrival)?)),
            Err(problem) => Err(problem),
        };
        // Made here, where it holds up nobody else.
        Ok(became.map(|became| Json(became).into_response()))
    });
    answer.await?
}

/// What is answered when anything was taken, and when nothing was.
fn received(became: Brought) -> Result<Brought, Problem> {
    if !became.accepted.is_empty() || !became.duplicates.is_empty() {
        return Ok(became);
    }
    let sentence = match (became.faults.rejected_count, became.faults.rejected.as_slice()) {
        (0, _) => "there is no item in the body; send a STIX object, a bundle, or rows".to_owned(),
        (1, [fault]) => fault.reason.clone(),
        (1, faults) => format!(
            "it has {} faults and was not accepted; mend each, as `rejected` says",
            faults.len()
        ),
        (many, _) => format!("none of {many} was accepted; mend each, as `rejected` says"),
    };
    let problem = Problem::new(Kind::Invalid, sentence).with(&became);
    Err(match became.faults.rejected.as_slice() {
        [fault] => problem.at(fault.place.as_str()),
        _ => problem,
    })
}

pub(super) async fn get(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Result<Response, Problem> {
    let id: ItemId = params.get("item")?;
    let who = actor.clone();
    recorder::room(&api).await?;
    let item = api.ask(move |house| house.item_or_tombstone(&who, &id)).await?;
    let item = item.map_err(|left| Problem::withdrawn(&left))?;
    let place = item.stamp.seq.0;
    let carried = Carried::to(api.house(), &actor, Door::Api, Places::between(place, place));
    let media = [(CONTENT_TYPE, taxii::STIX)];
    Ok((carried.map(Extension), media, item.body.to_vec()).into_response())
}

pub(super) async fn withdraw(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Asked(why): Asked<Why>,
) -> Result<StatusCode, Problem> {
    let id: ItemId = params.get("item")?;
    api.ask(move |house| house.withdraw(&actor, &id, &why.reason)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn acknowledge(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(new): Given<NewAcknowledgement>,
) -> Answer<Acknowledged> {
    let id: ItemId = params.get("item")?;
    let stamp = api.ask(move |house| house.acknowledge(&actor, &id, new.note)).await?;
    Ok(Json(Acknowledged { first: stamp.is_some() }))
}

pub(super) async fn explain(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Asked(about): Asked<About>,
) -> Answer<Explained> {
    let id: ItemId = params.get("item")?;
    let explain = move |house: &House| {
        let organisation = match &about.organisation {
            Some(text) => house.called("organisation", text)?,
            None => actor.organisation.clone(),
        };
        house.explain(&actor, &id, &organisation)
    };
    Ok(Json(api.ask(explain).await?))
}

/// Who would have what is handled so, or the items of a body.
pub(super) async fn preview(
    State(api): State<Api>,
    Caller(actor): Caller,
    body: Octets,
) -> Result<Response, Problem> {
    match body.media.as_deref() {
        Some("application/json") => {
            let preview = preview_handling(&api, actor, read_json(&body.bytes)?).await?;
            Ok(Json(preview).into_response())
        }
        Some("application/stix+json" | "application/taxii+json") => {
            preview_items(&api, actor, body).await
        }
        found => {
            let found = found.unwrap_or("of no media type");
            let sentence = format!(
                "the body is {found}; send a handling as application/json, or items as application/stix+json"
            );
            Err(Problem::new(Kind::UnsupportedMedia, sentence).at("Content-Type"))
        }
    }
}

async fn preview_items(api: &Api, actor: Actor, body: Octets) -> Result<Response, Problem> {
    api.count_brought(&actor, body.bytes.len())?;
    let source = actor.account.to_string();
    let answer = api.ask_at(Cost::Bulk, move |house| {
        let previews = match brought::bundle(DoorIn::Api, &source, &body.bytes) {
            Ok(arrival) => WouldBecome::of(house.preview_arrival(&actor, arrival)?),
            Err(problem) => return Ok(Err(problem)),
        };
        // Made here, where it holds up nobody else.
        Ok(Ok(Json(previews).into_response()))
    });
    answer.await?
}

async fn preview_handling(api: &Api, actor: Actor, would: WouldBe) -> Result<Preview, Problem> {
    let producer = would.producer.clone().unwrap_or_else(|| actor.organisation.clone());
    if producer != actor.organisation && !api.house().is_of_the_room(&actor, &[]) {
        let sentence = "that would be brought by another organisation; leave producer out";
        return Err(Problem::new(Kind::Forbidden, sentence).at("producer"));
    }
    if let Err(error) = would.exercise.as_ref().map_or(Ok(()), Exercise::check) {
        return Err(Problem::new(Kind::NotUnderstood, error.to_string()).at("exercise"));
    }
    if let Some(object) = &would.object {
        api.count_brought(&actor, object.get().len())?;
    }
    let cost = if would.object.is_some() { Cost::Bulk } else { Cost::Light };
    let preview = move |house: &House| {
        let named = house.standing().persons(&would.named, &producer);
        let victims = house.victims_called(would.victims.iter().map(String::as_str))?;
        let object = would.object.as_ref().map(|it| it.get().as_bytes().to_vec());
        let handling = Arc::new(would.by(producer, named, victims));
        match object {
            Some(object) => house.preview_object(&actor, &handling, &object),
            None => house.preview(&actor, &handling),
        }
    };
    api.ask_at(cost, preview).await
}

impl Which {
    /// Whether the newest are wanted first: asked for, or looked for by a value.
    fn is_backwards(&self) -> Result<bool, Problem> {
        let refused = |name, sentence| Err(Problem::new(Kind::NotUnderstood, sentence).at(name));
        let value = self.value.as_deref().map(str::trim);
        if value == Some("") {
            let sentence = "value: is empty; give an address, a domain, a URL, a mailbox or a hash";
            return refused("value", sentence);
        }
        if value.is_some() && self.order == Some(Order::Oldest) {
            let sentence = "order: what is found by value comes newest first; leave order out";
            return refused("order", sentence);
        }
        let backwards = value.is_some() || self.order == Some(Order::Newest);
        if backwards && !matches!(self.versions, VersionsName::Last) {
            let sentence = "versions: newest first has the last of each; leave versions out";
            return refused("versions", sentence);
        }
        Ok(backwards)
    }

    /// A page of the newest, from the end or from where the one before ended.
    fn newest(&self, house: &House, by: &Actor, wish: &Wish) -> Result<ReadPage, FlowError> {
        let look = Look {
            before: self.after.is_some().then_some(wish.after),
            limit: wish.limit,
            share: wish.share,
            kinds: &wish.kinds,
            tlp: None,
        };
        let value = self.value.as_deref();
        let fits = |item: &ReadItem| value.is_none_or(|value| tells_of(&item.body, value));
        let found = house.newest_items(by, &look, fits)?;
        Ok(ReadPage { items: found.items, next: found.before })
    }

    fn wish(&self) -> Result<Wish, Problem> {
        let after = place("after", self.after.as_deref())?.unwrap_or(Sequence::START);
        let kinds = self.kind.iter().flat_map(|kinds| kinds.split(',')).map(str::to_owned);
        let kinds: Vec<String> = kinds.collect();
        check_kinds(&kinds, "kind")?;
        Ok(Wish {
            after,
            limit: page_limit(self.limit),
            share: match self.share {
                ShareName::Cleared => Share::Cleared,
                ShareName::Public => Share::Public,
                ShareName::Own => Share::Own,
            },
            ids: Vec::new(),
            kinds,
            versions: match self.versions {
                VersionsName::Last => VersionFilter::Last,
                VersionsName::First => VersionFilter::First,
                VersionsName::All => VersionFilter::All,
            },
        })
    }
}

impl ItemLine {
    /// `None` for a body that is no JSON text, which the ledger does not hold.
    fn of(item: ReadItem, worth: &Worth) -> Option<Self> {
        let Said { score, warning } = worth.of(&item);
        let object = serde_json::from_slice(&item.body).ok()?;
        Some(Self {
            place: item.stamp.seq.0,
            date_added: item.stamp.at,
            id: item.id,
            version: item.version,
            tlp: item.tlp,
            pap: item.pap,
            iep: item.obligations,
            score,
            warning,
            object,
        })
    }
}

impl WouldBecome {
    fn of(Previews { previews, rejected, warnings }: Previews) -> Self {
        Self { previews, faults: Faults::of(rejected, warnings) }
    }
}

impl WouldBe {
    /// Brought by a producer, for the persons that it names.
    fn by(
        self,
        producer: OrganisationId,
        named: BTreeSet<Person>,
        victims: BTreeSet<OrganisationId>,
    ) -> Handling {
        Handling {
            producer,
            category: self.category,
            tlp: self.tlp,
            pap: self.pap,
            victims,
            named,
            only_under: self.only_under,
            exercise: self.exercise,
            via: [].into(),
        }
    }
}
