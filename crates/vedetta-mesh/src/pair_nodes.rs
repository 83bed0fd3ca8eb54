//! Other nodes: invited with a code, accepted, suspended, ended; and this node's own key.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vedetta_federation::card::Card;
use vedetta_federation::cards::{Cards, Known, Peer, PeerStage, Vouches};
use vedetta_federation::digest::{Digest, digest};
use vedetta_federation::key::{KeyId, PublicKey, SecretKey};
use vedetta_federation::pairing::{Answer, Bond, Code, LIFE, Proposal, Secret, Side};
use vedetta_federation::scope::Scope;
use vedetta_flow::FlowError;
use vedetta_flow::authority::ADMINISTRATORS;
use vedetta_flow::corridor::forget;
use vedetta_flow::mesh::{Invitation, KEY, Mesh, PeerRecord, REVOKED, secret_key};
use vedetta_model::{Actor, AgreementId, Instant, OrganisationId, Role, part};
use vedetta_store::{Draft, EntryKind, RecordKind, SecretKind};

use crate::Nodes;

/// On what terms a node is accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Terms {
    /// For whom it speaks, as far as this node is concerned.
    pub serves: Scope,
    /// About whose cards it is believed.
    pub vouches: Vouches,
}

/// What becomes of a link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LinkStep {
    /// Stopped for now.
    Suspend {
        /// Why.
        reason: String,
    },
    /// It works again.
    Resume,
    /// Over for good; another needs a new code.
    End {
        /// Why.
        reason: String,
    },
}

/// How often it is written down what strangers try.
const KNOCKS: Duration = Duration::from_secs(60);
const WRONG_CODE: FlowError =
    FlowError::Unproven("the code is unknown, used, or more than a day old; ask for a new one");

/// What a scope names is nowhere in the directory.
fn unheard_of(name: &str, meant: Option<&str>) -> FlowError {
    let reason = match meant {
        Some(meant) => format!("there is no {name:?} in the directory; perhaps {meant:?} is meant"),
        None => format!("there is no {name:?} in the directory; write it as it stands there"),
    };
    FlowError::invalid("serves", reason)
}

impl Nodes {
    /// Makes a code that lets the node of an organisation pair with this one, once, within a day.
    ///
    /// # Errors
    /// Forbidden, an organisation or agreement that is unknown, one with which there is a link, or
    /// no address: then nobody could dial.
    pub fn invite_node(
        &self,
        by: &Actor,
        organisation: &OrganisationId,
        agreement: &AgreementId,
        terms: &Terms,
        address: &str,
    ) -> Result<Code, FlowError> {
        self.house.require_room(by, ADMINISTRATORS, "invite nodes")?;
        let mesh = self.house.mesh()?;
        if mesh.standing.network.agreement(agreement).is_none() {
            return Err(FlowError::unknown("agreement", agreement));
        }
        self.house.number_of(organisation)?;
        may_pair_with(&mesh, organisation)?;
        self.check_scope(&terms.serves)?;
        if address.is_empty() || address.len() > vedetta_federation::card::LONGEST_ADDRESS {
            return Err(FlowError::invalid(
                "address",
                "say where the other node can dial, as host:port, with --address or as peer_address in vedetta.toml",
            ));
        }
        let secret = Secret::generate(self.house.entropy());
        // A code says whole seconds.
        let expires =
            Instant::from_micros(self.house.now().after(LIFE).micros() / 1_000_000 * 1_000_000);
        let id = invitation_id(&secret);
        let invitation = PeerRecord::Invitation(Invitation {
            id: id.clone(),
            organisation: organisation.clone(),
            agreement: agreement.clone(),
            serves: terms.serves.clone(),
            vouches: terms.vouches,
            expires,
        });
        let body = serde_json::to_vec(&invitation).unwrap_or_default();
        let (octets, actor) = (*secret.octets(), by.account.to_string());
        self.house.write(move |unit| {
            unit.put_record(RecordKind::Peer, &id, &body, &actor)?;
            unit.put_secret(SecretKind::Node, &id, &octets)
        })?;
        Ok(Code {
            address: address.to_owned(),
            from: mesh.me.clone(),
            to: organisation.clone(),
            fingerprint: mesh.key.public().fingerprint(),
            agreement: agreement.clone(),
            expires,
            secret,
        })
    }

    /// Whether everything that a scope names is in the directory: for what is not, a peer would speak
    /// in vain.
    ///
    /// # Errors
    /// What is not there, and what may have been meant.
    pub fn check_scope(&self, scope: &Scope) -> Result<(), FlowError> {
        let standing = self.house.standing();
        let directory = &standing.directory;
        for organisation in scope.below.iter().chain(&scope.organisations) {
            if directory.number(organisation).is_none() {
                let meant = directory.called(organisation.as_str());
                let meant = meant.map_or_else(|near| near.first().copied(), Some);
                return Err(unheard_of(
                    organisation.as_str(),
                    meant.map(|it| it.organisation.id.as_str()),
                ));
            }
        }
        for region in &scope.regions {
            directory.region(region).map_err(|meant| unheard_of(region, meant))?;
        }
        Ok(())
    }

    /// Takes a code back.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn withdraw_invitation(&self, by: &Actor, id: &str) -> Result<(), FlowError> {
        self.house.require_room(by, ADMINISTRATORS, "take back invitations")?;
        self.invitation(id)?.ok_or_else(|| FlowError::unknown("invitation", id))?;
        let (id, actor) = (id.to_owned(), by.account.to_string());
        self.house.write(move |unit| {
            unit.erase_secret(SecretKind::Node, &id)?;
            unit.remove_record(RecordKind::Peer, &id, &actor)
        })?;
        Ok(())
    }

    /// Answers a node that says it has a code of this one; `key` is the key that it proved to hold
    /// when it dialled. It is a peer when this returns.
    ///
    /// # Errors
    /// [`FlowError::Unproven`], the same for every reason.
    pub fn answer_proposal(
        &self,
        key: &PublicKey,
        proposal: &Proposal,
    ) -> Result<Answer, FlowError> {
        let mesh = self.house.mesh()?;
        let node = &proposal.card.says.organisation;
        let bond = Bond {
            from: &mesh.me,
            to: node,
            inviting: &mesh.key.public(),
            accepting: &proposal.card.says.key,
            agreement: &proposal.agreement,
        };
        let own = mesh.card().cloned().ok_or(WRONG_CODE)?;
        let proven = proposal.card.says.key == *key && proposal.card.check().is_ok();
        if proven && let Some(answer) = self.answered(&mesh, proposal)? {
            return Ok(answer);
        }
        // Strangers hold nobody up: what they send is looked at before anything is locked.
        let opens = || self.open_invitation(bond, proposal);
        if !proven || may_pair_with(&mesh, node).is_err() || opens()?.is_none() {
            self.knocked("pairing-refused")?;
            return Err(WRONG_CODE);
        }
        let _one_at_a_time = self.house.change();
        let now = self.house.mesh()?;
        may_pair_with(&now, node)?;
        let (invitation, secret) = opens()?.ok_or(WRONG_CODE)?;
        let peer = Peer {
            organisation: node.clone(),
            agreement: invitation.agreement.clone(),
            serves: invitation.serves.clone(),
            vouches: invitation.vouches,
            address: None,
            stage: PeerStage::Active { since: self.house.now() },
        };
        let answer = Answer { card: own, proof: secret.prove(Side::Inviting, bond) };
        let kept = Answered {
            proposal: digest_of(proposal),
            until: invitation.expires,
            answer: answer.clone(),
        };
        self.pin(&peer, &proposal.card, part::PEER, Some((invitation.id, kept)))?;
        Ok(answer)
    }

    /// What the same proposal was answered before: the answer may have been lost, and the code was
    /// used up by it.
    fn answered(&self, mesh: &Mesh, proposal: &Proposal) -> Result<Option<Answer>, FlowError> {
        let node = &proposal.card.says.organisation;
        let kept = self.house.read(|reader| reader.bookmark(&answered_name(node)))?;
        let kept: Option<Answered> = kept.and_then(|kept| serde_json::from_slice(&kept).ok());
        let active = mesh.peer(node).is_some_and(|peer| peer.stage.is_active());
        let same = |kept: &Answered| {
            active && kept.until > self.house.now() && kept.proposal == digest_of(proposal)
        };
        Ok(kept.filter(same).map(|kept| kept.answer))
    }

    /// Counts what strangers try in vain: written down once a minute, however often.
    pub(crate) fn knocked(&self, deed: &'static str) -> Result<(), FlowError> {
        let count = {
            let mut knocks = self.knocks.lock().unwrap_or_else(PoisonError::into_inner);
            knocks.entry(deed).or_default().count(self.house.now(), KNOCKS)
        };
        let Some(count) = count else { return Ok(()) };
        let facts = serde_json::json!({ "deed": deed, "count": count }).to_string();
        Ok(self.house.note_deed(part::PEER, "strangers", facts)?)
    }

    /// What to send to the node that gave a code.
    ///
    /// # Errors
    /// Forbidden, or a code that is too old.
    pub fn propose_pairing(
        &self,
        by: &Actor,
        code: &Code,
        key: &PublicKey,
    ) -> Result<Proposal, FlowError> {
        self.house.require_room(by, ADMINISTRATORS, "accept invitations")?;
        let mesh = self.house.mesh()?;
        if code.to != mesh.me {
            let reason = format!("the code is for the node of {}, not for this one", code.to);
            return Err(FlowError::Conflict(reason));
        }
        may_pair_with(&mesh, &code.from)?;
        if code.expires <= self.house.now() || key.fingerprint() != code.fingerprint {
            return Err(WRONG_CODE);
        }
        let card = mesh.card().cloned().ok_or_else(|| {
            FlowError::Conflict("this node has no card yet; say for whom it speaks".into())
        })?;
        let accepting = mesh.key.public();
        let bond = bond_of(code, key, &accepting);
        let proof = code.secret.prove(Side::Accepting, bond);
        Ok(Proposal { card, agreement: code.agreement.clone(), proof })
    }

    /// Pins the node that gave a code, once it has proven that it knows the secret too; `key` is
    /// the key that it showed when dialled.
    ///
    /// # Errors
    /// Forbidden, or [`FlowError::Unproven`].
    pub fn accept_node(
        &self,
        by: &Actor,
        code: &Code,
        (key, answer): (&PublicKey, &Answer),
        terms: &Terms,
    ) -> Result<Peer, FlowError> {
        self.house.require_room(by, ADMINISTRATORS, "accept invitations")?;
        let mesh = self.house.mesh()?;
        let _one_at_a_time = self.house.change();
        let accepting = mesh.key.public();
        let bond = bond_of(code, key, &accepting);
        let card = &answer.card;
        let proven = code.secret.is_proven(Side::Inviting, bond, &answer.proof)
            && key.fingerprint() == code.fingerprint
            && card.says.key == *key
            && card.says.organisation == code.from
            && code.to == mesh.me
            && card.check().is_ok();
        may_pair_with(&mesh, &code.from)?;
        if !proven {
            return Err(FlowError::Unproven("the node that answered does not know the code"));
        }
        let peer = Peer {
            organisation: card.says.organisation.clone(),
            agreement: code.agreement.clone(),
            serves: terms.serves.clone(),
            vouches: terms.vouches,
            address: Some(code.address.clone()),
            stage: PeerStage::Active { since: self.house.now() },
        };
        self.pin(&peer, card, by.account.as_str(), None)?;
        Ok(peer)
    }

    /// Takes a step in the life of a link. A suspended or ended one carries nothing, and nothing
    /// that came over it is lost. What the node said of agreements is forgotten with the end.
    ///
    /// # Errors
    /// Forbidden, unknown, or a step that does not follow.
    pub fn step_link(
        &self,
        by: &Actor,
        organisation: &OrganisationId,
        step: &LinkStep,
    ) -> Result<Peer, FlowError> {
        self.house.require_room(by, ADMINISTRATORS, "change links")?;
        let _one_at_a_time = self.house.change();
        let mesh = self.house.mesh()?;
        let peer = mesh.peer(organisation).cloned();
        let mut peer = peer.ok_or_else(|| FlowError::unknown("peer", organisation))?;
        let since = self.house.now();
        peer.stage = match (step, &peer.stage) {
            (_, PeerStage::Ended { .. }) => {
                let reason = "the link has ended; pair the nodes with a new code";
                return Err(FlowError::Conflict(reason.into()));
            }
            (LinkStep::End { reason }, _) => PeerStage::Ended { since, reason: reason.clone() },
            (LinkStep::Suspend { reason }, PeerStage::Active { .. }) => {
                PeerStage::Suspended { since, reason: reason.clone() }
            }
            (LinkStep::Resume, PeerStage::Suspended { .. }) => PeerStage::Active { since },
            _ => {
                return Err(FlowError::Conflict(
                    "the link is in that stage already; list the peers to see how it does".into(),
                ));
            }
        };
        let over = matches!(step, LinkStep::End { .. });
        let record = serde_json::to_vec(&PeerRecord::Node(peer.clone())).unwrap_or_default();
        let (shared, node) = (Arc::clone(self.house.shared()), organisation.clone());
        let account = by.account.clone();
        self.house.write(move |unit| {
            shared.touch(RecordKind::Peer);
            unit.put_record(RecordKind::Peer, node.as_str(), &record, account.as_str())?;
            // Who is no neighbour any more keeps nothing from binding here.
            if over { forget(unit, &shared, (&node, since), &account) } else { Ok(()) }
        })?;
        Ok(peer)
    }

    /// Says anew for whom a peer speaks, and about whose cards it is believed.
    ///
    /// # Errors
    /// Forbidden, or unknown.
    pub fn set_link_terms(
        &self,
        by: &Actor,
        organisation: &OrganisationId,
        terms: &Terms,
    ) -> Result<Peer, FlowError> {
        self.house.require_room(by, ADMINISTRATORS, "change links")?;
        let _one_at_a_time = self.house.change();
        let peer = self.house.mesh()?.peer(organisation).cloned();
        let peer = peer.ok_or_else(|| FlowError::unknown("peer", organisation))?;
        self.check_scope(&terms.serves)?;
        let (serves, vouches) = (terms.serves.clone(), terms.vouches);
        let peer = Peer { serves, vouches, ..peer };
        let record = PeerRecord::Node(peer.clone());
        self.house.put_by(by.account.as_str(), RecordKind::Peer, organisation.as_str(), &record)?;
        Ok(peer)
    }

    /// Gives this node a new key. Its card, signed by the old key too, tells the others; what was
    /// sealed before stays sealed. When the old one was stolen, it counts for nothing from now on.
    ///
    /// # Errors
    /// Forbidden, or what the ledger said.
    pub fn rotate_key(&self, by: &Actor, old: OldKey) -> Result<Card, FlowError> {
        self.house.require_room(by, ADMINISTRATORS, "change the node's key")?;
        let _one_at_a_time = self.house.change();
        let mesh = self.house.mesh()?;
        let known = mesh.card().ok_or_else(|| {
            FlowError::Conflict("this node has no card yet; say for whom it speaks".into())
        })?;
        let mut seed = vec![0; 32];
        self.house.entropy().fill(&mut seed);
        let key: SecretKey = secret_key(&seed)?;
        let (serves, address) = (known.says.serves.clone(), known.says.address.clone());
        let mut says = mesh.next_statement(self.house.now(), serves, address);
        says.key = key.public();
        if old == OldKey::Stolen {
            says.revokes.insert(mesh.key.public().id());
        }
        let card = says.sign_after(&key, &mesh.key);
        let body = serde_json::to_vec(&mesh.own_cards_and(card.clone())).unwrap_or_default();
        let (me, actor) = (mesh.me.to_string(), by.account.to_string());
        let shared = Arc::clone(self.house.shared());
        self.house.write(move |unit| {
            shared.touch(RecordKind::Card);
            unit.put_record(RecordKind::Card, &me, &body, &actor)?;
            unit.put_secret(SecretKind::Node, KEY, &seed)
        })?;
        self.house.forget_mesh();
        Ok(card)
    }

    /// Takes all trust from another node's key, which was stolen: nothing that it seals or signs is
    /// believed here any more, and no link is held with it. Its node needs a new code.
    ///
    /// # Errors
    /// Forbidden, a key that is on no card, or this node's own: that one is rotated.
    pub fn revoke_key(&self, by: &Actor, key: KeyId, reason: &str) -> Result<Card, FlowError> {
        self.house.require_room(by, ADMINISTRATORS, "revoke keys")?;
        let _one_at_a_time = self.house.change();
        let mesh = self.house.mesh()?;
        if mesh.cards.with_key(&mesh.me, &key).is_some() {
            let reason = "it is this node's own; change it, and say that it was stolen";
            return Err(FlowError::Conflict(reason.into()));
        }
        let card = mesh.cards.all().find(|card| card.says.key.id() == key).cloned();
        let card = card.ok_or_else(|| FlowError::unknown("key", key))?;
        let kept = self.house.read(|reader| reader.record(RecordKind::Setting, REVOKED))?;
        let mut revoked: BTreeSet<KeyId> =
            kept.and_then(|kept| serde_json::from_slice(&kept.body).ok()).unwrap_or_default();
        revoked.insert(key);
        let body = serde_json::to_vec(&revoked).unwrap_or_default();
        let facts = serde_json::json!({ "deed": "key-revoked", "reason": reason }).to_string();
        let (shared, actor) = (Arc::clone(self.house.shared()), by.account.to_string());
        self.house.write(move |unit| {
            shared.touch(RecordKind::Card);
            unit.put_record(RecordKind::Setting, REVOKED, &body, &actor)?;
            let (kind, subject) = (EntryKind::Deed, &key.to_string());
            unit.append(&Draft { kind, actor: &actor, subject, facts: &facts, body: b"" })
        })?;
        self.house.forget_mesh();
        Ok(card)
    }

    /// The invitations that nobody used yet.
    ///
    /// # Errors
    /// Forbidden, or what the ledger said.
    pub fn invitations(&self, by: &Actor) -> Result<Vec<Invitation>, FlowError> {
        self.house.require_room(by, &[Role::Auditor], "see invitations")?;
        let now = self.house.now();
        let all = self.house.all_invitations()?;
        Ok(all.into_iter().filter(|invitation| invitation.expires > now).collect())
    }

    fn invitation(&self, id: &str) -> Result<Option<Invitation>, FlowError> {
        Ok(self.house.all_invitations()?.into_iter().find(|invitation| invitation.id == id))
    }

    /// The invitation whose secret a proposal proves to know.
    fn open_invitation(
        &self,
        bond: Bond<'_>,
        proposal: &Proposal,
    ) -> Result<Option<(Invitation, Secret)>, FlowError> {
        let now = self.house.now();
        for invitation in self.house.all_invitations()? {
            let meant =
                invitation.agreement == proposal.agreement && invitation.organisation == *bond.to;
            if invitation.expires <= now || !meant {
                continue;
            }
            let secret =
                self.house.read(|reader| reader.secret(SecretKind::Node, &invitation.id))?;
            let secret = secret.and_then(|octets| <[u8; 16]>::try_from(octets).ok());
            let Some(secret) = secret.map(Secret::from_octets) else { continue };
            if secret.is_proven(Side::Accepting, bond, &proposal.proof) {
                return Ok(Some((invitation, secret)));
            }
        }
        Ok(None)
    }

    /// Keeps a peer with its card; the invitation that brought it is used up.
    fn pin(
        &self,
        peer: &Peer,
        card: &Card,
        actor: &str,
        invitation: Option<(String, Answered)>,
    ) -> Result<(), FlowError> {
        self.house.number_of(&peer.organisation)?;
        let (node, peer_id) = (peer.organisation.to_string(), peer.organisation.clone());
        let record = serde_json::to_vec(&PeerRecord::Node(peer.clone())).unwrap_or_default();
        // What its earlier keys sealed is still its own, when the card follows theirs.
        let mut earlier = Cards::clone(&self.house.mesh()?.cards);
        let learnt = earlier.learn(card).is_ok();
        let follows = learnt && earlier.newest(&peer.organisation) == Some(card);
        let cards = match follows {
            true => earlier.cards_of(&peer.organisation).to_vec(),
            false => vec![card.clone()],
        };
        let known = Known { cards, ..Known::default() };
        let cards = serde_json::to_vec(&known).unwrap_or_default();
        let (shared, actor) = (Arc::clone(self.house.shared()), actor.to_owned());
        self.house.write(move |unit| {
            shared.touch(RecordKind::Peer);
            unit.put_record(RecordKind::Peer, &node, &record, &actor)?;
            unit.put_record(RecordKind::Card, &node, &cards, &actor)?;
            if let Some((id, answered)) = &invitation {
                unit.erase_secret(SecretKind::Node, id)?;
                unit.remove_record(RecordKind::Peer, id, &actor)?;
                let answered = serde_json::to_vec(answered).unwrap_or_default();
                unit.set_bookmark(&answered_name(&peer_id), &answered)?;
            }
            Ok(())
        })?;
        Ok(())
    }
}

/// A node is paired once: who holds a code for it replaces nobody.
fn may_pair_with(mesh: &Mesh, node: &OrganisationId) -> Result<(), FlowError> {
    if *node == mesh.me {
        return Err(FlowError::Conflict(
            "a node does not pair with itself; invite that of another organisation".into(),
        ));
    }
    match mesh.peer(node).map(|peer| &peer.stage) {
        Some(PeerStage::Active { .. } | PeerStage::Suspended { .. }) => {
            let reason = format!("there is a link with {node}; end it to pair anew");
            Err(FlowError::Conflict(reason))
        }
        _ => Ok(()),
    }
}

fn bond_of<'a>(code: &'a Code, inviting: &'a PublicKey, accepting: &'a PublicKey) -> Bond<'a> {
    let Code { from, to, agreement, .. } = code;
    Bond { from, to, inviting, accepting, agreement }
}

/// Whether the key that is changed may be trusted for what it sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OldKey {
    /// It may.
    Good,
    /// Somebody else has it: nothing that it sealed is believed any more.
    Stolen,
}

/// How a proposal was answered.
#[derive(Serialize, Deserialize)]
struct Answered {
    /// Which.
    proposal: Digest,
    /// Until when it is answered again.
    until: Instant,
    answer: Answer,
}

fn answered_name(node: &OrganisationId) -> String {
    format!("paired/{node}")
}

fn digest_of(proposal: &Proposal) -> Digest {
    digest(&[&serde_json::to_vec(proposal).unwrap_or_default()])
}

/// The name of an invitation, which tells nothing of its secret.
fn invitation_id(secret: &Secret) -> String {
    let digest = digest(&[b"invitation", secret.octets()]);
    format!("invitation.{}", &digest.to_string()[..16])
}
