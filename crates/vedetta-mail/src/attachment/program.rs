//! Shortcuts: what they start is written in them.

use super::{Study, Trait};
use crate::budget::Obstacle;
use crate::link::Origin;

const LARGEST: usize = 64 << 10;

pub(super) fn study_shortcut(
    study: &mut Study<'_>,
    name: &str,
    bytes: &[u8],
    traits: &mut Vec<Trait>,
) {
    traits.push(Trait::Shortcut);
    let part = bytes.get(..LARGEST).unwrap_or(bytes);
    if part.len() < bytes.len() {
        study.budget.unread(name, Obstacle::TooLarge);
    }
    let narrow: String =
        part.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
    study.text_links(name, &narrow, Origin::Attachment);
    let lower = narrow.to_ascii_lowercase();
    if ["powershell", "cmd.exe", "mshta", "rundll32", "wscript"].iter().any(|it| lower.contains(it))
    {
        traits.push(Trait::Executable);
    }
}
