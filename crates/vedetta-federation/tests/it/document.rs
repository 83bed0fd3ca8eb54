//! `docs/federation.md` shows what goes over the wire: it is what this crate writes.

use vedetta_federation::bookmark::{Bookmark, Span};
use vedetta_federation::digest::digest;
use vedetta_federation::frame::{Beat, Frame};
use vedetta_federation::pairing::{Code, LIFE, Secret};

use crate::scene;

const PAGE: &str = include_str!("../../../../docs/federation.md");

fn shown(what: &str, text: &str) {
    assert!(PAGE.contains(text), "docs/federation.md should show {what} as:\n{text}");
}

fn pretty(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

#[test]
fn the_page_shows_what_is_written() {
    let beat = Beat { now: scene::now(), head: 71, heard: None };
    shown("the content of a beat", &serde_json::to_string(&beat).unwrap());
    let mut bookmark = Bookmark { edition: "5b1d-1".into(), ..Bookmark::default() };
    bookmark.add(Span { after: 0, upto: 40 }, digest(&[b"forty"]));
    bookmark.add(Span { after: 60, upto: 71 }, digest(&[b"seventy-one"]));
    shown("a bookmark", &pretty(&bookmark));
    let envelope = scene::relayed();
    shown("an envelope", &pretty(&envelope));
    shown("its leaf", &envelope.leaf().to_string());
    shown("a card", &pretty(&scene::card("a")));
    let code = Code {
        address: "node.example.org:8444".into(),
        from: scene::id("a"),
        to: scene::id("b"),
        fingerprint: scene::key("a").public().fingerprint(),
        agreement: "all".parse().unwrap(),
        expires: scene::now().after(LIFE),
        secret: Secret::from_octets([7; 16]),
    };
    shown("a code", &code.to_string());
}

#[test]
fn the_page_shows_a_frame_that_is_read() {
    let beat = Frame::Beat(Beat { now: scene::now(), head: 71, heard: None });
    let hexadecimal: Vec<&str> = PAGE
        .lines()
        .filter(|line| line.len() > 60 && line.bytes().all(|it| it.is_ascii_hexdigit()))
        .filter(|line| line.starts_with("000000"))
        .collect();
    let [line] = hexadecimal[..] else {
        let octets = beat.encode().unwrap();
        let hexadecimal: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        panic!("docs/federation.md should show a beat as:\n{hexadecimal}");
    };
    let octet = |at: usize| u8::from_str_radix(&line[at..at + 2], 16).unwrap();
    let octets: Vec<u8> = (0..line.len()).step_by(2).map(octet).collect();
    let length = u32::try_from(octets.len() - 4).unwrap();
    assert_eq!(octets[..4], length.to_be_bytes());
    assert_eq!(Frame::decode(octets[4], &octets[5..]), Ok(Some(beat)));
}
