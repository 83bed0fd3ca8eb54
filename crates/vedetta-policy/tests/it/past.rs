//! The past that a newcomer receives, and the marking of what has none.

use proptest::prelude::*;
use vedetta_model::Tlp;
use vedetta_policy::Past;

use crate::oracle::Oracle;
use crate::worlds::question;

proptest! {
    #![proptest_config(crate::cases(384))]

    #[test]
    fn the_widest_of_the_last_passages_counts((world, handling, now) in question()) {
        let network = world.network(now);
        let decision = network.decide(&handling);
        let oracle = Oracle { world: &world, now };
        for (number, organisation) in &world.organisations {
            let expected = if decision.reached.contains(*number) {
                oracle.past(&handling, organisation)
            } else {
                Past::Nothing
            };
            prop_assert_eq!(network.history(&handling, *number, now), expected);
        }
    }

    #[test]
    fn the_strictest_default_counts((world, handling, now) in question()) {
        let network = world.network(now);
        let oracle = Oracle { world: &world, now };
        for (number, organisation) in &world.organisations {
            let expected = oracle.default_tlp(&organisation.id, handling.category);
            let found = network.default_tlp(*number, handling.category);
            prop_assert_eq!(found, expected.unwrap_or(Tlp::Amber));
        }
    }
}
