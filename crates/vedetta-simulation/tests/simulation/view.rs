//! What nodes decide on that know the same: compiled once for all of them.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::{Arc, Weak};

use vedetta_federation::envelope::Stands;
use vedetta_federation::stands::Stood;
use vedetta_model::agreement::{Agreement, Stage};
use vedetta_model::{AccountId, AgreementId, HoldId, OrganisationId, OrganisationNumber};
use vedetta_policy::{Network, Roll};

use crate::memory::Disk;
use crate::world::{BEGINNING, World};

/// The networks that nodes of a world decide on now.
pub(crate) struct Views {
    world: Rc<World>,
    known: RefCell<HashMap<View, Weak<Network>>>,
}

/// All that two networks of a world differ in: whose texts are known, which of all agreements do not bind,
/// who left, what is held.
#[derive(PartialEq, Eq, Hash)]
struct View {
    texts: Vec<AgreementId>,
    lapsed: BTreeSet<AgreementId>,
    gone: BTreeSet<OrganisationId>,
    holds: Vec<HoldId>,
}

impl Views {
    pub(crate) fn new(world: &Rc<World>) -> Self {
        Self { world: Rc::clone(world), known: RefCell::default() }
    }

    /// The network of a node with these agreements from the beginning, and this disk.
    pub(crate) fn of(&self, agreements: &[Arc<Agreement>], disk: &Disk) -> Arc<Network> {
        let lapsed = disk.stands.iter().filter(|(_, stood)| !binds(stood));
        let view = View {
            texts: agreements.iter().map(|it| &it.id).chain(disk.texts.keys()).cloned().collect(),
            lapsed: lapsed.map(|(id, _)| id.clone()).collect(),
            gone: disk.gone.clone(),
            holds: disk.holds.iter().map(|it| it.id.clone()).collect(),
        };
        let mut known = self.known.borrow_mut();
        if let Some(network) = known.get(&view).and_then(Weak::upgrade) {
            return network;
        }
        let network = Arc::new(compile(&self.world, agreements, disk, &view.lapsed));
        known.insert(view, Arc::downgrade(&network));
        network
    }
}

fn binds(stood: &Stood) -> bool {
    stood.now() == Stands::InForce
}

fn compile(
    world: &World,
    agreements: &[Arc<Agreement>],
    disk: &Disk,
    lapsed: &BTreeSet<AgreementId>,
) -> Network {
    let stage = |agreement: &Arc<Agreement>| match lapsed.contains(&agreement.id) {
        false => Arc::clone(agreement),
        true => {
            let by = AccountId::new("they").unwrap();
            let stage = Stage::Suspended { since: BEGINNING, by, reason: "for now".into() };
            Arc::new(Agreement { stage, ..Agreement::clone(agreement) })
        }
    };
    let agreements: Vec<_> = agreements.iter().chain(disk.texts.values()).map(stage).collect();
    let organisations = world.organisations.iter().filter(|(_, it)| !disk.gone.contains(&it.id));
    let organisations: Vec<(OrganisationNumber, _)> = organisations.cloned().collect();
    let roll = Roll { organisations: &organisations, agreements: &agreements, holds: &disk.holds };
    let network = Network::compile(roll, BEGINNING);
    network.with_lapsed(lapsed.clone()).with_left(disk.gone.clone())
}
