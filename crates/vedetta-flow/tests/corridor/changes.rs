//! Changes to what stands: one after the other, and none lost.

use vedetta_flow::FlowError;
use vedetta_flow::actions::change_agreement::Step;
use vedetta_model::{AgreementId, Instant};
use vedetta_store::RecordKind;
use vedetta_testkit::TestHouse;

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
    let reopened = TestHouse::over(std::sync::Arc::clone(&test.store));
    let directory = &reopened.house.standing().directory;
    assert!(directory.accounts().iter().all(|it| it.id.as_str() != "stray"));
    assert!(directory.accounts().len() > 1);
}
