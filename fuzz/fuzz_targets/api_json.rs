//! A body of the JSON interface is refused with a sentence, or read again as the same when it is written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;
use vedetta_api::extract::read_json;
use vedetta_model::{Account, Asset, Contact, Hold, Organisation};

fn tried<T: DeserializeOwned + Serialize + PartialEq>(body: &[u8]) {
    match read_json::<T>(body) {
        Ok(read) => {
            let again = serde_json::to_vec(&read).expect("what was read can be written");
            assert!(read_json::<T>(&again).is_ok_and(|again| again == read));
        }
        Err(problem) => assert!(!problem.detail.is_empty()),
    }
}

fuzz_target!(|body: &[u8]| {
    tried::<Organisation>(body);
    tried::<Account>(body);
    tried::<Asset>(body);
    tried::<Contact>(body);
    tried::<Hold>(body);
});
