//! The room is that of the node's own organisation: a role elsewhere is none here.

use std::collections::BTreeSet;

use vedetta_flow::actions::keep_warning_lists::KeptList;
use vedetta_flow::{FlowError, JobId, Sequence};
use vedetta_model::account::AccountState;
use vedetta_model::hold::HoldScope;
use vedetta_model::{Account, AccountId, Actor, Hold, HoldId, Language, OrganisationId, Role};
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;
use vedetta_timeliness::Timeliness;

fn everything_of(organisation: &str) -> Actor {
    Actor {
        account: AccountId::new("turno").unwrap(),
        organisation: OrganisationId::new(organisation).unwrap(),
        roles: Role::ALL.into_iter().collect(),
        language: Language::It,
        way: vedetta_model::Way::InPerson,
    }
}

pub(super) fn hold(id: &str, scope: HoldScope) -> Hold {
    serde_json::from_value(serde_json::json!({
        "id": id, "scope": scope, "authority": "Procura di Perugia",
        "organisation": "cnaipic", "reason": "proc. 12/2026",
        "from": "2026-01-01T00:00:00Z",
    }))
    .unwrap()
}

fn refused<T>(outcome: Result<T, FlowError>) -> bool {
    matches!(outcome, Err(FlowError::Forbidden { .. }))
}

#[test]
fn the_roles_of_another_organisation_do_nothing_here() {
    let test = TestHouse::small();
    let item = TestItem::indicator(1).tlp("AMBER");
    test.bring("perugia", &[item.clone()]);
    let (house, turno) = (&test.house, everything_of("cosc-umbria"));
    let perugia = OrganisationId::new("perugia").unwrap();
    let order = hold("order", HoldScope::Producer(perugia.clone()));
    assert!(refused(house.withdraw(&turno, &item.id(), "mine")));
    assert!(refused(house.place_hold(&turno, &order)));
    assert!(refused(house.lift_hold(&turno, &HoldId::new("order").unwrap())));
    let list = KeptList { id: "list".into(), text: vec![] };
    assert!(refused(house.put_warning_list(&turno, list)));
    assert!(refused(house.dead_letters(&turno).map(drop)));
    assert!(refused(house.retry_work(&turno, JobId(1))));
    assert!(refused(house.discard_work(&turno, JobId(1))));
    assert!(refused(Timeliness::of(house).pace(&turno, Sequence::START).map(drop)));
    assert!(refused(house.entries(&turno, Sequence::START, 1).map(drop)));
    assert!(refused(house.explain(&turno, &item.id(), &perugia).map(drop)));
    assert!(refused(house.remove_organisation(&turno, &perugia)));

    let room = everything_of("cnaipic");
    house.place_hold(&room, &order).unwrap();
    house.lift_hold(&room, &order.id).unwrap();
    house.withdraw(&room, &item.id(), "wrong").unwrap();
}

#[test]
fn administrators_and_auditors_are_the_nodes_own() {
    let test = TestHouse::small();
    let account = |organisation: &str, role| Account {
        id: AccountId::new("new").unwrap(),
        name: "New".into(),
        organisation: OrganisationId::new(organisation).unwrap(),
        roles: BTreeSet::from([role]),
        language: Language::It,
        state: AccountState::Active,
    };
    let put = |organisation, role| {
        test.house.put_account(&test.administrator(), &account(organisation, role))
    };
    for role in [Role::Administrator, Role::Auditor] {
        assert!(matches!(put("perugia", role), Err(FlowError::Invalid { .. })), "{role:?}");
        put("cnaipic", role).unwrap();
    }
    put("perugia", Role::DutyOfficer).unwrap();
}

#[test]
fn a_node_of_another_organisation_is_run_by_that_one() {
    let test = TestHouse::small();
    test.house.set_own(&OrganisationId::new("perugia").unwrap()).unwrap();
    let reopened = TestHouse::over(std::sync::Arc::clone(&test.store));
    assert!(refused(reopened.house.verify(&everything_of("cnaipic"))));
    reopened.house.verify(&everything_of("perugia")).unwrap();
}

#[test]
fn agreements_and_contacts_are_seen_by_their_parties_and_by_the_room() {
    let test = TestHouse::small();
    let mut draft = vedetta_testkit::house::act();
    draft.id = vedetta_model::AgreementId::new("act-2").unwrap();
    draft.stage = vedetta_model::agreement::Stage::Draft;
    test.house.put_draft(&test.administrator(), &draft).unwrap();
    let seen = |actor: &Actor| {
        let agreements = test.house.agreements(actor);
        agreements.iter().map(|it| it.id.to_string()).collect::<BTreeSet<_>>()
    };
    let ids = |ids: &[&str]| ids.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    assert_eq!(seen(&test.administrator()), ids(&["act", "act-2"]));
    assert_eq!(seen(&test.person("perugia")), ids(&["act"]), "drafts are the room's");
    assert_eq!(seen(&test.person("stranger")), ids(&[]));
    let reaches = |who: &str, whose: &str| {
        test.house.sight(&test.person(who)).reaches(&OrganisationId::new(whose).unwrap())
    };
    assert!(reaches("perugia", "terni") && reaches("stranger", "stranger"));
    assert!(!reaches("stranger", "terni") && !reaches("perugia", "stranger"));
    assert!(
        test.house.sight(&test.administrator()).reaches(&OrganisationId::new("client").unwrap())
    );
}
