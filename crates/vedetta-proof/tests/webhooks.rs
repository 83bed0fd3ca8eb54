//! Webhooks: who is called with what, once, and what becomes of calls that fail.

// Set-up that fails should stop the test at once; items are cheap to clone and read better so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cloned_ref_to_slice_refs)]

use std::sync::Arc;
use std::time::Duration;

use vedetta_directory::directory::Records;
use vedetta_flow::actions::keep_webhooks::{MOST_WEBHOOKS, Webhook, WebhookState};
use vedetta_flow::steps::call_webhooks::{DueCall, Remaining, Tells};
use vedetta_flow::{DeliveryBatch, Door, FlowError};
use vedetta_model::{Category, OrganisationId, Places};
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;

fn of(organisation: &str) -> Webhook {
    let id = OrganisationId::new(organisation).unwrap();
    serde_json::from_value(serde_json::json!({
        "id": "soc", "organisation": id, "url": "https://soc.comune.example/", "by": organisation,
    }))
    .unwrap()
}

fn put(test: &TestHouse, webhook: Webhook) -> Option<String> {
    test.house.put_webhook(&test.person(webhook.organisation.as_str()), webhook).unwrap()
}

fn remove(test: &TestHouse, organisation: &str) -> Result<(), FlowError> {
    let id = OrganisationId::new(organisation).unwrap();
    test.house.remove_webhook(&test.person(organisation), &id, "soc")
}

fn queue(test: &TestHouse) {
    while test.house.queue_webhook_calls().unwrap().remaining == Remaining::Something {}
}

fn due(test: &TestHouse) -> Vec<DueCall> {
    let active = test.house.active_webhooks().unwrap();
    let wanted: Vec<_> = active.into_iter().map(|key| (key, 100)).collect();
    test.house.due_webhook_calls(&wanted).unwrap()
}

#[test]
fn each_is_told_what_it_may_have_and_wants_from_when_it_asked() {
    let test = TestHouse::small();
    let bring = |item: TestItem| test.bring("cosc-umbria", &[item]);
    bring(TestItem::indicator(1));
    for organisation in ["perugia", "client", "stranger"] {
        put(&test, of(organisation));
    }
    put(&test, Webhook { categories: vec![Category::Incident], ..of("terni") });
    put(&test, Webhook { kinds: vec!["incident".into()], ..of("foligno") });
    bring(TestItem::indicator(2).tlp("AMBER+STRICT"));
    bring(TestItem::indicator(3).tlp("AMBER"));
    bring(TestItem::indicator(4).tlp("CLEAR"));
    bring(TestItem::incident(5, "phishing").tlp("GREEN"));
    bring(TestItem::indicator(6).tlp("RED").handled("named", serde_json::json!(["perugia"])));
    queue(&test);
    let calls = due(&test);
    let count =
        |who: &str| calls.iter().filter(|it| it.webhook.organisation.as_str() == who).count();
    let counts = ["perugia", "client", "stranger", "terni", "foligno"].map(count);
    assert_eq!(counts, [4, 3, 1, 1, 1]);
    assert!(due(&test).is_empty(), "what is leased is not given twice");
    let item = TestItem::indicator(3).id();
    for call in calls {
        let Tells::Item(item) = &call.tells else { panic!("nothing was withdrawn") };
        let place = item.open(&call.reader).unwrap().stamp.seq.0;
        let releases = Places::between(place, place);
        let audience = [call.reader.organisation].into_iter().collect();
        let had = DeliveryBatch { releases, door: Door::Webhook, at: test.house.now(), audience };
        test.house.record_webhook_call(call.lease, had).unwrap();
    }
    test.clock.advance(Duration::from_hours(1));
    queue(&test);
    assert!(due(&test).is_empty(), "what was taken is done");
    let by = test.person("cosc-umbria");
    let had = test.house.deliveries(&by, &test.house.item(&by, &item).unwrap()).unwrap();
    let had: Vec<_> = had.iter().map(|it| (it.organisation.as_str(), it.door.unwrap())).collect();
    assert_eq!(had, [("perugia", Door::Webhook), ("client", Door::Webhook)]);
}

#[test]
fn a_release_is_queued_once_wherever_the_process_ends() {
    let test = TestHouse::small();
    put(&test, of("perugia"));
    test.bring("cosc-umbria", &[TestItem::indicator(1), TestItem::indicator(2)]);
    queue(&test);
    assert_eq!(due(&test).len(), 2);
    // The process ends here: another house over the same ledger goes on when the leases ended.
    let again = TestHouse::over(Arc::clone(&test.store));
    queue(&again);
    assert!(due(&again).is_empty());
    again.clock.advance(Duration::from_hours(1));
    let calls = due(&again);
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|call| call.lease.job.attempts == 2));
}

#[test]
fn what_is_no_longer_cleared_is_not_called_out() {
    let test = TestHouse::small();
    put(&test, of("perugia"));
    for n in 1..=3 {
        test.bring("cosc-umbria", &[TestItem::indicator(n).tlp("AMBER")]);
    }
    queue(&test);
    let centre = test.person("cosc-umbria");
    test.house.withdraw(&centre, &TestItem::indicator(1).id(), "a mistake").unwrap();
    let revoked = TestItem::indicator(2).tlp("AMBER").modified("2026-03-02T00:00:00.000Z");
    test.bring("cosc-umbria", &[revoked.with("revoked", true.into())]);
    let mut calls = due(&test);
    assert_eq!(calls.len(), 1);
    let at = test.house.now().after(Duration::from_secs(10));
    let lease = calls.remove(0).lease;
    test.house.give_back_webhook_call(lease, "no answer".into(), Some(at)).unwrap();
    let act = vedetta_model::AgreementId::new("act").unwrap();
    let step = vedetta_flow::Step::Suspend { reason: "under review".into() };
    test.house.step_agreement(&test.administrator(), &act, &step).unwrap();
    test.clock.advance(Duration::from_secs(10));
    assert!(due(&test).is_empty(), "a suspended agreement releases nothing");
}

#[test]
fn a_pause_loses_nothing() {
    let test = TestHouse::small();
    put(&test, of("perugia"));
    test.bring("cosc-umbria", &[TestItem::indicator(1)]);
    queue(&test);
    put(&test, Webhook { state: WebhookState::Paused, ..of("perugia") });
    test.bring("cosc-umbria", &[TestItem::indicator(2)]);
    queue(&test);
    assert!(due(&test).is_empty());
    let key = [("perugia/soc".to_owned(), 10)];
    assert!(test.house.due_webhook_calls(&key).unwrap().is_empty());
    put(&test, of("perugia"));
    queue(&test);
    assert_eq!(due(&test).len(), 2);
}

#[test]
fn a_webhook_removed_is_called_no_more_and_one_of_the_same_name_begins_anew() {
    let test = TestHouse::small();
    put(&test, of("perugia"));
    test.bring("cosc-umbria", &[TestItem::indicator(1), TestItem::indicator(2)]);
    queue(&test);
    let one = [("perugia/soc".to_owned(), 1)];
    let under_way = test.house.due_webhook_calls(&one).unwrap().remove(0);
    remove(&test, "perugia").unwrap();
    assert!(matches!(remove(&test, "perugia"), Err(FlowError::Unknown { .. })));
    let at = Some(test.house.now());
    test.house.give_back_webhook_call(under_way.lease, "late".into(), at).unwrap();
    assert!(put(&test, of("perugia")).is_some(), "with another secret");
    test.bring("cosc-umbria", &[TestItem::indicator(3)]);
    test.clock.advance(Duration::from_hours(1));
    queue(&test);
    assert_eq!(due(&test).len(), 1);
}

#[test]
fn names_are_of_an_organisation_and_nobody_learns_of_anothers() {
    let test = TestHouse::small();
    assert!(put(&test, of("terni")).is_some_and(|secret| secret.len() >= 32));
    assert!(put(&test, of("terni")).is_none(), "a secret is shown once");
    assert!(matches!(remove(&test, "perugia"), Err(FlowError::Unknown { .. })));
    assert!(put(&test, of("perugia")).is_some());
    let foreign = test.house.put_webhook(&test.person("perugia"), of("terni"));
    assert!(matches!(foreign, Err(FlowError::Forbidden { .. })));
    assert_eq!(test.house.webhooks(&test.person("perugia")).unwrap(), [of("perugia")]);
    for n in 1..MOST_WEBHOOKS {
        put(&test, Webhook { id: format!("soc-{n}"), ..of("perugia") });
    }
    let more = Webhook { id: "more".into(), ..of("perugia") };
    let more = test.house.put_webhook(&test.person("perugia"), more);
    assert!(matches!(more, Err(FlowError::Conflict(_))));
}

#[test]
fn those_of_an_organisation_that_goes_do_not_come_back_with_its_name() {
    let test = TestHouse::small();
    put(&test, of("stranger"));
    put(&test, of("perugia"));
    test.bring("cosc-umbria", &[TestItem::indicator(1).tlp("CLEAR")]);
    queue(&test);
    let standing = test.house.standing();
    let id = of("stranger").organisation;
    let stranger =
        vedetta_model::Organisation::clone(standing.directory.organisation(&id).unwrap());
    test.house.remove_organisation(&test.administrator(), &stranger.id).unwrap();
    let records = Records { organisations: vec![stranger], ..Records::default() };
    test.house.put_records(&test.administrator(), records).unwrap();
    test.bring("cosc-umbria", &[TestItem::indicator(2).tlp("CLEAR")]);
    queue(&test);
    let called: Vec<_> = due(&test).iter().map(|it| it.webhook.organisation.clone()).collect();
    assert_eq!(called, vec![of("perugia").organisation; 2]);
    assert!(test.house.webhooks(&test.administrator()).unwrap().len() == 1);
    let again = test.house.put_webhook(&test.person("perugia"), of("perugia")).unwrap();
    assert_eq!(again, None, "the other is as it was");
}

#[test]
fn a_removed_webhook_leaves_no_dead_letters() {
    let test = TestHouse::small();
    put(&test, of("perugia"));
    test.bring("cosc-umbria", &[TestItem::indicator(1)]);
    queue(&test);
    let call = due(&test).remove(0);
    test.house.give_back_webhook_call(call.lease, "down".into(), None).unwrap();
    assert_eq!(test.house.dead_letters(&test.administrator()).unwrap().len(), 1);
    remove(&test, "perugia").unwrap();
    assert!(test.house.dead_letters(&test.administrator()).unwrap().is_empty());
}

#[test]
fn for_a_receiver_that_takes_nothing_the_ledger_waits() {
    let test = TestHouse::small();
    put(&test, of("perugia"));
    let many = 10_500;
    for part in 0..many / 500 {
        let items: Vec<_> = (0..500).map(|n| TestItem::indicator(part * 500 + n + 1)).collect();
        test.bring("cosc-umbria", &items);
    }
    queue(&test);
    let calls = |test: &TestHouse| {
        let key = test.house.active_webhooks().unwrap().remove(0);
        test.house.due_webhook_calls(&[(key, many as usize)]).unwrap()
    };
    let first = calls(&test);
    assert!((10_000..many as usize).contains(&first.len()), "{}", first.len());
    for call in first {
        test.house.finish_webhook_call(call.lease).unwrap();
    }
    let had = test.house.bell().last();
    queue(&test);
    assert!(!calls(&test).is_empty(), "what waited in the ledger is queued, at {had:?}");
}

#[test]
fn what_is_withdrawn_while_it_is_called_out_is_told_to_its_receiver() {
    let test = TestHouse::small();
    put(&test, of("terni"));
    let item = TestItem::indicator(1).tlp("GREEN");
    test.bring("perugia", &[item.clone()]);
    test.clock.advance(Duration::from_hours(1));
    queue(&test);
    let call = due(&test).remove(0);
    let Tells::Item(sealed) = &call.tells else { panic!("nothing was withdrawn") };
    let place = sealed.open(&call.reader).unwrap().stamp.seq.0;
    test.house.withdraw(&test.person("perugia"), &item.id(), "a mistake").unwrap();
    let (releases, audience) =
        (Places::between(place, place), [call.reader.organisation].into_iter().collect());
    let had = DeliveryBatch { releases, door: Door::Webhook, at: test.house.now(), audience };
    test.house.record_webhook_call(call.lease, had).unwrap();
    let start = vedetta_flow::Sequence::START;
    let told = test.house.withdrawals(&test.person("terni"), start).unwrap().notices;
    let told: Vec<_> = told.into_iter().map(|it| it.item).collect();
    assert_eq!(told, [item.id()]);
}

#[test]
fn of_a_withdrawal_each_version_is_told_that_its_reader_had() {
    for all in [false, true] {
        let test = TestHouse::small();
        put(&test, of("foligno"));
        let item = TestItem::indicator(1).tlp("GREEN");
        let day = |day: u8| item.clone().modified(&format!("2026-03-0{day}T00:00:00.000Z"));
        for who in ["perugia", "terni"] {
            test.bring(who, &[item.clone()]);
        }
        test.bring("perugia", &[day(2), day(3)]);
        queue(&test);
        for call in due(&test) {
            test.house.finish_webhook_call(call.lease).unwrap();
        }
        test.house.withdraw(&test.person("perugia"), &item.id(), "a mistake").unwrap();
        queue(&test);
        if all {
            // It reads nothing of it any more when it is called.
            test.house.withdraw(&test.person("terni"), &item.id(), "a mistake").unwrap();
        }
        let told = |call: &DueCall| match &call.tells {
            Tells::Withdrawal(it) => it.version.map(|it| it.to_string()[..10].to_owned()),
            other => panic!("{other:?}"),
        };
        let told: Vec<_> = due(&test).iter().map(told).collect();
        let [second, third] = ["2026-03-02", "2026-03-03"].map(|it| Some(it.to_owned()));
        assert_eq!(told, if all { [None, None] } else { [second, third] });
    }
}
