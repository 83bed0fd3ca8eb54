//! From, Reply-To and the shown name that do not agree.

use super::{Confidence, Finding, Group, Scene, Severity, shown};
use crate::hosting::{self, Hosting};
use crate::url::registered;

pub(super) fn check(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    reply_elsewhere(scene, findings);
    name_with_another_address(scene, findings);
    no_address(scene, findings);
    role_at_free_mail(scene, findings);
    colleague_from_outside(scene, findings);
    certified_otherwise(scene, findings);
}

fn reply_elsewhere(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let Some(reply) = scene.evidence.reply_to.first().filter(|reply| !reply.address.is_empty())
    else {
        return;
    };
    if scene.sender.is_empty() || registered(reply.domain()) == scene.sender_registered {
        return;
    }
    let free = hosting::of(reply.domain()) == Some(Hosting::Free);
    let (slug, severity) = if free {
        ("sender-mismatch/reply-to-free-mail", Severity::Medium)
    } else {
        ("sender-mismatch/reply-to", Severity::Low)
    };
    findings.push(
        Finding::new(slug, Group::Identity, severity, Confidence::Medium)
            .says(
                "Se si risponde, la risposta va a un indirizzo diverso da quello del mittente.",
                "An answer would go to another address than the sender's.",
            )
            .notes(
                format!("From {}, Reply-To {}", shown(scene.sender), shown(reply.domain())),
                format!("From {}, Reply-To {}", shown(scene.sender), shown(reply.domain())),
            ),
    );
}

fn name_with_another_address(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let Some(sender) = scene.evidence.sender() else { return };
    let named = crate::text::addresses(&sender.name).next();
    let other = named.filter(|named| *named != sender.address);
    let Some(other) = other else { return };
    let domain = other.rsplit('@').next().unwrap_or_default();
    if registered(domain) == scene.sender_registered {
        return;
    }
    findings.push(
        Finding::new(
            "sender-mismatch/name-is-an-address",
            Group::Identity,
            Severity::Medium,
            Confidence::High,
        )
        .says(
            "Il nome mostrato è un indirizzo che non è quello vero del mittente.",
            "The shown name is an address that is not the sender's own.",
        )
        .notes(
            format!("mostra {}, scrive da {}", shown(domain), shown(scene.sender)),
            format!("shows {}, writes from {}", shown(domain), shown(scene.sender)),
        ),
    );
}

fn no_address(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let header = scene.evidence.header == crate::evidence::Header::Original;
    if scene.sender.contains('.') || !header {
        return;
    }
    findings.push(
        Finding::new(
            "sender-mismatch/no-address",
            Group::Identity,
            Severity::Low,
            Confidence::Medium,
        )
        .says("Il mittente non ha un indirizzo valido.", "The sender has no valid address.")
        .notes("From senza indirizzo valido", "From without a valid address"),
    );
}

const ROLES: &[&str] = &[
    "support",
    "supporto",
    "assistenza",
    "service",
    "servizio",
    "admin",
    "amministra",
    "security",
    "sicurezza",
    "help desk",
    "helpdesk",
    "direttore",
    "direzione",
    "director",
    "dirigente",
    "sindaco",
    "presidente",
    "president",
    "ceo",
    "manager",
    "bank",
    "banca",
    "polizia",
    "ministero",
    "agenzia",
    "ufficio",
    "office",
    "account",
    "billing",
    "fattur",
    "department",
    "team",
    "lottery",
    "foundation",
    "united nations",
    "barrister",
    "attorney",
    "avvocato",
    "customer",
    "clienti",
    "notifica",
    "notification",
    "alert",
    "avviso",
    "webmail",
    "invoice",
    "payment",
    "loan",
    "prestito",
    "update",
    "verify",
    "verifica",
];

/// Somebody in office who writes from where anybody can.
fn role_at_free_mail(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let Some(sender) = scene.evidence.sender() else { return };
    let name = sender.name.to_lowercase();
    let role = ROLES.iter().find(|role| name.contains(**role));
    if hosting::of(scene.sender) != Some(Hosting::Free) {
        return;
    }
    let Some(role) = role else { return };
    findings.push(
        Finding::new(
            "sender-mismatch/role-at-free-mail",
            Group::Identity,
            Severity::Medium,
            Confidence::Medium,
        )
        .says(
            "Si presenta come un ufficio, ma scrive da una casella gratuita.",
            "It presents itself as an office, but writes from a free mailbox.",
        )
        .notes(
            format!("«{role}» da {}", shown(scene.sender)),
            format!("\"{role}\" from {}", shown(scene.sender)),
        ),
    );
}

/// One of the reporters' own domains, not vouched for. Where nothing was recorded it may be a letter
/// within the house.
fn colleague_from_outside(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let own =
        scene.desk.own_domains.iter().any(|domain| registered(domain) == scene.sender_registered);
    let original = scene.evidence.header == crate::evidence::Header::Original;
    if !own || scene.vouched || !original {
        return;
    }
    let read = &scene.evidence.authentication;
    let denied = read.spf.failed() || read.dmarc.failed() || read.dkim.failed();
    let told = denied || read.is_recorded() && scene.desk.believes(&read.recorded_by);
    let (slug, severity, confidence) = match told {
        true => ("sender-mismatch/own-domain", Severity::High, Confidence::Medium),
        false => ("sender-mismatch/own-domain-unrecorded", Severity::Low, Confidence::Low),
    };
    findings.push(
        Finding::new(slug, Group::Identity, severity, confidence)
            .says(
                "Sembra scritto da un collega, ma il server non lo conferma.",
                "It seems to come from a colleague, but the server does not confirm it.",
            )
            .notes(
                format!("{} senza conferma", shown(scene.sender)),
                format!("{} not vouched for", shown(scene.sender)),
            ),
    );
}

/// The envelope of certified mail declares another sender than the message in it.
fn certified_otherwise(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let declared = scene.evidence.certificate.as_ref().map(|it| it.sender.trim().to_lowercase());
    let declared = declared.filter(|declared| declared.contains('@')).unwrap_or_default();
    let written = scene.evidence.sender().map_or("", |sender| sender.address.as_str());
    if declared.is_empty() || written.is_empty() || declared == written {
        return;
    }
    findings.push(
        Finding::new(
            "sender-mismatch/certified",
            Group::Identity,
            Severity::Medium,
            Confidence::Medium,
        )
        .says(
            "La busta di posta certificata indica un mittente diverso da quello del messaggio.",
            "The envelope of certified mail names another sender than the message.",
        )
        .notes(
            format!("dichiarato {}, scritto {}", shown(&declared), shown(written)),
            format!("declared {}, written {}", shown(&declared), shown(written)),
        ),
    );
}
