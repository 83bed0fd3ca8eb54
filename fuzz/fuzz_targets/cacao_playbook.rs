//! A playbook is refused with its faults named, or kept so that its own text reads again.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let reading = cacao::read(bytes);
    match reading.playbook {
        Some(playbook) => {
            assert!(reading.faults.is_empty());
            let again = cacao::read(playbook.source.to_string().as_bytes());
            assert_eq!(again.playbook.map(|it| it.steps.len()), Some(playbook.steps.len()));
        }
        None => assert!(!reading.faults.is_empty()),
    }
});
