//! A pipeline is refused with a reason, or a rule goes through it and is used or refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_detect::Rules;
use vedetta_detect::sigma::{Pipeline, Placeholders};

const RULE: &str = "title: R\nlogsource: {product: windows}\ndetection:\n  s:\n    \
    Image|endswith: 'x.exe'\n    User|expand: '%admins%'\n  condition: s\n";

fuzz_target!(|text: &str| {
    match Pipeline::read(text) {
        Ok(pipeline) => {
            let mut rules = Rules::with_pipelines(Placeholders::new(), vec![pipeline]);
            rules.take("fuzz", RULE);
            rules.ready();
            assert!(rules.refused().iter().all(|it| it.line > 0 && !it.reason.is_empty()));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
