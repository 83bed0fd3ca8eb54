//! A watch to be tested, and the people around it.

use std::collections::BTreeSet;
use std::sync::Arc;

use vedetta_flow::{FlowError, House};
use vedetta_mesh::Nodes;
use vedetta_model::account::AccountState;
use vedetta_model::{Account, AccountId, Actor, Language, OrganisationId, Role};
use vedetta_store::Store;
use vedetta_testkit::{MockClock, TestHouse};
use vedetta_watch::desk::incident::Channel;
use vedetta_watch::desk::{Change, Stage};
use vedetta_watch::{CaseView, Edit, NewReport, Watch, WatchError};

pub(crate) struct Room {
    pub(crate) watch: Watch,
    pub(crate) clock: Arc<MockClock>,
    pub(crate) store: Arc<dyn Store>,
}

impl Room {
    /// The small network, with the people of the national centre's operations room.
    pub(crate) fn new() -> Self {
        let test = TestHouse::small();
        let admin = test.administrator();
        let TestHouse { house, clock, store } = test;
        for (id, of, role) in [
            ("sala", "cnaipic", Role::DutyOfficer),
            ("turno", "cnaipic", Role::DutyOfficer),
            ("analista", "cnaipic", Role::Analyst),
            ("revisore", "cnaipic", Role::Auditor),
            ("admin", "cnaipic", Role::Administrator),
        ] {
            let account = Account {
                id: AccountId::new(id).unwrap(),
                name: id.into(),
                organisation: OrganisationId::new(of).unwrap(),
                roles: BTreeSet::from([role]),
                language: Language::It,
                state: AccountState::Active,
            };
            house.put_account(&admin, &account).unwrap();
        }
        Self { watch: over(house), clock, store }
    }

    /// The same ledger, with nothing remembered.
    pub(crate) fn reopened(&self) -> Watch {
        let test = TestHouse::over(Arc::clone(&self.store));
        test.clock.set(&vedetta_model::Clock::now(&*self.clock).to_string());
        over(test.house)
    }

    pub(crate) fn house(&self) -> &House {
        self.watch.house()
    }

    /// Tells what a person reports, and gives the number.
    pub(crate) fn report(&self, by: &Actor, title: &str, words: &str) -> String {
        self.watch.report(by, report(title, words)).unwrap().number.to_string()
    }

    /// Makes a change to the newest version.
    pub(crate) fn change(
        &self,
        by: &Actor,
        number: &str,
        change: Change,
    ) -> Result<CaseView, WatchError> {
        let version = self.watch.case(by, number)?.version;
        self.watch.change_case(by, number, Edit { version, change })
    }
}

/// A report through the form.
pub(crate) fn report(title: &str, words: &str) -> NewReport {
    NewReport {
        channel: Channel::Portal,
        organisation: None,
        title: title.into(),
        words: words.into(),
        contact: None,
        awareness: None,
        items: BTreeSet::new(),
        services: BTreeSet::new(),
        exercise: None,
        key: None,
    }
}

/// A person with a role.
pub(crate) fn person(account: &str, of: &str, role: Role) -> Actor {
    Actor {
        account: AccountId::new(account).unwrap(),
        organisation: OrganisationId::new(of).unwrap(),
        roles: BTreeSet::from([role]),
        language: Language::It,
        way: vedetta_model::Way::InPerson,
    }
}

/// On shift at the national centre.
pub(crate) fn officer() -> Actor {
    person("sala", "cnaipic", Role::DutyOfficer)
}

/// Speaks for an organisation.
pub(crate) fn liaison(of: &str) -> Actor {
    person(of, of, Role::Liaison)
}

pub(crate) fn organisation(id: &str) -> OrganisationId {
    OrganisationId::new(id).unwrap()
}

pub(crate) fn is_unknown<T>(outcome: Result<T, WatchError>) -> bool {
    matches!(outcome, Err(WatchError::Flow(FlowError::Unknown { .. })))
}

pub(crate) fn is_forbidden<T>(outcome: Result<T, WatchError>) -> bool {
    matches!(outcome, Err(WatchError::Flow(FlowError::Forbidden { .. })))
}

pub(crate) fn is_conflict<T>(outcome: Result<T, WatchError>) -> bool {
    let told = |error: &FlowError| matches!(error, FlowError::Conflict(_));
    match outcome {
        Err(WatchError::Flow(error) | WatchError::Refused { error, .. }) => told(&error),
        _ => false,
    }
}

pub(crate) fn stage(view: &CaseView) -> &'static str {
    Stage::name(&view.incident.stage).as_str()
}

fn over(house: House) -> Watch {
    Watch::over(Arc::new(Nodes::new(Arc::new(house))))
}
