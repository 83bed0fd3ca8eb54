//! Octets of a peer are frames as they say, wherever the network cuts them, up to one that is too large.

#![no_main]

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use libfuzzer_sys::fuzz_target;
use vedetta_link::frames::{Broken, Frames, Outgoing};

const LARGEST: usize = 64;

fn frames(octets: &[u8], cut: usize) -> (Vec<Vec<u8>>, Option<(usize, usize)>) {
    let pieces = octets.chunks(cut);
    let (sender, body) = Outgoing::with_room_for(pieces.len().max(1));
    pieces.for_each(|piece| sender.try_send(piece.to_vec().into()).expect("there is room"));
    drop(sender);
    let (mut frames, mut whole) = (Frames::of(body, LARGEST), Vec::new());
    loop {
        let next = pin!(frames.next()).poll(&mut Context::from_waker(Waker::noop()));
        match next {
            Poll::Ready(Ok(frame)) => whole.push(frame.to_vec()),
            Poll::Ready(Err(Broken::TooLarge(said, most))) => return (whole, Some((said, most))),
            Poll::Ready(Err(_)) => return (whole, None),
            Poll::Pending => unreachable!("all of it is there"),
        }
    }
}

fuzz_target!(|octets: &[u8]| {
    let (whole, too_large) = frames(octets, octets.len().max(1));
    assert_eq!(frames(octets, 3), (whole.clone(), too_large));
    assert!(whole.iter().all(|frame| frame.len() <= LARGEST));
    assert!(too_large.is_none_or(|(said, most)| said > most && most == LARGEST));
    let mut again = Vec::new();
    for frame in &whole {
        again.extend(u32::try_from(frame.len()).expect("it is small").to_be_bytes());
        again.extend(frame);
    }
    assert!(octets.starts_with(&again));
});
