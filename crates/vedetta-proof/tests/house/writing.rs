//! Whether the ledger takes what is written.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

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
