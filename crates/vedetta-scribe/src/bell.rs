//! The doorbell: tells readers that the ledger grew. A lost ring costs latency, never truth.

use tokio::sync::watch;
use vedetta_store::Sequence;

/// Rings with the last place written.
#[derive(Debug)]
pub struct Bell(watch::Sender<Sequence>);

impl Bell {
    /// One that rang last for a place.
    #[must_use]
    pub fn at(place: Sequence) -> Self {
        Self(watch::Sender::new(place))
    }

    /// Rings for a place, unless it rang for a later one.
    pub fn ring(&self, place: Sequence) {
        self.0.send_if_modified(|last| {
            let grew = place > *last;
            *last = place.max(*last);
            grew
        });
    }

    /// A listener that starts at the last place written.
    #[must_use]
    pub fn listen(&self) -> watch::Receiver<Sequence> {
        self.0.subscribe()
    }

    /// The last place written.
    #[must_use]
    pub fn last(&self) -> Sequence {
        *self.0.borrow()
    }
}
