//! The past for those who come later.

use std::sync::Arc;

use vedetta_directory::directory::Records;
use vedetta_flow::actions::change_agreement::Step;
use vedetta_model::hold::HoldScope;
use vedetta_model::{Agreement, AgreementId, Hold, HoldId, OrganisationId};
use vedetta_testkit::items::TestItem;
use vedetta_testkit::{Between, TestHouse};

/// A later agreement that gives the centre's indicators to the stranger.
fn welcome(test: &TestHouse, history: &str) {
    welcome_by(test, "late", history);
}

fn welcome_by(test: &TestHouse, agreement: &str, history: &str) {
    let text = format!(
        r#"{{
          "id": "{agreement}", "title": "Late", "parent": "act",
          "term": {{ "from": "2026-01-01", "until": "2028-12-31" }},
          "party": [
            {{ "name": "centre", "organisations": ["cosc-umbria"], "gives": ["indicator"] }},
            {{ "name": "late", "organisations": ["stranger"], "receives": ["indicator"] }}
          ],
          "handling": {{ "history": {history} }}
        }}"#
    );
    let draft: Agreement = serde_json::from_str(&text).unwrap();
    test.house.put_draft(&test.administrator(), &draft).unwrap();
    let id = AgreementId::new(agreement).unwrap();
    test.house.step_agreement(&test.administrator(), &id, &Step::PutInForce).unwrap();
}

#[test]
fn a_newcomer_gets_the_past_only_where_the_agreement_gives_it() {
    for (history, gets) in [("\"all\"", true), ("\"none\"", false), ("{ \"days\": 7 }", true)] {
        let test = TestHouse::small();
        let item = TestItem::indicator(1).tlp("AMBER");
        test.bring("cosc-umbria", &[item.clone()]);
        welcome(&test, history);
        assert!(!test.reads("stranger", &item.id()), "not before it is released to it");
        let released = test.house.clear_newcomers().unwrap();
        assert_eq!(released, usize::from(gets), "{history}");
        assert_eq!(test.reads("stranger", &item.id()), gets, "{history}");
        assert_eq!(test.house.clear_newcomers().unwrap(), 0, "done is done");
        let later = TestItem::indicator(2).tlp("AMBER");
        test.bring("cosc-umbria", &[later.clone()]);
        assert!(test.reads("stranger", &later.id()), "what comes later it gets in any case");
    }
}

#[test]
fn who_is_entitled_by_two_agreements_keeps_it_when_the_first_is_suspended() {
    let test = TestHouse::small();
    let [before, after] = [1, 2].map(|n| TestItem::indicator(n).tlp("AMBER"));
    welcome_by(&test, "first", "\"none\"");
    test.bring("cosc-umbria", &[before.clone()]);
    welcome_by(&test, "second", "\"none\"");
    test.bring("cosc-umbria", &[after.clone()]);
    test.house.clear_newcomers().unwrap();
    let suspend = Step::Suspend { reason: "audit".into() };
    let first = AgreementId::new("first").unwrap();
    test.house.step_agreement(&test.administrator(), &first, &suspend).unwrap();
    test.house.clear_newcomers().unwrap();
    for item in [before, after] {
        assert!(test.reads("stranger", &item.id()), "{}", item.id());
    }
}

#[test]
fn the_past_is_given_though_more_comes_before_it_is() {
    let test = TestHouse::small();
    let [past, later] = [1, 2].map(|n| TestItem::indicator(n).tlp("AMBER"));
    test.bring("cosc-umbria", &[past.clone()]);
    welcome(&test, "\"all\"");
    test.bring("cosc-umbria", &[later]);
    test.house.clear_newcomers().unwrap();
    assert!(test.reads("stranger", &past.id()));
}

#[test]
fn what_came_while_an_agreement_was_suspended_is_given_with_the_past() {
    let test = TestHouse::small();
    let (admin, late) = (test.administrator(), AgreementId::new("late").unwrap());
    welcome(&test, "\"all\"");
    test.house.clear_newcomers().unwrap();
    test.bring("cosc-umbria", &[TestItem::indicator(1).tlp("AMBER")]);
    let suspend = Step::Suspend { reason: "audit".into() };
    test.house.step_agreement(&admin, &late, &suspend).unwrap();
    let meanwhile = TestItem::indicator(2).tlp("AMBER");
    test.bring("cosc-umbria", &[meanwhile.clone()]);
    test.house.step_agreement(&admin, &late, &Step::Resume).unwrap();
    test.house.clear_newcomers().unwrap();
    assert!(test.reads("stranger", &meanwhile.id()));
}

fn hold_on(producer: &str) -> Hold {
    Hold {
        id: HoldId::new("hold-1").unwrap(),
        authority: "Procura".into(),
        organisation: OrganisationId::new("cnaipic").unwrap(),
        scope: HoldScope::Producer(OrganisationId::new(producer).unwrap()),
        reason: "order 1".into(),
        from: "2026-03-02T00:00:00Z".parse().unwrap(),
        until: None,
    }
}

#[test]
fn a_hold_that_ended_gives_a_later_newcomer_nothing_of_the_past() {
    let test = TestHouse::small();
    let hold = hold_on("cosc-umbria");
    test.house.place_hold(&test.administrator(), &hold).unwrap();
    let held = TestItem::indicator(1).tlp("AMBER");
    test.bring("cosc-umbria", &[held.clone()]);
    test.house.lift_hold(&test.administrator(), &hold.id).unwrap();
    welcome(&test, "\"none\"");
    test.house.clear_newcomers().unwrap();
    assert!(test.reads("terni", &held.id()), "from whom it was kept");
    assert!(!test.reads("stranger", &held.id()), "it was not kept from it");
}

#[test]
fn what_was_held_when_it_came_is_released_when_the_hold_ends() {
    let test = TestHouse::small();
    let hold = hold_on("perugia");
    test.house.place_hold(&test.administrator(), &hold).unwrap();
    let item = TestItem::indicator(1).tlp("AMBER");
    test.bring("perugia", &[item.clone()]);
    assert!(!test.reads("terni", &item.id()));
    test.house.lift_hold(&test.administrator(), &hold.id).unwrap();
    test.house.clear_newcomers().unwrap();
    assert!(test.reads("terni", &item.id()));
}

#[test]
fn terms_that_are_over_are_settled_once() {
    let test = TestHouse::small();
    test.clock.set("2029-01-02T00:00:00Z");
    assert_eq!(test.house.settle_terms().unwrap(), 1);
    assert_eq!(test.house.settle_terms().unwrap(), 0);
}

#[test]
fn a_term_ends_by_itself_suspended_or_to_be_renewed() {
    let test = TestHouse::small();
    let (admin, late) = (test.administrator(), AgreementId::new("late").unwrap());
    let stage = || test.house.agreement(&late).unwrap().stage.name();
    welcome(&test, "\"all\"");
    let renew = |until: &str| Step::Renew { until: until.parse().unwrap() };
    test.house.step_agreement(&admin, &late, &renew("2029-06-30")).unwrap();
    let suspend = Step::Suspend { reason: "audit".into() };
    test.house.step_agreement(&admin, &late, &suspend).unwrap();
    test.clock.set("2029-06-30T21:59:59Z");
    test.house.settle_terms().unwrap();
    assert_eq!(stage(), "suspended");
    let before = test.house.standing().compiled;
    test.clock.set("2029-06-30T22:00:00Z");
    assert!(test.house.standing().compiled > before, "whoever settles terms is told");
    assert_eq!(test.house.settle_terms().unwrap(), 1);
    assert_eq!(stage(), "expired");
    let refused = test.house.step_agreement(&admin, &late, &renew("2031-12-31"));
    let refused = refused.unwrap_err().to_string();
    assert!(refused.ends_with("sign a new agreement that succeeds it"), "{refused}");
}

#[test]
fn what_comes_while_the_past_is_looked_through_is_not_passed_over() {
    let ledger = Between::over(TestHouse::ledger());
    let test = Arc::new(TestHouse::over(ledger.clone()).with_small_network());
    let [first, other, meanwhile] = [1, 2, 3].map(TestItem::indicator);
    let (first, meanwhile) = (first.tlp("GREEN"), meanwhile.tlp("AMBER"));
    test.bring("cosc-umbria", &[first, other.tlp("AMBER")]);
    // A newcomer to both, so that there is something to look through.
    let todi = serde_json::json!({
        "id": "todi", "name": "Todi", "kind": "operator", "client_of": ["perugia"]
    });
    let organisations = vec![serde_json::from_value(todi).unwrap()];
    let records = Records { organisations, ..Records::default() };
    test.house.put_records(&test.administrator(), records).unwrap();
    let (others, item) = (Arc::clone(&test), meanwhile.clone());
    ledger.before_reading(move || {
        others.bring("cosc-umbria", &[item]);
        welcome(&others, "\"all\"");
    });
    assert!(test.house.clear_newcomers().unwrap() > 0);
    test.house.clear_newcomers().unwrap();
    assert!(test.reads("stranger", &meanwhile.id()));
}

#[test]
fn while_nothing_that_stands_changes_only_what_is_due_is_looked_through() {
    let ledger = Between::over(TestHouse::ledger());
    let test = TestHouse::over(ledger.clone()).with_small_network();
    for (tlp, n) in [("CLEAR", 1), ("GREEN", 2), ("AMBER", 3), ("AMBER+STRICT", 4)] {
        test.bring("cosc-umbria", &[TestItem::indicator(n).tlp(tlp)]);
    }
    welcome(&test, "\"all\"");
    assert!(test.house.clear_newcomers().unwrap() > 0);
    let before = ledger.readings();
    assert_eq!(test.house.clear_newcomers().unwrap(), 0);
    assert_eq!(ledger.readings(), before, "nothing is due");
}
