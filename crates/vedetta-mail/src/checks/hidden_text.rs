//! Text that is written and not seen, letters that are not what they look like.

use super::lookalike_domain::latin;
use super::{Confidence, Finding, Group, Scene, Severity};

pub(super) fn check(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let evidence = scene.evidence;
    if evidence.hidden.len() > 1500 && evidence.hidden.len() > 2 * evidence.text.len() {
        findings.push(
            Finding::new(
                "hidden-text/padding",
                Group::Structure,
                Severity::Medium,
                Confidence::Medium,
            )
            .says(
                "Contiene molto testo nascosto, messo per ingannare i filtri.",
                "It contains much hidden text, put there to deceive filters.",
            )
            .notes(
                format!("{} caratteri nascosti", evidence.hidden.len()),
                format!("{} hidden characters", evidence.hidden.len()),
            ),
        );
    }
    let mixed = mixed_words(&format!("{} {}", evidence.subject, evidence.text));
    if mixed > 0 {
        findings.push(
            Finding::new(
                "hidden-text/mixed-letters",
                Group::Structure,
                Severity::Medium,
                Confidence::High,
            )
            .says(
                "Alcune parole usano lettere di altri alfabeti che sembrano le nostre.",
                "Some words use letters of other alphabets that look like ours.",
            )
            .notes(
                format!("{mixed} parole con alfabeti misti"),
                format!("{mixed} words of mixed scripts"),
            ),
        );
    }
    if splits_words(scene) {
        findings.push(
            Finding::new(
                "hidden-text/invisible-letters",
                Group::Structure,
                Severity::Medium,
                Confidence::Medium,
            )
            .says(
                "Le parole sono spezzate con caratteri invisibili.",
                "Words are broken up with invisible characters.",
            )
            .notes(
                format!("{} caratteri invisibili", evidence.invisible),
                format!("{} invisible characters", evidence.invisible),
            ),
        );
    }
}

/// Newsletters pad their preview with a run of invisible letters; only what is much more counts.
fn splits_words(scene: &Scene<'_>) -> bool {
    let letters = scene.evidence.text.chars().filter(|c| c.is_alphabetic()).count();
    scene.evidence.invisible > 20 && scene.evidence.invisible * 4 > letters
}

/// Words that mix Latin letters with their lookalikes.
fn mixed_words(text: &str) -> usize {
    let words = text.split(|c: char| !c.is_alphabetic()).take(3000);
    words
        .filter(|word| {
            let latins = word.chars().any(|c| c.is_ascii_alphabetic());
            let others = word.chars().any(|c| !c.is_ascii() && latin(c).is_ascii());
            latins && others && word.chars().count() > 2
        })
        .count()
}
