//! Release: exactly what the oracle finds, monotone in the label, true until it is said to change.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use vedetta_model::{Agreement, Handling, Instant, Tlp};

use crate::oracle::Oracle;
use crate::worlds::{World, item, number, organisation, question};

/// An agreement in force whose first side gives indicators to the others.
fn act(id: &str, parent: Option<&str>, right: &str, sides: &[&[usize]]) -> Arc<Agreement> {
    let party = |(place, members): (usize, &&[usize])| {
        let members: Vec<_> = members.iter().map(|place| organisation(*place)).collect();
        serde_json::json!({ "name": format!("side{place}"), "organisations": members,
            if place == 0 { "gives" } else { "receives" }: ["indicator"] })
    };
    let parties: Vec<_> = sides.iter().enumerate().map(party).collect();
    let agreement = serde_json::json!({
        "id": id, "title": id, "parent": parent, "party": parties,
        "stage": { "is": "in-force", "since": "2026-01-01T00:00:00Z", "by": "p0" },
        "term": { "from": "2026-01-01", "until": "2026-12-31" },
        "handling": { "redistribution": right },
    });
    Arc::new(serde_json::from_value(agreement).unwrap())
}

/// Who is on both sides of an agreement does not widen its own right by giving to itself.
#[test]
fn nobody_gives_to_itself() {
    let organisations = (0..4)
        .map(|place| {
            let organisation = serde_json::json!({
                "id": organisation(place), "name": format!("{place}"), "kind": "agency"
            });
            (number(place), Arc::new(serde_json::from_value(organisation).unwrap()))
        })
        .collect();
    let agreements = vec![
        act("frame", None, "lineage", &[&[0], &[1]]),
        act("act", Some("frame"), "any", &[&[1], &[1, 2]]),
        act("elsewhere", None, "none", &[&[1], &[3]]),
    ];
    let world = World { organisations, agreements, holds: Vec::new() };
    let network = world.network("2026-06-01T00:00:00Z".parse().unwrap());
    let handling: Handling = serde_json::from_value(serde_json::json!({
        "producer": "o0", "category": "indicator", "tlp": "AMBER", "pap": "GREEN"
    }))
    .unwrap();
    let alone = network.decide(&handling).reached;
    assert_eq!(alone.iter().collect::<Vec<_>>(), [number(0), number(1), number(2)]);
}

proptest! {
    #![proptest_config(crate::cases(512))]

    #[test]
    fn agrees_with_the_oracle((world, handling, now) in question()) {
        let network = world.network(now);
        let oracle = Oracle { world: &world, now };
        let decision = network.decide(&handling);
        let of_item = network.decide_item(&handling, &item(0));
        for (number, organisation) in &world.organisations {
            let expected = oracle.form(&handling, None, organisation);
            prop_assert_eq!(decision.form(*number), expected, "{:?}", organisation.id);
            let expected = oracle.form(&handling, Some(&item(0)), organisation);
            prop_assert_eq!(of_item.form(*number), expected, "item, {:?}", organisation.id);
        }
        prop_assert!(!decision.full.meets(&decision.redacted));
        prop_assert!(decision.reached.is_within(network.everyone()));
        for id in &decision.under {
            let agreement = oracle.find(id).unwrap();
            prop_assert!(oracle.in_force(agreement), "{id} is not in force");
        }
    }

    #[test]
    fn a_wider_label_never_reaches_fewer((world, handling, now) in question()) {
        let network = world.network(now);
        let decide = |tlp| network.decide(&Handling { tlp, ..Handling::clone(&handling) });
        for labels in Tlp::ALL.windows(2) {
            let (wide, strict) = (decide(labels[0]), decide(labels[1]));
            prop_assert!(strict.reached.is_within(&wide.reached), "{labels:?}");
            prop_assert!(strict.full.is_within(&wide.full), "{labels:?}");
        }
    }

    #[test]
    fn holds_until_it_says((world, handling, now) in question(), portion in 0i64..1000) {
        let network = world.network(now);
        let end = network.valid_until().min(now.after(Duration::from_secs(60 * 86_400)));
        let later = Instant::from_micros(now.micros() + (end.micros() - now.micros() - 1) / 999 * portion);
        let then = world.network(later);
        prop_assert_eq!(network.decide(&handling), then.decide(&handling));
        prop_assert_eq!(
            network.decide_item(&handling, &item(1)),
            then.decide_item(&handling, &item(1))
        );
    }

    #[test]
    fn the_memory_answers_the_same((world, handling, now) in question()) {
        let network = world.network(now);
        let fresh = network.decide(&handling);
        for _ in 0..2 {
            prop_assert_eq!(&*network.decision(&handling), &fresh);
        }
    }
}
