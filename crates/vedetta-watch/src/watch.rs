//! The watch of one node.

use std::sync::Arc;

use vedetta_desk::{Regime, Stands, Viewer};
use vedetta_flow::House;
use vedetta_mesh::Nodes;
use vedetta_model::{Actor, Role};
use vedetta_store::{Stamp, StoreError};
use vedetta_timeliness::Reminders;

use crate::actions::declare::Postures;
use crate::cases::{Cases, Held};
use crate::error::WatchError;
use crate::kept::Kept;
use crate::views::see_alarms::Called;
use crate::views::see_owed::Remembered;

/// One node's watch. Every action and view is a method of it.
pub struct Watch {
    nodes: Arc<Nodes>,
    cases: Cases,
    pub(crate) regimes: Vec<Regime>,
    pub(crate) overdue: Remembered,
    pub(crate) called: Called,
    pub(crate) postures: Postures,
    pub(crate) reminders: Reminders,
}

/// Who leads cases.
pub(crate) const OFFICERS: &[Role] = &[Role::Administrator, Role::DutyOfficer, Role::Analyst];
/// Who may report.
pub(crate) const REPORTERS: &[Role] =
    &[Role::Administrator, Role::DutyOfficer, Role::Analyst, Role::Liaison, Role::Machine];

impl Watch {
    /// The watch of a node among others. Of the cases it reads what it keeps in memory when it is
    /// first asked.
    #[must_use]
    pub fn over(nodes: Arc<Nodes>) -> Self {
        let regimes = Regime::given().unwrap_or_else(|error| {
            tracing::error!(%error, "the legal regimes do not read: no clocks are shown");
            Vec::new()
        });
        let (cases, overdue, called, postures, reminders) = Default::default();
        Self { nodes, cases, regimes, overdue, called, postures, reminders }
    }

    /// The house.
    #[must_use]
    pub fn house(&self) -> &Arc<House> {
        self.nodes.house()
    }

    /// What organisations were reminded of lately, for the programs of one who may report.
    ///
    /// # Errors
    /// Forbidden.
    pub fn reminders(&self, by: &Actor) -> Result<&Reminders, WatchError> {
        self.house().require(by, REPORTERS, "be reminded")?;
        Ok(&self.reminders)
    }

    /// The other nodes.
    pub(crate) fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    /// The cases in memory.
    pub(crate) fn index(&self) -> Result<Held<'_>, StoreError> {
        self.cases.index(self.house(), (&self.regimes, self.house().now()))
    }

    /// Takes in a version of a case that was written.
    pub(crate) fn learn(&self, kept: &Kept, stamp: Stamp) {
        self.cases.learn(kept, stamp, &self.regimes);
    }

    /// An actor as the desk sees it.
    pub(crate) fn viewer<'a>(&self, actor: &'a Actor) -> Viewer<'a> {
        let outside = if REPORTERS.iter().any(|role| actor.is(*role)) {
            Stands::Outside
        } else {
            Stands::Onlooker
        };
        let stands = if self.house().is_of_the_room(actor, OFFICERS) {
            Stands::InTheRoom
        } else if self.house().is_of_the_room(actor, &[Role::Auditor]) {
            Stands::BesideTheRoom
        } else {
            outside
        };
        let as_centre = if OFFICERS.iter().any(|role| actor.is(*role)) {
            Stands::InTheRoom
        } else if actor.is(Role::Auditor) {
            Stands::BesideTheRoom
        } else {
            outside
        };
        Viewer { account: &actor.account, organisation: &actor.organisation, stands, as_centre }
    }
}
