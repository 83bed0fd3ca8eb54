//! What a peer may have wait here, and what that costs.

use std::time::Duration;

use vedetta_federation::bookmark::{Bookmark, Span};
use vedetta_federation::cards::{Cards, Peer, Vouches};
use vedetta_federation::check::{Refused, Trust};
use vedetta_federation::digest::Digest;
use vedetta_federation::envelope::{
    Envelope, Item, LARGEST_NOTICE, LONGEST_WORDS, SignedAgreement, StandingNotice, Stands, What,
    Withdrawal,
};
use vedetta_federation::exchange::{Checked, check, check_waiting};
use vedetta_federation::frame::Batch;
use vedetta_federation::link::Taking;
use vedetta_federation::object::Object;
use vedetta_federation::shelf::{Arrival, Lane, Outcome};
use vedetta_federation::waiting::{MOST_LEFT, MOST_OCTETS, Room, Waiting};
use vedetta_model::{Agreement, Instant};

use crate::scene::*;

fn later(seconds: u64) -> Instant {
    now().after(Duration::from_secs(seconds))
}

/// What `c` says to what `b` brings.
fn refused(trust: &Trust, envelope: Envelope) -> Refused {
    *trust.check(&id("b"), envelope, now()).unwrap_err()
}

fn withdrawal(reason: &str) -> What {
    let item = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f".parse().unwrap();
    What::Withdrawal(Withdrawal { item, producer: None, reason: reason.into() })
}

fn standing(agreement: &str, revision: u64, reason: &str) -> What {
    What::Standing(StandingNotice {
        agreement: agreement.parse().unwrap(),
        revision,
        now: Stands::Suspended,
        since: now(),
        reason: Some(reason.into()),
    })
}

/// Something of `a`, as `b` gives it to `c`.
fn brought(place: u64, what: What) -> Envelope {
    brought_at(place, what, now())
}

fn brought_at(place: u64, what: What, at: Instant) -> Envelope {
    let own = Envelope::unsealed(id("a"), now(), place, what);
    pass_at("b", "c", pass("a", "b", own, vec![]), at)
}

#[test]
fn what_is_no_item_is_short() {
    let trust = trust("c", cards());
    let words = "\u{7}".repeat(LONGEST_WORDS);
    for what in [withdrawal(&words), standing("all", 1, &words)] {
        assert!(what.travels());
        assert!(trust.check(&id("b"), brought(7, what), now()).is_ok(), "as long as may be");
    }
    let long = "x".repeat(LARGEST_NOTICE);
    let presence =
        format!(r#"{{"contact":{{"id":"k","organisation":"a1","role":"{long}","name":"n"}}}}"#);
    let agreement = |title: String| {
        let it = serde_json::json!({ "id": "new", "title": title, "stage": { "is": "draft" },
            "term": { "from": "2026-01-01", "until": "2030-12-31" } });
        let text = serde_json::from_value::<Agreement>(it).unwrap();
        What::Agreement(Box::new(SignedAgreement {
            text: text.into(),
            revision: 1,
            signatures: vec![],
        }))
    };
    assert!(agreement("x".repeat(128 << 10)).travels(), "texts of agreements are longer");
    let too_long = [
        withdrawal(&long),
        standing("all", 1, &long),
        serde_json::from_str(&presence).unwrap(),
        agreement("x".repeat(256 << 10)),
    ];
    for what in too_long {
        assert!(!what.travels());
        let refused = refused(&trust, brought_at(7, what, later(3_600)));
        assert_eq!((refused.why.name(), refused.later), ("too-many", None), "nor does it wait");
    }
}

/// A room as it is read again once it was written.
fn written(room: &Waiting) -> Waiting {
    serde_json::from_str(&serde_json::to_string(room).unwrap()).unwrap()
}

#[test]
fn what_waits_takes_no_more_octets_than_the_room_has() {
    let trust = trust("c", cards());
    let names = |n: usize| (0..64).map(|it| format!("{:x>96}", n * 64 + it)).collect::<Vec<_>>();
    let item = |n: usize| {
        let object =
            format!(r#"{{"type":"indicator","id":"indicator--8e2e2d2b-17d4-4cbf-938f-{n:012x}"}}"#);
        let mut conditions = handling("a1", "GREEN");
        conditions.victims = names(n).iter().map(|it| id(it)).collect();
        conditions.only_under = names(n).iter().map(|it| it.parse().unwrap()).collect();
        conditions.named =
            names(n).iter().map(|it| format!("{it}@{it}").parse().unwrap()).collect();
        let object = Object::new(object).unwrap();
        What::Item(Box::new(Item { object, conditions, ..crate::scene::item("a1") }))
    };
    let reason = "x".repeat(6_000);
    for what in [&item as &dyn Fn(usize) -> What, &|_| withdrawal(&reason)] {
        let mut room = Waiting::default();
        let mut octets = 0;
        let kept = (0..).find(|n| {
            let envelope = brought_at(*n as u64, what(*n), later(3_600));
            let length = serde_json::to_string(&envelope).unwrap().len();
            assert!(envelope.weight() >= length, "{} < {length}", envelope.weight());
            let room = room.keep(&mut refused(&trust, envelope), now());
            octets += length;
            room == Room::Full
        });
        assert!(kept.is_some_and(|kept| kept > 10), "{kept:?}");
        assert!(octets <= MOST_OCTETS + (64 << 10), "{octets}");
        // Read anew, as after a fall, it weighs the same.
        assert_eq!(written(&room).octets(), room.octets());
    }
}

/// What `c` makes of a batch of `b`.
fn heard(trust: &Trust, room: &mut Waiting, envelopes: Vec<Envelope>) -> (Checked, Arrival) {
    let span = Span { after: 0, upto: 1 };
    let hash = Digest::default();
    let batch = Batch { number: 1, lane: Lane::Live, span, hash, envelopes };
    let taking = Taking { batch: Box::new(batch), bookmark: Bookmark::default() };
    check(trust, &id("b"), (taking, room), now())
}

#[test]
fn what_is_said_again_and_again_holds_off_nothing_that_is_new() {
    let (trust, mut room) = (trust("c", cards()), Waiting::default());
    let said = |revision| brought(revision, standing("all", revision, "review"));
    // Each time sealed again.
    let again = |n| {
        let at = now().after(Duration::from_micros(n));
        brought_at(1, standing("all", 1, "review"), at)
    };
    for round in 0..100 {
        let four = (0..4).map(|n| again(4 * round + n)).collect();
        let (checked, arrival) = heard(&trust, &mut room, four);
        assert_eq!((arrival.verified.len(), arrival.refused.len()), (4, 0));
        drop(checked.taken(vec![Outcome::Known; 4]));
    }
    assert!(room.is_empty());
    for revision in 2..=5 {
        let (checked, arrival) = heard(&trust, &mut room, vec![said(revision)]);
        assert_eq!(arrival.verified.len(), 1, "{revision}");
        drop(checked.taken(vec![Outcome::New]));
    }
    // Four times is as often as may be.
    let (_, arrival) = heard(&trust, &mut room, vec![said(6)]);
    assert_eq!((arrival.verified.len(), room.len()), (0, 1));
    let passes = |seconds| {
        let waiting = (Bookmark::default(), &mut room.clone());
        let passed = check_waiting(&trust, &id("b"), waiting, later(seconds));
        passed.map_or(0, |(_, arrival)| arrival.verified.len())
    };
    assert_eq!((passes(1), passes(11)), (0, 1));
}

#[test]
fn of_one_batch_no_more_passes_than_may_change_at_once() {
    let (trust, mut room) = (trust("c", cards()), Waiting::default());
    let all = (1..=50).map(|it| brought(it, standing("all", it, "review"))).collect();
    let (_, arrival) = heard(&trust, &mut room, all);
    assert_eq!((arrival.verified.len(), room.len()), (4, 1), "and one word waits");
}

/// So many items of one node that `b` gives to `c`.
fn items(origin: &str, many: usize) -> Vec<Envelope> {
    items_at(origin, many, now())
}

/// The same, sealed by `b` at some moment.
fn items_at(origin: &str, many: usize, at: Instant) -> Vec<Envelope> {
    let of = |n: usize| {
        let object =
            format!(r#"{{"type":"indicator","id":"indicator--8e2e2d2b-17d4-4cbf-938f-{n:012x}"}}"#);
        let object = Object::new(object).unwrap();
        let item = Item { object, ..crate::scene::item(&format!("{origin}1")) };
        pass_at("b", "c", pass(origin, "b", own(origin, item), vec![]), at)
    };
    (0..many).map(of).collect()
}

fn cards_of(nodes: &[&str]) -> Cards {
    let mut cards = Cards::default();
    nodes.iter().for_each(|node| cards.pin(card(node)).unwrap());
    cards
}

#[test]
fn what_is_sent_again_while_it_waits_changes_nothing() {
    let (trust, mut room) =
        (trust_with("c", cards_of(&["b", "c"]), &[peer("b")]), Waiting::default());
    let (_, arrival) = heard(&trust, &mut room, items("a", 3));
    assert_eq!(arrival.waiting.as_ref().map(Waiting::len), Some(3));
    // Sent again it is sealed anew, later.
    let again = |at| {
        let first = pass("a", "b", own("a", item("a1")), vec![]);
        pass_at("b", "c", first, at)
    };
    let (_, arrival) = heard(&trust, &mut room, vec![again(now())]);
    assert!(arrival.waiting.is_some());
    for second in 1..10 {
        let (_, arrival) = heard(&trust, &mut room, vec![again(later(second))]);
        assert_eq!((arrival.waiting, room.len()), (None, 4));
    }
    // By other rights it says something else, and takes the place of what was said before.
    let first = pass("a", "b", own("a", item("a1")), vec![passage("a1", &[])]);
    let wider = pass_at("b", "c", first, later(20));
    let (_, arrival) = heard(&trust, &mut room, vec![wider]);
    assert_eq!(arrival.waiting.map(|it| it.len()), Some(4));
}

#[test]
fn of_whom_nobody_may_vouch_nothing_waits_and_of_others_it_holds_up_nobody() {
    let below = |node: &str| Peer { vouches: Vouches::Below, ..peer(node) };
    let known = || cards_of(&["b", "c"]);
    let nobody = trust_with("c", known(), &[below("b")]);
    let (checked, arrival) = heard(&nobody, &mut Waiting::default(), items("a", 1));
    assert_eq!((arrival.refused[0].why.name(), arrival.waiting), ("unknown-node", None));
    drop(checked);
    let mut room = Waiting::default();
    let itself = trust_with("c", known(), &[peer("b")]);
    heard(&itself, &mut room, items("a", 600));
    let share = room.len();
    assert!((50..250).contains(&share), "{share}");
    heard(&itself, &mut room, items("d", share));
    assert_eq!(room.len(), 2 * share);
}

#[test]
fn what_found_no_room_comes_again_when_its_card_does_whoever_brings_that() {
    let below = |node: &str| Peer { vouches: Vouches::Below, ..peer(node) };
    let without = &["b", "c", "d"];
    // The card of `a` may come by `d`, or by `b` itself.
    for (by, peers) in [("d", [below("b"), peer("d")]), ("b", [peer("b"), below("d")])] {
        let trust = trust_with("c", cards_of(without), &peers);
        let mut room = Waiting::default();
        let (_, arrival) = heard(&trust, &mut room, items("a", 600));
        let kept = room.len();
        assert!(arrival.verified.is_empty() && kept < 600);
        assert_eq!(arrival.bookmark.last(), 1, "it is entered, and holds up nothing");
        assert_eq!(arrival.waiting.as_ref(), Some(&room), "what was left out is durable");
        // As long as nobody brings the card, nothing is asked for again.
        let mut again = written(&room);
        let waiting = (arrival.bookmark.clone(), &mut again);
        assert!(check_waiting(&trust, &id("b"), waiting, later(60)).is_none());
        let (_, twice) = heard(&trust, &mut room.clone(), items("a", 600));
        assert_eq!(twice.waiting, None, "left out again it is no news");
        // Then it comes, and the place is open again, once.
        let mut cards = cards_of(&["a", "b", "c", "d"]);
        cards.vouch(&id("a"), &id(by));
        let trust = trust_with("c", cards, &peers);
        let waiting = (arrival.bookmark.clone(), &mut again);
        let (checked, passed) = check_waiting(&trust, &id("b"), waiting, later(60)).unwrap();
        assert_eq!((passed.verified.len(), passed.bookmark.last()), (kept, 0));
        assert!(checked.taken(vec![Outcome::New; kept]).opened && again.is_empty());
        let sealed_again = items_at("a", 600, later(60));
        let (_, rest) = heard(&trust, &mut again, sealed_again);
        assert_eq!((rest.verified.len(), rest.bookmark.last(), rest.waiting), (600, 1, None));
    }
}

#[test]
fn what_is_left_out_one_after_the_other_is_seldom_news() {
    let mut room = Waiting::default();
    let known = trust_with("c", cards_of(&["b", "c"]), &[peer("b")]);
    let item = refused(&known, items("a", 1).remove(0));
    let part = |after| Span { after, upto: after + 3 };
    let news = (100..20_000).filter(|after| room.leave_out(&item, part(*after), now())).count();
    assert!((2..40).contains(&news), "{news}");
    assert!(!room.leave_out(&item, part(150), now()), "it is within");
    assert!(room.leave_out(&item, part(50), now()), "an earlier one is not");
    let of = |n: usize| Refused { origin: id(&format!("n{n}")), ..item.clone() };
    let origins = (0..1_000).filter(|it| room.leave_out(&of(*it), part(1), now())).count();
    assert_eq!(origins, MOST_LEFT - 1, "of so many origins and no more");
}

#[test]
fn what_a_part_of_a_batch_left_out_comes_again_with_what_the_whole_is() {
    let known = trust_with("c", cards_of(&["b", "c"]), &[peer("b")]);
    let item = refused(&known, items("a", 1).remove(0));
    let (mut room, mut bookmark) = (Waiting::default(), Bookmark::default());
    bookmark.add(Span { after: 0, upto: 10 }, Digest::default());
    // The first part of what comes after the tenth place does not say how far that goes.
    assert!(room.leave_out(&item, Span { after: 10, upto: 10 }, now()));
    assert!(!room.open(&mut bookmark, &[], now()), "to forget it now would be to lose it");
    let whole = Span { after: 10, upto: 18 };
    bookmark.add(whole, Digest::default());
    bookmark.add(Span { after: 18, upto: 50 }, Digest::default());
    assert!(room.close(whole) && !room.close(whole));
    assert!(room.open(&mut bookmark, &[], now()) && room.is_empty());
    assert_eq!(bookmark.gaps(50), [whole], "and nothing that came after it");
}

#[test]
fn what_was_left_out_comes_again_when_no_other_of_its_kind_waits() {
    let known = trust_with("c", cards_of(&["b", "c"]), &[peer("b")]);
    let (mut room, mut bookmark) = (Waiting::default(), Bookmark::default());
    bookmark.add(Span { after: 0, upto: 10 }, Digest::default());
    let mut item = refused(&known, items("a", 1).remove(0));
    assert!(room.leave_out(&item, Span { after: 0, upto: 5 }, now()));
    // A notice of the same node is no reason to wait, another item is, for a day.
    let notice = standing("all", 1, "review");
    room.keep(&mut refused(&known, brought(7, notice)), now());
    assert!(room.clone().open(&mut bookmark.clone(), &[], now()));
    assert_eq!(room.keep(&mut item, now()), Room::Kept);
    assert!(!room.open(&mut bookmark, &[], now()));
    assert!(room.open(&mut bookmark, &[], later(86_400)));
}

#[test]
fn what_never_finds_room_is_asked_for_ever_more_seldom() {
    let known = trust_with("c", cards_of(&["b", "c"]), &[peer("b")]);
    let (mut room, item) = (Waiting::default(), refused(&known, items("a", 1).remove(0)));
    let span = Span { after: 0, upto: 5 };
    let mut asked = Vec::new();
    for second in 0..100_000 {
        let mut bookmark = Bookmark::default();
        bookmark.add(span, Digest::default());
        room.leave_out(&item, span, later(second));
        if room.open(&mut bookmark, &[], later(second)) {
            asked.push(second);
            // The connection begins anew with what was written.
            room = written(&room);
        }
    }
    assert_eq!(asked[..5], [0, 10, 30, 70, 150]);
    assert!(asked.len() < 16, "{asked:?}");
}

/// A room in which something was left out, and what that was.
fn left_out(span: Span) -> (Waiting, Bookmark, Refused) {
    let known = trust_with("c", cards_of(&["b", "c"]), &[peer("b")]);
    let (mut room, item) = (Waiting::default(), refused(&known, items("a", 1).remove(0)));
    assert!(room.leave_out(&item, span, now()));
    let mut bookmark = Bookmark::default();
    bookmark.add(Span { after: 0, upto: 100 }, Digest::default());
    (room, bookmark, item)
}

#[test]
fn whose_card_comes_is_asked_for_at_once_however_often_it_was_before() {
    let span = Span { after: 0, upto: 1 };
    let (mut room, bookmark, mut item) = left_out(span);
    for _ in 0..10 {
        room.leave_out(&item, span, now());
        room.open(&mut bookmark.clone(), &[], later(100_000));
    }
    room.leave_out(&item, span, now());
    assert_eq!(room.keep(&mut item, now()), Room::Kept);
    let at = later(100_005);
    let unknown = trust_with("c", cards_of(&["b", "c"]), &[peer("b")]);
    assert!(check_waiting(&unknown, &id("b"), (bookmark.clone(), &mut room), at).is_none());
    let mut cards = cards_of(&["a", "b", "c"]);
    cards.vouch(&id("a"), &id("b"));
    let known = trust_with("c", cards, &[peer("b")]);
    let (checked, arrival) = check_waiting(&known, &id("b"), (bookmark, &mut room), at).unwrap();
    assert_eq!(arrival.verified.len(), 1);
    assert!(checked.taken(vec![Outcome::New]).opened);
}

#[test]
fn a_part_that_was_not_closed_yet_is_not_forgotten_for_another_origin() {
    let span = Span { after: 0, upto: 5 };
    let (mut room, mut bookmark, item) = left_out(span);
    assert!(room.open(&mut bookmark, &[], now()));
    // Long after, parts of one batch leave out something of it, and something of another.
    let (long_after, part) = (later(1_000_000), Span { after: 100, upto: 100 });
    let other = Refused { origin: id("d"), ..item.clone() };
    assert!(room.leave_out(&item, part, long_after));
    assert!(room.leave_out(&other, part, long_after));
    let whole = Span { after: 100, upto: 108 };
    bookmark.add(whole, Digest::default());
    assert!(room.close(whole));
    // Each is remembered: of the one nothing waits, and of the other neither.
    assert_eq!(format!("{room:?}").matches("Span { after: 100, upto: 108 }").count(), 2);
}

#[test]
fn parts_of_what_was_broken_off_hold_up_no_others() {
    let (mut room, mut bookmark, item) = left_out(Span { after: 100, upto: 100 });
    for after in 101..110 {
        room.leave_out(&item, Span { after, upto: after }, now());
    }
    room.begin();
    assert!(room.leave_out(&item, Span { after: 110, upto: 110 }, now()));
    let whole = Span { after: 110, upto: 118 };
    bookmark.add(whole, Digest::default());
    assert!(room.close(whole) && room.open(&mut bookmark, &[], now()));
}

#[test]
fn an_origin_of_which_all_came_leaves_its_place_to_another() {
    let (mut room, bookmark, item) = left_out(Span { after: 0, upto: 5 });
    let of = |n: usize| Refused { origin: id(&format!("n{n}")), ..item.clone() };
    let leave = |room: &mut Waiting, n, at| room.leave_out(&of(n), Span { after: 0, upto: 5 }, at);
    let (first, second) = (0..MOST_LEFT - 1, MOST_LEFT..2 * MOST_LEFT);
    assert!(first.clone().all(|n| leave(&mut room, n, now())));
    assert!(!leave(&mut room, MOST_LEFT, now()));
    assert!(room.open(&mut bookmark.clone(), &[], now()));
    assert!(!leave(&mut room, MOST_LEFT, later(1)), "some may be left out again");
    assert!(second.clone().all(|n| leave(&mut room, n, later(11))));
    assert!(!leave(&mut room, 3, later(11)));
}

#[test]
fn a_room_is_read_as_it_was_written_before_its_places_had_more_to_say() {
    let known = trust_with("c", cards_of(&["b", "c"]), &[peer("b")]);
    let (mut room, mut bookmark, _) = left_out(Span { after: 4, upto: 8 });
    assert_eq!(room.keep(&mut refused(&known, items("a", 1).remove(0)), now()), Room::Kept);
    let mut text = serde_json::to_value(&room).unwrap();
    text["left"] =
        serde_json::json!({ "items": { "d": { "after": 4, "upto": 8 } }, "notices": {} });
    let mut again: Waiting = serde_json::from_value(text).unwrap();
    assert_eq!((again.len(), again.octets()), (1, room.octets()));
    assert!(again.open(&mut bookmark, &[], now()));
    assert_eq!(bookmark.gaps(100), [Span { after: 4, upto: 8 }]);
}

#[test]
fn the_same_seal_once_more_is_a_replay_and_a_new_one_is_not() {
    let trust = trust("c", cards());
    let bring = |envelope: Envelope, lane: Lane| {
        let (number, hash, span) = (1, Digest::default(), Span { after: 0, upto: 1 });
        let batch = Box::new(Batch { number, lane, span, hash, envelopes: vec![envelope] });
        let taking = Taking { batch, bookmark: Bookmark::default() };
        let (checked, arrival) =
            check(&trust, &id("b"), (taking, &mut Waiting::default()), later(10));
        drop(checked.taken(vec![Outcome::Known; arrival.verified.len()]));
        arrival.refused.iter().map(|it| it.why.name()).collect::<Vec<_>>()
    };
    let said = |at| brought_at(7, withdrawal("wrong"), at);
    let fair: [&str; 0] = [];
    assert_eq!(bring(said(now()), Lane::Urgent), fair);
    assert_eq!(bring(said(now()), Lane::Backlog), fair, "what is urgent is met again");
    assert_eq!(bring(said(now()), Lane::Live), ["replayed"]);
    assert_eq!(bring(said(now()), Lane::Urgent), ["replayed"]);
    assert_eq!(bring(said(later(1)), Lane::Live), fair, "it was sealed again");
    assert_eq!(bring(said(later(1)), Lane::Live), ["replayed"]);
    // What is given back is as it was, each time.
    let mut own = pass("c", "b", Envelope::unsealed(id("c"), now(), 3, withdrawal("ours")), vec![]);
    own.hops.clear();
    for _ in 0..3 {
        assert_eq!(bring(own.clone(), Lane::Backlog), fair);
    }
}

#[test]
fn what_never_became_durable_is_no_replay_when_it_comes_again() {
    let (trust, mut room) = (trust("c", cards()), Waiting::default());
    let said = || brought_at(7, withdrawal("wrong"), now());
    let mut hear = |envelopes| heard(&trust, &mut room, envelopes);
    let (lost, arrival) = hear(vec![said(), said()]);
    assert_eq!((arrival.verified.len(), arrival.refused.len()), (1, 1), "twice in one batch");
    drop(lost);
    let (idle, arrival) = hear(vec![said()]);
    assert_eq!(arrival.verified.len(), 1, "the ledger has not taken it");
    drop(idle.taken(vec![Outcome::Idle]));
    let (new, arrival) = hear(vec![said()]);
    assert_eq!(arrival.verified.len(), 1, "it was of no account");
    drop(new.taken(vec![Outcome::New]));
    let (_, arrival) = hear(vec![said()]);
    assert_eq!((arrival.verified.len(), arrival.refused.len()), (0, 1));
}
