//! What leaves for another node says enough to go on deciding there, and no more.

use std::collections::BTreeSet;

use proptest::prelude::*;
use vedetta_model::{Audience, Given, Handling, OrganisationId, Right};
use vedetta_policy::{Form, Passage};

use crate::oracle::Oracle;
use crate::worlds::{number, question, subset};

/// What is handled so, as the node that was given it so handles it.
fn brought(handling: &Handling, passages: &[Passage]) -> Handling {
    let mut via: BTreeSet<_> = passages.iter().map(Passage::given).collect();
    if via.is_empty() {
        let giver = OrganisationId::new("nobody").unwrap();
        via.insert(Given {
            giver,
            right: Right::none(),
            naming: None,
            on: [].into(),
            through: [].into(),
        });
    }
    Handling { via, ..Handling::clone(handling) }
}

proptest! {
    #![proptest_config(crate::cases(512))]

    #[test]
    fn whoever_is_meant_is_reached_and_nobody_else(
        (world, handling, now) in question(),
        meant in subset(8, number),
        ours in subset(8, number),
    ) {
        let network = world.network(now);
        // Whoever gave it has it.
        let gave = |number| handling.via.iter().any(|it| network.number(&it.giver) == Some(number));
        // Who produced what belongs to an exercise has it by its own giving, which the full form adds.
        let produced = |number| network.number(&handling.producer) == Some(number);
        let left_out = |it: &_| gave(*it) || handling.exercise.is_some() && produced(*it);
        let targets: Audience = meant.into_iter().filter(|it| !left_out(it)).collect();
        let here = network.decide(&handling);
        let ours = ours.into_iter().collect();
        let passages = network.passages(&handling, Form::Full, &targets, &ours);
        let brought = brought(&handling, &passages);
        let there = network.decide(&brought);
        for number in targets.iter() {
            prop_assert_eq!(there.form(number), here.form(number), "{:?}", passages);
        }
        let oracle = Oracle { world: &world, now };
        for (number, organisation) in &world.organisations {
            prop_assert_eq!(there.form(*number), oracle.form(&brought, None, organisation));
            if there.full.contains(*number) {
                prop_assert!(here.full.contains(*number), "told the victim there, not here");
            }
        }
        prop_assert!(there.reached.is_within(&here.reached));
    }

    #[test]
    fn the_redacted_form_says_nothing_of_the_victim((world, handling, now) in question()) {
        let network = world.network(now);
        let everyone = network.everyone();
        for passage in network.passages(&handling, Form::Redacted, everyone, everyone) {
            prop_assert!(!handling.victims.contains(&passage.giver));
            prop_assert_eq!(passage.naming, None);
        }
    }
}
