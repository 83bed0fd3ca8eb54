//! Invitations (RFC 5545): their text and links are the message's.

use super::Study;
use crate::link::Origin;

pub(super) fn study(study: &mut Study<'_>, bytes: &[u8]) {
    let part = bytes.get(..1 << 18).unwrap_or(bytes);
    let text = crate::charset::decode(part, None);
    let unfolded =
        text.replace("\r\n ", "").replace("\n ", "").replace("\\n", "\n").replace("\\,", ",");
    let said =
        |line: &&str| ["SUMMARY", "DESCRIPTION", "LOCATION"].iter().any(|it| line.starts_with(it));
    for line in unfolded.lines().filter(said).take(50) {
        let words = line.split_once(':').map_or("", |(_, words)| words);
        study.add_text(words);
    }
    study.text_links(&unfolded, Origin::Calendar);
}
