//! Files that can do harm, or that hide what they are.

use super::{Confidence, Finding, Group, Scene, Severity};
use crate::attachment::{Nature, Trait};

type Danger = (Trait, &'static str, Severity, Confidence, &'static str, &'static str);

const DANGERS: &[Danger] = &[
    (
        Trait::Executable,
        "attachment-danger/program",
        Severity::High,
        Confidence::High,
        "L'allegato è un programma.",
        "The attachment is a program.",
    ),
    (
        Trait::Shortcut,
        "attachment-danger/shortcut",
        Severity::High,
        Confidence::High,
        "L'allegato è una scorciatoia che avvia qualcosa.",
        "The attachment is a shortcut that starts something.",
    ),
    (
        Trait::DiskImage,
        "attachment-danger/disk-image",
        Severity::High,
        Confidence::High,
        "L'allegato è un'immagine disco, usata per nascondere programmi.",
        "The attachment is a disk image, used to hide programs.",
    ),
    (
        Trait::DoubleExtension,
        "attachment-danger/disguised-name",
        Severity::High,
        Confidence::High,
        "Il nome dell'allegato nasconde che cosa è.",
        "The attachment's name hides what it is.",
    ),
    (
        Trait::Disguised,
        "attachment-danger/disguised",
        Severity::Medium,
        Confidence::Medium,
        "L'allegato non è del tipo che dichiara.",
        "The attachment is not of the type it declares.",
    ),
    (
        Trait::Smuggling,
        "attachment-danger/smuggling",
        Severity::High,
        Confidence::High,
        "L'allegato costruisce una pagina nascosta quando si apre.",
        "The attachment builds a hidden page when opened.",
    ),
    (
        Trait::OpenedWithPassword,
        "attachment-danger/password-in-text",
        Severity::High,
        Confidence::Medium,
        "L'archivio è chiuso e la password è scritta nel messaggio.",
        "The archive is locked and the password is in the message.",
    ),
    (
        Trait::RemoteTemplate,
        "attachment-danger/remote-template",
        Severity::High,
        Confidence::High,
        "Il documento scarica altro quando si apre.",
        "The document fetches more when opened.",
    ),
    (
        Trait::Dde,
        "attachment-danger/dde",
        Severity::High,
        Confidence::High,
        "Il documento avvia un programma.",
        "The document starts a program.",
    ),
    (
        Trait::Launch,
        "attachment-danger/launch",
        Severity::High,
        Confidence::High,
        "Il documento avvia un programma.",
        "The document starts a program.",
    ),
    (
        Trait::Macro,
        "attachment-danger/macro",
        Severity::Medium,
        Confidence::Medium,
        "Il documento contiene macro.",
        "The document contains macros.",
    ),
    (
        Trait::Bomb,
        "attachment-danger/bomb",
        Severity::Medium,
        Confidence::High,
        "L'archivio, aperto, diventa enorme.",
        "The archive becomes enormous when opened.",
    ),
    (
        Trait::AutoAction,
        "attachment-danger/auto-action",
        Severity::Medium,
        Confidence::Medium,
        "Il documento agisce da solo quando si apre.",
        "The document acts by itself when opened.",
    ),
    (
        Trait::Redirect,
        "attachment-danger/redirect",
        Severity::Medium,
        Confidence::Medium,
        "L'allegato porta da solo a un'altra pagina.",
        "The attachment leads elsewhere by itself.",
    ),
    (
        Trait::Code,
        "attachment-danger/code",
        Severity::Low,
        Confidence::Medium,
        "C'è un codice QR che porta a un sito.",
        "There is a QR code that leads to a site.",
    ),
    (
        Trait::EmbeddedObject,
        "attachment-danger/embedded",
        Severity::Low,
        Confidence::Low,
        "Il documento contiene un altro file.",
        "The document contains another file.",
    ),
    (
        Trait::Encrypted,
        "attachment-danger/locked",
        Severity::Low,
        Confidence::Medium,
        "L'allegato è chiuso con una password.",
        "The attachment is locked with a password.",
    ),
    (
        Trait::Script,
        "attachment-danger/script",
        Severity::Low,
        Confidence::Low,
        "Il documento contiene istruzioni.",
        "The document contains scripts.",
    ),
    (
        Trait::WebForm,
        "attachment-danger/form",
        Severity::Low,
        Confidence::Low,
        "L'allegato contiene un modulo.",
        "The attachment contains a form.",
    ),
];

pub(super) fn check(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let files = &scene.evidence.attachments;
    for (what, slug, severity, confidence, it, en) in DANGERS {
        if let Some(file) = files.iter().find(|file| file.traits.contains(what)) {
            findings.push(
                Finding::new(slug, Group::Files, *severity, *confidence).says(*it, *en).notes(
                    format!("{} ({})", file.name, file.sha256),
                    format!("{} ({})", file.name, file.sha256),
                ),
            );
        }
    }
    if let Some(file) = files
        .iter()
        .find(|file| matches!(file.nature, Nature::Html | Nature::Svg) && file.within.is_none())
    {
        findings.push(
            Finding::new(
                "attachment-danger/page",
                Group::Files,
                Severity::Medium,
                Confidence::Medium,
            )
            .says("L'allegato è una pagina web.", "The attachment is a web page.")
            .notes(file.name.clone(), file.name.clone()),
        );
    }
    let links =
        scene.evidence.links.iter().filter(|link| link.origin == crate::link::Origin::Pdf).count();
    if links > 0 && scene.evidence.text.len() < 800 {
        findings.push(
            Finding::new(
                "attachment-danger/linked-pdf",
                Group::Files,
                Severity::Low,
                Confidence::Low,
            )
            .says("Il PDF allegato porta a un sito.", "The attached PDF leads to a site.")
            .notes(format!("{links} link nel PDF"), format!("{links} links in the PDF")),
        );
    }
}
