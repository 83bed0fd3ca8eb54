//! The canonical JSON of what is part of every item: written in order at once, not sorted first.
//!
//! `serde_json` writes strings and whole numbers as RFC 8785 does, and the sets are in order: so all
//! that is to be done is to name the members in theirs. A test compares with the general way.

use std::collections::BTreeSet;

use serde::Serialize;
use vedetta_model::agreement::Redistribution;
use vedetta_model::{
    AgreementId, Category, Exercise, Given, Handling, OrganisationId, Pap, Person, Right, Tlp,
};
use vedetta_policy::Passage;

#[derive(Serialize)]
struct SortedHandling<'a> {
    category: Category,
    #[serde(skip_serializing_if = "Option::is_none")]
    exercise: Option<&'a Exercise>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    named: &'a BTreeSet<Person>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    only_under: &'a BTreeSet<AgreementId>,
    pap: Pap,
    producer: &'a OrganisationId,
    tlp: Tlp,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    via: Vec<SortedGiven<'a>>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    victims: &'a BTreeSet<OrganisationId>,
}

#[derive(Serialize)]
struct SortedGiven<'a> {
    giver: &'a OrganisationId,
    #[serde(skip_serializing_if = "Option::is_none")]
    naming: Option<&'a Right>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    on: &'a BTreeSet<AgreementId>,
    right: &'a Right,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    through: &'a BTreeSet<OrganisationId>,
}

#[derive(Serialize)]
struct SortedPassage<'a> {
    giver: &'a OrganisationId,
    gives: Redistribution,
    #[serde(skip_serializing_if = "Option::is_none")]
    naming: Option<&'a Right>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    on: &'a BTreeSet<AgreementId>,
    right: &'a Right,
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<&'a AgreementId>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    through: &'a BTreeSet<OrganisationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    under: Option<&'a AgreementId>,
}

/// The canonical JSON of conditions.
pub(crate) fn handling(conditions: &Handling) -> String {
    let Handling { producer, category, tlp, pap, victims, named, only_under, exercise, via } =
        conditions;
    let via = via.iter().map(|Given { giver, right, naming, on, through }| SortedGiven {
        giver,
        naming: naming.as_ref(),
        on,
        right,
        through,
    });
    text(&SortedHandling {
        category: *category,
        exercise: exercise.as_ref(),
        named,
        only_under,
        pap: *pap,
        producer,
        tlp: *tlp,
        via: via.collect(),
        victims,
    })
}

/// The canonical JSON of the passages of a hop.
pub(crate) fn passages(all: &[Passage]) -> String {
    let sorted = all.iter().map(|passage| {
        let Passage { giver, right, naming, under, root, gives, on, through } = passage;
        let (naming, root, under) = (naming.as_ref(), root.as_ref(), under.as_ref());
        SortedPassage { giver, gives: *gives, naming, on, right, root, through, under }
    });
    text(&sorted.collect::<Vec<_>>())
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::envelope::canonical;

    #[test]
    fn it_is_what_the_general_way_writes() {
        let given = json!({ "giver": "a", "right": { "lineages": ["f", "g"] }, "on": ["ab", "f"] });
        let naming = json!({ "giver": "b", "right": "any", "naming": { "lineages": [] },
            "through": ["c", "d"] });
        for conditions in [
            json!({ "producer": "a", "category": "early-warning", "tlp": "RED", "pap": "CLEAR" }),
            json!({ "producer": "a", "category": "context", "tlp": "AMBER+STRICT", "pap": "GREEN",
                "victims": ["b", "c"], "named": ["x@b", "y@a"], "only_under": ["f"],
                "exercise": { "name": "Ponte", "participants": ["b", "c"] }, "via": [given, naming] }),
        ] {
            let conditions: Handling = serde_json::from_value(conditions).unwrap();
            assert_eq!(handling(&conditions), canonical(&conditions));
        }
        let all: Vec<Passage> = serde_json::from_value(json!([
            { "giver": "a", "right": { "lineages": ["f"] }, "under": "ab", "root": "f",
              "gives": "lineage", "on": ["ab", "f"] },
            { "giver": "b", "right": "any", "naming": "any", "gives": "none", "through": ["c", "d"] },
        ]))
        .unwrap();
        assert_eq!(passages(&all), canonical(&all));
    }
}
