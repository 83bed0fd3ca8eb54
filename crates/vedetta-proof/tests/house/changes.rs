//! Changes to what stands: one after the other, and none lost.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use vedetta_flow::FlowError;
use vedetta_flow::actions::change_agreement::Step;
use vedetta_model::{AgreementId, Instant};
use vedetta_store::{RecordKind, Store};
use vedetta_testkit::items::TestItem;
use vedetta_testkit::{TestHouse, Watched};

#[test]
fn what_is_written_and_not_read_back_is_in_effect_before_the_next_answer() {
    let small = TestHouse::small();
    let item = TestItem::indicator(1).tlp("AMBER");
    small.bring("cosc-umbria", &[item.clone()]);
    let ledger = Arc::clone(&small.store);
    let ledger = Arc::new(Watched::new(ledger));
    let test = TestHouse::over(Arc::clone(&ledger) as Arc<dyn Store>);
    assert!(test.reads("terni", &item.id()));
    let (admin, act) = (test.administrator(), AgreementId::new("act").unwrap());
    let suspend = Step::Suspend { reason: "audit".into() };
    let before = test.house.standing().generation;
    ledger.shut.store(true, Ordering::SeqCst);
    let answer = test.house.step_agreement(&admin, &act, &suspend).unwrap_err();
    assert!(answer.to_string().contains("not yet in effect"), "{answer}");
    let more = test.house.step_agreement(&admin, &act, &suspend).unwrap_err();
    assert!(more.to_string().contains("shut"), "nothing is written upon what is not seen: {more}");
    let refused = test.house.ready().unwrap_err();
    assert!(refused.to_string().contains("not yet in effect"), "{refused}");
    let nobody = test.house.standing();
    assert!(!nobody.admits(&admin) && nobody.network.everyone().is_empty(), "nobody stands");
    assert!(nobody.generation > before, "what was cleared before is asked again");
    ledger.shut.store(false, Ordering::SeqCst);
    assert!(!test.reads("terni", &item.id()));
    assert!(test.house.ready().is_ok() && test.house.standing().admits(&test.person("terni")));
    test.house.step_agreement(&admin, &act, &Step::Resume).unwrap();
    assert!(test.reads("terni", &item.id()));
}

#[test]
fn of_many_who_take_the_same_step_one_does() {
    let test = TestHouse::small();
    let (admin, act) = (test.administrator(), AgreementId::new("act").unwrap());
    for step in [Step::Suspend { reason: "audit".into() }, Step::Resume, Step::End] {
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let take = || test.house.step_agreement(&admin, &act, &step);
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(take)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(outcomes.iter().filter(|it| it.is_ok()).count(), 1, "{step:?}");
        let lost = outcomes.iter().filter(|it| matches!(it, Err(FlowError::Conflict(_))));
        assert_eq!(lost.count(), 7, "{step:?}");
    }
}

#[test]
fn a_stray_record_does_not_keep_the_node_from_starting() {
    let test = TestHouse::small();
    let stray = serde_json::json!({
        "id": "stray", "name": "Stray", "organisation": "gone", "roles": ["liaison"],
    });
    let body = serde_json::to_vec(&stray).unwrap();
    let write = |unit: &mut dyn vedetta_store::UnitOfWork| {
        unit.put_record(RecordKind::Account, "stray", &body, "tester").map(drop)
    };
    test.store.write(Instant::from_micros(0), &mut { write }).unwrap();
    let reopened = TestHouse::over(Arc::clone(&test.store));
    let directory = &reopened.house.standing().directory;
    assert!(directory.accounts().iter().all(|it| it.id.as_str() != "stray"));
    assert!(directory.accounts().len() > 1);
}
