//! What speaks for a message: it has much to read and leads to many places, as newsletters do. A lure
//! wants one click.

use std::collections::BTreeSet;

use super::{Confidence, Finding, Group, Scene, Severity};
use crate::link::Origin;

/// Letters that are seen, and places that links lead to, at least.
pub(super) const LETTERS: usize = 1500;
const PLACES: usize = 8;

pub(super) fn check(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let evidence = scene.evidence;
    let letters = scene.letters;
    let links = scene.links.iter().filter(|link| !matches!(link.origin, Origin::Within));
    let places: BTreeSet<&str> = links.map(|link| link.target.url.as_str()).collect();
    let asks_password = evidence.web_forms.iter().any(|(_, password)| *password);
    if letters < LETTERS || places.len() < PLACES || asks_password {
        return;
    }
    let note = |it: bool| match it {
        true => format!("{letters} caratteri, {} luoghi", places.len()),
        false => format!("{letters} letters, {} places", places.len()),
    };
    findings.push(
        Finding::new(
            crate::verdict::MUCH_TO_READ,
            Group::Structure,
            Severity::Low,
            Confidence::Low,
        )
        .says(
            "C'è molto da leggere, con molti collegamenti diversi: come in un notiziario.",
            "There is much to read, with many different links: as in a newsletter.",
        )
        .notes(note(true), note(false)),
    );
}
