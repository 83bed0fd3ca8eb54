//! The name of a public body, a bank, a carrier or a brand on a message that is not theirs.

use super::{Confidence, Finding, Group, Scene, Severity, shown};
use crate::brands::Brand;

/// How much of the text may introduce the message.
const OPENING: usize = 1500;

pub(super) fn check(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let Some(sender) = scene.evidence.sender() else { return };
    let brands = scene.desk.brands;
    if scene.sender.is_empty() || brands.owner(scene.sender).is_some() {
        return;
    }
    let strange = |brand: &&Brand| !brand.owns(scene.sender) && !is_own_name(brand, scene);
    let local = sender.address.split('@').next().unwrap_or_default();
    let name = format!("{} {}", sender.name.to_lowercase(), local.replace(['.', '-', '_'], " "));
    if let Some(brand) = brands.named(&name).into_iter().find(strange) {
        findings.push(
            Finding::new("borrowed-name/sender", Group::Identity, Severity::High, Confidence::High)
                .says(
                    format!(
                        "Si firma «{}», ma non scrive da un indirizzo di {}.",
                        brand.name, brand.name
                    ),
                    format!(
                        "It signs as \"{}\", but does not write from an address of theirs.",
                        brand.name
                    ),
                )
                .notes(
                    format!("nome «{}», dominio {}", brand.name, shown(scene.sender)),
                    format!("name \"{}\", domain {}", brand.name, shown(scene.sender)),
                ),
        );
        return;
    }
    let opening: String = scene.words.chars().take(OPENING).collect();
    let subject = scene.evidence.subject.to_lowercase();
    let in_subject = brands.named(&subject).into_iter().find(strange);
    let leads_home = |brand: &Brand| {
        let leads = |link: &&crate::link::Link| link.origin != crate::link::Origin::Within;
        scene.links.iter().copied().filter(leads).any(|link| brand.owns(&link.target.host))
    };
    let named = in_subject.map(|brand| (brand, "borrowed-name/subject"));
    let named = named.or_else(|| {
        let named = brands.named(&opening).into_iter().find(strange);
        named
            .filter(|brand| !scene.links.is_empty() && !leads_home(brand))
            .map(|brand| (brand, "borrowed-name/text"))
    });
    if let Some((brand, slug)) = named {
        findings.push(
            Finding::new(slug, Group::Identity, Severity::Medium, Confidence::Low)
                .says(
                    format!("Parla a nome di {}, ma non viene da lì.", brand.name),
                    format!("It speaks for {}, but does not come from there.", brand.name),
                )
                .notes(
                    format!("nomina «{}», dominio {}", brand.name, shown(scene.sender)),
                    format!("names \"{}\", domain {}", brand.name, shown(scene.sender)),
                ),
        );
    }
}

/// A domain that is simply called so (a namesake), not a borrowed name with something added.
fn is_own_name(brand: &Brand, scene: &Scene<'_>) -> bool {
    let label = scene.sender_registered.split('.').next().unwrap_or_default();
    brand.words.iter().any(|word| word.replace([' ', '.', '\''], "") == label)
}
