//! The corridor's side of other nodes: who is a peer and how its link does, what of the ledger goes
//! to it, and what it brought, taken in.
//!
//! The room `vedetta-federation` thinks; here its questions are answered from the ledger of
//! [`vedetta_flow::House`], which compiles what is believed ([`vedetta_flow::mesh`]). What came from
//! another node is an ordinary item with its envelope among its facts; what else came is a deed with
//! the envelope as its body, so that it can be passed on as it was sealed. Calls block: make them on a
//! thread that may wait.

mod agreements;
mod line;
mod memory;
mod pair_nodes;
mod places;
mod refused;
mod say_presence;
mod scopes;
mod see_peers;
mod sent;
mod share;
mod shelf;
mod sign_agreements;
mod take;
mod told_there;
mod untold;
mod watch_links;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vedetta_flow::House;
use vedetta_model::{Instant, OrganisationId};

use crate::line::{Line, Tally};

pub use agreements::signatories;
pub use pair_nodes::{LinkStep, OldKey, Terms};
pub use see_peers::{Arriving, PeerView, RefusedHere};
pub use shelf::ShelfError;
pub use told_there::{Flown, RefusedThere};

/// The other nodes of one node, with what is remembered about them until it is closed: there is one
/// of a house.
pub struct Nodes {
    house: Arc<House>,
    lines: Mutex<BTreeMap<OrganisationId, Line>>,
    /// What strangers tried.
    knocks: Mutex<BTreeMap<&'static str, Tally>>,
    /// Since when silence counts.
    opened: Instant,
    passages: Mutex<share::Memory>,
    /// How many new cards which node had lately, and when that was counted.
    cards: Mutex<HashMap<OrganisationId, (u32, Instant)>>,
    /// Whom no peer removes.
    stays: Arc<take::removals::Stays>,
}

impl Nodes {
    /// Over a house.
    #[must_use]
    pub fn new(house: Arc<House>) -> Self {
        let opened = house.now();
        Self {
            house,
            lines: Mutex::default(),
            knocks: Mutex::default(),
            opened,
            passages: Mutex::default(),
            cards: Mutex::default(),
            stays: Arc::default(),
        }
    }

    /// The house.
    #[must_use]
    pub const fn house(&self) -> &Arc<House> {
        &self.house
    }

    fn lines(&self) -> MutexGuard<'_, BTreeMap<OrganisationId, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
