//! A regime is refused with a reason, or stands: each step has time, and starts from what comes before.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_desk::regime::{Regime, Span, Trigger};

fuzz_target!(|text: &str| {
    let regime = match text.parse::<Regime>() {
        Ok(regime) => regime,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    for (place, step) in regime.steps.iter().enumerate() {
        let (Span::Hours(length) | Span::Months(length)) = step.within;
        assert!(length > 0 && !step.from.is_empty());
        for from in &step.from {
            let Trigger::Sent(id) = from else { continue };
            assert!(regime.steps[..place].iter().any(|it| it.id == *id));
        }
    }
});
