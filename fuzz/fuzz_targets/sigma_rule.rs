//! Rules are refused with a line, or can be asked; arranged or not, the same is found.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use vedetta_detect::sigma::Placeholders;
use vedetta_detect::{Decoder, Engine, Rules};

const EVENT: &[u8] = br#"{"CommandLine":"x -a b2c3d","Image":"C:\\foo\\ab.exe","n":7,"a":"one"}"#;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut rules = Rules::new(Placeholders::new());
    rules.take("fuzz", text);
    rules.ready();
    assert!(rules.refused().iter().all(|it| it.line > 0));
    let mut engine = Engine::new(Arc::new(rules));
    let mut decoder = Decoder::default();
    let Ok(Some(event)) = decoder.read(EVENT) else { return };
    let found = engine.matches(&event).to_vec();
    assert_eq!(found, engine.unrouted(&event));
});
