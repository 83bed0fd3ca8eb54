//! A line: a stream of frames each way, made by whichever side dialled.

use std::net::SocketAddr;

use bytes::Bytes;
use hyper::body::Incoming;
use tokio::sync::{mpsc, oneshot};

use vedetta_federation::key::PublicKey;

/// Which side dialled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Dialled {
    /// This node.
    ByUs,
    /// The peer.
    ByPeer,
}

/// A stream of frames each way, with whoever holds a key.
#[derive(Debug)]
pub struct Line {
    /// The key that the other side proved to hold.
    pub key: PublicKey,
    /// What it showed besides.
    pub card: Option<Vec<u8>>,
    /// Which side dialled.
    pub dialled: Dialled,
    /// Where the other side is.
    pub address: SocketAddr,
    pub(crate) incoming: Incoming,
    pub(crate) outgoing: mpsc::Sender<Bytes>,
    /// Dropped with the line: whoever keeps the connection hears that it may end.
    pub(crate) held: oneshot::Sender<()>,
    /// Comes to an end with the connection, when this node dialled it: of the others the listener
    /// knows.
    pub(crate) gone: Option<oneshot::Receiver<()>>,
}

impl Line {
    /// The frames that come, where to put those that go (each with its length), and what keeps the
    /// connection until dropped.
    pub fn into_parts(self) -> (Incoming, mpsc::Sender<Bytes>, oneshot::Sender<()>) {
        (self.incoming, self.outgoing, self.held)
    }
}
