//! A form is refused at a part, or every part of it is read: written again, it reads as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_intake::multipart::{PARTS, Part, read};

fuzz_target!(|body: &[u8]| {
    let parts = match read(body, "x") {
        Ok(parts) => parts,
        Err(fault) => return assert!(fault.part > 0 && !fault.italian().is_empty()),
    };
    assert!(parts.len() <= PARTS);
    let mut again = Vec::new();
    for part in &parts {
        let (name, file, content) = match part {
            Part::Field(name, text) => (name, "", text.as_bytes()),
            Part::File(name, file) => (name, "; filename=\"f\"", &*file.octets),
        };
        let head = format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        again.extend([head.as_bytes(), content, b"\r\n"].concat());
    }
    again.extend(b"--x--");
    assert_eq!(read(&again, "x"), Ok(parts));
});
