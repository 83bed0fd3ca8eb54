//! `Cleared`: nothing opens beyond what was recorded, nor beyond what is allowed today.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use vedetta_model::{Audience, Person, Tlp};
use vedetta_policy::{Clearance, Form, Reader};

use crate::worlds::{account, item, moment, number, organisation, question};

proptest! {
    #![proptest_config(crate::cases(384))]

    #[test]
    fn opens_within_the_record_and_today(
        (world, handling, then) in question(),
        now in moment(),
        recorded in proptest::option::of(proptest::collection::btree_set(0usize..8, 0..8)),
        full in any::<bool>(),
    ) {
        let form = if full { Form::Full } else { Form::Redacted };
        let at_release = world.network(then).decide_item(&handling, &item(0));
        let audience = match recorded {
            Some(places) => Arc::new(places.into_iter().map(number).collect::<Audience>()),
            None if full => Arc::clone(&at_release.full),
            None => Arc::clone(&at_release.redacted),
        };
        let record = Clearance { handling: Arc::clone(&handling), form, audience };
        let network = world.network(now);
        let today = network.decide_item(&handling, &item(0));
        let sealed = network.clear(&record, &item(0), "the item").map(str::len);
        for (place, (number, _)) in world.organisations.iter().enumerate() {
            let readers = (0..3).map(|who| Reader::person(*number, account(who)));
            for reader in readers.chain([Reader::machine(*number)]) {
                let organisation = organisation(place);
                let named = reader.person.clone().is_some_and(|account| {
                    let organisation = organisation.clone();
                    handling.named.contains(&Person { organisation, account })
                });
                let allowed = record.audience.contains(*number)
                    && match form {
                        Form::Full => today.form(*number) == Some(Form::Full),
                        Form::Redacted => today.form(*number).is_some(),
                    }
                    && (handling.tlp != Tlp::Red
                        || named
                        || handling.producer == organisation);
                prop_assert_eq!(sealed.open(&reader).is_some(), allowed, "{:?}", reader);
            }
        }
        let opened: BTreeSet<_> = sealed.audience().iter().collect();
        prop_assert!(opened.iter().all(|it| record.audience.contains(*it)));
    }
}
