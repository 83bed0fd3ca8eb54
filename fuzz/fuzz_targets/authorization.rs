//! A header is no credential, or one whose token is read again as the same.

#![no_main]

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use vedetta_api::credentials::Presented;

fuzz_target!(|octets: &[u8]| {
    let Ok(value) = HeaderValue::from_bytes(octets) else { return };
    let read = Presented::read(&HeaderMap::from_iter([(AUTHORIZATION, value)]));
    if let Ok(Presented::Token { account: None, token }) = &read {
        let value = HeaderValue::try_from(format!("Bearer {token}")).expect("it was in one");
        assert!(Presented::read(&HeaderMap::from_iter([(AUTHORIZATION, value)])) == read);
    }
});
