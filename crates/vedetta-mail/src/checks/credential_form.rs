//! Forms that ask for a password, in the message or in a page that came with it.

use super::{Confidence, Finding, Group, Scene, Severity};
use crate::attachment::Trait;

pub(super) fn check(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let evidence = scene.evidence;
    let attached =
        evidence.attachments.iter().find(|file| file.traits.contains(&Trait::PasswordForm));
    let within = evidence.web_forms.iter().find(|(_, password)| *password);
    let place = match (attached, within) {
        (Some(file), _) => file.name.clone(),
        (None, Some((action, _))) => crate::url::defang(action),
        (None, None) => {
            if let Some((action, _)) = evidence.web_forms.first() {
                let action = crate::url::defang(action);
                findings.push(
                    Finding::new(
                        "credential-form/form",
                        Group::Content,
                        Severity::Low,
                        Confidence::Medium,
                    )
                    .says(
                        "Il messaggio contiene un modulo da compilare.",
                        "The message contains a form to fill in.",
                    )
                    .notes(format!("modulo verso {action}"), format!("form towards {action}")),
                );
            }
            return;
        }
    };
    findings.push(
        Finding::new("credential-form/password", Group::Files, Severity::High, Confidence::High)
            .says(
                "Chiede di scrivere la password in un modulo.",
                "It asks to type the password into a form.",
            )
            .notes(format!("campo password: {place}"), format!("password field: {place}")),
    );
}
