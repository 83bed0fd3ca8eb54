//! Each check finds what it is for (`mail_checks.txt`, a message each), and says so to the reporter and to
//! the analyst, in both languages and with nothing that could be clicked.

use vedetta_mail::{Desk, Evidence, Limits, findings};

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

#[test]
fn each_check_finds_what_it_is_for_and_tells_everybody() {
    let mut missed = Vec::new();
    for block in include_str!("mail_checks.txt").split("=== ").skip(1) {
        let (slug, letter) = block.split_once('\n').unwrap();
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
