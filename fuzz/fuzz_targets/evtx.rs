//! A chunk of an event log gives records or damages, and every record is a line of JSON.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_intake::evtx::{self, Damage};

const HEAD: usize = 4_096;
const CHUNK: usize = 65_536;

fuzz_target!(|chunk: &[u8]| {
    let mut log = vec![0; HEAD + CHUNK];
    log[..8].copy_from_slice(evtx::MAGIC);
    log[32..44].copy_from_slice(&[128, 0, 0, 0, 1, 0, 3, 0, 0, 16, 1, 0]);
    log[120] = 4;
    let length = chunk.len().min(CHUNK);
    log[HEAD..HEAD + length].copy_from_slice(&chunk[..length]);
    let _ = evtx::each(std::io::Cursor::new(log), &mut |record| {
        if let Ok(record) = record {
            assert!(!record.json.contains('\n'));
        }
        Ok::<_, Damage>(())
    });
});
