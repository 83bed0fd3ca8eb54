//! Whether the ledger takes what is written.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use vedetta_model::{Clock, Instant, Pace};
use vedetta_store::{EntryKind, JobId, NewJob, Sequence, StoreError, UnitOfWork};
use vedetta_testkit::TestHouse;
use vedetta_testkit::disk::Disk;

#[test]
fn a_full_disk_is_told_until_there_is_room() {
    let disk = Disk::under(TestHouse::ledger());
    let test = TestHouse::over(Arc::clone(&disk) as _);
    test.house.writes_well().unwrap();
    disk.fill();
    assert!(test.house.write(|unit| unit.set_bookmark("x", b"")).is_err());
    assert!(test.house.writes().failing);
    assert!(test.house.writes_well().unwrap_err().to_string().contains("disk is full"));
    disk.clear();
    test.house.writes_well().unwrap();
    assert!(!test.house.writes().failing);
}

#[test]
fn a_write_that_hangs_is_told_by_how_long_it_waits() {
    let test = TestHouse::small();
    let (go, going) = sync_channel::<()>(0);
    let going = std::sync::Mutex::new(going);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            test.house
                .write(move |_| {
                    let _gone = going.lock().unwrap().recv();
                    Ok(())
                })
                .unwrap();
        });
        while test.house.writes().oldest.is_none() {
            std::thread::yield_now();
        }
        test.house.writes_well().unwrap();
        test.clock.advance(Duration::from_secs(16));
        let told = test.house.writes_well().unwrap_err().to_string();
        assert!(told.contains("16 s"), "{told}");
        drop(go);
    });
    assert_eq!(test.house.writes().oldest, None);
    test.house.writes_well().unwrap();
}

/// A clock that somebody set wrong.
struct Leapt(std::sync::atomic::AtomicBool, vedetta_testkit::MockClock);

impl Clock for Leapt {
    fn now(&self) -> Instant {
        self.1.now()
    }

    fn doubt(&self) -> Option<String> {
        let leapt = self.0.load(std::sync::atomic::Ordering::SeqCst);
        leapt.then(|| "it leapt 90 minutes ahead".into())
    }
}

#[test]
fn by_a_clock_that_leapt_nothing_is_written() {
    let clock = vedetta_testkit::MockClock::at("2026-03-02T08:00:00Z");
    let clock = Arc::new(Leapt(false.into(), clock));
    let entropy = Arc::new(vedetta_testkit::SeededEntropy::new(1));
    let (theirs, store) = (Arc::clone(&clock) as Arc<dyn Clock>, TestHouse::ledger());
    let house = vedetta_flow::House::open(store, theirs, entropy).unwrap();
    house.write(|unit| unit.set_bookmark("before", b"it")).unwrap();
    clock.0.store(true, std::sync::atomic::Ordering::SeqCst);
    let refused = house.write(|unit| unit.set_bookmark("after", b"it")).unwrap_err().to_string();
    assert!(refused.contains("the system clock") && refused.contains("90 minutes"), "{refused}");
    assert!(house.writes_well().is_err());
    house.read(|reader| reader.bookmark("before")).unwrap().unwrap();
    clock.0.store(false, std::sync::atomic::Ordering::SeqCst);
    house.writes_well().unwrap();
    house.write(|unit| unit.set_bookmark("after", b"it")).unwrap();
}

#[test]
fn a_clock_leaps_when_it_gains_more_than_the_machine_ran() {
    let moment = |text: &str| text.parse::<Instant>().unwrap();
    let hours = |hours: u64| Duration::from_secs(hours * 3_600);
    let mut pace = Pace::new(moment("2026-03-02T08:00:00Z"), Duration::ZERO);
    pace.look(moment("2026-03-09T08:30:00Z"), hours(7 * 24)).unwrap();
    let leapt = pace.look(moment("2027-03-09T08:30:00Z"), hours(7 * 24));
    assert_eq!(leapt, Err(hours(365 * 24)));
    assert_eq!(pace.look(moment("2027-03-09T09:30:00Z"), hours(7 * 24 + 1)), Err(hours(365 * 24)));
    pace.look(moment("2026-03-09T10:30:00Z"), hours(7 * 24 + 2)).unwrap();
    pace.look(moment("2026-03-09T08:00:00Z"), hours(7 * 24 + 3)).unwrap();
}

#[test]
fn after_a_work_that_breaks_off_the_house_writes_on() {
    let test = TestHouse::empty();
    let broken = test.house.write::<()>(|_| panic!("a work that breaks off"));
    assert!(matches!(broken, Err(StoreError::Refused(_))), "{broken:?}");
    assert_eq!(test.house.write(|_| Ok(7)).unwrap(), 7);
}

#[test]
fn what_is_discarded_is_in_the_ledger_with_who_discarded_it() {
    let disk = Disk::under(TestHouse::ledger());
    let test = TestHouse::over(Arc::clone(&disk) as _).with_small_network();
    let (admin, now) = (test.administrator(), test.house.now());
    let job = test.house.write(move |unit| given_up(unit, now)).unwrap();
    disk.fill_after(1);
    test.house.discard_work(&admin, job).unwrap();
    let entries = test.house.entries(&admin, Sequence::START, 1_000).unwrap();
    let subject = format!("job {}", job.0);
    let told = entries.iter().find(|it| it.subject == subject && it.kind == EntryKind::Deed);
    assert_eq!(told.map(|it| it.actor.as_str()), Some(admin.account.as_str()));
}

/// Work that nobody does any more.
fn given_up(unit: &mut dyn UnitOfWork, now: Instant) -> Result<JobId, StoreError> {
    unit.enqueue(&NewJob { step: "test", key: "once", task: "{}", due: now })?;
    let lease = unit.lease("test", now, Duration::from_secs(60), 1)?.pop().unwrap();
    unit.give_back(&lease, "for good", None, now)?;
    Ok(lease.job.id)
}
