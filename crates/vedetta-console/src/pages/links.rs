//! The other nodes, and how the links with them do.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use vedetta_api::Problem;
use vedetta_flow::{House, PeerStage};
use vedetta_frame::console::Console;
use vedetta_frame::frame::{Frame, Section, page};
use vedetta_frame::shown::Moment;
use vedetta_frame::visit::Signed;
use vedetta_mesh::{Arriving, Nodes, RefusedThere};
use vedetta_model::Language;
use vedetta_words::Words;

use super::deliveries::times;

/// One other node.
struct Node {
    id: String,
    name: String,
    stage: &'static str,
    up: Option<bool>,
    since: Option<Moment>,
    heard: Option<Moment>,
    silent: Option<Moment>,
    serves: String,
    address: Option<String>,
    taken_in: String,
    lag: Option<String>,
    behind: Option<String>,
    skew: Option<String>,
    over_quota: bool,
    presence: Option<(u16, Moment)>,
    refused: u64,
    refused_there: u64,
    /// Why it is down, and the particulars in English.
    reason: Option<(&'static str, String)>,
    refusals: Vec<(Moment, String, String)>,
    refusals_there: Vec<Refusal>,
    arriving: Vec<Pace>,
}

/// How fast what a node gives under an agreement arrives.
struct Pace {
    agreement: String,
    title: String,
    count: String,
    times: [String; 2],
}

/// Something of ours that a node refused.
pub(super) struct Refusal {
    pub(super) at: Moment,
    /// The item, where it is known which.
    pub(super) item: Option<String>,
    /// Why, in the words of the protocol and of the other node.
    pub(super) why: String,
}

impl Pace {
    fn of(it: &Arriving, house: &House, w: Words) -> Self {
        let known = house.standing().network.agreement(&it.agreement).map(|it| it.title.clone());
        Self {
            title: known.unwrap_or_else(|| it.agreement.to_string()),
            agreement: it.agreement.to_string(),
            count: w.number(it.share.count),
            times: times(w, &it.share),
        }
    }
}

impl Refusal {
    fn latest(all: &[RefusedThere], w: Words) -> Vec<Self> {
        all.iter().rev().take(10).map(|it| Self::of(it, w)).collect()
    }

    pub(super) fn of(it: &RefusedThere, w: Words) -> Self {
        let why = match it.says.as_str() {
            "" => it.why.clone(),
            says => format!("{}: {says}", it.why),
        };
        Self { at: Moment::of(it.at, w), item: it.item.as_ref().map(ToString::to_string), why }
    }
}

#[derive(Template)]
#[template(path = "links.html")]
struct Links {
    frame: Frame,
    nodes: Vec<Node>,
}

pub(super) async fn show(
    State(console): State<Console>,
    signed: Signed,
) -> Result<Response, Problem> {
    let (w, actor) = (signed.words(), signed.actor());
    let ask = move |nodes: &Nodes| Ok((nodes.peers(&actor)?, nodes.arriving(&actor)?));
    let (peers, arriving) = console.api().ask_nodes(ask).await?;
    let standing = console.house().standing();
    let links = console.api().links().map(vedetta_api::Links::all).unwrap_or_default();
    let name = |id: &vedetta_model::OrganisationId| {
        standing.directory.organisation(id).map_or_else(|| id.to_string(), |it| it.name.clone())
    };
    let nodes = peers.into_iter().map(|peer| {
        let link = links.iter().find(|it| it.peer == peer.organisation);
        Node {
            name: name(&peer.organisation),
            stage: match &peer.stage {
                PeerStage::Invited { .. } => w.link_invited(),
                PeerStage::Active { .. } => w.link_active(),
                PeerStage::Suspended { .. } => w.link_suspended(),
                PeerStage::Ended { .. } => w.link_ended(),
            },
            up: link.map(|it| it.up),
            since: link.map(|it| Moment::of(it.since, w)),
            reason: link.filter(|it| !it.up).and_then(|it| it.reason.clone()).map(|it| {
                let (cause, says) = (it.cause, it.says);
                let cause =
                    if w.0 == Language::It { cause.in_italian() } else { cause.in_english() };
                (cause, says)
            }),
            heard: peer.heard.map(|at| Moment::of(at, w)),
            silent: peer.silent.map(|at| Moment::of(at, w)),
            serves: {
                let scope = &peer.serves;
                let everyone = scope.everything.then(|| w.link_everyone().to_owned());
                let below = scope.below.iter().chain(&scope.organisations).map(name);
                let regions = scope.regions.iter().cloned();
                everyone.into_iter().chain(regions).chain(below).collect::<Vec<_>>().join(", ")
            },
            address: peer.address,
            taken_in: w.number(peer.taken_in),
            lag: link.map(|it| w.number(it.report.lag)),
            behind: link.and_then(|it| it.report.behind).map(|it| w.number(it)),
            skew: link.and_then(|it| it.report.skew_ms).map(|it| format!("{it} ms")),
            over_quota: link.is_some_and(|it| it.report.over_quota),
            presence: peer.presence.map(|it| (it.on_duty, Moment::of(it.until, w))),
            refused: peer.refused,
            refused_there: peer.refused_there,
            arriving: arriving
                .iter()
                .filter(|it| it.peer == peer.organisation)
                .map(|it| Pace::of(it, console.house(), w))
                .collect(),
            refusals_there: Refusal::latest(&peer.refusals_there, w),
            refusals: peer
                .refusals
                .iter()
                .rev()
                .take(10)
                .map(|it| (Moment::of(it.at, w), name(&it.origin), it.says.clone()))
                .collect(),
            id: peer.organisation.to_string(),
        }
    });
    let nodes = nodes.collect();
    let frame = Frame::of(&console, &signed.visit, w.links_title(), Section::Links).live();
    page(&Links { frame, nodes })
}
