//! The doorkeeper of a house: knows its peers by their cards, and lets couriers speak for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use vedetta_federation::card::Card;
use vedetta_federation::cards::{Peer, PeerStage};
use vedetta_federation::key::PublicKey;
use vedetta_federation::pairing::{Answer, Code};
use vedetta_flow::authority::ADMINISTRATORS;
use vedetta_flow::mesh::Mesh;
use vedetta_flow::{FlowError, Sequence};
use vedetta_mesh::{Nodes, Terms};
use vedetta_model::{Actor, OrganisationId};

use crate::allowance::Allowance;
use crate::bounds::Bounds;
use crate::courier::Courier;
use crate::dial::{DialError, Dialler};
use crate::doorkeeper::{Callee, Doorkeeper, Input, Report, Speaker, Unwelcome};
use crate::identity::Identity;
use crate::line::Dialled;
use crate::reason::Reason;
use crate::tls::Tls;

/// Keeps the door of a house.
pub struct Keeper {
    nodes: Arc<Nodes>,
    papers: RwLock<Papers>,
    tls: Mutex<Option<Tls>>,
}

/// What the operator says of the links. A node has a certificate of an authority, and wants one of
/// its peers, or keys alone count: they always do.
#[derive(Clone, Debug, Default)]
pub struct Papers {
    /// Where to dial peers, instead of where their codes said.
    pub addresses: BTreeMap<OrganisationId, String>,
    /// The certificate issued for the node's own key, and those above it, in PEM.
    pub certificate: Option<Vec<u8>>,
    /// The authorities that must have certified a peer's key, in PEM.
    pub authorities: Option<Vec<u8>>,
    /// How much each peer may bring.
    pub allowance: Allowance,
}

/// Speaks where nobody can: ends the link at once, with the reason.
struct Mute(String);

impl Keeper {
    /// Of a node among others, with its papers.
    #[must_use]
    pub fn new(nodes: Arc<Nodes>, papers: Papers) -> Self {
        Self { nodes, papers: RwLock::new(papers), tls: Mutex::default() }
    }

    /// Dials as this node, outside of any links.
    ///
    /// # Errors
    /// When the node cannot show who it is.
    pub fn dialler(&self) -> Result<Dialler, Unwelcome> {
        Ok(Dialler::new(self.tls()?, Bounds::default()))
    }

    /// Goes on with another certificate and other authorities, in PEM. Links are made with them once
    /// [`crate::Links::review`] was called; those there are go on.
    ///
    /// # Errors
    /// When they are not usable: then nothing changes.
    pub fn renew(
        &self,
        certificate: Option<Vec<u8>>,
        authorities: Option<Vec<u8>>,
    ) -> Result<(), Unwelcome> {
        let mut papers = self.papers.write().unwrap_or_else(PoisonError::into_inner);
        let renewed = Papers { certificate, authorities, ..papers.clone() };
        let tls = secured(&*self.mesh()?, &renewed)?;
        *self.tls.lock().unwrap_or_else(PoisonError::into_inner) = Some(tls);
        *papers = renewed;
        Ok(())
    }

    fn papers(&self) -> RwLockReadGuard<'_, Papers> {
        self.papers.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn mesh(&self) -> Result<Arc<Mesh>, Unwelcome> {
        self.nodes.house().mesh().map_err(|error| Unwelcome(error.to_string()))
    }
}

/// TLS with the node's key and the operator's papers.
fn secured(mesh: &Mesh, papers: &Papers) -> Result<Tls, Unwelcome> {
    let told = |error: &dyn std::fmt::Display| Unwelcome(error.to_string());
    let identity = Identity::new(&mesh.key, mesh.me.as_str()).map_err(|it| told(&it))?;
    let identity = match &papers.certificate {
        Some(pem) => identity.certified(pem).map_err(|it| told(&it))?,
        None => identity,
    };
    Tls::new(&identity, papers.authorities.as_deref()).map_err(|it| told(&it))
}

/// The active peer that holds a key.
fn holder(mesh: &Mesh, key: PublicKey) -> Option<&OrganisationId> {
    let id = key.id();
    let mut active = mesh.peers.iter().filter(|peer| peer.stage.is_active());
    // The newest key alone: those before it may be in other hands.
    let holds = |peer: &OrganisationId| {
        let newest = mesh.cards.newest(peer).map(|card| card.says.key.id());
        newest == Some(id) && !mesh.cards.is_revoked(peer, &id)
    };
    active.find(|peer| holds(&peer.organisation)).map(|peer| &peer.organisation)
}

impl Doorkeeper for Keeper {
    fn admit(&self, key: PublicKey, card: Option<&[u8]>) -> Result<OrganisationId, Unwelcome> {
        let mesh = self.mesh()?;
        if let Some(peer) = holder(&mesh, key) {
            return Ok(peer.clone());
        }
        // Who shows the key of a link that rests reads why it does; a stranger learns nothing.
        let rests = mesh.peers.iter().find(|peer| {
            mesh.cards.newest(&peer.organisation).is_some_and(|card| card.says.key == key)
        });
        let unknown = || match rests.map(|peer| &peer.stage) {
            Some(PeerStage::Suspended { .. }) => Unwelcome("this node suspended the link".into()),
            Some(PeerStage::Ended { .. }) => Unwelcome("this node ended the link".into()),
            _ => Unwelcome(format!("the key {} is of no active peer", key.id())),
        };
        let card: Card = card.and_then(|it| serde_json::from_slice(it).ok()).ok_or_else(unknown)?;
        let peer = card.says.organisation.clone();
        let active = mesh.peer(&peer).is_some_and(|peer| peer.stage.is_active());
        if !active || card.says.key != key {
            return Err(unknown());
        }
        self.nodes.meet(&peer, &card).map_err(|error| Unwelcome(error.to_string()))?;
        Ok(peer)
    }

    fn keys(&self) -> Vec<PublicKey> {
        let Ok(mesh) = self.mesh() else { return Vec::new() };
        let active = mesh.peers.iter().filter(|peer| peer.stage.is_active());
        let key = |peer: &Peer| Some(mesh.cards.newest(&peer.organisation)?.says.key);
        active.filter_map(key).filter(|key| holder(&mesh, *key).is_some()).collect()
    }

    fn keeps(&self, peer: &OrganisationId) -> bool {
        // One who cannot be asked about now is not sent away.
        let revoked = |mesh: &Mesh| {
            let newest = mesh.cards.newest(peer).map(|card| card.says.key.id());
            newest.is_some_and(|key| mesh.cards.is_revoked(peer, &key))
        };
        self.mesh().map_or(true, |mesh| {
            mesh.peer(peer).is_some_and(|it| it.stage.is_active()) && !revoked(&mesh)
        })
    }

    fn callees(&self) -> Vec<Callee> {
        let Ok(mesh) = self.mesh() else { return Vec::new() };
        let (papers, active) =
            (self.papers(), mesh.peers.iter().filter(|peer| peer.stage.is_active()));
        // Where a peer's card says would be anywhere in this node's own network.
        let callee = |it: &Peer| {
            let said = papers.addresses.get(&it.organisation);
            let address = said.or(it.address.as_ref())?.clone();
            Some(Callee { peer: it.organisation.clone(), address })
        };
        active.filter_map(callee).collect()
    }

    fn tls(&self) -> Result<Tls, Unwelcome> {
        let mesh = self.mesh()?;
        let papers = self.papers();
        let mut kept = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tls) = kept.as_ref().filter(|tls| tls.key() == mesh.key.public()) {
            return Ok(tls.clone());
        }
        Ok(kept.insert(secured(&mesh, &papers)?).clone())
    }

    fn card(&self) -> Vec<u8> {
        let mesh = self.mesh().ok();
        let card = mesh.as_ref().and_then(|mesh| mesh.card());
        card.and_then(|card| serde_json::to_vec(card).ok()).unwrap_or_default()
    }

    fn speaker(&self, peer: &OrganisationId, _: Dialled) -> Box<dyn Speaker> {
        match Courier::begin(Arc::clone(&self.nodes), peer.clone(), self.papers().allowance.clone())
        {
            Ok(courier) => Box::new(courier),
            Err(reason) => Box::new(Mute(reason)),
        }
    }

    fn bell(&self) -> watch::Receiver<Sequence> {
        self.nodes.house().bell().listen()
    }

    fn pair(&self, key: PublicKey, message: &[u8]) -> Result<Vec<u8>, Unwelcome> {
        let told = |error: &dyn std::fmt::Display| Unwelcome(error.to_string());
        let proposal = serde_json::from_slice(message)
            .map_err(|error| Unwelcome(format!("not a proposal: {error}")))?;
        let answer = self.nodes.answer_proposal(&key, &proposal).map_err(|it| told(&it))?;
        serde_json::to_vec(&answer).map_err(|it| told(&it))
    }
}

impl Speaker for Mute {
    fn hear(&mut self, _: Input) -> Result<(), Reason> {
        Err(self.0.clone().into())
    }

    fn say(&mut self) -> Result<Option<bytes::Bytes>, Reason> {
        Ok(None)
    }

    fn report(&self) -> Report {
        Report::default()
    }
}

/// Why there is no pairing.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The other node is not there, or refuses.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// This node refuses.
    #[error(transparent)]
    House(#[from] FlowError),
}

/// Dials the node that gave a code, and pairs with it on the terms of this node's administrator.
///
/// # Errors
/// [`AcceptError`].
pub async fn accept(
    nodes: &Arc<Nodes>,
    dialler: &Dialler,
    by: Actor,
    (code, terms): (Code, Terms),
) -> Result<Peer, AcceptError> {
    let call = dialler.call(&code.address).await?;
    let key = call.key();
    let (asked, proposer, known) = (Arc::clone(nodes), by.clone(), code.clone());
    let serves = terms.serves.clone();
    let proposing = tokio::task::spawn_blocking(move || {
        let proposal = asked.propose_pairing(&proposer, &known, &key)?;
        asked.check_scope(&serves)?;
        serde_json::to_vec(&proposal).map_err(|error| FlowError::Conflict(error.to_string()))
    });
    let answer = call.ask(settled(proposing).await?).await?;
    let answer: Answer = serde_json::from_slice(&answer)
        .map_err(|error| FlowError::Conflict(format!("the answer is none: {error}")))?;
    let asked = Arc::clone(nodes);
    let accepting =
        tokio::task::spawn_blocking(move || asked.accept_node(&by, &code, (&key, &answer), &terms));
    Ok(settled(accepting).await?)
}

/// What an authority is asked to certify.
#[derive(Clone, Debug, Serialize)]
pub struct CertificateRequest {
    /// Under which names others dial the node.
    pub names: Vec<String>,
    /// The request, PKCS #10 in PEM.
    pub pem: String,
}

/// A request for a certificate for the node's own key, under these names; without any, under the one
/// on its card.
///
/// # Errors
/// Forbidden, names of which there is no certificate, or none at all.
pub fn request_certificate(
    nodes: &Nodes,
    by: &Actor,
    names: Vec<String>,
) -> Result<CertificateRequest, FlowError> {
    nodes.house().require_room(by, ADMINISTRATORS, "ask for a certificate")?;
    let invalid = |reason: &dyn std::fmt::Display| FlowError::Invalid {
        place: "names".into(),
        reason: reason.to_string(),
    };
    let mesh = nodes.house().mesh()?;
    let on_card = || mesh.card()?.says.address.as_deref()?.rsplit_once(':').map(|(host, _)| host);
    let names = match names.is_empty() {
        true => {
            on_card().map(|host| host.trim_matches(['[', ']']).to_owned()).into_iter().collect()
        }
        false => names,
    };
    if names.is_empty() {
        return Err(invalid(&"none, and the node's card has none; say by which others dial it"));
    }
    let identity = Identity::new(&mesh.key, mesh.me.as_str()).map_err(|error| invalid(&error))?;
    let pem = identity.request(&names).map_err(|error| invalid(&error))?;
    Ok(CertificateRequest { names, pem })
}

async fn settled<T>(thread: JoinHandle<Result<T, FlowError>>) -> Result<T, FlowError> {
    thread.await.unwrap_or_else(|_| Err(FlowError::Conflict("a thread ended".into())))
}

#[cfg(test)]
mod tests {
    use vedetta_federation::scope::Scope;
    use vedetta_testkit::TestHouse;

    use super::*;

    /// A certificate that some authority issued for the key of a node.
    fn issued(mesh: &Mesh) -> Vec<u8> {
        let identity = Identity::new(&mesh.key, mesh.me.as_str()).unwrap();
        let request = identity.request(&["node.example.org".into()]).unwrap();
        let request = rcgen::CertificateSigningRequestParams::from_pem(&request).unwrap();
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let issuer = rcgen::Issuer::new(params, rcgen::KeyPair::generate().unwrap());
        request.signed_by(&issuer).unwrap().pem().into_bytes()
    }

    #[test]
    fn new_papers_are_taken_up_and_unusable_ones_are_not() {
        let house = Arc::new(TestHouse::small().house);
        house.establish_node(&Scope::everything(), None).unwrap();
        let mesh = house.mesh().unwrap();
        let (first, second) = (issued(&mesh), issued(&mesh));
        let papers = Papers { certificate: Some(first.clone()), ..Papers::default() };
        let keeper = Keeper::new(Arc::new(Nodes::new(house)), papers);
        keeper.tls().unwrap();
        assert!(keeper.renew(Some(b"no certificate".to_vec()), None).is_err());
        let other = rcgen::generate_simple_self_signed(["node.example.org".to_owned()]).unwrap();
        let other = other.cert.pem().into_bytes();
        assert!(keeper.renew(Some(other), None).is_err(), "it is not for the node's own key");
        assert_eq!(keeper.papers().certificate.as_ref(), Some(&first), "the links go on");
        keeper.renew(Some(second.clone()), None).unwrap();
        assert_eq!(keeper.papers().certificate.as_ref(), Some(&second));
        keeper.tls().unwrap();
    }
}
