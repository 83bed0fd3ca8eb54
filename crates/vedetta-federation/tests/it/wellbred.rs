//! What a link does with a peer that keeps to the protocol.

use std::time::Duration;

use vedetta_federation::bookmark::{Bookmark, Mark, Span};
use vedetta_federation::digest::digest;
use vedetta_federation::frame::{
    Batch, Beat, Credit, Farewell, Frame, Hello, Notice, Told, VERSIONS,
};
use vedetta_federation::link::{BEAT, By, Fetched, Input, Link, Opening, Output, SOON, Taken};
use vedetta_federation::shelf::{Ask, Lane};

use crate::scene::{card, id, now, relayed};

fn mark(place: u64) -> Mark {
    Mark { place, hash: digest(&[&place.to_be_bytes()]) }
}

/// A link of `c`, with a ledger of so many places, to `b`, which has the first ten.
fn open(head: u64) -> (Link, Vec<Output>) {
    let (mut link, _) = greeted(head, Vec::new());
    let outputs = link.handle(Input::Common(10), now());
    (link, outputs)
}

/// The same before the peer's marks are compared, where so much is untold.
fn greeted(head: u64, untold: Vec<Told>) -> (Link, Vec<Output>) {
    let opening = Opening {
        me: id("c"),
        peer: id("b"),
        card: card("c"),
        edition: "one".into(),
        head: mark(head),
        bookmark: Bookmark::default(),
        cards: vec![],
        untold,
    };
    let mut resume = Bookmark { edition: "one".into(), ..Bookmark::default() };
    resume.add(Span { after: 0, upto: 10 }, mark(10).hash);
    let hello = Hello {
        versions: VERSIONS,
        card: card("b"),
        to: id("c"),
        edition: "two".into(),
        head: Mark::default(),
        now: now(),
        resume,
        credit: 4,
    };
    let (mut link, _) = Link::open(opening, now());
    let outputs = link.handle(Input::Frame(Frame::Hello(Box::new(hello))), now());
    (link, outputs)
}

fn asks(outputs: &[Output]) -> Vec<Ask> {
    let ask = |output: &Output| match output {
        Output::Fetch(ask) => Some(ask.clone()),
        _ => None,
    };
    outputs.iter().filter_map(ask).collect()
}

fn lanes(outputs: &[Output]) -> Vec<Lane> {
    let lane = |output: &Output| match output {
        Output::Send(Frame::Batch(batch)) => Some(batch.lane),
        _ => None,
    };
    outputs.iter().filter_map(lane).collect()
}

/// Answers a question with one envelope for each of ten places.
fn answer(link: &mut Link, ask: &Ask) -> Vec<Output> {
    let upto = mark((ask.span.after + 10).min(ask.span.upto));
    let fetched = Fetched { ask: ask.clone(), upto, envelopes: vec![relayed()] };
    link.handle(Input::Fetched(fetched), now())
}

#[test]
fn a_peer_is_given_what_it_misses_the_urgent_first() {
    let (mut link, outputs) = open(1000);
    let asked: Vec<_> = asks(&outputs).iter().map(|ask| (ask.lane, ask.span)).collect();
    let gap = Span { after: 10, upto: 1000 };
    assert_eq!(asked, [(Lane::Urgent, gap), (Lane::Backlog, gap)]);
    assert_eq!(link.lag(), 990);
    let rewound = outputs.iter().any(|it| matches!(it, Output::Send(Frame::Rewind(_))));
    assert!(!rewound, "the peer's marks are of this ledger");
    let sent = answer(&mut link, &asks(&outputs)[0]);
    assert_eq!(lanes(&sent), [Lane::Urgent]);
}

#[test]
fn what_happens_now_does_not_wait_for_the_backlog_nor_starve_it() {
    let (mut link, outputs) = open(1000);
    let mut backlog = asks(&outputs)[1].clone();
    let mut sent = Vec::new();
    // The backlog takes all credit but one.
    for _ in 0..5 {
        let outputs = answer(&mut link, &backlog);
        sent.extend(lanes(&outputs));
        let Some(next) = asks(&outputs).pop() else { break };
        backlog = next;
    }
    assert_eq!(sent, [Lane::Backlog; 3]);
    let live = asks(&link.handle(Input::Advanced(mark(1001)), now())).remove(0);
    assert_eq!((live.lane, live.span), (Lane::Live, Span { after: 1000, upto: 1001 }));
    assert_eq!(lanes(&answer(&mut link, &live)), [Lane::Live]);
    // When both wait, the backlog has its turn.
    let mut sent = Vec::new();
    for taken in 1..=40 {
        let live = link.handle(Input::Advanced(mark(1001 + taken)), now());
        for ask in asks(&live) {
            sent.extend(lanes(&answer(&mut link, &ask)));
        }
        let credit = Credit { batches: 1, taken };
        let outputs = link.handle(Input::Frame(Frame::Credit(credit)), now());
        sent.extend(lanes(&outputs));
        for ask in asks(&outputs) {
            sent.extend(lanes(&answer(&mut link, &ask)));
        }
    }
    let of = |lane| sent.iter().filter(|it| **it == lane).count();
    assert!(of(Lane::Live) >= 20, "{sent:?}");
    assert!(of(Lane::Backlog) >= 5, "{sent:?}");
}

#[test]
fn what_was_refused_is_told_until_the_peer_has_heard_it() {
    let leaf = digest(&[b"refused"]);
    let told = Told { leaf, why: "revoked-key".into(), says: String::new() };
    let (mut link, outputs) = greeted(30, vec![told.clone()]);
    let again = Output::Send(Frame::Notice(Notice { refusals: vec![told] }));
    assert!(outputs.contains(&again), "{outputs:?}");
    let mut beat = |after: Duration| {
        let heard = Some((now().after(after), 0));
        let beat = Frame::Beat(Beat { now: now().after(BEAT), head: 0, heard });
        let outputs = link.handle(Input::Frame(beat), now().after(BEAT));
        (outputs.contains(&Output::Heard(vec![leaf])), link.untold())
    };
    assert_eq!(beat(Duration::ZERO), (false, 1), "that was our hello, which went before it");
    assert_eq!(beat(BEAT), (true, 0), "frames keep their order");
}

#[test]
fn what_the_peer_confirmed_is_not_sent_again() {
    let (mut link, outputs) = open(30);
    let mut next = asks(&outputs).into_iter().find(|ask| ask.lane == Lane::Backlog);
    let mut number = 0;
    while let Some(ask) = next.take() {
        let outputs = answer(&mut link, &ask);
        number += u64::try_from(lanes(&outputs).len()).unwrap();
        next = asks(&outputs).into_iter().find(|ask| ask.lane == Lane::Backlog);
    }
    let credit = Credit { batches: 2, taken: number };
    let outputs = link.handle(Input::Frame(Frame::Credit(credit)), now());
    let confirmed = outputs.iter().filter(|it| matches!(it, Output::Confirmed(_))).count();
    assert_eq!((confirmed, link.lag()), (2, 0));
    assert!(link.theirs().has(Span { after: 0, upto: 30 }));
}

#[test]
fn how_far_we_are_behind_is_known_by_what_the_peer_says_of_its_ledger() {
    let (mut link, _) = open(1000);
    assert_eq!(link.behind(), Some(0));
    let beat = Beat { now: now(), head: 500, heard: None };
    link.handle(Input::Frame(Frame::Beat(beat)), now());
    assert_eq!(link.behind(), Some(500));
}

#[test]
fn what_is_read_to_nowhere_is_read_again_later_and_never_left_out() {
    let (mut link, outputs) = open(1000);
    let ask = asks(&outputs)[1].clone();
    // As of a link that is suspended: nothing is read, from nowhere.
    let nowhere = || Fetched { ask: ask.clone(), upto: Mark::default(), envelopes: vec![] };
    for _ in 0..3 {
        let outputs = link.handle(Input::Fetched(nowhere()), now());
        assert!(asks(&outputs).is_empty(), "not at once, or it would be for ever");
        let again = asks(&link.handle(Input::Tick, now()));
        assert_eq!(again, std::slice::from_ref(&ask));
    }
    let outputs = answer(&mut link, &ask);
    assert_eq!(lanes(&outputs), [Lane::Backlog]);
}

#[test]
fn what_was_read_as_urgent_and_not_sent_is_read_again_when_things_changed() {
    let (mut link, outputs) = open(1000);
    let (mut urgent, mut sent) = (asks(&outputs)[0].clone(), 0);
    // Until the peer's credit is used up, and what comes then is ready.
    for _ in 0..10 {
        let outputs = answer(&mut link, &urgent);
        sent += lanes(&outputs).len();
        match asks(&outputs).into_iter().find(|ask| ask.lane == Lane::Urgent) {
            Some(next) => urgent = next,
            None => break,
        }
    }
    let read = urgent.span.after + 10;
    assert!(sent == 4 && read > 50, "{sent} sent, {read} read");
    let outputs = link.handle(Input::Changed, now());
    let again = asks(&outputs).into_iter().find(|ask| ask.lane == Lane::Urgent).unwrap();
    assert_eq!(again.span, Span { after: 50, upto: 1000 }, "four times ten were sent");
}

#[test]
fn what_is_to_come_again_comes_with_the_next_connection_which_is_not_too_soon() {
    let (mut link, _) = open(10);
    let (span, hash) = (Span { after: 0, upto: 5 }, mark(5).hash);
    let batch = Batch { number: 1, lane: Lane::Backlog, span, hash, envelopes: vec![] };
    link.handle(Input::Frame(Frame::Batch(Box::new(batch))), now());
    let taken = |number, bookmark: &Bookmark, opened| {
        let bookmark = bookmark.clone();
        let (outcomes, refused, gave_way) = (vec![], vec![], vec![]);
        Input::Taken(Taken { number, bookmark, outcomes, refused, gave_way, opened })
    };
    let mut bookmark = link.ours().clone();
    bookmark.add(span, hash);
    link.handle(taken(1, &bookmark, false), now());
    bookmark.open(Span { after: 3, upto: 5 });
    // What waited is taken in beside the batches: from here on its bookmark counts.
    link.handle(taken(0, &bookmark, true), now());
    assert_eq!(link.ours(), &bookmark);
    let (leaf, why) = (digest(&[b"it"]), "widened".into());
    let told = Told { leaf, why, says: String::new() };
    let refused = vec![told.clone()];
    let (outcomes, gave_way) = (vec![], vec![]);
    let given_up = Taken { number: 0, bookmark, outcomes, refused, gave_way, opened: false };
    let outputs = link.handle(Input::Taken(given_up), now());
    let notice = Frame::Notice(Notice { refusals: vec![told] });
    assert_eq!(outputs, [Output::Send(notice)], "what is given up at last is told");
    let mut at = |at: Duration| {
        link.handle(Input::Frame(Frame::Cards(vec![])), now().after(at));
        link.handle(Input::Tick, now().after(at))
    };
    let early = at(SOON - Duration::from_secs(1));
    assert!(!early.iter().any(|it| matches!(it, Output::Down(..))));
    let outputs = at(SOON);
    assert!(outputs.contains(&Output::Down(Farewell::Again, By::Us)), "{outputs:?}");
}
