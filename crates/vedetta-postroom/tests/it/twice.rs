//! What is handed in twice, and what cannot be written.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use vedetta_flow::House;
use vedetta_mail::Published;
use vedetta_model::{Instant, Role};
use vedetta_postroom::{Handed, MasterKey, Postroom, Received, Reporter};
use vedetta_store::{Reader, Store, StoreError, UnitOfWork};
use vedetta_testkit::SeededEntropy;

use super::desk::{ADA, Desk, SITE, analyst, desk, everything, over, person, proven, settings};
use super::letters::{handing_on, harmless, lure};

fn cases(received: Received) -> Vec<String> {
    match received {
        Received::Taken(answers) => answers.into_iter().map(|answer| answer.case).collect(),
        other => panic!("{other:?}"),
    }
}

fn queued(room: &Postroom) -> usize {
    room.queue(&analyst(), &everything()).unwrap().items.len()
}

#[test]
fn a_letter_that_comes_again_is_the_same_report() {
    let desk = desk();
    let first = cases(desk.by_mail(ADA, &proven(ADA), &lure(1, SITE)));
    // It came by another way, and is the same letter.
    let letter = String::from_utf8(handing_on(ADA, &proven(ADA), &lure(1, SITE))).unwrap();
    let again = letter.replacen("From: Chi", "Received: from b by a; x\r\nFrom: Chi", 1);
    assert_ne!(letter, again);
    let take = |room: &Postroom| {
        let by = Reporter::Mailbox(Some(ADA.into()));
        cases(room.take(&Handed { bytes: again.as_bytes(), by }).unwrap())
    };
    assert_eq!(take(&desk.room), first);
    assert_eq!(desk.sent().len(), 1);
    let Desk { room, clock, store } = desk;
    drop(room);
    let desk = over(store, clock, settings());
    assert_eq!(take(&desk.room), first, "nor after a restart");
    assert_eq!((queued(&desk.room), desk.sent().len()), (1, 0));
    assert_ne!(
        cases(desk.by_mail(ADA, &proven(ADA), &harmless())),
        first,
        "another body is another"
    );
    assert_eq!(desk.report("luca@comune.terni.example", &lure(1, SITE)).others, 1);
}

#[test]
fn a_file_uploaded_again_has_the_same_answer_again() {
    let desk = desk();
    let hand = |who: &str| {
        let by = Reporter::Account(person(who, Role::Liaison));
        desk.room.take(&Handed { bytes: lure(1, SITE).as_bytes(), by }).unwrap()
    };
    let (Received::Taken(first), Received::Taken(again)) = (hand("perugia"), hand("perugia"))
    else {
        panic!("not taken")
    };
    assert_eq!((&first[0].case, &first[0].text), (&again[0].case, &again[0].text));
    assert_ne!(cases(hand("terni"))[0], first[0].case);
    desk.room.delete_message(&analyst(), &first[0].case, "asked").unwrap();
    assert_ne!(cases(hand("perugia"))[0], first[0].case, "what was deleted does not come back");
}

#[test]
fn who_writes_without_a_message_is_told_how_once() {
    let desk = desk();
    let note = format!(
        "Authentication-Results: {}\r\nFrom: Ada <{ADA}>\r\nTo: segnalazioni@vedetta.example\r\n\
         Message-ID: <1@comune.example>\r\nSubject: aiuto\r\n\r\nChe faccio?\r\n",
        proven(ADA)
    );
    for _ in 0..3 {
        let by = Reporter::Mailbox(Some(ADA.into()));
        let received = desk.room.take(&Handed { bytes: note.as_bytes(), by }).unwrap();
        assert!(matches!(received, Received::Empty));
    }
    assert_eq!(desk.sent().len(), 1);
}

/// A ledger that takes so many units of work more, and then none.
struct Failing {
    inner: Arc<dyn Store>,
    left: AtomicUsize,
}

impl Store for Failing {
    fn write(
        &self,
        now: Instant,
        work: &mut dyn FnMut(&mut dyn UnitOfWork) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let left = self.left.load(Ordering::SeqCst);
        if left == 0 {
            return Err(StoreError::Engine {
                place: "test".into(),
                reason: "the disk is full".into(),
            });
        }
        self.left.store(left - 1, Ordering::SeqCst);
        self.inner.write(now, work)
    }

    fn read(
        &self,
        reading: &mut dyn FnMut(&mut dyn Reader) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.inner.read(reading)
    }
}

#[test]
fn several_messages_of_one_letter_are_taken_in_all_or_none() {
    let Desk { room, clock, store } = desk();
    drop(room);
    let failing = Arc::new(Failing { inner: store, left: AtomicUsize::new(usize::MAX) });
    let entropy = Arc::new(SeededEntropy::new(11));
    let store: Arc<dyn Store> = Arc::<Failing>::clone(&failing);
    let house = Arc::new(House::open(store, clock, entropy).unwrap());
    let room =
        Postroom::open(house, settings(), MasterKey::new([7; 32]), Published::default()).unwrap();
    let letter = |n: usize| {
        format!(
            "--x\r\nContent-Type: message/rfc822\r\n\r\n{}\r\n",
            lure(n, &format!("s{n}.invalid"))
        )
    };
    let both = format!(
        "Authentication-Results: {}\r\nFrom: Ada <{ADA}>\r\nSubject: due\r\nMessage-ID: <2@comune.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"x\"\r\n\r\n{}{}--x--\r\n",
        proven(ADA),
        letter(1),
        letter(2)
    );
    let take = |left: usize| {
        failing.left.store(left, Ordering::SeqCst);
        let by = Reporter::Mailbox(Some(ADA.into()));
        room.take(&Handed { bytes: both.as_bytes(), by })
    };
    assert!(take(0).is_err());
    failing.left.store(usize::MAX, Ordering::SeqCst);
    assert_eq!(queued(&room), 0, "none");
    let one_unit = take(1);
    failing.left.store(usize::MAX, Ordering::SeqCst);
    assert_eq!(queued(&room), 2, "all: {one_unit:?}");
    let first = cases(one_unit.unwrap());
    assert_eq!((first.len(), cases(take(usize::MAX).unwrap())), (2, first));
    assert_eq!(queued(&room), 2);
}
