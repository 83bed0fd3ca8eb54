//! How alike the words are to those of messages that were reported. It supports; it never decides.

use super::{Confidence, Finding, Group, Scene, Severity};

pub(super) fn check(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let likeness = scene.desk.model.likeness(scene.evidence);
    let (it, en) = if likeness > 0.0 {
        (
            "Il modo in cui è scritto somiglia a messaggi già segnalati.",
            "It is written like messages that were reported before.",
        )
    } else {
        (
            "Il modo in cui è scritto somiglia a messaggi legittimi.",
            "It is written like legitimate messages.",
        )
    };
    let note = format!("{likeness:+.2}");
    findings.push(
        Finding::new("text-model", Group::Style, Severity::Low, Confidence::Low)
            .says(it, en)
            .notes(format!("somiglianza {note}"), format!("likeness {note}"))
            .of_amount(likeness),
    );
}
