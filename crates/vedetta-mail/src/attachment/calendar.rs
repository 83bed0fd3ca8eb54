//! Invitations (RFC 5545): their text and links are the message's.

use super::Study;
use crate::budget::Obstacle;
use crate::link::Origin;

const LARGEST: usize = 256 << 10;

pub(super) fn study(study: &mut Study<'_>, name: &str, bytes: &[u8]) {
    let part = bytes.get(..LARGEST).unwrap_or(bytes);
    if part.len() < bytes.len() {
        study.budget.unread(name, Obstacle::TooLarge);
    }
    let text = transfer::charset::decode(part, None);
    let unfolded =
        text.replace("\r\n ", "").replace("\n ", "").replace("\\n", "\n").replace("\\,", ",");
    let said =
        |line: &&str| ["SUMMARY", "DESCRIPTION", "LOCATION"].iter().any(|it| line.starts_with(it));
    for line in unfolded.lines().filter(said) {
        let words = line.split_once(':').map_or("", |(_, words)| words);
        study.add_text(name, words);
    }
    study.text_links(name, &unfolded, Origin::Calendar);
}
