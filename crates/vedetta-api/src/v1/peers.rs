//! Other nodes: who they are, how the links with them do, and what administrators do about it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use vedetta_federation::card::Card;
use vedetta_federation::cards::{Peer, Vouches};
use vedetta_federation::envelope::Presence;
use vedetta_federation::key::KeyId;
use vedetta_federation::pairing::Code;
use vedetta_federation::scope::Scope;
use vedetta_flow::FlowError;
use vedetta_flow::mesh::Invitation;
use vedetta_link::{
    AcceptError, CertificateRequest, Dialled, Dialler, Keeper, Leave, Link, request_certificate,
};
use vedetta_mesh::{Arriving, LinkStep, Nodes, OldKey, PeerView, Terms};
use vedetta_model::{AgreementId, Instant, OrganisationId};

use super::Answer;
use crate::api::Api;
use crate::extract::{Given, Params, Proven};
use crate::gate::{Address, Caller};
use crate::problem::{Kind, Problem};

/// This node and the others.
#[derive(Serialize)]
pub(super) struct Peers {
    /// This node; absent until it first ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<Shown>,
    peers: Vec<PeerLine>,
    arriving: Vec<Arriving>,
    invitations: Vec<Invitation>,
}

/// A node as its card shows it.
#[derive(Serialize)]
pub(super) struct Shown {
    organisation: OrganisationId,
    /// SHA-256 of its key: what people compare.
    fingerprint: String,
    serial: u32,
    since: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
}

/// A peer and the link with it.
#[derive(Serialize)]
struct PeerLine {
    #[serde(flatten)]
    peer: PeerView,
    /// SHA-256 of its newest key.
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<LinkLine>,
}

/// How a link does.
#[derive(Serialize)]
struct LinkLine {
    up: bool,
    since: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    dialled_by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// Why it is down, by name and in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    made: u64,
    lag: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    behind: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skew_ms: Option<i64>,
    sent: u64,
    taken: u64,
    too_far: u64,
    refused: u64,
    octets_in: u64,
    octets_out: u64,
    /// Whether it waits: it brought as much as it may in a day, or the disk is nearly full.
    over_quota: bool,
}

/// On what terms a node is invited.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewInvitation {
    /// Whose node is invited.
    organisation: OrganisationId,
    agreement: AgreementId,
    serves: Scope,
    #[serde(default)]
    vouches: Option<Vouches>,
    /// Where the other can dial; what the node's card says without it.
    #[serde(default)]
    address: Option<String>,
}

/// A code to hand over.
#[derive(Serialize)]
pub(super) struct IssuedCode {
    code: String,
    expires: Instant,
}

/// On what terms an invitation is accepted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Acceptance {
    code: String,
    serves: Scope,
    #[serde(default)]
    vouches: Option<Vouches>,
}

/// What becomes of a link.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, tag = "step")]
pub(super) enum NewStep {
    Suspend { reason: String },
    Resume,
    End { reason: String },
}

/// Who is on duty.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPresence {
    on_duty: u16,
    until: Instant,
}

/// On what terms a peer is heard from now on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTerms {
    serves: Scope,
    #[serde(default)]
    vouches: Option<Vouches>,
}

/// A key that counts for nothing any more.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Revocation {
    key: KeyId,
    reason: String,
}

/// How the key is changed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Rotation {
    /// The old key is in other hands.
    stolen: bool,
}

/// By which names other nodes dial this one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CertificateNames {
    /// None: the one on its card.
    #[serde(default)]
    names: Vec<String>,
}

pub(super) async fn list(State(api): State<Api>, Caller(actor): Caller) -> Answer<Peers> {
    let links = api.links().map(vedetta_link::Links::all).unwrap_or_default();
    let ask = move |nodes: &Nodes| {
        let (mesh, peers) = (nodes.house().mesh()?, nodes.peers(&actor)?);
        Ok((mesh, peers, nodes.arriving(&actor)?, nodes.invitations(&actor)?))
    };
    let (mesh, peers, arriving, invitations) = api.ask_nodes(ask).await?;
    let line = |peer: PeerView| {
        let link = links.iter().find(|link| link.peer == peer.organisation).map(LinkLine::of);
        let card = mesh.cards.newest(&peer.organisation);
        PeerLine { fingerprint: card.map(fingerprint), link, peer }
    };
    let peers = peers.into_iter().map(line).collect();
    Ok(Json(Peers { node: mesh.card().map(Shown::of), peers, arriving, invitations }))
}

pub(super) async fn invite(
    State(api): State<Api>,
    Caller(actor): Caller,
    Address(address): Address,
    Given(proven): Given<Proven<NewInvitation>>,
) -> Answer<IssuedCode> {
    let Proven { what: new, own_password } = proven;
    let terms = terms(new.serves, new.vouches);
    let nodes = Arc::clone(api.nodes());
    let code = api.confirmed_now((actor, own_password), address, move |house, by| {
        let mesh = house.mesh()?;
        let known = mesh.card().and_then(|card| card.says.address.clone());
        let address = new.address.or(known).unwrap_or_default();
        nodes.invite_node(by, &new.organisation, &new.agreement, &terms, &address)
    });
    let code = code.await?;
    Ok(Json(IssuedCode { code: code.to_string(), expires: code.expires }))
}

pub(super) async fn accept(
    State(api): State<Api>,
    Caller(actor): Caller,
    Address(address): Address,
    Given(proven): Given<Proven<Acceptance>>,
) -> Answer<Peer> {
    let Proven { what: acceptance, own_password } = proven;
    let code: Code = acceptance
        .code
        .parse()
        .map_err(|error| Problem::new(Kind::Invalid, format!("{error}")).at("code"))?;
    let terms = terms(acceptance.serves, acceptance.vouches);
    api.confirmed_now((actor.clone(), own_password), address, |_, _| Ok(())).await?;
    let dialler = match api.links() {
        Some(links) => links.dialler(),
        None => alone(&api).await?,
    };
    let accepting = vedetta_link::accept(api.nodes(), &dialler, actor, (code, terms));
    match accepting.await {
        Ok(peer) => Ok(Json(peer)),
        Err(AcceptError::House(error)) => Err(error.into()),
        Err(AcceptError::Dial(error)) => Err(Problem::new(
            Kind::Conflict,
            format!("{error}; see that the other node runs and that its address can be reached"),
        )),
    }
}

pub(super) async fn step(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(step): Given<NewStep>,
) -> Answer<Peer> {
    let organisation: OrganisationId = params.get("organisation")?;
    let step = match step {
        NewStep::Suspend { reason } => LinkStep::Suspend { reason },
        NewStep::Resume => LinkStep::Resume,
        NewStep::End { reason } => LinkStep::End { reason },
    };
    let why = match &step {
        LinkStep::Suspend { reason } | LinkStep::End { reason } => reason.clone(),
        LinkStep::Resume => String::new(),
    };
    let peer = api.ask_nodes(move |nodes| nodes.step_link(&actor, &organisation, &step)).await?;
    if let (Some(links), false) = (api.links(), peer.stage.is_active()) {
        links.end(&peer.organisation, Leave::Barred, &why);
    }
    Ok(Json(peer))
}

pub(super) async fn set_terms(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
    Given(new): Given<NewTerms>,
) -> Answer<Peer> {
    let organisation: OrganisationId = params.get("organisation")?;
    let terms = terms(new.serves, new.vouches);
    let peer =
        api.ask_nodes(move |nodes| nodes.set_link_terms(&actor, &organisation, &terms)).await?;
    if let Some(links) = api.links() {
        links.end(&peer.organisation, Leave::Again, "its terms were changed");
    }
    Ok(Json(peer))
}

pub(super) async fn withdraw(
    State(api): State<Api>,
    Caller(actor): Caller,
    params: Params,
) -> Result<StatusCode, Problem> {
    let id: String = params.get("invitation")?;
    api.ask_nodes(move |nodes| nodes.withdraw_invitation(&actor, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn revoke(
    State(api): State<Api>,
    Caller(actor): Caller,
    Given(revocation): Given<Revocation>,
) -> Answer<Shown> {
    let Revocation { key, reason } = revocation;
    let card = api.ask_nodes(move |nodes| nodes.revoke_key(&actor, key, &reason)).await?;
    if let Some(links) = api.links() {
        links.end(&card.says.organisation, Leave::Barred, "its key was revoked");
    }
    Ok(Json(Shown::of(&card)))
}

pub(super) async fn rotate(
    State(api): State<Api>,
    Caller(actor): Caller,
    Given(rotation): Given<Rotation>,
) -> Answer<Shown> {
    let old = if rotation.stolen { OldKey::Stolen } else { OldKey::Good };
    let card = api.ask_nodes(move |nodes| nodes.rotate_key(&actor, old)).await?;
    Ok(Json(Shown::of(&card)))
}

pub(super) async fn request(
    State(api): State<Api>,
    Caller(actor): Caller,
    Given(names): Given<CertificateNames>,
) -> Answer<CertificateRequest> {
    let asking = move |nodes: &Nodes| request_certificate(nodes, &actor, names.names);
    Ok(Json(api.ask_nodes(asking).await?))
}

pub(super) async fn say_presence(
    State(api): State<Api>,
    Caller(actor): Caller,
    Given(new): Given<NewPresence>,
) -> Answer<Presence> {
    let NewPresence { on_duty, until } = new;
    Ok(Json(api.ask_nodes(move |nodes| nodes.say_presence(&actor, on_duty, until)).await?))
}

/// Who dials where no links run.
async fn alone(api: &Api) -> Result<Dialler, Problem> {
    let (nodes, papers) = (Arc::clone(api.nodes()), api.settings().papers.clone());
    api.ask(move |_| {
        Keeper::new(nodes, papers).dialler().map_err(|error| FlowError::Conflict(error.to_string()))
    })
    .await
}

fn terms(serves: Scope, vouches: Option<Vouches>) -> Terms {
    // The node above is believed about everyone.
    let above = if serves.everything { Vouches::Everything } else { Vouches::Below };
    Terms { vouches: vouches.unwrap_or(above), serves }
}

fn fingerprint(card: &Card) -> String {
    card.says.key.fingerprint().to_string()
}

impl Shown {
    fn of(card: &Card) -> Self {
        let says = &card.says;
        Self {
            organisation: says.organisation.clone(),
            fingerprint: fingerprint(card),
            serial: says.serial,
            since: says.since,
            address: says.address.clone(),
        }
    }
}

impl LinkLine {
    fn of(link: &Link) -> Self {
        let dialled = |dialled| match dialled {
            Dialled::ByUs => "us",
            Dialled::ByPeer => "peer",
        };
        Self {
            up: link.up,
            since: link.since,
            dialled_by: link.dialled.map(dialled),
            address: link.address.map(|address| address.to_string()),
            cause: link.reason.as_ref().map(|it| it.cause.name()),
            reason: link.reason.as_ref().map(|it| it.says.clone()),
            made: link.made,
            lag: link.report.lag,
            behind: link.report.behind,
            skew_ms: link.report.skew_ms,
            sent: link.report.sent,
            taken: link.report.taken,
            too_far: link.report.too_far,
            refused: link.report.refused,
            octets_in: link.octets.0,
            octets_out: link.octets.1,
            over_quota: link.report.over_quota,
        }
    }
}
