//! What speaks for a message: it comes from the domain it names, and leads only there. A pass alone
//! says nothing; this says little.

use super::{Confidence, Finding, Group, Scene, Severity, shown};
use crate::hosting;

pub(super) fn check(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    named_alike(scene, findings);
    leads_home(scene, findings);
}

/// Whether something speaks against the sender, or it is worth forging and nobody vouches for it:
/// then that its name and address agree says nothing.
fn is_disputed(scene: &Scene<'_>, findings: &[Finding]) -> bool {
    let read = &scene.evidence.authentication;
    let against = |it: &Finding| {
        it.group == Group::Identity
            && it.severity >= Severity::Medium
            && it.confidence >= Confidence::Medium
    };
    let own = || {
        let mut own = scene.desk.own_domains.iter();
        own.any(|domain| crate::url::registered(domain) == scene.sender_registered)
    };
    let forged = [read.dmarc, read.spf, read.dkim].iter().any(|outcome| outcome.failed());
    let worth_forging = || scene.desk.brands.owner(scene.sender).is_some() || own();
    forged || findings.iter().any(against) || !scene.vouched && worth_forging()
}

fn leads_home(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let read = &scene.evidence.authentication;
    if scene.sender.is_empty()
        || read.dmarc.failed()
        || read.spf.failed()
        || hosting::of(scene.sender).is_some()
    {
        return;
    }
    let brand = scene.desk.brands.owner(scene.sender);
    let home = |host: &str| {
        crate::url::registered(host) == scene.sender_registered
            || brand.is_some_and(|brand| brand.owns(host))
    };
    if !scene.links.iter().all(|link| home(&link.target.host)) {
        return;
    }
    let slug = match (brand, scene.links.is_empty(), scene.vouched) {
        (Some(_), _, true) => "true-sender/brand",
        (None, false, true) => "true-sender/vouched",
        (_, false, false) => "true-sender/links",
        _ => return,
    };
    findings.push(
        Finding::new(slug, Group::Identity, Severity::Low, Confidence::Low)
            .says(
                "I collegamenti portano al sito del mittente.",
                "The links lead to the sender's own site.",
            )
            .notes(
                format!("tutto entro {}", shown(scene.sender)),
                format!("all within {}", shown(scene.sender)),
            ),
    );
}

/// The shown name and the domain, or the mailbox, are of one word; or have nothing in common.
fn named_alike(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let Some(sender) = scene.evidence.sender() else { return };
    let plain = |text: &str| text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "");
    let label = plain(scene.sender_registered.split('.').next().unwrap_or_default());
    let mailbox = plain(sender.address.split('@').next().unwrap_or_default());
    let words: Vec<String> =
        sender.name.split_whitespace().map(plain).filter(|word| word.len() > 2).collect();
    if words.is_empty() || label.is_empty() || sender.name.contains('@') {
        return;
    }
    let whole = plain(&sender.name);
    let of = |name: &str| {
        let shares = |word: &String| {
            word.len() > 3 && name.contains(word.as_str()) || name.len() > 3 && word.contains(name)
        };
        whole.contains(name) && name.len() > 2 || words.iter().any(shares)
    };
    let finding = if of(&label) && hosting::of(scene.sender).is_none() {
        if is_disputed(scene, findings) {
            return;
        }
        Finding::new("true-sender/name", Group::Identity, Severity::Low, Confidence::Low).says(
            "Il nome e l'indirizzo del mittente concordano.",
            "The sender's name and address agree.",
        )
    } else if of(&mailbox) {
        return;
    } else {
        Finding::new(
            "sender-mismatch/unrelated-name",
            Group::Identity,
            Severity::Low,
            Confidence::Low,
        )
        .says(
            "Il nome del mittente non ha niente a che fare con il suo indirizzo.",
            "The sender's name has nothing to do with its address.",
        )
    };
    let note =
        format!("«{}» {}", sender.name.chars().take(60).collect::<String>(), shown(scene.sender));
    findings.push(finding.notes(note.clone(), note));
}
