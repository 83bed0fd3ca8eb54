//! Checks find what they are for in the messages of `mail_checks.txt`, one each, and say so to the reporter and to
//! the analyst, in both languages and with nothing that could be clicked.

use std::collections::BTreeSet;

use vedetta_mail::{Desk, Evidence, Limits, Weights, findings};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../vedetta-mail/tests/corpus/mail_file");

const FILES: &[(&str, &str)] = &[
    ("link-mismatch/code", "code.png"),
    ("attachment-danger/macro", "macro.docm"),
    ("attachment-danger/remote-template", "macro.docm"),
    ("attachment-danger/shortcut", "start.lnk"),
    ("attachment-danger/disk-image", "disk.iso"),
    ("attachment-danger/smuggling", "smuggled.html"),
    ("attachment-danger/bomb", "bomb.zip"),
    ("attachment-danger/locked", "locked.zip"),
    ("attachment-danger/disguised-name", "program.zip"),
    ("attachment-danger/auto-action", "link.pdf"),
];

/// What the model weighs and no message here is for.
const WITHOUT: &[&str] = &[
    "attachment-danger/code",
    "attachment-danger/embedded",
    "attachment-danger/form",
    "attachment-danger/linked-pdf",
    "attachment-danger/page",
    "attachment-danger/redirect",
    "borrowed-name/subject",
    "borrowed-name/text",
    "hidden-text/invisible-letters",
    "hidden-text/padding",
    "hosting-pattern/borrowed-site",
    "hosting-pattern/data",
    "hosting-pattern/random-name",
    "hosting-pattern/wrapped",
    "kit-structure/attachment-only",
    "kit-structure/no-boundary",
    "link-mismatch/brand-by-sender",
    "link-mismatch/tracked",
    "lookalike-domain/among-many",
    "lookalike-domain/ending",
    "lookalike-domain/prefix",
    "true-sender/links",
];

/// The messages, each with what it is for.
fn messages() -> impl Iterator<Item = (&'static str, &'static str)> {
    let blocks = include_str!("mail_checks.txt").split("=== ").skip(1);
    blocks.map(|block| block.split_once('\n').unwrap())
}

#[test]
fn what_is_weighed_has_a_message_here_or_is_said_to_have_none() {
    let weights = include_str!("../../../vedetta-mail/data/weights.json");
    let weights: Weights = serde_json::from_str(weights).unwrap();
    let files = FILES.iter().map(|(slug, _)| *slug);
    let shown: BTreeSet<&str> = messages().map(|(slug, _)| slug).chain(files).collect();
    let weighed = weights.findings.keys().map(String::as_str);
    let without: Vec<&str> = weighed.filter(|slug| !shown.contains(slug)).collect();
    assert_eq!(without, WITHOUT);
}

#[test]
fn checks_find_what_they_are_for_and_tell_everybody() {
    let mut missed = Vec::new();
    for (slug, letter) in messages() {
        missed.extend(misses(slug, letter.as_bytes()));
    }
    for (slug, name) in FILES {
        let head = format!(
            "From: Anna <anna@a.example>\nSubject: s\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\
             Content-Disposition: attachment; filename={name}\n\n"
        );
        let file = std::fs::read(format!("{CORPUS}/{name}")).unwrap();
        let letter = [head.as_bytes(), &file, b"\n--b--\n"].concat();
        missed.extend(misses(slug, &letter));
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

/// What was found instead; nothing when it was found.
fn misses(slug: &str, letter: &[u8]) -> Option<String> {
    let found = findings(&Evidence::read(letter, &Limits::default()), &Desk::shipped());
    let slugs: Vec<&str> = found.iter().map(|finding| finding.slug).collect();
    let missed = (!slugs.contains(&slug)).then(|| format!("{slug}: {slugs:?}"));
    for finding in found {
        for said in [finding.reporter, finding.analyst] {
            assert!(!said.it.is_empty() && !said.en.is_empty(), "{}", finding.slug);
            let both = said.it + &said.en;
            assert!(!both.contains("http://") && !both.contains("https://"), "{both}");
        }
    }
    missed
}
