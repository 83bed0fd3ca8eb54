//! A peer in the hands of the test: it is paired as any other, and says what it likes.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use vedetta_federation::Object;
use vedetta_federation::bookmark::{Bookmark, Mark, Span};
use vedetta_federation::card::{Card, Statement};
use vedetta_federation::cards::GRACE;
use vedetta_federation::digest::digest;
use vedetta_federation::envelope::{Envelope, Item, What};
use vedetta_federation::exchange::{Signer, dispatch};
use vedetta_federation::frame::{Batch, Beat, Bye, Farewell, Frame, Hello};
use vedetta_federation::hop::Hop;
use vedetta_federation::key::{PublicKey, SecretKey};
use vedetta_federation::pairing::{Bond, Code, Proposal, Side};
use vedetta_federation::shelf::{Lane, Parcel};
use vedetta_link::frames::Frames;
use vedetta_link::{Bounds, DialError, Dialler, Identity, Tls};
use vedetta_model::{Instant, OrganisationId};
use vedetta_policy::{Form, Passage};

use crate::node::{Node, PATIENCE, indicator};

/// Whom it lies to.
pub(crate) const VICTIM: &str = "cnaipic";
/// Who it is.
pub(crate) const LIAR: &str = "cosc-liguria";

pub(crate) struct Liar {
    pub(crate) key: SecretKey,
    pub(crate) card: Card,
    address: String,
    dialler: Dialler,
}

/// A connection on which both have said hello, or one before that.
pub(crate) struct Talk {
    frames: Frames,
    outgoing: mpsc::Sender<Bytes>,
    _held: oneshot::Sender<()>,
    /// The last batch.
    pub(crate) number: u64,
}

pub(crate) fn id(name: &str) -> OrganisationId {
    OrganisationId::new(name).unwrap()
}

#[allow(clippy::disallowed_methods, reason = "the running node reads the same clock")]
pub(crate) fn now() -> Instant {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Instant::from_micros(i64::try_from(since.as_micros()).unwrap())
}

pub(crate) fn secret(seed: u8) -> SecretKey {
    SecretKey::from_seed([seed; 32]).unwrap()
}

fn dialler(key: &SecretKey) -> Dialler {
    let tls = Tls::new(&Identity::new(key, LIAR).unwrap(), None).unwrap();
    Dialler::new(tls, Bounds::default())
}

impl Liar {
    /// A node that nobody knows.
    pub(crate) fn unknown(seed: u8, address: &str) -> Self {
        let key = secret(seed);
        let says = Statement {
            organisation: id(LIAR),
            key: key.public(),
            serial: 1,
            since: now(),
            until: None,
            serves: vedetta_federation::scope::Scope::below(id(LIAR)),
            address: None,
            revokes: [].into(),
        };
        let (card, dialler) = (says.sign(&key), dialler(&key));
        Self { key, card, address: address.into(), dialler }
    }

    /// The key of a node, as anyone hears it who dials.
    pub(crate) async fn key_at(address: &str) -> PublicKey {
        dialler(&secret(5)).call(address).await.unwrap().key()
    }

    /// One that the victim has paired with.
    pub(crate) async fn paired(victim: &Node) -> Self {
        let liar = Self::unknown(7, &victim.meets);
        let code = victim.invite(LIAR, "region:Liguria,below:cosc-liguria");
        let code: Code = code.parse().unwrap();
        let call = liar.dialler.call(&liar.address).await.unwrap();
        let (theirs, ours) = (call.key(), liar.key.public());
        let bond = Bond {
            from: &code.from,
            to: &code.to,
            inviting: &theirs,
            accepting: &ours,
            agreement: &code.agreement,
        };
        let proof = code.secret.prove(Side::Accepting, bond);
        let agreement = code.agreement.clone();
        let proposal = Proposal { card: liar.card.clone(), agreement, proof };
        call.ask(serde_json::to_vec(&proposal).unwrap()).await.unwrap();
        liar
    }

    /// The same node with a key that it says to have had for longer than the one before still seals.
    pub(crate) fn changed(&self) -> Self {
        let since = now().before(GRACE + Duration::from_secs(86_400));
        self.with(secret(6), Statement { since, ..self.card.says.clone() })
    }

    /// The same node after it has revoked the key that it had.
    pub(crate) fn rotated(&self) -> Self {
        let revokes = [self.key.public().id()].into();
        self.with(secret(8), Statement { revokes, ..self.card.says.clone() })
    }

    /// The same node with a next card, and a key.
    fn with(&self, key: SecretKey, says: Statement) -> Self {
        let says = Statement { key: key.public(), serial: self.card.says.serial + 1, ..says };
        let card = says.sign_after(&key, &self.key);
        Self { dialler: dialler(&key), key, card, address: self.address.clone() }
    }

    pub(crate) fn hello(&self) -> Hello {
        Hello {
            versions: vedetta_federation::frame::VERSIONS,
            card: self.card.clone(),
            to: id(VICTIM),
            edition: "a-ledger".into(),
            head: Mark { place: 1_000, hash: digest(&[b"head"]) },
            now: now(),
            resume: Bookmark::default(),
            credit: 4,
        }
    }

    /// A connection on which nothing was said.
    pub(crate) async fn line(&self) -> Result<Talk, DialError> {
        let card = serde_json::to_vec(&self.card).unwrap();
        let (incoming, outgoing, held) =
            self.dialler.line(&self.address, &card).await?.into_parts();
        Ok(Talk {
            frames: Frames::of(incoming, Bounds::default().frame),
            outgoing,
            _held: held,
            number: 0,
        })
    }

    /// A connection that begins with this hello.
    pub(crate) async fn greets(&self, hello: Hello) -> Talk {
        let mut talk = self.line().await.unwrap();
        talk.send(&Frame::Hello(Box::new(hello))).await;
        assert!(matches!(talk.next().await, Some(Frame::Hello(_))));
        talk
    }

    /// A connection that begins well.
    pub(crate) async fn talks(&self) -> Talk {
        self.greets(self.hello()).await
    }

    /// An envelope of its own, sealed for the victim by the key that it has.
    pub(crate) fn seals(&self, item: Item) -> Envelope {
        self.gives(item, vec![])
    }

    /// What it sent before, as who means well sends it again.
    pub(crate) fn seals_again(&self, sent: &Envelope) -> Envelope {
        let envelope = Box::new(Envelope { hops: vec![], ..sent.clone() });
        let parcel = Parcel::Onward { envelope, passages: vec![].into(), tlp: None };
        let signer = Signer { node: &id(LIAR), key: &self.key };
        dispatch(signer, &id(VICTIM), vec![parcel], now()).remove(0)
    }

    /// An envelope that went out, came back, and goes out again.
    pub(crate) fn round(&self, item: Item, by: &str) -> Envelope {
        let mut envelope = self.seals(item);
        let last = envelope.hops[0].clone();
        let there = Hop { to: id(by), ..last.clone() };
        let back = Hop { from: id(by), to: id(LIAR), ..last.clone() };
        envelope.hops = vec![there, back, last];
        envelope
    }

    /// The same with passages.
    pub(crate) fn gives(&self, item: Item, passages: Vec<Passage>) -> Envelope {
        sealed(&self.key, VICTIM, now(), (item, passages))
    }
}

/// An item of its own as it would say it honestly.
pub(crate) fn item(n: u8, marking: &str) -> Item {
    let conditions = json!(
        { "producer": LIAR, "category": "indicator", "tlp": "CLEAR", "pap": "CLEAR" });
    Item {
        object: Object::new(indicator(n, marking).to_string()).unwrap(),
        conditions: serde_json::from_value(conditions).unwrap(),
        form: Form::Full,
        derived: None,
    }
}

/// An envelope sealed by a key, for a node, at a moment.
pub(crate) fn sealed(
    key: &SecretKey,
    to: &str,
    at: Instant,
    (item, passages): (Item, Vec<Passage>),
) -> Envelope {
    let what = What::Item(Box::new(item));
    let envelope = Box::new(Envelope::unsealed(id(LIAR), at, 7, what));
    let parcel = Parcel::Onward { envelope, passages: passages.into(), tlp: None };
    let node = id(LIAR);
    dispatch(Signer { node: &node, key }, &id(to), vec![parcel], at).remove(0)
}

impl Talk {
    /// Sends octets; whether they were taken shows in what the node does.
    pub(crate) async fn send_raw(&mut self, octets: Vec<u8>) -> bool {
        timeout(PATIENCE, self.outgoing.send(octets.into())).await.unwrap().is_ok()
    }

    pub(crate) async fn send(&mut self, frame: &Frame) -> bool {
        self.send_raw(frame.encode().unwrap()).await
    }

    /// The next frame; nothing when the node has hung up.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        let octets = timeout(PATIENCE, self.frames.next()).await.unwrap().ok()?;
        let (kind, payload) = octets.split_first().unwrap();
        Frame::decode(*kind, payload).unwrap()
    }

    pub(crate) fn batch_of(&mut self, envelopes: Vec<Envelope>) -> Batch {
        self.number += 1;
        let (number, hash) = (self.number, digest(&[b"anything"]));
        let span = Span { after: number - 1, upto: number };
        Batch { number, lane: Lane::Live, span, hash, envelopes }
    }

    /// Sends a batch, and waits until it is taken; the names of what was refused of it.
    pub(crate) async fn brings(&mut self, envelopes: Vec<Envelope>) -> Vec<String> {
        let batch = Box::new(self.batch_of(envelopes));
        self.send(&Frame::Batch(batch)).await;
        let mut refused = Vec::new();
        loop {
            match self.next().await.expect("it hung up") {
                Frame::Notice(notice) => {
                    refused.extend(notice.refusals.into_iter().map(|it| it.why));
                }
                Frame::Credit(credit) if credit.taken == self.number => return refused,
                _ => {}
            }
        }
    }

    /// What the node says before it hangs up.
    pub(crate) async fn ended(mut self) -> Option<Bye> {
        let mut last = None;
        while let Some(frame) = self.next().await {
            if let Frame::Bye(bye) = frame {
                last = Some(bye);
            }
        }
        last
    }

    /// Waits until the line is cut, and takes nothing of what is sent on it.
    pub(crate) async fn cut(&self) {
        timeout(PATIENCE, self.outgoing.closed()).await.expect("the line stays");
    }

    /// The reason that it gives for hanging up.
    pub(crate) async fn told(self) -> Farewell {
        self.ended().await.expect("no farewell").reason
    }

    /// Sends beats until it hangs up.
    pub(crate) async fn floods(mut self) {
        let beat = Frame::Beat(Beat { now: now(), head: 0, heard: None }).encode().unwrap();
        while self.send_raw(beat.clone()).await {}
    }
}
