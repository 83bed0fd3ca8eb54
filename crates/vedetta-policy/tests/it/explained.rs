//! Explanations: they say what is decided, and every passage they name is one that exists.

use proptest::prelude::*;
use vedetta_model::Audience;
use vedetta_policy::{Explanation, Form};

use crate::oracle::{Got, Oracle};
use crate::worlds::{World, item, number, organisation, question};

proptest! {
    #![proptest_config(crate::cases(384))]

    #[test]
    fn an_explanation_agrees_with_the_decision((world, handling, now) in question()) {
        let network = world.network(now);
        let decision = network.decide_item(&handling, &item(0));
        for (number, _) in &world.organisations {
            let said = network.explain(&handling, &item(0), *number);
            prop_assert_eq!(said.form, decision.form(*number));
            prop_assert_eq!(said.allowed, said.form.is_some());
            let silent = said.form != Some(Form::Full);
            for victim in handling.victims.iter().filter(|_| silent) {
                let named = world.organisations.iter().find(|(_, it)| it.id == *victim);
                let named = named.is_some_and(|(_, it)| said.told.it.contains(&it.name));
                prop_assert!(!named, "{}", said.told.it);
            }
            prop_assert!(said.reason.it.len() > 20 && said.reason.en.len() > 20);
            prop_assert!(said.allowed != said.reason.it.contains("non la riceve"));
            prop_assert!(said.allowed != said.reason.en.contains("does not receive"));
        }
        let stranger = network.explain(&handling, &item(0), number(50));
        prop_assert!(!stranger.allowed && !stranger.reason.it.is_empty());
    }

    #[test]
    fn every_passage_of_a_path_exists((world, handling, now) in question()) {
        let network = world.network(now);
        let oracle = Oracle { world: &world, now };
        for (place, (number, _)) in world.organisations.iter().enumerate() {
            let said = network.explain(&handling, &item(0), *number);
            if said.allowed {
                walk(&world, &oracle, &handling, &said, place)?;
            }
        }
    }

    #[test]
    fn a_preview_is_everyone_once_as_decided((world, handling, now) in question()) {
        let network = world.network(now);
        let decision = network.decide(&handling);
        let mut seen = Audience::nobody();
        for group in network.preview(&handling).groups {
            prop_assert!(!seen.meets(&group.audience));
            let (several, reason) = (group.audience.len() > 1, &group.reason);
            prop_assert_eq!(reason.it.starts_with("Ciascuna "), several, "{}", reason.it);
            prop_assert_eq!(reason.en.starts_with("Each "), several, "{}", reason.en);
            seen.absorb(&group.audience);
            for number in group.audience.iter() {
                prop_assert_eq!(group.form, decision.form(number));
            }
        }
        prop_assert_eq!(&seen, network.everyone().as_ref());
    }
}

fn walk(
    world: &World,
    oracle: &Oracle<'_>,
    handling: &vedetta_model::Handling,
    said: &Explanation,
    last: usize,
) -> Result<(), TestCaseError> {
    let mut holder = handling.producer.clone();
    let mut got = Got::Produced;
    if let Some(first) = said.path.first().filter(|_| !handling.via.is_empty()) {
        let brought = handling.via.iter().filter(|given| given.giver == first.from);
        let right = brought.map(|given| given.right.clone()).reduce(vedetta_model::Right::or);
        prop_assert!(right.is_some(), "{} did not bring it", first.from);
        holder = first.from.clone();
        got = Got::Brought(right.unwrap());
    }
    for hop in &said.path {
        prop_assert_eq!(&hop.from, &holder);
        match &hop.under {
            Some(id) => {
                let agreement = oracle.find(id).unwrap();
                prop_assert!(oracle.hop(handling, agreement, &hop.from, &hop.to));
                prop_assert!(oracle.may_pass(&got, agreement));
                got = Got::Under(agreement);
            }
            None => {
                let (_, client) =
                    world.organisations.iter().find(|(_, it)| it.id == hop.to).unwrap();
                prop_assert!(client.client_of.contains(&hop.from));
                prop_assert_eq!(Some(hop), said.path.last());
            }
        }
        holder = hop.to.clone();
    }
    if !said.path.is_empty() {
        prop_assert_eq!(holder, organisation(last));
        prop_assert!(said.form == Some(Form::Full) || !handling.victims.is_empty());
    }
    Ok(())
}
