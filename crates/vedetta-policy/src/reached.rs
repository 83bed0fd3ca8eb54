//! Whom something had reached: of what is for named persons only them, of all else the organisation.

use std::collections::BTreeSet;

use vedetta_model::{Audience, OrganisationNumber, Person, Tlp};

use crate::Clearance;

/// Whom releases had reached, by how each was handled.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reached {
    /// Everybody of these organisations.
    holders: Audience,
    /// Of what was TLP:RED: whoever of an organisation that a release had reached is named by it.
    named: Vec<(Audience, BTreeSet<Person>)>,
}

impl Reached {
    /// Everybody of some organisations.
    #[must_use]
    pub fn by(holders: Audience) -> Self {
        Self { holders, named: Vec::new() }
    }

    /// Whether somebody of an organisation is to be told; a machine is no person.
    #[must_use]
    pub fn holds(&self, organisation: OrganisationNumber, person: Option<&Person>) -> bool {
        let named = |(reached, named): &(Audience, BTreeSet<Person>)| {
            reached.contains(organisation) && person.is_some_and(|it| named.contains(it))
        };
        self.holders.contains(organisation) || self.named.iter().any(named)
    }

    /// Adds whom releases under a clearance reached; what nobody knows may be for persons only.
    pub fn absorb(&mut self, clearance: Option<&Clearance>, reached: &Audience) {
        match clearance.map(|it| &it.handling) {
            Some(handling) if handling.tlp != Tlp::Red => {
                self.holders.absorb(reached);
            }
            Some(handling) => self.absorb_named(reached, &handling.named),
            None => self.absorb_named(reached, &BTreeSet::new()),
        }
    }

    fn absorb_named(&mut self, reached: &Audience, named: &BTreeSet<Person>) {
        match self.named.iter_mut().find(|(_, others)| others == named) {
            Some((before, _)) => {
                before.absorb(reached);
            }
            None => self.named.push((reached.clone(), named.clone())),
        }
    }

    /// Adds whom others reached.
    pub fn join(&mut self, other: &Self) {
        self.holders.absorb(&other.holders);
        other.named.iter().for_each(|(reached, named)| self.absorb_named(reached, named));
    }

    /// Those of an audience who are not to be told already of what is under a clearance.
    #[must_use]
    pub fn lacks(&self, clearance: Option<&Clearance>, audience: &Audience) -> Audience {
        let mut alike = Self::default();
        alike.absorb(clearance, audience);
        let Some((_, named)) = alike.named.first() else {
            return audience.difference(&self.holders);
        };
        let before = self.named.iter().find(|(_, others)| others == named);
        before.map_or_else(|| audience.clone(), |(before, _)| audience.difference(before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_an_unknown_clearance_is_told_to_no_whole_organisation() {
        let (mut reached, town) = (Reached::default(), OrganisationNumber(1));
        reached.absorb(None, &Audience::from_iter([town]));
        assert!(!reached.holds(town, None), "no machine hears of what may be for persons only");
    }
}
