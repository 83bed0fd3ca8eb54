//! What an authenticator may send is refused, or holds a key no longer than itself.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_signin::webauthn::read;

fuzz_target!(|octets: &[u8]| {
    if let Some(key) = read(octets) {
        assert!(key > 0 && key < octets.len());
    }
});
