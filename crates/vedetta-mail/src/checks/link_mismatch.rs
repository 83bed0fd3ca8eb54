//! Links that show one place and lead to another, or hide where they lead.

use super::{Confidence, Finding, Group, Scene, Severity, shown};
use crate::link::Origin;

pub(super) fn check(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    for link in &scene.links {
        if let Some(said) = link.shown_host()
            && said.registered != link.target.registered
        {
            let brand = scene.desk.brands.owner(&said.host);
            let of_brand = brand.is_some_and(|brand| !brand.owns(&link.target.host));
            let same_sender = link.target.registered == scene.sender_registered;
            let (slug, severity, confidence) = match (of_brand, same_sender) {
                (true, false) => ("link-mismatch/brand", Severity::High, Confidence::High),
                // A newsletter counts its clicks on the way to others; or a lure is at home.
                (true, true) => {
                    ("link-mismatch/brand-by-sender", Severity::Medium, Confidence::Medium)
                }
                (false, false) => ("link-mismatch/shown", Severity::Medium, Confidence::High),
                (false, true) => ("link-mismatch/tracked", Severity::Medium, Confidence::Low),
            };
            findings.push(
                Finding::new(slug, Group::Links, severity, confidence)
                    .says(
                        "Un collegamento mostra un indirizzo e porta a un altro.",
                        "A link shows one address and leads to another.",
                    )
                    .notes(
                        format!("mostra {}, porta a {}", shown(&said.host), link.target.defanged()),
                        format!("shows {}, leads to {}", shown(&said.host), link.target.defanged()),
                    )
                    .about((confidence > Confidence::Low).then_some(link.target.host.as_str())),
            );
        }
        if link.origin == Origin::Code {
            findings.push(
                Finding::new(
                    "link-mismatch/code",
                    Group::Links,
                    Severity::Medium,
                    Confidence::Medium,
                )
                .says("Chiede di inquadrare un codice QR.", "It asks to scan a QR code.")
                .notes(
                    format!("QR: {}", link.target.defanged()),
                    format!("QR: {}", link.target.defanged()),
                )
                .about([link.target.host.as_str()]),
            );
        }
        if link.target.user.is_some() {
            findings.push(
                Finding::new("link-mismatch/user", Group::Links, Severity::High, Confidence::High)
                    .says(
                        "Un collegamento nasconde il vero sito dietro una chiocciola.",
                        "A link hides its site behind an at sign.",
                    )
                    .notes(link.target.defanged(), link.target.defanged())
                    .about([link.target.host.as_str()]),
            );
        }
    }
}
