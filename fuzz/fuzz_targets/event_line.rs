//! A line is refused by name, or becomes an event whose every value can be read; in every format.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_detect::{Decoder, Format};

fuzz_target!(|bytes: &[u8]| {
    for (_, format) in Format::ALL {
        let mut decoder = Decoder::new(format);
        for line in vedetta_detect::decode::lines(bytes) {
            let Ok(Some(event)) = decoder.read(line) else { continue };
            for at in 0..event.len() {
                let _ = (event.path(at), event.value(at).json());
            }
            let _ = vedetta_detect::event::moment::of(&event);
        }
    }
});
