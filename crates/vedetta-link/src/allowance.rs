//! How much a peer may bring: so much in a day, and nothing while the ledger's disk is nearly full.

use std::path::PathBuf;

use vedetta_mesh::Nodes;
use vedetta_model::OrganisationId;

/// Octets that each peer may bring in a day when nobody says otherwise: several millions of items.
pub const QUOTA: u64 = 20 << 30;

/// How much each peer may bring.
#[derive(Clone, Debug)]
pub struct Allowance {
    /// Octets in a day.
    pub quota: u64,
    /// What must stay free of the disk with the ledger, where that is on one of this machine's.
    pub reserve: Option<Reserve>,
}

/// What must stay free of a disk.
#[derive(Clone, Debug)]
pub struct Reserve {
    /// A file or directory on it.
    pub place: PathBuf,
    /// Octets.
    pub octets: u64,
}

/// Why a peer must wait with more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum NoRoom {
    #[error("the peer brought as much as it may in a day")]
    Quota,
    #[error("the disk with the ledger is nearly full")]
    Disk,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { quota: QUOTA, reserve: None }
    }
}

impl Allowance {
    /// Counts what a peer brings, when there is room for it.
    pub(crate) fn make_room(
        &self,
        nodes: &Nodes,
        peer: &OrganisationId,
        octets: u64,
    ) -> Result<(), NoRoom> {
        if self.reserve.as_ref().is_some_and(|it| it.is_touched_by(octets)) {
            return Err(NoRoom::Disk);
        }
        nodes.make_room(peer, octets, self.quota).map_err(|_| NoRoom::Quota)
    }
}

impl Reserve {
    /// Whether less would stay free with so much more. Where the disk does not say, nobody waits: the
    /// ledger says so itself when it is full.
    fn is_touched_by(&self, octets: u64) -> bool {
        rustix::fs::statvfs(&self.place).is_ok_and(|disk| {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            free < self.octets.saturating_add(octets)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use vedetta_testkit::TestHouse;

    use super::*;

    #[test]
    fn a_peer_waits_while_less_is_free_than_the_reserve() {
        let (nodes, peer) =
            (Nodes::new(Arc::new(TestHouse::small().house)), "umbria".parse().unwrap());
        let place = tempfile::tempdir().unwrap();
        let room = |octets| {
            let reserve = Some(Reserve { place: place.path().into(), octets });
            Allowance { quota: 1_000, reserve }.make_room(&nodes, &peer, 600)
        };
        assert_eq!(room(u64::MAX), Err(NoRoom::Disk));
        assert_eq!(room(1), Ok(()), "what had to wait was not counted");
        assert_eq!(room(1), Err(NoRoom::Quota));
        let elsewhere = Reserve { place: "/nowhere".into(), octets: u64::MAX };
        let unknown = Allowance { quota: 10_000, reserve: Some(elsewhere) };
        assert_eq!(unknown.make_room(&nodes, &peer, 600), Ok(()));
    }
}
