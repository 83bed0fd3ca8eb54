//! The receiver recorded that the sender is not who it says. Passing says nothing: whoever owns a
//! domain can pass for it.

use super::{Confidence, Finding, Group, Scene, Severity, shown};
use crate::authentication::Outcome;

pub(super) fn check(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let read = &scene.evidence.authentication;
    let note = || {
        let results =
            [("SPF", read.spf), ("DKIM", read.dkim), ("DMARC", read.dmarc), ("ARC", read.arc)];
        let recorded = results.iter().filter(|(_, outcome)| *outcome != Outcome::Absent);
        let mut note = (shown(scene.sender), shown(scene.sender));
        for (name, outcome) in recorded {
            let (it, en) = outcome.words();
            note.0 += &format!(", {name} {it}");
            note.1 += &format!(", {name} {en}");
        }
        note
    };
    let says = (
        "Il server di posta ha registrato che il mittente non è chi dice di essere.",
        "The mail server recorded that the sender is not who it says.",
    );
    // Handing on breaks SPF and signatures; who is believed vouches for how it was before.
    let sealed = read.arc == Outcome::Pass && scene.desk.believes(&read.sealed_by);
    if sealed {
        return;
    }
    if read.dmarc == Outcome::Fail {
        let (it, en) = note();
        findings.push(
            Finding::new(
                "authentication-failed/dmarc",
                Group::Identity,
                Severity::Medium,
                Confidence::Medium,
            )
            .says(says.0, says.1)
            .notes(it, en),
        );
    } else if read.spf.failed() && read.dkim != Outcome::Pass {
        let (it, en) = note();
        findings.push(
            Finding::new(
                "authentication-failed/spf",
                Group::Identity,
                Severity::Low,
                Confidence::Medium,
            )
            .says(says.0, says.1)
            .notes(it, en),
        );
    } else if read.dkim == Outcome::Fail {
        let (it, en) = note();
        findings.push(
            Finding::new(
                "authentication-failed/dkim",
                Group::Identity,
                Severity::Low,
                Confidence::Low,
            )
            .says("La firma del messaggio non è valida.", "The message's signature does not hold.")
            .notes(it, en),
        );
    }
}
