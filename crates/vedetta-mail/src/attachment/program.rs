//! Shortcuts: what they start is written in them.

use super::{Study, Trait};
use crate::link::Origin;

pub(super) fn study_shortcut(study: &mut Study<'_>, bytes: &[u8], traits: &mut Vec<Trait>) {
    traits.push(Trait::Shortcut);
    let part = bytes.get(..1 << 16).unwrap_or(bytes);
    let narrow: String =
        part.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
    study.text_links(&narrow, Origin::Attachment);
    let lower = narrow.to_ascii_lowercase();
    if ["powershell", "cmd.exe", "mshta", "rundll32", "wscript"].iter().any(|it| lower.contains(it))
    {
        traits.push(Trait::Executable);
    }
}
