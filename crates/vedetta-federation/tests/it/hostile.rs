//! A peer that breaks the protocol, floods, stalls, and lies about where it is.

use std::time::Duration;

use vedetta_federation::bookmark::{Bookmark, Mark, Span};
use vedetta_federation::digest::{Digest, digest};
use vedetta_federation::envelope::{Envelope, What};
use vedetta_federation::frame::{
    Batch, Beat, Credit, Decoder, Farewell, Frame, FrameError, Hello, LARGEST_BATCH, LARGEST_CARDS,
    LARGEST_HELLO, LARGEST_SMALL, LONGEST_FRAME, MOST_ENVELOPES, Notice, Rewind, VERSIONS,
};
use vedetta_federation::link::{
    By, CREDIT, Fetched, Input, Link, ON_THE_WAY, Opening, Output, Taken,
};
use vedetta_federation::object::LARGEST_OBJECT;
use vedetta_federation::shelf::Lane;
use vedetta_federation::{Object, Passages};
use vedetta_model::Instant;

use crate::scene::{card, id, now};

const HEAD: u64 = 100;

/// A link of `c` with `b`.
fn link(bookmark: Bookmark) -> Link {
    let opening = Opening {
        me: id("c"),
        peer: id("b"),
        card: card("c"),
        edition: "one".into(),
        head: mark(HEAD),
        bookmark,
        cards: vec![card("c")],
        untold: Vec::new(),
    };
    let (link, outputs) = Link::open(opening, now());
    assert!(matches!(&outputs[..], [Output::Send(Frame::Hello(_))]));
    link
}

fn mark(place: u64) -> Mark {
    Mark { place, hash: digest(&[&place.to_be_bytes()]) }
}

fn hello() -> Hello {
    Hello {
        versions: VERSIONS,
        card: card("b"),
        to: id("c"),
        edition: "theirs".into(),
        head: mark(10),
        now: now(),
        resume: Bookmark::default(),
        credit: 4,
    }
}

fn hear(link: &mut Link, frame: Frame) -> Vec<Output> {
    link.handle(Input::Frame(frame), now())
}

/// A link after both have greeted each other.
fn open(resume: Bookmark, common: u64) -> (Link, Vec<Output>) {
    let mut link = link(Bookmark::default());
    let met = hear(&mut link, Frame::Hello(Box::new(Hello { resume, ..hello() })));
    assert!(matches!(met[0], Output::Met(_)));
    let outputs = link.handle(Input::Common(common), now());
    (link, outputs)
}

fn batch(number: u64, after: u64, upto: u64) -> Frame {
    let hash = Digest::default();
    let span = Span { after, upto };
    Frame::Batch(Box::new(Batch { number, lane: Lane::Live, span, hash, envelopes: vec![] }))
}

fn ended(outputs: &[Output]) -> Option<(Farewell, By)> {
    outputs.iter().find_map(|output| match output {
        Output::Down(reason, by) => Some((*reason, *by)),
        _ => None,
    })
}

const BROKEN: Option<(Farewell, By)> = Some((Farewell::Protocol, By::Us));

#[test]
fn whoever_does_not_greet_first_and_once_is_sent_away() {
    let mut first = link(Bookmark::default());
    assert_eq!(ended(&hear(&mut first, batch(1, 0, 1))), BROKEN);
    assert!(first.is_over() && hear(&mut first, batch(1, 0, 1)).is_empty());
    let (mut twice, _) = open(Bookmark::default(), 0);
    assert_eq!(ended(&hear(&mut twice, Frame::Hello(Box::new(hello())))), BROKEN);
    let strangers = [
        (Hello { card: card("d"), ..hello() }, Farewell::Stranger),
        (Hello { to: id("a"), ..hello() }, Farewell::Stranger),
        (Hello { versions: (1, 1), ..hello() }, Farewell::Version),
        (Hello { versions: (3, 9), ..hello() }, Farewell::Version),
    ];
    for (hello, reason) in strangers {
        let mut link = link(Bookmark::default());
        let outputs = hear(&mut link, Frame::Hello(Box::new(hello)));
        assert_eq!(ended(&outputs), Some((reason, By::Us)));
        assert!(!outputs.iter().any(|it| matches!(it, Output::Met(_))));
    }
}

#[test]
fn a_version_that_both_speak_is_enough() {
    let mut link = link(Bookmark::default());
    let outputs = hear(&mut link, Frame::Hello(Box::new(Hello { versions: (1, 7), ..hello() })));
    assert_eq!(ended(&outputs), None);
}

#[test]
fn more_than_credit_was_given_for_ends_the_connection() {
    let (mut link, _) = open(Bookmark::default(), 0);
    let credit = u64::from(CREDIT);
    for number in 1..=credit {
        let outputs = hear(&mut link, batch(number, number - 1, number));
        assert_eq!(ended(&outputs), None);
        let taking = outputs.iter().filter(|it| matches!(it, Output::Take(_))).count();
        assert_eq!(taking, usize::from(number == 1), "one is taken in at a time");
    }
    assert_eq!(ended(&hear(&mut link, batch(credit + 1, credit, credit + 1))), BROKEN);
}

#[test]
fn batches_that_are_lost_doubled_or_run_backwards_end_the_connection() {
    for wrong in [batch(2, 0, 1), batch(0, 0, 1), batch(1, 5, 4)] {
        let (mut link, _) = open(Bookmark::default(), 0);
        assert_eq!(ended(&hear(&mut link, wrong)), BROKEN);
    }
    let (mut link, _) = open(Bookmark::default(), 0);
    hear(&mut link, batch(1, 0, 1));
    assert_eq!(ended(&hear(&mut link, batch(1, 0, 1))), BROKEN);
}

#[test]
fn a_peer_that_is_not_where_it_says_is_told_so_and_nothing_of_it_is_taken() {
    let mut resume = Bookmark { edition: "one".into(), ..Bookmark::default() };
    resume.add(Span { after: 0, upto: 5_000_000 }, digest(&[b"never"]));
    let (mut link, outputs) = open(resume, 0);
    assert_eq!(link.lag(), HEAD);
    assert_eq!(outputs, [Output::Send(Frame::Rewind(Rewind { to: 0 }))]);
    for number in 1..=u64::from(CREDIT) {
        assert_eq!(hear(&mut link, batch(number, number - 1, number)), [], "without the echo");
    }
    // It is to begin again; when it does not, we do.
    let later = |seconds| now().after(Duration::from_secs(seconds));
    hear(&mut link, Frame::Beat(Beat { now: now(), head: 1, heard: None }));
    assert_eq!(ended(&link.handle(Input::Tick, later(1))), None);
    link.handle(Input::Frame(Frame::Beat(Beat { now: now(), head: 1, heard: None })), later(29));
    let again = Some((Farewell::Again, By::Us));
    assert_eq!(ended(&link.handle(Input::Tick, later(30))), again);
    let unsound = Bookmark { spans: vec![Span { after: 9, upto: 3 }], ..Bookmark::default() };
    let frame = Frame::Hello(Box::new(Hello { resume: unsound, ..hello() })).encode().unwrap();
    assert_eq!(Frame::decode(1, &frame[5..]), Err(FrameError::TooMany(1)));
}

#[test]
fn a_peer_cannot_confirm_what_was_not_sent_nor_have_more_than_a_bound_sent() {
    let (mut link, _) = open(Bookmark::default(), 0);
    let confirmed = Frame::Credit(Credit { batches: 1, taken: 9 });
    assert_eq!(ended(&hear(&mut link, confirmed)), BROKEN);
    let (mut link, outputs) = open(Bookmark::default(), 0);
    let mut waiting = outputs;
    for _ in 0..3 {
        let all = Frame::Credit(Credit { batches: u32::MAX, taken: 0 });
        waiting.extend(hear(&mut link, all));
    }
    let mut sent = 0;
    for _ in 0..1000 {
        let Some(ask) = waiting.iter().find_map(|it| match it {
            Output::Fetch(ask) => Some(ask.clone()),
            _ => None,
        }) else {
            break;
        };
        let upto = mark((ask.span.after + 1).min(ask.span.upto));
        let fetched = Fetched { ask, upto, envelopes: vec![crate::scene::relayed()] };
        waiting = link.handle(Input::Fetched(fetched), now());
        sent += waiting.iter().filter(|it| matches!(it, Output::Send(Frame::Batch(_)))).count();
    }
    assert!((1..=64).contains(&sent), "{sent} batches without a word from the peer");
}

#[test]
fn whoever_floods_is_sent_away() {
    let beat = || Frame::Beat(Beat { now: now(), head: 1, heard: None });
    let (mut beating, _) = open(Bookmark::default(), 0);
    let frames = (0..5000).find(|_| ended(&hear(&mut beating, beat())) == BROKEN);
    assert!(frames.is_some_and(|frames| frames <= 1000));
    let (mut vouching, _) = open(Bookmark::default(), 0);
    let cards = vec![card("d"); 1000];
    let frames = (0..5000).find(|_| {
        vouching.handle(Input::Tick, now());
        ended(&hear(&mut vouching, Frame::Cards(cards.clone()))) == BROKEN
    });
    assert!(frames.is_some_and(|frames| frames <= 66));
}

#[test]
fn a_rewind_comes_once_and_before_anything_else() {
    let rewind = || Frame::Rewind(Rewind { to: u64::MAX });
    let (mut link, _) = open(Bookmark::default(), 0);
    let outputs = hear(&mut link, rewind());
    let remembered = outputs.iter().find_map(|it| match it {
        Output::Remember(bookmark) => Some(bookmark.clone()),
        _ => None,
    });
    assert_eq!(remembered.unwrap().echo, HEAD);
    let (mut knowing, _) = open(Bookmark::default(), 0);
    hear(&mut knowing, rewind());
    assert_eq!(hear(&mut knowing, batch(1, 0, 1)), [], "not before that is durable");
    let again = Some((Farewell::Again, By::Us));
    assert_eq!(ended(&knowing.handle(Input::Remembered, now())), again);
    assert_eq!(ended(&hear(&mut link, rewind())), BROKEN);
    let (mut late, _) = open(Bookmark::default(), 0);
    hear(&mut late, batch(1, 0, 1));
    assert_eq!(ended(&hear(&mut late, rewind())), BROKEN);
}

#[test]
fn silence_ends_a_connection_and_signs_of_life_keep_it() {
    let (mut link, _) = open(Bookmark::default(), 0);
    let mut at = now();
    let mut beats = 0;
    for second in 1..=60 {
        at = now().after(Duration::from_secs(second));
        let outputs = link.handle(Input::Tick, at);
        beats += outputs.iter().filter(|it| matches!(it, Output::Send(Frame::Beat(_)))).count();
        if second == 29 {
            link.handle(Input::Frame(Frame::Beat(Beat { now: at, head: 1, heard: None })), at);
        }
        if second < 59 {
            assert_eq!(ended(&outputs), None, "{second} s");
        }
    }
    assert!(link.is_over(), "{at}");
    assert_eq!(beats, 5);
}

#[test]
fn the_difference_of_the_clocks_is_measured_whatever_the_peer_says() {
    let (mut link, _) = open(Bookmark::default(), 0);
    let after = |seconds| now().after(Duration::from_secs(seconds));
    // Heard 4 s ago there; 2 s there and back; 90 s ahead.
    let heard = Some((now(), 4_000_000));
    let beat = Beat { now: after(95), head: 1, heard };
    let outputs = link.handle(Input::Frame(Frame::Beat(beat)), after(6));
    assert!(outputs.contains(&Output::Skew(90_000_000)), "{outputs:?}");
    for heard in [(Instant::FAR, 0), (now(), u64::MAX), (Instant::from_micros(i64::MIN), 0)] {
        let beat = Beat { now: Instant::from_micros(i64::MAX), head: u64::MAX, heard: Some(heard) };
        link.handle(Input::Frame(Frame::Beat(beat)), after(7));
    }
}

#[test]
fn frames_are_bounded_before_they_are_kept() {
    let frame = Frame::Beat(Beat { now: now(), head: 1, heard: None });
    let octets = frame.encode().unwrap();
    let mut decoder = Decoder::default();
    for octet in &octets {
        assert_eq!(decoder.frame(), Ok(None));
        decoder.push(&[*octet]);
    }
    assert_eq!(decoder.frame(), Ok(Some(frame.clone())));
    let mut unknown = octets.clone();
    unknown[4] = 200;
    decoder.push(&unknown);
    decoder.push(&octets);
    assert_eq!(decoder.frame(), Ok(Some(frame)), "an unknown type is skipped");
    for length in [0, u32::try_from(LONGEST_FRAME + 1).unwrap(), u32::MAX] {
        let mut decoder = Decoder::default();
        decoder.push(&length.to_be_bytes());
        assert!(matches!(decoder.frame(), Err(FrameError::TooLong(_))), "{length}");
    }
    let spaces = |octets: usize| zstd::bulk::compress(&vec![b' '; octets], 19).unwrap();
    let small = [4, 5, 6, 7, 8].map(|kind| (kind, LARGEST_SMALL));
    for (kind, largest) in small.into_iter().chain([(1, LARGEST_HELLO)]) {
        assert_eq!(Frame::decode(kind, &spaces(largest + 1)), Err(FrameError::Compression));
        assert!(matches!(Frame::decode(kind, &spaces(largest)), Err(FrameError::Content { .. })));
    }
    let bomb = zstd::bulk::compress(&vec![b' '; LARGEST_BATCH + 1], 19).unwrap();
    assert!(bomb.len() < 2000);
    assert_eq!(Frame::decode(3, &bomb), Err(FrameError::Compression));
    assert_eq!(Frame::decode(3, b"no"), Err(FrameError::Compression));
}

#[test]
fn what_is_damaged_is_not_taken_for_what_was_sent() {
    let hello = Frame::Hello(Box::new(hello()));
    let octets = hello.encode().unwrap();
    for place in 5..octets.len() {
        let mut damaged = octets.clone();
        damaged[place] ^= 4;
        let read = Frame::decode(1, &damaged[5..]);
        assert!(read.is_err() || read == Ok(Some(hello.clone())), "{place}");
    }
}

#[test]
fn lists_that_are_too_long_are_refused_while_they_are_read() {
    let read = |kind, value: &serde_json::Value| {
        let json = serde_json::to_vec(value).unwrap();
        Frame::decode(kind, &zstd::bulk::compress(&json, 1).unwrap())
    };
    let Frame::Batch(empty) = batch(1, 0, 1) else { panic!() };
    let mut whole = serde_json::to_value(&empty).unwrap();
    let envelope = serde_json::to_value(crate::scene::relayed()).unwrap();
    whole["envelopes"] = vec![envelope.clone(); MOST_ENVELOPES].into();
    assert!(matches!(read(3, &whole), Ok(Some(Frame::Batch(_)))));
    whole["envelopes"] = vec![envelope.clone(); MOST_ENVELOPES + 1].into();
    let Err(FrameError::Content { what, .. }) = read(3, &whole) else { panic!() };
    assert!(what.contains("at most 1000"), "{what}");
    let passages = envelope["hops"][0]["passages"][0].clone();
    for (many, reads) in [(128, true), (129, false)] {
        let mut long = envelope.clone();
        long["hops"][0]["passages"] = vec![passages.clone(); many].into();
        whole["envelopes"] = vec![long].into();
        assert_eq!(read(3, &whole).is_ok(), reads, "{many}");
    }
}

#[test]
fn whoever_says_much_beside_its_batches_is_sent_away() {
    let (mut link, _) = open(Bookmark::default(), 0);
    let says = |link: &mut Link, octets| {
        let weighed = link.handle(Input::Octets(octets), now());
        let heard = hear(link, Frame::Cards(vec![]));
        assert!(!heard.iter().any(|it| matches!(it, Output::Learn(_))), "nothing to learn");
        ended(&weighed)
    };
    for second in 0..10_000 {
        link.handle(Input::Tick, now());
        assert_eq!(says(&mut link, 1 << 20), None, "{second}");
    }
    let much = (0..100).find(|_| says(&mut link, LARGEST_CARDS) == BROKEN);
    assert!(much.is_some_and(|much| (4..=8).contains(&much)), "{much:?}");
}

#[test]
fn a_card_is_small_and_a_long_connection_hears_of_many() {
    let mut says = crate::scene::statement("d");
    says.serves.organisations = (0..1_000).map(|n| id(&format!("{n:x>96}"))).collect();
    assert!(says.sign(&crate::scene::key("d")).check().is_err());
    let (mut link, _) = open(Bookmark::default(), 0);
    let some = vec![card("d"); 1_000];
    for minute in 0..100 {
        (0..1_000).for_each(|_| drop(link.handle(Input::Tick, now())));
        assert_eq!(ended(&hear(&mut link, Frame::Cards(some.clone()))), None, "{minute}");
    }
}

/// An envelope with an object of so many octets.
fn large(octets: usize) -> Envelope {
    let mut envelope = crate::scene::relayed();
    let What::Item(item) = &mut envelope.what else { panic!("no item") };
    let text =
        format!("{{\"id\":\"report--{}\",\"x\":\"{}\"}}", "0".repeat(36), "x".repeat(octets));
    item.object = Object::new(text).unwrap();
    envelope
}

#[test]
fn more_in_batches_than_may_be_on_the_way_ends_the_connection() {
    let bring = |link: &mut Link, number: u64, octets: usize| {
        link.handle(Input::OctetsOfBatch(octets), now());
        hear(link, batch(number, number - 1, number))
    };
    let (mut link, _) = open(Bookmark::default(), 0);
    assert_eq!(ended(&bring(&mut link, 1, ON_THE_WAY / 2)), None);
    assert_eq!(ended(&bring(&mut link, 2, ON_THE_WAY / 2)), None);
    assert_eq!(ended(&bring(&mut link, 3, 1)), BROKEN);
    // Alone one may be as large as any, and once it is durable there is room for the next.
    let (mut link, _) = open(Bookmark::default(), 0);
    for number in 1..=3 {
        let outputs = bring(&mut link, number, ON_THE_WAY + 1);
        let taking = outputs.iter().find_map(|it| match it {
            Output::Take(taking) => Some(taking.clone()),
            _ => None,
        });
        let mut bookmark = taking.expect("it is taken in").bookmark;
        bookmark.add(Span { after: number - 1, upto: number }, Digest::default());
        let (outcomes, refused, gave_way) = (vec![], vec![], vec![]);
        let taken = Taken { number, bookmark, outcomes, refused, gave_way, opened: false };
        assert_eq!(ended(&link.handle(Input::Taken(taken), now())), None);
    }
}

#[test]
fn the_largest_object_goes_in_a_frame_and_no_second_beside_it() {
    let envelope = large(LARGEST_OBJECT - 100);
    assert!(envelope.fits_with(Passages::none()));
    let (mut link, outputs) = open(Bookmark::default(), 0);
    let ask = outputs.iter().find_map(|it| match it {
        Output::Fetch(ask) if ask.lane == Lane::Backlog => Some(ask.clone()),
        _ => None,
    });
    let ask = ask.expect("it reads the backlog");
    let upto = mark(ask.span.upto);
    let fetched = Fetched { ask, upto, envelopes: vec![envelope.clone(), envelope] };
    let sent = |outputs: &[Output]| {
        let batches = outputs.iter().filter_map(|it| match it {
            Output::Send(frame @ Frame::Batch(batch)) => {
                let octets = frame.encode().unwrap();
                let read = Frame::decode(octets[4], &octets[5..]).unwrap();
                assert_eq!(read.as_ref(), Some(frame));
                Some(batch.number)
            }
            _ => None,
        });
        batches.collect::<Vec<_>>()
    };
    assert_eq!(sent(&link.handle(Input::Fetched(fetched), now())), [1]);
    let more = Frame::Credit(Credit { batches: 8, taken: 0 });
    assert_eq!(sent(&hear(&mut link, more)), [] as [u64; 0], "the first is on its way");
    let taken = Frame::Credit(Credit { batches: 1, taken: 1 });
    assert_eq!(sent(&hear(&mut link, taken)), [2]);
}

#[test]
fn a_part_of_a_frame_is_a_sign_of_life() {
    let (mut link, _) = open(Bookmark::default(), 0);
    let later = |seconds| now().after(Duration::from_secs(seconds));
    link.handle(Input::Part, later(29));
    assert_eq!(ended(&link.handle(Input::Tick, later(58))), None);
    assert_eq!(ended(&link.handle(Input::Tick, later(59))), Some((Farewell::Silent, By::Us)));
}

#[test]
fn a_part_of_a_greeting_is_no_sign_of_life() {
    let mut link = link(Bookmark::default());
    let later = |seconds| now().after(Duration::from_secs(seconds));
    link.handle(Input::Part, later(29));
    assert_eq!(ended(&link.handle(Input::Tick, later(29))), None);
    link.handle(Input::Part, later(30));
    assert_eq!(ended(&link.handle(Input::Tick, later(30))), Some((Farewell::Silent, By::Us)));
}

#[test]
fn what_there_is_none_of_need_not_be_written_in_a_frame() {
    let read = |kind, json: &serde_json::Value| {
        let json = serde_json::to_vec(json).unwrap();
        Frame::decode(kind, &zstd::bulk::compress(&json, 1).unwrap()).unwrap().unwrap()
    };
    let Frame::Batch(empty) = batch(1, 0, 1) else { panic!() };
    let mut without = serde_json::to_value(&empty).unwrap();
    without.as_object_mut().unwrap().remove("envelopes");
    assert_eq!(read(3, &without), Frame::Batch(empty));
    let hello = hello();
    let mut without = serde_json::to_value(&hello).unwrap();
    without.as_object_mut().unwrap().remove("resume");
    assert_eq!(read(1, &without), Frame::Hello(Box::new(hello)));
    assert_eq!(read(6, &serde_json::json!({})), Frame::Notice(Notice { refusals: vec![] }));
}
