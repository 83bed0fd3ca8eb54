//! Whatever a peer passes on, well sealed by nodes that are known, is refused with a reason, or was given
//! with no less than its markings, by a trail that leads here.

#![no_main]
#![allow(dead_code)]

#[path = "../../crates/vedetta-federation/tests/it/scene.rs"]
mod scene;

use std::cell::LazyCell;

use libfuzzer_sys::fuzz_target;
use vedetta_federation::check::Trust;
use vedetta_federation::envelope::{Envelope, What};

thread_local! {
    static TRUST: LazyCell<Trust> = LazyCell::new(|| scene::trust("c", scene::cards()));
}

fuzz_target!(|text: &str| {
    let Ok(envelope) = serde_json::from_str::<Envelope>(text) else { return };
    let resealed = scene::sealed_anew(&envelope);
    for envelope in [Some(envelope), resealed].into_iter().flatten() {
        let leaf = envelope.leaf();
        match TRUST.with(|trust| trust.check(&scene::id("b"), envelope, scene::now())) {
            Ok(verified) => {
                assert_eq!(verified.leaf(), leaf);
                let envelope = verified.envelope();
                let end = envelope.hops.last().map_or(&envelope.origin, |hop| &hop.to);
                assert_eq!(end.as_str(), "c");
                if let What::Item(item) = &envelope.what {
                    let own = item.object.outline().tlp;
                    assert!(verified.tlp() >= own.max(Some(item.conditions.tlp)));
                }
            }
            Err(refused) => {
                assert_eq!(refused.leaf, leaf);
                assert!(!refused.why.to_string().is_empty());
            }
        }
    }
});
