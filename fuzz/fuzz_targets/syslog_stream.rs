#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_sensor::Frames;

fuzz_target!(|data: &[u8]| {
    let (mut whole, mut lines) = (Frames::default(), Vec::new());
    whole.take(data, &mut lines);
    whole.end(&mut lines);
    // The same wherever the network cuts it.
    let (mut parts, mut again) = (Frames::default(), Vec::new());
    data.chunks(7).for_each(|part| parts.take(part, &mut again));
    parts.end(&mut again);
    assert_eq!(lines, again);
});
