//! Malformations that sending kits leave behind.

use super::{Confidence, Finding, Group, Scene, Severity};
use crate::mime::Damage;

pub(super) fn check(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let evidence = scene.evidence;
    if evidence.damage.contains(&Damage::NoBoundary) {
        findings.push(
            Finding::new(
                "kit-structure/no-boundary",
                Group::Structure,
                Severity::Low,
                Confidence::Medium,
            )
            .says("Il messaggio è costruito male.", "The message is badly made.")
            .notes("multipart senza confine", "multipart without its boundary"),
        );
    }
    let templates = ["{{", "##", "%%", "[[-", "{%"]
        .iter()
        .filter(|mark| evidence.subject.contains(**mark))
        .count();
    let left = [
        "[email",
        "{email",
        "#email#",
        "##email##",
        "[-email-]",
        "%email%",
        "{{name",
        "[victim",
        "%%emailaddress%%",
    ];
    if templates > 0 || left.iter().any(|mark| scene.words.contains(mark)) {
        findings.push(
            Finding::new(
                "kit-structure/unfilled",
                Group::Structure,
                Severity::Medium,
                Confidence::Low,
            )
            .says(
                "È rimasto un segnaposto di chi invia in massa.",
                "A placeholder of mass mailing was left in.",
            )
            .notes("segnaposto non riempito", "placeholder not filled in"),
        );
    }
    hardly_any_text(scene, findings);
}

fn hardly_any_text(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let evidence = scene.evidence;
    let said = evidence.text.trim().len();
    let seen = evidence.pictures.remote + evidence.pictures.enclosed;
    if said < 200 && seen > 0 && !scene.links.is_empty() {
        findings.push(
            Finding::new(
                "kit-structure/picture-only",
                Group::Structure,
                Severity::Medium,
                Confidence::Medium,
            )
            .says(
                "Il messaggio è quasi solo un'immagine da cliccare.",
                "The message is hardly more than a picture to click.",
            )
            .notes(
                format!("{said} caratteri, {seen} immagini"),
                format!("{said} characters, {seen} pictures"),
            ),
        );
    }
    let subject_is_all = said < 20 && seen == 0 && !evidence.attachments.is_empty();
    if subject_is_all {
        findings.push(
            Finding::new(
                "kit-structure/attachment-only",
                Group::Structure,
                Severity::Low,
                Confidence::Low,
            )
            .says(
                "C'è solo un allegato, senza spiegazione.",
                "There is only an attachment, without a word.",
            )
            .notes("solo allegato", "attachment only"),
        );
    }
}
