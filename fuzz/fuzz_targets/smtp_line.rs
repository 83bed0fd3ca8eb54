//! Whatever a mail system says is answered by whole lines, and never let in without its steps.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use vedetta_smtp::{Act, Protocol, Session, Terms};

fuzz_target!(|bytes: &[u8]| {
    let terms = Terms {
        name: "posta.example.org".into(),
        protocol: Protocol::Smtp,
        largest: 1 << 20,
        mailboxes: vec!["segnalazioni@example.org".into()],
    };
    let mut session = Session::new(Arc::new(terms)).offering_tls();
    for line in bytes.split_inclusive(|octet| *octet == b'\n') {
        let step = session.line(line);
        assert!(step.answer.ends_with("\r\n") && step.answer.is_ascii());
        if step.act == Act::Letter {
            assert!(!session.envelope().1.is_empty());
        }
    }
});
