//! The queue: in order, with what is alike, for the room alone.

use vedetta_model::Role;
use vedetta_watch::QueueWish;
use vedetta_watch::desk::Change;
use vedetta_watch::desk::severity::{Factor, Grade};

use crate::room::{Room, is_forbidden, liaison, officer, organisation, person};

#[test]
fn what_waits_is_shown_the_oldest_first_with_what_it_is_like() {
    let room = Room::new();
    let first = room.report(
        &liaison("perugia"),
        "Ondata di phishing agli sportelli",
        "i cittadini ricevono un link a login.prova[.]example",
    );
    room.clock.advance(std::time::Duration::from_secs(600));
    room.report(&liaison("foligno"), "Guasto elettrico", "la sala macchine è senza corrente");
    let third = room.report(&liaison("terni"), "Phishing", "link a https://login.prova.example/x");
    let wish = QueueWish { centre: None, limit: 50 };
    let queue = room.watch.queue(&officer(), &wish).unwrap();
    let waiting: Vec<_> = queue.waiting.iter().map(|it| it.case.number.serial).collect();
    assert_eq!((waiting, queue.total), (vec![1, 2, 3], 3));
    let alike = &queue.waiting[2].alike;
    assert_eq!((alike.len(), alike[0].number.to_string()), (1, first.clone()));
    assert!(alike[0].reasons[0].it.contains("in comune"), "{alike:?}");
    assert!(queue.waiting[1].alike.is_empty());
    assert!(queue.waiting[0].words.contains("cittadini"));
    // Likeness is found after a restart, and no longer with what is over.
    let again = room.reopened();
    assert_eq!(again.alike(&officer(), &third).unwrap().len(), 1);
    room.change(&officer(), &first, Change::Dismiss { reason: "prova".into() }).unwrap();
    assert!(room.watch.alike(&officer(), &third).unwrap().is_empty());
    assert_eq!(room.watch.queue(&officer(), &wish).unwrap().total, 2);
}

#[test]
fn a_report_is_routed_by_agreement_and_a_person_may_decide_otherwise() {
    let room = Room::new();
    let number = room.report(&liaison("terni"), "caso", "x");
    let wish = |centre: &str| QueueWish { centre: Some(organisation(centre)), limit: 9 };
    let queue = room.watch.queue(&officer(), &wish("cosc-umbria")).unwrap();
    let routed = queue.waiting[0].routed.as_ref().unwrap();
    assert!(routed.reasons[0].en.contains("Act of Umbria"), "{routed:?}");
    let to = organisation("cnaipic");
    room.change(&officer(), &number, Change::Route { to, reason: "tutta Italia".into() }).unwrap();
    assert_eq!(room.watch.queue(&officer(), &wish("cosc-umbria")).unwrap().total, 0);
    assert_eq!(room.watch.queue(&officer(), &wish("cnaipic")).unwrap().total, 1);
}

#[test]
fn what_nobody_judged_waits_among_the_gravest() {
    let room = Room::new();
    let light = room.report(&liaison("perugia"), "Pubblicità", "messaggi indesiderati");
    for factor in Factor::ALL {
        let judge = Change::Judge { factor, grade: Grade::None };
        room.change(&officer(), &light, judge).unwrap();
    }
    room.clock.advance(std::time::Duration::from_secs(600));
    let ransom = room.report(&liaison("terni"), "Riscatto", "tutto cifrato");
    let queue = room.watch.queue(&officer(), &QueueWish { centre: None, limit: 9 }).unwrap();
    let first = &queue.waiting[0].case;
    assert_eq!(
        (first.number.to_string(), first.judged, first.presumed),
        (ransom.clone(), false, 1)
    );
    assert_eq!((queue.waiting[1].case.judged, queue.waiting[1].case.presumed), (true, 6));
    let counts = room.watch.counts(&officer()).unwrap();
    assert_eq!((counts.unjudged, counts.open), (1, [0, 0, 0, 0, 0, 1]));
    // Its aim is the gravest's, not eight hours.
    let due = |number: &str| room.watch.clocks(&officer(), number).unwrap().targets[0].due;
    assert_eq!(due(&ransom).since(room.house().now()).as_secs(), 15 * 60);
    assert!(due(&light) > due(&ransom));
}

#[test]
fn the_queue_is_the_rooms() {
    let room = Room::new();
    room.report(&liaison("terni"), "caso", "x");
    let wish = QueueWish::default();
    for actor in [liaison("terni"), person("revisore", "cnaipic", Role::Auditor)] {
        assert!(is_forbidden(room.watch.queue(&actor, &wish)));
    }
}
