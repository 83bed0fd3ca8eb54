//! A withdrawal that overtook its item waits for it, and not for ever.

use std::time::Duration;

use super::hostile::{bring, clear, country, item, withdraw, withdraw_of};

#[test]
fn withdrawals_ahead_are_each_origins_own() {
    let [national, umbria, liar] = country();
    let theirs = clear(70);
    assert_eq!(withdraw(&liar, &national, &theirs.id()), "new");
    for n in 1_000..1_200 {
        withdraw(&liar, &national, &clear(n).id());
    }
    assert_eq!(withdraw(&umbria, &national, &theirs.id()), "new");
    assert_eq!(bring(&umbria, &national, item("cosc-umbria", &theirs, "CLEAR")), "new");
    assert_eq!(bring(&umbria, &national, item("perugia", &theirs, "CLEAR")), "new");
    assert!(!national.reads("terni", &theirs.id()), "its withdrawal had overtaken both");
    let other = clear(71);
    assert_eq!(withdraw(&liar, &national, &other.id()), "new");
    assert_eq!(bring(&umbria, &national, item("cosc-umbria", &other, "CLEAR")), "new");
    assert!(national.reads("terni", &other.id()), "the liar's has nothing to do with it");
}

#[test]
fn what_was_withdrawn_ahead_comes_after_thirty_days_whoever_was_named() {
    let [national, umbria, _] = country();
    for (n, producer) in [(70, None), (71, Some("cosc-umbria"))] {
        let theirs = clear(n);
        for (days, reads) in [(29, false), (30, true)] {
            let theirs = if reads { clear(n + 10) } else { theirs.clone() };
            assert_eq!(withdraw_of(&umbria, &national, (&theirs.id(), producer)), "new");
            for node in [&national, &umbria] {
                node.clock.advance(Duration::from_secs(days * 86_400));
            }
            assert_eq!(bring(&umbria, &national, item("cosc-umbria", &theirs, "CLEAR")), "new");
            assert_eq!(national.reads("terni", &theirs.id()), reads, "{producer:?}, {days} days");
        }
    }
}
