//! A file is something, whatever it is: the first byte chooses its name.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_mail::{Limits, study_file};

const NAMES: [&str; 6] = ["a", "a.html", "a.svg", "a.lnk", "a.ics", "a.pdf.exe"];

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { expanded: 4 << 20, ..Limits::default() };
    let name = NAMES[usize::from(bytes.first().copied().unwrap_or(0)) % NAMES.len()];
    let (attachments, links, _) = study_file(name, bytes, &limits);
    assert!(attachments.len() <= limits.parts && links.len() <= limits.links);
});
