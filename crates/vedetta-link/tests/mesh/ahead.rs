//! A withdrawal that overtook its item waits for it, and not for ever.

use std::time::Duration;

use vedetta_model::Instant;

use super::hostile::{bring, clear, country, item, withdraw, withdraw_of, withdraw_version};
use super::network::Node;

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

/// What may come of an item: a version, or that one or all are withdrawn.
#[derive(Clone, Copy, Debug)]
enum Comes {
    Version(u8),
    Gone(u8),
    AllGone,
}

fn moment(version: u8) -> String {
    format!("2026-03-0{version}T00:00:00.000Z")
}

impl Comes {
    fn to(self, national: &Node, umbria: &Node, number: u32) {
        let it = clear(number);
        match self {
            Self::Version(version) => {
                let it = it.modified(&moment(version));
                bring(umbria, national, item("cosc-umbria", &it, "CLEAR"));
            }
            Self::Gone(version) => {
                let version = moment(version).parse().ok();
                withdraw_version(umbria, national, (&it.id(), Some("cosc-umbria"), version));
            }
            Self::AllGone => {
                withdraw_of(umbria, national, (&it.id(), Some("cosc-umbria")));
            }
        }
    }
}

/// Every order of some things, each once and the last of them twice.
fn orders(all: &[Comes]) -> Vec<Vec<Comes>> {
    if all.is_empty() {
        return vec![Vec::new()];
    }
    let mut found = Vec::new();
    for at in 0..all.len() {
        let mut others = all.to_vec();
        let one = others.remove(at);
        for mut order in orders(&others) {
            order.push(one);
            found.push(order);
        }
    }
    found
}

#[test]
fn the_order_in_which_versions_and_their_withdrawals_come_does_not_count() {
    use Comes::{AllGone, Gone, Version};
    let [national, umbria, _] = country();
    let cases: [(&[Comes], Option<u8>); 5] = [
        (&[Version(1), Version(2), Gone(2)], Some(1)),
        (&[Version(1), Version(2), Version(3), Gone(2)], Some(3)),
        (&[Version(1), Version(2), Gone(1), Gone(2)], None),
        (&[Version(1), Gone(1), Version(2)], Some(2)),
        (&[Version(1), Gone(1), AllGone, Version(2)], None),
    ];
    let mut number = 1_000;
    for (all, stands) in cases {
        for order in orders(all) {
            number += 1;
            order.iter().for_each(|it| it.to(&national, &umbria, number));
            order.last().unwrap().to(&national, &umbria, number);
            let reader = national.person("terni");
            let read = national.house.item(&reader, &clear(number).id()).ok();
            let stands = stands.map(|it| moment(it).parse::<Instant>().unwrap());
            assert_eq!(read.map(|it| it.version), stands, "{order:?}");
        }
    }
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
